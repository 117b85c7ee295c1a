//! What changes elsewhere is shown without a reload.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::canary::PASSWORD;
use crate::support::console::Console;
use crate::support::pocketbase_api::{COMPANIES, SUPERUSERS, USERS};

fn at_users() -> (Console, Vec<Value>) {
    let console = Console::signed_in();
    let users = (1..=3)
        .map(|n| {
            console
                .root
                .user(n, &json!({ "users_name": format!("Name {n}") }))["id"]
                .clone()
        })
        .collect();
    console.press("Users");
    console.waits_for_rows(3);
    waits_to_hear(&console);
    (console, users)
}

/// Waits until the server knows what the page wants to hear of.
fn waits_to_hear(console: &Console) {
    console.wait(
        "return performance.getEntriesByType('resource').some((it) => it.name.endsWith('/api/realtime') && it.initiatorType === 'fetch' && it.responseEnd > 0)",
        &json!([]),
    );
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_list_shows_what_others_change_make_and_remove_and_keeps_the_focus() {
    let (console, users) = at_users();
    console.run(
        "all('tbody a').find((it) => words(it) === 'Name 2').focus()",
        &json!([]),
    );
    console
        .root
        .update(
            USERS,
            &users[1],
            &json!({ "users_name": "Renamed", "users_status": 0 }),
        )
        .ok();
    console.waits_for("Renamed");
    console.wait("return all('.badge.off').length === 1", &json!([]));
    assert_eq!(
        console.run("return words(document.activeElement)", &json!([])),
        "Renamed"
    );
    console.root.user(9, &json!({ "users_name": "New here" }));
    console.waits_for("New here");
    console.waits_for("4 found");
    console.root.delete(USERS, &users[0]);
    console.waits_for("3 found");
    console.waits_for_rows(3);
    assert_eq!(
        console.run("return words(document.activeElement)", &json!([])),
        "Renamed"
    );
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_page_follows_its_user_and_nothing_that_somebody_types_is_overwritten() {
    let (console, users) = at_users();
    console.press("Name 1");
    console.waits_for_heading("Name 1");
    console.fill("Picture", "https://typed.example/");
    console
        .root
        .update(
            USERS,
            &users[0],
            &json!({ "users_name": "Other", "users_rank_level": 5 }),
        )
        .ok();
    console.waits_for_heading("Other");
    assert_eq!(
        (console.value("Rank"), console.value("Picture")),
        (json!("5"), json!("https://typed.example/"))
    );
    console
        .root
        .update(
            USERS,
            &users[0],
            &json!({ "users_picture": "https://elsewhere.example/" }),
        )
        .ok();
    console.waits_for("Changed elsewhere meanwhile: Picture.");
    assert_eq!(console.value("Picture"), "https://typed.example/");
    console.press("Save");
    console.waits_to_be_told("Saved.");
    let saved = console
        .root
        .get(&crate::support::pocketbase_api::path(USERS, &users[0]))
        .ok();
    assert_eq!(
        (&saved["users_picture"], &saved["users_rank_level"]),
        (&json!("https://typed.example/"), &json!(5))
    );
    console.wait(
        "return !document.body.innerText.includes('Changed elsewhere')",
        &json!([]),
    );
    console.root.delete(USERS, &users[0]);
    console.waits_for("This was deleted elsewhere.");
    // The page may have been asking for the user at that moment.
    console.assert_clean(&["404"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_company_is_edited_as_json_and_follows_what_others_change() {
    let console = Console::signed_in();
    let company =
        json!({ "company_id": "C001", "company_name": "Blue Ocean", "company_status": 1 });
    let id = console.root.create(COMPANIES, &company).ok()["id"].clone();
    console.open(&format!("#/companies/{}", id.as_str().unwrap()));
    console.waits_for_heading("Blue Ocean");
    console.press("JSON");
    for (typed, why) in [
        ("{", "This is no JSON"),
        ("[]", "This is no object"),
        ("{\"nothing\": 1}", "There is no such column: nothing"),
        (
            "{\"company_id\": \"\"}",
            "Company key: This cannot be empty.",
        ),
    ] {
        console.fill("JSON", typed);
        console.press("Save");
        console.waits_for(why);
        assert_eq!(console.value("JSON"), typed);
    }
    console.press("Form");
    console.waits_to_be_told("Save first, or undo what you changed.");
    console.fill(
        "JSON",
        "{\"company_name\": \"Green Hill\", \"company_status\": 2}",
    );
    console.press("Save");
    console.waits_for_heading("Green Hill");
    let saved = console.root.get(&format!("{COMPANIES}/records")).ok()["items"][0].clone();
    assert_eq!(
        (
            &saved["company_name"],
            &saved["company_status"],
            &saved["company_id"]
        ),
        (&json!("Green Hill"), &json!(2), &json!("C001"))
    );
    console.press("JSON");
    console
        .root
        .update(
            COMPANIES,
            &id,
            &json!({ "company_type": "typed elsewhere" }),
        )
        .ok();
    console.wait(
        "return labelled('JSON')?.value.includes('typed elsewhere')",
        &json!([]),
    );
    console.assert_clean(&["400"]);
}

/// A lost connection is said, and comes back with what was missed.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_lost_connection_is_said_and_comes_back_with_what_was_missed() {
    let (console, users) = at_users();
    console.run(
        "window.real = window.EventSource;
         window.EventSource = class extends window.real { constructor() { super('data:text/plain,'); } };
         document.dispatchEvent(new Event('visibilitychange'));",
        &json!([]),
    );
    // The stream that there is ends with the tokens of its superuser's client: the page asks for another.
    console.run("import('./live.js').then((live) => { live.pause(); setTimeout(() => live.resume(), 100); })", &json!([]));
    console.waits_for("The connection to the server is lost. Trying again");
    console
        .root
        .update(USERS, &users[2], &json!({ "users_name": "Missed" }))
        .ok();
    console.run("window.EventSource = window.real", &json!([]));
    console.waits_for("Missed");
    console.waits_to_be_told("Connected again.");
    assert_eq!(
        console.run(
            "return words(document.getElementById('connection'))",
            &json!([])
        ),
        ""
    );
}

/// The page asks once more when the server has begun to tell.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn what_changes_before_the_server_knows_who_listens_is_not_missed() {
    let (console, users) = at_users();
    console.run(
        "const real = window.fetch;
         window.held = [];
         window.fetch = (address, options) => String(address).endsWith('/api/realtime')
           ? new Promise((go) => window.held.push(() => go(real(address, options)))) : real(address, options);",
        &json!([]),
    );
    console.press("Name 2");
    console.waits_for_heading("Name 2");
    console.wait("return window.held.length === 1", &json!([]));
    console.wait(
        "return performance.getEntriesByType('resource').filter((it) => it.name.includes('expand=company_id')).length === 2",
        &json!([]),
    );
    console
        .root
        .update(USERS, &users[1], &json!({ "users_name": "Meanwhile" }))
        .ok();
    console.run("window.held.forEach((go) => go())", &json!([]));
    console.waits_for_heading("Meanwhile");
    console.assert_clean(&[]);
}

/// A list that was asked for before a change, and comes after it, is not what stays.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn an_answer_that_is_late_does_not_hide_what_came_after_it() {
    let console = Console::signed_in();
    let create = |email: &str| {
        let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
        console.root.create(SUPERUSERS, &body).ok()
    };
    console.press("Superusers");
    console.waits_for_heading("Superusers");
    waits_to_hear(&console);
    console.run(
        "const real = window.fetch;
         window.held = [];
         window.fetch = async (address, options) => {
           const answer = await real(address, options);
           if (!String(address).includes('_superusers/records')) return answer;
           if (window.held.length === 0) await new Promise((go) => window.held.push(go));
           return answer;
         };",
        &json!([]),
    );
    create("second@example.com");
    console.wait("return window.held.length === 1", &json!([]));
    create("third@example.com");
    // Time for a second question to be asked, were there one.
    thread::sleep(Duration::from_secs(1));
    console.run("window.held[0]()", &json!([]));
    thread::sleep(Duration::from_millis(500));
    console.waits_for("second@example.com");
    console.waits_for("third@example.com");
    console.assert_clean(&[]);
}
