//! Companies in the console: made, found, changed, removed.

use serde_json::json;

use crate::support::console::{Console, until};
use crate::support::pocketbase_api::COMPANIES;

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_company_is_made_found_changed_and_removed() {
    let console = Console::signed_in();
    console.press("Companies");
    console.waits_for("0 found");
    console.press("New company");
    console.waits_for_heading("New company");
    console.fill("Company name", "Blue Ocean");
    console.press("Save");
    console.waits_for("This cannot be empty.");
    assert_eq!(console.value("Company name"), "Blue Ocean");
    console.fill("Company key", "C001");
    console.fill("Company status", "1");
    console.press("Save");
    console.waits_for_heading("Blue Ocean");
    let list = || console.root.get(&format!("{COMPANIES}/records")).ok()["items"].clone();
    let made = list()[0].clone();
    assert_eq!(
        (
            &made["company_id"],
            &made["company_name"],
            &made["company_status"]
        ),
        (&json!("C001"), &json!("Blue Ocean"), &json!(1))
    );

    let user = console.root.user(1, &json!({ "company_id": "C001" }));
    console.root.user(2, &json!({}));
    console.press("Users of this company");
    console.waits_for_rows(1);
    console.open(&format!("#/users/{}", user["id"].as_str().unwrap()));
    console.press("Blue Ocean");
    console.waits_for_heading("Blue Ocean");

    console.fill("Company name", "Green Hill");
    console.press("Save");
    console.waits_for_heading("Green Hill");
    assert_eq!(list()[0]["company_name"], "Green Hill");
    console.press("All companies");
    console.waits_for_rows(1);
    console.fill("Search companies", "reen");
    console.waits_for_rows(1);
    console.fill("Search companies", "blue");
    console.waits_for_rows(0);
    console.fill("Search companies", "");
    console.press("Green Hill");
    console.waits_for_heading("Green Hill");
    console.press("Delete");
    console.waits_for("Delete Green Hill for good?");
    console.press("Delete");
    console.waits_for_heading("Companies");
    until(|| list() == json!([]));
    console.assert_clean(&["400"]);
}
