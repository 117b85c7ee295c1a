//! `/api/platform/*`: registration and login.

use std::thread;

use bai::config::Registration;
use bai::domain::{Phone, RecordId, Status, User};
use serde_json::{Value, json};

use crate::support::app::{TestApp, profile, registration};
use crate::support::canary::PASSWORD;
use crate::support::superuser::Root;

const REGISTER: &str = "/api/platform/register";

fn update(app: &TestApp, login: &Value, change: impl FnOnce(&mut User) + Send + 'static) {
    let id = RecordId::parse(login["record"]["id"].as_str().unwrap()).unwrap();
    app.change_user(&id, change);
}

#[test]
fn a_registration_creates_a_user_with_a_guid() {
    let app = TestApp::spawn();
    let mut body = registration("13800138000", PASSWORD);
    for (key, value) in [
        ("users_level", "L1"),
        ("users_id_number", "110"),
        ("users_parent_id", "P"),
        ("users_promo_code", "X"),
        ("usergroups_id", "G"),
        ("company_id", "C"),
    ] {
        body[key] = value.into();
    }
    let answer = app.post(REGISTER).json(&body).send().ok();
    let data = &answer["meta"]["data"];
    assert_eq!(data["status"], "register_success");
    assert_eq!(data["is_info_complete"], true);
    let user = &data["user"];
    let openid = user["openid"].as_str().unwrap();
    assert_eq!(openid.len(), 36);
    assert_eq!(openid.as_bytes()[14], b'4');
    assert_eq!(answer["record"]["email"], format!("{openid}@manage.local"));
    assert_eq!(answer["record"]["openid"], openid);
    assert_eq!(user["users_idtype"], "ManagePlatform");
    assert_eq!(user["users_type"], "注册用户");
    assert_eq!(user["users_phone_masked"], "138****8000");
    for key in [
        "users_level",
        "users_id_number",
        "users_parent_id",
        "users_promo_code",
        "usergroups_id",
        "company_id",
    ] {
        assert_eq!(user[key], body[key], "{key}");
        assert_eq!(answer["record"][key], body[key], "{key}");
    }
    assert_ne!(
        app.register("13800138001", PASSWORD).ok()["record"]["openid"],
        openid
    );
}

#[test]
fn the_type_is_as_given_or_registered() {
    let app = TestApp::spawn();
    let with_type = |phone: &str, users_type: Value| {
        let mut body = registration(phone, PASSWORD);
        body["users_type"] = users_type;
        app.post(REGISTER).json(&body).send()
    };
    let users_type = |login: &Value| login["meta"]["data"]["user"]["users_type"].clone();
    assert_eq!(
        users_type(&with_type("13800138000", json!("游客")).ok()),
        "游客"
    );
    assert_eq!(
        users_type(&with_type("13800138001", json!("注册用户")).ok()),
        "注册用户"
    );
    assert_eq!(
        users_type(&with_type("13800138002", json!("")).ok()),
        "注册用户"
    );
    assert_eq!(
        users_type(&with_type("13800138003", json!(null)).ok()),
        "注册用户"
    );
    with_type("13800138004", json!("管理员")).assert_error(400, "users_type");
}

#[test]
fn a_phone_is_one_whatever_way_it_is_written() {
    let app = TestApp::spawn();
    assert_eq!(
        app.register("+86 138-0013-8000", PASSWORD).ok()["record"]["users_phone"],
        "13800138000"
    );
    app.register("8613800138000", PASSWORD)
        .assert_error(400, "手机号已存在");
    assert_eq!(app.login("138 0013 8000", PASSWORD).status, 200);
    let abroad = app.register("+852 9123-4567", PASSWORD).ok();
    assert_eq!(abroad["record"]["users_phone"], "+85291234567");
    assert_eq!(
        abroad["meta"]["data"]["user"]["users_phone_masked"],
        "+852****4567"
    );
}

