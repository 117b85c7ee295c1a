//! Something that somebody did, worth remembering.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;

use super::RecordId;

/// A closed list of words, each with one written form.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word for it, in the file and on the wire.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Reads the word; `None` when it is none of them.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == word)
            }
        }
    };
}

words! {
    /// What was done.
    EventKind {
        /// Somebody logged in.
        Login = "login",
        /// Somebody did not get in; the cause says why.
        LoginFailed = "login-failed",
        /// A user is new, by their own doing.
        Registration = "registration",
        /// A user changed their own record.
        ProfileChange = "profile-change",
        /// A password was set, by whomever.
        PasswordChange = "password-change",
        /// A superuser logged in.
        SuperuserLogin = "superuser-login",
        /// Somebody did not get in as a superuser.
        SuperuserLoginFailed = "superuser-login-failed",
        /// A superuser took the token of somebody else.
        Impersonation = "impersonation",
        /// A superuser or the operator made a record.
        RecordCreate = "record-create",
        /// A superuser or the operator changed a record.
        RecordUpdate = "record-update",
        /// A superuser or the operator removed a record.
        RecordDelete = "record-delete",
        /// All tokens of somebody ended, by order.
        TokenRevoke = "token-revoke",
        /// The first superuser was made by the set-up link.
        SetUp = "set-up",
        /// The operator or a superuser did something that is about no record, such as with a backup; the detail says what.
        Command = "command",
        /// Events for which there was no room; the count says how many.
        Lost = "lost",
        /// Somebody wanted a phone that is somebody else's: the subject is whose.
        PhoneRefused = "phone-refused",
    }
}

words! {
    /// Why something failed.
    Cause {
        /// The password is wrong.
        WrongPassword = "wrong-password",
        /// Nobody has that name.
        Unknown = "unknown",
        /// The user is disabled.
        Disabled = "disabled",
        /// A WeChat user where a platform user is wanted.
        WrongKind = "wrong-kind",
        /// WeChat does not accept the code.
        CodeRefused = "code-refused",
        /// Too many attempts, or too much at once.
        Limited = "limited",
        /// Superusers may not come from that address.
        Address = "address",
        /// Ours to mend; the log has the rest.
        Internal = "internal",
    }
}

words! {
    /// Who can cause an event: each has its own room, so that none pushes out what those after it do.
    Origin {
        /// Anybody.
        Strangers = "strangers",
        /// Somebody with a valid login.
        Users = "users",
        /// Superusers and the operator.
        Administrators = "administrators",
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who did not show who they are.
    Nobody,
    /// A user.
    User(RecordId),
    /// A superuser.
    Superuser(RecordId),
    /// Whoever has the command line.
    Operator,
}

impl Actor {
    /// The word for what kind of actor it is.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::User(_) => "user",
            Self::Superuser(_) => "superuser",
            Self::Operator => "operator",
        }
    }

    /// The record, if the actor has one.
    #[must_use]
    pub fn id(&self) -> Option<&RecordId> {
        match self {
            Self::User(id) | Self::Superuser(id) => Some(id),
            Self::Nobody | Self::Operator => None,
        }
    }

    /// Reads what [`Actor::name`] and [`Actor::id`] tell.
    #[must_use]
    pub fn parse(name: &str, id: &str) -> Option<Self> {
        match name {
            "nobody" => Some(Self::Nobody),
            "operator" => Some(Self::Operator),
            "user" => RecordId::parse(id).map(Self::User),
            "superuser" => RecordId::parse(id).map(Self::Superuser),
            _ => None,
        }
    }
}

/// Something that somebody did. No secret, no value that somebody typed and no whole phone number is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// Of a failure: why.
    pub cause: Option<Cause>,
    /// Who.
    pub actor: Actor,
    /// Whom or what it was about: the id of a record, a masked phone, or nothing.
    pub subject: String,
    /// Where it came from, if it came over the network.
    pub source: Option<IpAddr>,
    /// More in a few words, such as the names of the fields that changed.
    pub detail: String,
    /// How often it happened.
    pub count: u32,
}

impl Event {
    /// Bytes of a subject.
    const MAX_SUBJECT: usize = 64;
    /// Bytes of a detail.
    const MAX_DETAIL: usize = 200;

