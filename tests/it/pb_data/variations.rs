//! Deployments whose collections are other than the contract's: each is made on a real PocketBase, moves here and back.
//! `BAI_POCKETBASE` is its binary.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::binary::run;
use crate::support::deployment::{
    COMPANIES, Collections, MOVED, Moved, copy_folder, differences, id, openid, password, phone,
    platform_user, wechat_user, with,
};
use crate::support::real_pocketbase::{PocketBase, binary, create_root};

/// The number of the WeChat user, and of the platform user.
const WECHAT: usize = 1;
const PLATFORM: usize = 2;

/// A deployment, and what is other here than it was there.
struct Variation {
    name: &'static str,
    collections: Collections,
    /// Collections that do not come, made before the others.
    others: Vec<Value>,
    /// Values over the usual ones; null leaves a field out.
    company: Value,
    wechat: Value,
    platform: Value,
    /// Changes of the database while PocketBase is stopped.
    sql: &'static str,
    args: &'static [&'static str],
    /// Values of a user that are shown otherwise here.
    wechat_here: Value,
    platform_here: Value,
    company_here: Value,
    /// Values that are other in PocketBase after the way back.
    wechat_back: Value,
    platform_back: Value,
    /// The name of the company that the platform user's login tells.
    company_name: Option<&'static str>,
    phone: String,
    /// Statuses of the logins by openid and by phone.
    logins: (u16, u16),
}

/// A deployment as the hooks expect it.
fn usual(name: &'static str) -> Variation {
    Variation {
        name,
        collections: Collections::of_the_contract(),
        others: Vec::new(),
        company: json!({}),
        wechat: json!({}),
        platform: json!({}),
        sql: "",
        args: &[],
        wechat_here: json!({}),
        platform_here: json!({}),
        company_here: json!({}),
        wechat_back: json!({}),
        platform_back: json!({}),
        company_name: Some("某公司"),
        phone: phone(PLATFORM),
        logins: (200, 200),
    }
}

/// A deployment with such a field of users.
fn field(name: &'static str, field: &Value) -> Variation {
    usual(name).field(field)
}

/// A deployment whose users lack a field.
fn lacks(name: &'static str, field: &str) -> Variation {
    let mut variation = usual(name);
    variation.collections.without_user_field(field);
    variation
}

impl Variation {
    fn field(mut self, field: &Value) -> Self {
        self.collections.user_field(field);
        self
    }

    fn company_field(mut self, field: &Value) -> Self {
        self.collections.company_field(field);
        self
    }

    /// Options of the users' collection.
    fn options(mut self, options: &Value) -> Self {
        self.collections.users = with(self.collections.users, options);
        self
    }

    fn other(mut self, collection: Value) -> Self {
        self.others.push(collection);
        self
    }

    fn company(mut self, values: Value) -> Self {
        self.company = values;
        self
    }

    fn wechat(mut self, values: Value) -> Self {
        self.wechat = values;
        self
    }

    fn platform(mut self, values: Value) -> Self {
        self.platform = values;
        self
    }

    /// The same value for both users.
    fn both(self, values: &Value) -> Self {
        self.wechat(values.clone()).platform(values.clone())
    }

    fn sql(mut self, sql: &'static str) -> Self {
        self.sql = sql;
        self
    }