#[test]
fn a_phone_that_is_stored_with_its_trunk_zero_is_still_its_owner_s() {
    let app = TestApp::spawn();
    let owner = app.register("+44 7911 123456", PASSWORD).ok();
    update(&app, &owner, |user| {
        user.phone = Phone::from_stored("+4407911123456".into());
    });
    for spelling in ["+44 07911 123456", "+44 7911 123456"] {
        let login = app.login(spelling, PASSWORD).ok();
        assert_eq!(login["record"]["id"], owner["record"]["id"], "{spelling}");
    }
    app.register("+44 7911 123456", PASSWORD)
        .assert_error(400, "手机号已存在");
    update(&app, &owner, |user| {
        user.phone = Phone::parse("+44 7911 123456").ok();
    });
    app.login("+44 07911 123456", PASSWORD).ok();
}

#[test]
fn each_field_is_checked_and_named() {
    let app = TestApp::spawn();
    let with = |key: &str, value: Value| {
        let mut body = registration("13800138000", PASSWORD);
        body[key] = value.clone();
        if key == "password" {
            body["passwordConfirm"] = value;
        }
        app.post(REGISTER).json(&body).send()
    };
    for key in ["users_name", "users_phone", "password", "users_picture"] {
        for value in [json!(null), json!(""), json!(7), json!(true), json!(["x"])] {
            with(key, value).assert_error(400, key);
        }
    }
    with("passwordConfirm", json!(null)).assert_error(400, "passwordConfirm");
    with("passwordConfirm", json!("12345679")).assert_error(400, "不一致");
    with("users_phone", json!("12345")).assert_error(400, "手机号格式");
    with("users_phone", json!("12800138000")).assert_error(400, "手机号格式");
    with("password", json!("七个字的密码吧")).assert_error(400, "8");
    with("password", json!("x".repeat(129))).assert_error(400, "128");
    with("users_name", json!("张".repeat(65))).assert_error(400, "64");
    with("users_picture", json!("x".repeat(2049))).assert_error(400, "2048");
    for key in [
        "users_id_number",
        "users_level",
        "company_id",
        "users_parent_id",
        "users_promo_code",
        "usergroups_id",
    ] {
        with(key, json!("x".repeat(256))).assert_error(400, key);
        with(key, json!(1)).assert_error(400, key);
    }
    assert_eq!(
        app.post("/api/system/users-count").send().data()["total_users"],
        0
    );
    with("nickname", json!({ "unknown": 1 })).ok();
}

#[test]
fn two_hundred_concurrent_registrations_of_one_phone_make_one_user() {
    let app = TestApp::spawn_with(|config| config.password.queue = 400);
    let answers: Vec<u16> = thread::scope(|scope| {
        let register = || scope.spawn(|| app.register("13800138000", PASSWORD).status);
        let threads: Vec<_> = (0..200).map(|_| register()).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|status| **status == 400).count(), 199);
    assert_eq!(
        app.post("/api/system/users-count").send().data()["total_users"],
        1
    );
}

#[test]
fn a_login_takes_the_registered_password_exactly() {
    let app = TestApp::spawn();
    let password = "密码 with spaces\u{0000}🔑";
    let registered = app.register("13800138000", password).ok();
    let login = app.login("13800138000", password).ok();
    assert_eq!(login["meta"]["data"]["status"], "login_success");
    assert_eq!(login["meta"]["msg"], "登录成功");
    assert_eq!(login["record"], registered["record"]);
    for wrong in ["密码 with spaces", "密码 with spaces\u{0000}🔑 ", "x"] {
        app.login("13800138000", wrong)
            .assert_error(400, "密码错误");
    }
    app.login("13800138000", &"x".repeat(129))
        .assert_error(400, "128");
    app.login("13800138000", "").assert_error(400, "password");
    app.login("13800138001", password)
        .assert_error(404, "平台用户不存在");
    app.login("138", password).assert_error(400, "手机号");
}

#[test]
fn a_login_is_for_platform_users() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    app.post("/api/wechat/profile")
        .bearer(&token)
        .json(&profile("13900139000"))
        .send()
        .ok();
    app.login("13900139000", PASSWORD)
        .assert_error(400, "用户类型");
}

