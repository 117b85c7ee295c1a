//! A connected client, whose it is, and what it wants to hear of.

use std::collections::HashSet;
use std::sync::Arc;

use super::queue::{Queue, Total};
use super::topic::Topic;
use crate::auth::Principal;
use crate::domain::{Actor, Kind};
use crate::fair::Share;
use crate::limits::Source;
use crate::random::{NoEntropy, Random};
use parking_lot::{Mutex, MutexGuard};

/// Characters of a client's id, as PocketBase has it.
const ID_LEN: usize = 40;

/// Whom a change may concern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Superusers who are subscribed to anything.
    Superusers,
    /// Those who may hear of that record.
    Of(Kind, String),
}

/// A connected client.
pub struct Client {
    pub id: String,
    pub queue: Queue,
    binding: Mutex<Option<Arc<Binding>>>,
    /// Held while a subscription is changed, so that of two at once one comes first.
    pub changing: tokio::sync::Mutex<()>,
    _place: Share<Source>,
}

/// The owner of a client, and its topics.
pub struct Binding {
    pub token: String,
    pub owner: Actor,
    pub topics: Vec<Topic>,
}

impl Client {
    /// A client that is nobody's, with an id that nobody can guess.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn new(random: &Random, waiting: &Total, place: Share<Source>) -> Result<Self, NoEntropy> {
        Ok(Self {
            id: client_id(random)?,
            queue: Queue::new(waiting),
            binding: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            _place: place,
        })
    }

    /// The present owner and topics.
    pub fn bound(&self) -> Option<Arc<Binding>> {
        self.binding().clone()
    }

    /// Makes it somebody's, or nobody's.
    pub fn set(&self, binding: Option<Arc<Binding>>) {
        *self.binding() = binding;
    }

    fn binding(&self) -> MutexGuard<'_, Option<Arc<Binding>>> {
        self.binding.lock()
    }
}

impl Binding {
    pub fn new(token: String, who: &Principal, topics: Vec<Topic>) -> Self {
        Self {
            token,
            owner: Actor::from(who),
            topics,
        }
    }

    pub fn audiences(&self) -> HashSet<Audience> {
        let of = |topic: &Topic| match (&self.owner, &topic.id) {
            (Actor::User(user), None) => Audience::Of(topic.kind, user.to_string()),
            (Actor::User(_), Some(id)) => Audience::Of(topic.kind, id.clone()),
            _ => Audience::Superusers,
        };
        self.topics.iter().map(of).collect()
    }

    /// About how much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.token.len() + self.topics.iter().map(Topic::bytes).sum::<usize>()
    }

    /// The number of comparisons in the filters of all topics.
    pub fn comparisons(&self) -> usize {
        self.topics.iter().map(Topic::comparisons).sum()
    }
}

/// 40 letters and digits; whoever knows them may subscribe for the client.
fn client_id(random: &Random) -> Result<String, NoEntropy> {
    const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let bytes: [u8; 2 * ID_LEN] = random.bytes()?;
    let pick = |pair: &[u8]| {
        char::from(ALPHABET[usize::from(u16::from_be_bytes([pair[0], pair[1]])) % ALPHABET.len()])
    };
    Ok(bytes.chunks_exact(2).map(pick).collect())
}
