//! The `Authorization` header: `Bearer <token>`, or the bare token as the PocketBase SDK sends it.

use std::net::IpAddr;

use poem::http::header;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::client_address::Hops;
use crate::app::App;
use crate::auth::{self, Authentication};
use crate::domain::User;
use crate::error::{Error, NO_TOKEN};
use crate::limits::Source;

/// An endpoint that takes this needs a token; the token is not verified yet.
pub struct Bearer {
    token: Option<String>,
    hops: Hops,
}

impl Bearer {
    /// The user whose token came with the request.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], [`Error::Disabled`].
    pub async fn user(&self, app: &App) -> Result<User, Error> {
        match &self.token {
            Some(token) => auth::authenticate_user(app, token).await,
            None => Err(Error::Unauthenticated(NO_TOKEN)),
        }
    }

    /// The user or superuser whose token came with the request.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], [`Error::Disabled`].
    pub async fn caller(&self, app: &App) -> Result<Authentication, Error> {
        match &self.token {
            Some(token) => auth::authenticate(app, token).await,
            None => Err(Error::Unauthenticated(NO_TOKEN)),
        }
    }

    /// The token as it came.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The address of the request's source, as limits count it.
    pub fn source(&self, app: &App) -> IpAddr {
        Source::from(self.address(app)).ip()
    }

    /// The whole address that the request comes from.
    pub fn address(&self, app: &App) -> IpAddr {
        self.hops.address(&app.config.server.trusted_proxies)
    }
}

/// The token in the value of an `Authorization` header.
pub fn token(authorization: &str) -> Option<&str> {
    let value = authorization.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None if value.eq_ignore_ascii_case("bearer") => return None,
        None => value,
    };
    (!token.is_empty()).then_some(token)
}

impl<'a> ApiExtractor<'a> for Bearer {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            "bearerAuth",
            MetaSecurityScheme {
                ty: "http",
                description: None,
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: Some("PocketBaseAuthToken"),
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["bearerAuth"]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let header = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        Ok(Self {
            token: header.and_then(token).map(str::to_owned),
            hops: Hops::of(request),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_header_are_read() {
        for header in [
            "pb.x.y",
            "Bearer pb.x.y",
            "bearer  pb.x.y ",
            "BEARER pb.x.y",
        ] {
            assert_eq!(token(header), Some("pb.x.y"), "{header}");
        }
        for header in ["", "  ", "Bearer ", "Basic pb.x.y"] {
            assert_eq!(token(header), None, "{header}");
        }
    }
}
