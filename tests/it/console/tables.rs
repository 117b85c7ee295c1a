//! Users as files: saved from the list, and brought by a table whose every row's fate is shown first.

use serde_json::{Value, json};

use crate::support::console::Console;
use crate::support::pocketbase_api::{COMPANIES, USERS};

/// Keeps what would be saved as a file.
const CATCH: &str = "
    window.files = [];
    URL.createObjectURL = (blob) => { blob.text().then((text) => window.files.push(text)); return 'blob:kept'; };
    HTMLAnchorElement.prototype.click = function () { if (!this.download) this.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true })); };
";

fn saved(console: &Console, way: &str) -> String {
    console.run(CATCH, &json!([]));
    console.run(
        "all('summary').find((it) => words(it) === 'Export').parentElement.open = true",
        &json!([]),
    );
    console.press(way);
    console
        .wait("return window.files[0]", &json!([]))
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn what_is_found_is_saved_as_a_table_that_runs_no_formula_or_as_lines() {
    let console = Console::signed_in();
    console.root.user(1, &json!({ "users_name": "=1+1" }));
    console
        .root
        .user(2, &json!({ "users_name": "with, \"comma\"" }));
    console.root.user(
        3,
        &json!({ "users_name": "hidden", "users_level": "hid\u{200b}den", "users_status": 0 }),
    );
    console.root.user(
        4,
        &json!({ "users_name": "not found", "users_type": "游客" }),
    );
    console.press("Users");
    console.waits_for_rows(4);
    console.fill("Type", "注册用户");
    console.waits_for_rows(3);
    let csv = saved(&console, "CSV, for a spreadsheet");
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("id,"), "{}", lines[0]);
    for (line, cell) in [
        (1, ",'=1+1,"),
        (2, ",\"with, \"\"comma\"\"\","),
        (3, ",hid\\u{200b}den,"),
    ] {
        assert!(lines[line].contains(cell), "{}", lines[line]);
    }
    console.waits_to_be_told("3 exported.");
    let jsonl = saved(&console, "JSON Lines");
    let records: Vec<Value> = jsonl
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<_> = records.iter().map(|it| it["users_name"].clone()).collect();
    assert_eq!(json!(names), json!(["=1+1", "with, \"comma\"", "hidden"]));
    assert_eq!(records[2]["users_level"], "hid\u{200b}den");
    assert!(!jsonl.contains('\u{200b}'));
    assert!(records[0].get("password").is_none() && records[0]["openid"] == "o_1");
    console.assert_clean(&[]);
}

/// More than a page, of which many were made in the same moment; each is there once.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn an_export_of_many_pages_has_each_once_and_can_be_cancelled() {
    let console = Console::signed_in();
    let phones: Vec<_> = (0..1_200).map(|n| format!("139{n:08}")).collect();
    for part in phones.chunks(200) {
        let users: Value = part
            .iter()
            .map(|phone| json!({ "users_phone": phone, "users_name": "N" }))
            .collect();
        let made = console
            .root
            .call("POST", "/api/import/users")
            .json(&json!({ "users": users }));
        assert!(
            made.send()
                .ok()
                .as_array()
                .unwrap()
                .iter()
                .all(|fate| fate["status"] == 200)
        );
    }
    console.press("Users");
    console.waits_for("1,200 found");
    let jsonl = saved(&console, "JSON Lines");
    let mut found: Vec<_> = jsonl
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["users_phone"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    found.sort();
    assert_eq!(found, phones);

    console.run(
        "const real = window.fetch;
         window.fetch = (address, options) => { if (String(address).includes('perPage=500')) pressable('Cancel').click(); return real(address, options); };",
        &json!([]),
    );
    console.run(CATCH, &json!([]));
    console.press("JSON Lines");
    console.waits_to_be_told("The export is cancelled.");
    assert_eq!(console.run("return window.files.length", &json!([])), 0);
    console.assert_clean(&[]);
}

