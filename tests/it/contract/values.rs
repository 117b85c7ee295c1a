//! Values that people copy, paste and forget to fill in: what is cleaned, and what is refused, at every door.

use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp, profile, registration};
use crate::support::canary::{self, PASSWORD};
use crate::support::installation::Installation;
use crate::support::pocketbase_api::{USERS, log_in, path};
use crate::support::superuser::{Root, person};
use crate::support::wechat_stub::{PHONE, SESSION};

/// Spellings of one phone.
const PHONES: [(&str, &str); 14] = [
    ("13800138000", "13800138000"),
    ("\u{202d}13800138000\u{202c}", "13800138000"),
    ("\u{202a}+86 138 0013 8000\u{202c}", "13800138000"),
    ("138\u{200b}0013\u{200b}8000", "13800138000"),
    ("\u{feff}13800138000\u{2060}", "13800138000"),
    ("１３８００１３８０００", "13800138000"),
    ("＋８６　１３８－００１３－８０００", "13800138000"),
    ("138 0013-8000", "13800138000"),
    ("138\u{2011}0013\u{2013}8000", "13800138000"),
    ("0086 13800138000", "13800138000"),
    ("+86 013800138000", "13800138000"),
    ("+44 07911 123456", "+447911123456"),
    ("+44 (0)7911 123456", "+447911123456"),
    ("0044 7911 123456", "+447911123456"),
];

/// Texts in which there is nothing to see.
const BLANK: [&str; 14] = [
    "",
    "  ",
    "\u{3000}",
    "\u{200b}",
    "\u{3164}",
    "\u{0}",
    "\u{7}\u{1b}",
    "\u{202d}\u{202c}",
    "\u{2800}\u{feff}",
    "\u{200b} \u{2060}\u{ad}",
    "\u{fffc}",
    "\u{1d159}\u{1d173}",
    "\u{13430}",
    "\u{fdd0}\u{ffff}\u{10fffe}",
];

/// Addresses that lead to nothing that others could open.
const LOCAL_PICTURES: [&str; 32] = [
    "wxfile://tmp_a1b2c3.jpg",
    "WXFILE://store_a.png",
    "http://tmp/a.jpg",
    "http://usr/a.jpg",
    "http://store/a.jpg",
    "http://127.0.0.1:41234/__tmp__/a.jpg",
    "blob:https://example.com/0b1c",
    "data:image/png;base64,iVBORw0KGgo=",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "file:///sdcard/a.jpg",
    "undefined",
    "null",
    "[object Object]",
    "\u{200b}javascript:alert(1)",
    "\u{200b}wxfile://a",
    "\u{feff}blob:http://x",
    "\u{3000}wx\u{2060}file://a",
    "java\u{ad}script:alert(1)",
    "\u{202e}data:image/png;base64,A\u{202c}",
    "none",
    "(null)",
    "0",
    "blob",
    "undefined/a.png",
    "/undefined",
    "https://undefined",
    "https://example.com/null",
    "http://localhost/a.png",
    "http://127.0.0.1/a.png",
    "http://[::1]/a",
    "https:///a",
];

/// Addresses that others can open.
const PICTURES: [&str; 6] = [
    "https://example.com/a.png",
    "http://example.com/a.png",
    "cloud://env-1.656e/a.png",
    "/uploads/a.png",
    "uploads/头像 1.png",
    "//cdn.example.com/a.png",
];

fn register(app: &TestApp, field: &str, value: &str) -> Answer {
    let mut body = registration("13800138000", PASSWORD);
    body[field] = value.into();
    app.post("/api/platform/register").json(&body).send()
}

fn set_profile(app: &TestApp, token: &str, field: &str, value: &str) -> Answer {
    let mut body = profile("13900139000");
    body[field] = value.into();
    let call = app.post("/api/wechat/profile").bearer(token);
    call.json(&body).send()
}

/// A platform user of `root`'s server: the path of the record, and a token.
fn owner(root: &Root) -> (String, String) {
    let login = root.app.register("13700137000", PASSWORD).ok();
    let token = login["token"].as_str().unwrap().to_owned();
    (path(USERS, &login["record"]["id"]), token)
}

fn patch(root: &Root, (path, token): &(String, String), body: &Value) -> Answer {
    let call = root.app.call("PATCH", path).header("Authorization", token);
    call.json(body).send()
}

