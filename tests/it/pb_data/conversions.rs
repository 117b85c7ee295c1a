//! What a deployment has otherwise than the fields here comes all the same, and goes back as it was.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::app::{Answer, TestApp};
use crate::support::binary::run;
use crate::support::canary::PASSWORD;
use crate::support::pb_data::{PbData, phone, user_id};
use crate::support::superuser::log_in;

const USERS: &str = "tbl_auth_users";

/// A PocketBase that moved: its folder, that of the database, and the server on it.
struct Moved {
    app: TestApp,
    token: String,
    dir: TempDir,
}

impl Moved {
    fn from(pb: &PbData, more: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let said = import(dir.path(), pb, more);
        assert!(said.success, "{}{}", said.out, said.err);
        Self::at(dir)
    }

    fn at(dir: TempDir) -> Self {
        let location = bai::store::Location::File(dir.path().join("bai.redb"));
        let app = TestApp::spawn_on(&location, |_| ());
        let login = log_in(&app, "root@example.com", PASSWORD).ok();
        let token = login["token"].as_str().unwrap().to_owned();
        Self { app, token, dir }
    }

    /// A record as PocketBase's API shows it to a superuser.
    fn record(&self, table: &str, id: &str) -> Value {
        self.get(&format!("/api/collections/{table}/records/{id}"))
            .ok()
    }

    fn get(&self, path: &str) -> Answer {
        self.app.get(path).bearer(&self.token).send()
    }

    /// The ids of the users whom a filter finds.
    fn found(&self, filter: &str) -> Vec<String> {
        let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let path = format!("/api/collections/{USERS}/records?sort=id&fields=id&filter={filter}");
        let found = self.get(&path).ok();
        let items = found["items"].as_array().unwrap().iter();
        items
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }

    fn status_of_login(&self, n: usize) -> u16 {
        self.app.login(&phone(n), PASSWORD).status
    }

    /// The database that goes back.
    fn back(self) -> (TempDir, Connection) {
        drop(self.app);
        let (output, out, err) = run(self.dir.path(), &["export", "pocketbase", "back"]);
        assert!(output.status.success(), "{out}{err}");
        let db = Connection::open(self.dir.path().join("back/data.db")).unwrap();
        (self.dir, db)
    }
}

struct Said {
    success: bool,
    out: String,
    err: String,
    report: String,
}

impl Said {
    /// Whether nothing is said of any record.
    fn is_quiet(&self) -> bool {
        let about_records = ["stays-behind", "comes-changed"];
        !about_records
            .iter()
            .any(|section| self.report.contains(section))
    }

    /// Asserts that the report says that of the user.
    fn tells(&self, id: &str, what: &str) {
        let is_it = |line: &str| line.contains(id) && line.contains(what);
        assert!(
            self.report.lines().any(is_it),
            "no {what:?} of {id} in {}",
            self.report
        );
    }
}

fn import(dir: &Path, pb: &PbData, more: &[&str]) -> Said {
    let from = pb.path().to_str().unwrap();
    let report = dir.join("report.tsv");
    let args = ["import", "pocketbase", from, "--report", "report.tsv"];
    let (output, out, err) = run(dir, &[&args, more].concat());
    Said {
        success: output.status.success(),
        out,
        err,
        report: std::fs::read_to_string(report).unwrap_or_default(),
    }
}

fn set(pb: &PbData, n: usize, set: &str) {
    let id = user_id(n);
    pb.execute(&format!("UPDATE {USERS} SET {set} WHERE id = '{id}'"));
}

fn text() -> Value {
    json!({ "type": "text" })
}

