//! Values in a deployment's own columns that PocketBase did not write: they are read as PocketBase 0.40.6 reads them.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::binary::run;
use crate::support::canary::PASSWORD;
use crate::support::pb_data::{PbData, phone, user_id};

/// A type, what SQLite has in the column, and what PocketBase answers.
fn readings() -> Vec<(Value, &'static str, Value)> {
    let of_type = |name: &str| json!({ "type": name });
    let several = || json!({ "type": "select", "maxSelect": 3, "values": ["a"] });
    vec![
        (of_type("text"), "x'c3a4'", json!("ä")),
        (of_type("editor"), "1.5", json!("1.5")),
        (of_type("number"), "''", json!(0)),
        (of_type("number"), "'abc'", json!(0)),
        (of_type("number"), "'1.5'", json!(1.5)),
        (of_type("number"), "1e300", json!(1e300)),
        (of_type("bool"), "''", json!(false)),
        (of_type("bool"), "'no'", json!(false)),
        (of_type("bool"), "'true'", json!(true)),
        (of_type("bool"), "1", json!(true)),
        (of_type("date"), "'yesterday'", json!("")),
        (
            of_type("date"),
            "'2001-02-03 04:05:06.123456Z'",
            json!("2001-02-03 04:05:06.123Z"),
        ),
        (several(), "''", json!([])),
        (several(), "'a'", json!(["a"])),
        (several(), "2", json!(["2"])),
        (of_type("json"), "NULL", Value::Null),
        (of_type("json"), "0", json!(0)),
        (of_type("json"), "-0.5", json!(-0.5)),
        (of_type("json"), "1e300", json!(1e300)),
        (of_type("json"), "''", json!("")),
        (of_type("json"), "'{'", json!("{")),
        (of_type("json"), "'abc'", json!("abc")),
        (of_type("json"), "'[1]'", json!([1])),
    ]
}

/// A PocketBase whose user has all these values, each in a column of its own.
fn with_readings() -> PbData {
    let pb = PbData::with_users(1);
    for (n, (described, value, _)) in readings().iter().enumerate() {
        let column = format!("own_{n}");
        pb.set_column("tbl_auth_users", &column, described);
        pb.execute(&format!("UPDATE tbl_auth_users SET {column} = {value}"));
    }
    pb
}

/// What the user's login answers after a move.
fn login_after_a_move(pb: &PbData) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let (output, out, err) = run(
        dir.path(),
        &["import", "pocketbase", pb.path().to_str().unwrap()],
    );
    assert!(output.status.success(), "{out}{err}");
    let location = bai::store::Location::File(dir.path().join("bai.redb"));
    let app = TestApp::spawn_on(&location, |_| ());
    app.login(&phone(1), PASSWORD).ok()
}

#[test]
fn values_of_any_kind_are_read_as_pocketbase_reads_them() {
    let record = login_after_a_move(&with_readings())["record"].clone();
    assert_eq!(record["id"], user_id(1).as_str());
    for (n, (described, value, expected)) in readings().iter().enumerate() {
        assert_eq!(record[format!("own_{n}")], *expected, "{described} {value}");
    }
}

#[test]
fn options_without_providers_are_read_in_the_form_of_every_version() {
    for none in ["json('null')", "json('[]')"] {
        let pb = PbData::with_users(1);
        pb.execute(&format!(
            "UPDATE _collections SET options = json_set(options, '$.oauth2.providers', {none}) WHERE type = 'auth'"
        ));
        assert_eq!(login_after_a_move(&pb)["record"]["id"], user_id(1).as_str());
    }
}
