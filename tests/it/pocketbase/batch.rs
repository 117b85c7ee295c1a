//! Several changes of records at once: all of them or none.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp};
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{COMPANIES, SUPERUSERS, USERS, assert_error, path};
use crate::support::superuser::{Root, as_others_see, person};

const FAILED: &str = "Batch transaction failed.";
const INVALID: &str = "Invalid batch request data.";
const NOT_FOUND: &str = "The requested resource wasn't found.";

fn create(collection: &str, body: &Value) -> Value {
    json!({ "method": "POST", "url": format!("{collection}/records"), "body": body })
}

fn update(collection: &str, id: &Value, body: &Value) -> Value {
    json!({ "method": "PATCH", "url": path(collection, id), "body": body })
}

fn delete(collection: &str, id: &Value) -> Value {
    json!({ "method": "DELETE", "url": path(collection, id) })
}

fn send(root: &Root, requests: &[Value]) -> Answer {
    root.call("POST", "/api/batch")
        .json(&json!({ "requests": requests }))
        .send()
}

/// What a batch says of the request that failed.
fn failed(index: usize, status: u16, message: &str, data: &Value) -> Value {
    json!({ "requests": { index.to_string(): {
        "code": "batch_request_failed", "message": "Batch request failed.",
        "response": { "data": data, "message": message, "status": status },
    }}})
}

#[test]
fn a_hundred_changes_of_two_users_at_once_are_all_made_single_ones_and_batches() {
    let root = Root::new();
    let users = [1, 2].map(|n| root.user(n, &json!({}))["id"].clone());
    let more = json!({ "users_rank_level+": 1 });
    std::thread::scope(|scope| {
        for n in 0..100 {
            let (first, second) = (&users[n % 2], &users[1 - n % 2]);
            let (root, more) = (&root, &more);
            scope.spawn(move || {
                match n % 5 {
                    0 => send(
                        root,
                        &[update(USERS, first, more), update(USERS, second, more)],
                    ),
                    _ => root.update(USERS, first, more),
                }
                .ok()
            });
        }
    });
    let levels = users.map(|id| root.get(&path(USERS, &id)).ok()["users_rank_level"].clone());
    assert_eq!(levels, [60, 60], "40 single ones each, and 20 batches");
}

#[test]
fn a_batch_is_done_in_order_and_a_later_request_sees_an_earlier_one() {
    let root = Root::new();
    let user = root.user(1, &json!({ "users_rank_level": 1 }));
    let id = json!("batchcompany001");
    let mut changes = root.app.app.store.changes();
    let answer = send(
        &root,
        &[
            create(COMPANIES, &json!({ "id": id, "company_id": "C1" })),
            update(
                USERS,
                &user["id"],
                &json!({ "users_rank_level+": 2, "company_id": "C1" }),
            ),
            update(USERS, &user["id"], &json!({ "users_rank_level+": 2 })),
            update(COMPANIES, &id, &json!({ "company_name": "见" })),
            create(USERS, &person(2, &json!({}))),
            delete(COMPANIES, &id),
        ],
    );
    let results = answer.ok();
    let statuses: Vec<_> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 204]);
    assert_eq!(results[2]["body"]["users_rank_level"], 5);
    assert_eq!(results[3]["body"]["company_name"], "见");
    assert_eq!(results[5].to_string(), r#"{"body":null,"status":204}"#);
    assert_eq!(root.get(&path(USERS, &user["id"])).ok(), results[2]["body"]);
    assert_eq!(root.get(&path(COMPANIES, &id)).status, 404);
    assert_eq!(
        root.app.login("13800000002", PASSWORD).ok()["record"],
        as_others_see(&results[4]["body"])
    );
    let told: Vec<_> = std::iter::from_fn(|| changes.try_recv().ok()).collect();
    assert_eq!(told.len(), 6);
}

