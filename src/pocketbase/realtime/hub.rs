//! Subscribers and their topics, the task that hears of changes, and the thread that tells of them.
//!
//! The task finds by index the subscribers whom a change may concern: the superusers, the user whose record it is, those who
//! asked for that company. It evaluates nothing. That is done on a blocking thread, one subscriber after the other in the order
//! of their owners' turns, so that nobody hears late because of what others ask. While nobody is subscribed, the store is not
//! even asked for its changes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use super::super::Context;
use super::backlog::Backlog;
use super::client::{Binding, Client};
use super::event::{self, Event};
use super::queue::Total;
use super::register::{NoRoom, Register};
use crate::domain::Actor;
use crate::fair::{Bounds, Budget};
use crate::limits::Source;
use crate::random::NoEntropy;
use crate::store::Change;

/// Memory of a change that waits, for each who may hear of it and beside its record, in bytes.
const WORK: usize = 128;

/// Those who are connected.
pub struct Hub {
    context: Context,
    /// Places for clients.
    places: Budget<Source>,
    /// What waits to be sent to all of them.
    waiting: Total,
    backlog: Backlog<Work>,
    state: Mutex<State>,
}

struct State {
    register: Register,
    /// The task that hears of changes; there is one while there is an audience.
    listener: Option<AbortHandle>,
}

/// A change that a client may have to be told of, with its subscription when the change came.
struct Work {
    client: Arc<Client>,
    binding: Arc<Binding>,
    event: Arc<Event>,
}

impl Hub {
    /// A hub for so many clients, of all sources and of one.
    pub fn new(context: Context, places: Bounds) -> Self {
        let places = Budget::new(places);
        let state = Mutex::new(State {
            register: Register::new(),
            listener: None,
        });
        Self {
            context,
            places,
            waiting: Total::default(),
            backlog: Backlog::new(),
            state,
        }
    }

