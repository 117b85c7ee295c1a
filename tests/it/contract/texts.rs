//! Texts of refusals: each says what was refused, for how long, and what helps.

use std::time::Duration;

use serde_json::json;

use crate::support::app::{TestApp, profile};
use crate::support::canary::PASSWORD;
use crate::support::wechat_stub::{PHONE, SESSION};

#[test]
fn a_quota_of_wechat_is_told_as_such() {
    for (errcode, text, seconds) in [
        (
            45009,
            "微信接口今日的调用次数已用完,请 1 小时后再试或联系管理员",
            "3600",
        ),
        (45011, "微信接口调用过于频繁,请 60 秒后再试", "60"),
    ] {
        let app = TestApp::spawn();
        let token = app.wechat_token("alice~1");
        for (path, call) in [
            (
                SESSION,
                app.post("/api/wechat/login")
                    .json(&json!({ "users_wx_code": "canary" })),
            ),
            (
                SESSION,
                app.post("/api/system/refresh-token")
                    .json(&json!({ "users_wx_code": "canary" })),
            ),
            (
                PHONE,
                app.post("/api/wechat/profile")
                    .bearer(&token)
                    .json(&profile("1")),
            ),
        ] {
            app.stub.refuse(path, errcode, "reach limit");
            let answer = call.send();
            answer.assert_error(429, text);
            assert_eq!(answer.header("retry-after"), seconds);
        }
    }
}

#[test]
fn a_registration_with_a_wechat_user_s_phone_says_that_it_belongs_to_wechat() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    let set = app.post("/api/wechat/profile").bearer(&token);
    assert_eq!(set.json(&profile("13900139000")).send().status, 200);
    assert_eq!(app.register("13800138000", PASSWORD).status, 200);
    for (phone, text) in [
        (
            "13900139000",
            "该手机号属于微信用户,不能在此使用,请用微信登录或更换手机号",
        ),
        ("13800138000", "手机号已存在,请直接登录或更换手机号"),
    ] {
        app.register(phone, PASSWORD).assert_error(400, text);
    }
    app.login("13900139000", PASSWORD)
        .assert_error(400, "属于微信用户");
}

#[test]
fn a_lock_out_names_its_time() {
    let app = TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        config.limits.duplicate_window = Duration::ZERO;
    });
    for n in 0..20 {
        let answer = app.login(&format!("138001380{n:02}"), PASSWORD);
        assert_eq!(answer.status, 404);
    }
    let answer = app.login("13800138099", PASSWORD);
    answer.assert_error(429, "尝试次数过多,请 10 分钟后再试");
    assert_eq!(answer.header("retry-after"), "600");
}

#[test]
fn a_page_of_another_origin_may_read_when_to_come_again_and_the_request_s_id() {
    let app = TestApp::spawn();
    for path in ["/api/system/health", "/api/health", "/api/nowhere"] {
        let call = app.post(path).header("Origin", "https://example.com");
        let exposed = call.send();
        let exposed = exposed.header("access-control-expose-headers");
        assert_eq!(exposed, "Retry-After, X-Request-Id", "{path}");
    }
}

#[test]
fn a_refusal_says_what_helps() {
    let app = TestApp::spawn();
    let user = app.register("13800138000", PASSWORD).ok();
    let token = user["token"].as_str().unwrap();
    let code = json!({ "users_wx_code": "canary" });
    let set_profile = |token: &str| {
        let call = app.post("/api/wechat/profile").bearer(token);
        call.json(&profile("13900139000")).send()
    };
    let refresh = || app.post("/api/system/refresh-token");
    for (answer, status, text) in [
        (refresh().send(), 401, "未携带 token,请先登录"),
        (
            refresh().bearer("x").send(),
            401,
            "token 无效或已过期,请重新登录",
        ),
        (refresh().json(&code).send(), 404, "请先用微信登录"),
        (set_profile(""), 401, "未携带 token,请先登录"),
        (set_profile(token), 400, "平台用户请修改本人记录"),
        (
            app.login("13800138001", PASSWORD),
            404,
            "请检查手机号,或先注册",
        ),
    ] {
        answer.assert_error(status, text);
    }
}
