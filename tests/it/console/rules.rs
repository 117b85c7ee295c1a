//! Access rules in the console, and what they do at the API.

use serde_json::{Value, json};

use crate::support::canary::PASSWORD;
use crate::support::console::{Console, until};
use crate::support::pocketbase_api::{COMPANIES, USERS};

/// Chooses to whom a rule is open: "Superusers only", "Everybody" or "By a rule".
fn choose(console: &Console, collection: &str, rule: &str, mode: &str) {
    console.wait(
        "const radios = [...document.querySelectorAll(`input[name='${arguments[0]}.${arguments[1]}']`)];
         const it = radios.find((it) => words(it.parentElement) === arguments[2]);
         it?.click();
         return Boolean(it);",
        &json!([collection, rule, mode]),
    );
}

fn rule(console: &Console, collection: &str, name: &str) -> Value {
    console.root.get(collection).ok()[name].clone()
}

fn at_rules() -> Console {
    let console = Console::signed_in();
    console.press("Rules");
    console.waits_for_heading("Rules");
    console
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_rule_is_set_and_holds_at_the_api() {
    let console = at_rules();
    let app = &console.root.app;
    console.root.user(1, &json!({}));
    let token = app.register("13912345678", PASSWORD).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let total = |token: &str| {
        let list = app.get(&format!("{USERS}/records")).bearer(token).send();
        list.ok()["totalItems"].as_i64().unwrap()
    };
    assert_eq!(total(&token), 1);
    let text = "@request.auth.users_phone = '13912345678'";
    console.fill("Text of listRule", text);
    console.press("Save rules of users");
    console.waits_to_be_told("The rules of users are saved, and hold from now on.");
    assert_eq!(rule(&console, USERS, "listRule"), text);
    assert_eq!(total(&token), 2);

    choose(&console, "tbl_auth_users", "listRule", "Superusers only");
    console.press("Save rules of users");
    until(|| rule(&console, USERS, "listRule").is_null());
    let refused = app.get(&format!("{USERS}/records")).bearer(&token).send();
    assert_eq!(refused.status, 403);
    assert_eq!(console.root.events("kind=rule-change").len(), 2);
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_rule_for_everybody_warns_in_words_before_it_is_saved() {
    let console = at_rules();
    choose(&console, "tbl_company", "listRule", "Everybody");
    console.waits_for("can read the list of all companies, with all their columns.");
    assert_eq!(rule(&console, COMPANIES, "listRule"), Value::Null);
    console.press("Save rules of companies");
    console.waits_to_be_told("The rules of companies are saved, and hold from now on.");
    assert_eq!(rule(&console, COMPANIES, "listRule"), "");
    let guest = console.root.app.get(&format!("{COMPANIES}/records")).send();
    assert_eq!(guest.status, 200);
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn an_unreadable_rule_shows_its_place_keeps_what_was_typed_and_changes_nothing() {
    let console = at_rules();
    let before = rule(&console, USERS, "viewRule");
    for (typed, words, place) in [
        (
            "id = '张' && id != '' && users_nam = 'x'",
            "unknown field \"users_nam\" at byte 26",
            24,
        ),
        ("id = ", "at byte 5, at the end", 5),
        ("   ", "Write a rule, or choose who is meant above.", 3),
    ] {
        console.fill("Text of viewRule", typed);
        console.press("Save rules of users");
        console.waits_for(words);
        assert_eq!(console.value("Text of viewRule"), typed);
        let focused = console.run("return document.activeElement.selectionStart", &json!([]));
        assert_eq!(focused, place, "{typed}");
        assert_eq!(rule(&console, USERS, "viewRule"), before);
    }
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_changed_form_is_not_left_without_a_question() {
    let console = at_rules();
    console.fill("Text of viewRule", "id != ''");
    console.press("Companies");
    console.waits_for("There are changes that are not saved.");
    console.press("Cancel");
    console.waits_for_heading("Rules");
    assert_eq!(console.value("Text of viewRule"), "id != ''");
    console.press("Companies");
    console.waits_for("There are changes that are not saved.");
    console.press("Leave without saving");
    console.waits_for_heading("Companies");
    console.assert_clean(&[]);
}
