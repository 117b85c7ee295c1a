//! Signing in and out, and sessions that end.

use serde_json::json;

use crate::support::canary::PASSWORD;
use crate::support::console::Console;
use crate::support::superuser::EMAIL;

fn end_tokens_of_the_superuser(console: &Console) {
    let ended = json!({ "tokenKey:autogenerate": "" });
    let superuser = &console.root.record["id"];
    let collection = "/api/collections/_superusers";
    assert_eq!(
        console.root.update(collection, superuser, &ended).status,
        200
    );
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_superuser_signs_in_stays_over_a_reload_and_signs_out() {
    let console = Console::at_the_door();
    console.sign_in("canary-other-password");
    console.waits_for("E-mail or password is wrong.");
    assert_eq!(console.value("E-mail"), EMAIL);
    console.sign_in(PASSWORD);
    console.waits_for_heading("Overview");
    assert_eq!(console.root.events("kind=superuser-login-failed").len(), 1);

    console.run("location.reload()", &json!([]));
    console.waits_for_heading("Overview");
    let token = console.run(
        "return JSON.parse(sessionStorage.getItem('bai-console')).token",
        &json!([]),
    );
    let status = || {
        let backups = console.root.app.get("/api/backups");
        backups.bearer(token.as_str().unwrap()).send().status
    };
    assert_eq!(status(), 200);
    console.press("Sign out");
    console.waits_for_heading("Sign in");
    assert_eq!(
        (status(), console.root.get("/api/backups").status),
        (401, 200)
    );
    let kept = console.run(
        "return [sessionStorage.getItem('bai-console'), document.querySelector('#main').childElementCount]",
        &json!([]),
    );
    assert_eq!(kept, json!([null, 0]));
    console.run("location.reload()", &json!([]));
    console.waits_for_heading("Sign in");
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn whoever_cannot_reach_the_server_signs_out_here_and_is_told_that_the_token_goes_on() {
    let console = Console::signed_in();
    console.run(
        "const ask = fetch;
         window.fetch = (url, options) => String(url).endsWith('/sign-out') ? Promise.reject(new TypeError()) : ask(url, options);",
        &json!([]),
    );
    console.press("Sign out");
    console.waits_for("the token is valid there until it expires");
    console.waits_for_heading("Sign in");
    assert_eq!(
        console.run("return sessionStorage.getItem('bai-console')", &json!([])),
        json!(null)
    );
    console.assert_clean(&[]);
}

/// The number of failures and the wait are those of every login.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn guessing_is_limited_and_the_console_says_when_to_go_on() {
    let console = Console::at_the_door();
    for _ in 0..5 {
        console.sign_in("canary-other-password");
        console.wait(
            "return !pressable('Sign in').disabled && all('.problem-text').some((it) => words(it))",
            &json!([]),
        );
    }
    console.sign_in(PASSWORD);
    console.waits_for("Too many attempts. Try again in 1 s.");
    console.assert_clean(&["400", "429"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn all_sessions_of_the_superuser_end_on_demand() {
    let console = Console::signed_in();
    assert_eq!(console.root.get("/api/backups").status, 200);
    console.press("Sign out everywhere");
    console.waits_for("End all sessions and tokens of this superuser");
    console.press("Cancel");
    console.waits_for_heading("Overview");
    assert_eq!(console.root.get("/api/backups").status, 200);
    console.press("Sign out everywhere");
    console.wait("return document.querySelector('dialog[open]')", &json!([]));
    console.press("Sign out everywhere");
    console.waits_for_heading("Sign in");
    assert_eq!(console.root.get("/api/backups").status, 401);
    console.assert_clean(&[]);
}

/// A token that ended on the server: PocketBase's lists are empty then, and what was typed must not be lost.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn an_expired_sign_in_keeps_what_was_typed_and_what_was_asked_for() {
    let console = Console::signed_in();
    let user = console.root.user(1, &json!({}));
    let id = user["id"].as_str().unwrap();
    console.open(&format!("#/users/{id}"));
    console.waits_for_heading("用户1");
    console.fill("Name", "Renamed");
    end_tokens_of_the_superuser(&console);

    console.press("Save");
    console.waits_for_heading("Sign in");
    console.fill("Password", PASSWORD);
    console.press("Sign in");
    console.waits_for_heading("Renamed");
    console.waits_to_be_told("Saved.");
    console.assert_clean(&["401", "403", "404"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_list_that_a_dead_token_empties_asks_to_sign_in_instead() {
    let console = Console::signed_in();
    console.root.user(1, &json!({}));
    end_tokens_of_the_superuser(&console);
    console.press("Users");
    console.waits_for_heading("Sign in");
    console.sign_in(PASSWORD);
    console.waits_for_rows(1);
    console.assert_clean(&["403"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn half_an_hour_without_a_key_or_a_click_ends_the_session() {
    let console = Console::signed_in();
    console.open("#/companies/new");
    console.waits_for_heading("New company");
    console.fill("Company name", "Typed before");
    console.run(
        "const session = JSON.parse(sessionStorage.getItem('bai-console'));
         sessionStorage.setItem('bai-console', JSON.stringify({ ...session, activeAt: Date.now() - 31 * 60 * 1000 }));",
        &json!([]),
    );
    console.waits_for_heading("Sign in");
    console.sign_in(PASSWORD);
    console.waits_for_heading("New company");
    assert_eq!(console.value("Company name"), "Typed before");
    console.assert_clean(&[]);
}
