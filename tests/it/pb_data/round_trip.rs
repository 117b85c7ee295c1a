//! A real PocketBase, filled through its API and our hooks, moves here and back. `BAI_POCKETBASE` is its binary.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::app::{Call, profile};
use crate::support::binary::{Running, bai, real_wechat, run};
use crate::support::real_pocketbase::{PocketBase, ROOT, binary, create_root, our_hooks};
use crate::support::wechat_stub::WechatStub;

/// How many of each kind; every tenth has a company.
const WECHAT: usize = 400;
const PLATFORM: usize = 600;

/// A user as PocketBase answered, and what logs it in.
#[derive(Clone)]
struct Known {
    record: Value,
    token: String,
    password: Option<String>,
}

impl Known {
    fn new(answer: &Value, password: Option<String>) -> Self {
        let token = answer["token"].as_str().unwrap().to_owned();
        Self {
            record: answer["record"].clone(),
            token,
            password,
        }
    }

    fn id(&self) -> &str {
        self.record["id"].as_str().unwrap()
    }
}

fn phone(n: usize) -> String {
    format!("138{n:08}")
}

/// Users of both kinds, made by `threads` clients at once.
fn fill(pb: &PocketBase) -> Vec<Known> {
    let known = Mutex::new(Vec::new());
    let root = pb.root();
    for n in 0..5 {
        let company = json!({ "company_id": format!("c-{n}"), "company_name": format!("公司{n}"), "company_status": n });
        pb.ok(
            "POST",
            "/api/collections/tbl_company/records",
            &root,
            &company,
        );
    }
    thread::scope(|scope| {
        for client in 0..4 {
            let known = &known;
            scope.spawn(move || {
                for n in (client..WECHAT).step_by(4) {
                    let code = json!({ "users_wx_code": format!("pb{n}~canary") });
                    let user = Known::new(&pb.ok("POST", "/api/wechat/login", "", &code), None);
                    known.lock().unwrap().push(user);
                }
                for n in (client..PLATFORM).step_by(4) {
                    let password = format!("canary-password-{n}");
                    let company = if n % 10 == 0 { format!("c-{}", n / 10 % 5) } else { String::new() };
                    let form = json!({ "users_name": format!("用户{n}"), "users_phone": phone(n), "password": password,
                        "passwordConfirm": password, "users_picture": "https://example.com/a.png", "company_id": company });
                    let answer = pb.ok("POST", "/api/platform/register", "", &form);
                    known.lock().unwrap().push(Known::new(&answer, Some(password)));
                }
            });
        }
    });
    known.into_inner().unwrap()
}

/// A name, a password and a user less.
fn change(pb: &PocketBase, known: &mut Vec<Known>) -> Vec<Known> {
    let root = pb.root();
    let path = |user: &Known| format!("/api/collections/tbl_auth_users/records/{}", user.id());
    let platform: Vec<_> = (0..known.len())
        .filter(|n| known[*n].password.is_some())
        .take(12)
        .collect();
    let mut ended = Vec::new();
    for n in &platform[..5] {
        let user = known[*n].clone();
        known[*n].record = pb.ok(
            "PATCH",
            &path(&user),
            &user.token,
            &json!({ "users_name": "改名" }),
        );
    }
    for n in &platform[5..10] {
        let (user, new) = (known[*n].clone(), "canary-changed");
        let form = json!({ "oldPassword": user.password, "password": new, "passwordConfirm": new });
        pb.ok("PATCH", &path(&user), &user.token, &form);
        let answer = pb
            .log_in(
                "tbl_auth_users",
                user.record["openid"].as_str().unwrap(),
                new,
            )
            .1;
        known[*n] = Known::new(&answer, Some(new.to_owned()));
        ended.push(user);
    }
    let disabled = platform[10];
    let answer = pb.ok(
        "PATCH",
        &path(&known[disabled]),
        &root,
        &json!({ "users_status": 0 }),
    );
    known[disabled].record = answer;
    let deleted = known.remove(platform[11]);
    pb.ok("DELETE", &path(&deleted), &root, &json!({}));
    ended.push(deleted);
    ended
}

