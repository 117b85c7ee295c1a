//! Audit event: what somebody did, when, and from where.

mod search;
mod words;

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use jiff::Timestamp;

pub use self::search::{EventId, EventSearch, EventWords};
pub use self::words::{ActorKind, Cause, EventKind, Origin};
use super::{RecordId, RuleChange};

/// Actor of an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody who did not show who they are.
    Nobody,
    /// A user.
    User(RecordId),
    /// A superuser.
    Superuser(RecordId),
    /// The operator, who has the command line.
    Operator,
}

impl Actor {
    /// The kind of actor that it is.
    #[must_use]
    pub fn kind(&self) -> ActorKind {
        match self {
            Self::Nobody => ActorKind::Nobody,
            Self::User(_) => ActorKind::User,
            Self::Superuser(_) => ActorKind::Superuser,
            Self::Operator => ActorKind::Operator,
        }
    }

    /// The word for its kind.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name()
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
        match ActorKind::parse(name)? {
            ActorKind::Nobody => Some(Self::Nobody),
            ActorKind::Operator => Some(Self::Operator),
            ActorKind::User => RecordId::parse(id).map(Self::User),
            ActorKind::Superuser => RecordId::parse(id).map(Self::Superuser),
        }
    }
}

/// Audit event: something that somebody did. No secret, no value that somebody typed and no whole phone number is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// Time; of several, that of the first.
    pub at: Timestamp,
    /// Kind.
    pub kind: EventKind,
    /// Cause of a failure.
    pub cause: Option<Cause>,
    /// Actor.
    pub actor: Actor,
    /// Subject: the id of a record, a masked phone, or nothing.
    pub subject: String,
    /// Address that it came from, if it came over the network.
    pub source: Option<IpAddr>,
    /// Detail in a few words, such as the names of the fields that changed.
    pub detail: String,
    /// Number of equal events within a minute.
    pub count: u32,
}

/// Content of an event: all but its time and count.
pub type EventContent<'a> = (
    EventKind,
    Option<Cause>,
    &'a Actor,
    &'a str,
    Option<IpAddr>,
    &'a str,
);

impl AuditEvent {
    /// Bytes of a subject.
    const MAX_SUBJECT: usize = 64;
    /// Bytes of a detail.
    const MAX_DETAIL: usize = 200;

    /// An event with nothing but the most needed.
    #[must_use]
    pub fn new(at: Timestamp, kind: EventKind, actor: Actor) -> Self {
        Self {
            at,
            kind,
            cause: None,
            actor,
            subject: String::new(),
            source: None,
            detail: String::new(),
            count: 1,
        }
    }

    /// With where it came from.
    #[must_use]
    pub fn from(self, source: IpAddr) -> Self {
        Self {
            source: Some(source),
            ..self
        }
    }

    /// With a subject.
    #[must_use]
    pub fn about(self, subject: impl Into<String>) -> Self {
        Self {
            subject: cut(subject.into(), Self::MAX_SUBJECT),
            ..self
        }
    }

    /// With the reason of a failure.
    #[must_use]
    pub fn because(self, cause: Cause) -> Self {
        Self {
            cause: Some(cause),
            ..self
        }
    }

    /// With a few words more.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: cut(detail.into(), Self::MAX_DETAIL),
            ..self
        }
    }

    /// With the texts of a rule before and after, which are kept whole: whoever asks what was open has to see it.
    #[must_use]
    pub fn rule_change(self, change: &RuleChange) -> Self {
        let [before, after] =
            [&change.before, &change.after].map(|text| rule_text(text.as_deref()));
        Self {
            detail: format!("{before} -> {after}"),
            ..self
        }
    }

    /// Origin: the group of those who can cause it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match (self.kind, &self.actor) {
            (EventKind::LoginFailed | EventKind::SuperuserLoginFailed, _) | (_, Actor::Nobody) => {
                Origin::Strangers
            }
            (_, Actor::Superuser(_) | Actor::Operator) => Origin::Administrators,
            (EventKind::Login | EventKind::Registration, Actor::User(_)) => Origin::Logins,
            (_, Actor::User(_)) => Origin::Changes,
        }
    }

    /// Party that has a bound of its own in `origin`, where this event is: a source of strangers, an IPv6 one by its /64, or
    /// a user; empty when it is nobody's. `None`: administrators have no bounds but that of all together, so that no script of
    /// theirs pushes out what it did.
    #[must_use]
    pub fn party(&self, origin: Origin) -> Option<String> {
        match origin {
            Origin::Strangers => Some(
                self.source
                    .map(subscriber)
                    .map(|ip| ip.to_string())
                    .unwrap_or_default(),
            ),
            Origin::Logins | Origin::Changes => {
                Some(self.actor.id().map(RecordId::to_string).unwrap_or_default())
            }
            Origin::Administrators => None,
        }
    }

    /// Content: all but time and count.
    #[must_use]
    pub fn content(&self) -> EventContent<'_> {
        (
            self.kind,
            self.cause,
            &self.actor,
            &self.subject,
            self.source,
            &self.detail,
        )
    }

    /// Whether the other one, which is later, is the same once more: it says the same, within a minute.
    #[must_use]
    pub fn is_repeated_by(&self, other: &Self) -> bool {
        is_within_a_minute(self.at, other.at) && self.content() == other.content()
    }
}