#[test]
fn a_phone_is_one_however_it_is_written() {
    for (written, stored) in PHONES {
        let root = Root::new();
        let app = &root.app;
        let user = register(app, "users_phone", written).ok();
        assert_eq!(user["record"]["users_phone"], stored, "{written:?}");
        for (again, _) in PHONES.iter().filter(|(_, same)| *same == stored) {
            assert_eq!(app.login(again, PASSWORD).status, 200, "{again:?}");
            let identity = json!({ "identity": again, "password": PASSWORD });
            assert_eq!(log_in(app, &identity).status, 200, "{again:?}");
            register(app, "users_phone", again).assert_error(400, "手机号已存在");
        }
        let id = &user["record"]["id"];
        assert_eq!(
            root.update(USERS, id, &json!({ "users_phone": "" })).status,
            200
        );
        let own = owner(&root);
        let body = json!({ "users_phone": written, "oldPassword": PASSWORD });
        assert_eq!(patch(&root, &own, &body).ok()["users_phone"], stored);
        let again = root.update(USERS, id, &json!({ "users_phone": written }));
        assert_eq!(
            again.json()["data"]["users_phone"]["code"],
            "validation_not_unique"
        );
    }
}

#[test]
fn a_phone_of_nothing_visible_is_none() {
    let app = TestApp::spawn();
    for blank in BLANK {
        register(&app, "users_phone", blank).assert_error(400, "users_phone 不能为空");
        app.login(blank, PASSWORD)
            .assert_error(400, "users_phone 不能为空");
    }
}

#[test]
fn a_name_of_nothing_visible_is_none() {
    let root = Root::new();
    let app = &root.app;
    let (token, own) = (app.wechat_token("alice~1"), owner(&root));
    for (n, blank) in (0..).zip(BLANK) {
        register(app, "users_name", blank).assert_error(400, "users_name 不能为空");
        set_profile(app, &token, "users_name", blank).assert_error(400, "users_name 不能为空");
        let patched = patch(&root, &own, &json!({ "users_name": blank }));
        let problem = &patched.json()["data"]["users_name"]["code"];
        assert_eq!(problem, "validation_required", "{blank:?}");
        if !blank.is_empty() {
            let new = root.create(USERS, &person(n, &json!({ "users_name": blank })));
            let problem = &new.json()["data"]["users_name"]["code"];
            assert_eq!(problem, "validation_required", "{blank:?}");
        }
    }
    assert!(app.stub.calls(PHONE).is_empty());
    let named = register(app, "users_name", "👨\u{200d}👩\u{200d}👧❤\u{fe0f}").ok();
    assert_eq!(
        named["record"]["users_name"],
        "👨\u{200d}👩\u{200d}👧❤\u{fe0f}"
    );
}

#[test]
fn a_name_loses_what_turns_its_direction_and_what_no_text_has() {
    let root = Root::new();
    let own = owner(&root);
    for (sent, kept) in [
        ("\u{202e}abc", "abc"),
        ("a\0b\u{7f}", "ab"),
        ("\u{2066}a\u{2069}\u{ffff}", "a"),
        ("\u{5d0}\u{200f}!", "\u{5d0}\u{200f}!"),
        (" \u{202d} a b\u{202c}", "a b"),
    ] {
        let patched = patch(&root, &own, &json!({ "users_name": sent })).ok();
        assert_eq!(patched["users_name"], kept, "{sent:?}");
        let user = register(&root.app, "users_name", sent).ok()["record"].clone();
        assert_eq!(user["users_name"], kept, "{sent:?}");
        assert_eq!(root.delete(USERS, &user["id"]).status, 204);
    }
}

#[test]
fn a_password_of_nothing_visible_is_none() {
    let root = Root::new();
    let own = owner(&root);
    for blank in [" ", "\u{200b}", "\u{3000}", "\0"] {
        let blank = blank.repeat(8);
        let mut body = registration("13800138000", &blank);
        body["passwordConfirm"] = blank.as_str().into();
        let call = root.app.post("/api/platform/register").json(&body);
        call.send().assert_error(400, "password 不能为空");
        let body = json!({ "password": blank, "passwordConfirm": blank, "oldPassword": PASSWORD });
        let problem = patch(&root, &own, &body).json()["data"]["password"]["code"].clone();
        assert_eq!(problem, "validation_required", "{blank:?}");
    }
}