/// A valid token with one thing of it changed.
fn forgeries(token: &str, of_another: &str) -> Vec<String> {
    let parts: Vec<_> = token.split('.').collect();
    let others: Vec<_> = of_another.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let mut claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    claims["exp"] = (claims["exp"].as_i64().unwrap() + 1).into();
    let later = URL_SAFE_NO_PAD.encode(claims.to_string());
    vec![
        format!("{}.{}.{}", parts[0], others[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], others[2]),
        format!("{}.{later}.{}", parts[0], parts[2]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{none}.{}.", parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
    ]
}

fn without_times(record: &Value) -> Value {
    let mut record = record.clone();
    // A change of the password moves it, and the answer to the login was made before or after.
    record.as_object_mut().unwrap().shift_remove("updated");
    record
}

/// The rows of a table by id, but for what an export may change.
fn rows(data: &Path, table: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let db = Connection::open(data.join("data.db")).unwrap();
    let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let row = |row: &rusqlite::Row<'_>| {
        let value = |n: usize| format!("{:?}", row.get_ref_unwrap(n));
        let mut values: Vec<_> = (0..names.len())
            .map(|n| (names[n].clone(), value(n)))
            .collect();
        values.sort();
        Ok((row.get::<_, String>("id").unwrap(), values))
    };
    statement
        .query_map([], row)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn a_real_pocketbase_moves_here_with_passwords_and_tokens_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("pb_data");
    let stub = WechatStub::start();
    create_root(&binary(), &data);
    let pb = PocketBase::start(&data, Some(&our_hooks()), &stub.url);
    let started = Instant::now();
    let mut known = fill(&pb);
    let ended = change(&pb, &mut known);
    println!("{} users were made in {:?}", known.len(), started.elapsed());
    let root_token = pb.root();

    // While it runs and is idle, an import warns and goes on; then it is stopped, and the rest comes.
    let (_, out, err) = run(
        dir.path(),
        &["import", "pocketbase", "pb_data", "--dry-run"],
    );
    assert!(err.contains("PocketBase is running"), "{out}{err}");
    pb.stop();
    let (output, out, err) = run(dir.path(), &["import", "pocketbase", "pb_data"]);
    assert!(output.status.success(), "{out}{err}");

    let mut command = bai(dir.path(), &["serve"]);
    command
        .envs(real_wechat(&stub))
        .env("BAI_WECHAT__APP_ID", "wx_test")
        .env("BAI_LIMITS__ENABLED", "false")
        .env("BAI_PASSWORD__LOG_N", "4");
    let running = Running::start(command);
    let post = |path: &str| Call::new("POST", &running.base, path);
    assert_eq!(
        post("/api/system/users-count").send().data()["total_users"],
        known.len()
    );
    let is_active = |user: &&Known| user.record["users_status"] == 1;
    for (n, user) in known.iter().filter(is_active).enumerate() {
        assert_eq!(
            post("/api/system/refresh-token")
                .bearer(&user.token)
                .send()
                .status,
            200
        );
        let refreshed = post("/api/collections/tbl_auth_users/auth-refresh")
            .bearer(&user.token)
            .send()
            .ok();
        assert_eq!(
            without_times(&refreshed["record"]),
            without_times(&user.record)
        );
        assert!(refreshed["token"].as_str().unwrap().starts_with("pb."));
        if user.password.is_none() {
            let form = profile(&format!("137{n:08}"));
            assert_eq!(
                post("/api/wechat/profile")
                    .bearer(&user.token)
                    .json(&form)
                    .send()
                    .status,
                200
            );
        }
    }
    let with_password: Vec<_> = known
        .iter()
        .filter(is_active)
        .filter(|user| user.password.is_some())
        .collect();
    for user in with_password.iter().step_by(with_password.len() / 50) {
        let phone = &user.record["users_phone"];
        let form = json!({ "users_phone": phone, "password": user.password });
        assert_eq!(
            post("/api/platform/login").json(&form).send().status,
            200,
            "{phone}"
        );
        let wrong = json!({ "users_phone": phone, "password": "canary-wrong" });
        assert_eq!(post("/api/platform/login").json(&wrong).send().status, 400);
    }
    for user in &ended {
        assert_eq!(
            post("/api/system/refresh-token")
                .bearer(&user.token)
                .send()
                .status,
            401
        );
    }
    for pair in known.chunks_exact(2).step_by(20) {
        for forged in forgeries(&pair[0].token, &pair[1].token) {
            assert_eq!(
                post("/api/system/refresh-token")
                    .bearer(&forged)
                    .send()
                    .status,
                401
            );
            let auth_refresh = post("/api/collections/tbl_auth_users/auth-refresh");
            assert_eq!(auth_refresh.bearer(&forged).send().status, 401);
        }
    }
    let refresh_root = post("/api/collections/_superusers/auth-refresh");
    assert_eq!(
        refresh_root.bearer(&root_token).send().ok()["record"]["email"],
        ROOT.0
    );
    running.signal("-TERM");
    assert!(running.wait().0);
    let (output, out, _) = run(dir.path(), &["import", "pocketbase", "pb_data"]);
    assert!(
        output.status.success(),
        "a login and a profile are no conflicts: {out}"
    );

    there_and_back(dir.path(), &data, &known, &root_token);
}

