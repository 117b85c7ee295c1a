//! Backups that the server makes by itself, while a test moves the clock.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use bai::config::{Config, OnFailure};
use bai::store::Location;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::backup_schedule::{
    DAY, HOUR, LOOKS, MINUTE, SECOND, almost, backups, bucket, folder, large, lines, objects,
    spawn, spawn_on, status, teller, until, until_backed_up,
};
use crate::support::binary::{Running, bai, real_wechat};
use crate::support::failing_disk::FailingDisk;
use crate::support::s3_stub::{Action, Fault, S3Stub};
use crate::support::wechat_stub::{Reply, WechatStub};

#[test]
fn the_age_of_the_newest_backup_decides_and_not_the_start_of_the_server() {
    let (_dir, folder) = folder();
    let disk = FailingDisk::default();
    let app = spawn_on(&disk.location(), &folder, DAY, |_| ());
    app.register("13800138000", crate::support::canary::PASSWORD)
        .ok();
    until("the first backup", || status(&app).last_success.is_some());
    let first = backups(&folder);
    assert_eq!(first, ["bai_auto_20261122061036.redb"]);
    let size = fs::metadata(folder.join(&first[0])).unwrap().len();
    assert_eq!(status(&app).last_size, Some(size));
    drop(app);

    let app = spawn_on(&disk.location(), &folder, DAY, |_| ());
    until("it is found", || status(&app).last_success.is_some());
    app.clock.advance(almost(DAY));
    thread::sleep(LOOKS);
    assert_eq!(
        backups(&folder),
        first,
        "a restart is no reason for another"
    );
    app.clock.advance(10 * SECOND);
    until_backed_up(&app);
    let both = backups(&folder);
    assert_eq!(
        both,
        [
            "bai_auto_20261122061036.redb",
            "bai_auto_20261123061045.redb"
        ]
    );
    let copy =
        bai::store::file::check_file(&Location::File(folder.join(&both[1])), 1 << 20).unwrap();
    assert_eq!(copy.users, 1);
}

#[test]
fn the_last_few_are_kept_and_what_people_put_there_is_not_touched() {
    let (_dir, folder) = folder();
    fs::create_dir(&folder).unwrap();
    let theirs = [
        "bai_backup_20200101000000.redb",
        "mine.redb",
        "bai_auto_1.redb",
        "bai_auto_20200101000000.redb.bak",
    ];
    for name in theirs {
        fs::write(folder.join(name), "theirs").unwrap();
    }
    let app = spawn(&folder, HOUR, |config| config.backup.keep = 2);
    for _ in 0..4 {
        until_backed_up(&app);
        app.clock.advance(HOUR);
    }
    until_backed_up(&app);
    until("the old ones are deleted", || {
        backups(&folder)
            == [
                "bai_auto_1.redb",
                "bai_auto_20261122091036.redb",
                "bai_auto_20261122101036.redb",
                "bai_backup_20200101000000.redb",
                "mine.redb",
            ]
    });
    for name in theirs {
        assert_eq!(fs::read(folder.join(name)).unwrap(), b"theirs");
    }
}

#[test]
fn without_a_schedule_there_are_no_backups() {
    let (_dir, folder) = folder();
    let app = TestApp::spawn_with(|config| config.backup.dir.clone_from(&folder));
    app.clock.advance(1000 * DAY);
    thread::sleep(LOOKS);
    assert!(!folder.exists());
    assert_eq!(status(&app).trouble(), None);
}