    fn args(mut self, args: &'static [&'static str]) -> Self {
        self.args = args;
        self
    }

    fn wechat_here(mut self, values: Value) -> Self {
        self.wechat_here = values;
        self
    }

    fn platform_here(mut self, values: Value) -> Self {
        self.platform_here = values;
        self
    }

    fn both_here(self, values: &Value) -> Self {
        self.wechat_here(values.clone())
            .platform_here(values.clone())
    }

    fn company_here(mut self, values: Value) -> Self {
        self.company_here = values;
        self
    }

    fn wechat_back(mut self, values: Value) -> Self {
        self.wechat_back = values;
        self
    }

    fn platform_back(mut self, values: Value) -> Self {
        self.platform_back = values;
        self
    }

    fn phone(mut self, phone: &str) -> Self {
        phone.clone_into(&mut self.phone);
        self
    }

    fn company_name(mut self, name: Option<&'static str>) -> Self {
        self.company_name = name;
        self
    }

    fn logins(mut self, wechat: u16, platform: u16) -> Self {
        self.logins = (wechat, platform);
        self
    }

    /// Fills a PocketBase; its answers about all that moves.
    fn fill(&self, data: &Path) -> [Vec<Value>; 3] {
        let pb = PocketBase::start_binary(&binary(), data);
        let root = pb.root();
        for collection in &self.others {
            pb.ok("POST", "/api/collections", &root, collection);
        }
        self.collections.create(&pb, &root);
        let company = json!({ "id": id("company", 1), "company_id": "c-1", "company_name": "某公司", "company_status": 1 });
        let platform = with(platform_user(PLATFORM), &json!({ "company_id": "c-1" }));
        if self.collections.companies["type"] != "view" {
            create(&pb, &root, "tbl_company", &with(company, &self.company));
        }
        create(
            &pb,
            &root,
            "tbl_auth_users",
            &with(wechat_user(WECHAT), &self.wechat),
        );
        create(
            &pb,
            &root,
            "tbl_auth_users",
            &with(platform, &self.platform),
        );
        pb.stop();
        if !self.sql.is_empty() {
            let db = Connection::open(data.join("data.db")).unwrap();
            db.execute_batch(self.sql).unwrap();
        }
        let pb = PocketBase::start_binary(&binary(), data);
        let records = MOVED.map(|collection| pb.records(collection, &root));
        pb.stop();
        records
    }

    /// Moves a deployment here and back; what was not as it should be.
    fn faults(&self, base: &Path) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        copy_folder(base, &dir.path().join("pb_data"));
        let theirs = self.fill(&dir.path().join("pb_data"));
        for args in [
            &[&["import", "pocketbase", "pb_data"], self.args].concat()[..],
            &["export", "pocketbase", "back"],
        ] {
            let (output, out, err) = run(dir.path(), args);
            if !output.status.success() {
                let report = fs::read_to_string(dir.path().join("bai.redb.import.tsv"));
                return vec![format!(
                    "{args:?}: {out}{err}{}",
                    report.unwrap_or_default()
                )];
            }
        }
        let mut faults = self.faults_here(dir.path(), &theirs);
        faults.extend(self.faults_back(&dir.path().join("back"), &theirs));
        faults
    }

    fn faults_here(&self, dir: &Path, theirs: &[Vec<Value>; 3]) -> Vec<String> {
        let moved = Moved::serve(dir);
        let over = [&self.company_here, &self.wechat_here, &self.platform_here];
        let mut faults = Vec::new();
        for (collection, theirs) in MOVED.iter().zip(theirs) {
            let expected = expected(theirs, over);
            faults.extend(differences(&expected, &moved.records(collection)));
        }
        let (wechat, _) = moved.wechat_login(&openid(WECHAT));
        let (platform, answer) = moved.platform_login(&self.phone, &password(PLATFORM));
        if (wechat, platform) != self.logins {
            faults.push(format!("logins: {wechat} and {platform}: {answer}"));
        }
        let company = &answer["meta"]["data"]["user"]["company"];
        if platform == 200 && company["company_name"].as_str() != self.company_name {
            faults.push(format!("company: {company}"));
        }
        moved.stop();
        faults
    }

    fn faults_back(&self, back: &Path, theirs: &[Vec<Value>; 3]) -> Vec<String> {
        let pb = PocketBase::start_binary(&binary(), back);
        let root = pb.root();
        let over = [&json!({}), &self.wechat_back, &self.platform_back];
        let mut faults = Vec::new();
        for (collection, theirs) in MOVED.iter().zip(theirs) {
            let path = format!("/api/collections/{collection}");
            let schema = pb.ok("GET", &path, &root, &json!({}));
            let (status, answer) = pb.call("PATCH", &path, &root, &schema);
            if status != 200 {
                faults.push(format!("{collection} cannot be saved: {answer}"));
            }
            let expected = expected(theirs, over);
            let there = differences(&expected, &pb.records(collection, &root));
            faults.extend(there.into_iter().map(|fault| format!("back: {fault}")));
        }
        pb.stop();
        faults
    }
}

