//! A deployment on a real PocketBase of each version moves here, and back into newer ones. `BAI_POCKETBASES` is a folder that has
//! the binaries, as `VERSION/bin/pocketbase`.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::binary::run;
use crate::support::deployment::{
    COMPANIES, Collections, MOVED, Moved, copy_folder, differences, id, openid, password, phone,
    platform_user, wechat_user, with,
};
use crate::support::real_pocketbase::{PocketBase, binary_of, create_root};

/// The versions that open what goes back.
const NEWER: [&str; 2] = ["0.36.9", "0.40.6"];

/// Numbers of the users of each kind, with a text of each.
const WECHAT: std::ops::Range<usize> = 1..5;
const PLATFORM: std::ops::Range<usize> = 5..13;

/// Texts that are easily broken on the way.
const TEXTS: [&str; 12] = [
    "",
    "😀👩\u{200d}👩\u{200d}👧 🇨🇳",
    "e\u{301} é ﬁ ß İ",
    "a\u{1}b\u{7f}\u{80}\u{85}c",
    "\u{200b}零\u{feff}宽",
    "  spaces around \t",
    "line\r\nline\nline\u{2028}line",
    "\"quotes\" 'quotes' `quotes` \\ back\\slash \\u0000 %00",
    "<script>alert('x')</script> &amp; &lt;",
    "\u{202e}right to left\u{202c} عربى",
    "\u{fffd}\u{10ffff}\u{e000}",
    "NULL",
];

/// Values that JSON has and SQLite has not.
fn json_values() -> [Value; 12] {
    [
        Value::Null,
        json!(true),
        json!(0),
        json!(-0.5),
        json!(12_345_678_901_234_567_890_u64),
        json!(1e300),
        json!("\u{1f600} 'x' \"y\""),
        json!([]),
        json!({}),
        json!([1, "1", null, [false], { "": "" }]),
        json!({ "键": { "a.b": [1.0, 1e-7] } }),
        json!("null"),
    ]
}

const NUMBERS: [f64; 12] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    0.1,
    1e-7,
    1e21,
    -1e300,
    9_007_199_254_740_991.0,
    9_007_199_254_740_993.0,
    123_456_789.125,
    1e15,
];

/// Columns of a deployment's own, one of each type that the version has.
fn own_fields(version: &str) -> Vec<Value> {
    let choices = ["a", "b", "c 空"];
    let mut fields = vec![
        json!({ "name": "own_text", "type": "text" }),
        json!({ "name": "own_editor", "type": "editor" }),
        json!({ "name": "own_number", "type": "number" }),
        json!({ "name": "own_whole", "type": "number", "onlyInt": true }),
        json!({ "name": "own_bool", "type": "bool" }),
        json!({ "name": "own_email", "type": "email" }),
        json!({ "name": "own_url", "type": "url" }),
        json!({ "name": "own_date", "type": "date" }),
        json!({ "name": "own_seen", "type": "autodate", "onCreate": true, "onUpdate": true }),
        json!({ "name": "own_choice", "type": "select", "maxSelect": 1, "values": choices }),
        json!({ "name": "own_choices", "type": "select", "maxSelect": 3, "values": choices }),
        json!({ "name": "own_company", "type": "relation", "maxSelect": 1, "collectionId": COMPANIES }),
        json!({ "name": "own_companies", "type": "relation", "maxSelect": 9, "collectionId": COMPANIES }),
        json!({ "name": "own_file", "type": "file", "maxSelect": 1 }),
        json!({ "name": "own_files", "type": "file", "maxSelect": 3 }),
        json!({ "name": "own_json", "type": "json" }),
    ];
    if version != "0.23.12" {
        fields.push(json!({ "name": "own_place", "type": "geoPoint" }));
    }
    fields
}