#[test]
fn a_status_that_is_not_there_or_was_never_set_lets_in_and_a_set_0_does_not() {
    let pb = PbData::with_users(2);
    pb.drop_column(USERS, "users_status");
    let moved = Moved::from(&pb, &[]);
    assert_eq!([1, 2].map(|n| moved.status_of_login(n)), [200, 200]);

    for never_set in [
        json!({ "type": "number" }),
        text(),
        json!({ "type": "bool" }),
    ] {
        let pb = PbData::with_users(2);
        pb.set_column(USERS, "users_status", &never_set);
        let moved = Moved::from(&pb, &[]);
        assert_eq!(
            [1, 2].map(|n| moved.status_of_login(n)),
            [200, 200],
            "{never_set}"
        );
    }
    // Of a column that is set, 0 is what somebody set; nothing at all is not.
    let pb = PbData::with_users(3);
    pb.drop_column(USERS, "users_status");
    pb.execute(&format!(
        "ALTER TABLE {USERS} ADD COLUMN users_status NUMERIC"
    ));
    pb.describe(USERS, "users_status", &json!({ "type": "number" }));
    set(&pb, 1, "users_status = 1");
    set(&pb, 2, "users_status = 0");
    let moved = Moved::from(&pb, &[]);
    assert_eq!([1, 2, 3].map(|n| moved.status_of_login(n)), [200, 400, 200]);
}

#[test]
fn values_of_other_types_are_cast_and_go_back_as_they_were() {
    let number = || json!({ "type": "number" });
    let single = |values: &[&str]| json!({ "type": "select", "maxSelect": 1, "values": values });
    for (column, description, values, shown) in [
        ("users_status", text(), ["1", "0"], [json!("1"), json!("0")]),
        (
            "users_status",
            single(&["1", "0"]),
            ["1", "0"],
            [json!("1"), json!("0")],
        ),
        (
            "users_status",
            json!({ "type": "bool" }),
            ["1", "0"],
            [json!(true), json!(false)],
        ),
        (
            "users_phone",
            number(),
            ["13900000001", "13900000002"],
            [json!(13_900_000_001_i64), json!(13_900_000_002_i64)],
        ),
        (
            "users_level",
            number(),
            ["1.5", "0"],
            [json!(1.5), json!(0)],
        ),
        (
            "users_level",
            json!({ "type": "bool" }),
            ["1", "0"],
            [json!(true), json!(false)],
        ),
        (
            "users_rank_level",
            text(),
            ["'3'", "'7'"],
            [json!("3"), json!("7")],
        ),
        (
            "users_auth_type",
            single(&["1", "2"]),
            ["1", "2"],
            [json!("1"), json!("2")],
        ),
        (
            "users_promo_code",
            number(),
            ["2026", "0"],
            [json!(2026), json!(0)],
        ),
        (
            "users_type",
            text(),
            ["'注册用户'", "'游客'"],
            [json!("注册用户"), json!("游客")],
        ),
        (
            "users_picture",
            json!({ "type": "json" }),
            ["'\"https://example.com/a\"'", "NULL"],
            [json!("https://example.com/a"), json!(null)],
        ),
        ("verified", number(), ["1", "0"], [json!(1), json!(0)]),
        (
            "usergroups_id",
            json!({ "type": "json" }),
            ["'[\"x\",1,null]'", "NULL"],
            [json!(["x", 1, null]), json!(null)],
        ),
    ] {
        let pb = PbData::with_users(2);
        pb.set_column(USERS, column, &description);
        for (n, value) in values.iter().enumerate() {
            set(&pb, n + 1, &format!("{column} = {value}"));
        }
        let moved = Moved::from(&pb, &[]);
        let seen = [1, 2].map(|n| moved.record(USERS, &user_id(n))[column].clone());
        assert_eq!(seen, shown, "{column} as {description}");
        if column == "users_status" || column == "users_phone" {
            let second = if column == "users_status" { 400 } else { 200 };
            assert_eq!([1, 2].map(|n| moved.status_of_login(n)), [200, second]);
        }
        let (_dir, db) = moved.back();
        assert_eq!(
            column_of(&db, column),
            column_of(&pb.open(), column),
            "{description}"
        );
    }
}

/// The values of a column, as SQLite writes them.
fn column_of(db: &Connection, column: &str) -> Vec<String> {
    let sql = format!("SELECT quote({column}) FROM {USERS} ORDER BY id");
    let mut values = db.prepare(&sql).unwrap();
    let values = values.query_map([], |row| row.get(0)).unwrap();
    values.map(Result::unwrap).collect()
}

