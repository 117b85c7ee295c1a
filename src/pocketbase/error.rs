//! PocketBase's errors: `{data, message, status}`, with what is wrong with a field in `data`.

use poem::error::ResponseError;
use poem::http::{HeaderName, HeaderValue, StatusCode};
use poem::{Error as PoemError, Response};
use poem_openapi::Object;
use serde_json::{Map, Value, json};

use super::field_error::FieldErrors;
use crate::http::response::JSON;
use crate::http::wire_types::AnyData;
use crate::records::refusal::{ChangeError, ChangesError, Refusal};
use crate::records::rules::change::ChangeRulesError;

/// An error in PocketBase's form; `data` names the fields that are wrong.
#[derive(Object)]
pub struct PocketBaseError {
    data: AnyData,
    message: String,
    status: u16,
}

/// A refusal in PocketBase's words.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    status: StatusCode,
    message: &'static str,
    fields: FieldErrors,
    /// Errors of a batch by request, in place of `fields`.
    requests: Option<Box<Value>>,
    /// Words for superusers beside PocketBase's.
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

const SOMETHING: &str = "Something went wrong while processing your request.";

impl Refused {
    pub const BAD_REQUEST: Self = Self::new(StatusCode::BAD_REQUEST, SOMETHING);
    pub const COSTLY_FILTER: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "The filter compares too much text of one record: use fewer comparisons, or none of long fields with each other.",
    );
    pub const NOT_LOADED: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "An error occurred while loading the submitted data.",
    );
    pub const NOT_FORMATTED: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "Failed to load the submitted data due to invalid formatting.",
    );
    pub const CREDENTIALS: Self = Self::new(StatusCode::BAD_REQUEST, "Failed to authenticate.");
    pub const AUTH_RULE: Self = Self::new(
        StatusCode::FORBIDDEN,
        "The request doesn't satisfy the collection requirements to authenticate.",
    );
    pub const NO_OTP: Self = Self::new(
        StatusCode::FORBIDDEN,
        "The collection is not configured to allow OTP authentication.",
    );
    pub const NO_OAUTH2: Self = Self::new(
        StatusCode::FORBIDDEN,
        "The collection is not configured to allow OAuth2 authentication.",
    );
    pub const NO_MAIL: Self = Self::new(StatusCode::BAD_REQUEST, "Failed to request email change.");
    pub const UNAUTHENTICATED: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "The request requires valid record authorization token.",
    );
    pub const NOT_A_USER: Self = Self::new(
        StatusCode::FORBIDDEN,
        "The request requires auth record from _superusers collection.",
    );
    pub const NOT_A_SUPERUSER: Self = Self::new(
        StatusCode::FORBIDDEN,
        "The request requires auth record from tbl_auth_users collection.",
    );
    /// The name of the collection that is asked for; PocketBase's words above name the token's.
    pub const USERS_ONLY: Self = Self::NOT_A_SUPERUSER;
    pub const SUPERUSERS_ONLY: Self = Self::new(
        StatusCode::FORBIDDEN,
        "Only superusers can perform this action.",
    );
    pub const COLLECTION_FILTER: Self = Self::new(
        StatusCode::FORBIDDEN,
        "Only superusers can filter by @collection.",
    );
    pub const REQUEST_FILTER: Self = Self::new(
        StatusCode::FORBIDDEN,
        "Only superusers can filter by @request.",
    );
    pub const LAST_SUPERUSER: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "You can't delete the only existing superuser.",
    );
    pub const BATCH_NOT_READ: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "Failed to read the submitted batch data.",
    );
    pub const NOT_FOUND: Self = Self::new(
        StatusCode::NOT_FOUND,
        "The requested resource wasn't found.",
    );
    pub const NO_FILE: Self = Self::new(StatusCode::NOT_FOUND, "File not found.");
    /// An unknown collection where records are read or deleted …
    pub const NO_COLLECTION: Self = Self::new(StatusCode::NOT_FOUND, "Missing collection context.");
    /// … and anywhere else.
    pub const NOT_A_COLLECTION: Self = Self::new(
        StatusCode::NOT_FOUND,
        "Missing or invalid collection context.",
    );
    pub const SET_UP: Self = Self::new(
        StatusCode::FORBIDDEN,
        "The set-up link is not valid (any more); without a superuser, the next start prints another.",
    );
    pub const ADDRESS: Self = Self::new(
        StatusCode::FORBIDDEN,
        "Superusers are not allowed to come from this address.",
    );
    pub const NO_CLIENT: Self = Self::new(StatusCode::NOT_FOUND, "Missing or invalid client id.");
    pub const OTHER_CLIENT: Self = Self::new(
        StatusCode::FORBIDDEN,
        "The current and the previous request authorization don't match.",
    );
    pub const NOT_ALLOWED: Self = Self::new(
        StatusCode::FORBIDDEN,
        "The authorized record is not allowed to perform this action.",
    );
    pub const READ_ONLY: Self = Self::new(
        StatusCode::FORBIDDEN,
        "The collections of this server are what they are: only their access rules can be changed.",
    );
    pub const NOT_AN_AUTH_COLLECTION: Self = Self::new(
        StatusCode::NOT_FOUND,
        "Missing or invalid auth collection context.",
    );
    pub const NO_FILE_TOKEN: Self = Self::new(
        StatusCode::FORBIDDEN,
        "Insufficient permissions to access the resource.",
    );
    pub const BACKUP_BUSY: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "Try again later - another backup/restore process has already been started.",
    );
    pub const BACKUP_FAILED: Self = Self::new(StatusCode::BAD_REQUEST, "Failed to create backup.");
    pub const UPLOAD_FAILED: Self = Self::new(StatusCode::BAD_REQUEST, "Failed to upload backup.");
    pub const RESTORE_FAILED: Self =
        Self::new(StatusCode::BAD_REQUEST, "Failed to restore backup.");
    pub const NO_BACKUP: Self =
        Self::new(StatusCode::BAD_REQUEST, "Missing or invalid backup file.");
    pub const BACKUP_GONE: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "Invalid or already deleted backup file.",
    );
    pub const CONTENT_TYPE: Self = Self::new(StatusCode::BAD_REQUEST, "Unsupported Content-Type.");
    pub const TOO_LARGE: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Request entity too large.");
    pub const TOO_SLOW: Self = Self::new(
        StatusCode::REQUEST_TIMEOUT,
        "The request body took too long.",
    );
    pub const NOT_HTTPS: Self =
        Self::new(StatusCode::BAD_REQUEST, "This server speaks HTTPS only.");
    pub const TOO_MANY: Self = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests.");
    pub const BUSY: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "The server is busy, try again soon.",
    );
    pub const UNAVAILABLE: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "The database is not available for now, try again soon.",
    );
    pub const NO_BACKUPS: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "The database is on PostgreSQL: backups are made by its own tools (pg_basebackup, pgBackRest).",
    );
    pub const NO_UPLOAD_FORM: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "Send the picture as multipart/form-data with one file in it, as wx.uploadFile does.",
    );
    pub const NO_ROOM: Self = Self::new(
        StatusCode::INSUFFICIENT_STORAGE,
        "There is no room for more pictures on this server (avatars.total_mib): tell its operator.",
    );
    pub const INTERNAL: Self = Self::new(StatusCode::INTERNAL_SERVER_ERROR, SOMETHING);

    const fn new(status: StatusCode, message: &'static str) -> Self {
        Self {
            status,
            message,
            fields: FieldErrors::new(),
            requests: None,
            header: None,
        }
    }

    /// A form with wrong fields.
    pub fn form(fields: FieldErrors) -> Self {
        let message = "An error occurred while validating the submitted data.";
        Self {
            fields,
            ..Self::new(StatusCode::BAD_REQUEST, message)
        }
    }

    /// A form with wrong fields, where PocketBase has no words of its own for that.
    pub fn bad_request(fields: FieldErrors) -> Self {
        Self {
            fields,
            ..Self::BAD_REQUEST
        }
    }

    /// A new record with wrong fields.
    pub fn create(fields: FieldErrors) -> Self {
        Self {
            fields,
            ..Self::new(StatusCode::BAD_REQUEST, "Failed to create record.")
        }
    }

    /// A batch that was not read: what is wrong with `requests`.
    pub fn batch_data(requests: Value) -> Self {
        let requests = Some(Box::new(requests));
        Self {
            requests,
            ..Self::new(StatusCode::BAD_REQUEST, "Invalid batch request data.")
        }
    }

    /// A batch of which the request `index` was refused.
    pub fn batch(index: usize, refused: &Self) -> Self {
        let failed = json!({
            "code": "batch_request_failed", "message": "Batch request failed.", "response": refused.body(),
        });
        let mut requests = Map::new();
        requests.insert(index.to_string(), failed);
        let requests = Some(Box::new(requests.into()));
        Self {
            requests,
            ..Self::new(StatusCode::BAD_REQUEST, "Batch transaction failed.")
        }
    }

    /// A change of a record with wrong fields.
    pub fn update(fields: FieldErrors) -> Self {
        Self {
            fields,
            ..Self::new(StatusCode::BAD_REQUEST, "Failed to update record.")
        }
    }

    /// A change of a collection with wrong fields.
    pub fn update_collection(fields: FieldErrors) -> Self {
        Self {
            fields,
            ..Self::new(StatusCode::BAD_REQUEST, "Failed to update collection.")
        }
    }

    /// The body of the response to it.
    pub fn body(&self) -> Value {
        let data = match &self.requests {
            Some(requests) => json!({ "requests": requests }),
            None => self.fields.json(),
        };
        json!({ "data": data, "message": self.message, "status": self.status.as_u16() })
    }

    /// The same refusal with another status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same refusal with a header.
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        let header = Some(Box::new((name, value)));
        Self { header, ..self }
    }

    /// The response to it.
    pub fn response(&self) -> Response {
        let mut response = Response::builder()
            .status(self.status)
            .content_type(JSON)
            .body(self.body().to_string());
        if let Some((name, value)) = self.header.as_deref() {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NOT_FOUND,
            Refusal::NoCollection => Self::NO_COLLECTION,
            Refusal::BadRequest => Self::BAD_REQUEST,
            Refusal::SuperusersOnly => Self::SUPERUSERS_ONLY,
            Refusal::LastSuperuser => Self::LAST_SUPERUSER,
            Refusal::Create(problems) => Self::create(problems.into()),
            Refusal::Update(problems) => Self::update(problems.into()),
        }
    }
}

impl From<ChangeError> for PoemError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(refusal) => Refused::from(refusal).into(),
            ChangeError::Failed(error) => error.into(),
        }
    }
}

impl From<ChangeRulesError> for PoemError {
    fn from(error: ChangeRulesError) -> Self {
        match error {
            ChangeRulesError::Refused(problems) => {
                Refused::update_collection(problems.into()).into()
            }
            ChangeRulesError::Failed(error) => error.into(),
        }
    }
}

/// An error of a batch tells which of its requests was refused.
impl From<ChangesError> for PoemError {
    fn from(error: ChangesError) -> Self {
        match error {
            ChangesError::Refused { index, refusal } => {
                Refused::batch(index, &refusal.into()).into()
            }
            ChangesError::Failed(error) => error.into(),
        }
    }
}

impl ResponseError for Refused {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn as_response(&self) -> Response {
        self.response()
    }
}