#[test]
fn a_failure_is_told_once_tried_again_ever_later_and_forgotten_after_a_success() {
    let (dir, folder) = folder();
    let told = dir.path().join("told");
    fs::write(&folder, "a file where the folder should be").unwrap();
    let configure = |config: &mut Config| config.backup.on_failure = teller(&told);
    let app = spawn(&folder, DAY, configure);
    until("it is told", || !lines(&told).is_empty());
    let failure = status(&app).failure.unwrap();
    assert!(
        failure.reason.contains("the folder of the backups"),
        "{}",
        failure.reason
    );
    let line = &lines(&told)[0];
    let expected = format!("BAI_FAILURE=the backup failed: {}", failure.reason);
    assert!(
        line.starts_with(&expected) && line.contains("BAI_FAILURE_EVENT=backup_failed"),
        "{line}"
    );

    for (pause, failures) in [(1, 2), (2, 3), (4, 4)] {
        app.clock.advance(almost(pause * MINUTE));
        thread::sleep(LOOKS);
        assert_eq!(status(&app).failures, failures - 1, "too early");
        app.clock.advance(SECOND);
        until("it is tried again", || status(&app).failures == failures);
    }
    thread::sleep(LOOKS);
    assert_eq!(lines(&told).len(), 1, "no storm");
    app.clock.advance(DAY);
    until("it is told again after a day", || lines(&told).len() == 2);

    fs::remove_file(&folder).unwrap();
    app.clock.advance(HOUR);
    until("it works again", || {
        status(&app).trouble().is_none() && status(&app).last_success.is_some()
    });
    until("the recovery is told", || lines(&told).len() == 3);
    let recovery = &lines(&told)[2];
    assert!(
        recovery.contains("BAI_FAILURE_EVENT=backup_recovered")
            && recovery.contains("BAI_FAILURE=the backups are in order again (host "),
        "{recovery}"
    );
    app.clock.advance(20 * SECOND);
    thread::sleep(LOOKS);
    assert_eq!(lines(&told).len(), 3, "a recovery is told once");
    fs::rename(&folder, dir.path().join("away")).unwrap();
    fs::write(&folder, "again").unwrap();
    app.clock.advance(10 * SECOND);
    until("another failure is told at once", || {
        lines(&told).len() == 4
    });
}

#[test]
fn a_restart_does_not_tell_the_same_again() {
    let (dir, folder) = folder();
    let told = dir.path().join("told");
    let stub = S3Stub::start();
    stub.script(|_| Some(Fault::Status(403)));
    for failures in [1, 1] {
        let app = spawn(&folder, DAY, |config| {
            config.backup.on_failure = teller(&told);
            bucket(config, &stub);
        });
        until("it fails", || status(&app).failures == failures);
        until("it is told", || lines(&told).len() == 1);
        thread::sleep(LOOKS);
    }
    assert_eq!(lines(&told).len(), 1);
    assert!(lines(&told)[0].contains("the bucket answered 403 Stub403: as it was told"));
}

#[test]
fn a_backup_that_is_overdue_is_told_to_a_webhook() {
    let (_dir, folder) = folder();
    let hook = WechatStub::start();
    hook.script(|_| Some(Reply::Json(json!({}))));
    let url = format!("{}/hook?key=canary", hook.url);
    let app = spawn(&folder, DAY, |config| {
        config.backup.on_failure = OnFailure::Webhook(url.as_str().into());
    });
    until_backed_up(&app);
    let made = status(&app).last_success.unwrap();
    // Something else goes on with the whole file, and does not end.
    let busy = app.block_on(app.app.maintenance.lock());
    app.clock.advance(almost(DAY + 6 * HOUR));
    thread::sleep(LOOKS);
    assert!(!status(&app).overdue && hook.calls("/hook").is_empty());
    app.clock.advance(2 * MINUTE);
    assert!(status(&app).overdue);
    until("it is told", || !hook.calls("/hook").is_empty());
    let told = &hook.calls("/hook")[0].body;
    let host = rustix::system::uname()
        .nodename()
        .to_str()
        .unwrap()
        .to_owned();
    let database = std::path::absolute("bai.redb").unwrap();
    let database = database.to_str().unwrap();
    let expected = json!({
        "event": "backup_overdue",
        "reason": format!("a backup is overdue: the last one is of {made} (host {host}, database {database})"),
        "last_backup": made.to_string(),
        "host": host,
        "database": database,
    });
    assert_eq!((told, status(&app).failures), (&expected, 0));
    drop(busy);
    until_backed_up(&app);
    let is_recovery = |call: &serde_json::Value| call["event"] == "backup_recovered";
    until("the recovery is told", || {
        hook.calls("/hook")
            .last()
            .is_some_and(|call| is_recovery(&call.body))
    });
}

