//! The columns of a list, which are chosen and remembered, and the days between which users were made.

use serde_json::json;

use crate::support::console::Console;

fn headings(console: &Console) -> serde_json::Value {
    console.run(
        "return all('thead th').map((it) => words(it).replace(/ [↑↓]$/, ''))",
        &json!([]),
    )
}

fn toggle(console: &Console, column: &str) {
    console.run(
        "all('summary').find((it) => words(it) === 'Columns').parentElement.open = true",
        &json!([]),
    );
    console.wait(
        "const it = all('.menu label').find((it) => words(it) === arguments[0]); if (!it) return false; it.click(); return true;",
        &json!([column]),
    );
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn columns_are_chosen_remembered_and_sorted_by() {
    let console = Console::signed_in();
    for n in 1..=3 {
        console.root.user(
            n,
            &json!({ "users_rank_level": 10 - n, "users_name": format!("Name {n}") }),
        );
    }
    console.press("Users");
    console.waits_for_rows(3);
    let usual = json!([
        "Name",
        "Phone",
        "Status",
        "Company key",
        "Type",
        "Kind",
        "Created"
    ]);
    assert_eq!(headings(&console), usual);
    toggle(&console, "Type");
    toggle(&console, "Rank");
    let chosen = json!([
        "Name",
        "Phone",
        "Status",
        "Company key",
        "Kind",
        "Created",
        "Rank"
    ]);
    assert_eq!(headings(&console), chosen);
    console.press("Rank");
    console.wait(
        "return all('.list:not([aria-busy]) tbody tr').length === 3 && all('tbody tr').map((it) => words(it.cells[6])).join() === '7,8,9'",
        &json!([]),
    );
    console
        .browser
        .go(&format!("{}/_/?lang=en#/users", console.root.app.base));
    console.waits_for_rows(3);
    assert_eq!(headings(&console), chosen);
    console.press("Companies");
    console.waits_for_heading("Companies");
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn users_are_found_by_the_days_between_which_they_were_made_as_the_reader_has_them() {
    let console = Console::signed_in();
    let made = console.root.user(1, &json!({}))["created"].clone();
    console.root.user(2, &json!({}));
    let day = |by: i32| {
        console.run(
            "const at = new Date(Date.parse(arguments[1].replace(' ', 'T')) + arguments[0] * 864e5);
             return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((n) => String(n).padStart(2, '0')).join('-')",
            &json!([by, made]),
        )
    };
    console.press("Users");
    console.waits_for_rows(2);
    console.run("all('summary')[0].click()", &json!([]));
    for (from, until, found) in [(0, 0, 2), (-2, -1, 0), (1, 2, 0), (-1, 1, 2)] {
        console.fill("Created from", day(from).as_str().unwrap());
        console.fill("Created until", day(until).as_str().unwrap());
        console.waits_for_rows(found);
    }
    let hash = console.run("return location.hash", &json!([]));
    assert!(hash.as_str().unwrap().contains("from="), "{hash}");
    // The filter has the midnight of the reader's clock.
    let asked = console.run(
        "return performance.getEntriesByType('resource').map((it) => decodeURIComponent(it.name)).filter((it) => it.includes('created')).at(-1)",
        &json!([]),
    );
    let midnight = console.run(
        "const [y, m, d] = arguments[0].split('-').map(Number); return new Date(y, m - 1, d).toISOString().replace('T', ' ')",
        &json!([day(-1)]),
    );
    let asked = asked.as_str().unwrap().replace('+', " ");
    assert!(
        asked.contains(&format!("created >= '{}'", midnight.as_str().unwrap())),
        "{asked}"
    );
    console.assert_clean(&[]);
}