#[test]
fn of_a_batch_that_fails_nothing_is_done_or_told() {
    let root = Root::new();
    let (user, other) = (root.user(1, &json!({})), root.user(2, &json!({})));
    let company = root.create(COMPANIES, &json!({ "company_id": "C1" })).ok();
    let mut changes = root.app.app.store.changes();
    let before = [
        create(COMPANIES, &json!({ "company_id": "C2" })),
        update(
            USERS,
            &user["id"],
            &json!({ "openid": "o_9", "users_phone": "" }),
        ),
        delete(COMPANIES, &company["id"]),
        delete(USERS, &other["id"]),
    ];
    let unique = json!({ "company_id": { "code": "validation_not_unique", "message": "Value must be unique." } });
    let blank =
        json!({ "company_id": { "code": "validation_required", "message": "Cannot be blank." } });
    for (wrong, status, message, data) in [
        (
            create(COMPANIES, &json!({ "company_id": "C2" })),
            400,
            "Failed to create record.",
            unique,
        ),
        (
            create(COMPANIES, &json!({})),
            400,
            "Failed to create record.",
            blank,
        ),
        (delete(USERS, &other["id"]), 404, NOT_FOUND, json!({})),
        (
            update(USERS, &other["id"], &json!({})),
            404,
            NOT_FOUND,
            json!({}),
        ),
        (
            delete(SUPERUSERS, &root.record["id"]),
            400,
            "You can't delete the only existing superuser.",
            json!({}),
        ),
        (
            json!({ "method": "GET", "url": path(USERS, &user["id"]) }),
            400,
            SOMETHING,
            json!({}),
        ),
        (
            json!({ "method": "POST", "url": format!("{USERS}/auth-refresh") }),
            400,
            SOMETHING,
            json!({}),
        ),
        (
            json!({ "method": "DELETE", "url": "http://127.0.0.1:1/x" }),
            400,
            SOMETHING,
            json!({}),
        ),
        (
            create("/api/collections/nope", &json!({})),
            404,
            "Missing collection context.",
            json!({}),
        ),
    ] {
        let requests = [&before[..], &[wrong], &[create(COMPANIES, &json!({}))]].concat();
        assert_error(
            &send(&root, &requests),
            400,
            FAILED,
            &failed(4, status, message, &data),
        );
    }
    assert_eq!(root.get(&path(USERS, &user["id"])).ok(), user);
    assert_eq!(root.get(&path(USERS, &other["id"])).ok(), other);
    assert_eq!(
        root.get(&format!("{COMPANIES}/records")).ok()["items"],
        json!([company])
    );
    assert_eq!(
        root.app.login("13800000001", PASSWORD).status,
        200,
        "the indexes are as they were"
    );
    assert!(changes.try_recv().is_err());
}

const SOMETHING: &str = "Something went wrong while processing your request.";

#[test]
fn an_upsert_makes_what_is_not_there_and_changes_what_is() {
    let root = Root::new();
    let put = |collection: &str, body: &Value| json!({ "method": "PUT", "url": format!("{collection}/records?fields=id,company_name,users_name"), "body": body });
    let id = "upsertcompany01";
    let results = send(
        &root,
        &[
            put(
                COMPANIES,
                &json!({ "id": id, "company_id": "C1", "company_name": "a" }),
            ),
            put(COMPANIES, &json!({ "id": id, "company_name": "b" })),
            put(COMPANIES, &json!({ "company_id": "C2" })),
            put(USERS, &person(1, &json!({ "id": "upsertuser00001" }))),
            put(
                USERS,
                &json!({ "id": "upsertuser00001", "users_name": "李四" }),
            ),
        ],
    );
    let results = results.ok();
    assert_eq!(results[0]["body"], json!({ "company_name": "a", "id": id }));
    assert_eq!(results[1]["body"], json!({ "company_name": "b", "id": id }));
    assert_eq!(results[2]["body"]["company_name"], "");
    assert_eq!(
        results[4]["body"],
        json!({ "id": "upsertuser00001", "users_name": "李四" })
    );
    assert_eq!(
        root.get(&format!("{COMPANIES}/records")).ok()["totalItems"],
        2
    );
    assert_eq!(root.app.login("13800000001", PASSWORD).status, 200);
}

