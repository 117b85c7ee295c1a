//! State that the connections of a proxy share: plans, what was seen, and each one's own.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use crate::support::wire_proxy::plan::{Fault, Plan};

/// A message by which a client gave SQL, or had it executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub connection: usize,
    /// The protocol's letter: `P`arse, `Q`uery, `E`xecute.
    pub kind: char,
    pub sql: String,
}

impl Seen {
    /// Somebody has a COMMIT executed.
    pub fn is_commit(&self) -> bool {
        self.kind != 'P' && is_commit(&self.sql)
    }
}

/// One of the statements is COMMIT.
pub fn is_commit(sql: &str) -> bool {
    sql.split(';').map(str::trim).any(|statement| {
        ["commit", "end"]
            .iter()
            .any(|word| statement.eq_ignore_ascii_case(word))
    })
}

/// The state of a connection; it never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Open,
    /// Both sides are open, and nothing passes.
    Silent,
    /// Both sides are closed.
    Cut,
}

pub struct Shared {
    target: Mutex<SocketAddr>,
    plans: Mutex<VecDeque<Plan>>,
    seen: Mutex<Vec<Seen>>,
    cancels: AtomicUsize,
    links: Mutex<Links>,
}

#[derive(Default)]
struct Links {
    /// By the number of the connection.
    of: Vec<watch::Sender<Link>>,
    new_is_silent: bool,
}

impl Shared {
    pub fn new(target: SocketAddr) -> Self {
        Self {
            target: Mutex::new(target),
            plans: Mutex::default(),
            seen: Mutex::default(),
            cancels: AtomicUsize::new(0),
            links: Mutex::default(),
        }
    }

    pub fn target(&self) -> SocketAddr {
        *self.target.lock().unwrap()
    }

    pub fn set_target(&self, target: SocketAddr) {
        *self.target.lock().unwrap() = target;
    }

    pub fn plan(&self, plan: Plan) {
        self.plans.lock().unwrap().push_back(plan);
    }

    pub fn faults_left(&self) -> usize {
        self.plans.lock().unwrap().len()
    }

    /// Takes the first plan that fits a statement.
    pub fn take(&self, connection: usize, sql: &str) -> Option<Fault> {
        let mut plans = self.plans.lock().unwrap();
        let first = plans.iter().position(|plan| plan.fits(connection, sql))?;
        plans.remove(first).map(|plan| plan.fault)
    }

    pub fn see(&self, seen: Seen) {
        self.seen.lock().unwrap().push(seen);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn commits(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.is_commit()).count()
    }

    pub fn see_cancel(&self) {
        self.cancels.fetch_add(1, Ordering::SeqCst);
    }

    pub fn cancels(&self) -> usize {
        self.cancels.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> usize {
        self.links.lock().unwrap().of.len()
    }

    /// A new connection: its number, and its state from now on.
    pub fn open_link(&self) -> (usize, watch::Receiver<Link>) {
        let mut links = self.links.lock().unwrap();
        let state = match links.new_is_silent {
            true => Link::Silent,
            false => Link::Open,
        };
        let (sender, receiver) = watch::channel(state);
        links.of.push(sender);
        (links.of.len() - 1, receiver)
    }

    pub fn set_silent(&self, is_silent: bool) {
        self.links.lock().unwrap().new_is_silent = is_silent;
    }

    pub fn set_link(&self, connection: usize, state: Link) {
        // A connection that is gone listens no more.
        self.links.lock().unwrap().of[connection].send_replace(state);
    }

    pub fn set_links(&self, state: Link) {
        for link in &self.links.lock().unwrap().of {
            link.send_replace(state);
        }
    }
}
