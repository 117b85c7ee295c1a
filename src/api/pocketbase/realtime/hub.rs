//! Who is subscribed to what, and the one task that tells them.
//!
//! A change is looked at by one task, and only the subscribers whom it may concern are: the superusers, the user whose record it
//! is, those who asked for that company. Nobody else is woken, however many there are; and while nobody is subscribed, the
//! store is not even asked for its changes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use super::super::Context;
use super::event::{self, Event};
use super::queue::{Queue, Total};
use super::topic::Topic;
use crate::auth::Who;
use crate::domain::Kind;
use crate::random::{NoEntropy, Random};
use crate::store::Change;

/// Characters of a client's id, as PocketBase has it.
const ID_LEN: usize = 40;

/// Those who are connected.
pub struct Hub {
    context: Context,
    /// The most clients at once.
    capacity: usize,
    /// What waits to be sent to all of them.
    waiting: Total,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    clients: HashMap<String, Arc<Client>>,
    audiences: HashMap<Audience, HashSet<String>>,
    /// The task that tells of changes; there is one while there is an audience.
    teller: Option<AbortHandle>,
}

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
}

/// Whose client it is, and what it wants to hear of.
pub struct Binding {
    pub token: String,
    pub who: Who,
    pub topics: Vec<Topic>,
}

impl Hub {
    pub fn new(context: Context, capacity: usize) -> Self {
        Self { context, capacity, waiting: Total::default(), state: Mutex::default() }
    }