#[test]
fn who_cannot_be_told_is_told_again_after_ten_minutes() {
    let (_dir, folder) = folder();
    fs::write(&folder, "a file where the folder should be").unwrap();
    let hook = WechatStub::start();
    hook.script(|_| {
        Some(Reply::Raw(crate::support::wechat_stub::response(
            "500 Internal Server Error",
            "",
        )))
    });
    let url = format!("{}/hook", hook.url);
    let app = spawn(&folder, DAY, |config| {
        config.backup.on_failure = OnFailure::Webhook(url.as_str().into());
    });
    until("it is told", || hook.calls("/hook").len() == 1);
    app.clock.advance(9 * MINUTE);
    thread::sleep(LOOKS);
    assert_eq!(hook.calls("/hook").len(), 1);
    app.clock.advance(MINUTE);
    until("it is told again", || hook.calls("/hook").len() == 2);
    let event: Vec<Value> = hook
        .calls("/hook")
        .iter()
        .map(|call| call.body["event"].clone())
        .collect();
    assert_eq!(event, ["backup_failed", "backup_failed"]);
}

#[test]
fn the_program_that_is_told_gets_none_of_our_settings() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("backups"),
        "a file where the folder should be",
    )
    .unwrap();
    let mut command = bai(dir.path(), &[]);
    command.envs(real_wechat(&WechatStub::start()));
    command.envs([
        ("BAI_BACKUP__EVERY", "1h"),
        ("BAI_BACKUP__ON_FAILURE", "sh,-c,env > new; mv new told"),
    ]);
    let running = Running::start(command);
    let told = dir.path().join("told");
    until("it is told", || told.exists());
    running.signal("-TERM");
    let (success, log) = running.wait();
    assert!(
        success && log.contains("the scheduled backup failed, and is tried again in 60s"),
        "{log}"
    );
    let told = lines(&told);
    let ours: Vec<_> = told
        .iter()
        .filter(|line| line.starts_with("BAI_"))
        .collect();
    assert!(
        ours.len() == 5 && ours.iter().all(|line| line.starts_with("BAI_FAILURE")),
        "{ours:?}"
    );
    assert!(told.iter().any(|line| line.starts_with("PATH=")));
}

#[test]
fn a_stop_does_not_wait_for_an_upload_and_the_files_are_their_owner_s() {
    let (dir, stub) = (tempfile::tempdir().unwrap(), S3Stub::start());
    stub.script(|request| matches!(request.action, Action::Part(_)).then_some(Fault::Hang));
    let mut command = bai(dir.path(), &[]);
    command.envs([
        ("BAI_BACKUP__EVERY", "1h"),
        ("BAI_BACKUP__S3__ENDPOINT", &stub.url),
        ("BAI_BACKUP__S3__BUCKET", "bucket"),
        ("BAI_BACKUP__S3__ACCESS_KEY", "canary-access"),
        (
            "BAI_BACKUP__S3__SECRET_KEY",
            crate::support::s3_stub::SECRET,
        ),
        ("BAI_BACKUP__S3__PATH_STYLE", "true"),
    ]);
    let running = Running::start(command);
    until("it uploads", || stub.count(Action::Part(1)) == 1);
    let started = Instant::now();
    running.signal("-TERM");
    assert!(running.wait().0 && started.elapsed() < Duration::from_secs(5));
    for entry in fs::read_dir(dir.path().join("backups")).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            entry.file_name()
        );
    }
}

#[test]
fn a_bucket_that_cannot_be_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = bai(dir.path(), &[]);
    command.envs([
        ("BAI_SERVER__LISTEN", "127.0.0.1:0"),
        ("BAI_BACKUP__EVERY", "1h"),
        ("BAI_BACKUP__S3__ENDPOINT", "http://127.0.0.1:9000"),
        ("BAI_BACKUP__S3__BUCKET", "bucket"),
        ("BAI_BACKUP__S3__ACCESS_KEY", "canary-access"),
        (
            "BAI_BACKUP__S3__SECRET_KEY",
            crate::support::s3_stub::SECRET,
        ),
    ]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && said.contains("path_style = true"),
        "{said}"
    );
}