fn create(pb: &PocketBase, root: &str, collection: &str, form: &Value) {
    let path = format!("/api/collections/{collection}/records");
    pb.ok("POST", &path, root, form);
}

/// Records with the values that are expected instead, of the company and of both users.
fn expected(records: &[Value], over: [&Value; 3]) -> Vec<Value> {
    let ids = [
        id("company", 1),
        id("wechat", WECHAT),
        id("platform", PLATFORM),
    ];
    let mut records = records.to_vec();
    for record in &mut records {
        let Some(n) = ids.iter().position(|id| record["id"] == id.as_str()) else {
            continue;
        };
        for (name, value) in over[n].as_object().unwrap() {
            record[name] = value.clone();
        }
    }
    records
}

/// Moves all, four at once.
fn assert_all_move(variations: Vec<Variation>) {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().join("base");
    create_root(&binary(), &base);
    let (left, faults) = (Mutex::new(variations), Mutex::new(String::new()));
    let work = || {
        loop {
            let Some(variation) = left.lock().unwrap().pop() else {
                return;
            };
            let found = catch_unwind(AssertUnwindSafe(|| variation.faults(&base)));
            let found = found.unwrap_or_else(|_| vec!["it panicked, see above".to_owned()]);
            for fault in found {
                *faults.lock().unwrap() += &format!("{}: {fault}\n", variation.name);
            }
        }
    };
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{faults}");
}

fn text(name: &str) -> Value {
    json!({ "name": name, "type": "text" })
}

fn number(name: &str) -> Value {
    json!({ "name": name, "type": "number" })
}

fn select(name: &str, values: &[&str], most: usize) -> Value {
    json!({ "name": name, "type": "select", "maxSelect": most, "values": values })
}

fn relation(name: &str, collection: &str, most: usize) -> Value {
    json!({ "name": name, "type": "relation", "collectionId": collection, "maxSelect": most })
}