#[test]
fn a_text_that_is_several_there_is_several_here_and_goes_back_as_such() {
    let select = json!({ "type": "select", "maxSelect": 3, "values": ["x", "y", "z"] });
    let relation = json!({ "type": "relation", "maxSelect": 3, "collectionId": "pbc_421601843" });
    for (description, list) in [
        (select, json!(["x", "z"])),
        (relation, json!([user_id(2), user_id(1)])),
    ] {
        for column in ["usergroups_id", "users_promo_code", "users_level"] {
            let pb = PbData::with_users(2);
            pb.set_column(USERS, column, &description);
            set(&pb, 1, &format!("{column} = '{list}'"));
            let moved = Moved::from(&pb, &[]);
            assert_eq!(moved.record(USERS, &user_id(1))[column], list);
            assert_eq!(moved.record(USERS, &user_id(2))[column], json!([]));
            let first = list[0].as_str().unwrap();
            let found = |filter: &str| moved.found(&format!("{column}{filter}"));
            assert_eq!(found(":length = 2"), [user_id(1)]);
            assert_eq!(found(":length = 0"), [user_id(2)]);
            assert_eq!(found(&format!(" ~ '{first}'")), [user_id(1)]);
            // A change of the list, and of something else, leaves it one.
            let path = format!("/api/collections/{USERS}/records/{}", user_id(2));
            for change in [json!({ column: [first] }), json!({ "users_name": "Other" })] {
                let call = moved.app.call("PATCH", &path).bearer(&moved.token);
                assert_eq!(call.json(&change).send().ok()[column], json!([first]));
            }
            let (_dir, db) = moved.back();
            let of = |n: usize| quoted(&db, column, n);
            assert_eq!(
                [of(1), of(2)],
                [format!("'{list}'"), format!("'[\"{first}\"]'")]
            );
        }
    }
}

fn quoted(db: &Connection, column: &str, n: usize) -> String {
    let sql = format!("SELECT quote({column}) FROM {USERS} WHERE id = ?1");
    db.query_row(&sql, [user_id(n)], |row| row.get(0)).unwrap()
}

#[test]
fn a_platform_user_without_an_address_gets_the_one_of_a_new_user() {
    let pb = PbData::with_users(2);
    set(&pb, 1, "email = ''");
    let dir = tempfile::tempdir().unwrap();
    let said = import(dir.path(), &pb, &[]);
    assert!(said.success, "{}", said.err);
    said.tells(&user_id(1), "had no e-mail address");
    let moved = Moved::at(dir);
    assert_eq!(moved.status_of_login(1), 200);
    assert_eq!(
        moved.record(USERS, &user_id(1))["email"],
        "openid-1@manage.local"
    );
}

#[test]
fn a_platform_user_without_an_openid_gets_one_that_stays_the_same() {
    let pb = PbData::with_users(2);
    pb.drop_column(USERS, "openid");
    let dir = tempfile::tempdir().unwrap();
    let said = import(dir.path(), &pb, &[]);
    assert!(said.success, "{}", said.err);
    said.tells(&user_id(1), "had no openid");
    assert!(import(dir.path(), &pb, &[]).is_quiet());
    let moved = Moved::at(dir);
    assert_eq!([1, 2].map(|n| moved.status_of_login(n)), [200, 200]);
    let openids = [1, 2].map(|n| moved.record(USERS, &user_id(n))["openid"].clone());
    assert_ne!(openids[0], openids[1]);
}