#[test]
fn rules_hold_for_each_request_of_a_batch() {
    let root = Root::new();
    let (user, other) = (root.user(1, &json!({})), root.user(2, &json!({})));
    let token = root.app.login("13800000001", PASSWORD).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let as_user = |requests: &[Value]| {
        root.app
            .post("/api/batch")
            .bearer(&token)
            .json(&json!({ "requests": requests }))
            .send()
    };
    let own = update(USERS, &user["id"], &json!({ "users_level": "B" }));
    assert_eq!(
        as_user(std::slice::from_ref(&own)).ok()[0]["body"]["users_level"],
        "B"
    );
    let foreign = update(USERS, &other["id"], &json!({ "users_level": "B" }));
    let refused = failed(1, 404, NOT_FOUND, &json!({}));
    assert_error(&as_user(&[own.clone(), foreign]), 400, FAILED, &refused);
    let rank = update(USERS, &user["id"], &json!({ "users_rank_level": 9 }));
    assert_error(&as_user(&[own.clone(), rank]), 400, FAILED, &refused);
    let only = failed(
        0,
        403,
        "Only superusers can perform this action.",
        &json!({}),
    );
    assert_error(
        &as_user(&[create(COMPANIES, &json!({ "company_id": "C1" }))]),
        400,
        FAILED,
        &only,
    );
    let mut with_header = own;
    with_header["headers"] = json!({ "Authorization": token });
    let as_nobody = root
        .app
        .post("/api/batch")
        .json(&json!({ "requests": [with_header] }))
        .send();
    assert_error(
        &as_nobody,
        400,
        FAILED,
        &failed(0, 404, NOT_FOUND, &json!({})),
    );
}

#[test]
fn guesses_of_an_old_password_count_in_a_batch_too() {
    let root = Root::of(TestApp::spawn_with(|config| config.limits.enabled = true));
    let user = root.user(1, &json!({}));
    let token = root.app.login("13800000001", PASSWORD).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let new = "canary-new-password";
    let guess = json!({ "password": new, "passwordConfirm": new, "oldPassword": "canary-wrong" });
    let statuses: Vec<_> = (0..8)
        .map(|_| {
            root.app.clock.advance(Duration::from_millis(3001));
            let requests = json!({ "requests": [update(USERS, &user["id"], &guess)] });
            root.app
                .post("/api/batch")
                .bearer(&token)
                .json(&requests)
                .send()
                .status
        })
        .collect();
    assert_eq!(statuses, [400, 400, 400, 400, 400, 400, 400, 429]);
}

#[test]
fn a_batch_is_read_as_pocketbase_reads_it() {
    let root = Root::new();
    let blank = json!({ "code": "validation_required", "message": "Cannot be blank." });
    let batch = |body: &str| {
        root.call("POST", "/api/batch")
            .header("Content-Type", "application/json")
            .body(body.as_bytes())
            .send()
    };
    for body in ["", "{}", r#"{"requests":[]}"#, r#"{"requests":null}"#] {
        assert_error(&batch(body), 400, INVALID, &json!({ "requests": blank }));
    }
    for body in ["{", "[]", r#"{"requests":1}"#, r#"{"requests":[1]}"#] {
        assert_error(
            &batch(body),
            400,
            "Failed to read the submitted batch data.",
            &json!({}),
        );
    }
    let many = json!({ "requests": vec![delete(USERS, &json!("xxxxxxxxxxxxxxx")); 51] });
    let too_many = json!({ "requests": {
        "code": "validation_length_too_long", "message": "The length must be no more than 50.",
        "params": { "max": 50, "min": 0 },
    }});
    assert_error(&batch(&many.to_string()), 400, INVALID, &too_many);
    let no_url = json!({ "requests": { "0": { "url": blank } } });
    assert_error(
        &batch(r#"{"requests":[{"method":"POST"}]}"#),
        400,
        INVALID,
        &no_url,
    );
    let no_method = json!({ "requests": { "0": { "method": blank } } });
    assert_error(
        &batch(r#"{"requests":[{"url":"/x"}]}"#),
        400,
        INVALID,
        &no_method,
    );
    let payload = json!({ "requests": [create(COMPANIES, &json!({ "company_id": "C1" }))] });
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"@jsonPayload\"\r\n\r\n{payload}\r\n--x--\r\n"
    );
    let form = root
        .call("POST", "/api/batch")
        .header("Content-Type", "multipart/form-data; boundary=x")
        .body(form.as_bytes());
    assert_eq!(form.send().ok()[0]["body"]["company_id"], "C1");
    assert_error(&root.get("/api/batch"), 404, "File not found.", &json!({}));
}