/// The n-th user's values in these columns; the first one has none.
fn own_values(n: usize) -> Value {
    let i = n % 12;
    if i == 0 {
        return json!({});
    }
    json!({ "own_text": TEXTS[i], "own_editor": format!("<p>{}</p>", TEXTS[i]), "own_number": NUMBERS[i], "own_whole": n * 1_000_000,
        "own_bool": n.is_multiple_of(2), "own_email": format!("own{n}@example.com"), "own_url": format!("https://example.com/?q={n}"),
        "own_date": format!("20{n:0>2}-02-03 04:05:06.07{}Z", i % 10), "own_choice": "c 空", "own_choices": ["c 空", "a"],
        "own_company": id("company", 1), "own_companies": [id("company", 2), id("company", 1)], "own_json": json_values()[i],
        "own_place": { "lon": 116.397_5, "lat": -39.25 } })
}

/// A PocketBase that was in use, as it answered.
struct Deployment {
    records: [Vec<Value>; 3],
    rules: Vec<Value>,
    /// Tokens of users who may log in, and one of a superuser.
    tokens: Vec<String>,
    root: String,
}

impl Deployment {
    fn make(version: &str, data: &Path) -> Self {
        let binary = binary_of(version);
        create_root(&binary, data);
        let pb = PocketBase::start_binary(&binary, data);
        let root = pb.root();
        collections(version).create(&pb, &root);
        fill(&pb, &root);
        pb.stop();
        age(data);
        let pb = PocketBase::start_binary(&binary, data);
        let deployment = Self {
            records: MOVED.map(|collection| pb.records(collection, &root)),
            rules: rules(&|path| pb.ok("GET", path, &root, &json!({}))),
            tokens: tokens(&pb, &root),
            root,
        };
        pb.stop();
        deployment
    }

    /// What is other than it was there.
    fn differences(&self, read: impl Fn(&str) -> Vec<Value>) -> Vec<String> {
        let pairs = MOVED.iter().zip(&self.records);
        pairs
            .flat_map(|(collection, theirs)| differences(theirs, &read(collection)))
            .collect()
    }
}

fn collections(version: &str) -> Collections {
    let mut collections = Collections::of_the_contract();
    for field in own_fields(version) {
        collections.user_field(&field);
    }
    collections.company_field(&json!({ "name": "credit", "type": "number" }));
    collections.company_field(&json!({ "name": "notes", "type": "json" }));
    let staff = "id = @request.auth.id || company_id = @request.auth.company_id && @request.auth.users_rank_level >= 5";
    collections.users = with(
        collections.users,
        &json!({ "listRule": staff, "viewRule": staff, "authRule": "users_status = 1", "manageRule": "@request.auth.users_rank_level > 8" }),
    );
    collections
}

fn fill(pb: &PocketBase, root: &str) {
    let create = |collection: &str, form: &Value| {
        let path = format!("/api/collections/{collection}/records");
        pb.ok("POST", &path, root, form);
    };
    for n in 1..4 {
        let key = format!("c-{n}");
        create(
            "tbl_company",
            &json!({ "id": id("company", n), "company_id": key, "company_name": TEXTS[n], "company_type": "科技",
                "company_status": n, "credit": NUMBERS[n], "notes": json_values()[n] }),
        );
    }
    for n in WECHAT {
        create("tbl_auth_users", &with(wechat_user(n), &own_values(n)));
    }
    for n in PLATFORM {
        let form = with(platform_user(n), &own_values(n));
        let company = json!({ "company_id": format!("c-{}", n % 3 + 1), "users_rank_level": n, "emailVisibility": n % 2 == 0,
            "users_name": format!("名{}", TEXTS[n % 12]) });
        create("tbl_auth_users", &with(form, &company));
    }
    let secret = password(99);
    create(
        "_superusers",
        &json!({ "email": "second@example.com", "password": secret, "passwordConfirm": secret }),
    );
}

