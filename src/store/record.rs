//! Records of any collection, and the changes that are told of them.

use jiff::Timestamp;

use super::Error;
use crate::domain::{Company, Kind, RecordId, Superuser, User, UserNumber};

/// A record of any collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A user.
    User(User),
    /// A company.
    Company(Company),
    /// A superuser.
    Superuser(Superuser),
}

impl Record {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::User(_) => Kind::Users,
            Self::Company(_) => Kind::Companies,
            Self::Superuser(_) => Kind::Superusers,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RecordId {
        match self {
            Self::User(user) => &user.id,
            Self::Company(company) => &company.id,
            Self::Superuser(superuser) => &superuser.id,
        }
    }

    /// Its place in the order of creation, among those of its kind.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            Self::User(user) => user.number.0,
            Self::Company(company) => company.number,
            Self::Superuser(superuser) => superuser.number,
        }
    }

    /// Sets its place in the order of creation, which is the store's to give.
    pub(super) fn set_number(&mut self, number: u64) {
        match self {
            Self::User(user) => user.number = UserNumber(number),
            Self::Company(company) => company.number = number,
            Self::Superuser(superuser) => superuser.number = number,
        }
    }

    /// Time of its creation.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        match self {
            Self::User(user) => user.created,
            Self::Company(company) => company.created,
            Self::Superuser(superuser) => superuser.created,
        }
    }

    /// Time of its last change.
    #[must_use]
    pub fn updated(&self) -> Timestamp {
        match self {
            Self::User(user) => user.updated,
            Self::Company(company) => company.updated,
            Self::Superuser(superuser) => superuser.updated,
        }
    }

    /// Both times, to be changed.
    pub(super) fn times_mut(&mut self) -> [&mut Timestamp; 2] {
        match self {
            Self::User(user) => [&mut user.created, &mut user.updated],
            Self::Company(company) => [&mut company.created, &mut company.updated],
            Self::Superuser(superuser) => [&mut superuser.created, &mut superuser.updated],
        }
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = match self {
            Self::User(user) => user.bytes(),
            Self::Company(company) => company.company_id.len() + company.columns.len(),
            Self::Superuser(superuser) => superuser.email.len() + superuser.password_hash.len(),
        };
        size_of::<Self>() + texts
    }

    /// The user that it is, if it is one.
    #[must_use]
    pub fn as_user(&self) -> Option<&User> {
        match self {
            Self::User(user) => Some(user),
            Self::Company(_) | Self::Superuser(_) => None,
        }
    }

    /// The company that it is, if it is one.
    #[must_use]
    pub fn as_company(&self) -> Option<&Company> {
        match self {
            Self::Company(company) => Some(company),
            Self::User(_) | Self::Superuser(_) => None,
        }
    }

    /// The superuser that it is, if it is one.
    #[must_use]
    pub fn as_superuser(&self) -> Option<&Superuser> {
        match self {
            Self::Superuser(superuser) => Some(superuser),
            Self::User(_) | Self::Company(_) => None,
        }
    }
}

impl From<User> for Record {
    fn from(user: User) -> Self {
        Self::User(user)
    }
}

impl From<Company> for Record {
    fn from(company: Company) -> Self {
        Self::Company(company)
    }
}

impl From<Superuser> for Record {
    fn from(superuser: Superuser) -> Self {
        Self::Superuser(superuser)
    }
}

impl TryFrom<Record> for User {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self, Error> {
        match record {
            Record::User(user) => Ok(user),
            other => Err(of_another_kind(&other)),
        }
    }
}

impl TryFrom<Record> for Company {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self, Error> {
        match record {
            Record::Company(company) => Ok(company),
            other => Err(of_another_kind(&other)),
        }
    }
}

impl TryFrom<Record> for Superuser {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self, Error> {
        match record {
            Record::Superuser(superuser) => Ok(superuser),
            other => Err(of_another_kind(&other)),
        }
    }
}

fn of_another_kind(record: &Record) -> Error {
    let kind = record.kind().name();
    Error::Failed(format!("record {} is one of {kind}", record.id()))
}

/// Kind of a change of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Create,
    /// It is another one.
    Update,
    /// It is gone.
    Delete,
}

/// A change that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its kind.
    pub action: Action,
    /// The record as it is now; if it is gone, as it was.
    pub record: Record,
}
