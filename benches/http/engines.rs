//! The same work on a file and on PostgreSQL, by turns in one run.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Setup;
use crate::figures::{head, median, row};
use crate::lists::{self, Asked};
use crate::load::{Load, Requests};
use crate::process::Bai;
use crate::requests::{self, Tokens};

/// Clients at the same time; passwords are hashed by two cores, whoever waits.
const CLIENTS: usize = 32;

/// Requests per second, and the median and the 99th percentile in milliseconds.
type Figures = [f64; 3];

/// Prints each kind of work on both: `url` is that of an empty database.
pub async fn print(setup: &Setup, url: &str) {
    let file = setup.file(setup.count).await;
    lists::create_superuser(setup, &file);
    let moved = Command::new(&setup.binary)
        .args(["move".as_ref(), file.as_os_str(), url.as_ref()])
        .env("BAI_STORE__REQUIRE_SYNC", "false")
        .status();
    assert!(moved.expect("the binary starts").success());
    head([
        "work",
        "file, req/s",
        "PostgreSQL, req/s",
        "ratio",
        "file, p50/p99 ms",
        "PostgreSQL, p50/p99 ms",
    ]);
    let names = [
        "system/users-count",
        "refresh-token",
        "wechat/login, existing user",
        "wechat/login, new user",
        "platform/login",
    ];
    for (n, name) in names.iter().enumerate() {
        let (mut on_file, mut on_postgres) = (Vec::new(), Vec::new());
        for _ in 0..setup.rounds {
            on_file.push(measure(setup, &file, None, n).await);
            on_postgres.push(measure(setup, &file, Some(url), n).await);
        }
        print_row(name, &on_file, &on_postgres);
    }
    print_list(setup, &file, url);
}

fn start(setup: &Setup, file: &Path, url: Option<&str>) -> Bai {
    match url {
        Some(url) => Bai::start_on(setup, file, url),
        None => Bai::start(setup, file),
    }
}

async fn measure(setup: &Setup, file: &Path, url: Option<&str>, work: usize) -> Figures {
    let server = start(setup, file, url);
    let requests: Requests = match work {
        0 => requests::users_count(),
        1 => requests::refresh(Tokens::new(server.address, setup.count).await),
        2 => requests::wechat_login(setup.count),
        3 => requests::wechat_first_login(),
        _ => requests::platform_login(setup.count),
    };
    let load = Load {
        address: server.address,
        requests,
        clients: CLIENTS,
        pause: Duration::ZERO,
        time: setup.time,
    };
    let warm_up = Load {
        time: setup.time / 8,
        ..load.clone()
    };
    warm_up.run().await.all_ok("warm-up");
    let measured = load.run().await.all_ok("work");
    server.stop();
    [
        measured.rate(),
        measured.percentile(50),
        measured.percentile(99),
    ]
}

fn print_row(name: &str, on_file: &[Figures], on_postgres: &[Figures]) {
    let of = |all: &[Figures], figure: usize| median(all.iter().map(|figures| figures[figure]));
    let latencies = |all| format!("{:.1}/{:.1}", of(all, 1), of(all, 2));
    row([
        name.to_owned(),
        format!("{:.0}", of(on_file, 0)),
        format!("{:.0}", of(on_postgres, 0)),
        format!("{:.2}", of(on_postgres, 0) / of(on_file, 0)),
        latencies(on_file),
        latencies(on_postgres),
    ]);
}

fn print_list(setup: &Setup, file: &Path, url: &str) {
    let times = |url| {
        let server = start(setup, file, url);
        let asked = Asked::log_in(server.address, lists::EMAILS[0]);
        // The first only warms up.
        let times = (0..=4 * setup.rounds).map(|_| asked.list(&[("perPage", "1000")]));
        let times = times.collect::<Vec<_>>().into_iter().skip(1);
        let median = median(times);
        server.stop();
        median
    };
    let (on_file, on_postgres) = (times(None), times(Some(url)));
    row([
        "list of 1,000".to_owned(),
        format!("{:.0}", 1_000.0 / on_file),
        format!("{:.0}", 1_000.0 / on_postgres),
        format!("{:.2}", on_file / on_postgres),
        format!("{on_file:.1}"),
        format!("{on_postgres:.1}"),
    ]);
}
