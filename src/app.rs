//! The composition root: everything that operations work with, put together once.

mod audit_log;
pub mod login_counts;
pub mod probes;
mod set_up_link;
mod unsettled;
pub mod webhooks;

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

pub use self::audit_log::AuditLog;
use self::login_counts::{LoginCounts, LoginHours};
use self::probes::Probes;
pub use self::set_up_link::{SET_UP_LINK_LIFETIME, SetUpLink};
use self::unsettled::Unsettled;
use self::webhooks::Webhooks;
use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::{Mutex, OnceCell};

use crate::avatars::Pictures;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{Actor, AuditEvent, Backups, Collections, EventKind, HookId, ServerKey};
use crate::fair::Bounds;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::password::{Cost, Passwords};
use crate::random::Random;
use crate::store::{Location, Outbox, PostgresSettings, Remembered, Store};
use crate::token::{Keys, Tokens};
use crate::{password, random, store, wechat};

/// Pause before the state is read again that could not be read.
const FOLLOW_PAUSE: Duration = Duration::from_secs(1);

/// Everything that the operations work with.
pub struct App {
    /// Settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Random bytes.
    pub random: Random,
    /// The records.
    pub store: Store,
    collections: ArcSwap<Collections>,
    generation: AtomicUsize,
    /// Number of the state that is followed.
    state_number: AtomicI64,
    /// Held by who follows the state, so that the last one has read what all others stored.
    following: Mutex<()>,
    /// Held while the state is replaced.
    replacing: parking_lot::Mutex<()>,
    /// Password hashing.
    pub passwords: Passwords,
    /// Tokens.
    pub tokens: Tokens,
    /// Attempts, repetitions and lookups, counted.
    pub limits: Limits,
    /// Checks of pictures, and small ones.
    pub pictures: Pictures,
    /// Registrations whose outcome was not known.
    pub unsettled: Unsettled,
    /// WeChat.
    pub wechat: wechat::Client,
    /// Counters of all of these.
    pub metrics: Metrics,
    /// Audit events that are not written yet.
    pub audit_log: AuditLog,
    /// Logins since the server started, by hour and outcome.
    pub login_counts: LoginCounts,
    /// Logins before that, counted when somebody asks first.
    pub earlier_logins: OnceCell<LoginHours>,
    /// Time at which the server started.
    pub started: Timestamp,
    /// State of the scheduled backups.
    pub backups: Backups,
    /// Held while the whole file is backed up, restored or compacted: one of these at a time.
    pub maintenance: Arc<Mutex<()>>,
    /// The link by which the first superuser is created.
    pub set_up_link: SetUpLink,
    /// Probes of the way from the public URL to here.
    pub probes: Arc<Probes>,
    /// State of the webhooks.
    pub webhooks: Webhooks,
}

