//! Outcomes of an operation of PocketBase's API, told once for the document.

use std::marker::PhantomData;

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};

use super::error::PocketBaseError;
use super::fields::Fields;
use crate::http::response::{JSON, documented};

/// The documented outcomes of an operation.
pub trait Outcomes {
    /// The body of a success that has one.
    type Body: ToJSON;
    /// Status and meaning of a success; nothing for an operation that is always refused.
    const SUCCESS: Option<(u16, &'static str)>;
    /// The other statuses and what they mean.
    const ERRORS: &'static [(u16, &'static str)];
}

/// A success of the operation with the outcomes `O`.
pub struct Reply<O> {
    body: Option<Vec<u8>>,
    outcomes: PhantomData<O>,
}

impl<O: Outcomes> Reply<O> {
    /// 200 with what `fields` leaves of `body`.
    pub fn new(body: &O::Body, fields: &Fields) -> Self {
        let body = fields.pick(body.to_json().unwrap_or_default());
        Self::json(body.to_string().into_bytes())
    }

    /// 200 with a body that is written already, in the form of the operation's body.
    pub fn json(body: Vec<u8>) -> Self {
        Self {
            body: Some(body),
            outcomes: PhantomData,
        }
    }

    /// 204.
    pub fn empty() -> Self {
        Self {
            body: None,
            outcomes: PhantomData,
        }
    }
}

impl<O: Send> IntoResponse for Reply<O> {
    fn into_response(self) -> Response {
        match self.body {
            Some(body) => Response::builder().content_type(JSON).body(body),
            None => Response::builder().status(StatusCode::NO_CONTENT).finish(),
        }
    }
}

impl<O: Outcomes> ApiResponse for Reply<O> {
    fn meta() -> MetaResponses {
        let success = O::SUCCESS.map(|(status, text)| {
            let has_body = status == StatusCode::OK.as_u16();
            documented(status, text, has_body.then(O::Body::schema_ref))
        });
        let error = |(status, text): &(u16, &'static str)| {
            documented(*status, text, Some(PocketBaseError::schema_ref()))
        };
        MetaResponses {
            responses: success
                .into_iter()
                .chain(O::ERRORS.iter().map(error))
                .collect(),
        }
    }

    fn register(registry: &mut Registry) {
        O::Body::register(registry);
        PocketBaseError::register(registry);
    }
}
