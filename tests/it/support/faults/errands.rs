//! Requests of clients to a server whose disk fails.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use bai::domain::OpenId;
use bai::store::Store;
use serde_json::json;

use super::folder::Files;
use super::scenario::DATABASE;
use super::served::{Asked, Errand, Served, Server};
use super::shim::{Bench, Fault};
use super::state;
use crate::support::binary::bai;
use crate::support::canary;
use crate::support::crash_disk::CrashDisk;

const MOST: &[Fault] = &[Fault::Kill, Fault::Eio, Fault::Full];

/// New users log in, one after the other.
pub struct Logins;

const LOGINS: usize = 3;

impl Logins {
    fn log_in(server: &Server, n: usize) -> Option<u16> {
        let body = json!({ "users_wx_code": canary::code(&format!("fresh{n}")) });
        server
            .post("/api/wechat/login", &body)
            .map(|answer| answer.status)
    }
}

impl Errand for Logins {
    fn name(&self) -> &'static str {
        "logins of new users"
    }

    fn faults(&self) -> &'static [Fault] {
        &Fault::ALL
    }

    fn ask(&self, server: &Server) -> Asked {
        let mut answers: Vec<_> = (0..LOGINS).map(|n| Self::log_in(server, n)).collect();
        if server.is_to_recover() {
            answers.push(Self::log_in(server, LOGINS));
        }
        Asked {
            is_acknowledged: answers.iter().all(|answer| *answer == Some(200)),
            answers,
        }
    }

    fn judge(&self, served: &Served<'_>, files: &Files, asked: &Asked) -> Result<(), String> {
        let found = served.states.of(&files[DATABASE])?;
        if !found.has_all_of(served.expected.before.as_ref().unwrap()) {
            return Err("somebody who was there is gone".into());
        }
        for (n, (answer, is_there)) in asked.answers.iter().zip(present(files, asked)?).enumerate()
        {
            match answer {
                Some(200) if !is_there => {
                    return Err(format!("login {n} was acknowledged and is lost"));
                }
                Some(200) | None => {}
                Some(status) if n == LOGINS => {
                    return Err(format!("after the fault, a login is answered {status}"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// A user who was told of a failure, and is there.
    fn notice(&self, files: &Files, asked: &Asked) -> Option<String> {
        let there = present(files, asked).ok()?;
        let refused = asked
            .answers
            .iter()
            .zip(there)
            .position(|(answer, is_there)| is_there && answer.is_some_and(|status| status >= 500));
        refused.map(|n| format!("login {n} is answered {:?}, and done", asked.answers[n]))
    }
}

/// For each user who logged in: true if it is there.
fn present(files: &Files, asked: &Asked) -> Result<Vec<bool>, String> {
    let location = CrashDisk::new(files[DATABASE].clone()).location();
    let store = Store::open(&location, state::CACHE).map_err(|e| e.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let is_there = |n: usize| {
        let openid = OpenId::parse(&format!("o_fresh{n}")).unwrap();
        runtime
            .block_on(store.user_by_openid(&openid))
            .map(|user| user.is_some())
    };
    (0..asked.answers.len())
        .map(|n| is_there(n).map_err(|e| e.to_string()))
        .collect()
}

/// A superuser brings a backup.
pub struct Upload;

impl Errand for Upload {
    fn name(&self) -> &'static str {
        "upload of a backup"
    }

    fn faults(&self) -> &'static [Fault] {
        MOST
    }

    fn ask(&self, server: &Server) -> Asked {
        let bytes = fs::read(server.bench.data().join("copy.redb")).unwrap();
        let head = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"up.redb\"\r\n\
                    Content-Type: application/octet-stream\r\n\r\n";
        let body = [head.as_bytes(), &bytes, b"\r\n--XX--\r\n"].concat();
        let call = server
            .call("/api/backups/upload")
            .header("Content-Type", "multipart/form-data; boundary=XX");
        answered(call.body(&body).try_send().ok().map(|answer| answer.status))
    }
}

fn answered(status: Option<u16>) -> Asked {
    Asked {
        is_acknowledged: status == Some(204),
        answers: vec![status],
    }
}

/// A superuser restores a backup.
pub struct Restore;

impl Errand for Restore {
    fn name(&self) -> &'static str {
        "restore through the API"
    }

    fn faults(&self) -> &'static [Fault] {
        MOST
    }

    fn prepare(&self, bench: &Bench, _command: &mut Command) {
        let folder = bench.data().join("backups");
        fs::create_dir(&folder).unwrap();
        fs::copy(bench.data().join("copy.redb"), folder.join("good.redb")).unwrap();
    }

    fn ask(&self, server: &Server) -> Asked {
        let answer = server.call("/api/backups/good.redb/restore").try_send();
        if server.is_to_recover() {
            // Whichever database it is, it is read and written.
            for path in ["/api/system/users-count", "/api/system/health"] {
                let status = server.post(path, &json!({})).map(|answer| answer.status);
                assert_eq!(status, Some(200), "{path} after a fault");
            }
        }
        answered(answer.ok().map(|answer| answer.status))
    }
}

/// A backup is due at the start, and the one before it is one too many then.
pub struct Schedule;

const OLD: &str = "backups/bai_auto_20200101000000.redb";

impl Schedule {
    fn backups(files: &Files) -> impl Iterator<Item = (&String, &Vec<u8>)> {
        files.iter().filter(|(name, _)| {
            name.starts_with("backups/bai_auto_") && name.strip_suffix(".redb").is_some()
        })
    }
}

impl Errand for Schedule {
    fn name(&self) -> &'static str {
        "scheduled backups"
    }

    fn faults(&self) -> &'static [Fault] {
        MOST
    }

    fn is_from_start(&self) -> bool {
        true
    }

    fn prepare(&self, bench: &Bench, command: &mut Command) {
        // A database that was copied here gets an id of its own; the old backup has to be one of it.
        assert!(
            bai(&bench.data(), &["key", "rotate"])
                .output()
                .unwrap()
                .status
                .success()
        );
        fs::create_dir(bench.data().join("backups")).unwrap();
        fs::copy(bench.data().join(DATABASE), bench.data().join(OLD)).unwrap();
        command.envs([("BAI_BACKUP__EVERY", "1h"), ("BAI_BACKUP__KEEP", "1")]);
    }

    /// Waits until the old backup is gone; after a fault, until the rest of the work is done.
    fn ask(&self, server: &Server) -> Asked {
        let (started, mut failed) = (Instant::now(), None);
        loop {
            thread::sleep(Duration::from_millis(10));
            let is_done = !server.bench.data().join(OLD).exists();
            if is_done || failed.is_some_and(|at: Instant| at.elapsed() > server.rest_after_fault())
            {
                return Asked {
                    is_acknowledged: is_done,
                    answers: Vec::new(),
                };
            }
            if failed.is_none() && server.has_failed() {
                failed = Some(Instant::now());
            }
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "no backup is made"
            );
        }
    }

    fn judge(&self, served: &Served<'_>, files: &Files, asked: &Asked) -> Result<(), String> {
        let before = served.expected.before.as_ref().unwrap();
        if served.states.of(&files[DATABASE])? != *before {
            return Err("the database has changed".into());
        }
        for (name, bytes) in Self::backups(files) {
            if served
                .states
                .of(bytes)
                .map_err(|e| format!("{name}: {e}"))?
                != *before
            {
                return Err(format!("{name} does not hold what the database does"));
            }
        }
        // Nobody is told when the old one is removed: after a power cut it may be there again.
        match Self::backups(files).count() {
            1 => Ok(()),
            2 if !asked.is_acknowledged || files.contains_key(OLD) => Ok(()),
            count => Err(format!("there are {count} backups")),
        }
    }
}
