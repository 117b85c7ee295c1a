//! The examples of docs/roles.md, as a reader sets them and as staff uses them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::app::Answer;
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{COMPANIES, USERS, path};
use crate::support::superuser::Root;

/// The commands of a page that set rules, by its headings.
fn examples(page: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(page);
    let text = fs::read_to_string(path).unwrap();
    let is_command = |line: &&str| line.starts_with("bai rules set ");
    let sections = text.split("\n## ").skip(1);
    sections
        .map(|section| {
            section
                .lines()
                .filter(is_command)
                .map(str::to_owned)
                .collect()
        })
        .collect()
}

/// Sets the rules of an example through the API.
fn set(root: &Root, example: usize) {
    for command in &examples("roles.md")[example] {
        let words: Vec<_> = command.splitn(6, ' ').collect();
        let collection = format!("/api/collections/{}", words[3]);
        if words[5] == "--default" {
            continue;
        }
        let text = words[5].trim_matches('"');
        let body = json!({ words[4]: text });
        root.call("PATCH", &collection).json(&body).send().ok();
    }
}

fn token(root: &Root, n: u32) -> String {
    let login = root.app.login(&format!("138{n:08}"), PASSWORD).ok();
    login["token"].as_str().unwrap().to_owned()
}

/// A user with these fields, who is logged in.
fn member(root: &Root, n: u32, more: &Value) -> (Value, String) {
    let mut fields =
        json!({ "users_idtype": "ManagePlatform", "users_type": "注册用户", "users_status": 1 });
    fields
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    (root.user(n, &fields), token(root, n))
}

fn names(root: &Root, collection: &str, token: &str) -> Vec<String> {
    let list = root
        .app
        .get(&format!("{collection}/records?sort=id"))
        .bearer(token)
        .send()
        .ok();
    let mut names: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            item["users_name"]
                .as_str()
                .unwrap_or("a company")
                .to_owned()
        })
        .collect();
    names.sort();
    names
}

fn change(root: &Root, token: &str, user: &Value, body: &Value) -> Answer {
    root.app
        .call("PATCH", &path(USERS, &user["id"]))
        .bearer(token)
        .json(body)
        .send()
}

fn company(root: &Root) {
    root.create(
        COMPANIES,
        &json!({ "company_id": "acme", "company_name": "Acme" }),
    )
    .ok();
}

#[test]
fn both_languages_give_the_same_commands() {
    let english = examples("roles.md");
    assert_eq!(english.iter().map(Vec::len).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(english, examples("zh-CN/roles.md"));
}

#[test]
fn staff_lists_the_users_of_its_own_company() {
    let root = Root::new();
    company(&root);
    let (_, staff) = member(
        &root,
        1,
        &json!({ "company_id": "acme", "users_rank_level": 5 }),
    );
    let (_, colleague) = member(&root, 2, &json!({ "company_id": "acme" }));
    let (stranger, _) = member(&root, 3, &json!({}));
    let (_, of_none) = member(&root, 4, &json!({ "users_rank_level": 5 }));
    set(&root, 0);
    assert_eq!(names(&root, USERS, &staff), ["用户1", "用户2"]);
    assert_eq!(names(&root, USERS, &colleague), ["用户2"]);
    assert_eq!(names(&root, USERS, &of_none), ["用户4"]);
    let seen = root
        .app
        .get(&path(USERS, &stranger["id"]))
        .bearer(&staff)
        .send();
    assert_eq!(seen.status, 404);
}

#[test]
fn support_disables_users_and_does_nothing_else() {
    let root = Root::new();
    company(&root);
    let (own, support) = member(&root, 1, &json!({ "users_rank_level": 7 }));
    let (user, users) = member(&root, 2, &json!({}));
    let (chief, _) = member(&root, 3, &json!({ "users_rank_level": 8 }));
    set(&root, 1);
    assert_eq!(names(&root, USERS, &support).len(), 3);
    for (who, body) in [
        (&user, json!({ "users_status": 0, "users_rank_level": 9 })),
        (&user, json!({ "users_name": "x" })),
        (&user, json!({ "company_id": "acme" })),
        (
            &user,
            json!({ "users_status": 0, "password": PASSWORD, "passwordConfirm": PASSWORD }),
        ),
        (&user, json!({ "openid": "o_other" })),
        (&chief, json!({ "users_status": 0 })),
        (&own, json!({ "users_rank_level": 9 })),
        (&own, json!({ "users_status": 0 })),
    ] {
        assert_eq!(change(&root, &support, who, &body).status, 404, "{body}");
    }
    assert_eq!(
        change(&root, &users, &chief, &json!({ "users_status": 0 })).status,
        404
    );
    let disabled = change(&root, &support, &user, &json!({ "users_status": 0 })).ok();
    assert_eq!(disabled["users_status"], 0);
    root.app
        .login("13800000002", PASSWORD)
        .assert_error(400, "账号已停用");
    change(&root, &support, &own, &json!({ "users_name": "客服" })).ok();
}

#[test]
fn an_auditor_sees_all_and_changes_nothing() {
    let root = Root::new();
    company(&root);
    let (_, auditor) = member(&root, 1, &json!({ "users_auth_type": 9 }));
    let (user, users) = member(&root, 2, &json!({}));
    set(&root, 2);
    assert_eq!(names(&root, USERS, &auditor), ["用户1", "用户2"]);
    assert_eq!(names(&root, COMPANIES, &auditor), ["a company"]);
    assert_eq!(names(&root, COMPANIES, &users), [""; 0]);
    for body in [json!({ "users_status": 0 }), json!({ "users_name": "x" })] {
        assert_eq!(change(&root, &auditor, &user, &body).status, 404, "{body}");
    }
}