/// What is exported, PocketBase opens; and what came from there is there again as it was.
fn there_and_back(dir: &Path, data: &Path, known: &[Known], root_token: &str) {
    let fresh = dir.join("fresh");
    std::fs::create_dir(&fresh).unwrap();
    assert!(
        run(&fresh, &["import", "pocketbase", data.to_str().unwrap()])
            .0
            .status
            .success()
    );
    assert!(
        run(&fresh, &["export", "pocketbase", "back"])
            .0
            .status
            .success()
    );
    for table in ["tbl_auth_users", "tbl_company", "_superusers"] {
        assert_eq!(rows(&fresh.join("back"), table), rows(data, table));
    }
    // The first one has logged in here since, and needs a new password there.
    assert!(
        run(dir, &["export", "pocketbase", "back"])
            .0
            .status
            .success()
    );
    let list = std::fs::read_to_string(dir.join("back/without-password.tsv")).unwrap();
    assert!(list.lines().count() >= 50, "{list}");
    let pb = PocketBase::start(&dir.join("back"), None, "");
    let records = pb.ok(
        "GET",
        "/api/collections/tbl_auth_users/records?perPage=1",
        root_token,
        &json!({}),
    );
    assert_eq!(records["totalItems"], known.len());
    let is_old = |user: &&Known| user.password.is_some() && !list.contains(user.id());
    let user = known.iter().find(is_old).unwrap();
    let log_in = |user: &Known| {
        let openid = user.record["openid"].as_str().unwrap();
        pb.log_in("tbl_auth_users", openid, user.password.as_deref().unwrap())
            .0
    };
    assert_eq!(log_in(user), 200);
    let listed = known.iter().find(|user| list.contains(user.id())).unwrap();
    assert_eq!(log_in(listed), 400);
    let refresh = "/api/collections/tbl_auth_users/auth-refresh";
    assert_eq!(pb.call("POST", refresh, &user.token, &json!({})).0, 200);
    // Every collection can be saved: PocketBase finds nothing to complain of.
    for collection in ["tbl_auth_users", "tbl_company", "_superusers"] {
        let path = format!("/api/collections/{collection}");
        let schema = pb.ok("GET", &path, root_token, &json!({}));
        pb.ok("PATCH", &path, root_token, &schema);
    }
    pb.stop();
}
