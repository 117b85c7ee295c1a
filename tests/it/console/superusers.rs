//! Superusers in the console: added, given a password, signed out, removed.

use serde_json::{Value, json};

use crate::support::canary::PASSWORD;
use crate::support::console::{Console, until};
use crate::support::pocketbase_api::SUPERUSERS;
use crate::support::superuser::{EMAIL, log_in};

const OTHER: &str = "other@example.com";

/// Answers the open question with yes.
fn confirm(console: &Console, words: &str) {
    console.wait("return document.querySelector('dialog[open]')", &json!([]));
    console.press(words);
}

fn addresses(console: &Console) -> Vec<Value> {
    let list = console
        .root
        .get(&format!("{SUPERUSERS}/records?sort=email"))
        .ok();
    let items = list["items"].as_array().unwrap().iter();
    items.map(|it| it["email"].clone()).collect()
}

fn at_superusers() -> Console {
    let console = Console::signed_in();
    console.press("Superusers");
    console.waits_for_heading("Superusers");
    console
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_superuser_is_added_gets_a_password_is_signed_out_and_is_removed() {
    let console = at_superusers();
    let app = &console.root.app;
    console.press("New superuser");
    console.waits_for_heading("New superuser");
    console.fill("E-mail", "<b>no address</b>");
    console.press("Save");
    console.waits_for("This cannot be empty.");
    console.fill("New password", PASSWORD);
    console.fill("New password again", "canary-password-mistyped");
    console.press("Save");
    console.waits_for("The two do not match.");
    console.fill("New password again", PASSWORD);
    console.press("Save");
    console.waits_for("This is no e-mail address.");
    console.fill("E-mail", OTHER);
    console.press("Save");
    console.waits_for_heading(OTHER);
    assert_eq!(addresses(&console), [OTHER, EMAIL]);

    let token = log_in(app, OTHER, PASSWORD).ok()["token"].clone();
    let status = || {
        app.get("/api/keys")
            .bearer(token.as_str().unwrap())
            .send()
            .status
    };
    assert_eq!(status(), 200);
    console.press("End sessions");
    confirm(&console, "End sessions");
    console.waits_to_be_told("All sessions are ended.");
    assert_eq!(status(), 401);

    console.fill("New password", "canary-password-2");
    console.fill("New password again", "canary-password-2");
    console.press("Set password");
    console.waits_to_be_told("The password is set, and all sessions are ended.");
    assert_eq!(log_in(app, OTHER, "canary-password-2").status, 200);

    console.press("Delete");
    confirm(&console, "Delete");
    console.waits_for_heading("Superusers");
    assert_eq!(addresses(&console), [EMAIL]);
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_last_one_cannot_be_removed_and_the_page_says_why() {
    let console = at_superusers();
    console.press(EMAIL);
    console.waits_for_heading(EMAIL);
    console.waits_for("The only superuser cannot be removed");
    assert_eq!(
        console.run("return pressable('Delete').disabled", &json!([])),
        true
    );
    // Another one was there when the page was made, and is gone meanwhile.
    let body = json!({ "email": OTHER, "password": PASSWORD, "passwordConfirm": PASSWORD });
    console.open("#/superusers");
    console.waits_for_heading("Superusers");
    let other = console.root.create(SUPERUSERS, &body).ok();
    // It appears by itself.
    console.waits_for(OTHER);
    console.press(EMAIL);
    console.waits_for_heading(EMAIL);
    assert_eq!(console.root.delete(SUPERUSERS, &other["id"]).status, 204);
    console.press("Delete");
    console.waits_for("Remove yourself for good? You are signed out at once");
    confirm(&console, "Delete");
    console
        .waits_to_be_told("The only superuser cannot be removed: nobody could sign in any more.");
    assert_eq!(addresses(&console), [EMAIL]);
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn whoever_changes_oneself_is_told_what_follows_and_signs_in_again() {
    let console = at_superusers();
    console.press(EMAIL);
    console.waits_for_heading(EMAIL);
    console.waits_for("You");
    console.fill("New password", "canary-password-2");
    console.fill("New password again", "canary-password-2");
    console.waits_for("All your sessions end, this one, too");
    console.press("Set password");
    console.waits_for_heading("Sign in");
    console.sign_in("canary-password-2");
    console.waits_for_heading(EMAIL);
    assert_eq!(console.value("New password"), "");

    console.press("End sessions");
    console.waits_for("You have to sign in again here, too.");
    confirm(&console, "End sessions");
    console.waits_for_heading("Sign in");
    console.sign_in("canary-password-2");
    console.waits_for_heading(EMAIL);

    let body = json!({ "email": OTHER, "password": PASSWORD, "passwordConfirm": PASSWORD });
    let again = log_in(&console.root.app, EMAIL, "canary-password-2").ok();
    let create = console.root.app.post(&format!("{SUPERUSERS}/records"));
    let made = create
        .bearer(again["token"].as_str().unwrap())
        .json(&body)
        .send();
    assert_eq!(made.status, 200);
    console.open("#/superusers");
    console.waits_for(OTHER);
    console.press(EMAIL);
    console.waits_for_heading(EMAIL);
    console.press("Delete");
    confirm(&console, "Delete");
    console.waits_for_heading("Sign in");
    until(|| log_in(&console.root.app, EMAIL, "canary-password-2").status == 400);
    console.fill("E-mail", OTHER);
    console.fill("Password", PASSWORD);
    console.press("Sign in");
    console.waits_for_heading("Superusers");
    console.assert_clean(&[]);
}
