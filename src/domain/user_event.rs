//! User events: changes of users that other programs are told of.

use sha2::{Digest as _, Sha256};

use jiff::Timestamp;

use super::User;

/// Kind of a user event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserEventKind {
    /// A user is new, by whatever door.
    Registration,
    /// Fields of the user are other ones.
    Profile,
    /// The password is another one.
    Password,
    /// The user may not log in any more.
    Disabled,
    /// The user may log in again.
    Enabled,
    /// All tokens of the user ended.
    SignedOut,
    /// The user is gone.
    Deleted,
}

impl UserEventKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Registration,
        Self::Profile,
        Self::Password,
        Self::Disabled,
        Self::Enabled,
        Self::SignedOut,
        Self::Deleted,
    ];

    /// The word for it, in the configuration, in the database and on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Profile => "profile",
            Self::Password => "password",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::SignedOut => "signed-out",
            Self::Deleted => "deleted",
        }
    }

    /// Reads the word; `None` when it is none of them.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == word)
    }
}

/// A change of a user that other programs are told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserEvent {
    /// Id of the message: the same for all webhooks and all tries.
    pub id: String,
    /// Time of the change.
    pub at: Timestamp,
    /// Kind.
    pub kind: UserEventKind,
    /// The user before a change of fields: which ones are others now, is told by comparing.
    pub before: Option<User>,
    /// The user as the change left it; one that is gone, as it was.
    pub user: User,
}

/// A webhook among all that are or were configured: told by its URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HookId(pub u64);

impl HookId {
    /// The webhook with this URL.
    #[must_use]
    pub fn of(url: &str) -> Self {
        let hash: [u8; 32] = Sha256::digest(url.as_bytes()).into();
        // The highest bit is left out: PostgreSQL's numbers have a sign.
        Self(u64::from_be_bytes(hash.first_chunk().copied().unwrap_or_default()) >> 1)
    }
}

/// A message that waits for a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedEvent {
    /// Place in the order of all.
    pub number: u64,
    /// The event.
    pub event: UserEvent,
}

/// Messages that wait for a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The webhook.
    pub hook: HookId,
    /// Their number.
    pub pending: u64,
    /// Time of the change that the first tells of.
    pub oldest: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_by_its_word() {
        for kind in UserEventKind::ALL {
            assert_eq!(UserEventKind::parse(kind.name()), Some(kind));
        }
        assert_eq!(UserEventKind::parse("login"), None);
    }

    #[test]
    fn a_webhook_is_told_by_its_url() {
        let one = HookId::of("https://a.example/hook");
        assert_eq!(one, HookId::of("https://a.example/hook"));
        assert_ne!(one, HookId::of("https://a.example/hooks"));
        assert!(i64::try_from(one.0).is_ok());
    }
}
