//! What sharing a commit is worth: users stored a second by 1, 64 and 256 clients, each insertion on disk before its
//! answer, on this machine's disk and on one whose fsync takes 2 ms longer, as ordinary disks' does.
//!
//! `cargo bench --bench store`

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bai::domain::{IdType, OpenId, RecordId, TokenKey, User};
use bai::store::file::Disk;
use bai::store::{Location, Store};
use jiff::Timestamp;

const RUN: Duration = Duration::from_secs(3);
const CACHE: usize = 32 << 20;

/// A file whose syncs take longer.
#[derive(Debug)]
struct SlowDisk {
    file: File,
    delay: Duration,
}

impl Disk for SlowDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
    fn sync(&self) -> io::Result<()> {
        thread::sleep(self.delay);
        self.file.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }
}

fn store(path: &Path, delay: Duration) -> Store {
    let path = path.to_owned();
    let disk = move || {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let file = file.expect("the file opens");
        Box::new(SlowDisk { file, delay }) as Box<dyn Disk>
    };
    Store::open(&Location::Custom(Arc::new(disk)), CACHE).expect("the store opens")
}

fn user(n: usize) -> User {
    let id = RecordId::parse(&format!(
        "{:015}",
        n.wrapping_mul(2_654_435_761) % 1_000_000_007
    ))
    .expect("an id");
    let openid = OpenId::parse(&format!("o_bench_{n:020}")).expect("an openid");
    let now = Timestamp::from_second(1_795_327_836).expect("a time");
    User::new(
        id,
        openid,
        IdType::WeChat,
        uuid::Uuid::from_u128(n as u128),
        TokenKey::new([7; 16]),
        now,
    )
}

/// Insertions a second by `clients` at once.
async fn insertions(store: &Store, clients: usize, next: &Arc<AtomicUsize>) -> f64 {
    let (started, before) = (Instant::now(), next.load(Ordering::Relaxed));
    let client = || {
        let (store, next) = (store.clone(), Arc::clone(next));
        tokio::spawn(async move {
            while started.elapsed() < RUN {
                let user = user(next.fetch_add(1, Ordering::Relaxed));
                store.insert(user).await.expect("each user is new");
            }
        })
    };
    for client in (0..clients).map(|_| client()).collect::<Vec<_>>() {
        client.await.expect("a client ends well");
    }
    f64::from(u32::try_from(next.load(Ordering::Relaxed) - before).unwrap_or(u32::MAX))
        / started.elapsed().as_secs_f64()
}

/// Lookups by openid a second by one client.
async fn lookups(store: &Store, users: usize) -> f64 {
    let (started, mut n) = (Instant::now(), 0_u32);
    while started.elapsed() < RUN {
        let openid = user(n as usize * 7_919 % users).openid;
        store
            .user_by_openid(&openid)
            .await
            .expect("the disk works")
            .expect("the user is there");
        n += 1;
    }
    f64::from(n) / started.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() {
    println!("| fsync | 1 client | 64 clients | 256 clients | 256 to 1 | lookups, 1 client |");
    println!("|---|---|---|---|---|---|");
    for delay in [0, 2] {
        let dir = tempfile::tempdir().expect("a folder");
        let store = store(&dir.path().join("bench.redb"), Duration::from_millis(delay));
        let next = Arc::new(AtomicUsize::new(0));
        let mut rates = Vec::new();
        for clients in [1, 64, 256] {
            rates.push(insertions(&store, clients, &next).await);
        }
        let lookups = lookups(&store, next.load(Ordering::Relaxed)).await;
        let name = if delay == 0 {
            "this disk's".to_owned()
        } else {
            format!("+ {delay} ms")
        };
        println!(
            "| {name} | {:.0}/s | {:.0}/s | {:.0}/s | {:.0}x | {lookups:.0}/s |",
            rates[0],
            rates[1],
            rates[2],
            rates[2] / rates[0]
        );
    }
}
