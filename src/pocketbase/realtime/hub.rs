//! Hub of realtime: connected clients, the task that receives changes, and the thread that delivers them.
//!
//! The task finds by index the subscribers whom a change may concern: the superusers, the user whose record it is, those who
//! are subscribed to that record, and those of the collection, unless its list rule lets nobody hear of it but the user whose record it
//! is. It evaluates nothing. That is done on a blocking thread, one subscriber after the other in
//! the order of their owners' turns, so that nobody waits for what others ask for. While nobody is subscribed, the store is not
//! even asked for its changes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use super::backlog::Backlog;
use super::client::{Client, Owner, Subscription};
use super::message_queue::TotalBytes;
use super::record_event::{self, RecordEvent};
use super::registry::{MemoryExhausted, Registry};
use crate::fair::{Bounds, Budget};
use crate::limits::Source;
use crate::random::NoEntropy;
use crate::records::Records;
use crate::store::Change;

/// Memory of a delivery that waits, beside its share of the event, in bytes.
const DELIVERY_BYTES: usize = 128;

/// Connected clients, and the delivery of changes to them.
pub struct Hub {
    records: Records,
    /// Places for clients.
    places: Budget<Source>,
    /// Bytes that wait to be sent to all of them.
    queued: TotalBytes,
    backlog: Backlog<Delivery>,
    state: Mutex<State>,
}

struct State {
    registry: Registry,
    /// Task that receives changes; there is one while there are subscribers.
    listener: Option<AbortHandle>,
}

/// Event that may have to be sent to a client, with its subscription when the change came.
struct Delivery {
    client: Arc<Client>,
    subscription: Arc<Subscription>,
    event: Arc<RecordEvent>,
}

impl Hub {
    /// Hub for so many clients, of all sources and of one.
    pub fn new(records: Records, clients: Bounds) -> Self {
        Self {
            records,
            places: Budget::new(clients),
            queued: TotalBytes::default(),
            backlog: Backlog::new(),
            state: Mutex::new(State {
                registry: Registry::new(),
                listener: None,
            }),
        }
    }

    /// Adds a client, unless there are too many, in all or of its source.
    pub fn connect(&self, source: Source) -> Result<Option<Arc<Client>>, NoEntropy> {
        let Some(place) = self.places.take(source, 1) else {
            return Ok(None);
        };
        let client = Client::new(&self.records.app.random, &self.queued, place)?;
        let client = Arc::new(client);
        self.state()
            .registry
            .clients
            .insert(client.id.clone(), Arc::clone(&client));
        Ok(Some(client))
    }

    /// Connected client of that id.
    pub fn client(&self, id: &str) -> Option<Arc<Client>> {
        self.state().registry.clients.get(id).cloned()
    }

    /// Replaces the subscription of the client. If its owner has one too many by that, the stream whose subscription is oldest
    /// ends.
    ///
    /// # Errors
    /// [`MemoryExhausted`]; then everything stays as it is.
    pub fn subscribe(
        self: &Arc<Self>,
        client: &Client,
        subscription: Option<Subscription>,
    ) -> Result<(), MemoryExhausted> {
        let mut state = self.state();
        if let Some(surplus) = state.registry.subscribe(client, subscription)? {
            surplus.queue.close();
        }
        state.start_or_stop_listener(self);
        Ok(())
    }

    /// Removes the client, which is connected no more.
    pub fn disconnect(self: &Arc<Self>, client: &Client) {
        let mut state = self.state();
        state.registry.unsubscribe(client);
        state.registry.clients.remove(&client.id);
        client.queue.close();
        state.start_or_stop_listener(self);
    }

