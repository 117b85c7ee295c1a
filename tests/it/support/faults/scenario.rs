//! The commands whose faults are enumerated, and the folder that each finds.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use bai::domain::{Company, RecordId, Superuser, TokenKey, User};
use bai::store::{Location, Store};
use flate2::read::GzDecoder;
use jiff::Timestamp;

use crate::support::binary::bai;
use crate::support::canary::PASSWORD;
use crate::support::pb_data::PbData;
use crate::support::steps::{self, Step};
use crate::support::users::{new_user, now, user_id};

pub const DATABASE: &str = "bai.redb";
/// A superuser of the database, who is not in the backup.
pub const ROOT: &str = "served@example.com";
const IN_BACKUP: usize = 25;
const USERS: usize = 40;

/// The folder that a command finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// No file at all.
    Empty,
    /// A backup only.
    BackupOnly,
    /// A database of 40 users, and a backup of it when it had 25.
    Populated,
    /// A file of version 1.
    Version1,
    /// A file of version 2.
    Version2,
    /// A file of version 3, with events.
    Version3,
    /// A file of version 4, without blocks of users.
    Version4,
    /// A file of version 5, without the index by name.
    Version5,
}

/// The states that a command that was interrupted may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// The state before or after, nothing else.
    One,
    /// The state between two of its transactions, too: what is asked of it once more is done then.
    Several,
}

/// A command.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub args: &'static [&'static str],
    pub start: Start,
    pub steps: Steps,
    /// The number of users that PocketBase has, if the command imports them.
    pub imports: usize,
}

const fn scenario(
    name: &'static str,
    args: &'static [&'static str],
    start: Start,
    steps: Steps,
) -> Scenario {
    Scenario {
        name,
        args,
        start,
        steps,
        imports: 0,
    }
}

pub const CREATE: Scenario = scenario(
    "first start",
    &["superuser", "create", "root@example.com"],
    Start::Empty,
    Steps::Several,
);
pub const COMMIT: Scenario = scenario(
    "commit",
    &["user", "disable", "13800000003"],
    Start::Populated,
    Steps::One,
);
pub const INSERT: Scenario = scenario(
    "insert",
    &["superuser", "create", "second@example.com"],
    Start::Populated,
    Steps::One,
);
pub const ROTATE: Scenario = scenario(
    "key rotation",
    &["key", "rotate"],
    Start::Populated,
    Steps::One,
);
pub const COMPACT: Scenario = scenario("compact", &["compact"], Start::Populated, Steps::One);
pub const RESTORE: Scenario = scenario(
    "restore",
    &["restore", "copy.redb", "--yes"],
    Start::Populated,
    Steps::One,
);
pub const RESTORE_ALL: Scenario = scenario(
    "restore --keep-tokens",
    &["restore", "copy.redb", "--yes", "--keep-tokens"],
    Start::Populated,
    Steps::One,
);
pub const RESTORE_MISSING: Scenario = scenario(
    "restore without a database",
    &["restore", "copy.redb", "--yes"],
    Start::BackupOnly,
    Steps::One,
);
pub const BACKUP: Scenario = scenario(
    "backup",
    &["backup", "out.redb"],
    Start::Populated,
    Steps::One,
);
const PULL: &[&str] = &["import", "pocketbase"];
pub const IMPORT_NEW: Scenario = Scenario {
    imports: 20,
    ..scenario("import, no database", PULL, Start::Empty, Steps::Several)
};
pub const IMPORT: Scenario = Scenario {
    imports: 20,
    ..scenario("import", PULL, Start::Populated, Steps::Several)
};
pub const GROW: Scenario = Scenario {
    imports: 500,
    ..scenario("growth", PULL, Start::Populated, Steps::Several)
};
pub const MIGRATE_1: Scenario = scenario(
    "migration of version 1",
    &["migrate"],
    Start::Version1,
    Steps::Several,
);
pub const MIGRATE_2: Scenario = scenario(
    "migration of version 2",
    &["migrate"],
    Start::Version2,
    Steps::Several,
);
pub const MIGRATE_3: Scenario = scenario(
    "migration of version 3",
    &["migrate"],
    Start::Version3,
    Steps::Several,
);
pub const MIGRATE_4: Scenario = scenario(
    "migration of version 4",
    &["migrate"],
    Start::Version4,
    Steps::Several,
);

pub const MIGRATE_5: Scenario = scenario(
    "migration of version 5",
    &["migrate"],
    Start::Version5,
    Steps::Several,
);

/// A running server and the folder that it finds.
pub const SERVED: Scenario = scenario("server", &["serve"], Start::Populated, Steps::One);

