//! Users from a table over HTTP: the fate of each before anything is written, and the import.

use serde_json::{Value, json};

use crate::support::app::Answer;
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{COMPANIES, USERS, assert_error, log_in};
use crate::support::superuser::Root;

const IMPORT: &str = "/api/import/users";
const INVALID: &str = "An error occurred while validating the submitted data.";

fn import(root: &Root, users: &Value, is_trial: bool) -> Answer {
    root.call("POST", IMPORT)
        .json(&json!({ "users": users, "dryRun": is_trial }))
        .send()
}

fn count(root: &Root) -> Value {
    root.get(&format!("{USERS}/records?perPage=1")).ok()["totalItems"].clone()
}

/// The code of what is wrong with one field, for each row.
fn codes(fates: &Value, fields: &[&str]) -> Vec<Value> {
    let rows = fates.as_array().unwrap().iter().zip(fields);
    rows.map(|(fate, field)| fate["body"]["data"][field]["code"].clone())
        .collect()
}

#[test]
fn a_dry_run_tells_the_fate_of_each_row_as_the_import_does_and_writes_nothing() {
    let root = Root::new();
    root.user(1, &json!({}));
    root.create(COMPANIES, &json!({ "company_id": "C001" }))
        .ok();
    let rows = [
        (
            json!({ "users_phone": "13900000001", "users_name": "comes" }),
            "",
            Value::Null,
        ),
        (
            json!({ "users_phone": "13900000002", "users_name": "comes, too", "company_id": "C001" }),
            "",
            Value::Null,
        ),
        (
            json!({ "openid": "o_wechat", "email": "w@example.com", "users_idtype": "WeChat" }),
            "",
            Value::Null,
        ),
        (
            json!({ "users_phone": "13800000001", "users_name": "taken" }),
            "users_phone",
            json!("validation_not_unique"),
        ),
        (
            json!({ "users_phone": "12", "users_name": "no phone" }),
            "users_phone",
            json!("validation_invalid_format"),
        ),
        (
            json!({ "users_phone": "13900000003" }),
            "users_name",
            json!("validation_required"),
        ),
        (
            json!({ "users_phone": "13900000004", "users_name": "no company", "company_id": "C002" }),
            "company_id",
            json!("validation_missing_rel_records"),
        ),
        (
            json!({ "users_phone": "13900000005", "users_name": "no number", "users_status": "abc" }),
            "users_status",
            json!("validation_invalid_value"),
        ),
    ];
    let users: Value = rows.iter().map(|(row, ..)| row.clone()).collect();
    let fields: Vec<_> = rows.iter().map(|(_, field, _)| *field).collect();
    let expected: Vec<_> = rows.iter().map(|(.., code)| code.clone()).collect();
    let fates = import(&root, &users, true).ok();
    let statuses: Vec<_> = fates
        .as_array()
        .unwrap()
        .iter()
        .map(|fate| fate["status"].clone())
        .collect();
    assert_eq!(statuses, [200, 200, 200, 400, 400, 400, 400, 400]);
    assert_eq!(codes(&fates, &fields), expected);
    assert_eq!(
        fates[7]["body"]["data"]["users_status"]["message"],
        "is a number, not \"abc\""
    );
    assert_eq!(count(&root), 1);
    assert_eq!(root.events("kind=record-create").len(), 2);

    assert_eq!(import(&root, &users, false).ok(), fates);
    assert_eq!(count(&root), 4);
    let made = root.get(&format!("{USERS}/records?filter=users_name='comes'"));
    let made = made.ok()["items"][0].clone();
    assert_eq!(
        made["email"],
        format!("{}@manage.local", made["openid"].as_str().unwrap())
    );
    let event = &root.events("kind=record-create")[0];
    assert_eq!(event["actor"], "superuser");
    // Whoever came is there by now.
    let again = import(&root, &users, true).ok();
    assert_eq!(
        again[0]["body"]["data"]["users_phone"]["code"],
        "validation_not_unique"
    );
}

#[test]
fn nobody_but_superusers_imports_and_a_request_is_bounded() {
    let root = Root::new();
    root.user(1, &json!({}));
    let user = log_in(
        &root.app,
        &json!({ "identity": "13800000001", "password": PASSWORD }),
    );
    let token = user.ok()["token"].as_str().unwrap().to_owned();
    let body = json!({ "users": [{ "users_phone": "13900000001", "users_name": "A" }] });
    let refused = root.app.post(IMPORT).bearer(&token).json(&body).send();
    assert_eq!(refused.status, 403);
    assert_eq!(root.app.post(IMPORT).json(&body).send().status, 401);
    assert_eq!(count(&root), 1);

    let blank =
        json!({ "users": { "code": "validation_required", "message": "Cannot be blank." } });
    assert_error(&import(&root, &json!([]), false), 400, INVALID, &blank);
    let many: Value = (0..201).map(|_| json!({ "users_name": "A" })).collect();
    let many = import(&root, &many, true);
    assert_eq!(
        (many.status, &many.json()["data"]["users"]["code"]),
        (400, &json!("validation_length_too_long"))
    );
    for field in ["nothing", "password", "tokenKey"] {
        let unknown = import(
            &root,
            &json!([{ "users_name": "A" }, { field: "x" }]),
            false,
        );
        assert_eq!(unknown.status, 400, "{field}");
        let message = unknown.json()["data"]["users"]["message"].to_string();
        assert!(
            message.contains(&format!("there is no field {field}; there are id, ")),
            "{message}"
        );
    }
    assert_eq!(count(&root), 1);
}
