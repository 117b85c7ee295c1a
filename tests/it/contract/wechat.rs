//! `/api/wechat/*`: login and profile.

use std::collections::HashSet;
use std::thread;

use bai::domain::{Company, RecordId};
use serde_json::{Value, json};

use crate::support::app::{TestApp, profile};
use crate::support::canary::PASSWORD;
use crate::support::steps::Step;
use crate::support::wechat_stub::{PHONE, SESSION, TOKEN};

const PROFILE: &str = "/api/wechat/profile";

fn status(login: &Value) -> &str {
    login["meta"]["data"]["status"].as_str().unwrap()
}

#[test]
fn the_first_login_registers_and_later_ones_log_in() {
    let app = TestApp::spawn();
    let first = app.wechat_login("alice~1").ok();
    assert_eq!(status(&first), "register_success");
    assert_eq!(first["meta"]["code"], 200);
    assert_eq!(first["meta"]["data"]["is_info_complete"], false);
    let user = &first["meta"]["data"]["user"];
    assert_eq!(user["openid"], "o_alice");
    assert_eq!(user["users_idtype"], "WeChat");
    assert_eq!(user["users_type"], "游客");
    assert_eq!(user["users_status"], 1);
    assert_eq!(user["users_id"], "U0000000001");
    assert_eq!(user["company"], Value::Null);
    assert_eq!(user["users_phone_masked"], "");
    assert_eq!(user["created"], "2026-11-22 06:10:36.858Z");
    assert_eq!(user["users_convers_id"].as_str().unwrap().len(), 36);

    let second = app.wechat_login("alice~2").ok();
    assert_eq!(status(&second), "login_success");
    assert_eq!(second["meta"]["data"]["user"], *user);
    assert_eq!(
        app.wechat_login("bob~1").ok()["meta"]["data"]["user"]["users_id"],
        "U0000000002"
    );
}

#[test]
fn the_record_is_as_pocketbase_writes_it() {
    let app = TestApp::spawn();
    let answer = app.wechat_login("alice~1");
    let login = answer.ok();
    let top: Vec<_> = login.as_object().unwrap().keys().cloned().collect();
    assert_eq!(top, ["meta", "record", "token"]);
    let record = login["record"].as_object().unwrap();
    let keys: Vec<_> = record.keys().map(String::as_str).collect();
    let expected = [
        "collectionId",
        "collectionName",
        "company_id",
        "created",
        "email",
        "emailVisibility",
        "id",
        "openid",
        "updated",
        "usergroups_id",
        "users_auth_type",
        "users_convers_id",
        "users_id",
        "users_id_number",
        "users_idtype",
        "users_level",
        "users_name",
        "users_parent_id",
        "users_phone",
        "users_picture",
        "users_promo_code",
        "users_rank_level",
        "users_status",
        "users_type",
        "verified",
    ];
    assert_eq!(keys, expected);
    let id = record["id"].as_str().unwrap();
    assert!(RecordId::parse(id).is_some());
    assert_eq!(record["email"], format!("{id}@wechat.local"));
    assert_eq!(record["collectionId"], "pbc_421601843");
    assert_eq!(record["collectionName"], "tbl_auth_users");
    assert_eq!(record["users_phone"], "");
    assert_eq!(record["users_rank_level"], 0);
    assert_eq!(record["verified"], true);
    assert_eq!(record["emailVisibility"], false);
    assert!(answer.text().contains(r#""users_status":1,"#));
}

#[test]
fn two_hundred_concurrent_first_logins_make_one_user() {
    let app = TestApp::spawn();
    let logins: Vec<Value> = thread::scope(|scope| {
        let login = |n: usize| {
            scope.spawn({
                let app = &app;
                move || app.wechat_login(&format!("alice~{n}")).ok()
            })
        };
        let threads: Vec<_> = (0..200).map(login).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        logins
            .iter()
            .filter(|login| status(login) == "register_success")
            .count(),
        1
    );
    let ids: HashSet<_> = logins
        .iter()
        .map(|login| login["record"]["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(
        app.post("/api/system/users-count").send().data()["total_users"],
        1
    );
    assert_eq!(
        app.wechat_login("bob~1").ok()["meta"]["data"]["user"]["users_id"],
        "U0000000002"
    );
}

#[test]
fn a_login_needs_a_code() {
    let app = TestApp::spawn();
    let login = |body: &Value| app.post("/api/wechat/login").json(body).send();
    login(&json!({})).assert_error(400, "users_wx_code");
    login(&json!({ "users_wx_code": null })).assert_error(400, "users_wx_code");
    login(&json!({ "users_wx_code": "  " })).assert_error(400, "users_wx_code");
    login(&json!({ "users_wx_code": 5 })).assert_error(400, "users_wx_code");
    login(&json!({ "users_wx_code": "x".repeat(257) })).assert_error(400, "256");
    login(&json!({ "users_wx_code": "alice", "unknown": { "a": [1] } })).ok();
    assert_eq!(app.stub.calls(SESSION).len(), 1);
}

#[test]
fn a_login_asks_wechat_with_an_encoded_code_and_no_access_token() {
    let app = TestApp::spawn();
    app.wechat_login("a+b&c=\"d\"é%~canary").ok();
    let calls = app.stub.calls(SESSION);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].method, "GET");
    assert_eq!(calls[0].query["js_code"], "a+b&c=\"d\"é%~canary");
    assert_eq!(calls[0].query["appid"], "wx_test");
    assert_eq!(calls[0].query["grant_type"], "authorization_code");
    assert!(app.stub.calls(TOKEN).is_empty());
}

#[test]
fn a_profile_completes_the_user() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    app.clock.advance(std::time::Duration::from_millis(1_500));
    let answer = app
        .post(PROFILE)
        .bearer(&token)
        .json(&profile("canary-13900139000"))
        .send();
    let data = answer.data();
    assert_eq!(answer.ok()["msg"], "更新成功");
    assert_eq!(data["status"], "update_success");
    let user = &data["user"];
    assert_eq!(user["users_name"], "李四");
    assert_eq!(user["users_phone"], "13900139000");
    assert_eq!(user["users_phone_masked"], "139****9000");
    assert_eq!(user["users_picture"], "https://example.com/b.png");
    assert_eq!(user["users_type"], "注册用户");
    assert_eq!(user["created"], "2026-11-22 06:10:36.858Z");
    assert_eq!(user["updated"], "2026-11-22 06:10:38.358Z");
    let call = &app.stub.calls(PHONE)[0];
    assert_eq!(
        (&call.body["code"], &call.body["openid"]),
        (&json!("canary-13900139000"), &json!("o_alice"))
    );

    let login = app.wechat_login("alice~2").ok();
    assert_eq!(login["meta"]["data"]["is_info_complete"], true);
    assert_eq!(login["meta"]["data"]["user"], *user);
    assert_eq!(
        app.post(PROFILE)
            .header("Authorization", &token)
            .json(&profile("13900139000"))
            .send()
            .status,
        200
    );
}

#[test]
fn a_profile_checks_every_field_before_it_spends_the_code() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    let update = |key: &str, value: Value| {
        let mut body = profile("13900139000");
        body[key] = value;
        app.post(PROFILE).bearer(&token).json(&body).send()
    };
    for key in ["users_name", "users_phone_code", "users_picture"] {
        for value in [
            json!(null),
            json!(""),
            json!("  "),
            json!(1),
            json!({}),
            json!("长".repeat(2049)),
        ] {
            update(key, value).assert_error(400, key);
        }
    }
    update("users_name", json!("张".repeat(65))).assert_error(400, "64");
    assert!(app.stub.calls(PHONE).is_empty() && app.stub.calls(TOKEN).is_empty());
    assert_eq!(update("users_name", json!("张".repeat(64))).status, 200);
}

