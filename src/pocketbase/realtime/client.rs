//! Connected clients and their subscriptions.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

use super::message_queue::{MessageQueue, TotalBytes};
use super::topic::Topic;
use crate::auth::Principal;
use crate::domain::{Actor, Kind};
use crate::fair::Share;
use crate::limits::Source;
use crate::random::{NoEntropy, Random};

/// Characters of a client's id, as PocketBase has it.
const ID_LEN: usize = 40;

/// Group of subscribers that a change may concern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Superusers who are subscribed to anything.
    Superusers,
    /// Subscribers to the record of that id, or to the collection, if it is their own record.
    Record(Kind, String),
    /// Subscribers to the collection, other than superusers.
    Collection(Kind),
}

/// Owner of a client, whose streams have one turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A user or superuser.
    Account(Actor),
    /// All of a source whom nobody knows.
    Guests(Source),
}

impl Owner {
    /// The owner of a subscription of `principal`, or of nobody who is known, from `source`.
    pub fn new(principal: Option<&Principal>, source: Source) -> Self {
        match principal {
            Some(principal) => Self::Account(principal.into()),
            None => Self::Guests(source),
        }
    }

    /// Whether it is a superuser.
    pub fn is_superuser(&self) -> bool {
        matches!(self, Self::Account(Actor::Superuser(_)))
    }
}

/// Connected client.
pub struct Client {
    pub id: String,
    pub queue: MessageQueue,
    subscription: Mutex<Option<Arc<Subscription>>>,
    /// Lock for the time in which a subscription is changed, so that of two requests at once one comes first.
    pub changing: tokio::sync::Mutex<()>,
    _place: Share<Source>,
}

/// Owner of a client, and the topics that the owner is subscribed to.
pub struct Subscription {
    /// The token; none of whom nobody knows.
    pub token: Option<String>,
    pub owner: Owner,
    pub topics: Vec<Topic>,
}

impl Client {
    /// Client without a subscription, and with an id that nobody can guess.
    pub fn new(
        random: &Random,
        queued: &TotalBytes,
        place: Share<Source>,
    ) -> Result<Self, NoEntropy> {
        Ok(Self {
            id: client_id(random)?,
            queue: MessageQueue::new(queued),
            subscription: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            _place: place,
        })
    }

    /// Present subscription.
    pub fn subscription(&self) -> Option<Arc<Subscription>> {
        self.subscription.lock().clone()
    }

    /// Replaces the subscription.
    pub fn set_subscription(&self, subscription: Option<Arc<Subscription>>) {
        *self.subscription.lock() = subscription;
    }
}

impl Subscription {
    pub fn new(token: Option<String>, owner: Owner, topics: Vec<Topic>) -> Self {
        Self {
            token,
            owner,
            topics,
        }
    }

    /// Audiences that the subscriber belongs to.
    pub fn audiences(&self) -> HashSet<Audience> {
        let audiences = self.topics.iter().map(|topic| self.audiences_of(topic));
        audiences.flatten().collect()
    }

    fn audiences_of(&self, topic: &Topic) -> Vec<Audience> {
        match (&self.owner, &topic.id) {
            (Owner::Account(Actor::Superuser(_)), _) => vec![Audience::Superusers],
            (_, Some(id)) => vec![Audience::Record(topic.kind, id.clone())],
            (Owner::Account(Actor::User(own)), None) => vec![
                Audience::Record(topic.kind, own.to_string()),
                Audience::Collection(topic.kind),
            ],
            (_, None) => vec![Audience::Collection(topic.kind)],
        }
    }

    /// Topics about the record of that id.
    pub fn topics_about(&self, kind: Kind, id: &str) -> Vec<&Topic> {
        self.topics
            .iter()
            .filter(|topic| topic.is_about(kind, id))
            .collect()
    }

    /// Estimate of the memory that the subscription takes, in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.token.as_ref().map_or(0, String::len)
            + self.topics.iter().map(Topic::bytes).sum::<usize>()
    }

    /// Number of comparisons in the filters of all topics.
    pub fn comparisons(&self) -> usize {
        self.topics.iter().map(Topic::comparisons).sum()
    }
}

/// Random id of 40 letters and digits; whoever knows it may subscribe for the client.
fn client_id(random: &Random) -> Result<String, NoEntropy> {
    const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let bytes: [u8; 2 * ID_LEN] = random.bytes()?;
    let pick = |pair: &[u8]| {
        char::from(ALPHABET[usize::from(u16::from_be_bytes([pair[0], pair[1]])) % ALPHABET.len()])
    };
    Ok(bytes.chunks_exact(2).map(pick).collect())
}