/// Where the browser can, a large file is written while it comes.
#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_large_export_is_written_to_the_place_that_is_chosen_while_it_comes() {
    let console = Console::signed_in();
    for n in 1..=3 {
        console.root.user(n, &json!({}));
    }
    console.run(
        "const real = window.fetch;
         window.fetch = async (address, options) => {
           const answer = await real(address, options);
           if (!/perPage=50(&|$)/.test(String(address))) return answer;
           return new Response(JSON.stringify({ ...(await answer.json()), totalItems: 30000 }), { status: 200 });
         };
         window.written = [];
         window.showSaveFilePicker = async ({ suggestedName }) => ({ createWritable: async () => ({
           write: async (text) => window.written.push(text),
           close: async () => (window.saved = suggestedName),
         }) });",
        &json!([]),
    );
    console.press("Users");
    console.waits_for("30,000 found");
    console.run(
        "all('summary').find((it) => words(it) === 'Export').parentElement.open = true",
        &json!([]),
    );
    console.press("JSON Lines");
    console.waits_to_be_told("3 exported.");
    let saved = console.run("return [window.saved, window.written.join('')]", &json!([]));
    let name = saved[0].as_str().unwrap();
    assert!(
        name.starts_with("users-") && name.strip_suffix(".jsonl").is_some(),
        "{name}"
    );
    assert_eq!(saved[1].as_str().unwrap().lines().count(), 3);
    console.assert_clean(&[]);
}

fn bring(console: &Console, table: &str) {
    console.wait(
        "const it = labelled('CSV file');
         if (!it) return false;
         const files = new DataTransfer();
         files.items.add(new File([arguments[0]], 'users.csv', { type: 'text/csv' }));
         it.files = files.files;
         it.dispatchEvent(new Event('change', { bubbles: true }));
         return true;",
        &json!([table]),
    );
}

fn count(console: &Console) -> Value {
    console.root.get(&format!("{USERS}/records?perPage=1")).ok()["totalItems"].clone()
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_fate_of_each_row_is_shown_before_anything_is_written() {
    let console = Console::signed_in();
    console.root.user(1, &json!({}));
    console
        .root
        .create(COMPANIES, &json!({ "company_id": "C001" }))
        .ok();
    console.press("Users");
    console.waits_for_rows(1);
    console.press("Import");
    console.waits_for_heading("Import users");
    bring(
        &console,
        "\u{feff}users_phone,users_name,company_id,created\n13900000001,'=comes,C001,\n13900000002,\"comes, too\",,2020-01-01\n\
         ８６ 139-0000-0001,twice,,\n13800000001,taken,,\n12,no phone,,\n13900000003,,,\n,,,\n13900000004,no company,C002,\n",
    );
    console.waits_for("2 would come, 5 would not. Empty lines passed over: 1.");
    for fate in [
        "Line 2 has the same value: Phone.",
        "Phone: Another record has this value.",
        "Phone: Invalid value format.",
        "Name: This cannot be empty.",
        "Company key: There is no such company: make it first.",
    ] {
        console.waits_for(fate);
    }
    let lines = console.run(
        "return all('tbody tr').map((it) => words(it.cells[0]))",
        &json!([]),
    );
    assert_eq!(lines, json!(["4", "5", "6", "7", "9", "2", "3"]));
    assert_eq!(count(&console), 1);
    console.press("Import 2");
    console.waits_for("2 came, 5 did not.");
    assert_eq!(count(&console), 3);
    let names = console
        .root
        .get(&format!("{USERS}/records?filter=company_id='C001'"))
        .ok();
    assert_eq!(names["items"][0]["users_name"], "=comes");
    console.run(CATCH, &json!([]));
    console.press("Save what does not come");
    let report = console.wait("return window.files[0]", &json!([]));
    assert!(
        report
            .as_str()
            .unwrap()
            .contains("5,taken,Phone: Another record has this value."),
        "{report}"
    );
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_table_that_may_mean_two_things_is_refused_with_its_line() {
    let console = Console::signed_in();
    console.open("#/users/import");
    console.waits_for_heading("Import users");
    for (table, why) in [
        ("", "There is no line of field names"),
        ("users_phone;users_name\n1;2\n", "separated by ;"),
        (
            "users_phone,users_name, users_phone\n1,2,3\n",
            "has users_phone twice",
        ),
        ("users_phone,users_name\n1,2\n3\n", "Line 3 has 1 cells"),
        (
            "users_phone,\n1,2\n",
            "Line 2 has a cell in a column that has no name",
        ),
        (
            "users_phone,users_name\n1,\"x\n2,y\n",
            "Line 2 has a quote (\") that is not closed",
        ),
        (
            "users_phone,users_name\n1,\"x\n2,y\n3,z\"\n",
            "Line 2 has other lines of the table",
        ),
        (
            "users_phone,users_name\n1,2\n\"x\"y,4\n",
            "Line 3 has text behind a closing quote",
        ),
        (
            "users_phone,nothing\n1,2\n",
            "There is no field nothing. There are id, ",
        ),
        ("password,users_phone\n1,2\n", "There is no field password."),
    ] {
        bring(&console, table);
        console.waits_for(why);
    }
    assert_eq!(count(&console), 0);
    console.assert_clean(&[]);
}
