//! Clients, audiences and owners: an index of those who are connected.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::client::{Audience, Binding, Client};
use crate::domain::Actor;
use crate::fair::{Bounds, Budget, Share};

/// Streams that a user may have: the devices of one person, and those that lost their connection and came again.
const STREAMS_OF_USER: usize = 20;
const STREAMS_OF_SUPERUSER: usize = 200;

/// The most bytes that all subscriptions take, and those of one owner.
const BYTES: Bounds = Bounds {
    all: 16 << 20,
    each: 4 << 20,
};

/// Subscriptions take as much memory as they may.
#[derive(Debug)]
pub struct NoRoom;

pub struct Register {
    pub clients: HashMap<String, Arc<Client>>,
    audiences: HashMap<Audience, HashSet<String>>,
    /// The clients of each owner, those whose subscription is oldest first.
    owners: HashMap<Actor, VecDeque<String>>,
    room: Budget<Actor>,
    /// The room that the subscription of each client takes.
    shares: HashMap<String, Share<Actor>>,
}

impl Register {
    pub fn new() -> Self {
        let (clients, audiences, owners, shares) = Default::default();
        Self {
            clients,
            audiences,
            owners,
            room: Budget::new(BYTES),
            shares,
        }
    }

    /// Makes the client somebody's who hears of what the binding says from now on, or nobody's. The answer is a client that is
    /// one too many for its owner, and nobody's now.
    ///
    /// # Errors
    /// [`NoRoom`]; then everything stays as it is.
    pub fn bind(
        &mut self,
        client: &Client,
        binding: Option<Binding>,
    ) -> Result<Option<Arc<Client>>, NoRoom> {
        if !self.clients.contains_key(&client.id) {
            return Ok(None);
        }
        let Some(binding) = binding else {
            self.part(client);
            return Ok(None);
        };
        self.take_room(client, &binding)?;
        self.unlink(client);
        self.link(client, binding);
        let oldest = self.one_too_many(client);
        if let Some(oldest) = &oldest {
            self.part(oldest);
        }
        Ok(oldest)
    }

    /// Makes the client nobody's.
    pub fn part(&mut self, client: &Client) {
        self.unlink(client);
        self.shares.remove(&client.id);
    }

    fn take_room(&mut self, client: &Client, binding: &Binding) -> Result<(), NoRoom> {
        let is_same = client
            .bound()
            .is_some_and(|before| before.owner == binding.owner);
        if let Some(share) = self.shares.get_mut(&client.id).filter(|_| is_same) {
            return if share.resize(binding.bytes()) {
                Ok(())
            } else {
                Err(NoRoom)
            };
        }
        let share = self
            .room
            .take(binding.owner.clone(), binding.bytes())
            .ok_or(NoRoom)?;
        self.shares.insert(client.id.clone(), share);
        Ok(())
    }

    fn link(&mut self, client: &Client, binding: Binding) {
        for audience in binding.audiences() {
            self.audiences
                .entry(audience)
                .or_default()
                .insert(client.id.clone());
        }
        self.owners
            .entry(binding.owner.clone())
            .or_default()
            .push_back(client.id.clone());
        client.set(Some(Arc::new(binding)));
    }

    fn unlink(&mut self, client: &Client) {
        let Some(binding) = client.bound() else {
            return;
        };
        client.set(None);
        for audience in binding.audiences() {
            if let Some(members) = self.audiences.get_mut(&audience) {
                members.remove(&client.id);
                if members.is_empty() {
                    self.audiences.remove(&audience);
                }
            }
        }
        if let Some(ids) = self.owners.get_mut(&binding.owner) {
            ids.retain(|id| *id != client.id);
            if ids.is_empty() {
                self.owners.remove(&binding.owner);
            }
        }
    }

    /// The oldest client of the owner of this one, if there are too many of them.
    fn one_too_many(&self, client: &Client) -> Option<Arc<Client>> {
        let owner = &client.bound()?.owner;
        let most = if matches!(owner, Actor::Superuser(_)) {
            STREAMS_OF_SUPERUSER
        } else {
            STREAMS_OF_USER
        };
        let ids = self.owners.get(owner).filter(|ids| ids.len() > most)?;
        self.clients.get(ids.front()?).cloned()
    }

    /// Whether anybody may hear of anything.
    pub fn has_audience(&self) -> bool {
        !self.audiences.is_empty()
    }

    /// The clients in these audiences, or in any.
    pub fn concerned(&self, audiences: Option<&[Audience]>) -> Vec<Arc<Client>> {
        let ids: HashSet<_> = match audiences {
            Some(audiences) => audiences
                .iter()
                .filter_map(|audience| self.audiences.get(audience))
                .flatten()
                .collect(),
            None => self.audiences.values().flatten().collect(),
        };
        ids.into_iter()
            .filter_map(|id| self.clients.get(id).cloned())
            .collect()
    }

    /// All clients of an owner.
    pub fn of(&self, owner: &Actor) -> Vec<Arc<Client>> {
        self.owners
            .get(owner)
            .into_iter()
            .flatten()
            .filter_map(|id| self.clients.get(id).cloned())
            .collect()
    }
}