#[test]
fn dates_of_its_own_are_in_pocketbase_s_form() {
    let pb = PbData::with_users(2);
    for kind in ["date", "autodate"] {
        pb.set_column(USERS, kind, &json!({ "type": kind }));
    }
    set(
        &pb,
        1,
        "date = '2001-02-03T04:05:06+08:00', autodate = '2001-02-03 04:05:06Z'",
    );
    set(
        &pb,
        2,
        "date = '2001-02-03', created = '2001-02-03', updated = '2001-02-03 04:05:06'",
    );
    let moved = Moved::from(&pb, &[]);
    let dates = |n: usize| {
        let record = moved.record(USERS, &user_id(n));
        [record["date"].clone(), record["autodate"].clone()]
    };
    assert_eq!(
        dates(1),
        ["2001-02-02 20:05:06.000Z", "2001-02-03 04:05:06.000Z"]
    );
    assert_eq!(dates(2), ["2001-02-03 00:00:00.000Z", ""]);
    assert_eq!(moved.found("date < '2001-02-03'"), [user_id(1)]);
    let record = moved.record(USERS, &user_id(2));
    assert_eq!(
        [&record["created"], &record["updated"]],
        ["2001-02-03 00:00:00.000Z", "2001-02-03 04:05:06.000Z"]
    );
}

#[test]
fn a_company_that_is_a_relation_is_found_by_its_record() {
    let relation = |most: u32| json!({ "type": "relation", "maxSelect": most, "collectionId": "pbc_2746520062" });
    for (description, value) in [
        (relation(1), "company00000001"),
        (relation(2), "[\"company00000001\",\"company00000002\"]"),
        (text(), "company00000001"),
    ] {
        let pb = PbData::with_users(1);
        pb.execute(
            "INSERT INTO tbl_company (id, company_id, company_name) VALUES
            ('company00000001', 'c-1', '某公司'), ('company00000002', 'c-2', '另一个')",
        );
        pb.set_column(USERS, "company_id", &description);
        set(&pb, 1, &format!("company_id = '{value}'"));
        let moved = Moved::from(&pb, &[]);
        let body = moved.app.login(&phone(1), PASSWORD).ok();
        let company = &body["meta"]["data"]["user"]["company"];
        assert_eq!(company["company_name"], "某公司", "{description}");
        let path = format!(
            "/api/collections/{USERS}/records/{}?expand=company_id",
            user_id(1)
        );
        assert_eq!(
            moved.get(&path).ok()["expand"]["company_id"]["company_id"],
            "c-1"
        );
    }
}

/// Users with the same phone in several spellings: a WeChat user, a platform user, and a WeChat user who came last.
fn with_one_phone() -> PbData {
    let pb = PbData::with_users(4);
    set(
        &pb,
        1,
        "users_idtype = 'WeChat', users_phone = '+86 139-0000-0002'",
    );
    set(
        &pb,
        3,
        "users_idtype = 'WeChat', users_phone = '0086 13900000002'",
    );
    pb
}

#[test]
fn of_users_with_one_phone_the_chosen_one_gets_it_and_the_others_come_without() {
    for (prefer, winner) in [
        (&[][..], 2),
        (&["--prefer", "platform"], 2),
        (&["--prefer", "wechat"], 1),
        (&["--prefer", "older"], 1),
        (&["--prefer", "newer"], 3),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let pb = with_one_phone();
        let said = import(dir.path(), &pb, prefer);
        assert!(said.success, "{}{}", said.out, said.err);
        for n in [1, 2, 3].into_iter().filter(|n| *n != winner) {
            said.tells(
                &user_id(n),
                &format!(
                    "comes without users_phone, which is that of {}",
                    user_id(winner)
                ),
            );
        }
        if winner != 2 {
            said.tells(&user_id(2), "cannot log in by phone");
        }
        let again = import(dir.path(), &pb, prefer);
        assert!(again.success && again.is_quiet(), "{}", again.report);
        let moved = Moved::at(dir);
        let phones = [1, 2, 3].map(|n| moved.record(USERS, &user_id(n))["users_phone"].clone());
        let expected = [1, 2, 3].map(|n| if n == winner { phone(2) } else { String::new() });
        assert_eq!(phones, expected, "{prefer:?}");
    }
}

