//! Tokens that PocketBase issued before its users came: good wherever a token is, until they expire; forged ones never.

use bai::store::Location;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::app::{Answer, TestApp, profile};
use crate::support::binary::run;
use crate::support::canary::PASSWORD;
use crate::support::pb_data::{
    PbData, SUPERUSER, SUPERUSERS, USERS, claims, header, jwt, phone, secret, token, token_key,
    user_id,
};

/// When the tokens of these tests expire: an hour after the servers' clock.
const EXP: i64 = 1_795_327_836 + 3600;

/// A server for two platform users and a WeChat user who came from PocketBase.
fn server() -> (TempDir, TestApp) {
    let pb = PbData::with_users(3);
    pb.execute(
        "UPDATE tbl_auth_users SET users_idtype = 'WeChat', users_type = '游客', users_phone = '' WHERE openid = 'openid-3'",
    );
    let dir = tempfile::tempdir().unwrap();
    let (output, ..) = run(
        dir.path(),
        &["import", "pocketbase", pb.path().to_str().unwrap()],
    );
    assert!(output.status.success());
    let app = spawn(&dir, true);
    (dir, app)
}

fn spawn(dir: &TempDir, accept: bool) -> TestApp {
    let location = Location::File(dir.path().join("bai.redb"));
    TestApp::spawn_on(&location, |config| config.token.accept_pocketbase = accept)
}

fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post("/api/system/refresh-token").bearer(token).send()
}

fn auth_refresh(app: &TestApp, collection: &str, token: &str) -> Answer {
    let path = format!("/api/collections/{collection}/auth-refresh");
    app.post(&path).header("Authorization", token).send()
}

fn is_ours(token: &Value) -> bool {
    token.as_str().unwrap().starts_with("pb.")
}