    /// An event with nothing but the most needed.
    #[must_use]
    pub fn new(at: Timestamp, kind: EventKind, actor: Actor) -> Self {
        let (subject, detail) = (String::new(), String::new());
        Self { at, kind, cause: None, actor, subject, source: None, detail, count: 1 }
    }

    /// With where it came from.
    #[must_use]
    pub fn from(self, source: IpAddr) -> Self {
        Self { source: Some(source), ..self }
    }

    /// With whom or what it was about.
    #[must_use]
    pub fn about(self, subject: impl Into<String>) -> Self {
        Self { subject: cut(subject.into(), Self::MAX_SUBJECT), ..self }
    }

    /// With the reason of a failure.
    #[must_use]
    pub fn because(self, cause: Cause) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// With a few words more.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: cut(detail.into(), Self::MAX_DETAIL), ..self }
    }

    /// Who can cause it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match (self.kind, &self.actor) {
            (EventKind::LoginFailed | EventKind::SuperuserLoginFailed, _) | (_, Actor::Nobody) => {
                Origin::Strangers
            }
            (_, Actor::Superuser(_) | Actor::Operator) => Origin::Administrators,
            (_, Actor::User(_)) => Origin::Users,
        }
    }

    /// Whether the other one says the same of another moment.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.source == other.source
            && self.kind == other.kind
            && self.cause == other.cause
            && self.subject == other.subject
            && self.actor == other.actor
            && self.detail == other.detail
    }

    /// Whether somebody did it or it was about them.
    #[must_use]
    pub fn concerns(&self, who: &str) -> bool {
        self.subject == who || self.actor.id().is_some_and(|id| id.as_str() == who)
    }
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
    }
    text
}

/// The place of an event among all: later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId {
    /// When it happened, in Unix milliseconds.
    pub at_ms: i64,
    /// Its number among all that were ever written.
    pub number: u64,
}

impl EventId {
    /// Reads an id; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at_ms, number) = text.split_once('-')?;
        Some(Self { at_ms: at_ms.parse().ok()?, number: number.parse().ok()? })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at_ms, self.number)
    }
}

/// Which events are wanted. The newest come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventSearch {
    /// Only those that concern this record id or masked phone.
    pub who: Option<String>,
    /// Only those of this kind.
    pub kind: Option<EventKind>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only those whose place is before this one's.
    pub before: Option<EventId>,
    /// At most so many.
    pub limit: usize,
}

impl EventSearch {
    /// Whether `event` is wanted, as far as its time does not say.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        self.kind.is_none_or(|kind| kind == event.kind)
            && self.who.as_deref().is_none_or(|who| event.concerns(who))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_read_as_what_it_was_written_for() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.name()), Some(*kind));
        }
        for cause in Cause::ALL {
            assert_eq!(Cause::parse(cause.name()), Some(*cause));
        }
        assert_eq!(EventKind::parse("Login"), None);
        let id = EventId { at_ms: 1_795_327_836_858, number: 7 };
        assert_eq!(EventId::parse(&id.to_string()), Some(id));
        assert_eq!(EventId::parse("7"), None);
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let event = Event::new(Timestamp::UNIX_EPOCH, EventKind::Command, Actor::Operator);
        assert_eq!(event.clone().detail("张".repeat(100)).detail, "张".repeat(66));
        assert_eq!(event.about("a".repeat(65)).subject.len(), 64);
    }

    #[test]
    fn only_what_nobody_vouches_for_is_the_strangers() {
        let id = || RecordId::parse("qs1c5qev8o3hjvu").unwrap();
        let origin = |kind, actor| Event::new(Timestamp::UNIX_EPOCH, kind, actor).origin();
        assert_eq!(origin(EventKind::LoginFailed, Actor::User(id())), Origin::Strangers);
        assert_eq!(origin(EventKind::Login, Actor::User(id())), Origin::Users);
        assert_eq!(origin(EventKind::PasswordChange, Actor::Superuser(id())), Origin::Administrators);
        assert_eq!(origin(EventKind::Command, Actor::Operator), Origin::Administrators);
    }
}
