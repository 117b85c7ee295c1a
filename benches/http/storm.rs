//! Health while 200 clients hammer platform/login, and what those are answered.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Setup;
use crate::figures::{head, median, row};
use crate::load::Load;
use crate::process::Bai;
use crate::requests;

const HAMMERING: usize = 200;
/// The storm begins so long before health is measured, and ends as long after.
const MARGIN: Duration = Duration::from_millis(500);

/// Who asks for health: one client now and then, as a monitor does, or as many as in the table, in a closed loop.
const PROBES: [(&str, usize, Duration); 2] = [
    ("1 client, every 5 ms", 1, Duration::from_millis(5)),
    ("32 clients, closed loop", 32, Duration::ZERO),
];
/// What a client of the storm does after an answer.
const PAUSES: [(&str, Duration); 2] = [
    ("at once", Duration::ZERO),
    ("after 100 ms", Duration::from_millis(100)),
];

pub async fn print(setup: &Setup) {
    let server = Bai::start(setup, &setup.file(setup.count).await);
    let logins = requests::platform_login(setup.count);
    head([
        "health by",
        "200 clients log in again",
        "p99 idle",
        "p99 in the storm",
        "ratio",
        "the storm's answers",
    ]);
    for (probe_name, clients, pause) in PROBES {
        for (pause_name, storm_pause) in PAUSES {
            let health = Load {
                address: server.address,
                requests: requests::health(),
                clients,
                pause,
                time: setup.time,
            };
            let storm = Load {
                requests: logins.clone(),
                clients: HAMMERING,
                pause: storm_pause,
                time: setup.time + 2 * MARGIN,
                ..health.clone()
            };
            let (mut rounds, mut statuses) = (Vec::new(), BTreeMap::<u16, u64>::new());
            for _ in 0..setup.rounds {
                let idle = health.clone().run().await.all_ok("health").percentile(99);
                let in_storm = async {
                    tokio::time::sleep(MARGIN).await;
                    health.clone().run().await.all_ok("health").percentile(99)
                };
                let (storm, in_storm) = tokio::join!(storm.clone().run(), in_storm);
                for (status, count) in storm.statuses {
                    *statuses.entry(status).or_default() += count;
                }
                rounds.push((idle, in_storm));
            }
            let only_busy = statuses.keys().all(|status| [200, 429].contains(status));
            row([
                probe_name.to_owned(),
                pause_name.to_owned(),
                format!("{:.2} ms", median(rounds.iter().map(|(idle, _)| *idle))),
                format!(
                    "{:.2} ms",
                    median(rounds.iter().map(|(_, in_storm)| *in_storm))
                ),
                format!(
                    "{:.1}",
                    median(rounds.iter().map(|(idle, in_storm)| in_storm / idle))
                ),
                statuses
                    .iter()
                    .map(|(status, count)| format!("{count} x {status}"))
                    .collect::<Vec<_>>()
                    .join(", "),
            ]);
            assert!(only_busy, "refused but by the queue: {statuses:?}");
        }
    }
    server.stop();
}
