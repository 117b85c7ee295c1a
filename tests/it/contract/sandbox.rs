//! The sandbox, reached as users reach it: through the server, over HTTP.

use bai::config::Provider;
use serde_json::json;

use crate::support::app::{TestApp, profile};
use crate::support::canary::PASSWORD;

fn spawn() -> TestApp {
    TestApp::spawn_with(|config| {
        config.wechat.provider = Provider::Sandbox;
        config.wechat.app_id.clear();
    })
}

#[test]
fn the_contract_s_example_values_work() {
    let app = spawn();
    let code = json!({ "users_wx_code": "0a1b2c3d4e5f6g" });
    let login = app.post("/api/wechat/login").json(&code).send().ok();
    assert_eq!(login["meta"]["data"]["status"], "register_success");
    let token = login["token"].as_str().unwrap();
    let mut body = profile("");
    body["users_phone_code"] = "2b7d9f2e3c4a5b6d7e8f".into();
    let set_profile = app
        .post("/api/wechat/profile")
        .bearer(token)
        .json(&body)
        .send();
    let phone = set_profile.data()["user"]["users_phone"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(phone.starts_with("138") && phone.len() == 11);
    assert_eq!(
        app.post("/api/system/refresh-token")
            .json(&code)
            .send()
            .status,
        200
    );
    app.register("13800138000", PASSWORD).ok();
    app.login("13800138000", PASSWORD).ok();
    assert!(app.stub.calls("/sns/jscode2session").is_empty());
}

#[test]
fn any_code_works_again_and_the_part_before_the_tilde_is_the_user() {
    let app = spawn();
    let openid = |code: &str| app.wechat_login(code).ok()["record"]["openid"].clone();
    assert_eq!(openid("alice~1"), "o_alice");
    assert_eq!(openid("alice~1"), "o_alice");
    assert_eq!(openid("alice~2"), "o_alice");
    assert_ne!(openid("用户-一"), openid("用户-二"));
    assert_eq!(openid("用户-一~x"), openid("用户-一"));
    assert_ne!(openid(&"x".repeat(200)), openid(&"x".repeat(201)));
}

#[test]
fn some_codes_are_refused_as_wechat_would() {
    let app = spawn();
    let token = app.wechat_token("alice~1");
    for (code, status) in [
        ("bad", 400),
        ("used-1", 400),
        ("blocked", 400),
        ("busy", 500),
        ("quota", 429),
    ] {
        assert_eq!(app.wechat_login(code).status, status, "{code}");
        let set_profile = app
            .post("/api/wechat/profile")
            .bearer(&token)
            .json(&profile(code))
            .send();
        assert_eq!(set_profile.status, status, "{code}");
    }
    app.wechat_login("blocked").assert_error(400, "限制");
}

#[test]
fn eleven_digits_in_a_phone_code_are_the_phone() {
    let app = spawn();
    let token = app.wechat_token("alice~1");
    let set_profile = app
        .post("/api/wechat/profile")
        .bearer(&token)
        .json(&profile("code-13912345678-x"))
        .send();
    assert_eq!(set_profile.data()["user"]["users_phone"], "13912345678");
}
