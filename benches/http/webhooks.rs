//! Logins without a webhook, and beside one that takes all, one that is closed and one that hangs.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::Setup;
use crate::figures::{head, median, row};
use crate::load::{Load, Requests};
use crate::measured::Measured;
use crate::process::Bai;
use crate::requests;

const CLIENTS: usize = 32;
const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";

/// Conduct of a receiver.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Conduct {
    Absent,
    Takes,
    Closed,
    Hangs,
}

const CONDUCTS: [(&str, Conduct); 4] = [
    ("none", Conduct::Absent),
    ("takes all", Conduct::Takes),
    ("is closed", Conduct::Closed),
    ("hangs", Conduct::Hangs),
];

pub async fn print(setup: &Setup) {
    head(["work", "the webhook", "req/s", "p50 ms", "p99 ms", "told/s"]);
    let existing = || requests::wechat_login(setup.count);
    let loads: [(&str, Requests); 2] = [
        ("wechat/login, existing user", existing()),
        ("wechat/login, new user", requests::wechat_first_login()),
    ];
    for (name, requests) in loads {
        for (conduct_name, conduct) in CONDUCTS {
            let (rounds, told) = measure(setup, &requests, conduct, name).await;
            let rate = median(rounds.iter().map(Measured::rate));
            let percentile = |percent| median(rounds.iter().map(|it| it.percentile(percent)));
            row([
                name.to_owned(),
                conduct_name.to_owned(),
                format!("{rate:.0}"),
                format!("{:.2}", percentile(50)),
                format!("{:.2}", percentile(99)),
                format!("{told:.0}"),
            ]);
        }
    }
}

/// The rounds, and how many messages a second arrived meanwhile.
async fn measure(
    setup: &Setup,
    requests: &Requests,
    conduct: Conduct,
    name: &str,
) -> (Vec<Measured>, f64) {
    let file = setup.file(setup.count).await;
    let told = Arc::new(AtomicU64::new(0));
    let port = receiver(conduct, &told);
    let setting = format!(
        "[{{ url = \"http://127.0.0.1:{port}/\", secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\" }}]"
    );
    let settings = [("BAI_WEBHOOKS", setting.as_str())];
    let settings = if conduct == Conduct::Absent {
        &[][..]
    } else {
        &settings[..]
    };
    let server = Bai::start_with(setup, &file, settings);
    let load = Load {
        address: server.address,
        requests: requests.clone(),
        clients: CLIENTS,
        pause: Duration::ZERO,
        time: setup.time,
    };
    let mut rounds = Vec::new();
    for _ in 0..setup.rounds {
        rounds.push(load.clone().run().await.all_ok(name));
    }
    let time = setup.time.as_secs_f64() * setup.rounds as f64;
    let told = told.load(Ordering::Relaxed) as f64 / time;
    server.stop();
    (rounds, told)
}

/// The port of a receiver; nobody listens at it when it is closed.
fn receiver(conduct: Conduct, told: &Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    if [Conduct::Takes, Conduct::Hangs].contains(&conduct) {
        let told = Arc::clone(told);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let told = Arc::clone(&told);
                thread::spawn(move || serve(connection, conduct, &told));
            }
        });
    }
    port
}

/// Answers each request, or none.
fn serve(mut connection: TcpStream, conduct: Conduct, told: &AtomicU64) {
    let (mut buffer, mut unread) = ([0; 8192], Vec::new());
    while let Ok(read @ 1..) = connection.read(&mut buffer) {
        unread.extend_from_slice(&buffer[..read]);
        while let Some(end) = end_of_request(&unread) {
            unread.drain(..end);
            if conduct == Conduct::Takes {
                told.fetch_add(1, Ordering::Relaxed);
                let _ = connection.write_all(ANSWER);
            }
        }
    }
}

/// The length of the first whole request.
fn end_of_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head])
        .ok()?
        .to_ascii_lowercase();
    let length = text.split_once("content-length: ")?.1;
    let length: usize = length.split_once("\r\n")?.0.parse().ok()?;
    (bytes.len() >= head + length).then_some(head + length)
}
