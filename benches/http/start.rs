//! Spawn to first answer, after a clean stop and after kill -9 under writes.

use std::path::Path;
use std::time::Duration;

use crate::Setup;
use crate::figures::{head, median, row};
use crate::load::{Load, Requests};
use crate::process::Bai;
use crate::requests;

const STARTS: usize = 15;
/// A server that has been idle so long has its resident memory read.
const IDLE: Duration = Duration::from_secs(2);
/// New users come in so long before the kill, and for a moment after.
const WRITING: Duration = Duration::from_millis(400);

/// Times of starts in milliseconds, and resident memory in MiB.
#[derive(Default)]
pub struct Starts {
    pub after_stop: Vec<f64>,
    pub after_kill: Vec<f64>,
    pub idle: Vec<f64>,
}

/// Starts the server `count` times after each kind of end.
pub async fn measure(setup: &Setup, file: &Path, first_logins: &Requests, count: usize) -> Starts {
    let mut starts = Starts::default();
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    Bai::start(setup, file).stop();
    for _ in 0..count {
        let (server, time) = Bai::start_timed(setup, file);
        starts.after_stop.push(millis(time));
        tokio::time::sleep(IDLE).await;
        starts.idle.push(server.process().resident());
        kill_under_writes(server, first_logins).await;
        let (server, time) = Bai::start_timed(setup, file);
        starts.after_kill.push(millis(time));
        server.stop();
    }
    starts
}

async fn kill_under_writes(server: Bai, first_logins: &Requests) {
    let load = Load {
        address: server.address,
        requests: first_logins.clone(),
        clients: 32,
        pause: Duration::ZERO,
        time: WRITING + Duration::from_millis(100),
    };
    let kill = async {
        tokio::time::sleep(WRITING).await;
        // Dropping it is kill -9.
        drop(server);
    };
    tokio::join!(load.run(), kill);
}

pub async fn print(setup: &Setup) {
    let file = setup.file(setup.count).await;
    let starts = measure(setup, &file, &requests::wechat_first_login(), STARTS).await;
    head(["spawn to first answer", "median", "min", "max"]);
    for (name, times) in [
        ("after a clean stop", &starts.after_stop),
        ("after kill -9", &starts.after_kill),
    ] {
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        let most = times.iter().copied().fold(0.0, f64::max);
        let times = [median(times.iter().copied()), least, most];
        let cells = times.map(|time| format!("{time:.1} ms"));
        row([format!("{name}, {} users", setup.count)]
            .into_iter()
            .chain(cells));
    }
    println!();
    println!("Resident, idle for 2 s: {:.0} MiB.", median(starts.idle));
}