#[test]
fn who_has_no_phone_comes_without_one_unless_it_is_the_login() {
    let pb = PbData::with_users(12);
    pb.execute("DROP INDEX idx_tbl_auth_users_phone_u");
    let none = ["010-62345678", "无", "139****0001", "0", "12345"];
    for (n, text) in none.iter().enumerate() {
        set(
            &pb,
            n + 1,
            &format!("users_idtype = 'WeChat', users_phone = '{text}'"),
        );
        set(&pb, n + 6, &format!("users_phone = '{text}'"));
    }
    let clean = [
        ("１３９００００００１１", 11),
        ("0086 139\u{200b}0000\u{202c}0012", 12),
    ];
    for (text, n) in clean {
        set(&pb, n, &format!("users_phone = '{text}'"));
    }
    let dir = tempfile::tempdir().unwrap();
    let said = import(dir.path(), &pb, &[]);
    assert!(
        !said.success && said.err.contains("5 records did not come"),
        "{}",
        said.err
    );
    for n in 1..=5 {
        said.tells(&user_id(n), "comes without it");
        said.tells(&user_id(n + 5), "users_phone is not a phone number");
    }
    let moved = Moved::at(dir);
    for n in 1..=5 {
        assert_eq!(moved.record(USERS, &user_id(n))["users_phone"], "");
    }
    assert_eq!([11, 12].map(|n| moved.status_of_login(n)), [200, 200]);
}

#[test]
fn what_means_nothing_here_comes_as_the_nearest_thing_and_is_said() {
    let pb = PbData::with_users(5);
    let cases = [
        (
            "users_type = 'x'",
            "users_type",
            json!("注册用户"),
            "not one of its choices",
        ),
        (
            "users_status = 2",
            "users_status",
            json!(0),
            "comes disabled",
        ),
        (
            "users_rank_level = 2.7",
            "users_rank_level",
            json!(2),
            "not a whole number",
        ),
        (
            "users_rank_level = 'x'",
            "users_rank_level",
            json!(0),
            "not a whole number",
        ),
    ];
    for (n, (change, ..)) in cases.iter().enumerate() {
        set(&pb, n + 1, change);
    }
    let dir = tempfile::tempdir().unwrap();
    let said = import(dir.path(), &pb, &[]);
    assert!(said.success, "{}{}", said.out, said.err);
    let moved = Moved::at(dir);
    for (n, (change, column, value, why)) in cases.iter().enumerate() {
        let id = user_id(n + 1);
        said.tells(&id, why);
        assert_eq!(moved.record(USERS, &id)[column], *value, "{change}");
    }
}

#[test]
fn a_number_of_0_is_no_phone() {
    let pb = PbData::with_users(2);
    pb.set_column(USERS, "users_phone", &json!({ "type": "number" }));
    set(&pb, 1, "users_phone = 13900000001");
    let moved = Moved::from(&pb, &[]);
    assert_eq!(moved.status_of_login(1), 200);
    let log_in = moved
        .app
        .post("/api/collections/tbl_auth_users/auth-with-password");
    let by_openid = log_in.json(&json!({ "identity": "openid-2", "password": PASSWORD }));
    assert_eq!(by_openid.send().status, 200);
}

#[test]
fn who_was_refused_and_has_logged_in_here_since_gets_what_is_empty() {
    let pb = PbData::with_users(3);
    let openid = "o_alice";
    set(
        &pb,
        1,
        &format!(
            "users_idtype = 'WeChat', openid = '{openid}', tokenKey = '', users_promo_code = 'P1',
        users_rank_level = 4, nickname = 'Old', score = 2"
        ),
    );
    let dir = tempfile::tempdir().unwrap();
    assert!(!import(dir.path(), &pb, &[]).success);
    let moved = Moved::at(dir);
    let body = moved.app.wechat_login("alice").ok();
    let id = body["record"]["id"].as_str().unwrap().to_owned();
    assert_eq!(body["record"]["openid"], openid);
    let path = format!("/api/collections/{USERS}/records/{id}");
    let token = body["token"].as_str().unwrap();
    let change = moved.app.call("PATCH", &path).bearer(token);
    change.json(&json!({ "users_name": "Here" })).send().ok();
    let Moved { app, dir, .. } = moved;
    drop(app);

    set(
        &pb,
        1,
        "tokenKey = 'canary-another-key-of-thirty-characters'",
    );
    let said = import(dir.path(), &pb, &[]);
    assert!(said.success, "{}{}", said.out, said.report);
    said.tells(&id, "with the same openid");
    let again = import(dir.path(), &pb, &[]);
    assert!(again.success && again.is_quiet(), "{}", again.report);
    let moved = Moved::at(dir);
    let record = moved.record(USERS, &id);
    let expected = json!({ "users_name": "Here", "users_phone": phone(1), "users_promo_code": "P1", "users_rank_level": 4,
        "users_picture": "https://example.com/a.png", "nickname": "Old", "score": 2, "users_status": 1, "openid": openid });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(record[name], *value, "{name}");
    }
    assert_eq!(
        moved.app.wechat_login("alice~2").ok()["record"]["id"],
        id.as_str()
    );
}

