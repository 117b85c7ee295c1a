//! Registry of connected clients, with their subscriptions by audience and by owner.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::client::{Audience, Client, Owner, Subscription};
use crate::domain::Actor;
use crate::fair::{Bounds, Budget, Share};

/// Streams that a user may have: the devices of one person, and those that lost their connection and came again.
const STREAMS_OF_USER: usize = 20;
const STREAMS_OF_SUPERUSER: usize = 200;

/// Bytes that all subscriptions may take, and those of one owner.
const BYTES: Bounds = Bounds {
    all: 16 << 20,
    each: 4 << 20,
};

/// Refusal of a subscription: there is no memory left for it, in all or for its owner.
#[derive(Debug)]
pub struct MemoryExhausted;

pub struct Registry {
    pub clients: HashMap<String, Arc<Client>>,
    audiences: HashMap<Audience, HashSet<String>>,
    /// Clients of each owner, those whose subscription is oldest first.
    owners: HashMap<Owner, VecDeque<String>>,
    memory: Budget<Owner>,
    /// Memory that the subscription of each client takes.
    shares: HashMap<String, Share<Owner>>,
}

impl Registry {
    pub fn new() -> Self {
        Self {
            clients: HashMap::new(),
            audiences: HashMap::new(),
            owners: HashMap::new(),
            memory: Budget::new(BYTES),
            shares: HashMap::new(),
        }
    }

    /// Replaces the subscription of the client. The result is another client, whose subscription ended because its owner has
    /// too many.
    ///
    /// # Errors
    /// [`MemoryExhausted`]; then everything stays as it is.
    pub fn subscribe(
        &mut self,
        client: &Client,
        subscription: Option<Subscription>,
    ) -> Result<Option<Arc<Client>>, MemoryExhausted> {
        if !self.clients.contains_key(&client.id) {
            return Ok(None);
        }
        let Some(subscription) = subscription else {
            self.unsubscribe(client);
            return Ok(None);
        };
        self.reserve_memory(client, &subscription)?;
        self.unlink(client);
        self.link(client, subscription);
        let surplus = self.surplus_client(client);
        if let Some(surplus) = &surplus {
            self.unsubscribe(surplus);
        }
        Ok(surplus)
    }

    /// Ends the subscription of the client.
    pub fn unsubscribe(&mut self, client: &Client) {
        self.unlink(client);
        self.shares.remove(&client.id);
    }

    fn reserve_memory(
        &mut self,
        client: &Client,
        subscription: &Subscription,
    ) -> Result<(), MemoryExhausted> {
        let is_same_owner = client
            .subscription()
            .is_some_and(|before| before.owner == subscription.owner);
        if let Some(share) = self.shares.get_mut(&client.id)
            && is_same_owner
        {
            return if share.resize(subscription.bytes()) {
                Ok(())
            } else {
                Err(MemoryExhausted)
            };
        }
        let share = self
            .memory
            .take(subscription.owner.clone(), subscription.bytes())
            .ok_or(MemoryExhausted)?;
        self.shares.insert(client.id.clone(), share);
        Ok(())
    }

    fn link(&mut self, client: &Client, subscription: Subscription) {
        for audience in subscription.audiences() {
            self.audiences
                .entry(audience)
                .or_default()
                .insert(client.id.clone());
        }
        self.owners
            .entry(subscription.owner.clone())
            .or_default()
            .push_back(client.id.clone());
        client.set_subscription(Some(Arc::new(subscription)));
    }

    fn unlink(&mut self, client: &Client) {
        let Some(subscription) = client.subscription() else {
            return;
        };
        client.set_subscription(None);
        for audience in subscription.audiences() {
            self.remove_from_audience(&audience, &client.id);
        }
        self.remove_from_owner(&subscription.owner, &client.id);
    }

    fn remove_from_audience(&mut self, audience: &Audience, client_id: &str) {
        if let Some(ids) = self.audiences.get_mut(audience) {
            ids.remove(client_id);
            if ids.is_empty() {
                self.audiences.remove(audience);
            }
        }
    }

    fn remove_from_owner(&mut self, owner: &Owner, client_id: &str) {
        if let Some(ids) = self.owners.get_mut(owner) {
            ids.retain(|id| id != client_id);
            if ids.is_empty() {
                self.owners.remove(owner);
            }
        }
    }

    /// Oldest client of the owner of this one, if there are too many of them.
    fn surplus_client(&self, client: &Client) -> Option<Arc<Client>> {
        let owner = &client.subscription()?.owner;
        let max = match owner {
            Owner::Account(Actor::Superuser(_)) => STREAMS_OF_SUPERUSER,
            Owner::Account(_) => STREAMS_OF_USER,
            // They are many people, who have the places of their source.
            Owner::Guests(_) => return None,
        };
        let ids = self.owners.get(owner).filter(|ids| ids.len() > max)?;
        self.clients.get(ids.front()?).cloned()
    }

    /// Whether there are subscribers of anything.
    pub fn has_subscribers(&self) -> bool {
        !self.audiences.is_empty()
    }

    /// All clients with a subscription.
    pub fn subscribers(&self) -> Vec<Arc<Client>> {
        self.clients_of(self.audiences.values().flatten())
    }

    /// Clients in any of these audiences.
    pub fn clients_in(&self, audiences: &[Audience]) -> Vec<Arc<Client>> {
        let members = audiences
            .iter()
            .filter_map(|audience| self.audiences.get(audience));
        self.clients_of(members.flatten())
    }

    /// Clients of an owner.
    pub fn clients_of_owner(&self, owner: &Owner) -> Vec<Arc<Client>> {
        self.clients_of(self.owners.get(owner).into_iter().flatten())
    }

    /// Clients of these ids, each once.
    fn clients_of<'a>(&self, ids: impl Iterator<Item = &'a String>) -> Vec<Arc<Client>> {
        let ids: HashSet<_> = ids.collect();
        ids.into_iter()
            .filter_map(|id| self.clients.get(id).cloned())
            .collect()
    }
}
