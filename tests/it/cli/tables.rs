//! Tables, and files for spreadsheets, with names that people chose to do harm or to be long.

use std::fs;

use bai::domain::{Phone, User};
use bai::store::{Location, Store};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::app::Call;
use crate::support::binary::bai;
use crate::support::canary::PASSWORD;
use crate::support::installation::Installation;

/// Names, and a sign that each is shown by instead of what it would do.
const NAMES: [(&str, &str); 7] = [
    ("a\u{202e}cba", "\\u{202e}"),
    ("a\u{2066}b", "\\u{2066}"),
    ("a\u{200b}b", "\\u{200b}"),
    ("=HYPERLINK(\"http://x\")", "=HYP"),
    ("@SUM(A1)", "@SUM(A1)"),
    ("+1 -1", "+1 -1"),
    (
        "张三李四王五赵六孙七周八吴九郑十张三李四王五赵六孙七周八吴九郑十",
        "张三",
    ),
];

/// Users with these names, which a server no longer takes all of: they are in files of before, and come with imports.
fn place_with_names() -> Installation {
    let mut place = Installation::stopped();
    place.with_server(|base| {
        for n in 0..NAMES.len() {
            let body = json!({
                "users_name": "n", "users_phone": phone(n), "users_picture": "https://example.com/a.png",
                "password": PASSWORD, "passwordConfirm": PASSWORD,
            });
            Call::new("POST", base, "/api/platform/register").json(&body).send().ok();
        }
    });
    Runtime::new().unwrap().block_on(rename(&place));
    place
}

async fn rename(place: &Installation) {
    let location = Location::File(place.path().join("bai.redb"));
    let store = Store::open(&location, 1 << 20).unwrap();
    for (n, (name, _)) in NAMES.iter().enumerate() {
        let phone = Phone::parse(&phone(n)).unwrap();
        let user = store.user_by_phone(&phone).await.unwrap().unwrap();
        let named = User {
            name: (*name).to_owned(),
            ..user.clone()
        };
        store.update(user, named).await.unwrap();
    }
}

fn phone(n: usize) -> String {
    format!("1380000000{n}")
}

fn columns(line: &str) -> usize {
    line.chars()
        .map(|char| {
            if ('\u{1100}'..'\u{ffe7}').contains(&char) && char != '…' {
                2
            } else {
                1
            }
        })
        .sum()
}

#[test]
fn a_table_has_a_line_of_eighty_columns_for_each_user_and_shows_what_hides() {
    let place = place_with_names();
    let table = place.run(&["user", "list"]);
    let lines: Vec<_> = table.ok().lines().collect();
    assert_eq!(lines.len(), NAMES.len() + 1);
    for line in &lines {
        assert!(columns(line) <= 80, "{} columns: {line}", columns(line));
        assert!(
            !line.contains(['\u{202e}', '\u{2066}', '\u{200b}']),
            "{line:?}"
        );
    }
    for (n, (name, shown)) in NAMES.iter().enumerate() {
        let line = lines[NAMES.len() - n];
        assert!(line.contains(&phone(n)), "{line}");
        assert!(line.contains(shown), "{name:?} in {line}");
    }
    assert!(lines[1].contains('…'), "{}", lines[1]);
}

#[test]
fn a_wide_terminal_shows_whole_names() {
    let place = place_with_names();
    let mut command = bai(place.path(), &["user", "list"]);
    let output = command.env("COLUMNS", "300").output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.contains(NAMES[6].0) && table.contains("ManagePlatform"),
        "{table}"
    );
}

#[test]
fn json_shows_what_hides_by_its_number_and_keeps_the_value() {
    let place = place_with_names();
    for args in [&["user", "list", "--json"][..], &["user", "export"]] {
        let said = place.run(args);
        assert!(!said.ok().contains(['\u{202e}', '\u{2066}', '\u{200b}']));
        assert!(said.out.contains("\\u202e"), "{}", said.out);
    }
    let names: Vec<_> = place
        .json(&["user", "list", "--sort", "users_phone"])
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["users_name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, NAMES.map(|(name, _)| name));
}

#[test]
fn a_spreadsheet_reads_the_file_as_text_and_runs_nothing() {
    let place = place_with_names();
    place
        .run(&["user", "export", "users.csv", "--format", "csv"])
        .ok();
    let text = fs::read_to_string(place.path().join("users.csv")).unwrap();
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    assert!(!text.contains(['\u{202e}', '\u{1b}']));
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), NAMES.len());
    for row in &rows {
        for cell in row {
            assert!(
                cell.parse::<f64>().is_ok() || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{cell:?}"
            );
        }
    }
    assert!(text.contains("'=HYPERLINK") && text.contains("'@SUM(A1)") && text.contains("'+1 -1"));
}

#[test]
fn an_export_has_those_who_match() {
    Installation::both(|place| {
        place.create("13800000001", "Anne").ok();
        place.create("13800000002", "Ben").ok();
        place.run(&["user", "disable", "13800000002"]).ok();
        let said = place.run(&["user", "export", "--filter", "users_status = 1"]);
        assert!(
            said.ok().contains("Anne") && !said.out.contains("Ben"),
            "{}",
            said.out
        );
        assert_eq!(said.out.lines().count(), 1);
        place
            .run(&["user", "export", "--filter", "users_nam = 1"])
            .refused(2, "--filter");
    });
}

/// A zone by its rule, so that the machine needs no list of zones.
#[test]
fn times_are_local_with_their_offset() {
    let place = Installation::stopped();
    place.create("13800000001", "Anne").ok();
    let show = |zone: &str, args: &[&str]| {
        let output = bai(place.path(), args).env("TZ", zone).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    place.run(&["backup", "copy.redb"]).ok();
    for args in [
        &["user", "list"][..],
        &["user", "show", "13800000001"],
        &["events"],
        &["key", "list"],
        &["check", "copy.redb"],
    ] {
        for (zone, offset) in [("CST-8", "+08:00"), ("EST5", "-05:00"), ("UTC0", "+00:00")] {
            let shown = show(zone, args);
            assert!(shown.contains(offset), "{zone} {args:?}: {shown}");
        }
        assert!(!show("CST-8", args).contains("Z\n"));
    }
    let json = show("CST-8", &["user", "show", "13800000001", "--json"]);
    let user: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(
        user["created"].as_str().unwrap().ends_with('Z'),
        "programs get UTC"
    );
}
