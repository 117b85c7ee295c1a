//! A network that parts: a primary and a server on one machine, its standby and another server on another, and nothing between them.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::binary::bai;
use crate::support::instance::{Instance, Launched, settings};
use crate::support::parted_network::{Machine, Network};
use crate::support::postgres::{PartedPair, sql, wait_until};

/// Time for which a commit proves who leads.
const LEASE: Duration = Duration::from_secs(5);
/// Time within which a request is answered: two steps in the store take two seconds each at most.
const ANSWER: Duration = Duration::from_millis(4500);
const PORT: u16 = 8091;

/// A server on a machine, with clients there.
struct Site<'a> {
    network: &'a Network,
    machine: Machine,
    _server: Instance,
}

/// Answer that a client got: the status, or 0 if there was none.
struct Got {
    status: u16,
    body: String,
    took: Duration,
}

impl<'a> Site<'a> {
    fn start(network: &'a Network, machine: Machine, urls: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let entry = network.on(machine);
        let mut command = Command::new(&entry[0]);
        let program = bai(folder.path(), &["serve"]);
        command
            .args(&entry[1..])
            .arg("--")
            .arg(program.get_program());
        command.args(program.get_args()).current_dir(folder.path());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null()).envs(settings(urls, false));
        command.env("BAI_SERVER__LISTEN", format!("127.0.0.1:{PORT}"));
        Self {
            network,
            machine,
            _server: Launched::new(command, folder).listens(),
        }
    }

    /// Sends a POST from the same machine.
    fn post(&self, path: &str, body: &str) -> Got {
        let entry = self.network.on(self.machine);
        let sent = Instant::now();
        let url = format!("http://127.0.0.1:{PORT}{path}");
        let output = Command::new(&entry[0])
            .args(&entry[1..])
            .args([
                "curl",
                "-s",
                "--noproxy",
                "*",
                "-m",
                "10",
                "-w",
                "\n%{http_code}",
            ])
            .args(["-H", "Content-Type: application/json", "-d", body, &url])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        Got {
            status: status.parse().unwrap(),
            body: body.to_owned(),
            took: sent.elapsed(),
        }
    }

    fn log_in(&self, name: &str) -> Got {
        let body = format!(r#"{{"users_wx_code":"{name}~canary"}}"#);
        self.post("/api/wechat/login", &body)
    }

    fn count(&self) -> Got {
        self.post("/api/system/users-count", "{}")
    }

    fn serves(&self, users: usize) -> bool {
        let count = self.count();
        count.status == 200 && count.body.contains(&format!("\"total_users\":{users}"))
    }

    /// Asserts that nothing is served any more, for so long.
    fn assert_silent(&self, time: Duration) {
        let begun = Instant::now();
        for n in 0.. {
            for got in [self.count(), self.log_in(&format!("silent{n}"))] {
                assert_eq!(got.status, 503, "{}", got.body);
                assert!(got.took < ANSWER, "{:?}", got.took);
            }
            if begun.elapsed() > time {
                break;
            }
        }
    }
}

/// The number of sessions that the first primary has with clients on a machine.
fn sessions_from(machine: Machine, pair: &PartedPair) -> String {
    let statement = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND client_addr = '{}'",
        machine.address()
    );
    sql::value(&pair.primary_url(), &statement)
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn nothing_is_served_on_the_side_that_was_cut_off_once_the_other_side_took_over() {
    let network = Network::new();
    let pair = PartedPair::start(&network);
    let cut_off = Site::start(&network, Machine::First, &pair.urls());
    let other = Site::start(&network, Machine::Second, &pair.urls());
    assert_eq!(cut_off.log_in("one").status, 200);
    assert_eq!(other.log_in("two").status, 200);
    assert_ne!(sessions_from(Machine::Second, &pair), "0");
    assert!(cut_off.serves(2) && other.serves(2));

    network.part();
    let parted = Instant::now();
    while parted.elapsed() < LEASE {
        for got in [cut_off.count(), cut_off.log_in("parted")] {
            assert!(got.took < ANSWER, "{:?}", got.took);
        }
    }
    cut_off.assert_silent(Duration::ZERO);
    other.assert_silent(Duration::ZERO);
    wait_until("the primary gives up those who are cut off", || {
        sessions_from(Machine::Second, &pair) == "0"
    });
    // Without an idle connection's timeout of our own, it would be two hours.
    assert!(parted.elapsed() < 4 * LEASE, "{:?}", parted.elapsed());

    pair.promote();
    let promoted = Instant::now();
    wait_until("the other side takes over", || {
        other.log_in("three").status == 200
    });
    println!("taken over after {:?}", promoted.elapsed());
    assert!(promoted.elapsed() < Duration::from_secs(3));
    assert_eq!(other.log_in("three~again").status, 200);
    cut_off.assert_silent(Duration::from_secs(3));

    network.heal();
    let healed = Instant::now();
    wait_until("the side that was cut off comes back", || {
        cut_off.log_in("four").status == 200
    });
    println!("back after {:?}", healed.elapsed());
    let rows = sql::value(&pair.standby_url(), "SELECT count(*) FROM users");
    let users: usize = rows.parse().unwrap();
    assert!(users >= 4);
    for _ in 0..20 {
        assert!(cut_off.serves(users) && other.serves(users));
        thread::sleep(Duration::from_millis(50));
    }
    let old = sql::value(&pair.primary_url(), "SELECT users FROM totals");
    assert_eq!(old, "2", "the old world");
}
