//! The ways to log in that a collection of PocketBase has.

use serde::Deserialize;

/// The options of a collection that say how its records log in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoginOptions {
    password_auth: Option<Switch>,
    mfa: Option<Switch>,
    otp: Option<Switch>,
    oauth2: Option<OAuth2>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Switch {
    enabled: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct OAuth2 {
    enabled: bool,
    /// Null where there are none, before PocketBase 0.40.
    providers: Option<Vec<Provider>>,
}

/// A provider of OAuth2.
#[derive(Clone, Debug, Deserialize)]
pub struct Provider {
    /// Its name.
    pub name: String,
}

impl LoginOptions {
    pub fn is_password_off(&self) -> bool {
        self.password_auth
            .as_ref()
            .is_some_and(|auth| !auth.enabled)
    }

    pub fn has_mfa(&self) -> bool {
        self.mfa.as_ref().is_some_and(|mfa| mfa.enabled)
    }

    pub fn has_otp(&self) -> bool {
        self.otp.as_ref().is_some_and(|otp| otp.enabled)
    }

    pub fn providers(&self) -> &[Provider] {
        match &self.oauth2 {
            Some(oauth2) if oauth2.enabled => oauth2.providers.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }
}
