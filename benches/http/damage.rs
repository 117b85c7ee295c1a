//! What others notice of clients that log in again and again as a user whose record is on a damaged block.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use bai::domain::User;
use jiff::Timestamp;

use crate::Setup;
use crate::figures::{head, median, row};
use crate::load::{Load, Outcome};
use crate::process::Bai;
use crate::{requests, users};

/// The user whose record is damaged; one of WeChat's.
const DAMAGED: u64 = 1_000;
const MARK: &str = "the name on the damaged block";
/// Clients who ask for it, without a pause.
const ASKING: [usize; 2] = [1, 4];
/// Others, and the pause of each between an answer and its next request.
const OTHERS: usize = 8;
const PAUSE: Duration = Duration::from_millis(10);

pub async fn print(setup: &Setup) {
    let file = setup.file(setup.count).await;
    damage(&file).await;
    let server = Bai::start(setup, &file);
    head([
        "others",
        "clients of the damaged record",
        "p99 idle",
        "p99 beside",
        "ratio",
        "answers to others",
        "to the clients",
    ]);
    for asking in ASKING {
        for (name, requests) in [
            ("logins", requests::wechat_login(DAMAGED)),
            ("new users", requests::wechat_first_login()),
        ] {
            let others = Load {
                address: server.address,
                requests,
                clients: OTHERS,
                pause: PAUSE,
                time: setup.time,
            };
            let clients = Load {
                requests: requests::wechat_login_of(DAMAGED),
                clients: asking,
                pause: Duration::ZERO,
                ..others.clone()
            };
            let (mut rounds, mut answers, mut refused) =
                (Vec::new(), BTreeMap::new(), BTreeMap::new());
            for _ in 0..setup.rounds {
                let idle = others.clone().run().await;
                let (beside, clients) = tokio::join!(others.clone().run(), clients.clone().run());
                rounds.push((idle.measured.percentile(99), beside.measured.percentile(99)));
                add(&mut answers, &beside);
                add(&mut refused, &clients);
            }
            row([
                name.to_owned(),
                asking.to_string(),
                format!("{:.2} ms", median(rounds.iter().map(|(idle, _)| *idle))),
                format!("{:.2} ms", median(rounds.iter().map(|(_, beside)| *beside))),
                format!(
                    "{:.1}",
                    median(rounds.iter().map(|(idle, beside)| beside / idle))
                ),
                show(&answers),
                show(&refused),
            ]);
        }
    }
    server.stop();
}

fn add(statuses: &mut BTreeMap<u16, u64>, outcome: &Outcome) {
    for (status, count) in &outcome.statuses {
        *statuses.entry(*status).or_default() += count;
    }
}

fn show(statuses: &BTreeMap<u16, u64>) -> String {
    statuses
        .iter()
        .map(|(status, count)| format!("{count} x {status}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Changes a byte of the record, such that the file still opens.
async fn damage(file: &Path) {
    let store = users::open(file);
    let renamed = |user| User {
        name: MARK.to_owned(),
        updated: Timestamp::UNIX_EPOCH,
        ..user
    };
    users::update(&store, &users::id(DAMAGED), renamed).await;
    drop(store);
    let bytes = fs::read(file).expect("the file is there");
    let places = bytes
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, part)| *part == MARK.as_bytes());
    for (at, _) in places {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(file, damaged).expect("the file takes it");
        if users::open(file)
            .user_by_id(&users::id(DAMAGED))
            .await
            .is_err()
        {
            return;
        }
    }
    unreachable!("the record is somewhere");
}