#[test]
#[ignore = "waits for a deadline of half a minute"]
fn a_program_that_hangs_is_ended_with_all_that_it_started() {
    let (dir, folder) = folder();
    fs::write(&folder, "a file where the folder should be").unwrap();
    let pids = dir.path().join("pids");
    let script = format!(
        "sleep 300 & echo $! >> {0}; echo $$ >> {0}; wait",
        pids.display()
    );
    let _app = spawn(&folder, DAY, |config| {
        config.backup.on_failure = OnFailure::Command(vec!["/bin/sh".into(), "-c".into(), script]);
    });
    until("it runs", || lines(&pids).len() == 2);
    let lives = |pid: &String| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(" Z ")
    };
    assert!(lines(&pids).iter().all(lives));
    until("it is ended", || !lines(&pids).iter().any(lives));
}

#[track_caller]
fn assert_same(stub: &S3Stub, folder: &Path) {
    for name in backups(folder) {
        let object = stub.object(&format!("bai/{name}")).unwrap();
        assert!(
            object == fs::read(folder.join(&name)).unwrap(),
            "{name} differs"
        );
    }
}

#[test]
fn backups_go_to_the_bucket_too_and_the_last_few_are_kept_there() {
    let (_dir, folder) = folder();
    let stub = S3Stub::start();
    let theirs = [
        "bai_auto_20200101000000.redb",
        "bai/mine.redb",
        "bai/x/bai_auto_20200101000000.redb",
        "bai/bai_auto_x",
        // It has the right name, and does not say which database it is of.
        "bai/bai_auto_20200101000000.redb",
    ];
    for key in theirs {
        stub.put(key, b"theirs");
    }
    let app = spawn(&folder, HOUR, |config| {
        bucket(config, &stub);
        config.backup.keep = 1;
        config.backup.s3.keep = 2;
    });
    for _ in 0..3 {
        until_backed_up(&app);
        app.clock.advance(HOUR);
    }
    until_backed_up(&app);
    let kept = [
        "bai_auto_20261122081036.redb",
        "bai_auto_20261122091036.redb",
    ];
    until("two are kept", || {
        objects(&stub)
            .iter()
            .filter(|name| name.starts_with("bai_auto_2026"))
            .eq(&kept)
    });
    until("one is kept here", || backups(&folder) == kept[1..]);
    assert_same(&stub, &folder);
    assert!(
        theirs
            .iter()
            .all(|key| stub.object(key).unwrap() == b"theirs")
    );
    assert_eq!((stub.unfinished(), stub.count(Action::Abort)), (0, 0));
    assert_eq!(stub.count(Action::Get), 4, "each was read back");
}

#[test]
fn an_upload_survives_errors_cuts_and_halves() {
    let (_dir, folder) = folder();
    let stub = S3Stub::start();
    let faults = std::sync::Mutex::new(vec![
        (Action::List, Fault::Status(500)),
        (Action::Begin, Fault::Status(503)),
        (Action::Part(1), Fault::Cut),
        (Action::Part(2), Fault::Status(429)),
        (Action::Part(2), Fault::CutAfter),
        (Action::Part(3), Fault::Half),
        (Action::Complete, Fault::CutAfter),
        (Action::Get, Fault::Cut),
        (Action::Get, Fault::Half),
    ]);
    stub.script(move |request| {
        let mut faults = faults.lock().unwrap();
        let at = faults
            .iter()
            .position(|(action, _)| *action == request.action)?;
        Some(faults.remove(at).1)
    });
    let app = spawn_on(&large(), &folder, DAY, |config| bucket(config, &stub));
    until_backed_up(&app);
    assert_eq!(status(&app).failures, 0);
    assert_eq!(
        (stub.count(Action::Part(2)), stub.count(Action::Part(3))),
        (3, 2)
    );
    assert_same(&stub, &folder);
    assert_eq!(stub.unfinished(), 0);
}

#[test]
fn a_backup_that_arrives_wrong_does_not_count_and_is_sent_again() {
    for action in [Action::Part(1), Action::Get] {
        let (_dir, folder) = folder();
        let stub = S3Stub::start();
        stub.script(move |request| (request.action == action).then_some(Fault::Flip));
        let app = spawn(&folder, DAY, |config| bucket(config, &stub));
        until("it fails", || status(&app).failures == 1);
        let reason = status(&app).failure.unwrap().reason;
        assert!(reason.contains("differs"), "{reason}");
        assert_eq!(status(&app).last_success, None, "only here is not enough");
        assert_eq!((objects(&stub), backups(&folder).len()), (vec![], 1));
        stub.heal();
        app.clock.advance(MINUTE);
        until("it succeeds", || {
            status(&app).trouble().is_none() && status(&app).last_success.is_some()
        });
        assert_eq!(backups(&folder).len(), 1, "the same backup is sent");
        assert_same(&stub, &folder);
    }
}