    /// A new client, unless there are too many, in all or of its source.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn join(&self, source: Source) -> Result<Option<Arc<Client>>, NoEntropy> {
        let Some(place) = self.places.take(source, 1) else {
            return Ok(None);
        };
        let client = Arc::new(Client::new(&self.context.app.random, &self.waiting, place)?);
        let mut state = self.state();
        state
            .register
            .clients
            .insert(client.id.clone(), Arc::clone(&client));
        Ok(Some(client))
    }

    /// The client of that id, if it is connected.
    pub fn client(&self, id: &str) -> Option<Arc<Client>> {
        self.state().register.clients.get(id).cloned()
    }

    /// Sets whose the client is and what it hears of from now on. If its owner has one too many by that, the one whose
    /// subscription is oldest is cut.
    ///
    /// # Errors
    /// [`NoRoom`]; then everything stays as it is.
    pub fn bind(self: &Arc<Self>, client: &Client, binding: Option<Binding>) -> Result<(), NoRoom> {
        let mut state = self.state();
        if let Some(oldest) = state.register.bind(client, binding)? {
            oldest.queue.close();
        }
        state.settle(self);
        Ok(())
    }

    /// Forgets the client, which is connected no more.
    pub fn leave(self: &Arc<Self>, client: &Client) {
        let mut state = self.state();
        state.register.part(client);
        state.register.clients.remove(&client.id);
        client.queue.close();
        state.settle(self);
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
                    self.cut_all();
                    continue;
                }
            };
            match change {
                Ok(change) => self.hear(change).await,
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(
                        missed,
                        "changes come faster than subscribers can be told; all are cut"
                    );
                    self.cut_all();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Whoever missed something has to know: a client that is cut connects again, and reads anew.
    fn cut_all(&self) {
        self.state()
            .register
            .concerned(None)
            .iter()
            .for_each(|client| client.queue.close());
    }

    /// Notes for each whom the change may concern that they may have to be told.
    async fn hear(self: &Arc<Self>, change: Arc<Change>) {
        let concerned = self
            .state()
            .register
            .concerned(Some(&event::audiences(&change.record)));
        if concerned.is_empty() {
            return;
        }
        let event = Arc::new(Event::new(&self.context, change));
        let bytes = WORK + event.bytes() / concerned.len();
        for client in concerned {
            let Some(binding) = client.bound() else {
                continue;
            };
            let owner = binding.owner.clone();
            let work = Work {
                client,
                binding,
                event: Arc::clone(&event),
            };
            for flooded in self.backlog.push(&owner, work, bytes) {
                self.cut_owner(&flooded);
            }
            // Begun before anything is waited for: this task may be ended there.
            if self.backlog.begin() {
                let hub = Arc::clone(self);
                tokio::task::spawn_blocking(move || hub.tell_all());
            }
            tokio::task::coop::consume_budget().await;
        }
    }

    /// Cuts the streams of an owner for whom changes come faster than they can be told.
    fn cut_owner(self: &Arc<Self>, owner: &Actor) {
        tracing::info!(owner = owner.name(), id = ?owner.id(), "changes come faster than this subscriber's streams can be told; they are cut");
        let clients = self.state().register.of(owner);
        for client in clients {
            self.cut(&client);
        }
    }

    /// Gives the client up: it becomes nobody's, and its stream ends.
    fn cut(self: &Arc<Self>, client: &Client) {
        client.queue.close();
        let mut state = self.state();
        state.register.part(client);
        state.settle(self);
    }

    /// Tells of all that waits; not for a thread that others wait for.
    fn tell_all(self: Arc<Self>) {
        while let Some(work) = self.backlog.next() {
            if !matches!(catch_unwind(AssertUnwindSafe(|| work.tell())), Ok(true)) {
                self.cut(&work.client);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// Listens to the store if there is an audience, and only then.
    fn settle(&mut self, hub: &Arc<Hub>) {
        if !self.register.has_audience() {
            if let Some(listener) = self.listener.take() {
                listener.abort();
            }
        } else if self.listener.is_none() {
            let store = &hub.context.app.store;
            let task = Arc::clone(hub).listen(store.changes(), store.replaced());
            self.listener = Some(tokio::spawn(task).abort_handle());
        }
    }
}

impl Work {
    /// Tells the client; false when it misses something: it was given up before, takes too little, or asks too much.
    fn tell(&self) -> bool {
        if self.client.queue.is_closed() {
            return false;
        }
        match Handle::current().block_on(self.event.messages(&self.client.id, &self.binding)) {
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
    use crate::domain::{IdType, OpenId, RecordId, TokenKey, User};
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
            Context::new(&app),
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

    fn binding(hub: &Hub, user: User, topics: &[&str]) -> Binding {
        let who = Principal::User(Box::new(user));
        let (app, schemas) = (&hub.context.app, hub.context.records.schemas());
        let topics = topics
            .iter()
            .filter_map(|topic| Topic::parse(topic, &who, &app.collections(), &schemas));
        Binding::new(String::new(), &who, topics.collect())
    }

    fn is_listening(hub: &Hub) -> bool {
        hub.state().listener.is_some()
    }

    #[tokio::test]
    async fn the_store_is_listened_to_only_while_somebody_may_hear_something() {
        let hub = hub().await;
        let (first, second) = (
            hub.join(source()).unwrap().unwrap(),
            hub.join(source()).unwrap().unwrap(),
        );
        hub.bind(&first, None).unwrap();
        hub.bind(
            &first,
            Some(binding(&hub, user(1), &["tbl_company/*", "nothing"])),
        )
        .unwrap();
        assert!(!is_listening(&hub));
        for client in [&first, &second] {
            hub.bind(
                client,
                Some(binding(
                    &hub,
                    user(1),
                    &["tbl_auth_users/*", "tbl_auth_users"],
                )),
            )
            .unwrap();
            assert!(is_listening(&hub));
        }
        hub.leave(&first);
        assert!(is_listening(&hub));
        hub.bind(&second, Some(binding(&hub, user(1), &[])))
            .unwrap();
        assert!(!is_listening(&hub) && !hub.state().register.has_audience());
        hub.bind(&first, Some(binding(&hub, user(1), &["tbl_auth_users/*"])))
            .unwrap();
        assert!(!is_listening(&hub), "a client that has left was bound");
    }

    #[tokio::test]
    async fn of_ten_thousand_subscribers_a_change_is_looked_at_for_those_whom_it_concerns() {
        let hub = hub().await;
        for n in 0..SUBSCRIBERS {
            let client = hub.join(source()).unwrap().unwrap();
            hub.bind(
                &client,
                Some(binding(
                    &hub,
                    user(n),
                    &["tbl_auth_users/*", "tbl_company/acme00000000000"],
                )),
            )
            .unwrap();
        }
        assert!(hub.join(source()).unwrap().is_none());
        let concerned = |record| {
            hub.state()
                .register
                .concerned(Some(&event::audiences(&record)))
        };
        let one = concerned(Record::User(user(77)));
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].bound().unwrap().owner, Actor::User(user(77).id));
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