/// Whether equal events at these times are one.
#[must_use]
pub fn is_within_a_minute(first: Timestamp, next: Timestamp) -> bool {
    let between = next.duration_since(first);
    !between.is_negative() && between.unsigned_abs() < EVENT_WINDOW
}

/// Time for which equal events are one, from the first on.
const EVENT_WINDOW: Duration = Duration::from_mins(1);

/// A subscriber has a /64 of IPv6 addresses at least.
fn subscriber(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
        ip @ IpAddr::V4(_) => ip,
    }
}

/// The text of a rule within quotation marks, or null.
fn rule_text(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), |text| format!("\"{text}\""))
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or_default();
        text.truncate(end);
    }
    text
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
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let event = AuditEvent::new(Timestamp::UNIX_EPOCH, EventKind::Command, Actor::Operator);
        assert_eq!(
            event.clone().detail("张".repeat(100)).detail,
            "张".repeat(66)
        );
        assert_eq!(event.about("a".repeat(65)).subject.len(), 64);
    }

    #[test]
    fn only_what_nobody_vouches_for_is_the_strangers() {
        let id = || RecordId::parse("qs1c5qev8o3hjvu").unwrap();
        let origin = |kind, actor| AuditEvent::new(Timestamp::UNIX_EPOCH, kind, actor).origin();
        assert_eq!(
            origin(EventKind::LoginFailed, Actor::User(id())),
            Origin::Strangers
        );
        assert_eq!(origin(EventKind::Login, Actor::User(id())), Origin::Logins);
        assert_eq!(
            origin(EventKind::Registration, Actor::User(id())),
            Origin::Logins
        );
        assert_eq!(
            origin(EventKind::PasswordChange, Actor::User(id())),
            Origin::Changes
        );
        assert_eq!(
            origin(EventKind::PasswordChange, Actor::Superuser(id())),
            Origin::Administrators
        );
        assert_eq!(
            origin(EventKind::Command, Actor::Operator),
            Origin::Administrators
        );
    }

    #[test]
    fn a_party_is_a_source_of_strangers_or_a_user_and_no_administrator() {
        let id = RecordId::parse("qs1c5qev8o3hjvu").unwrap();
        let event = |actor, source: &str| {
            AuditEvent::new(Timestamp::UNIX_EPOCH, EventKind::Login, actor)
                .from(source.parse().unwrap())
        };
        let party = |origin, source| event(Actor::User(id.clone()), source).party(origin);
        for (source, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(party(Origin::Strangers, source).as_deref(), Some(expected));
        }
        assert_eq!(
            party(Origin::Changes, "203.0.113.7").as_deref(),
            Some(id.as_str())
        );
        assert_eq!(party(Origin::Administrators, "203.0.113.7"), None);
        assert_eq!(
            event(Actor::Nobody, "203.0.113.7")
                .party(Origin::Logins)
                .as_deref(),
            Some("")
        );
    }

    #[test]
    fn the_same_within_a_minute_is_once_more() {
        let at = |ms: i64| Timestamp::from_millisecond(1_795_327_836_858 + ms).unwrap();
        let event = |ms| AuditEvent::new(at(ms), EventKind::Command, Actor::Operator);
        for (ms, is_repeated) in [(0, true), (59_999, true), (60_000, false), (-1, false)] {
            assert_eq!(event(0).is_repeated_by(&event(ms)), is_repeated, "{ms}");
        }
        assert!(!event(0).is_repeated_by(&event(0).detail("x")));
    }
}
