//! The composition root: everything that operations work with, put together once.

mod events;
mod set_up;

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

pub use self::events::Events;
pub use self::set_up::{SET_UP_TIME, SetUp};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{Collections, ServerKey};
use crate::password::{Cost, Passwords};
use crate::random::Random;
use crate::store::{Location, Store};
use crate::token::{Keys, Tokens};
use crate::{password, random, store, wechat};

/// What the operations need.
pub struct App {
    /// Settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Random bytes.
    pub random: Random,
    /// The records.
    pub store: Store,
    /// The collections that the records are shown in.
    pub collections: Collections,
    /// Password hashing.
    pub passwords: Passwords,
    /// Tokens.
    pub tokens: Tokens,
    /// WeChat.
    pub wechat: wechat::Client,
    /// What was noted and is not written yet.
    pub events: Events,
    /// The link for the first superuser.
    pub set_up: SetUp,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The password hashing.
    #[error(transparent)]
    Password(#[from] password::Error),
    /// The random generator.
    #[error(transparent)]
    Random(#[from] random::NoEntropy),
    /// The token keys.
    #[error("the token keys in the database cannot be used")]
    Keys,
}

impl App {
    /// Opens the store at `location` and puts everything together.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn new(
        config: Config,
        location: &Location,
        clock: Clock,
        random: Random,
    ) -> Result<Arc<Self>, StartError> {
        let store = Store::open(location, config.store.cache_mib << 20)?;
        let stored_keys = token_keys(&store, &clock, &random).await?;
        let keys = Keys::new(&stored_keys).ok_or(StartError::Keys)?;
        let collections = collections(&store, &stored_keys)?;
        let passwords = passwords(&config)?;
        let wechat = wechat::Client::new(&config.wechat, clock.clone(), random.clone());
        let tokens = Tokens::new(keys);
        let (events, set_up) = (Events::default(), SetUp::default());
        Ok(Arc::new(Self {
            config,
            clock,
            random,
            store,
            collections,
            passwords,
            tokens,
            wechat,
            events,
            set_up,
        }))
    }
}

/// The stored keys; at the first start, one that is made now.
async fn token_keys(store: &Store, clock: &Clock, random: &Random) -> Result<Vec<ServerKey>, StartError> {
    let mut stored = store.token_keys()?;
    if stored.is_empty() {
        let key = ServerKey { secret: random.bytes()?, created: clock.now() };
        store.add_token_key(key.clone(), clock.now()).await?;
        stored.push(key);
    }
    Ok(stored)
}

/// The collections; those that were not imported are as old as the oldest token key.
fn collections(store: &Store, keys: &[ServerKey]) -> Result<Collections, StartError> {
    let born = keys.iter().map(|key| key.created).min().unwrap_or_default();
    Ok(store.collections()?.unwrap_or_else(|| Collections::new(born)))
}

fn passwords(config: &Config) -> Result<Passwords, password::Error> {
    let cost = |n: usize| u32::try_from(n).map_err(|_| password::Error::Cost);
    let threads = match config.password.threads {
        0 => thread::available_parallelism().map_or(1, NonZero::get),
        threads => threads,
    };
    let cost = Cost {
        log_n: u8::try_from(config.password.log_n).map_err(|_| password::Error::Cost)?,
        r: cost(config.password.r)?,
        p: cost(config.password.p)?,
    };
    Passwords::new(cost, threads, config.password.queue)
}
