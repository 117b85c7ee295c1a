//! Everything that does not need WeChat, while WeChat hangs and 300 logins wait for it.

use std::time::Duration;

use crate::Setup;
use crate::figures::{head, median, row};
use crate::load::{Load, Requests};
use crate::process::Bai;
use crate::requests::{self, Tokens};

const WAITING: usize = 300;
/// The logins wait so long before something else is measured, and as long after.
const MARGIN: Duration = Duration::from_millis(500);
/// A client whose login failed tries again after this.
const RETRY: Duration = Duration::from_secs(1);

pub async fn print(setup: &Setup) {
    let server = Bai::start(setup, &setup.file(setup.count).await);
    let tokens = Tokens::new(server.address, setup.count).await;
    let logins = requests::wechat_login(setup.count);
    // Apart from password logins, which fill the cores by themselves, a load that leaves them time.
    let paced = |name, requests| (name, requests, 4, Duration::from_millis(2));
    let probes: [(&str, Requests, usize, Duration); 4] = [
        paced("system/health", requests::health()),
        paced("system/users-count", requests::users_count()),
        paced("refresh-token, valid token", requests::refresh(tokens)),
        (
            "platform/login",
            requests::platform_login(setup.count),
            2,
            Duration::ZERO,
        ),
    ];
    head([
        "work",
        "p99 idle",
        "p99 while WeChat hangs",
        "ratio",
        "p50 idle",
        "p50 while WeChat hangs",
    ]);
    for (name, requests, clients, pause) in probes {
        let probe = Load {
            address: server.address,
            requests,
            clients,
            pause,
            time: setup.time,
        };
        let waiting = Load {
            requests: logins.clone(),
            clients: WAITING,
            pause: RETRY,
            time: setup.time + MARGIN,
            ..probe.clone()
        };
        let mut rounds = Vec::new();
        for _ in 0..setup.rounds {
            let idle = probe.clone().run().await.all_ok(name);
            setup.stub.hang(true);
            let meanwhile = async {
                tokio::time::sleep(MARGIN).await;
                let hanging = probe.clone().run().await.all_ok(name);
                setup.stub.hang(false);
                hanging
            };
            let (_, hanging) = tokio::join!(waiting.clone().run(), meanwhile);
            rounds.push((idle, hanging));
        }
        let of = |percent| {
            let idle = median(rounds.iter().map(|(idle, _)| idle.percentile(percent)));
            let hanging = median(
                rounds
                    .iter()
                    .map(|(_, hanging)| hanging.percentile(percent)),
            );
            let ratio = median(
                rounds
                    .iter()
                    .map(|(idle, hanging)| hanging.percentile(percent) / idle.percentile(percent)),
            );
            (
                format!("{idle:.2} ms"),
                format!("{hanging:.2} ms"),
                format!("{ratio:.2}"),
            )
        };
        let ((idle, hanging, ratio), (idle_50, hanging_50, _)) = (of(99), of(50));
        row([name.to_owned(), idle, hanging, ratio, idle_50, hanging_50]);
    }
    server.stop();
}
