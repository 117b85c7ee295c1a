//! CORS as PocketBase does it: `OPTIONS` on any path is 204, nothing is refused on the server's side.
//!
//! poem's own middleware answers 403 to an origin that is not listed, and panics at one that is not ASCII.

use poem::Response;
use poem::http::{HeaderMap, HeaderValue, StatusCode, header};

const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");

/// Headers that a page may read besides those that every page may.
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After, X-Request-Id");

/// Origins that may read answers.
pub struct Cors {
    any: bool,
    origins: Vec<String>,
}

impl Cors {
    /// `["*"]` allows every origin.
    pub fn new(origins: &[String]) -> Self {
        Self {
            any: origins.iter().any(|origin| origin == "*"),
            origins: origins.to_vec(),
        }
    }

    /// The answer to `OPTIONS`.
    pub fn preflight(&self, request: &HeaderMap) -> Response {
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        let origin = request.get(header::ORIGIN);
        if self.allowed(origin).is_some()
            && request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            if let Some(wanted) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
                headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
            }
            headers.append(
                header::VARY,
                HeaderValue::from_static("Access-Control-Request-Method"),
            );
            headers.append(
                header::VARY,
                HeaderValue::from_static("Access-Control-Request-Headers"),
            );
        }
        response
    }

    /// Marks an answer as readable by the page that asked.
    pub fn apply(&self, response: &mut HeaderMap, origin: Option<&HeaderValue>) {
        response.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(allowed) = self.allowed(origin) {
            response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }

    fn allowed(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        let origin = origin?;
        if self.any {
            return Some(HeaderValue::from_static("*"));
        }
        self.origins
            .iter()
            .any(|allowed| origin == allowed.as_str())
            .then(|| origin.clone())
    }
}