    async fn listen(
        self: Arc<Self>,
        mut changes: broadcast::Receiver<Arc<Change>>,
        mut replaced: watch::Receiver<()>,
    ) {
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                Ok(()) = replaced.changed() => {
                    self.end_all_streams();
                    continue;
                }
            };
            match change {
                Ok(change) => self.enqueue(change).await,
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(
                        missed,
                        "changes come faster than subscribers can be told; all are cut"
                    );
                    self.end_all_streams();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Ends the streams of all subscribers. Whoever missed something has to know: a client connects again, and reads anew.
    fn end_all_streams(&self) {
        let clients = self.state().registry.subscribers();
        for client in clients {
            client.queue.close();
        }
    }

    /// Adds a delivery for each subscriber whom the change may concern.
    async fn enqueue(self: &Arc<Self>, change: Arc<Change>) {
        let audiences = record_event::audiences(&self.records.rules(), &change.record);
        let clients = self.state().registry.clients_in(&audiences);
        if clients.is_empty() {
            return;
        }
        let event = Arc::new(RecordEvent::new(&self.records, change));
        let bytes = DELIVERY_BYTES + event.bytes() / clients.len();
        for client in clients {
            if let Some(subscription) = client.subscription() {
                let event = Arc::clone(&event);
                let delivery = Delivery {
                    client,
                    subscription,
                    event,
                };
                self.enqueue_delivery(delivery, bytes);
                tokio::task::coop::consume_budget().await;
            }
        }
    }

    /// Adds a delivery, and starts the thread that makes it: before anything is waited for, since the listener may be ended
    /// there.
    fn enqueue_delivery(self: &Arc<Self>, delivery: Delivery, bytes: usize) {
        let owner = delivery.subscription.owner.clone();
        for flooded in self.backlog.push(&owner, delivery, bytes) {
            self.end_streams_of(&flooded);
        }
        if self.backlog.start_draining() {
            let hub = Arc::clone(self);
            tokio::task::spawn_blocking(move || hub.deliver_all());
        }
    }

    /// Ends the streams of an owner for whom changes come faster than they can be delivered.
    fn end_streams_of(self: &Arc<Self>, owner: &Owner) {
        tracing::info!(
            ?owner,
            "changes come faster than this subscriber's streams can be told; they are cut"
        );
        let clients = self.state().registry.clients_of_owner(owner);
        for client in clients {
            self.end_stream(&client);
        }
    }

    /// Ends the stream of the client, and its subscription.
    fn end_stream(self: &Arc<Self>, client: &Client) {
        client.queue.close();
        let mut state = self.state();
        state.registry.unsubscribe(client);
        state.start_or_stop_listener(self);
    }

    /// Makes all deliveries that wait; not for a thread that others wait for.
    fn deliver_all(self: Arc<Self>) {
        while let Some(delivery) = self.backlog.next() {
            let delivered = catch_unwind(AssertUnwindSafe(|| delivery.deliver()));
            if !matches!(delivered, Ok(true)) {
                self.end_stream(&delivery.client);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// Listens to the store while there are subscribers, and only then.
    fn start_or_stop_listener(&mut self, hub: &Arc<Hub>) {
        if !self.registry.has_subscribers() {
            if let Some(listener) = self.listener.take() {
                listener.abort();
            }
        } else if self.listener.is_none() {
            let store = &hub.records.app.store;
            let task = Arc::clone(hub).listen(store.changes(), store.replaced());
            self.listener = Some(tokio::spawn(task).abort_handle());
        }
    }
}

impl Delivery {
    /// Puts the messages into the queue of the client. False when the client misses something: its queue is closed, or its
    /// filters are too costly.
    fn deliver(&self) -> bool {
        if self.client.queue.is_closed() {
            return false;
        }
        let messages = self.event.messages(&self.client.id, &self.subscription);
        match Handle::current().block_on(messages) {
            Ok(messages) => messages
                .into_iter()
                .all(|message| self.client.queue.push(message)),
            Err(error) => {
                tracing::debug!(%error, "a subscriber is cut");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::topic::Topic;
    use super::*;
    use crate::app::App;
    use crate::auth::Principal;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::domain::{Actor, IdType, OpenId, RecordId, TokenKey, User};
    use crate::random::Random;
    use crate::store::{Location, Record};

    const SUBSCRIBERS: usize = 10_000;

    fn source() -> Source {
        std::net::IpAddr::from([127, 0, 0, 1]).into()
    }

    async fn hub() -> Arc<Hub> {
        let (config, clock) = (Config::default(), Clock::manual(Timestamp::UNIX_EPOCH));
        let app = App::new(config, &Location::memory(), clock, Random::seeded(1))
            .await
            .unwrap();
        Arc::new(Hub::new(
            Records::new(&app),
            Bounds {
                all: SUBSCRIBERS,
                each: SUBSCRIBERS,
            },
        ))
    }

    fn user(n: usize) -> User {
        let (id, openid) = (format!("u{n:014}"), format!("o_{n}"));
        let (id, openid) = (
            RecordId::parse(&id).unwrap(),
            OpenId::parse(&openid).unwrap(),
        );
        let key = TokenKey::new([7; 16]);
        User::new(
            id,
            openid,
            IdType::WeChat,
            uuid::Uuid::nil(),
            key,
            Timestamp::UNIX_EPOCH,
        )
    }

    fn subscription(hub: &Hub, user: User, topics: &[&str]) -> Subscription {
        let who = Principal::User(Box::new(user));
        let (app, schemas) = (&hub.records.app, hub.records.schemas());
        let topics = topics
            .iter()
            .filter_map(|topic| Topic::parse(topic, false, &app.collections(), &schemas));
        let owner = Owner::new(Some(&who), source());
        Subscription::new(Some(String::new()), owner, topics.collect())
    }

    fn is_listening(hub: &Hub) -> bool {
        hub.state().listener.is_some()
    }

    #[tokio::test]
    async fn the_store_is_listened_to_only_while_somebody_may_hear_something() {
        let hub = hub().await;
        let (first, second) = (
            hub.connect(source()).unwrap().unwrap(),
            hub.connect(source()).unwrap().unwrap(),
        );
        hub.subscribe(&first, None).unwrap();
        hub.subscribe(
            &first,
            Some(subscription(&hub, user(1), &["_superusers/*", "nothing"])),
        )
        .unwrap();
        assert!(!is_listening(&hub));
        for client in [&first, &second] {
            hub.subscribe(
                client,
                Some(subscription(
                    &hub,
                    user(1),
                    &["tbl_auth_users/*", "tbl_auth_users"],
                )),
            )
            .unwrap();
            assert!(is_listening(&hub));
        }
        hub.disconnect(&first);
        assert!(is_listening(&hub));
        hub.subscribe(&second, Some(subscription(&hub, user(1), &[])))
            .unwrap();
        assert!(!is_listening(&hub) && !hub.state().registry.has_subscribers());
        hub.subscribe(
            &first,
            Some(subscription(&hub, user(1), &["tbl_auth_users/*"])),
        )
        .unwrap();
        assert!(!is_listening(&hub), "a client that has left was bound");
    }

    #[tokio::test]
    async fn of_ten_thousand_subscribers_a_change_is_looked_at_for_those_whom_it_concerns() {
        let hub = hub().await;
        for n in 0..SUBSCRIBERS {
            let client = hub.connect(source()).unwrap().unwrap();
            hub.subscribe(
                &client,
                Some(subscription(
                    &hub,
                    user(n),
                    &["tbl_auth_users/*", "tbl_company/acme00000000000"],
                )),
            )
            .unwrap();
        }
        assert!(hub.connect(source()).unwrap().is_none());
        let concerned = |record| {
            hub.state()
                .registry
                .clients_in(&record_event::audiences(&hub.records.rules(), &record))
        };
        let one = concerned(Record::User(user(77)));
        assert_eq!(one.len(), 1);
        assert_eq!(
            one[0].subscription().unwrap().owner,
            Owner::Account(Actor::User(user(77).id))
        );
        assert!(concerned(Record::User(user(SUBSCRIBERS))).is_empty());
        let at = Timestamp::UNIX_EPOCH;
        let id = RecordId::parse("acme00000000000").unwrap();
        let company = crate::domain::Company {
            id,
            number: 1,
            company_id: String::new(),
            columns: "{}".into(),
            created: at,
            updated: at,
        };
        assert_eq!(concerned(Record::Company(company)).len(), SUBSCRIBERS);
    }
}
