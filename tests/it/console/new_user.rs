//! A new user in the console: of the platform, and of WeChat.

use serde_json::{Value, json};

use crate::support::canary::PASSWORD;
use crate::support::console::Console;
use crate::support::pocketbase_api::{USERS, log_in};

fn newest(console: &Console) -> Value {
    console
        .root
        .get(&format!("{USERS}/records?sort=-created&perPage=1"))
        .ok()["items"][0]
        .clone()
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_platform_user_is_made_and_logs_in_and_errors_are_at_their_fields() {
    let console = Console::signed_in();
    console.root.user(1, &json!({}));
    console.press("Users");
    console.waits_for_rows(1);
    console.press("New user");
    console.waits_for_heading("New user");
    console.press("Make user");
    console.waits_for("This cannot be empty.");
    console.fill("Name", "Somebody");
    console.fill("Phone", "13800000001");
    console.fill("Password", PASSWORD);
    console.fill("Password again", "something else");
    console.press("Make user");
    console.waits_for("The two do not match.");
    console.fill("Password again", PASSWORD);
    console.press("Make user");
    console.waits_for("Another record has this value.");
    let at = console.run(
        "return document.activeElement.labels[0].textContent",
        &json!([]),
    );
    assert_eq!(at, "Phone");
    console.fill("Phone", "+86 139 0000 0002");
    console.press("Make user");
    console.waits_for_heading("Somebody");
    let made = newest(&console);
    assert_eq!(
        (
            &made["users_phone"],
            &made["users_idtype"],
            &made["users_status"]
        ),
        (&json!("13900000002"), &json!("ManagePlatform"), &json!(1))
    );
    let login = json!({ "identity": "13900000002", "password": PASSWORD });
    log_in(&console.root.app, &login).ok();
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_user_of_wechat_needs_no_password_and_a_form_is_not_left_without_a_question() {
    let console = Console::signed_in();
    console.open("#/users/new");
    console.waits_for_heading("New user");
    console.fill("Kind", "WeChat");
    console.fill("Name", "Of WeChat");
    console.fill("Phone", "13900000003");
    console.wait("return !labelled('Password')", &json!([]));
    console.press("Make user");
    console.waits_for("This cannot be empty.");
    console.press("Companies");
    console.waits_for("There are changes that are not saved.");
    console.press("Cancel");
    console.fill("Openid", "o_new");
    console.press("Make user");
    console.waits_for_heading("Of WeChat");
    let made = newest(&console);
    assert_eq!(
        (&made["openid"], &made["users_idtype"]),
        (&json!("o_new"), &json!("WeChat"))
    );
    assert_eq!(
        made["email"],
        format!("{}@wechat.local", made["id"].as_str().unwrap())
    );
    console.assert_clean(&["400"]);
}