/// Reason why the server does not start.
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
    /// The collections that the records are shown in.
    pub fn collections(&self) -> Arc<Collections> {
        self.collections.load_full()
    }

    /// Number of times that another database has taken the place of this one.
    pub fn generation(&self) -> usize {
        self.generation.load(Ordering::Acquire)
    }

    /// Name of the database in messages.
    #[must_use]
    pub fn database(&self) -> String {
        match self.store.postgres() {
            Some(postgres) => postgres.name().to_owned(),
            None => self.config.store.path.display().to_string(),
        }
    }

    /// A new audit event of now.
    #[must_use]
    pub fn event(&self, kind: EventKind, actor: Actor) -> AuditEvent {
        AuditEvent::new(self.clock.now(), kind, actor)
    }

    /// Adds an event to the audit log, without waiting for anything.
    pub fn audit(&self, event: AuditEvent) {
        self.login_counts.count(&event);
        self.audit_log.record(event);
    }

    /// Follows the state whenever another server has changed it, for ever.
    pub async fn follow_others(&self) {
        let Some(mut changes) = self.store.state_changes() else {
            return std::future::pending().await;
        };
        while changes.changed().await.is_ok() {
            while let Err(error) = self.follow_state().await {
                tracing::warn!(%error, "what another server changed is not known yet: rules, keys, ended tokens");
                tokio::time::sleep(FOLLOW_PAUSE).await;
            }
        }
    }

    /// Follows the state if another server has changed it since.
    pub async fn ensure_current_state(&self) -> Result<(), store::Error> {
        let newest = self.store.state_number().await?;
        match newest == self.state_number.load(Ordering::Acquire) {
            true => Ok(()),
            false => self.follow_state().await,
        }
    }

    /// Follows the state of the database as it is now. Whoever changed it calls this after the commit: the one who is last has read
    /// what all others committed, and what another database has brought meanwhile stays.
    pub async fn follow_state(&self) -> Result<(), store::Error> {
        let _last = self.following.lock().await;
        loop {
            let generation = self.generation();
            let number = self.store.state_number().await?;
            let remembered = self.store.remembered().await?;
            let _replacing = self.replacing.lock();
            if generation == self.generation() {
                self.remember(&remembered);
                self.state_number.store(number, Ordering::Release);
                return Ok(());
            }
        }
    }

    /// Follows what is remembered of the database when another one has taken its place.
    pub fn follow(&self, remembered: &Remembered) {
        let _replacing = self.replacing.lock();
        self.remember(remembered);
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn remember(&self, remembered: &Remembered) {
        if let Some(keys) = Keys::new(&remembered.token_keys) {
            self.tokens.use_keys(keys);
        } else {
            tracing::error!("the token keys in the database cannot be used");
        }
        self.tokens
            .set_revocation_windows(remembered.revocation_windows.clone());
        self.tokens.ended.replace(&remembered.ended_tokens);
        self.collections.store(Arc::new(collections(remembered)));
    }

    /// Opens the store, on PostgreSQL if the configuration names one or else at `location`, and puts everything together.
    pub async fn new(
        config: Config,
        location: &Location,
        clock: Clock,
        random: Random,
    ) -> Result<Arc<Self>, StartError> {
        let store = match PostgresSettings::of(&config.store) {
            Some(settings) => Store::connect(&settings, clock.clone(), random.clone()).await?,
            None => Store::open(location, config.store.cache_mib << 20)?,
        };
        let store = store.with_outbox(outbox(&config, &clock, &random));
        identify(&store, &random).await?;
        ensure_token_key(&store, &clock, &random).await?;
        store.end_revocation_windows(clock.now()).await?;
        let remembered = store.remembered().await?;
        let tokens = Tokens::new(Keys::new(&remembered.token_keys).ok_or(StartError::Keys)?);
        let collections = ArcSwap::from_pointee(collections(&remembered));
        tokens.set_revocation_windows(remembered.revocation_windows);
        tokens.ended.replace(&remembered.ended_tokens);
        let passwords = passwords(&config)?;
        let wechat = wechat::Client::new(
            &config.wechat,
            &config.limits,
            clock.clone(),
            random.clone(),
        );
        let audit_log = AuditLog::new(store.clone(), clock.clone(), config.events.clone());
        let metrics = Metrics::default();
        let started = clock.now();
        // Another database than a file is backed up by its own tools.
        let every = config.backup.every.filter(|_| store.file().is_some());
        let backups = Backups::new(every, started);
        let maintenance = Arc::default();
        let limits = Limits::new(&config.limits, clock.clone());
        let probes = Arc::new(Probes::new(clock.clone()));
        let pictures = Pictures::default();
        let webhooks = Webhooks::new(&config.webhooks);
        webhooks.register_metrics(&metrics);
        store.register_metrics(&metrics);
        pictures.register_metrics(&metrics);
        passwords.register_metrics(&metrics);
        tokens.register_metrics(&metrics);
        wechat.register_metrics(&metrics);
        limits.register_metrics(&metrics);
        Ok(Arc::new(Self {
            config,
            clock,
            random,
            store,
            collections,
            generation: AtomicUsize::new(0),
            state_number: AtomicI64::new(-1),
            following: Mutex::default(),
            replacing: parking_lot::Mutex::default(),
            passwords,
            tokens,
            limits,
            pictures,
            unsettled: Unsettled::default(),
            wechat,
            metrics,
            audit_log,
            login_counts: LoginCounts::default(),
            earlier_logins: OnceCell::new(),
            started,
            backups,
            maintenance,
            set_up_link: SetUpLink::default(),
            probes,
            webhooks,
        }))
    }
}

/// The queues of the webhooks.
fn outbox(config: &Config, clock: &Clock, random: &Random) -> Outbox {
    let hooks = config.webhooks.iter();
    let hooks = hooks.map(|hook| (HookId::of(hook.url.expose()), hook.events.clone()));
    Outbox::new(hooks.collect(), clock.clone(), random.clone())
}

/// Gives the database its id at the first start, and a copy another one than the original's.
async fn identify(store: &Store, random: &Random) -> Result<(), StartError> {
    let Some(file) = store.file() else {
        return Ok(());
    };
    if file.ensure_identity(random).await?.is_copy {
        tracing::warn!(
            "the database file was copied to this place: it counts as another database from now on, whose scheduled backups are \
             those that are made from now on. Older ones are never deleted by this server: delete them by hand"
        );
    }
    Ok(())
}

/// Makes a token key at the first start.
async fn ensure_token_key(store: &Store, clock: &Clock, random: &Random) -> Result<(), StartError> {
    if store.token_keys().await?.is_empty() {
        let key = ServerKey {
            secret: random.bytes()?,
            created: clock.now(),
        };
        store.ensure_token_key(key).await?;
    }
    Ok(())
}

/// The collections; those that were not imported are as old as the oldest token key.
fn collections(remembered: &Remembered) -> Collections {
    remembered
        .collections
        .clone()
        .unwrap_or_else(|| Collections::of_keys(&remembered.token_keys))
}

fn cost_factor(n: usize) -> Result<u32, password::Error> {
    u32::try_from(n).map_err(|_| password::Error::Cost)
}

fn passwords(config: &Config) -> Result<Passwords, password::Error> {
    let threads = match config.password.threads {
        0 => thread::available_parallelism().map_or(1, NonZero::get),
        threads => threads,
    };
    let cost = Cost {
        log_n: u8::try_from(config.password.log_n).map_err(|_| password::Error::Cost)?,
        r: cost_factor(config.password.r)?,
        p: cost_factor(config.password.p)?,
    };
    let queue = config.password.queue;
    // No share: who has most waiting makes room for others, and waits for as long as it takes when there are none.
    Passwords::new(
        cost,
        threads,
        Bounds {
            all: queue,
            each: queue,
        },
    )
}
