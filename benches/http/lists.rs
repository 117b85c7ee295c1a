//! Lists for superusers, beside a PocketBase that serves the same users: `POCKETBASE` names its binary (0.40).

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Setup;
use crate::figures::{head, median, row};
use crate::load::Load;
use crate::process::Bai;
use crate::requests;

/// Superusers: one has one list at a time.
/// The superusers who ask.
pub const EMAILS: [&str; 2] = ["root@example.com", "other@example.com"];
const PASSWORD: &str = "of the bench 1";
/// Logins at once beside two lists, and the pause of each between an answer and its next request.
const LOGINS: usize = 4;
const PAUSE: Duration = Duration::from_millis(10);

/// Parameters of a list; 50 records a page unless they say how many.
type Query = &'static [(&'static str, &'static str)];

/// Names and queries.
const LISTS: [(&str, Query); 17] = [
    ("name ~", &[("filter", "users_name ~ '秀英'")]),
    ("name ~, few", &[("filter", "users_name ~ '欧阳雪'")]),
    (
        "phone ~ 'begin%'",
        &[("filter", "users_phone ~ '15000000%'")],
    ),
    (
        "openid ~ 'begin%'",
        &[("filter", "openid ~ 'o_pre_00000000000000000001%'")],
    ),
    ("e-mail ~ 'begin%'", &[("filter", "email ~ 'abc%'")]),
    ("id ~ 'begin%'", &[("filter", "id ~ 'abc%'")]),
    ("name ~ 'begin%'", &[("filter", "users_name ~ '欧阳%'")]),
    (
        "status and type, newest first",
        &[
            ("filter", "users_status = 1 && users_type = '注册用户'"),
            ("sort", "-created"),
        ],
    ),
    ("sort by name and id", &[("sort", "users_name,id")]),
    (
        "the same, page 1000",
        &[("sort", "users_name,id"), ("page", "1000")],
    ),
    ("newest first", &[("sort", "-created")]),
    (
        "1,000 a page, page 50",
        &[("perPage", "1000"), ("page", "50")],
    ),
    ("phone =", &[("filter", "users_phone = '15000000000'")]),
    ("-updated", &[("sort", "-updated")]),
    (
        "created >",
        &[("filter", "created > '2026-01-01 00:00:00'")],
    ),
    (
        "status, no total",
        &[("filter", "users_status = 1"), ("skipTotal", "1")],
    ),
    (
        "picture ~, which blocks do not have",
        &[("filter", "users_picture ~ '123'")],
    ),
];

/// A server that a superuser is logged in at.
pub struct Asked {
    address: SocketAddr,
    token: String,
}

/// A PocketBase; killed when dropped.
struct PocketBase(Child);

