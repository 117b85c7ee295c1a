//! Events in the console: found by user, kind, actor and time; new ones come by themselves.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::canary::PASSWORD;
use crate::support::console::Console;
use crate::support::pocketbase_api::USERS;
use crate::support::superuser::EMAIL;

/// The cells of the rows, one column of them.
fn column(console: &Console, n: usize) -> Value {
    console.run(
        "return all('.list tbody tr').map((it) => words(it.children[arguments[0]]))",
        &json!([n]),
    )
}

/// Somebody who registered, logged in and mistyped a password: three events, a minute apart.
fn person_with_events(console: &Console, phone: &str) -> String {
    let app = &console.root.app;
    let pass = || app.clock.advance(Duration::from_mins(1));
    let registered = app.register(phone, PASSWORD);
    pass();
    app.login(phone, PASSWORD).ok();
    pass();
    app.login(phone, "canary-wrong").assert_error(400, "");
    pass();
    registered.ok()["record"]["id"].as_str().unwrap().to_owned()
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn events_are_found_by_user_kind_actor_and_time_and_the_address_keeps_it() {
    let console = Console::signed_in();
    let alice = person_with_events(&console, "13800138001");
    let bob = person_with_events(&console, "13800138002");
    console
        .root
        .update(USERS, &json!(alice), &json!({ "users_name": "Alice <b>" }))
        .ok();
    let end_of_alice = console.root.app.clock.now();
    console.press("Events");
    console.waits_for_heading("Events");
    console.waits_for_rows(8);
    assert_eq!(
        column(&console, 1),
        json!([
            "Changed",
            "Login failed wrong password",
            "Login",
            "Registration",
            "Login failed wrong password",
            "Login",
            "Registration",
            "Superuser logged in ×2"
        ])
    );
    assert_eq!(column(&console, 2)[0], EMAIL);
    assert_eq!(column(&console, 3)[0], "Alice <b>");
    assert_eq!(column(&console, 5)[0], "Users: Name");

    for typed in ["138-0013 8001", "Alice", &alice] {
        console.fill("Search events by user", typed);
        console.press("Alice <b> · 13800138001");
        console.waits_for_rows(4);
        assert_eq!(
            console.run("return location.hash", &json!([])),
            json!(format!("#/events?user={alice}"))
        );
        console.press("Of all users");
        console.waits_for_rows(8);
    }
    console.fill("Event", "login-failed,superuser-login-failed,phone-refused");
    console.waits_for_rows(2);
    console.fill("By", "superuser");
    console.waits_for("No events match.");
    console.fill("Event", "");
    console.waits_for_rows(2);
    console.fill("By", "");
    console.waits_for_rows(8);
    let local = |before: &str| {
        console.run(
            "const at = new Date(Date.parse(arguments[0]) - Number(arguments[1]) * 1000); return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);",
            &json!([end_of_alice.to_string(), before]),
        )
    };
    console.fill("From", local("90").as_str().unwrap());
    console.waits_for_rows(2);
    console.run("location.reload()", &json!([]));
    console.waits_for_rows(2);
    console.open("#/events");
    console.waits_for_rows(8);
    console.fill("To", local("90").as_str().unwrap());
    console.waits_for_rows(6);

    console.open(&format!("#/users/{bob}"));
    console.press("All events");
    console.waits_for_heading("Events");
    console.waits_for_rows(3);
    // What nobody has now is found as it was written.
    console.fill("Search events by user", EMAIL);
    console.press(&format!("Events about “{EMAIL}” as it is written"));
    console.waits_for_rows(2);
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn older_events_are_shown_when_they_are_asked_for() {
    let console = Console::signed_in();
    for n in 0..70 {
        console.root.user(n, &json!({}));
    }
    console.press("Events");
    console.waits_for_rows(50);
    console.press("Show older events");
    console.waits_for_rows(71);
    console.wait("return !pressable('Show older events')", &json!([]));
    let abouts = column(&console, 3);
    assert_eq!(
        (&abouts[0], &abouts[69]),
        (&json!("用户69"), &json!("用户0"))
    );
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn new_events_come_by_themselves_and_a_lost_connection_says_so_and_comes_back() {
    let console = Console::signed_in();
    console.press("Events");
    console.waits_for_rows(1);
    console.waits_for("New events appear by themselves.");
    console.root.user(
        1,
        &json!({ "users_name": "<img src=x onerror=window.hit=1>" }),
    );
    console.waits_for_rows(2);
    assert_eq!(column(&console, 3)[0], "<img src=x onerror=window.hit=1>");
    console.browser.cut_off(true);
    console.waits_for("The server cannot be reached.");
    console.root.user(2, &json!({}));
    console.browser.cut_off(false);
    console.waits_for_rows(3);
    console.waits_for("New events appear by themselves.");
    assert_eq!(column(&console, 3)[0], "用户2");
    assert_eq!(
        console.run("return window.hit ?? null", &json!([])),
        Value::Null
    );

    // Many at once, more than a page: the newest page is shown anew.
    console.browser.cut_off(true);
    for n in 3..60 {
        console.root.user(n, &json!({}));
    }
    console.browser.cut_off(false);
    console.waits_for_rows(50);
    assert_eq!(column(&console, 3)[0], "用户59");
    let base = &console.root.app.base;
    console
        .browser
        .assert_clean(base, &["ERR_INTERNET_DISCONNECTED"]);
}