#[test]
fn an_old_token_is_good_wherever_a_token_is_and_refreshes_into_ours() {
    let (_dir, app) = server();
    let old = token(USERS, &user_id(1), EXP);
    let new = refresh(&app, &old).data()["token"].clone();
    assert!(is_ours(&new));
    assert_eq!(refresh(&app, new.as_str().unwrap()).status, 200);
    let body = auth_refresh(&app, "tbl_auth_users", &old).ok();
    assert!(is_ours(&body["token"]) && body["record"]["id"] == user_id(1).as_str());
    let own = format!("/api/collections/tbl_auth_users/records/{}", user_id(1));
    assert_eq!(app.get(&own).bearer(&old).send().status, 200);
    let wechat = token(USERS, &user_id(3), EXP);
    let answer = app
        .post("/api/wechat/profile")
        .bearer(&wechat)
        .json(&profile("13912345678"))
        .send();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn a_superuser_s_old_token_is_a_superuser_s() {
    let (_dir, app) = server();
    let old = token(SUPERUSERS, SUPERUSER, EXP);
    let body = auth_refresh(&app, "_superusers", &old).ok();
    assert!(is_ours(&body["token"]) && body["record"]["email"] == "root@example.com");
    assert_eq!(refresh(&app, &old).status, 401);
    assert_eq!(auth_refresh(&app, "tbl_auth_users", &old).status, 403);
}

#[test]
fn a_token_that_is_not_to_be_refreshed_comes_back_as_it_is() {
    let (_dir, app) = server();
    let mut claims = claims(USERS, &user_id(1), EXP);
    claims["refreshable"] = false.into();
    let fixed = jwt(
        &header(),
        &claims,
        &(token_key(&user_id(1)) + &secret(USERS)),
    );
    assert_eq!(
        auth_refresh(&app, "tbl_auth_users", &fixed).ok()["token"],
        fixed.as_str()
    );
    assert_eq!(refresh(&app, &fixed).data()["token"], fixed.as_str());
}

#[test]
fn an_old_token_ends_when_it_expires() {
    let (_dir, app) = server();
    let old = token(USERS, &user_id(1), EXP);
    app.clock.advance(std::time::Duration::from_secs(3599));
    assert_eq!(refresh(&app, &old).status, 200);
    app.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(refresh(&app, &old).status, 401);
}

#[test]
fn an_old_token_ends_when_the_password_changes_or_the_user_is_disabled() {
    let (_dir, app) = server();
    let old = token(USERS, &user_id(1), EXP);
    let change = json!({ "oldPassword": PASSWORD, "password": "canary-new-1", "passwordConfirm": "canary-new-1" });
    let own = format!("/api/collections/tbl_auth_users/records/{}", user_id(1));
    assert_eq!(
        app.call("PATCH", &own)
            .bearer(&old)
            .json(&change)
            .send()
            .status,
        200
    );
    assert_eq!(refresh(&app, &old).status, 401);
    let other = token(USERS, &user_id(2), EXP);
    assert_eq!(refresh(&app, &other).status, 200);
    let id = bai::domain::RecordId::parse(&user_id(2)).unwrap();
    app.change_user(&id, |user| user.status = bai::domain::Status::Disabled);
    assert_eq!(refresh(&app, &other).status, 401);
    // A login only renews the hash; the tokens stay.
    let (_dir, app) = server();
    assert_eq!(app.login(&phone(1), PASSWORD).status, 200);
    assert_eq!(refresh(&app, &old).status, 200);
}

#[test]
fn an_old_token_stays_dead_when_its_user_is_enabled_again() {
    let pb = PbData::with_users(2);
    pb.execute("UPDATE tbl_auth_users SET users_status = 0 WHERE openid = 'openid-2'");
    let dir = tempfile::tempdir().unwrap();
    for args in [
        vec!["import", "pocketbase", pb.path().to_str().unwrap()],
        vec!["user", "disable", &user_id(1)],
        vec!["user", "enable", &user_id(1)],
        vec!["user", "enable", &user_id(2)],
    ] {
        assert!(run(dir.path(), &args).0.status.success(), "{args:?}");
    }
    let app = spawn(&dir, true);
    assert_eq!(app.login(&phone(1), PASSWORD).status, 200);
    for n in [1, 2] {
        assert_eq!(
            refresh(&app, &token(USERS, &user_id(n), EXP)).status,
            401,
            "{n}"
        );
    }
}

#[test]
fn forged_old_tokens_are_refused() {
    let (_dir, app) = server();
    let (one, two) = (user_id(1), user_id(2));
    let key = |id: &str, collection: &str| token_key(id) + &secret(collection);
    let good = claims(USERS, &one, EXP);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let alg = |alg: &str| json!({ "alg": alg, "typ": "JWT" });
    let valid = token(USERS, &one, EXP);
    let (signed, signature) = valid.rsplit_once('.').unwrap();
    let other_payload = jwt(&header(), &claims(USERS, &two, EXP), "canary");
    let payload_of_another = other_payload.split('.').nth(1).unwrap();
    let own_header = valid.split('.').next().unwrap();
    let none = jwt(&alg("none"), &good, &key(&one, USERS));
    let forged = [
        ("no signature", format!("{signed}.")),
        ("alg none, signed", none.clone()),
        (
            "alg none, no signature",
            format!("{}.", none.rsplit_once('.').unwrap().0),
        ),
        ("alg None", jwt(&alg("None"), &good, &key(&one, USERS))),
        ("alg HS384", jwt(&alg("HS384"), &good, &key(&one, USERS))),
        ("alg RS256", jwt(&alg("RS256"), &good, &key(&one, USERS))),
        ("no alg", jwt(&json!({}), &good, &key(&one, USERS))),
        (
            "another's payload",
            format!("{own_header}.{payload_of_another}.{signature}"),
        ),
        (
            "a later end",
            jwt(&header(), &with("exp", (EXP + 1).into()), "canary"),
        ),
        (
            "another user's key",
            jwt(&header(), &good, &key(&two, USERS)),
        ),
        (
            "another collection's secret",
            jwt(&header(), &good, &key(&one, SUPERUSERS)),
        ),
        ("the secret alone", jwt(&header(), &good, &secret(USERS))),
        (
            "the token key alone",
            jwt(&header(), &good, &token_key(&one)),
        ),
        ("an empty key", jwt(&header(), &good, "")),
        (
            "another collection",
            jwt(
                &header(),
                &with("collectionId", SUPERUSERS.into()),
                &key(&one, USERS),
            ),
        ),
        (
            "a collection that is not there",
            jwt(
                &header(),
                &with("collectionId", "x".into()),
                &key(&one, USERS),
            ),
        ),
        (
            "no collection",
            jwt(
                &header(),
                &with("collectionId", Value::Null),
                &key(&one, USERS),
            ),
        ),
        (
            "somebody who is not there",
            jwt(&header(), &with("id", user_id(9).into()), &key(&one, USERS)),
        ),
        (
            "a token for a file",
            jwt(&header(), &with("type", "file".into()), &key(&one, USERS)),
        ),
        (
            "a token for a new password",
            jwt(
                &header(),
                &with("type", "passwordReset".into()),
                &key(&one, USERS),
            ),
        ),
        (
            "no end",
            jwt(&header(), &with("exp", Value::Null), &key(&one, USERS)),
        ),
        ("expired", token(USERS, &one, EXP - 3600)),
        ("a longer signature", format!("{valid}AAAA")),
        ("a padded signature", format!("{valid}=")),
        ("a shorter signature", valid[..valid.len() - 4].to_owned()),
        ("a fourth segment", format!("{valid}.{signature}")),
    ];
    assert_eq!(refresh(&app, &valid).status, 200);
    for (trick, token) in forged {
        assert_eq!(refresh(&app, &token).status, 401, "{trick}");
        assert_eq!(
            auth_refresh(&app, "tbl_auth_users", &token).status,
            401,
            "{trick}"
        );
        assert_eq!(
            auth_refresh(&app, "_superusers", &token).status,
            401,
            "{trick}"
        );
    }
}

#[test]
fn old_tokens_end_by_configuration_and_never_begin_without_an_import() {
    let (dir, app) = server();
    let (old, root) = (
        token(USERS, &user_id(1), EXP),
        token(SUPERUSERS, SUPERUSER, EXP),
    );
    let new = refresh(&app, &old).data()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    drop(app);
    let app = spawn(&dir, false);
    assert_eq!(refresh(&app, &old).status, 401);
    assert_eq!(auth_refresh(&app, "_superusers", &root).status, 401);
    assert_eq!(refresh(&app, &new).status, 200);

    let app = TestApp::spawn();
    let user = app.register("13800138000", PASSWORD).ok()["record"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = bai::domain::RecordId::parse(&user).unwrap();
    let user = app
        .block_on(app.app.store.user_by_id(&id))
        .unwrap()
        .unwrap();
    // Signed with all that there is: the token key is not UTF-8, so the text of it stands in.
    let key = String::from_utf8_lossy(user.token_key.as_bytes()).into_owned();
    assert_eq!(
        refresh(
            &app,
            &jwt(&header(), &claims(USERS, id.as_str(), EXP), &key)
        )
        .status,
        401
    );
}