#[test]
fn who_is_disabled_there_is_not_let_in_by_having_logged_in_here() {
    let pb = PbData::with_users(2);
    set(
        &pb,
        1,
        "users_idtype = 'WeChat', openid = 'o_alice', tokenKey = '', users_status = 0",
    );
    let dir = tempfile::tempdir().unwrap();
    assert!(!import(dir.path(), &pb, &[]).success);
    let moved = Moved::at(dir);
    let token = moved.app.wechat_token("alice");
    let Moved { app, dir, .. } = moved;
    drop(app);
    set(
        &pb,
        1,
        "tokenKey = 'canary-another-key-of-thirty-characters'",
    );
    assert!(import(dir.path(), &pb, &[]).success);
    let moved = Moved::at(dir);
    assert_eq!(moved.app.wechat_login("alice~2").status, 401);
    let refresh = moved.app.post("/api/system/refresh-token").bearer(&token);
    assert_eq!(refresh.send().status, 401);
}

#[test]
fn logins_that_open_or_close_are_listed_before_anything_comes_and_need_a_word() {
    let providers = r#"json('[{"name":"github"}]')"#;
    let cases = [
        (USERS, "'$.authRule', 'verified = true'", "verified = true"),
        (USERS, "'$.authRule', NULL", "lets nobody log in"),
        (
            USERS,
            "'$.passwordAuth.enabled', json('false')",
            "switched off",
        ),
        (USERS, "'$.mfa.enabled', json('true')", "second factor"),
        (USERS, "'$.otp.enabled', json('true')", "one-time password"),
        (
            USERS,
            &format!("'$.oauth2.enabled', json('true'), '$.oauth2.providers', {providers}"),
            "github",
        ),
        (
            "_superusers",
            "'$.authRule', 'verified = true'",
            "verified = true",
        ),
        (
            "_superusers",
            "'$.mfa.enabled', json('true')",
            "second factor",
        ),
    ];
    for (table, options, why) in cases {
        let pb = PbData::with_users(1);
        pb.execute(&format!(
            "UPDATE _collections SET options = json_set(options, {options}) WHERE name = '{table}'"
        ));
        let dir = tempfile::tempdir().unwrap();
        let said = import(dir.path(), &pb, &[]);
        assert!(!said.success, "{options}");
        for word in [why, table, "--accept"] {
            assert!(said.err.contains(word), "no {word} in {}", said.err);
        }
        assert!(!dir.path().join("bai.redb").exists(), "{options}");
        let dry = import(dir.path(), &pb, &["--dry-run"]);
        assert!(
            dry.success && dry.report.contains(why),
            "{}{}",
            dry.err,
            dry.report
        );
        let accepted = import(dir.path(), &pb, &["--accept"]);
        assert!(
            accepted.success && accepted.report.contains(why),
            "{}",
            accepted.err
        );
    }
}

#[test]
fn a_rule_for_logins_holds_with_the_rules_and_needs_no_word() {
    let pb = PbData::with_users(2);
    set(&pb, 2, "verified = 0");
    let rule =
        "UPDATE _collections SET options = json_set(options, '$.authRule', 'verified = true')";
    pb.execute(&format!("{rule} WHERE name = '{USERS}'"));
    let moved = Moved::from(&pb, &["--rules"]);
    assert_eq!(moved.status_of_login(1), 200);
    assert_ne!(moved.status_of_login(2), 200);
}

