//! Scheduled backups in a bucket of moto, which answers as S3 does. `BAI_MOTO` is its server, `moto_server`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use bai::config::Config;

use crate::support::app::TestApp;
use crate::support::backup_schedule::{backups, large, spawn_on, status, until, until_backed_up};
use crate::support::binary::run;
use crate::support::canary::PASSWORD;
use crate::support::failing_disk::FailingDisk;

const DAY: Duration = Duration::from_hours(24);

/// moto's server, killed when dropped.
struct Moto {
    child: Child,
    url: String,
}

impl Moto {
    fn start() -> Self {
        let program = std::env::var_os("BAI_MOTO").expect("BAI_MOTO is the path of moto_server");
        let mut command = Command::new(program);
        command
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let line = lines.find(|line| line.contains("Running on http")).unwrap();
        thread::spawn(move || lines.for_each(drop));
        let url = line.split_once("Running on ").unwrap().1.trim().to_owned();
        Self { child, url }
    }

    fn configure(&self, config: &mut Config) {
        let s3 = &mut config.backup.s3;
        s3.endpoint = self.url.as_str().into();
        (s3.bucket, s3.prefix) = ("backups".into(), "bai/".into());
        (s3.access_key, s3.secret_key) = ("canary-access".into(), "canary-secret".into());
        (s3.path_style, s3.keep) = (true, 2);
    }

    fn put(&self, path: &str, body: &[u8]) {
        assert_eq!(
            ureq::put(format!("{}{path}", self.url))
                .send(body)
                .unwrap()
                .status(),
            200
        );
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let mut answer = ureq::get(format!("{}{path}", self.url)).call().unwrap();
        answer
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec()
            .unwrap()
    }

    /// The keys in the bucket.
    fn keys(&self) -> Vec<String> {
        let list = String::from_utf8(self.get("/backups?list-type=2")).unwrap();
        let keys = list
            .split("<Key>")
            .skip(1)
            .map(|rest| rest.split_once('<').unwrap().0.to_owned());
        keys.collect()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs moto: BAI_MOTO=/path/to/moto_server"]
fn backups_go_to_s3_in_parts_are_kept_there_and_restored_from_there() {
    let (dir, moto) = (tempfile::tempdir().unwrap(), Moto::start());
    let folder = dir.path().join("backups");
    let configure = |config: &mut Config| {
        config.backup.dir.clone_from(&folder);
        config.backup.every = Some(DAY);
        config.backup.keep = 1;
        moto.configure(config);
    };
    let app = TestApp::spawn_on(&large(), configure);
    app.register("13800138000", PASSWORD).ok();
    until("the bucket is not there", || status(&app).failure.is_some());
    let large = fs::read(folder.join(&backups(&folder)[0])).unwrap();
    assert!(large.len() > 16 << 20);
    let reason = status(&app).failure.unwrap().reason;
    assert!(reason.contains("404 NoSuchBucket"), "{reason}");

    moto.put("/backups", b"");
    moto.put("/backups/bai/theirs", b"theirs");
    moto.put(
        "/backups/bai_auto_20200101000000.redb",
        b"not in our folder",
    );
    app.clock.advance(Duration::from_mins(1));
    until("the first backup", || {
        status(&app).trouble().is_none() && status(&app).last_success.is_some()
    });
    assert!(
        moto.get("/backups/bai/bai_auto_20261122061036.redb") == large,
        "the object is the file"
    );
    for _ in 0..2 {
        app.clock.advance(DAY);
        let day = app.clock.now().as_second() / 86_400;
        until("another", || {
            status(&app)
                .last_success
                .is_some_and(|at| at.as_second() / 86_400 == day)
        });
    }
    let kept = [
        "bai/bai_auto_20261123061136.redb",
        "bai/bai_auto_20261124061136.redb",
        "bai/theirs",
        "bai_auto_20200101000000.redb",
    ];
    until("two are kept there", || moto.keys() == kept);
    until("one is kept here", || backups(&folder).len() == 1);
    assert_eq!(status(&app).failures, 1);

    let object = moto.get(&format!("/backups/{}", kept[1]));
    assert!(
        object == fs::read(folder.join(&backups(&folder)[0])).unwrap(),
        "the object is the backup"
    );
    fs::write(dir.path().join("downloaded.redb"), object).unwrap();
    let (output, said, _) = run(dir.path(), &["check", "downloaded.redb"]);
    assert!(
        output.status.success() && said.contains("users 1,"),
        "{said}"
    );
}

#[test]
#[ignore = "needs moto: BAI_MOTO=/path/to/moto_server"]
fn servers_with_one_prefix_in_s3_delete_their_own_only() {
    let (dir, moto) = (tempfile::tempdir().unwrap(), Moto::start());
    moto.put("/backups", b"");
    moto.put("/backups/bai/bai_auto_20200101000000.redb", b"theirs");
    let folder = dir.path().join("backups");
    let (first, second) = (FailingDisk::default(), FailingDisk::default());
    let own = |id: &str| {
        let labelled = |key: &String| {
            // Of an object that moto does not show to everybody, only the owner reads the labels.
            let answer = ureq::get(format!("{}/backups/{key}", moto.url)).call();
            answer.is_ok_and(|it| {
                it.headers()
                    .get("x-amz-meta-bai-database")
                    .is_some_and(|found| found == id)
            })
        };
        moto.keys().into_iter().filter(labelled).collect::<Vec<_>>()
    };
    let periods = |disk: &FailingDisk, days: u32| {
        let app = spawn_on(&disk.location(), &folder, DAY, |config| {
            config.backup.keep = 1;
            moto.configure(config);
        });
        app.clock.advance(DAY * days);
        for _ in 0..3 {
            until_backed_up(&app);
            app.clock.advance(DAY);
        }
        until_backed_up(&app);
        assert_eq!(status(&app).failures, 0);
        let file = app.app.store.file().unwrap();
        let id = file.identity().unwrap().unwrap().id.to_string();
        // The oldest goes after the newest has come, and the server does not end before.
        until("two are kept there", || own(&id).len() == 2);
        id
    };
    let id = periods(&first, 0);
    let theirs = own(&id);
    assert_eq!(theirs.len(), 2);
    let other = periods(&second, 10);
    assert_eq!((own(&id), own(&other).len()), (theirs.clone(), 2));
    // What is known of the objects after a restart, the bucket says.
    assert_eq!(periods(&first, 20), id);
    assert!(own(&id).len() == 2 && !theirs.iter().any(|key| own(&id).contains(key)));
    assert_eq!((own(&other).len(), moto.keys().len()), (2, 5));
}
