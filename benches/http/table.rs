//! The table of endpoints: rate, latency, cost, and the share of what bounds each.

use std::fs;
use std::time::{Duration, Instant};

use crate::Setup;
use crate::bare_poem::BarePoem;
use crate::ceilings::{Ceiling, Ceilings};
use crate::figures::{head, median, row};
use crate::load::{Load, Requests};
use crate::process::{Bai, Process};
use crate::requests::{self, Tokens};

const CLIENTS: usize = 32;

struct Scenario {
    name: &'static str,
    requests: Requests,
    /// Besides poem's.
    parts: Vec<Ceiling>,
}

/// Figures of one round.
struct Round {
    rate: f64,
    p50: f64,
    p99: f64,
    server_cpu: f64,
    other_cpu: f64,
    ceilings: Vec<f64>,
}

fn scenarios(users: u64, tokens: &Tokens) -> Vec<Scenario> {
    let session = || Ceiling::Stub(requests::jscode2session());
    let phone = || Ceiling::Stub(requests::getuserphonenumber());
    let scenario = |name, requests, parts| Scenario {
        name,
        requests,
        parts,
    };
    vec![
        scenario("system/health", requests::health(), vec![]),
        scenario("auth/verify", requests::verify(tokens.clone()), vec![]),
        scenario("system/users-count", requests::users_count(), vec![]),
        scenario(
            "refresh-token, valid token",
            requests::refresh(tokens.clone()),
            vec![],
        ),
        scenario(
            "refresh-token, code",
            requests::refresh_by_code(users),
            vec![session()],
        ),
        scenario(
            "wechat/login, existing user",
            requests::wechat_login(users),
            vec![session()],
        ),
        scenario(
            "wechat/login, new user",
            requests::wechat_first_login(),
            vec![session(), Ceiling::Inserts],
        ),
        scenario(
            "wechat/profile",
            requests::wechat_profile(tokens.clone()),
            vec![phone(), Ceiling::Updates],
        ),
        scenario(
            "platform/login",
            requests::platform_login(users),
            vec![Ceiling::Scrypt],
        ),
        scenario(
            "platform/register",
            requests::platform_register(),
            vec![Ceiling::Scrypt, Ceiling::Inserts],
        ),
    ]
}

pub async fn print(setup: &Setup, names: &[String]) {
    let file = setup.file(setup.count).await;
    let length = fs::metadata(&file).expect("the file is there").len();
    let ceilings = Ceilings::new(&file, setup.count, setup.users.clone(), setup.stub.address);
    let server = Bai::start(setup, &file);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = server.process().resident();
    let tokens = Tokens::new(server.address, setup.count).await;
    head([
        "work",
        "req/s",
        "p50 ms",
        "p99 ms",
        "server CPU",
        "load + stub CPU",
        "peak RSS MiB",
        "ceilings, /s",
        "share of the lowest",
        "share of all in a row",
    ]);
    let mut peak = idle;
    for scenario in scenarios(setup.count, &tokens) {
        if names.is_empty()
            || names
                .iter()
                .any(|name| scenario.name.contains(name.as_str()))
        {
            peak = peak.max(measure(setup, &server, &ceilings, scenario).await);
        }
    }
    println!();
    let (count, bytes) = (setup.count, length as f64 / setup.count as f64);
    println!("{count} users in a file of {bytes:.0} bytes each.");
    println!("Resident: {idle:.0} MiB idle, {peak:.0} MiB at the peak of all.");
    server.stop();
}

/// Prints the scenario's row; gives the peak of resident memory.
async fn measure(setup: &Setup, server: &Bai, ceilings: &Ceilings, scenario: Scenario) -> f64 {
    let Scenario {
        name,
        requests,
        mut parts,
    } = scenario;
    let pause = Duration::ZERO;
    let load = Load {
        address: server.address,
        requests,
        clients: CLIENTS,
        pause,
        time: setup.time,
    };
    let poem = BarePoem::start(&requests::sample(&load).await);
    parts.insert(0, Ceiling::Poem);
    let process = server.process();
    process.forget_peak();
    // Connections, caches and threads are there before the first round.
    Load {
        time: setup.time / 8,
        ..load.clone()
    }
    .run()
    .await
    .all_ok(name);
    let mut rounds = Vec::new();
    for _ in 0..setup.rounds {
        let mut rates = Vec::new();
        for part in &parts {
            rates.push(ceilings.rate(part, &load, &poem).await);
        }
        let (began, server_before, ours_before) =
            (Instant::now(), process.cpu(), Process::this().cpu());
        let measured = load.clone().run().await.all_ok(name);
        let percent = |time: Duration| 100.0 * time.as_secs_f64() / began.elapsed().as_secs_f64();
        rounds.push(Round {
            rate: measured.rate(),
            p50: measured.percentile(50),
            p99: measured.percentile(99),
            server_cpu: percent(process.cpu().saturating_sub(server_before)),
            other_cpu: percent(Process::this().cpu().saturating_sub(ours_before)),
            ceilings: rates,
        });
    }
    let peak = process.peak();
    print_row(name, &parts, &rounds, peak);
    peak
}

fn print_row(name: &str, parts: &[Ceiling], rounds: &[Round], peak: f64) {
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    let share = |ceiling: fn(&[f64]) -> f64| {
        median(
            rounds
                .iter()
                .map(|round| 100.0 * round.rate / ceiling(&round.ceilings)),
        )
    };
    let rates = parts.iter().enumerate().map(|(i, part)| {
        let rate = median(rounds.iter().map(|round| round.ceilings[i]));
        format!("{} {}", part.name(), figure(rate))
    });
    row([
        name.to_owned(),
        figure(of(|round| round.rate)),
        format!("{:.2}", of(|round| round.p50)),
        format!("{:.2}", of(|round| round.p99)),
        format!("{:.0} %", of(|round| round.server_cpu)),
        format!("{:.0} %", of(|round| round.other_cpu)),
        format!("{peak:.0}"),
        rates.collect::<Vec<_>>().join(", "),
        format!(
            "{:.0} %",
            share(|rates| rates.iter().copied().fold(f64::INFINITY, f64::min))
        ),
        format!(
            "{:.0} %",
            share(|rates| 1.0 / rates.iter().map(|rate| 1.0 / rate).sum::<f64>())
        ),
    ]);
}

/// Three digits at least.
fn figure(rate: f64) -> String {
    if rate < 100.0 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}
