//! Every view of the navigation and every detail page, looked at by axe-core in light and dark.

use serde_json::{Value, json};

use crate::support::canary::PASSWORD;
use crate::support::console::Console;
use crate::support::pocketbase_api::COMPANIES;

/// Faults that keep people out, as axe-core ranks them.
const BAD: [&str; 2] = ["serious", "critical"];

/// Faults of the page as it is, each with where and why.
fn faults(console: &Console, axe: &str) -> Value {
    console.run(
        &format!("if (!window.axe) {{ {axe} }} delete window.found;"),
        &json!([]),
    );
    console.run(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations, passes }) => {
           const bad = violations.filter(({ impact }) => arguments[0].includes(impact));
           window.found = passes.length > 10 && [bad.flatMap(({ id, nodes }) => nodes.map((it) => [id, it.target.join(' '), it.failureSummary]))];
         });",
        &json!([BAD]),
    );
    console.wait("return window.found", &json!([]))[0].clone()
}

fn assert_faultless(console: &Console, axe: &str, view: &str) {
    for (width, colours) in [(1280, "light"), (390, "dark")] {
        console.browser.emulate(width, colours);
        assert_eq!(faults(console, axe), json!([]), "{view} in {colours}");
    }
}

/// Addresses of the navigation.
fn views(console: &Console) -> Vec<String> {
    let found = console.run(
        "return all('nav a').map((it) => it.getAttribute('href'))",
        &json!([]),
    );
    let views = found.as_array().unwrap().iter();
    views
        .map(|view| view.as_str().unwrap().to_owned())
        .collect()
}

#[test]
#[ignore = "needs chromium, chromedriver, and axe-core's axe.min.js in BAI_AXE"]
fn no_view_has_a_fault_that_keeps_people_out() {
    let axe = std::fs::read_to_string(
        std::env::var("BAI_AXE").expect("BAI_AXE names axe.min.js, which .ci/run installs"),
    )
    .unwrap();
    let console = Console::at_the_door();
    let company =
        json!({ "company_id": "C001", "company_name": "Blue Ocean", "company_status": 1 });
    let company = console.root.create(COMPANIES, &company).ok();
    let user = console.root.user(1, &json!({ "company_id": "C001" }));
    console.root.user(2, &json!({ "users_status": 0 }));
    let app = &console.root.app;
    app.login("13800000001", "canary-wrong")
        .assert_error(400, "");
    app.login("13800000001", PASSWORD).ok();
    console.waits_for_heading("Sign in");
    assert_faultless(&console, &axe, "sign-in");
    console.sign_in(PASSWORD);
    console.waits_for("New users by day");
    let id = |record: &Value| record["id"].as_str().unwrap().to_owned();
    let pages = [
        format!("#/users/{}", id(&user)),
        format!("#/companies/{}", id(&company)),
        "#/companies/new".to_owned(),
        "#/users/new".to_owned(),
        "#/users/import".to_owned(),
        "#/superusers/new".to_owned(),
        format!("#/superusers/{}", id(&console.root.record)),
        format!("#/events?user={}", id(&user)),
    ];
    let views = views(&console);
    assert!(views.len() >= 5, "{views:?}");
    for view in views.iter().chain(&pages) {
        console.open(view);
        console.wait(
            "return all('main:not([aria-busy]) h1').length === 1 && location.hash === arguments[0]",
            &json!([view]),
        );
        assert_faultless(&console, &axe, view);
    }
    console.assert_clean(&[]);
}
