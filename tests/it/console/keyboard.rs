//! The console by keyboard only.

use serde_json::{Value, json};

use crate::support::canary::PASSWORD;
use crate::support::console::Console;
use crate::support::pocketbase_api::{USERS, path};
use crate::support::superuser::EMAIL;

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";

/// Presses Tab until what has these words, or this label, has the focus.
fn tab_to(console: &Console, wanted: &str) {
    let focused = || {
        console.run(
            "const it = document.activeElement; return it.getAttribute('aria-label') ?? (it.labels?.[0] ? words(it.labels[0]) : words(it));",
            &json!([]),
        )
    };
    for _ in 0..60 {
        if focused() == wanted {
            return;
        }
        console.browser.press_keys(TAB);
    }
    panic!("no way to {wanted}, only to {}", focused());
}

fn status(console: &Console, id: &Value) -> Value {
    console.root.get(&path(USERS, id)).ok()["users_status"].clone()
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn sign_in_find_a_user_disable_enable_again_by_keyboard_only() {
    let console = Console::at_the_door();
    for n in 1..=5 {
        console
            .root
            .user(n, &json!({ "users_phone": format!("1391000{n:04}") }));
    }
    let user = console.root.user(
        6,
        &json!({ "users_phone": "13912345678", "users_name": "Found" }),
    );
    console.waits_for_heading("Sign in");
    // The first field has the focus.
    console
        .browser
        .press_keys(&format!("{EMAIL}{TAB}{PASSWORD}{ENTER}"));
    console.waits_for_heading("Overview");
    let focused = || console.run("return words(document.activeElement)", &json!([]));
    assert_eq!(focused(), "Overview");
    console.run("document.activeElement.blur()", &json!([]));
    tab_to(&console, "Users");
    console.browser.press_keys(ENTER);
    console.waits_for_rows(6);
    // The heading of the new view has the focus.
    assert_eq!(focused(), "Users");
    tab_to(&console, "Search users");
    console.browser.press_keys("1234");
    console.waits_for_rows(1);
    tab_to(&console, "Found");
    console.browser.press_keys(ENTER);
    console.waits_for_heading("Found");
    tab_to(&console, "Disable");
    console.browser.press_keys(ENTER);
    console.waits_to_be_told("The user is disabled, and all sessions are ended.");
    assert_eq!(status(&console, &user["id"]), 0);
    tab_to(&console, "Enable");
    console.browser.press_keys(ENTER);
    console.waits_to_be_told("The user is enabled.");
    assert_eq!(status(&console, &user["id"]), 1);

    // A question is answered by keyboard, too: Escape is no.
    tab_to(&console, "Delete");
    console.browser.press_keys(ENTER);
    console.waits_for("Delete Found for good?");
    console.browser.press_keys("\u{E00C}");
    console.wait("return !document.querySelector('dialog')", &json!([]));
    assert_eq!(focused(), "Delete");
    console.assert_clean(&[]);
}