#[test]
fn while_the_bucket_is_away_twice_as_many_are_kept_and_sent_when_it_is_back() {
    let (_dir, folder) = folder();
    let stub = S3Stub::start();
    stub.script(|_| Some(Fault::Status(403)));
    let app = spawn(&folder, HOUR, |config| {
        bucket(config, &stub);
        config.backup.keep = 2;
    });
    for failures in 1..=5 {
        until("it fails", || status(&app).failures >= failures);
        app.clock.advance(HOUR);
    }
    until("it fails", || status(&app).failures >= 6);
    until("four are kept", || backups(&folder).len() == 4);
    assert_eq!(status(&app).last_success, None);
    let kept = backups(&folder);
    stub.heal();
    app.clock.advance(30 * MINUTE);
    app.clock.advance(29 * MINUTE);
    until("all are sent", || objects(&stub) == kept);
    until("two are kept", || backups(&folder) == kept[2..]);
    until("all is well", || status(&app).trouble().is_none());
    assert_same(&stub, &folder);
}

#[test]
fn what_is_gone_from_the_bucket_is_sent_again() {
    let (_dir, folder) = folder();
    let stub = S3Stub::start();
    let app = spawn(&folder, HOUR, |config| bucket(config, &stub));
    until_backed_up(&app);
    let first = objects(&stub);
    stub.put(&format!("bai/{}", first[0]), b"somebody cut it");
    app.clock.advance(HOUR);
    until_backed_up(&app);
    assert_eq!(objects(&stub).len(), 2);
    let (key, file) = (
        format!("bai/{}", first[0]),
        fs::read(folder.join(&first[0])).unwrap(),
    );
    until("it is sent again", || {
        stub.object(&key).as_ref() == Some(&file)
    });
    assert_same(&stub, &folder);
}

#[test]
fn an_upload_that_a_stop_cut_is_cleared_away_and_made_again() {
    let (_dir, folder) = folder();
    let stub = S3Stub::start();
    stub.script(|request| matches!(request.action, Action::Part(_)).then_some(Fault::Hang));
    let disk = FailingDisk::default();
    let app = spawn_on(&disk.location(), &folder, DAY, |config| {
        bucket(config, &stub);
    });
    until("it begins", || stub.count(Action::Part(1)) == 1);
    drop(app);
    assert_eq!(stub.unfinished(), 1);
    stub.heal();
    let app = spawn_on(&disk.location(), &folder, DAY, |config| {
        bucket(config, &stub);
    });
    until("it succeeds", || status(&app).last_success.is_some());
    assert_eq!(
        (stub.unfinished(), objects(&stub), backups(&folder).len()),
        (0, backups(&folder), 1)
    );
}

#[test]
fn without_the_right_secret_nothing_is_uploaded() {
    let (_dir, folder) = folder();
    let stub = S3Stub::start();
    let app = spawn(&folder, DAY, |config| {
        bucket(config, &stub);
        config.backup.s3.secret_key = "canary-wrong".into();
    });
    until("it fails", || status(&app).failures == 1);
    let reason = status(&app).failure.unwrap().reason;
    assert_eq!(reason, "the bucket answered 403 SignatureDoesNotMatch");
    assert!(stub.keys().is_empty());
}

#[test]
fn a_bucket_that_says_nothing_is_given_up() {
    let (_dir, folder) = folder();
    let stub = S3Stub::start();
    let hung = std::sync::atomic::AtomicBool::new(false);
    stub.script(move |request| {
        let first = request.action == Action::Part(1)
            && !hung.swap(true, std::sync::atomic::Ordering::SeqCst);
        first.then_some(Fault::Hang)
    });
    let app = spawn(&folder, DAY, |config| {
        bucket(config, &stub);
        config.backup.s3.timeout = Duration::from_millis(300);
    });
    until_backed_up(&app);
    assert_eq!((stub.count(Action::Part(1)), status(&app).failures), (2, 0));
}
