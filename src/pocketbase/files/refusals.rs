//! Reasons why an upload is not taken, in words that say what to do.

use serde_json::json;

use super::super::error::Refused;
use super::super::field_error::{FieldError, FieldErrors};
use crate::auth::AvatarError;
use crate::avatars::{Unfit, UploadOutcome};
use crate::error::Error;
use crate::http::rejected::Rejected;

/// Characters of a field's name that are told.
const MAX_FIELD: usize = 100;

/// Reason why an upload is not taken.
pub enum UploadRefusal {
    /// The request was not read.
    Rejected(Rejected),
    /// There is no file in it, or an empty one.
    Missing { field: String },
    /// The file has too many bytes.
    TooLarge { field: String },
    /// There is more than one.
    Several { field: String },
    /// The picture is not stored.
    Avatar { field: String, error: AvatarError },
    /// Another reason, as everywhere.
    Failed(Error),
}

impl From<Rejected> for UploadRefusal {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl From<Error> for UploadRefusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl UploadRefusal {
    /// Whether the client could have sent something better.
    pub fn is_of_client(&self) -> bool {
        matches!(self.outcome(), UploadOutcome::Refused)
    }

    /// The outcome as it is counted.
    pub fn outcome(&self) -> UploadOutcome {
        match self {
            Self::Rejected(Rejected::NoMemory) => UploadOutcome::Limited,
            Self::Rejected(_)
            | Self::Missing { .. }
            | Self::TooLarge { .. }
            | Self::Several { .. } => UploadOutcome::Refused,
            Self::Avatar { error, .. } => outcome(error),
            Self::Failed(error) => outcome_of_error(error),
        }
    }

    /// The error that the client is told, of pictures with so many bytes at most.
    pub fn into_error(self, most: usize) -> poem::Error {
        let refused = match self {
            Self::Rejected(Rejected::NotJson | Rejected::Incomplete) => Refused::NO_UPLOAD_FORM,
            Self::Rejected(rejected) => return rejected.into(),
            Self::Missing { field } => of_field(&field, FieldError::BLANK),
            Self::TooLarge { field } => of_field(&field, too_large(most)),
            Self::Several { field } => of_field(&field, several()),
            Self::Avatar { field, error } => match error {
                AvatarError::Unfit(why) => of_field(&field, unfit(why)),
                AvatarError::NoRoom => Refused::NO_ROOM,
                AvatarError::Failed(error) => return error.into(),
            },
            Self::Failed(error) => return error.into(),
        };
        refused.into()
    }
}

fn outcome(error: &AvatarError) -> UploadOutcome {
    match error {
        AvatarError::Unfit(_) => UploadOutcome::Refused,
        AvatarError::NoRoom => UploadOutcome::NoRoom,
        AvatarError::Failed(error) => outcome_of_error(error),
    }
}

fn outcome_of_error(error: &Error) -> UploadOutcome {
    match error {
        Error::Busy { .. } | Error::TooMany { .. } | Error::TooManyAttempts { .. } => {
            UploadOutcome::Limited
        }
        _ => UploadOutcome::Failed,
    }
}

fn of_field(field: &str, error: FieldError) -> Refused {
    let mut errors = FieldErrors::new();
    errors.insert(field.chars().take(MAX_FIELD).collect::<String>(), error);
    Refused::form(errors)
}

fn too_large(most: usize) -> FieldError {
    let why = format!(
        "The picture has more than {} KiB: choose a smaller one, or make it smaller first (wx.compressImage).",
        most >> 10
    );
    FieldError::file(
        "validation_file_size_limit",
        why,
        Some(json!({ "maxSize": most })),
    )
}

fn several() -> FieldError {
    let why = "Send one picture at a time.".to_owned();
    FieldError::file(
        "validation_too_many_files",
        why,
        Some(json!({ "maxSelect": 1 })),
    )
}

fn unfit(why: Unfit) -> FieldError {
    let (code, todo) = match why {
        Unfit::OtherFormat => (
            "validation_invalid_mime_type",
            "choose a picture of one of these formats",
        ),
        Unfit::Damaged => ("validation_invalid_file", "choose another picture"),
        Unfit::Animated => (
            "validation_invalid_file",
            "choose a picture that stands still",
        ),
        Unfit::TooWide => (
            "validation_invalid_file",
            "make it smaller first (wx.compressImage with compressedWidth, or wx.cropImage)",
        ),
    };
    FieldError::file(
        code,
        format!("The picture is not taken, because {why}: {todo}."),
        None,
    )
}
