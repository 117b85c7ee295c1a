//! PocketBase's folder as an import finds it: its real schema (tests/fixtures/pocketbase), with records written by SQL.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::GzDecoder;
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;

use crate::support::binary::run;

pub const USERS: &str = "pbc_421601843";
pub const SUPERUSERS: &str = "pbc_3142635823";
pub const SUPERUSER: &str = "super0000000001";

pub struct PbData {
    dir: TempDir,
}

/// The bcrypt hash of [`crate::support::canary::PASSWORD`], made by PocketBase.
pub fn bcrypt() -> &'static str {
    include_str!("../../fixtures/stored/bcrypt.txt")
        .split(' ')
        .next()
        .unwrap()
}

pub fn user_id(n: usize) -> String {
    format!("user{n:011}")
}

pub fn phone(n: usize) -> String {
    format!("139{n:08}")
}

pub fn token_key(id: &str) -> String {
    format!("canary-{id:0>43}")
}

pub fn secret(collection: &str) -> String {
    format!("canary-secret-{collection:0>36}")
}

impl PbData {
    /// A superuser, and nobody else.
    pub fn new() -> Self {
        let pb = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let mut database = Vec::new();
        let fixture = include_bytes!("../../fixtures/pocketbase/data.db.gz");
        GzDecoder::new(&fixture[..])
            .read_to_end(&mut database)
            .unwrap();
        fs::write(pb.path().join("data.db"), database).unwrap();
        let db = pb.open();
        let set_secret = "UPDATE _collections SET options = json_set(options, '$.authToken.secret', ?1) WHERE id = ?2";
        for collection in [USERS, SUPERUSERS] {
            db.execute(set_secret, params![secret(collection), collection])
                .unwrap();
        }
        let superuser = "INSERT INTO _superusers (id, email, verified, password, tokenKey, created, updated)
            VALUES (?1, 'root@example.com', 1, ?2, ?3, '2026-01-01 00:00:00.000Z', '2026-01-01 00:00:00.000Z')";
        db.execute(
            superuser,
            params![SUPERUSER, bcrypt(), token_key(SUPERUSER)],
        )
        .unwrap();
        pb
    }

    pub fn with_users(count: usize) -> Self {
        let pb = Self::new();
        let db = pb.open();
        (1..=count).for_each(|n| add_user(&db, n));
        drop(db);
        pb
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn open(&self) -> Connection {
        Connection::open(self.path().join("data.db")).unwrap()
    }

    pub fn execute(&self, sql: &str) {
        self.open().execute_batch(sql).unwrap();
    }

    /// All files with their bytes.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files(self.path())
    }
}

pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    };
    fs::read_dir(folder).unwrap().map(file).collect()
}

/// A platform user with everything that a registration gives.
pub fn add_user(db: &Connection, n: usize) {
    let sql = "INSERT INTO tbl_auth_users (id, openid, email, verified, password, tokenKey, created, updated, users_id,
            users_convers_id, users_idtype, users_type, users_status, users_name, users_phone, users_picture)
        VALUES (?1, ?2, ?2 || '@manage.local', 1, ?3, ?4, ?5, ?5, ?6, 'C1', 'ManagePlatform', '注册用户', 1, ?7, ?8, 'https://example.com/a.png')";
    let created = format!("2026-02-03 04:05:{:02}.{:03}Z", n / 1000 % 60, n % 1000);
    let (id, name) = (user_id(n), format!("用户{n}"));
    let values = params![
        id,
        format!("openid-{n}"),
        bcrypt(),
        token_key(&id),
        created,
        format!("U1795{n:09}"),
        name,
        phone(n)
    ];
    db.prepare(sql).unwrap().execute(values).unwrap();
}

/// What PocketBase leaves when it is killed: a second user, who is in the log only.
pub fn killed(pb: &PbData, names: &[&str]) -> TempDir {
    let db = pb.open();
    add_user(&db, 2);
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::copy(pb.path().join(name), folder.path().join(name)).unwrap();
    }
    folder
}

/// Imports into the database of the folder `dir`; whether that went well, and what was printed.
pub fn import(dir: &Path, from: &Path, more: &[&str]) -> (bool, String, String) {
    let args = [&["import", "pocketbase", from.to_str().unwrap()], more].concat();
    let (output, out, err) = run(dir, &args);
    (output.status.success(), out, err)
}

/// The numbers of a line of the summary.
pub fn tally(out: &str, collection: &str) -> Vec<u64> {
    let line = out
        .lines()
        .find(|line| line.starts_with(&format!("{collection} ")))
        .unwrap_or_else(|| panic!("{out}"));
    line.split_whitespace()
        .skip(1)
        .map(|word| word.parse().unwrap())
        .collect()
}

/// A JWT whose parts are whatever the caller says.
pub fn jwt(header: &Value, claims: &Value, key: &str) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

pub fn header() -> Value {
    json!({ "alg": "HS256", "typ": "JWT" })
}

pub fn claims(collection: &str, id: &str, exp: i64) -> Value {
    json!({ "collectionId": collection, "exp": exp, "id": id, "refreshable": true, "type": "auth" })
}

/// A token as PocketBase issues it.
pub fn token(collection: &str, id: &str, exp: i64) -> String {
    jwt(
        &header(),
        &claims(collection, id, exp),
        &(token_key(id) + &secret(collection)),
    )
}