#[test]
fn users_and_companies_that_are_new_have_the_own_columns_with_nothing_in_them() {
    let pb = PbData::with_users(1);
    for (name, description) in [
        ("born", json!({ "type": "date" })),
        ("site", json!({ "type": "url" })),
        (
            "joined",
            json!({ "type": "autodate", "onCreate": true, "onUpdate": false }),
        ),
        (
            "one",
            json!({ "type": "select", "maxSelect": 1, "values": ["a"] }),
        ),
        (
            "friends",
            json!({ "type": "relation", "maxSelect": 9, "collectionId": "pbc_421601843" }),
        ),
        ("place", json!({ "type": "geoPoint" })),
    ] {
        pb.set_column(USERS, name, &description);
    }
    pb.set_column("tbl_company", "city", &text());
    pb.set_column("tbl_company", "open", &json!({ "type": "bool" }));
    set(
        &pb,
        1,
        "vip = 1, score = 7, tags = '{}', roles = '[\"a\"]', nickname = 'Old', born = '2001-02-03', site = 'x', one = 'a', friends = '[\"x\"]'",
    );
    let moved = Moved::from(&pb, &[]);
    let wechat = moved.app.wechat_login("alice").ok()["record"].clone();
    let platform = moved.app.register("13800138000", PASSWORD).ok()["record"].clone();
    let empty = json!({ "vip": false, "score": 0, "roles": [], "nickname": "", "tags": null, "born": "", "site": "", "one": "",
        "friends": [], "place": { "lon": 0, "lat": 0 } });
    for made in [&wechat, &platform] {
        let shown = moved.record(USERS, made["id"].as_str().unwrap());
        for (name, value) in empty.as_object().unwrap() {
            assert_eq!((&made[name], &shown[name]), (value, value), "{name}");
        }
        assert_eq!(shown["joined"], shown["created"]);
    }
    let mut new = [&wechat, &platform].map(|record| record["id"].as_str().unwrap().to_owned());
    new.sort();
    for filter in [
        "vip = false",
        "vip != true",
        "score = 0",
        "score < 1",
        "roles = '[]'",
        "roles:length = 0",
        "nickname = ''",
        "born = ''",
        "site = ''",
        "one = ''",
        "one:length = 0",
        "friends:length = 0",
        "tags = null",
        "vip = false && score = 0",
    ] {
        assert_eq!(moved.found(filter), new, "{filter}");
    }
    assert_eq!(moved.found("roles:length = 1"), [user_id(1)]);
    let path = "/api/collections/tbl_company/records";
    let made = moved
        .app
        .post(path)
        .bearer(&moved.token)
        .json(&json!({ "company_id": "c-9" }));
    let made = made.send().ok();
    assert_eq!((&made["city"], &made["open"]), (&json!(""), &json!(false)));
}

#[test]
fn nothing_in_a_column_is_what_the_column_has_when_nothing_was_set() {
    let pb = PbData::with_users(2);
    pb.set_column(USERS, "born", &json!({ "type": "date" }));
    for (name, description) in [
        ("flag", json!({ "type": "bool" })),
        ("amount", json!({ "type": "number" })),
        ("word", text()),
        (
            "words",
            json!({ "type": "select", "maxSelect": 2, "values": ["a", "b"] }),
        ),
        ("point", json!({ "type": "geoPoint" })),
        (
            "other",
            json!({ "type": "relation", "maxSelect": 1, "collectionId": "pbc_421601843" }),
        ),
    ] {
        pb.execute(&format!("ALTER TABLE {USERS} ADD COLUMN {name} JSON"));
        pb.describe(USERS, name, &description);
    }
    set(
        &pb,
        2,
        "flag = 1, amount = 2, word = 'x', words = 'a', point = '{\"lon\":1,\"lat\":2}', other = 'y'",
    );
    let moved = Moved::from(&pb, &[]);
    let record = moved.record(USERS, &user_id(1));
    let expected = json!({ "flag": false, "amount": 0, "word": "", "words": [], "point": { "lon": 0, "lat": 0 }, "other": "" });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(record[name], *value, "{name}");
    }
    assert_eq!(moved.record(USERS, &user_id(2))["words"], json!(["a"]));
    assert_eq!(
        moved.found("flag = false && amount = 0 && words:length = 0"),
        [user_id(1)]
    );
}

