//! Tokens of others for superusers, as PocketBase gives them.

use std::time::Duration;

use bai::auth::{AuditContext, revoke_tokens};
use bai::domain::RecordId;
use bai::store::Record;
use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp};
use crate::support::canary::PASSWORD;
use crate::support::logins::{superuser, superuser_token, user};
use crate::support::realtime_client::Client;

const ROOT: &str = "root@example.com";
const NOT_LOADED: &str = "An error occurred while loading the submitted data.";
const INVALID: &str = "An error occurred while validating the submitted data.";

fn impersonate(app: &TestApp, token: &str, collection: &str, id: &str, body: &Value) -> Answer {
    let call = app
        .post(&format!("/api/collections/{collection}/impersonate/{id}"))
        .json(body);
    if token.is_empty() {
        call.send()
    } else {
        call.header("Authorization", token).send()
    }
}

fn refresh(app: &TestApp, collection: &str, token: &str) -> Answer {
    app.post(&format!("/api/collections/{collection}/auth-refresh"))
        .header("Authorization", token)
        .send()
}

/// Asserts the whole error, byte for byte.
fn assert_error(answer: &Answer, status: u16, message: &str, data: &Value) {
    assert_eq!(
        answer.text(),
        format!(r#"{{"data":{data},"message":"{message}","status":{status}}}"#)
    );
    assert_eq!(answer.status, status);
}

#[test]
fn a_superuser_gets_a_token_that_lives_as_long_as_asked_and_has_no_successor() {
    let app = TestApp::spawn();
    let (root, roots) = superuser(&app, ROOT);
    let (alice, alices) = user(&app, "13800138000");
    let own = json!({
        "tbl_auth_users": refresh(&app, "tbl_auth_users", &alices).ok()["record"],
        "pbc_421601843": refresh(&app, "tbl_auth_users", &alices).ok()["record"],
        "_superusers": refresh(&app, "_superusers", &roots).ok()["record"],
    });
    for (collection, id, body, lifetime) in [
        ("tbl_auth_users", &alice, json!({ "duration": 100 }), 100),
        ("pbc_421601843", &alice, json!({}), 5 * 24 * 3600),
        (
            "tbl_auth_users",
            &alice,
            json!({ "duration": 0 }),
            5 * 24 * 3600,
        ),
        (
            "tbl_auth_users",
            &alice,
            json!({ "duration": null }),
            5 * 24 * 3600,
        ),
        ("_superusers", &root, json!({ "duration": 7 }), 7),
        ("_superusers", &root, json!({}), 24 * 3600),
    ] {
        let answer = impersonate(
            &app,
            &superuser_token(&app, ROOT),
            collection,
            id.as_str(),
            &body,
        )
        .ok();
        assert_eq!(
            answer.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["record", "token"]
        );
        assert_eq!(answer["record"]["id"], id.as_str());
        assert_eq!(answer["record"], own[collection]);
        let token = answer["token"].as_str().unwrap();
        assert_eq!(refresh(&app, collection, token).ok()["token"], token);
        app.clock.advance(Duration::from_secs(lifetime - 1));
        assert_eq!(refresh(&app, collection, token).status, 200);
        app.clock.advance(Duration::from_secs(2));
        assert_eq!(refresh(&app, collection, token).status, 401);
    }
    // Longer than any clock goes: a hundred years have to do.
    let longest = json!({ "duration": i64::MAX });
    let answer = impersonate(
        &app,
        &superuser_token(&app, ROOT),
        "tbl_auth_users",
        alice.as_str(),
        &longest,
    )
    .ok();
    app.clock.advance(Duration::from_hours(99 * 365 * 24));
    assert_eq!(
        refresh(&app, "tbl_auth_users", answer["token"].as_str().unwrap()).status,
        200
    );
}

#[test]
fn the_token_ends_with_the_password_of_its_user() {
    let app = TestApp::spawn();
    let (_, roots) = superuser(&app, ROOT);
    let (alice, alices) = user(&app, "13800138000");
    let answer = impersonate(&app, &roots, "tbl_auth_users", alice.as_str(), &json!({})).ok();
    let token = answer["token"].as_str().unwrap();
    let path = format!("/api/collections/tbl_auth_users/records/{alice}");
    assert_eq!(app.get(&path).bearer(token).send().status, 200);
    let body = json!({ "oldPassword": PASSWORD, "password": "canary-new", "passwordConfirm": "canary-new" });
    assert_eq!(
        app.call("PATCH", &path)
            .bearer(&alices)
            .json(&body)
            .send()
            .status,
        200
    );
    assert_eq!(app.get(&path).bearer(token).send().status, 404);
}

#[test]
fn refusals_are_pocketbase_s() {
    let app = TestApp::spawn();
    let (_, roots) = superuser(&app, ROOT);
    let (alice, alices) = user(&app, "13800138000");
    let alice = alice.as_str();
    let gone = RecordId::parse("gone00000000000").unwrap();
    let no_token = "The request requires valid record authorization token.";
    let not_allowed = "The authorized record is not allowed to perform this action.";
    let no_collection = "Missing or invalid auth collection context.";
    let not_found = "The requested resource wasn't found.";
    for (token, collection, id, status, message) in [
        ("", "tbl_auth_users", alice, 401, no_token),
        ("", "nope", alice, 401, no_token),
        ("no token", "tbl_auth_users", alice, 401, no_token),
        (&alices, "tbl_auth_users", alice, 403, not_allowed),
        (&alices, "tbl_company", alice, 403, not_allowed),
        (&roots, "tbl_company", alice, 404, no_collection),
        (&roots, "nope", alice, 404, no_collection),
        (&roots, "tbl_auth_users", gone.as_str(), 404, not_found),
        (&roots, "tbl_auth_users", "nope", 404, not_found),
        (&roots, "_superusers", alice, 404, not_found),
    ] {
        assert_error(
            &impersonate(&app, token, collection, id, &json!({})),
            status,
            message,
            &json!({}),
        );
    }
    let negative = json!({ "duration": {
        "code": "validation_min_greater_equal_than_required", "message": "Must be no less than 0.", "params": { "threshold": 0 },
    } });
    for (duration, message, data) in [
        (json!(-1), INVALID, negative),
        (json!("5"), NOT_LOADED, json!({})),
        (json!(1.5), NOT_LOADED, json!({})),
        (json!(true), NOT_LOADED, json!({})),
    ] {
        let answer = impersonate(
            &app,
            &roots,
            "tbl_auth_users",
            alice,
            &json!({ "duration": duration }),
        );
        assert_error(&answer, 400, message, &data);
    }
    let path = format!("/api/collections/tbl_auth_users/impersonate/{alice}");
    let text = app
        .post(&path)
        .bearer(&roots)
        .header("Content-Type", "text/plain")
        .body(b"x")
        .send();
    assert_error(&text, 400, NOT_LOADED, &json!({}));
    assert_eq!(app.post(&path).bearer(&roots).send().status, 200);
}

/// What ends the tokens of the superuser with this id, on behalf of another one whose token this is.
type End<'a> = &'a dyn Fn(&TestApp, &RecordId, &str);

const SUPERUSERS: &str = "/api/collections/_superusers";

fn revoke(app: &TestApp, id: &RecordId, _: &str) {
    let superuser = app
        .block_on(app.app.store.superuser_by_id(id))
        .unwrap()
        .unwrap();
    app.block_on(revoke_tokens(
        &app.app,
        &AuditContext::operator(),
        &Record::Superuser(superuser),
    ))
    .unwrap();
}

fn change_password(app: &TestApp, id: &RecordId, other: &str) {
    let body = json!({ "password": "canary-new", "passwordConfirm": "canary-new" });
    let answer = app
        .call("PATCH", &format!("{SUPERUSERS}/records/{id}"))
        .bearer(other)
        .json(&body)
        .send();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn delete(app: &TestApp, id: &RecordId, other: &str) {
    let answer = app
        .call("DELETE", &format!("{SUPERUSERS}/records/{id}"))
        .bearer(other)
        .send();
    assert_eq!(answer.status, 204, "{}", answer.text());
}

#[test]
fn what_a_superuser_took_by_impersonation_ends_with_the_superuser_s_own_tokens() {
    let ends: [End<'_>; 3] = [&revoke, &change_password, &delete];
    for (n, end) in ends.into_iter().enumerate() {
        let app = TestApp::spawn();
        let (taker, takers) = superuser(&app, ROOT);
        let (second, seconds) = superuser(&app, "second@example.com");
        let (alice, alices) = user(&app, "13800138000");
        let take = |token: &str, collection: &str, id: &RecordId| {
            let answer = impersonate(&app, token, collection, id.as_str(), &json!({})).ok();
            answer["token"].as_str().unwrap().to_owned()
        };
        let of_user = take(&takers, "tbl_auth_users", &alice);
        let of_superuser = take(&takers, "_superusers", &second);
        // Taken with a token that was taken itself.
        let further = take(&of_superuser, "tbl_auth_users", &alice);
        let files = app
            .post("/api/files/token")
            .bearer(&of_superuser)
            .send()
            .ok();
        let download = format!(
            "/api/backups/none.zip?token={}",
            files["token"].as_str().unwrap()
        );
        let own = format!("/api/collections/tbl_auth_users/records/{alice}");
        for token in [&of_user, &further] {
            assert_eq!(app.get(&own).bearer(token).send().status, 200, "{n}");
        }
        assert_eq!(
            refresh(&app, "_superusers", &of_superuser).status,
            200,
            "{n}"
        );
        assert_eq!(app.get(&download).send().status, 404, "{n}");
        let mut client = Client::connect(&app);
        client.subscribe(&app, &of_user, &["tbl_auth_users/*"]);

        end(&app, &taker, &seconds);
        for token in [&of_user, &further] {
            assert_eq!(app.get(&own).bearer(token).send().status, 404, "{n}");
            assert_eq!(
                app.post("/api/system/refresh-token")
                    .bearer(token)
                    .send()
                    .status,
                401,
                "{n}"
            );
        }
        assert_eq!(
            refresh(&app, "_superusers", &of_superuser).status,
            401,
            "{n}"
        );
        assert_eq!(app.get(&download).send().status, 403, "{n}");
        let rename = json!({ "users_name": "after" });
        assert_eq!(
            app.call("PATCH", &own)
                .bearer(&alices)
                .json(&rename)
                .send()
                .status,
            200,
            "{n}"
        );
        // The client is nobody's now; the next that it hears is what its new owner is told.
        client.subscribe(&app, &seconds, &["tbl_auth_users/*"]);
        let rename = json!({ "users_name": "told" });
        assert_eq!(
            app.call("PATCH", &own)
                .bearer(&alices)
                .json(&rename)
                .send()
                .status,
            200,
            "{n}"
        );
        assert_eq!(
            client.next().unwrap().data["record"]["users_name"],
            "told",
            "{n}"
        );
        // Of the others nothing ended.
        assert_eq!(refresh(&app, "_superusers", &seconds).status, 200, "{n}");
        assert_eq!(refresh(&app, "tbl_auth_users", &alices).status, 200, "{n}");
    }
}
