//! The search of users: what begins so is there at once, what contains it follows, and a whole phone or id finds one.

use serde_json::{Value, json};

use crate::support::console::Console;
use crate::support::pocketbase_api::USERS;

/// Holds back the questions that look at all users, until `release()`; notes which were given up.
const HOLD: &str = "
    window.held = [];
    window.given_up = 0;
    const real = window.fetch;
    window.fetch = (address, options) => {
      if (!String(address).includes('%7C%7C')) return real(address, options);
      options.signal.addEventListener('abort', () => (window.given_up += 1));
      return new Promise((go, fail) => {
        options.signal.addEventListener('abort', () => fail(options.signal.reason));
        window.held.push(() => options.signal.aborted || go(real(address, options)));
      });
    };
    window.release = () => window.held.splice(0).forEach((go) => go());
";

fn rows(console: &Console) -> Value {
    console.run(
        "return all('tbody tr').map((row) => words(row.cells[0]))",
        &json!([]),
    )
}

fn at_users(users: &[(&str, &str)]) -> Console {
    let console = Console::signed_in();
    for (n, (name, phone)) in (1..).zip(users) {
        console
            .root
            .user(n, &json!({ "users_name": name, "users_phone": phone }));
    }
    console.press("Users");
    console.waits_for_rows(users.len());
    console
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn what_begins_so_is_shown_before_what_contains_it_is_found() {
    let console = at_users(&[
        ("Anna", "13900000001"),
        ("Hanna", "13900000002"),
        ("Annabel", "13900000003"),
        ("Bob", "13900000004"),
    ]);
    console.run(HOLD, &json!([]));
    console.fill("Search users", "anna");
    console.waits_for("2 begin with it. Looking for more");
    assert_eq!(rows(&console), json!(["Annabel", "Anna"]));
    console.wait("return window.held.length === 1", &json!([]));
    console.run("release()", &json!([]));
    console.waits_for("3 found");
    assert_eq!(
        rows(&console),
        json!([
            "Begins with it",
            "Annabel",
            "Anna",
            "Also containing it",
            "Hanna"
        ])
    );

    // The newest question wins, and the one before it is given up.
    console.fill("Search users", "bo");
    console.waits_for("1 begin with it");
    console.wait("return window.held.length === 1", &json!([]));
    console.run("window.given_up = 0", &json!([]));
    console.fill("Search users", "hann");
    console.wait(
        "return window.given_up === 1 && all('tbody a').length === 1 && words(all('tbody a')[0]) === 'Hanna'",
        &json!([]),
    );
    console.wait("return window.held.length === 2", &json!([]));
    console.run("release()", &json!([]));
    console.waits_for("1 found");
    assert_eq!(rows(&console), json!(["Hanna"]));
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_company_s_key_finds_all_whose_names_have_it() {
    let console = at_users(&[
        ("acme-holding Li", "13900000001"),
        ("Wang of acme-holding", "13900000002"),
    ]);
    for user in console.root.get(&format!("{USERS}/records")).ok()["items"]
        .as_array()
        .unwrap()
    {
        let company = json!({ "company_id": "acme-holding" });
        console.root.update(USERS, &user["id"], &company).ok();
    }
    console.fill("Search users", "acme-holding");
    console.waits_for("2 found");
    console.assert_clean(&[]);
}

/// None of these looks at all users.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_whole_phone_openid_id_or_address_finds_exactly_one_however_it_is_written() {
    let console = at_users(&[
        ("First", "13912345678"),
        ("13912345678 is hers", "13900000002"),
    ]);
    let other = console.root.user(
        9,
        &json!({ "users_name": "Third", "openid": "oABC_1234567890-x", "email": "third@example.com" }),
    );
    console.waits_for_rows(3);
    console.run(HOLD, &json!([]));
    for (typed, found) in [
        ("13912345678", "First"),
        ("+86 139-1234-5678", "First"),
        ("0086 139 1234 5678", "First"),
        (" 13912345678 ", "First"),
        ("oABC_1234567890-x", "Third"),
        ("third@example.com", "Third"),
        ("THIRD@example.com", "Third"),
        (other["id"].as_str().unwrap(), "Third"),
    ] {
        console.fill("Search users", typed);
        console.wait(
            "return words(document.querySelector('.count')) === '1 found' && all('.list:not([aria-busy]) tbody tr').length === 1
               && words(all('tbody a')[0]) === arguments[0]",
            &json!([found]),
        );
    }
    assert_eq!(console.run("return window.held.length", &json!([])), 0);
    console.assert_clean(&[]);
}

/// Signs that mean something in a filter mean themselves.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn what_is_typed_is_a_text_and_no_pattern() {
    let console = at_users(&[
        ("a_b", "13900000001"),
        ("aXb", "13900000002"),
        ("50%", "13900000003"),
        ("505", "13900000004"),
        ("c\\d", "13900000005"),
        ("it's", "13900000006"),
    ]);
    for (typed, found) in [
        ("a_", "a_b"),
        ("a_b", "a_b"),
        ("50%", "50%"),
        ("c\\", "c\\d"),
        ("it'", "it's"),
    ] {
        console.fill("Search users", typed);
        console.wait(
            "return all('.list:not([aria-busy]) tbody tr').length === 1 && words(all('tbody a')[0]) === arguments[0]",
            &json!([found]),
        );
    }
    console.assert_clean(&[]);
}