#[test]
fn a_profile_needs_a_valid_token_of_a_wechat_user() {
    let app = TestApp::spawn();
    app.post(PROFILE)
        .json(&profile("13900139000"))
        .send()
        .assert_error(401, "token");
    app.post(PROFILE).send().assert_error(401, "token");
    app.post(PROFILE)
        .json(&json!({}))
        .send()
        .assert_error(401, "token");
    app.post(PROFILE)
        .bearer("pb.e30.v4~local~xxx")
        .json(&profile("13900139000"))
        .send()
        .assert_error(401, "token");
    let platform = app.register("13800138000", PASSWORD).ok();
    let token = platform["token"].as_str().unwrap();
    app.post(PROFILE)
        .bearer(token)
        .json(&profile("13900139000"))
        .send()
        .assert_error(400, "用户类型");
    assert!(app.stub.calls(PHONE).is_empty());
}

#[test]
fn a_phone_of_somebody_else_is_refused_and_changes_nothing() {
    let app = TestApp::spawn();
    app.register("13800138000", PASSWORD).ok();
    let token = app.wechat_token("alice~1");
    let answer = app
        .post(PROFILE)
        .bearer(&token)
        .json(&profile("13800138000"))
        .send();
    answer.assert_error(400, "手机号已被注册");
    let user = app.wechat_login("alice~2").ok()["meta"]["data"]["user"].clone();
    assert_eq!(
        (&user["users_name"], &user["users_type"]),
        (&json!(""), &json!("游客"))
    );
}

#[test]
fn a_new_phone_frees_the_old_one() {
    let app = TestApp::spawn();
    let (alice, bob) = (app.wechat_token("alice~1"), app.wechat_token("bob~1"));
    let set =
        |token: &str, phone: &str| app.post(PROFILE).bearer(token).json(&profile(phone)).send();
    set(&alice, "13900139000").ok();
    set(&bob, "13900139000").assert_error(400, "已被注册");
    set(&alice, "13900139001").ok();
    set(&bob, "13900139000").ok();
}

#[test]
fn a_company_is_shown_with_all_its_columns() {
    let app = TestApp::spawn();
    let record = app.wechat_login("alice~1").ok()["record"].clone();
    let id = RecordId::parse(record["id"].as_str().unwrap()).unwrap();
    app.change_user(&id, |user| user.company_id = "C1".into());
    let user =
        |n: u32| app.wechat_login(&format!("alice~{n}")).ok()["meta"]["data"]["user"].clone();
    assert_eq!(user(2)["company"], Value::Null);

    let now = app.clock.now();
    let company = Company {
        id: RecordId::parse("c00000000000001").unwrap(),
        number: 0,
        company_id: "C1".into(),
        columns:
            json!({ "company_name": "测试公司", "size": 3, "id": "a column never hides ours" })
                .to_string(),
        created: now,
        updated: now,
    };
    app.take([Step::insert(company)]);
    let date = "2026-11-22 06:10:36.858Z";
    let shown = json!({
        "collectionId": "pbc_3827114575", "collectionName": "tbl_company", "company_id": "C1", "company_name": "测试公司",
        "created": date, "id": "c00000000000001", "size": 3, "updated": date,
    });
    assert_eq!(user(3)["company"], shown);
    assert_eq!(user(3)["company_id"], "C1");
}
