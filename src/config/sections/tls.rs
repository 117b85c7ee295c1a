//! `[server.tls]`

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Url;
use crate::config::parse::{dns_names, duration, https_url, optional_email};

/// `[server.tls]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// A certificate and those that lead to its root, in PEM; or nothing.
    pub cert: PathBuf,
    /// Its private key, in PEM; or nothing.
    pub key: PathBuf,
    /// Interval of looks at the certificate: has its file changed, is it time to renew it.
    #[serde(with = "duration")]
    pub check_every: Duration,
    /// Names to get a certificate for by ACME; or none.
    #[serde(deserialize_with = "dns_names")]
    pub acme: Vec<String>,
    /// Whom the ACME server may write to, or nobody.
    #[serde(deserialize_with = "optional_email")]
    pub acme_email: String,
    /// The ACME server's directory.
    #[serde(deserialize_with = "https_url")]
    pub acme_directory: Url,
    /// The root of the ACME server's own certificate, in PEM, if it is not one of the web's.
    pub acme_ca: PathBuf,
    /// The folder for what ACME gave; "" is the database's path with `.acme` at its end.
    pub acme_dir: PathBuf,
}

impl Tls {
    /// Whether the server speaks TLS.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.has_files() || !self.acme.is_empty()
    }

    /// Whether certificate and key are files.
    #[must_use]
    pub fn has_files(&self) -> bool {
        !self.cert.as_os_str().is_empty() || !self.key.as_os_str().is_empty()
    }

    /// Settings that do not go together.
    pub(in crate::config) fn conflict(&self) -> Option<&'static str> {
        let half = self.cert.as_os_str().is_empty() != self.key.as_os_str().is_empty();
        match self.has_files() {
            true if half => {
                Some("server.tls.cert and server.tls.key go together: set both, or neither")
            }
            true if !self.acme.is_empty() => Some(
                "server.tls.acme gets a certificate by itself: empty server.tls.cert and server.tls.key, or server.tls.acme",
            ),
            _ => None,
        }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            cert: PathBuf::new(),
            key: PathBuf::new(),
            check_every: Duration::from_secs(10),
            acme: vec![],
            acme_email: String::new(),
            acme_directory: "https://acme-v02.api.letsencrypt.org/directory".into(),
            acme_ca: PathBuf::new(),
            acme_dir: PathBuf::new(),
        }
    }
}
