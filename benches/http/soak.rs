//! A mixed load of about 200 requests a second for a long time, and whether memory and file stay as they are.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::Setup;
use crate::figures::{head, row};
use crate::load::{Load, Requests};
use crate::process::Bai;
use crate::requests::{self, Tokens};

/// How often the figures are looked at.
const LOOKS: u32 = 12;

/// Clients of each kind, and the pause of each between an answer and the next request.
fn mix(users: u64, tokens: &Tokens) -> [(&'static str, Requests, usize, Duration); 8] {
    let pause = Duration::from_millis;
    [
        ("system/health", requests::health(), 2, pause(50)),
        ("system/users-count", requests::users_count(), 1, pause(100)),
        (
            "refresh-token",
            requests::refresh(tokens.clone()),
            4,
            pause(50),
        ),
        (
            "wechat/login, existing user",
            requests::wechat_login(users),
            2,
            pause(50),
        ),
        (
            "wechat/login, new user",
            requests::wechat_first_login(),
            1,
            pause(250),
        ),
        (
            "wechat/profile",
            requests::wechat_profile(tokens.clone()),
            1,
            pause(50),
        ),
        (
            "platform/login",
            requests::platform_login(users),
            1,
            pause(200),
        ),
        (
            "platform/register",
            requests::platform_register(),
            1,
            pause(800),
        ),
    ]
}

pub async fn print(setup: &Setup, time: Duration) {
    let file = setup.file(setup.count).await;
    let server = Bai::start(setup, &file);
    let tokens = Tokens::new(server.address, setup.count).await;
    let mut loads = JoinSet::new();
    for (name, requests, clients, pause) in mix(setup.count, &tokens) {
        let load = Load {
            address: server.address,
            requests,
            clients,
            pause,
            time,
        };
        loads.spawn(async move { (name, load.run().await.all_ok(name)) });
    }
    head(["minutes", "resident MiB", "file MiB"]);
    for look in 0..=LOOKS {
        row([
            format!("{:.0}", (time * look / LOOKS).as_secs_f64() / 60.0),
            format!("{:.1}", server.process().resident()),
            format!("{:.1}", mib(&file)),
        ]);
        tokio::time::sleep(if look == LOOKS {
            Duration::ZERO
        } else {
            time / LOOKS
        })
        .await;
    }
    println!();
    head(["work", "requests", "p50", "p99"]);
    for (name, measured) in loads.join_all().await {
        row([
            name.to_owned(),
            format!("{:.0}", measured.rate() * time.as_secs_f64()),
            format!("{:.2} ms", measured.percentile(50)),
            format!("{:.2} ms", measured.percentile(99)),
        ]);
    }
    let (peak, live_before) = (server.process().peak(), mib(&file));
    server.stop();
    let compacted = Command::new(&setup.binary)
        .arg("compact")
        .env("BAI_STORE__PATH", &file)
        .output();
    assert!(compacted.expect("the binary runs").status.success());
    println!();
    println!(
        "Resident at the peak: {peak:.0} MiB. The file: {live_before:.1} MiB, {:.1} MiB compacted.",
        mib(&file)
    );
}

fn mib(file: &Path) -> f64 {
    fs::metadata(file).expect("the file is there").len() as f64 / f64::from(1 << 20)
}