impl Drop for PocketBase {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub async fn print(setup: &Setup) {
    let file = setup.file(setup.count).await;
    create_superuser(setup, &file);
    let other =
        std::env::var_os("POCKETBASE").map(|binary| pocketbase(setup, &file, Path::new(&binary)));
    let server = Bai::start(setup, &file);
    let ours = Asked::log_in(server.address, EMAILS[0]);
    let theirs = other
        .as_ref()
        .map(|(_, address)| Asked::log_in(*address, EMAILS[0]));
    head(["list", "PocketBase, ms", "bai, ms", "ratio"]);
    for (name, query) in LISTS {
        let (mut bai, mut pocketbase) = (Vec::new(), Vec::new());
        for _ in 0..=setup.rounds {
            bai.push(ours.list(query));
            pocketbase.extend(theirs.as_ref().map(|theirs| theirs.list(query)));
        }
        // The first round only warms the caches.
        let [bai, pocketbase] = [bai, pocketbase].map(|all| median(all.into_iter().skip(1)));
        row([
            name.to_owned(),
            format!("{pocketbase:.1}"),
            format!("{bai:.1}"),
            format!("{:.1}", pocketbase / bai),
        ]);
    }
    drop(other);
    beside_logins(setup, &server).await;
    server.stop();
}

/// Makes the superusers who ask for lists.
pub fn create_superuser(setup: &Setup, file: &Path) {
    for email in EMAILS {
        let input = format!("{PASSWORD}\n{PASSWORD}\n");
        command(setup, file, &["superuser", "create", email], &input);
    }
}

/// Logins alone, and beside two lists that look at all users one after the other.
async fn beside_logins(setup: &Setup, server: &Bai) {
    let logins = Load {
        address: server.address,
        requests: requests::wechat_login(setup.count),
        clients: LOGINS,
        pause: PAUSE,
        time: setup.time,
    };
    let alone = logins.clone().run().await;
    server.process().forget_peak();
    let asked = EMAILS.map(|email| Asked::log_in(server.address, email));
    let until = Instant::now() + setup.time;
    let queries = [LISTS[0].1, LISTS[8].1];
    let lists = asked.into_iter().zip(queries).map(|(asked, query)| {
        std::thread::spawn(move || {
            while Instant::now() < until {
                asked.list(query);
            }
        })
    });
    let lists: Vec<_> = lists.collect();
    let beside = logins.run().await;
    for list in lists {
        list.join().expect("the lists are answered");
    }
    println!();
    println!(
        "Logins, p99: {:.2} ms alone, {:.2} ms beside two lists; the server's peak meanwhile was {:.0} MiB.",
        alone.measured.percentile(99),
        beside.measured.percentile(99),
        server.process().peak()
    );
}

impl Asked {
    /// Logs the superuser in.
    pub fn log_in(address: SocketAddr, email: &str) -> Self {
        let url = format!("http://{address}/api/collections/_superusers/auth-with-password");
        let mut answer = ureq::post(&url)
            .send_json(json!({ "identity": email, "password": PASSWORD }))
            .expect("the superuser logs in");
        let answer: Value = answer.body_mut().read_json().expect("JSON");
        let token = answer["token"].as_str().expect("a token").to_owned();
        Self { address, token }
    }

    /// Milliseconds until the answer was read.
    pub fn list(&self, query: Query) -> f64 {
        let paged = query.iter().any(|(name, _)| *name == "perPage");
        let per_page = (!paged).then_some(("perPage", "50"));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query.iter().copied().chain(per_page))
            .finish();
        let address = self.address;
        let url = format!("http://{address}/api/collections/tbl_auth_users/records?{query}");
        let started = Instant::now();
        let mut answer = ureq::get(&url)
            .header("Authorization", &self.token)
            .call()
            .expect("the list is answered");
        let answer: Value = answer.body_mut().read_json().expect("JSON");
        assert!(answer["items"].is_array(), "{answer}");
        started.elapsed().as_secs_f64() * 1_000.0
    }
}

fn pocketbase(setup: &Setup, file: &Path, binary: &Path) -> (PocketBase, SocketAddr) {
    let data = setup.dir.path().join("pb_data");
    let data = data.to_str().expect("a path in UTF-8");
    command(setup, file, &["export", "pocketbase", data], "");
    // Passwords do not go along.
    let upserted = Command::new(binary)
        .args(["superuser", "upsert", EMAILS[0], PASSWORD, "--dir", data])
        .output()
        .expect("PocketBase runs");
    assert!(upserted.status.success());
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let child = Command::new(binary)
        .args(["serve", "--http", &address.to_string(), "--dir", data])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("PocketBase starts");
    let server = PocketBase(child);
    let health = format!("http://{address}/api/health");
    while ureq::get(&health).call().is_err() {
        std::thread::sleep(Duration::from_millis(50));
    }
    (server, address)
}

fn command(setup: &Setup, file: &Path, args: &[&str], input: &str) {
    let mut child = Command::new(&setup.binary)
        .args(args)
        .env("BAI_STORE__PATH", file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    assert!(child.wait().expect("it ends").success(), "{args:?}");
}
