//! A deployment's own column `unionid`, which many have: its values go on as those of the field, from wherever they come.

use std::path::Path;

use bai::domain::{RecordId, User};
use bai::store::Location;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::app::TestApp;
use crate::support::binary::run;
use crate::support::canary::PASSWORD;
use crate::support::logins::superuser_token;
use crate::support::pb_data::{PbData, phone, user_id};
use crate::support::pocketbase_api::{USERS, path};
use crate::support::superuser::EMAIL;

const TABLE: &str = "tbl_auth_users";

fn with_unionids(description: &Value) -> PbData {
    let pb = PbData::with_users(2);
    pb.set_column(TABLE, "unionid", description);
    pb.execute("UPDATE tbl_auth_users SET unionid = 'u_one' WHERE openid = 'openid-1'");
    pb
}

fn succeed(dir: &Path, args: &[&str]) -> String {
    let (output, out, err) = run(dir, args);
    assert!(output.status.success(), "{out}{err}");
    out
}

/// A new installation with what is in PocketBase's folder, and what the import said.
fn imported(folder: &Path) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let said = succeed(
        dir.path(),
        &["import", "pocketbase", folder.to_str().unwrap()],
    );
    (dir, said)
}

fn spawn(dir: &TempDir) -> TestApp {
    TestApp::spawn_on(&Location::File(dir.path().join("bai.redb")), |_| ())
}

fn stored(app: &TestApp, n: usize) -> User {
    let id = RecordId::parse(&user_id(n)).unwrap();
    app.block_on(app.app.store.user_by_id(&id))
        .unwrap()
        .unwrap()
}

/// Answers of a list to superusers, and to the user whose it is.
fn counts(app: &TestApp, is_for_all: bool) -> [Value; 2] {
    let login = app.login(&phone(1), PASSWORD).ok();
    let token = login["token"].as_str().unwrap().to_owned();
    let record = login["record"].clone();
    let expected = is_for_all.then(|| json!("u_one"));
    assert_eq!(record.get("unionid"), expected.as_ref(), "{record}");
    let own = app
        .get(&format!("{USERS}/records?filter=unionid='u_one'"))
        .header("Authorization", &token)
        .send();
    let of_user = match is_for_all {
        true => own.ok()["totalItems"].clone(),
        false => own.status.into(),
    };
    let root = superuser_token(app, EMAIL);
    let found = app
        .get(&format!("{USERS}/records?filter=unionid='u_one'"))
        .header("Authorization", &root)
        .send()
        .ok();
    [found["totalItems"].clone(), of_user]
}

#[test]
fn the_column_of_an_imported_deployment_is_the_field() {
    for (description, is_for_all, of_user) in [
        (json!({ "type": "text" }), true, json!(1)),
        (json!({ "type": "text", "hidden": true }), false, json!(400)),
    ] {
        let pb = with_unionids(&description);
        let (dir, said) = imported(pb.path());
        assert!(!said.contains("tbl_auth_users.unionid"), "{said}");
        let app = spawn(&dir);
        assert_eq!(stored(&app, 1).unionid.as_deref(), Some("u_one"));
        assert_eq!(stored(&app, 2).unionid, None);
        let columns = stored(&app, 1).columns.unwrap_or_default();
        assert!(!columns.contains("unionid"), "{columns}");
        assert_eq!(counts(&app, is_for_all), [json!(1), of_user]);
    }
}

/// A file that was made when the column was one of the deployment's own: the bytes of its users are what they were.
#[test]
fn the_column_in_a_file_of_before_is_the_field_until_it_is_set() {
    let pb = with_unionids(&json!({ "type": "text" }));
    let (dir, _) = imported(pb.path());
    let app = spawn(&dir);
    let id = RecordId::parse(&user_id(1)).unwrap();
    app.change_user(&id, |user| {
        let columns = user.columns.take().unwrap_or_else(|| "{}".to_owned());
        let mut columns: Value = serde_json::from_str(&columns).unwrap();
        columns["unionid"] = "u_one".into();
        user.columns = Some(columns.to_string());
    });
    assert!(stored(&app, 1).columns.unwrap().contains("u_one"));
    assert_eq!(counts(&app, true), [json!(1), json!(1)]);
    drop(app);
    let app = spawn(&dir);
    let token = superuser_token(&app, EMAIL);
    let call = |method: &str, path: &str| app.call(method, path).header("Authorization", &token);
    let own = path(USERS, &user_id(1).into());
    for (set, found) in [("u_two", 1), ("", 0)] {
        let changed = call("PATCH", &own)
            .json(&json!({ "unionid": set }))
            .send()
            .ok();
        assert_eq!(changed["unionid"], set);
        assert_eq!(call("GET", &own).send().ok()["unionid"], set);
        let query = format!("{USERS}/records?filter=unionid='u_two'");
        assert_eq!(call("GET", &query).send().ok()["totalItems"], found);
        let query = format!("{USERS}/records?filter=unionid='u_one'");
        assert_eq!(call("GET", &query).send().ok()["totalItems"], 0);
    }
    drop(app);
    succeed(dir.path(), &["check"]);
}

fn described(folder: &Path) -> Value {
    let db = Connection::open(folder.join("data.db")).unwrap();
    let sql = "SELECT fields FROM _collections WHERE name = 'tbl_auth_users'";
    let text: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
    let fields: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut found = fields
        .into_iter()
        .filter(|field| field["name"] == "unionid");
    let first = found.next().unwrap_or_default();
    assert_eq!(found.next(), None);
    first
}

fn unionids(folder: &Path) -> Vec<String> {
    let db = Connection::open(folder.join("data.db")).unwrap();
    let mut rows = db
        .prepare("SELECT unionid FROM tbl_auth_users ORDER BY rowid")
        .unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// An export brings it back, in the column that there was or in one that it makes when a user has it; another import takes it.
#[test]
fn an_export_and_another_import_keep_it() {
    for own in [true, false] {
        let pb = match own {
            true => with_unionids(&json!({ "type": "text" })),
            false => PbData::with_users(2),
        };
        let (dir, _) = imported(pb.path());
        if !own {
            succeed(dir.path(), &["export", "pocketbase", "without"]);
            assert_eq!(described(&dir.path().join("without")), Value::Null);
            succeed(
                dir.path(),
                &["user", "update", &user_id(1), "unionid=u_one"],
            );
        }
        let said = succeed(dir.path(), &["export", "pocketbase", "back"]);
        assert!(!said.contains("unionid"), "{said}");
        let back = dir.path().join("back");
        assert_eq!(unionids(&back), ["u_one", ""]);
        assert_eq!(described(&back)["hidden"], !own);
        let (again, _) = imported(&back);
        assert_eq!(stored(&spawn(&again), 1).unionid.as_deref(), Some("u_one"));
    }
}

/// A deployment that began here is exported with the field.
#[test]
fn an_export_of_a_deployment_that_began_here_has_the_field() {
    let dir = tempfile::tempdir().unwrap();
    {
        let app = spawn(&dir);
        app.wechat_login("bob~unionid").ok();
    }
    succeed(dir.path(), &["export", "pocketbase", "back"]);
    let back = dir.path().join("back");
    assert_eq!(unionids(&back), ["u_bob"]);
    assert_eq!(described(&back)["hidden"], true);
}
