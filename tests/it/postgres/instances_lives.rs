//! Servers on one database that begin together, die, and are of another version than their neighbours.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::app::Call;
use crate::support::instance::{Instance, Launched, settings, token, two};
use crate::support::postgres::{database, sql};

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_killed_server_costs_the_clients_of_the_other_nothing() {
    let (url, [mut dies, lives]) = two();
    let ends = AtomicBool::new(false);
    let dead = dies.base.clone();
    let (answered, failed) = thread::scope(|scope| {
        let clients: Vec<_> = (0..16)
            .flat_map(|n| [(n, dead.as_str()), (n, lives.base.as_str())])
            .map(|(n, base)| {
                let ends = &ends;
                scope.spawn(move || load(base, n, ends))
            })
            .collect();
        thread::sleep(Duration::from_secs(1));
        dies.kill();
        thread::sleep(Duration::from_secs(3));
        ends.store(true, Ordering::Relaxed);
        let counts: Vec<_> = clients.into_iter().map(|it| it.join().unwrap()).collect();
        let of_living = counts.iter().skip(1).step_by(2);
        of_living.fold((0, 0), |(ok, bad), one| (ok + one.0, bad + one.1))
    });
    println!("answered by the other: {answered}, failed: {failed}");
    assert!(answered > 100);
    assert_eq!(failed, 0);
    let rows = sql::value(&url, "SELECT count(*) FROM users");
    assert_eq!(sql::value(&url, "SELECT users FROM totals"), rows);
}

/// Logs in as new users and asks for their number, until the end: how many requests were answered, and how many were not.
fn load(base: &str, client: usize, ends: &AtomicBool) -> (usize, usize) {
    let (mut answered, mut failed) = (0, 0);
    let place = base.rsplit(':').next().unwrap();
    for n in 0.. {
        if ends.load(Ordering::Relaxed) {
            break;
        }
        let body = json!({ "users_wx_code": format!("load{place}x{client}x{n}~canary") });
        let login = Call::new("POST", base, "/api/wechat/login").json(&body);
        let count = Call::new("POST", base, "/api/system/users-count");
        for call in [login, count] {
            match call.try_send() {
                Ok(answer) if answer.status == 200 => answered += 1,
                _ => {
                    failed += 1;
                    thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }
    (answered, failed)
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn eight_servers_that_begin_at_once_on_an_empty_database_are_one_system() {
    let url = database();
    let launched: Vec<_> = (0..8)
        .map(|_| Instance::launch(&settings(&url, false)))
        .collect();
    let servers: Vec<_> = launched.into_iter().map(Launched::listens).collect();
    let tokens: Vec<_> = (0..8)
        .map(|n| token(&servers[n].wechat_login(&format!("one-of-eight{n}"))))
        .collect();
    for server in &servers {
        let statuses: Vec<_> = tokens.iter().map(|token| server.refresh(token)).collect();
        assert_eq!(statuses, [200; 8]);
        assert_eq!(server.users(), Some(8));
    }
    let (_, root) = servers[0].set_up();
    let keys = servers[7].get("/api/keys").bearer(&root).send().ok();
    assert_eq!(keys["items"].as_array().unwrap().len(), 1);
    assert_eq!(sql::value(&url, "SELECT version FROM bai_schema"), "2");
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_server_works_beside_those_of_the_next_version_and_refuses_the_one_behind_that() {
    let url = database();
    let before = Instance::start(&url);
    sql::execute(&url, "UPDATE bai_schema SET version = 3, oldest = 2");
    let beside = Instance::start(&url);
    for (n, server) in [&before, &beside].into_iter().enumerate() {
        let new = token(&server.wechat_login(&format!("beside{n}")));
        assert_eq!([before.refresh(&new), beside.refresh(&new)], [200; 2]);
    }
    sql::execute(&url, "UPDATE bai_schema SET version = 4, oldest = 3");
    let (is_success, words) = Instance::launch(&settings(&url, false)).ends();
    assert!(!is_success);
    let expected = "has schema version 4, this bai knows up to 2; start a newer bai";
    assert!(words.contains(expected), "{words}");
    assert_eq!(before.users(), Some(2));
}
