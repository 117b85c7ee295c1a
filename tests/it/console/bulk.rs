//! Many users or companies at once: chosen, changed together, and what is said of those that could not be.

use serde_json::{Value, json};

use crate::support::canary::PASSWORD;
use crate::support::console::{Console, until};
use crate::support::pocketbase_api::{COMPANIES, USERS, log_in, path};

fn total(console: &Console, filter: &str) -> Value {
    console
        .root
        .get(&format!("{USERS}/records?perPage=1&filter={filter}"))
        .ok()["totalItems"]
        .clone()
}

fn at_users(count: u32) -> (Console, Vec<Value>) {
    let console = Console::signed_in();
    let users = (1..=count)
        .map(|n| {
            console
                .root
                .user(n, &json!({ "users_name": format!("Name {n:03}") }))
        })
        .collect();
    console.press("Users");
    console.waits_for_rows(count.min(50) as usize);
    (console, users)
}

fn choose(console: &Console, label: &str) {
    console.wait(
        "const it = labelled(arguments[0]); if (!it) return false; it.click(); return true;",
        &json!([label]),
    );
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_chosen_are_disabled_enabled_and_logged_out_after_one_question() {
    let (console, users) = at_users(4);
    let login = || {
        let body = json!({ "identity": "user3@example.com", "password": PASSWORD });
        log_in(&console.root.app, &body)
    };
    for name in ["Choose Name 001", "Choose Name 003"] {
        choose(&console, name);
    }
    console.waits_for("2 chosen");
    console.press("Disable");
    console.waits_for("Disable these users (2)?");
    console.waits_for("Name 001, Name 003");
    console.press("Cancel");
    assert_eq!(total(&console, "users_status=0"), 0);
    console.press("Disable");
    console.wait("return document.querySelector('dialog[open]')", &json!([]));
    console.press("Disable");
    console.waits_to_be_told("2 of 2 done.");
    assert_eq!(total(&console, "users_status=0"), 2);
    console.wait("return all('.badge.off').length === 2", &json!([]));
    assert_eq!(login().status, 400);

    choose(&console, "Choose all of this page");
    console.waits_for("4 chosen");
    console.press("Enable");
    console.wait("return document.querySelector('dialog[open]')", &json!([]));
    console.press("Enable");
    console.waits_to_be_told("4 of 4 done.");
    assert_eq!(total(&console, "users_status=0"), 0);

    let token = login().ok()["token"].as_str().unwrap().to_owned();
    let refresh = || {
        let refresh = console.root.app.post(&format!("{USERS}/auth-refresh"));
        refresh.bearer(&token).send().status
    };
    assert_eq!(refresh(), 200);
    choose(&console, "Choose Name 003");
    console.press("End sessions");
    console.wait("return document.querySelector('dialog[open]')", &json!([]));
    console.press("End sessions");
    console.waits_to_be_told("1 of 1 done.");
    assert_eq!(refresh(), 401);
    assert_eq!(
        console.root.get(&path(USERS, &users[2]["id"])).ok()["users_status"],
        1
    );
    console.assert_clean(&[]);
}

/// All that a filter finds, over its pages, in requests of 50; one that is gone meanwhile is named, and the others are done.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn all_that_is_found_can_be_chosen_and_who_could_not_be_changed_is_named() {
    let (console, users) = at_users(120);
    console.fill("Search users", "Name");
    console.waits_for("120 found");
    choose(&console, "Choose all of this page");
    console.waits_for("50 chosen");
    console.press("Choose all 120");
    console.waits_for("120 chosen");
    console.root.delete(USERS, &users[60]["id"]);
    console.press("Delete");
    console.waits_for("Delete these for good (120)?");
    console.waits_for("and 110 more");
    console.press("Delete");
    console.waits_for("119 of 120 done.");
    console.waits_for("Name 061: This is not there (any more).");
    console.press("Close");
    console.waits_for("1 chosen");
    console.waits_for_rows(0);
    until(|| total(&console, "") == 0);
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_long_run_is_cancelled_between_two_requests_and_says_how_far_it_came() {
    let (console, _) = at_users(110);
    choose(&console, "Choose all of this page");
    console.press("Choose all 110");
    console.waits_for("110 chosen");
    console.run(
        "const real = window.fetch;
         window.fetch = (address, options) => {
           if (!String(address).endsWith('/api/batch')) return real(address, options);
           pressable('Cancel').click();
           return real(address, options);
         };",
        &json!([]),
    );
    console.press("Disable");
    console.wait("return document.querySelector('dialog[open]')", &json!([]));
    console.press("Disable");
    console.waits_to_be_told("50 of 110 done.");
    assert_eq!(total(&console, "users_status=0"), 50);
    console.waits_for("60 chosen");
    console.press("Choose none");
    console.wait("return all('.chosen').length === 0", &json!([]));
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn companies_are_deleted_together() {
    let console = Console::signed_in();
    for n in 1..=3 {
        let company =
            json!({ "company_id": format!("C{n}"), "company_name": format!("Company {n}") });
        console.root.create(COMPANIES, &company).ok();
    }
    console.press("Companies");
    console.waits_for_rows(3);
    choose(&console, "Choose Company 1");
    choose(&console, "Choose Company 3");
    console.press("Delete");
    console.waits_for("Delete these companies for good (2)?");
    console.press("Delete");
    console.waits_to_be_told("2 of 2 done.");
    console.waits_for_rows(1);
    let left = console.root.get(&format!("{COMPANIES}/records")).ok();
    assert_eq!(left["items"][0]["company_name"], "Company 2");
    console.assert_clean(&[]);
}