impl Scenario {
    /// A source for an import.
    pub fn source(&self) -> Option<PbData> {
        (self.imports > 0).then(|| PbData::with_users(self.imports))
    }

    /// The command in `dir`, which has what [`Scenario::prepare`] put there.
    pub fn command(&self, dir: &Path, source: Option<&PbData>) -> Command {
        let mut command = bai(dir, self.args);
        command.env("BAI_PASSWORD__LOG_N", "4");
        if let Some(source) = source {
            command.arg(source.path());
        }
        command
    }

    /// The text that it reads from the standard input.
    pub fn input(&self) -> &'static str {
        match self.args {
            ["superuser", "create", ..] => PASSWORD,
            _ => "",
        }
    }

    pub fn prepare(&self, dir: &Path) {
        match self.start {
            Start::Empty => {}
            Start::Version1 => unpack(include_bytes!("../../../fixtures/stored/store_v1.gz"), dir),
            Start::Version2 => unpack(include_bytes!("../../../fixtures/stored/store_v2.gz"), dir),
            Start::Version3 => unpack(include_bytes!("../../../fixtures/stored/store_v3.gz"), dir),
            Start::Version4 => unpack(include_bytes!("../../../fixtures/stored/store_v4.gz"), dir),
            Start::Version5 => unpack(include_bytes!("../../../fixtures/stored/store_v5.gz"), dir),
            Start::BackupOnly => fs::write(dir.join("copy.redb"), &populated().backup).unwrap(),
            Start::Populated => {
                fs::write(dir.join("copy.redb"), &populated().backup).unwrap();
                fs::write(dir.join(DATABASE), &populated().database).unwrap();
            }
        }
    }
}

fn unpack(packed: &[u8], dir: &Path) {
    std::io::copy(
        &mut GzDecoder::new(packed),
        &mut File::create(dir.join(DATABASE)).unwrap(),
    )
    .unwrap();
}

/// Bytes of the files that most commands find.
struct Populated {
    database: Vec<u8>,
    backup: Vec<u8>,
}

fn populated() -> &'static Populated {
    static POPULATED: OnceLock<Populated> = OnceLock::new();
    POPULATED.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(DATABASE);
        write(&path, first_writes());
        // Adds the token key, too.
        assert!(
            bai(dir.path(), &["backup", "copy.redb"])
                .output()
                .unwrap()
                .status
                .success()
        );
        write(&path, second_writes());
        create_root(dir.path());
        Populated {
            database: fs::read(path).unwrap(),
            backup: fs::read(dir.path().join("copy.redb")).unwrap(),
        }
    })
}

fn create_root(dir: &Path) {
    let input = dir.join("input");
    fs::write(&input, PASSWORD).unwrap();
    let mut command = bai(dir, &["superuser", "create", ROOT]);
    command
        .env("BAI_PASSWORD__LOG_N", "4")
        .stdin(File::open(input).unwrap());
    assert!(command.output().unwrap().status.success());
}

fn write(path: &Path, steps: impl Iterator<Item = Step>) {
    let store = Store::open(&Location::File(path.to_owned()), 8 << 20).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(steps::take(&store, now(), steps)).unwrap();
}

fn first_writes() -> impl Iterator<Item = Step> {
    let companies = [1, 2].map(|n| Step::insert(company(n)));
    let users = (0..IN_BACKUP).map(|n| Step::insert(new_user(n)));
    users.chain(companies).chain([Step::insert(superuser())])
}

/// More users, and one whose tokens ended: a restoration has to end them again.
fn second_writes() -> impl Iterator<Item = Step> {
    let update = |user: &mut User| user.token_key = TokenKey::new([8; 16]);
    let users = (IN_BACKUP..USERS).map(|n| Step::insert(new_user(n)));
    users.chain([Step::change_user(&user_id(5), update)])
}

fn company(n: u64) -> Company {
    Company {
        id: RecordId::parse(&format!("c{n:014}")).unwrap(),
        number: n,
        company_id: format!("company-{n}"),
        columns: "{}".into(),
        created: Timestamp::UNIX_EPOCH,
        updated: Timestamp::UNIX_EPOCH,
    }
}

fn superuser() -> Superuser {
    Superuser {
        id: RecordId::parse("s00000000000001").unwrap(),
        number: 1,
        email: "first@example.com".into(),
        email_visibility: false,
        verified: true,
        password_hash: crate::support::pb_data::bcrypt().into(),
        token_key: TokenKey::new([7; 16]),
        created: now(),
        updated: now(),
    }
}