/// Values that no API would take now: dates without milliseconds, names of files, a NUL in a text.
fn age(data: &Path) {
    let db = Connection::open(data.join("data.db")).unwrap();
    db.execute_batch(
        "UPDATE tbl_auth_users SET created = '2021-05-05 05:05:05Z', updated = '2021-05-05 05:05:06Z', own_date = '2021-05-05 05:05:05Z',
            own_seen = '2021-05-05 05:05:05.5Z' WHERE id LIKE '%5';
         UPDATE tbl_auth_users SET own_file = 'a_x1y2z3.png', own_files = '[\"b_1.pdf\",\"c_2.pdf\"]' WHERE id LIKE '%6';
         UPDATE tbl_auth_users SET own_text = CAST(x'610062' AS TEXT) WHERE id LIKE '%7';
         UPDATE tbl_company SET created = '2020-01-01 00:00:00Z' WHERE company_id = 'c-1'",
    )
    .unwrap();
}

/// The rules of the collections that have any.
fn rules(get: &dyn Fn(&str) -> Value) -> Vec<Value> {
    let names = [
        "listRule",
        "viewRule",
        "createRule",
        "updateRule",
        "deleteRule",
        "authRule",
        "manageRule",
    ];
    let of = |collection: &str| {
        let shown = get(&format!("/api/collections/{collection}"));
        Value::from_iter(names.map(|name| (name, shown[name].clone())))
    };
    ["tbl_company", "tbl_auth_users"].map(of).into()
}

/// A token of each user: a login's of those who have a password, and one that a superuser took of the others.
fn tokens(pb: &PocketBase, root: &str) -> Vec<String> {
    let text = |answer: &Value| answer["token"].as_str().unwrap().to_owned();
    let of_wechat = WECHAT.map(|n| {
        let path = format!(
            "/api/collections/tbl_auth_users/impersonate/{}",
            id("wechat", n)
        );
        text(&pb.ok("POST", &path, root, &json!({ "duration": 3600 })))
    });
    let of_platform =
        PLATFORM.map(|n| text(&pb.log_in("tbl_auth_users", &phone(n), &password(n)).1));
    of_wechat.chain(of_platform).collect()
}

fn bai_ok(dir: &Path, args: &[&str]) {
    let (output, out, err) = run(dir, args);
    assert!(output.status.success(), "{args:?}: {out}{err}");
}

fn moves_here_and_back(version: &str) {
    let dir = tempfile::tempdir().unwrap();
    let deployment = Deployment::make(version, &dir.path().join("pb_data"));
    bai_ok(dir.path(), &["import", "pocketbase", "pb_data", "--rules"]);
    bai_ok(dir.path(), &["export", "pocketbase", "back"]);
    is_here(dir.path(), &deployment);
    for newer in NEWER {
        let data = dir.path().join(newer);
        copy_folder(&dir.path().join("back"), &data);
        is_back(newer, &data, &deployment);
    }
}

/// Records, rules, logins and tokens are here.
fn is_here(dir: &Path, deployment: &Deployment) {
    let moved = Moved::serve(dir);
    let found = deployment.differences(|collection| moved.records(collection));
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(rules(&|path| moved.get(path)), deployment.rules);
    for token in deployment.tokens.iter().chain([&deployment.root]) {
        let status = moved.refresh(token);
        let is_root = token == &deployment.root;
        assert_eq!(
            status,
            if is_root { 401 } else { 200 },
            "superusers are none of the contract's"
        );
    }
    assert_eq!(
        moved.log_in("_superusers", "second@example.com", &password(99)),
        200
    );
    for n in WECHAT {
        let (status, answer) = moved.wechat_login(&openid(n));
        assert_eq!(
            (status, &answer["record"]["id"]),
            (200, &json!(id("wechat", n)))
        );
    }
    for n in PLATFORM {
        let (status, answer) = moved.platform_login(&phone(n), &password(n));
        assert_eq!(
            (status, &answer["record"]["id"]),
            (200, &json!(id("platform", n)))
        );
        let company = &answer["meta"]["data"]["user"]["company"];
        assert_eq!(company["id"], id("company", n % 3 + 1));
    }
    for identity in [openid(5), "web6@example.com".to_owned(), phone(7)] {
        assert_eq!(
            moved.log_in("tbl_auth_users", &identity, "canary-wrong"),
            400
        );
    }
    for (n, identity) in [
        (5, openid(5)),
        (6, "web6@example.com".to_owned()),
        (7, phone(7)),
    ] {
        assert_eq!(moved.log_in("tbl_auth_users", &identity, &password(n)), 200);
    }
    moved.stop();
}

