//! Deployments that let others log in than the contract does, made on a real PocketBase, move here and back. `BAI_POCKETBASE` is its
//! binary.

use serde_json::{Value, json};

use crate::support::deployment::{Collections, openid};
use crate::support::variation::{PLATFORM, Variation, assert_all_move, field, lacks, text, usual};

/// A deployment whose users' collection has such options, which do not hold here.
fn asks(name: &'static str, options: &Value) -> Variation {
    usual(name).options(options).asks()
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn whoever_could_log_in_still_can() {
    let email = json!({ "email": null });
    let given = json!({ "email": format!("{}@manage.local", openid(PLATFORM)) });
    let mut without_openids = field("no openid", &text("openid"));
    without_openids.collections.users["indexes"] = json!([
        "CREATE UNIQUE INDEX `idx_openid` ON `tbl_auth_users` (`openid`) WHERE `openid` != ''",
        "CREATE UNIQUE INDEX `idx_phone` ON `tbl_auth_users` (`users_phone`) WHERE `users_phone` != ''"
    ]);
    let variations = vec![
        usual("no e-mail address")
            .options(&json!({ "fields": without_required_email() }))
            .both(&email)
            .platform_here(given.clone())
            .platform_back(given),
        without_openids
            .platform(json!({ "openid": null }))
            .platform_here(json!({ "openid": "*" }))
            .platform_back(json!({ "openid": "*" })),
        lacks("no kinds of users", "users_type")
            .both(&json!({ "users_type": null }))
            .wechat_here(json!({ "users_type": "游客" }))
            .platform_here(json!({ "users_type": "注册用户" })),
        usual("an e-mail address that is long")
            .platform(json!({ "email": format!("o'brien+{}@sub.example.co.uk", "x".repeat(50)) })),
        usual("nothing verified").both(&json!({ "verified": false })),
        usual("nobody's name and picture")
            .platform(json!({ "users_name": null, "users_picture": null })),
        usual("a name of many characters")
            .options(&json!({ "fields": with_long_name() }))
            .platform(json!({ "users_name": "名".repeat(300) })),
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn whoever_could_not_log_in_can_only_after_a_yes() {
    let rule = json!({ "authRule": "users_rank_level > 5" });
    let provider = json!({ "name": "github", "clientId": "x", "clientSecret": "y" });
    let variations = vec![
        usual("a rule that nobody meets")
            .options(&rule)
            .args(&["--rules"])
            .logins(401, 400),
        usual("a rule that the platform user meets")
            .options(&rule)
            .platform(json!({ "users_rank_level": 6 }))
            .args(&["--rules"])
            .logins(401, 200),
        usual("no rule, so nobody")
            .options(&json!({ "authRule": null }))
            .args(&["--rules"])
            .logins(401, 400),
        asks("a rule that stays behind", &rule),
        asks(
            "password login off",
            &json!({ "passwordAuth": { "enabled": false } }),
        ),
        asks(
            "a second factor",
            &json!({ "mfa": { "enabled": true, "duration": 1800 }, "otp": { "enabled": true, "duration": 180, "length": 8 } }),
        ),
        asks(
            "providers",
            &json!({ "oauth2": { "enabled": true, "providers": [provider] } }),
        ),
    ];
    assert_all_move(variations);
}

/// The fields of users, with an e-mail address that may be missing.
fn without_required_email() -> Value {
    users_with(&json!({ "name": "email", "type": "email", "system": true, "required": false }))
}

fn with_long_name() -> Value {
    users_with(&json!({ "name": "users_name", "type": "text", "max": 0 }))
}

fn users_with(field: &Value) -> Value {
    let mut collections = Collections::of_the_contract();
    collections.user_field(field);
    collections.users["fields"].clone()
}