    /// A new client, unless there are too many.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn join(&self) -> Result<Option<Arc<Client>>, NoEntropy> {
        let id = client_id(&self.context.app.random)?;
        let mut state = self.state();
        if state.clients.len() >= self.capacity {
            return Ok(None);
        }
        let client = Arc::new(Client {
            id: id.clone(),
            queue: Queue::new(&self.waiting),
            binding: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        });
        state.clients.insert(id, Arc::clone(&client));
        Ok(Some(client))
    }

    /// The client of that id, if it is connected.
    pub fn client(&self, id: &str) -> Option<Arc<Client>> {
        self.state().clients.get(id).cloned()
    }

    /// Sets whose the client is and what it hears of from now on.
    pub fn bind(self: &Arc<Self>, client: &Client, binding: Option<Binding>) {
        let binding = binding.map(Arc::new);
        let mut state = self.state();
        if !state.clients.contains_key(&client.id) {
            return;
        }
        state.part(client);
        for audience in binding.iter().flat_map(|binding| binding.audiences()) {
            state.audiences.entry(audience).or_default().insert(client.id.clone());
        }
        *client.binding() = binding;
        state.settle(self);
    }

    /// Forgets the client, which is connected no more.
    pub fn leave(self: &Arc<Self>, client: &Client) {
        let mut state = self.state();
        state.part(client);
        state.clients.remove(&client.id);
        state.settle(self);
    }

    async fn tell_all(
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
                Ok(change) => self.tell(&change).await,
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "changes come faster than subscribers can be told; all are cut");
                    self.cut_all();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Whoever missed something has to know: a client that is cut connects again, and reads anew.
    fn cut_all(&self) {
        self.state().concerned(None).iter().for_each(|client| client.queue.close());
    }

    async fn tell(self: &Arc<Self>, change: &Change) {
        let concerned = self.state().concerned(Some(&event::audiences(&change.record)));
        if concerned.is_empty() {
            return;
        }
        let event = Event::new(&self.context, change);
        for client in concerned {
            let Some(binding) = client.bound() else { continue };
            for message in event.messages(&client.id, &binding).await {
                if !client.queue.push(message) {
                    self.bind(&client, None);
                    break;
                }
            }
            tokio::task::coop::consume_budget().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the client out of its audiences.
    fn part(&mut self, client: &Client) {
        let Some(binding) = client.bound() else { return };
        for audience in binding.audiences() {
            if let Some(members) = self.audiences.get_mut(&audience) {
                members.remove(&client.id);
                if members.is_empty() {
                    self.audiences.remove(&audience);
                }
            }
        }
    }

    /// Listens to the store if there is an audience, and only then.
    fn settle(&mut self, hub: &Arc<Hub>) {
        if self.audiences.is_empty() {
            if let Some(teller) = self.teller.take() {
                teller.abort();
            }
        } else if self.teller.is_none() {
            let store = &hub.context.app.store;
            let task = Arc::clone(hub).tell_all(store.changes(), store.replaced());
            self.teller = Some(tokio::spawn(task).abort_handle());
        }
    }

    /// The clients in these audiences, or in any.
    fn concerned(&self, audiences: Option<&[Audience]>) -> Vec<Arc<Client>> {
        let ids: HashSet<_> = match audiences {
            Some(audiences) => {
                audiences.iter().filter_map(|audience| self.audiences.get(audience)).flatten().collect()
            }
            None => self.audiences.values().flatten().collect(),
        };
        ids.into_iter().filter_map(|id| self.clients.get(id).cloned()).collect()
    }
}

impl Client {
    /// Whose it is now.
    pub fn bound(&self) -> Option<Arc<Binding>> {
        self.binding().clone()
    }

    fn binding(&self) -> MutexGuard<'_, Option<Arc<Binding>>> {
        self.binding.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Binding {
    fn audiences(&self) -> HashSet<Audience> {
        let of = |topic: &Topic| match (&self.who, &topic.id) {
            (Who::Superuser(_), _) => Audience::Superusers,
            (Who::User(user), None) => Audience::Of(topic.kind, user.id.to_string()),
            (Who::User(_), Some(id)) => Audience::Of(topic.kind, id.clone()),
        };
        self.topics.iter().map(of).collect()
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::api::limits::Limits;
    use crate::app::App;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::domain::{IdType, NewUser, OpenId, RecordId, TokenKey, User};
    use crate::store::{Location, Record};

    const SUBSCRIBERS: usize = 10_000;

    async fn hub() -> Arc<Hub> {
        let (config, clock) = (Config::default(), Clock::manual(Timestamp::UNIX_EPOCH));
        let limits = Arc::new(Limits::new(&config.limits, clock.clone()));
        let app = App::new(config, &Location::memory(), clock, Random::seeded(1)).await.unwrap();
        Arc::new(Hub::new(Context::new(&app, &limits), SUBSCRIBERS))
    }

    fn user(n: usize) -> User {
        let (id, openid) = (format!("u{n:014}"), format!("o_{n}"));
        let (id, openid) = (RecordId::parse(&id).unwrap(), OpenId::parse(&openid).unwrap());
        let key = TokenKey::new([7; 16]);
        NewUser::new(id, openid, IdType::WeChat, uuid::Uuid::nil(), key, Timestamp::UNIX_EPOCH)
            .numbered(crate::domain::UserNumber(1))
    }

    fn binding(hub: &Hub, user: User, topics: &[&str]) -> Binding {
        let who = Who::User(Box::new(user));
        let (app, schemas) = (&hub.context.app, hub.context.schemas());
        let topics = topics.iter().filter_map(|topic| Topic::parse(topic, &who, app.collections(), schemas));
        Binding { token: String::new(), topics: topics.collect(), who }
    }

    fn is_listening(hub: &Hub) -> bool {
        hub.state().teller.is_some()
    }

    #[tokio::test]
    async fn the_store_is_listened_to_only_while_somebody_may_hear_something() {
        let hub = hub().await;
        let (first, second) = (hub.join().unwrap().unwrap(), hub.join().unwrap().unwrap());
        hub.bind(&first, None);
        hub.bind(&first, Some(binding(&hub, user(1), &["tbl_company/*", "nothing"])));
        assert!(!is_listening(&hub));
        for client in [&first, &second] {
            hub.bind(client, Some(binding(&hub, user(1), &["tbl_auth_users/*", "tbl_auth_users"])));
            assert!(is_listening(&hub));
        }
        hub.leave(&first);
        assert!(is_listening(&hub));
        hub.bind(&second, Some(binding(&hub, user(1), &[])));
        assert!(!is_listening(&hub) && hub.state().audiences.is_empty());
        hub.bind(&first, Some(binding(&hub, user(1), &["tbl_auth_users/*"])));
        assert!(!is_listening(&hub), "a client that has left was bound");
    }

    #[tokio::test]
    async fn of_ten_thousand_subscribers_a_change_is_looked_at_for_those_whom_it_concerns() {
        let hub = hub().await;
        for n in 0..SUBSCRIBERS {
            let client = hub.join().unwrap().unwrap();
            hub.bind(
                &client,
                Some(binding(&hub, user(n), &["tbl_auth_users/*", "tbl_company/acme00000000000"])),
            );
        }
        assert!(hub.join().unwrap().is_none());
        let concerned = |record| hub.state().concerned(Some(&event::audiences(&record)));
        let one = concerned(Record::User(user(77)));
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].bound().unwrap().who.id().as_str(), "u00000000000077");
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
