//! What bounds an endpoint: each part of its work alone, at its best.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bai::store::Store;

use crate::bare_poem::BarePoem;
use crate::bare_scrypt::{cores, hashes_a_second};
use crate::load::{Load, Requests, on_own_thread};
use crate::users::{self, Users};

#[derive(Clone)]
pub enum Ceiling {
    /// A poem endpoint that gives the same answer.
    Poem,
    /// Scrypt on all cores.
    Scrypt,
    /// Users added by as many clients, straight at a store of the same size.
    Inserts,
    /// Users changed by as many clients, straight at a store of the same size.
    Updates,
    /// The stub for WeChat, asked by as many clients.
    Stub(Requests),
}

impl Ceiling {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Poem => "poem",
            Self::Scrypt => "scrypt",
            Self::Inserts => "inserts",
            Self::Updates => "updates",
            Self::Stub(_) => "stub",
        }
    }
}

/// What ceilings are measured with.
pub struct Ceilings {
    pub stub: SocketAddr,
    store: Store,
    users: Users,
    count: u64,
    next: Arc<AtomicU64>,
}

impl Ceilings {
    /// With a store on a copy of the server's `file`, which nobody has open.
    pub fn new(file: &Path, count: u64, users: Users, stub: SocketAddr) -> Self {
        let copy = file.with_extension("copy");
        std::fs::copy(file, &copy).expect("the disk has room");
        Self {
            stub,
            store: users::open(&copy),
            users,
            count,
            next: Arc::new(AtomicU64::new(count)),
        }
    }

    /// How often a second `ceiling` is done by the clients of `load`, which is meant for the server.
    pub async fn rate(&self, ceiling: &Ceiling, load: &Load, poem: &BarePoem) -> f64 {
        let Load { clients, time, .. } = *load;
        let name = ceiling.name();
        match ceiling {
            Ceiling::Poem => {
                let load = Load {
                    address: poem.address,
                    ..load.clone()
                };
                load.run().await.all_ok(name).rate()
            }
            Ceiling::Stub(requests) => {
                let load = Load {
                    address: self.stub,
                    requests: Arc::clone(requests),
                    ..load.clone()
                };
                load.run().await.all_ok(name).rate()
            }
            Ceiling::Scrypt => {
                on_own_thread(name, async move { hashes_a_second(cores(), time) }).await
            }
            Ceiling::Inserts => self.inserts(clients, time).await,
            Ceiling::Updates => self.updates(clients, time).await,
        }
    }

    async fn inserts(&self, clients: usize, time: Duration) -> f64 {
        let (store, users, next) = (
            self.store.clone(),
            self.users.clone(),
            Arc::clone(&self.next),
        );
        let insert = move || {
            let (store, user) = (
                store.clone(),
                users.user(next.fetch_add(1, Ordering::Relaxed)),
            );
            async move { users::insert(&store, user).await }
        };
        users::closed_loop(clients, time, insert).await.rate()
    }

    async fn updates(&self, clients: usize, time: Duration) -> f64 {
        let (store, count, next) = (self.store.clone(), self.count, Arc::clone(&self.next));
        let update = move || {
            let (store, number) = (store.clone(), next.fetch_add(1, Ordering::Relaxed));
            async move { users::change(&store, users::any(number, count), number).await }
        };
        users::closed_loop(clients, time, update).await.rate()
    }
}