/// A collection that does not come.
fn groups() -> Value {
    json!({ "id": "groups000000000", "type": "base", "name": "groups", "fields": [text("title")] })
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn a_status_of_any_type_says_who_may_log_in() {
    let status = |value: Value| json!({ "users_status": value });
    let variations = vec![
        usual("as the contract has it"),
        usual("set to 0")
            .platform(status(json!(0)))
            .logins(200, 400),
        field("text", &text("users_status"))
            .both(&status(json!("1")))
            .both_here(&status(json!(1))),
        field("text that was never set", &text("users_status"))
            .both(&status(Value::Null))
            .both_here(&status(json!(1))),
        field("text 0", &text("users_status"))
            .both(&status(json!("1")))
            .platform(status(json!("0")))
            .wechat_here(status(json!(1)))
            .platform_here(status(json!(0)))
            .logins(200, 400),
        field("bool", &json!({ "name": "users_status", "type": "bool" }))
            .both(&status(json!(true)))
            .both_here(&status(json!(1))),
        field(
            "bool false of one",
            &json!({ "name": "users_status", "type": "bool" }),
        )
        .wechat(status(json!(true)))
        .platform(status(json!(false)))
        .wechat_here(status(json!(1)))
        .platform_here(status(json!(0)))
        .logins(200, 400),
        field("select", &select("users_status", &["0", "1"], 1))
            .both(&status(json!("1")))
            .both_here(&status(json!(1))),
        field("json", &json!({ "name": "users_status", "type": "json" })).both(&status(json!(1))),
        lacks("missing", "users_status")
            .both(&status(Value::Null))
            .both_here(&status(json!(1))),
        usual("never set by anybody")
            .both(&status(Value::Null))
            .both_here(&status(json!(1))),
        field(
            "hidden",
            &json!({ "name": "users_status", "type": "number", "hidden": true }),
        ),
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn a_phone_is_found_in_whatever_form_it_was_kept() {
    let phone = |value: &str| json!({ "users_phone": value });
    let cleaned = |name: &'static str, kept: &str| {
        usual(name)
            .platform(phone(kept))
            .platform_here(phone("13800000002"))
            .platform_back(phone("13800000002"))
    };
    let variations = vec![
        field("number", &number("users_phone"))
            .platform(json!({ "users_phone": 13_800_000_002_i64 }))
            .wechat_here(phone(""))
            .platform_here(phone("13800000002")),
        field(
            "hidden",
            &json!({ "name": "users_phone", "type": "text", "hidden": true }),
        ),
        cleaned("with a country code", "+86 138-0000-0002"),
        cleaned("with two zeros", "0086 13800000002"),
        cleaned("full-width", "１３８００００００００２"),
        cleaned("with something invisible", "\u{202a}13800000002\u{202c}"),
        usual("a landline of a WeChat user")
            .wechat(phone("010-12345678"))
            .wechat_here(phone(""))
            .wechat_back(phone("")),
        usual("a masked one of a WeChat user")
            .wechat(phone("138****0001"))
            .wechat_here(phone(""))
            .wechat_back(phone("")),
        usual("a WeChat user's own").wechat(phone("13700000001")),
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn a_user_s_company_is_found_however_it_is_named() {
    let company = |value: Value| json!({ "company_id": value });
    let key = id("company", 1);
    let view = json!({ "type": "view", "name": "tbl_company",
        "viewQuery": "SELECT id, title AS company_id, title AS company_name FROM groups" });
    let mut as_view = usual("a view").other(groups()).company_name(None);
    as_view.collections.companies = view;
    let variations = vec![
        field("relation", &relation("company_id", COMPANIES, 1)).platform(company(json!(key))),
        field("relation to several", &relation("company_id", COMPANIES, 2))
            .platform(company(json!([key]))),
        field("select", &select("company_id", &["c-1", "c-2"], 1)),
        usual("a text with the record's id").platform(company(json!(key))),
        usual("none")
            .platform(company(Value::Null))
            .company_name(None),
        lacks("missing", "company_id")
            .platform(company(Value::Null))
            .both_here(&company(json!("")))
            .company_name(None),
        field("numbers", &number("company_id"))
            .company_field(&number("company_id"))
            .company(company(json!(7)))
            .platform(company(json!(7)))
            .wechat_here(company(json!("")))
            .platform_here(company(json!("7")))
            .company_here(company(json!("7"))),
        as_view,
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn texts_of_the_contract_of_other_types_come_and_go_back_in_their_shape() {
    let file = json!({ "name": "users_picture", "type": "file", "maxSelect": 1 });
    let variations = vec![
        field("a group of several choices", &select("usergroups_id", &["x", "y", "z"], 3))
            .platform(json!({ "usergroups_id": ["x", "z"] })),
        field("a group that is one choice", &select("usergroups_id", &["x", "y", "z"], 1))
            .platform(json!({ "usergroups_id": "x" })),
        field("groups that are users", &relation("usergroups_id", COMPANIES, 5))
            .platform(json!({ "usergroups_id": [id("company", 1)] })),
        field("groups as JSON", &json!({ "name": "usergroups_id", "type": "json" }))
            .platform(json!({ "usergroups_id": ["x", 1, null] })),
        field("a level with a fraction", &number("users_level"))
            .platform(json!({ "users_level": 1.5 }))
            .wechat_here(json!({ "users_level": "0" }))
            .platform_here(json!({ "users_level": "1.5" })),
        field("a level that is a choice", &select("users_level", &["gold", "silver"], 1))
            .platform(json!({ "users_level": "gold" })),
        field("a rank as a text", &text("users_rank_level"))
            .platform(json!({ "users_rank_level": "5" }))
            .wechat_here(json!({ "users_rank_level": 0 }))
            .platform_here(json!({ "users_rank_level": 5 })),
        field("a kind of login that is a choice", &select("users_auth_type", &["1", "2"], 1))
            .platform(json!({ "users_auth_type": "2" }))
            .wechat_here(json!({ "users_auth_type": 0 }))
            .platform_here(json!({ "users_auth_type": 2 })),
        field("kinds of users as texts", &text("users_idtype")).field(&text("users_type")),
        field("a name with HTML", &json!({ "name": "users_name", "type": "editor" }))
            .platform(json!({ "users_name": "<p>张三</p>" })),
        field("a picture as an address", &json!({ "name": "users_picture", "type": "url" })),
        field("a picture as a file", &file)
            .platform(json!({ "users_picture": null }))
            .sql("UPDATE tbl_auth_users SET users_picture = 'a_x1y2z3.png' WHERE users_idtype = 'ManagePlatform'"),
        field("numbers of users as numbers", &number("users_id"))
            .both(&json!({ "users_id": 17 }))
            .both_here(&json!({ "users_id": "17" })),
        field("a hidden code", &json!({ "name": "users_promo_code", "type": "text", "hidden": true }))
            .platform(json!({ "users_promo_code": "p-1" })),
        lacks("without groups and levels", "usergroups_id").both_here(&json!({ "usergroups_id": "" })),
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn columns_and_indexes_of_a_deployment_come_and_go_back() {
    let date = |name: &str| json!({ "name": name, "type": "date" });
    let variations = vec![
        field("roles", &select("roles", &["a", "b", "c"], 3)).platform(json!({ "roles": ["a", "c"] })),
        field("relations to what does not come", &relation("groups", "groups000000000", 3)).other(groups()),
        field("hidden", &json!({ "name": "note", "type": "text", "hidden": true })).platform(json!({ "note": "n" })),
        field("files", &json!({ "name": "papers", "type": "file", "maxSelect": 3 }))
            .sql("UPDATE tbl_auth_users SET papers = '[\"a_1.pdf\",\"b_2.pdf\"]' WHERE users_idtype = 'ManagePlatform'"),
        field("a date without milliseconds", &date("born")).sql(
            "UPDATE tbl_auth_users SET born = '2001-02-03 04:05:06Z', created = '2021-05-05 05:05:05Z', updated = '2021-05-06 05:05:05.5Z'",
        ),
        field("dates of another form", &date("born")).sql(
            "UPDATE tbl_auth_users SET born = '2001-02-03' WHERE users_idtype = 'WeChat';
             UPDATE tbl_auth_users SET born = '2001-02-03T04:05:06+08:00' WHERE users_idtype != 'WeChat'",
        ),
        field("times of creation that anybody may set", &date("created"))
            .both(&json!({ "created": "2020-01-01 00:00:00.000Z" })),
        usual("an index of its own").options(&json!({ "indexes": [
            "CREATE INDEX `idx_users_name` ON `tbl_auth_users` (`users_name`)"],
            "passwordAuth": { "enabled": true, "identityFields": ["email"] } })),
        usual("companies with columns")
            .company_field(&number("credit"))
            .company_field(&select("sizes", &["s", "m"], 2))
            .company(json!({ "credit": 1.5, "sizes": ["s", "m"] })),
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn whoever_could_log_in_still_can_and_nobody_else() {
    let email = json!({ "email": null });
    let variations = vec![
        usual("no e-mail address")
            .options(&json!({ "fields": without_email_required() }))
            .both(&email)
            .wechat_here(json!({ "email": format!("{}@wechat.local", id("wechat", WECHAT)) }))
            .platform_here(json!({ "email": format!("{}@manage.local", openid(PLATFORM)) })),
        usual("a rule for logins that nobody meets")
            .options(&json!({ "authRule": "users_rank_level > 5" }))
            .args(&["--rules"])
            .logins(401, 400),
        usual("password login off")
            .options(&json!({ "passwordAuth": { "enabled": false } }))
            .args(&["--accept"]),
        usual("a rule that stays behind")
            .options(&json!({ "authRule": "users_rank_level > 5" }))
            .args(&["--accept"]),
    ];
    assert_all_move(variations);
}

/// The fields of users, with an e-mail address that may be missing.
fn without_email_required() -> Value {
    let mut collections = Collections::of_the_contract();
    collections.user_field(
        &json!({ "name": "email", "type": "email", "system": true, "required": false }),
    );
    collections.users["fields"].clone()
}
