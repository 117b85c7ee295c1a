//! Superusers: their logins, and the collection of them.

use serde_json::json;

use crate::support::app::profile;
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{
    ONLY_SUPERUSERS, SUPERUSERS, USERS, assert_error, fields, path,
};
use crate::support::superuser::{EMAIL, Root, log_in};

const NO_TOKEN: &str = "The request requires valid record authorization token.";
const NOT_FOUND: &str = "The requested resource wasn't found.";

#[test]
fn a_superuser_s_token_is_good_for_superusers_and_is_no_user_s() {
    let root = Root::new();
    let keys: Vec<_> = root.record.as_object().unwrap().keys().cloned().collect();
    let expected = [
        "collectionId",
        "collectionName",
        "created",
        "email",
        "emailVisibility",
        "id",
        "updated",
        "verified",
    ];
    assert_eq!(keys, expected);
    let refreshed = root
        .call("POST", &format!("{SUPERUSERS}/auth-refresh"))
        .send()
        .ok();
    assert_eq!(refreshed["record"], root.record);
    let other = root.call("POST", &format!("{USERS}/auth-refresh")).send();
    let message = "The request requires auth record from _superusers collection.";
    assert_error(&other, 403, message, &json!({}));
    root.app
        .post("/api/system/refresh-token")
        .bearer(&root.token)
        .send()
        .assert_error(401, "");
    let set_profile = root
        .app
        .post("/api/wechat/profile")
        .bearer(&root.token)
        .json(&profile("13900139000"));
    set_profile.send().assert_error(401, "");
    let user = root.app.register("13800138000", PASSWORD).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let refresh = root
        .app
        .post(&format!("{SUPERUSERS}/auth-refresh"))
        .bearer(&user)
        .send();
    assert_error(
        &refresh,
        403,
        "The request requires auth record from tbl_auth_users collection.",
        &json!({}),
    );
}

#[test]
fn a_wrong_password_of_a_superuser_is_refused_like_an_unknown_one() {
    let root = Root::new();
    for (email, password) in [
        (EMAIL, "canary-wrong"),
        ("nobody@example.com", PASSWORD),
        ("ROOT@example.com", PASSWORD),
    ] {
        assert_error(
            &log_in(&root.app, email, password),
            400,
            "Failed to authenticate.",
            &json!({}),
        );
    }
}

#[test]
fn nobody_else_sees_superusers() {
    let root = Root::new();
    let token = root.app.register("13800138000", PASSWORD).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = path(SUPERUSERS, &root.record["id"]);
    let list = format!("{SUPERUSERS}/records");
    for (method, path) in [
        ("GET", &list),
        ("GET", &own),
        ("POST", &list),
        ("PATCH", &own),
        ("DELETE", &own),
    ] {
        for call in [
            root.app.call(method, path),
            root.app.call(method, path).bearer(&token),
        ] {
            assert_error(&call.send(), 403, ONLY_SUPERUSERS, &json!({}));
        }
    }
    let all = root
        .get(&format!("{list}?filter=email~'example'&sort=-email"))
        .ok();
    assert_eq!(
        (&all["items"], &all["totalItems"]),
        (&json!([root.record]), &json!(1))
    );
    assert_eq!(root.get(&own).ok(), root.record);
}

#[test]
fn superusers_make_and_remove_superusers_but_not_the_last_one() {
    let root = Root::new();
    let (required, blank) = ("validation_required", "Cannot be blank.");
    let login = json!({ "password": PASSWORD, "passwordConfirm": PASSWORD });
    for (body, expected) in [
        (
            json!({}),
            fields(&[
                ("password", (required, blank)),
                ("passwordConfirm", (required, blank)),
            ]),
        ),
        (login, fields(&[("email", (required, blank))])),
        (
            json!({ "email": EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD }),
            fields(&[("email", ("validation_not_unique", "Value must be unique."))]),
        ),
    ] {
        assert_error(
            &root.create(SUPERUSERS, &body),
            400,
            "Failed to create record.",
            &expected,
        );
    }
    let body = json!({
        "email": "second@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": false,
    });
    let second = root.create(SUPERUSERS, &body).ok();
    assert_eq!(second["verified"], true, "whatever the body says");
    assert_eq!(
        log_in(&root.app, "second@example.com", PASSWORD).status,
        200
    );
    assert_eq!(root.delete(SUPERUSERS, &second["id"]).status, 204);
    assert_error(
        &root.delete(SUPERUSERS, &second["id"]),
        404,
        NOT_FOUND,
        &json!({}),
    );
    assert_eq!(
        log_in(&root.app, "second@example.com", PASSWORD).status,
        400
    );
    let last = root.delete(SUPERUSERS, &root.record["id"]);
    assert_error(
        &last,
        400,
        "You can't delete the only existing superuser.",
        &json!({}),
    );
}

#[test]
fn a_new_password_or_address_ends_a_superuser_s_tokens() {
    let root = Root::new();
    let refresh = |token: &str| {
        root.app
            .post(&format!("{SUPERUSERS}/auth-refresh"))
            .bearer(token)
            .send()
    };
    let seen = root
        .update(
            SUPERUSERS,
            &root.record["id"],
            &json!({ "emailVisibility": true }),
        )
        .ok();
    assert_eq!(seen["emailVisibility"], true);
    assert_eq!(refresh(&root.token).status, 200);
    let new = "canary-new-password";
    let change = json!({ "password": new, "passwordConfirm": new });
    root.update(SUPERUSERS, &root.record["id"], &change).ok();
    assert_error(&refresh(&root.token), 401, NO_TOKEN, &json!({}));
    assert_eq!(log_in(&root.app, EMAIL, PASSWORD).status, 400);
    let token = log_in(&root.app, EMAIL, new).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = path(SUPERUSERS, &root.record["id"]);
    let change = json!({ "email": "other@example.com" });
    let changed = root
        .app
        .call("PATCH", &own)
        .bearer(&token)
        .json(&change)
        .send()
        .ok();
    assert_eq!(changed["email"], "other@example.com");
    assert_error(&refresh(&token), 401, NO_TOKEN, &json!({}));
    assert_eq!(log_in(&root.app, "other@example.com", new).status, 200);
}
