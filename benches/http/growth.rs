//! How cost grows with the number of users.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bai::store::Store;

use crate::Setup;
use crate::figures::{head, median, row};
use crate::load::Load;
use crate::measured::Measured;
use crate::process::Bai;
use crate::{requests, start, users};

const STARTS: usize = 5;

pub async fn print(setup: &Setup, sizes: &[u64]) {
    head([
        "users",
        "file, bytes a user, as filled / compacted",
        "RSS idle / peak, MiB",
        "lookup p50 / p99",
        "insert, 1 client, p50 / p99",
        "insert, 64 clients, p50 / p99",
        "count p50 / p99",
        "start after a stop / kill -9",
    ]);
    for count in sizes {
        let file = setup.file(*count).await;
        print_row(setup, &file, *count).await;
    }
}

async fn print_row(setup: &Setup, file: &Path, count: u64) {
    let length = fs::metadata(file).expect("the file is there").len();
    let first_logins = requests::wechat_first_login();
    let starts = start::measure(setup, file, &first_logins, STARTS).await;
    let peak = peak(setup, file, count).await;
    let store = users::open(file);
    let time = setup.time;
    let lookup = lookups(&store, count, time).await;
    let total = counts(&store, time).await;
    let next = Arc::new(AtomicU64::new(count));
    let one = inserts(setup, &store, &next, 1).await;
    let many = inserts(setup, &store, &next, 64).await;
    let compacted = compacted(file, store).await;
    let ms = |measured: &Measured| {
        format!(
            "{:.2} / {:.2} ms",
            measured.percentile(50),
            measured.percentile(99)
        )
    };
    let us = |measured: &Measured| {
        format!(
            "{:.1} / {:.1} µs",
            1e3 * measured.percentile(50),
            1e3 * measured.percentile(99)
        )
    };
    row([
        count.to_string(),
        format!("{:.0} / {compacted:.0}", length as f64 / count as f64),
        format!("{:.0} / {peak:.0}", median(starts.idle)),
        us(&lookup),
        ms(&one),
        format!("{}, {:.0}/s", ms(&many), many.rate()),
        us(&total),
        format!(
            "{:.0} / {:.0} ms",
            median(starts.after_stop),
            median(starts.after_kill)
        ),
    ]);
}

/// Bytes a user of the file when its unused space is given back.
async fn compacted(file: &Path, store: Store) -> f64 {
    let users = store.count_users().await.expect("the disk works");
    let compacting = store.clone();
    let compacted =
        tokio::task::spawn_blocking(move || compacting.file().expect("a file").compact()).await;
    compacted
        .expect("a thread compacts")
        .expect("the disk works");
    drop(store);
    fs::metadata(file).expect("the file is there").len() as f64 / users as f64
}

/// The server's peak of resident memory while users from all over the file log in, then new ones.
async fn peak(setup: &Setup, file: &Path, count: u64) -> f64 {
    let server = Bai::start(setup, file);
    let requests = requests::wechat_login(count);
    let load = Load {
        address: server.address,
        requests,
        clients: 32,
        pause: Duration::ZERO,
        time: setup.time,
    };
    load.clone().run().await.all_ok("wechat/login");
    // Beside those that the starts made.
    let load = Load {
        requests: requests::platform_register(),
        ..load
    };
    load.run().await.all_ok("platform/register");
    let peak = server.process().peak();
    server.stop();
    peak
}

async fn lookups(store: &Store, count: u64, time: Duration) -> Measured {
    let (store, next) = (store.clone(), Arc::new(AtomicU64::new(0)));
    let lookup = move || {
        let number = users::any_wechat(next.fetch_add(1, Ordering::Relaxed), count);
        let (store, openid) = (store.clone(), users::openid(number));
        async move {
            store
                .user_by_openid(&openid)
                .await
                .expect("the disk works")
                .expect("the user is there");
        }
    };
    users::closed_loop(1, time, lookup).await
}

async fn counts(store: &Store, time: Duration) -> Measured {
    let store = store.clone();
    let count = move || {
        let store = store.clone();
        async move {
            store.count_users().await.expect("the disk works");
        }
    };
    users::closed_loop(1, time / 4, count).await
}

async fn inserts(setup: &Setup, store: &Store, next: &Arc<AtomicU64>, clients: usize) -> Measured {
    let (store, users, next) = (store.clone(), setup.users.clone(), Arc::clone(next));
    let insert = move || {
        let (store, user) = (
            store.clone(),
            users.user(next.fetch_add(1, Ordering::Relaxed)),
        );
        async move { users::insert(&store, user).await }
    };
    users::closed_loop(clients, setup.time, insert).await
}
