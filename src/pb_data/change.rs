//! Changes that an import makes of a record, so that it can be one here.

use crate::avatars::Unfit;

/// Reason why a picture of a user does not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureLeft {
    /// A name that is not served.
    #[error("the name of its file is none that is served here")]
    Name,
    /// No file.
    #[error(
        "there is no file of it in PocketBase's folder storage (or it is in S3: copy it there first)"
    )]
    NoFile,
    /// More bytes than a picture may have, which has so many KiB at most.
    #[error("it has more than {0} KiB (avatars.max_kib)")]
    TooLarge(usize),
    /// No picture that is taken.
    #[error(transparent)]
    Unfit(Unfit),
    /// As many bytes as may be are here.
    #[error("all pictures have as much room as they may (avatars.total_mib)")]
    NoRoom,
}

/// A change that an import makes of a record; in words that go on after the record's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Change {
    /// A status that nobody ever set.
    #[error("users_status was never set: may log in")]
    StatusNeverSet,
    /// A status that means nothing here.
    #[error("users_status is neither 0 nor 1: comes disabled")]
    UnknownStatus,
    /// A platform user without an e-mail address, which a login needs.
    #[error("had no e-mail address: has the one that a new user gets")]
    EmailGiven,
    /// A platform user without an openid.
    #[error("had no openid: has one of its own now")]
    OpenIdGiven,
    /// A phone that is none, of a user who does not log in by it.
    #[error("users_phone is not a phone number: comes without it")]
    PhoneLeftOut,
    /// A phone that another user has.
    #[error("comes without users_phone, which is that of {owner}{}{}", chosen(*.is_chosen), phone_login(*.is_login))]
    PhoneOfAnother {
        /// Id of the other user.
        owner: String,
        /// Whether the other one was chosen of those who have it in PocketBase.
        is_chosen: bool,
        /// Whether the user logged in by it.
        is_login: bool,
    },
    /// A number that is no whole one, or a text that is no number.
    #[error("{0} is not a whole number: comes without what is behind the point, or as 0")]
    Whole(&'static str),
    /// A word that is none of a field's choices.
    #[error("{0} is not one of its choices: comes as a new user has it")]
    UnknownChoice(&'static str),
    /// A picture that does not come.
    #[error("comes without the picture: {0}")]
    PictureLeft(PictureLeft),
    /// A user who is here under another id.
    #[error("is here as {known}, with the same openid: {}", filled_words(.filled))]
    IsHere {
        /// Id of the user here.
        known: String,
        /// Fields that were empty here and are not any more.
        filled: Vec<String>,
    },
}

impl Change {
    /// The words without what is only so of one record.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::PhoneOfAnother {
                is_chosen,
                is_login,
                ..
            } => {
                let choice = chosen(*is_chosen);
                let login = phone_login(*is_login);
                format!("comes without users_phone, which is that of another{choice}{login}")
            }
            Self::IsHere { .. } => {
                "is here already under another id, with the same openid; fields that were empty here are filled".to_owned()
            }
            other => other.to_string(),
        }
    }
}

fn chosen(is_chosen: bool) -> &'static str {
    match is_chosen {
        true => ", too (--prefer says who gets it)",
        false => " here",
    }
}

fn phone_login(is_login: bool) -> &'static str {
    match is_login {
        true => "; cannot log in by phone",
        false => "",
    }
}

fn filled_words(filled: &[String]) -> String {
    match filled {
        [] => "nothing was empty here".to_owned(),
        filled => format!("got {}", filled.join(", ")),
    }
}