#[test]
fn companies_that_are_a_view_come() {
    let pb = PbData::with_users(1);
    pb.execute("ALTER TABLE tbl_company RENAME TO firms;
        INSERT INTO firms (id, company_id, company_name) VALUES ('company00000001', 'c-1', '某公司');
        CREATE VIEW tbl_company AS SELECT id, company_id, company_name FROM firms;
        UPDATE _collections SET name = 'firms', id = 'pbc_firms' WHERE name = 'tbl_company';
        INSERT INTO _collections (id, type, name, fields, options)
            SELECT 'pbc_view', 'view', 'tbl_company', fields, '{\"viewQuery\":\"select id, company_id, company_name from firms\"}'
            FROM _collections WHERE name = 'firms'");
    pb.describe("tbl_company", "company_type", &Value::Null);
    set(&pb, 1, "company_id = 'c-1'");
    let moved = Moved::from(&pb, &[]);
    let body = moved.app.login(&phone(1), PASSWORD).ok();
    assert_eq!(
        body["meta"]["data"]["user"]["company"]["company_name"],
        "某公司"
    );
}

#[test]
fn a_relation_to_a_collection_that_does_not_come_goes_back_as_its_ids() {
    let pb = PbData::with_users(1);
    let relation = |most: u32| json!({ "type": "relation", "maxSelect": most, "minSelect": 0, "cascadeDelete": false, "collectionId": "pbc_elsewhere" });
    pb.set_column(USERS, "order_id", &relation(1));
    pb.set_column(USERS, "order_ids", &relation(9));
    set(
        &pb,
        1,
        "order_id = 'order0000000001', order_ids = '[\"order0000000001\"]'",
    );
    let moved = Moved::from(&pb, &[]);
    let record = moved.record(USERS, &user_id(1));
    assert_eq!(
        (&record["order_id"], &record["order_ids"]),
        (&json!("order0000000001"), &json!(["order0000000001"]))
    );
    let (_dir, db) = moved.back();
    let sql = "SELECT json_group_array(json_array(field.value ->> 'name', field.value ->> 'type', field.value ->> 'collectionId'))
        FROM _collections, json_each(fields) AS field WHERE _collections.name = 'tbl_auth_users' AND field.value ->> 'name' LIKE 'order_id%'";
    let types: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(
        types,
        r#"[["order_id","text",null],["order_ids","json",null]]"#
    );
    assert_eq!(quoted(&db, "order_id", 1), "'order0000000001'");
    assert_eq!(quoted(&db, "order_ids", 1), "'[\"order0000000001\"]'");
}

#[test]
fn a_hidden_field_of_the_contract_is_shown_to_superusers_only() {
    let pb = PbData::with_users(1);
    pb.describe(
        USERS,
        "users_id_number",
        &json!({ "type": "text", "hidden": true }),
    );
    set(&pb, 1, "users_id_number = 'X1'");
    let moved = Moved::from(&pb, &[]);
    assert_eq!(moved.record(USERS, &user_id(1))["users_id_number"], "X1");
    let path = format!("/api/collections/{USERS}");
    let login = moved.app.post(&format!("{path}/auth-with-password"));
    let login = login
        .json(&json!({ "identity": "openid-1", "password": PASSWORD }))
        .send()
        .ok();
    assert_eq!(login["record"].get("users_id_number"), None);
    let token = login["token"].as_str().unwrap();
    let own = moved
        .app
        .get(&format!("{path}/records/{}", user_id(1)))
        .bearer(token)
        .send()
        .ok();
    assert_eq!(
        (own.get("users_id_number"), &own["openid"]),
        (None, &json!("openid-1"))
    );
    let refreshed = moved
        .app
        .post(&format!("{path}/auth-refresh"))
        .bearer(token)
        .send()
        .ok();
    assert_eq!(refreshed["record"].get("users_id_number"), None);
}
