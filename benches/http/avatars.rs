//! Logins, starts and backups of a file without pictures, and of one in which every user has one.

use std::path::{Path, PathBuf};

use bai::clock::Clock;
use bai::domain::{Avatar, AvatarName, ImageFormat};

use crate::Setup;
use crate::backup::Backup;
use crate::figures::{head, median, row};
use crate::load::{Load, Requests};
use crate::measured::Measured;
use crate::process::Bai;
use crate::{requests, start, users};

const CLIENTS: usize = 32;
/// Bytes of a picture: that of a photo of 200 pixels a side.
const BYTES: usize = 8 << 10;
/// Pictures of one commit while the file is filled.
const FILLING: u64 = 1_000;
const STARTS: usize = 5;

/// Figures of one file.
struct File {
    path: PathBuf,
    logins: Vec<Measured>,
    first_logins: Vec<Measured>,
    backups: Vec<f64>,
}

pub async fn print(setup: &Setup) {
    let mut files = [
        File::new(setup, "without.redb").await,
        File::new(setup, "with.redb").await,
    ];
    add_pictures(&files[1].path, setup.count).await;
    for _ in 0..setup.rounds {
        for file in &mut files {
            file.measure(setup).await;
        }
    }
    print_loads(&files);
    println!();
    head([
        "file",
        "start after a stop",
        "start after kill -9",
        "backup",
    ]);
    for (name, file) in ["no pictures", "a picture for each user"]
        .iter()
        .zip(&files)
    {
        let first_logins = requests::wechat_first_login();
        let starts = start::measure(setup, &file.path, &first_logins, STARTS).await;
        row([
            (*name).to_owned(),
            format!("{:.1} ms", median(starts.after_stop)),
            format!("{:.1} ms", median(starts.after_kill)),
            format!("{:.2} s", median(file.backups.iter().copied())),
        ]);
    }
}

fn print_loads([without, with]: &[File; 2]) {
    head(["work", "no pictures", "a picture for each user", "ratio"]);
    let rate = |rounds: &[Measured]| median(rounds.iter().map(Measured::rate));
    for (name, without, with) in [
        ("wechat/login, existing user", &without.logins, &with.logins),
        (
            "wechat/login, new user",
            &without.first_logins,
            &with.first_logins,
        ),
    ] {
        let (without, with) = (rate(without), rate(with));
        row([
            name.to_owned(),
            format!("{without:.0} req/s"),
            format!("{with:.0} req/s"),
            format!("{:.2}", with / without),
        ]);
    }
}

impl File {
    async fn new(setup: &Setup, name: &str) -> Self {
        let path = setup.dir.path().join(name);
        users::fill(&path, setup.count, &setup.users).await;
        Self {
            path,
            logins: Vec::new(),
            first_logins: Vec::new(),
            backups: Vec::new(),
        }
    }

    async fn measure(&mut self, setup: &Setup) {
        let server = Bai::start(setup, &self.path);
        let backup = Backup::new(setup, &self.path);
        self.backups.push(backup.make().await.as_secs_f64());
        for (requests, rounds) in [
            (requests::wechat_login(setup.count), &mut self.logins),
            (requests::wechat_first_login(), &mut self.first_logins),
        ] {
            rounds.push(load(setup, &server, requests).await);
        }
        server.stop();
    }
}

async fn load(setup: &Setup, server: &Bai, requests: Requests) -> Measured {
    let load = Load {
        address: server.address,
        requests,
        clients: CLIENTS,
        pause: std::time::Duration::ZERO,
        time: setup.time,
    };
    load.run().await.all_ok("logins")
}

async fn add_pictures(file: &Path, count: u64) {
    let store = users::open(file);
    let mut begin = 0;
    while begin < count {
        let end = count.min(begin + FILLING);
        let pictures: Vec<_> = (begin..end).map(|n| (users::id(n), picture(n))).collect();
        store.put_avatars(pictures).await.expect("the disk works");
        begin = end;
    }
}

fn picture(n: u64) -> Avatar {
    Avatar {
        name: AvatarName::parse(&format!("avatar_{n}.jpg")).expect("a name"),
        format: ImageFormat::Jpeg,
        uploaded: Clock::System.now(),
        bytes: n.to_le_bytes().repeat(BYTES / 8),
    }
}