#[test]
fn other_texts_of_nothing_visible_are_not_given() {
    let root = Root::new();
    let own = owner(&root);
    let user = register(&root.app, "users_type", "\u{200b}\u{3164}").ok();
    assert_eq!(user["record"]["users_type"], "注册用户");
    assert_eq!(root.delete(USERS, &user["record"]["id"]).status, 204);
    for field in [
        "company_id",
        "users_level",
        "users_promo_code",
        "usergroups_id",
        "users_parent_id",
    ] {
        let user = register(&root.app, field, "\u{200b}\u{3164}").ok();
        assert_eq!(user["record"][field], "", "{field}");
        let patched = patch(&root, &own, &json!({ field: "\u{202d}\u{202c}" }));
        assert_eq!(patched.ok()[field], "", "{field}");
        assert_eq!(root.delete(USERS, &user["record"]["id"]).status, 204);
    }
}

#[test]
fn the_command_line_takes_no_name_of_nothing_visible_and_cleans_phones() {
    let mut place = Installation::stopped();
    for name in ["\u{200b}", "\u{3164}", "\u{7}"] {
        place.create("13800138000", name).refused(2, "name");
    }
    place.create("\u{202d}138 0013 8000\u{202c}", "Anne").ok();
    let shown = place.json(&["user", "show", "１３８００１３８０００"]);
    assert_eq!(shown["users_phone"], "13800138000");
    let picture = [
        "user",
        "create",
        "--phone",
        "13800138001",
        "--name",
        "x",
        "--picture",
        "wxfile://tmp_1.png",
    ];
    place.run_with(&picture, PASSWORD).refused(2, "picture");
    place.stop();
}

#[test]
fn a_picture_that_no_one_else_can_open_is_refused_before_wechat_is_asked() {
    let root = Root::new();
    let app = &root.app;
    let (token, own) = (app.wechat_token("alice~1"), owner(&root));
    for (n, picture) in (0..).zip(LOCAL_PICTURES) {
        register(app, "users_picture", picture).assert_error(400, "请先上传图片");
        set_profile(app, &token, "users_picture", picture).assert_error(400, "请先上传图片");
        let body = json!({ "users_picture": picture });
        for answer in [
            patch(&root, &own, &body),
            root.create(USERS, &person(n, &body)),
        ] {
            let problem = &answer.json()["data"]["users_picture"]["code"];
            assert_eq!(problem, "validation_invalid_format", "{picture}");
        }
    }
    assert!(app.stub.calls(PHONE).is_empty());
    let body = json!({ "users_picture": "\u{200b}https://example.com/\u{feff}a b.png\u{200b} " });
    let cleaned = patch(&root, &own, &body).ok()["users_picture"].clone();
    assert_eq!(cleaned, "https://example.com/a b.png");
    for picture in PICTURES {
        let set = set_profile(app, &token, "users_picture", picture);
        assert_eq!(set.data()["user"]["users_picture"], picture);
        let patched = patch(&root, &own, &json!({ "users_picture": picture }));
        assert_eq!(patched.ok()["users_picture"], picture);
    }
}

#[test]
fn what_cannot_be_a_code_is_refused_without_asking_wechat() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    let asked = app.stub.calls(SESSION).len();
    for code in [
        "a b",
        "a\tb",
        "a\u{0}b",
        "\u{7}ab",
        "a\u{200b}b",
        "a\u{7f}",
        "the code is a mock one",
    ] {
        let code = canary::code(code);
        let body = json!({ "users_wx_code": code });
        for endpoint in ["/api/wechat/login", "/api/system/refresh-token"] {
            let answer = app.post(endpoint).json(&body).send();
            answer.assert_error(400, "users_wx_code 不是微信的 code");
        }
        let answer = set_profile(&app, &token, "users_phone_code", &code);
        answer.assert_error(400, "users_phone_code 不是微信的 code");
    }
    for blank in BLANK {
        let login = app.post("/api/wechat/login");
        let answer = login.json(&json!({ "users_wx_code": blank })).send();
        answer.assert_error(400, "users_wx_code 不能为空");
        let refresh = app.post("/api/system/refresh-token").bearer(&token);
        let answer = refresh.json(&json!({ "users_wx_code": blank })).send();
        assert_eq!(answer.status, 200, "{blank:?}");
    }
    assert_eq!(app.stub.calls(SESSION).len(), asked);
    assert!(app.stub.calls(PHONE).is_empty());
}
