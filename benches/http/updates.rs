//! Whether the file stops growing while profiles change.

use std::fs;
use std::time::Instant;

use crate::Setup;
use crate::figures::{head, row};
use crate::users;

const CLIENTS: usize = 64;

pub async fn print(setup: &Setup, updates: u64) {
    let file = setup.file(setup.count).await;
    let (store, count) = (users::open(&file), setup.count);
    let opened = store.clone();
    let change = move |n| {
        let store = opened.clone();
        async move { users::change(&store, users::any(n, count), n).await }
    };
    head(["updates", "file MiB", "bytes a user", "updates a second"]);
    for tenth in 0..=10 {
        let (begin, end) = (
            updates * u64::saturating_sub(tenth, 1) / 10,
            updates * tenth / 10,
        );
        let started = Instant::now();
        users::each(CLIENTS, begin..end, change.clone()).await;
        let length = fs::metadata(&file).expect("the file is there").len();
        row([
            end.to_string(),
            format!("{:.1}", length as f64 / f64::from(1 << 20)),
            format!("{:.0}", length as f64 / count as f64),
            format!(
                "{:.0}",
                (end - begin) as f64 / started.elapsed().as_secs_f64()
            ),
        ]);
    }
    drop((store, change));
    let length = fs::metadata(&file).expect("the file is there").len();
    println!();
    println!("Closed: {:.0} bytes a user.", length as f64 / count as f64);
}
