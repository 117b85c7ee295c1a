//! Users in the console: found, seen, changed, disabled, removed, each with its effect at the API.

use serde_json::{Value, json};

use crate::support::canary::PASSWORD;
use crate::support::console::{Console, until};
use crate::support::pocketbase_api::{USERS, log_in, path};
use crate::support::superuser::person;

fn record(console: &Console, id: &Value) -> Value {
    console.root.get(&path(USERS, id)).ok()
}

fn names(console: &Console) -> Value {
    console.run(
        "return all('tbody tr td:first-child').map(words)",
        &json!([]),
    )
}

/// The console at the page of a new user, who is logged in with a token.
fn at_a_user() -> (Console, Value, String) {
    let console = Console::signed_in();
    let user = console.root.user(7, &json!({}));
    let login = json!({ "identity": "user7@example.com", "password": PASSWORD });
    let login = console
        .root
        .app
        .post(&format!("{USERS}/auth-with-password"))
        .json(&login)
        .send();
    let token = login.ok()["token"].as_str().unwrap().to_owned();
    console.open(&format!("#/users/{}", user["id"].as_str().unwrap()));
    console.waits_for_heading("用户7");
    (console, user["id"].clone(), token)
}

fn is_valid(console: &Console, token: &str) -> bool {
    let refresh = console
        .root
        .app
        .post(&format!("{USERS}/auth-refresh"))
        .bearer(token)
        .send();
    refresh.status == 200
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_search_finds_by_parts_of_what_people_know() {
    let console = Console::signed_in();
    for n in 1..=30 {
        console.root.user(
            n,
            &json!({ "users_phone": format!("1391000{n:04}"), "users_name": format!("Name {n}") }),
        );
    }
    let odd = console.root.user(
        31,
        &json!({ "users_name": "O'Neil 50% \\ \"x\"", "openid": "wx_odd_openid" }),
    );
    console.press("Users");
    console.waits_for_rows(31);
    for (typed, found) in [
        ("10000017", "Name 17"),
        ("139-1000 0018", "Name 18"),
        ("+86 13910000019", "Name 19"),
        ("name 20", "Name 20"),
        ("o_21", "Name 21"),
        ("user22@", "Name 22"),
        ("odd_open", "O'Neil 50% \\ \"x\""),
        ("O'Neil", "O'Neil 50% \\ \"x\""),
        ("50% \\ \"x", "O'Neil 50% \\ \"x\""),
        (odd["id"].as_str().unwrap(), "O'Neil 50% \\ \"x\""),
    ] {
        console.fill("Search users", typed);
        console.wait(
            "return all('.list:not([aria-busy]) tbody tr').length === 1 && words(all('tbody a')[0]) === arguments[0]",
            &json!([found]),
        );
    }
    console.fill("Search users", "nobody has this");
    console.waits_for("0 found");
    console.fill("Search users", "");
    console.waits_for_rows(31);
    console.assert_clean(&[]);
}

/// The newest answer wins, the address keeps the search, and the way back shows it again.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn filters_sort_and_pages_are_in_the_address() {
    let console = Console::signed_in();
    for n in 1..=60 {
        let more = json!({ "users_name": format!("Name {n:02}"), "users_status": n % 2, "users_type": if n % 3 == 0 { "游客" } else { "注册用户" } });
        console.root.user(n, &more);
    }
    console.press("Users");
    console.waits_for_rows(50);
    console.press("Next");
    console.waits_for_rows(10);
    console.waits_for("51–60 of 60");
    console.press("Name");
    console.waits_for_rows(50);
    assert_eq!(names(&console)[0], "Name 01");
    console.press("Name");
    console.wait("return words(all('tbody a')[0]) === 'Name 60'", &json!([]));
    console.fill("Status", "0");
    console.waits_for_rows(30);
    console.fill("Type", "游客");
    console.waits_for_rows(10);
    assert_eq!(
        console.run("return location.hash", &json!([])),
        "#/users?status=0&type=%E6%B8%B8%E5%AE%A2&sort=-users_name"
    );
    console.press("Name 60");
    console.waits_for_heading("Name 60");
    console.run("history.back()", &json!([]));
    console.waits_for_heading("Users");
    console.waits_for_rows(10);
    assert_eq!(console.value("Status"), "0");
    for typed in ["N", "Na", "Name 0", "Name 06"] {
        console.fill("Search users", typed);
    }
    console.waits_for_rows(1);
    assert_eq!(names(&console), json!(["Name 06"]));
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_filter_language_is_there_for_those_who_know_it_and_says_where_it_is_wrong() {
    let console = Console::signed_in();
    console.root.user(1, &json!({ "users_rank_level": 5 }));
    console.root.user(2, &json!({}));
    console.press("Users");
    console.waits_for_rows(2);
    console.run("all('summary')[0].click()", &json!([]));
    console.fill("Filter", "users_rank_level >= 5");
    console.waits_for_rows(1);
    for (typed, place) in [
        (
            "users_rank_level >= 5 && nothing = 1",
            "unknown field \"nothing\" at byte 25",
        ),
        ("users_rank_level >= ", "at the end"),
    ] {
        console.fill("Filter", typed);
        console.waits_for(place);
        assert_eq!(console.value("Filter"), typed);
    }
    console.fill("Filter", "users_rank_level < 5");
    console.wait("return words(all('tbody a')[0]) === '用户2'", &json!([]));
    let is_invalid = console.run(
        "return labelled('Filter').getAttribute('aria-invalid')",
        &json!([]),
    );
    assert_eq!(is_invalid, "false");
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_user_is_disabled_and_enabled_again() {
    let (console, id, token) = at_a_user();
    assert!(is_valid(&console, &token));
    console.press("Disable");
    console.waits_to_be_told("The user is disabled, and all sessions are ended.");
    assert_eq!(record(&console, &id)["users_status"], 0);
    assert!(!is_valid(&console, &token));
    console.press("Enable");
    console.waits_to_be_told("The user is enabled.");
    assert_eq!(record(&console, &id)["users_status"], 1);
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn fields_are_edited_and_what_is_wrong_is_said_at_its_field() {
    let (console, id, _) = at_a_user();
    console.root.user(8, &json!({}));
    console.fill("Name", "Somebody else");
    console.fill("Rank", "five");
    console.press("Save");
    console.waits_for("This is no number.");
    console.fill("Rank", "5");
    console.fill("Phone", "13800000008");
    console.press("Save");
    console.waits_for("Another record has this value.");
    assert_eq!(record(&console, &id)["users_name"], "用户7");
    assert_eq!(console.value("Name"), "Somebody else");
    console.fill("Phone", "13900000009");
    console.press("Save");
    console.waits_for_heading("Somebody else");
    let saved = record(&console, &id);
    assert_eq!(
        (
            &saved["users_name"],
            &saved["users_rank_level"],
            &saved["users_phone"]
        ),
        (&json!("Somebody else"), &json!(5), &json!("13900000009"))
    );
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn sessions_end_and_a_password_is_set() {
    let (console, _, token) = at_a_user();
    console.press("End sessions");
    console.waits_for("End all sessions of 用户7?");
    assert!(is_valid(&console, &token));
    console.press("End sessions");
    console.waits_to_be_told("All sessions are ended.");
    assert!(!is_valid(&console, &token));

    let other = "canary-other-password";
    console.fill("New password", other);
    console.fill("New password again", PASSWORD);
    console.press("Set password");
    console.waits_for("The two do not match.");
    console.fill("New password again", other);
    console.press("Set password");
    console.waits_to_be_told("The password is set, and all sessions are ended.");
    let login = json!({ "identity": "user7@example.com", "password": other });
    log_in(&console.root.app, &login).ok();
    console.assert_clean(&["400"]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_user_is_removed_after_a_question() {
    let (console, id, _) = at_a_user();
    console.press("Delete");
    console.waits_for("Delete 用户7 for good?");
    console.press("Cancel");
    assert_eq!(record(&console, &id)["id"], id);
    console.press("Delete");
    console.wait("return document.querySelector('dialog[open]')", &json!([]));
    console.press("Delete");
    console.waits_for_heading("Users");
    until(|| console.root.get(&path(USERS, &id)).status == 404);
    console.waits_for_rows(0);
    console.assert_clean(&[]);
}

/// What users typed is text, wherever the console shows it.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn nothing_that_users_typed_is_more_than_text() {
    const PROBE: &str = "<img src=x onerror=window.hit=1><script>window.hit=1</script>";
    let console = Console::signed_in();
    let mut body = person(
        1,
        &json!({ "users_picture": format!("https://x.example/{PROBE}"), "openid": "o_<svg/onload=window.hit=1>" }),
    );
    for field in [
        "users_level",
        "users_id_number",
        "users_parent_id",
        "users_promo_code",
        "usergroups_id",
        "users_convers_id",
        "users_id",
    ] {
        body[field] = PROBE.into();
    }
    body["users_name"] = PROBE.into();
    body["company_id"] = "<b onclick=hit>".into();
    let user = console.root.create(USERS, &body).ok();
    let company =
        json!({ "company_id": "<b onclick=hit>", "company_name": PROBE, "company_type": PROBE });
    let company = console
        .root
        .create("/api/collections/tbl_company", &company)
        .ok();
    let id = |record: &Value| record["id"].as_str().unwrap().to_owned();
    for hash in [
        "#/users".to_owned(),
        "#/companies".to_owned(),
        format!("#/users/{}", id(&user)),
        format!("#/companies/{}", id(&company)),
        format!("#/users?q={}", PROBE.replace(' ', "+")),
    ] {
        console.open(&hash);
        console.wait(
            "return all('main:not([aria-busy])').length === 1 && document.body.innerText.includes('<img src=x') || [...document.querySelectorAll('input')].some((it) => it.value.includes('<img src=x'))",
            &json!([]),
        );
        let made = console.run(
            "return [window.hit ?? null, document.querySelectorAll('img, main script, svg, b[onclick]').length]",
            &json!([]),
        );
        assert_eq!(made, json!([null, 0]), "{hash}");
    }
    console.open(&format!("#/users/{}", id(&user)));
    console.press("Delete");
    console.waits_for("Delete <img src=x");
    console.press("Cancel");
    console.assert_clean(&[]);
}