#[test]
fn a_login_needs_the_native_identity() {
    let app = TestApp::spawn();
    let registered = app.register("13800138000", PASSWORD).ok();
    update(&app, &registered, |user| user.email = None);
    app.login("13800138000", PASSWORD)
        .assert_error(500, "identity");
}

#[test]
fn a_disabled_user_cannot_log_in_and_only_the_password_tells() {
    let app = TestApp::spawn();
    let registered = app.register("13800138000", PASSWORD).ok();
    update(&app, &registered, |user| user.status = Status::Disabled);
    app.login("13800138000", PASSWORD).assert_error(400, "停用");
    app.login("13800138000", "wrong-password")
        .assert_error(400, "密码错误");
    app.register("13800138000", PASSWORD)
        .assert_error(400, "手机号已存在");
}

#[test]
fn a_hash_of_other_cost_is_renewed_at_login() {
    let dir = tempfile::tempdir().unwrap();
    let file = || bai::store::Location::File(dir.path().join("bai.redb"));
    let hash = |app: &TestApp| {
        let phone = Phone::parse("13800138000").unwrap();
        app.block_on(app.app.store.user_by_phone(&phone))
            .unwrap()
            .unwrap()
            .password_hash
            .unwrap()
    };
    let app = TestApp::spawn_on(&file(), |config| config.password.log_n = 3);
    let registered = app.register("13800138000", PASSWORD).ok();
    assert!(hash(&app).starts_with("$scrypt$ln=3,r=8,p=1$"));
    drop(app);

    let app = TestApp::spawn_on(&file(), |config| config.password.log_n = 5);
    app.login("13800138000", "wrong-password")
        .assert_error(400, "密码错误");
    assert!(hash(&app).starts_with("$scrypt$ln=3,"));
    let login = app.login("13800138000", PASSWORD).ok();
    assert_eq!(login["record"], registered["record"]);
    assert!(hash(&app).starts_with("$scrypt$ln=5,"));
    app.login("13800138000", PASSWORD).ok();
}

#[test]
fn a_full_password_queue_answers_429_within_a_second() {
    let app = TestApp::spawn_with(|config| {
        (
            config.password.log_n,
            config.password.threads,
            config.password.queue,
        ) = (15, 1, 1);
    });
    app.register("13800138000", PASSWORD).ok();
    let answers: Vec<_> = thread::scope(|scope| {
        let login = || {
            scope.spawn(|| {
                let started = std::time::Instant::now();
                (app.login("13800138000", PASSWORD), started.elapsed())
            })
        };
        let threads: Vec<_> = (0..20).map(|_| login()).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(answers.iter().any(|(answer, _)| answer.status == 200));
    let refused: Vec<_> = answers
        .iter()
        .filter(|(answer, _)| answer.status != 200)
        .collect();
    assert!(!refused.is_empty());
    for (answer, elapsed) in refused {
        answer.assert_error(429, "服务器繁忙,请 1 秒后再试");
        assert_eq!(answer.header("retry-after"), "1");
        assert!(elapsed.as_secs() < 1, "{elapsed:?}");
    }
}

#[test]
fn with_registration_closed_nobody_registers_and_superusers_make_users() {
    let root = Root::of(TestApp::spawn_with(|config| {
        config.platform.registration = Registration::Closed;
        config.limits.enabled = true;
    }));
    let user = root.user(1, &json!({}));
    for phone in ["13800138000", user["users_phone"].as_str().unwrap()] {
        let answer = root.app.register(phone, PASSWORD);
        answer.assert_error(400, "暂不开放注册");
    }
    assert_eq!(root.app.login("13800138000", PASSWORD).status, 404);
    let phone = user["users_phone"].as_str().unwrap();
    assert_eq!(root.app.login(phone, PASSWORD).status, 200);
    assert_eq!(root.app.wechat_login("alice~1").status, 200);
}