/// Records, rules, logins and tokens are in a newer PocketBase, which can save the collections.
fn is_back(version: &str, data: &Path, deployment: &Deployment) {
    let pb = PocketBase::start_binary(&binary_of(version), data);
    let root = pb.root();
    let found = deployment.differences(|collection| pb.records(collection, &root));
    assert!(found.is_empty(), "{version}: {}", found.join("\n"));
    assert_eq!(
        rules(&|path| pb.ok("GET", path, &root, &json!({}))),
        deployment.rules
    );
    for collection in MOVED {
        let path = format!("/api/collections/{collection}");
        let shown = pb.ok("GET", &path, &root, &json!({}));
        pb.ok("PATCH", &path, &root, &shown);
    }
    let id_of = |answer: &Value| {
        answer["record"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    for n in PLATFORM {
        let (status, answer) = pb.log_in("tbl_auth_users", &phone(n), &password(n));
        assert_eq!(
            (status, id_of(&answer)),
            (200, id("platform", n)),
            "{version}"
        );
    }
    let refresh = "/api/collections/tbl_auth_users/auth-refresh";
    for token in &deployment.tokens {
        assert_eq!(
            pb.call("POST", refresh, token, &json!({})).0,
            200,
            "{version}"
        );
    }
    pb.stop();
}

#[test]
#[ignore = "needs PocketBase 0.23.12: BAI_POCKETBASES=/path/of/all/versions"]
fn pocketbase_0_23_moves_here_and_back() {
    moves_here_and_back("0.23.12");
}

#[test]
#[ignore = "needs PocketBase 0.28.4: BAI_POCKETBASES=/path/of/all/versions"]
fn pocketbase_0_28_moves_here_and_back() {
    moves_here_and_back("0.28.4");
}

#[test]
#[ignore = "needs PocketBase 0.36.9: BAI_POCKETBASES=/path/of/all/versions"]
fn pocketbase_0_36_moves_here_and_back() {
    moves_here_and_back("0.36.9");
}

#[test]
#[ignore = "needs PocketBase 0.40.6: BAI_POCKETBASES=/path/of/all/versions"]
fn pocketbase_0_40_moves_here_and_back() {
    moves_here_and_back("0.40.6");
}

#[test]
#[ignore = "needs PocketBase 0.40.6: BAI_POCKETBASES=/path/of/all/versions"]
fn users_who_come_after_a_move_have_the_columns_of_the_deployment_and_go_back_with_them() {
    let dir = tempfile::tempdir().unwrap();
    Deployment::make("0.40.6", &dir.path().join("pb_data"));
    bai_ok(dir.path(), &["import", "pocketbase", "pb_data", "--rules"]);
    let moved = Moved::serve(dir.path());
    assert_eq!(moved.wechat_login(&openid(50)).0, 200);
    let form = json!({ "users_name": "新人", "users_phone": phone(51), "password": password(51), "passwordConfirm": password(51),
        "users_picture": "https://example.com/a.png" });
    assert_eq!(
        moved.server.post("/api/platform/register", &form).status,
        200
    );
    let here = moved.records("tbl_auth_users");
    moved.stop();
    bai_ok(dir.path(), &["export", "pocketbase", "back"]);
    // Superusers who have logged in here need a new password there.
    let (binary, data) = (binary_of("0.40.6"), dir.path().join("back"));
    create_root(&binary, &data);
    let pb = PocketBase::start_binary(&binary, &data);
    let found = differences(&here, &pb.records("tbl_auth_users", &pb.root()));
    assert!(found.is_empty(), "{}", found.join("\n"));
    pb.stop();
}
