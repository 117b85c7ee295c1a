//! Access rules at every door, against what a real PocketBase did with the same rules, principals, requests and records:
//! `tests/fixtures/rules/matrix.json`, which `tests/real_pocketbase/record_rules.py` recorded.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::support::app::{Answer, TestApp};
use crate::support::logins::user;
use crate::support::pocketbase_api::{COMPANIES, USERS};
use crate::support::realtime_client::Client;
use crate::support::superuser::Root;

/// Fields that the recording leaves out.
const LEFT_OUT: [&str; 18] = [
    "unionid",
    "created",
    "updated",
    "token",
    "collectionId",
    "collectionName",
    "users_id",
    "users_convers_id",
    "users_id_number",
    "users_idtype",
    "users_type",
    "users_auth_type",
    "users_level",
    "users_picture",
    "users_parent_id",
    "usergroups_id",
    "company_type",
    "company_name",
];

/// Company that changes last, so that what its change is told after is all that there was.
const SENTINEL: &str = "tbl_company/acme00000000001";

fn recorded(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rules");
    let file = folder.join(name);
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// The value without what the recording leaves out.
fn stable(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map
                .iter()
                .filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()));
            Value::Object(
                kept.map(|(key, value)| (key.clone(), stable(value)))
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(stable).collect(),
        other => other.clone(),
    }
}

/// A server with the records of the recording, and with the rules of a case.
struct World<'a> {
    root: Root,
    recorded: &'a Value,
    defaults: BTreeMap<String, Value>,
    tokens: Option<BTreeMap<String, String>>,
    rules: Value,
    before: Value,
}

impl<'a> World<'a> {
    fn new(recorded: &'a Value) -> Self {
        let root = Root::of(TestApp::spawn());
        let names = recorded["world"]["records"].as_object().unwrap().keys();
        let defaults = names.map(|name| (name.clone(), rules_of(&root, name)));
        Self {
            defaults: defaults.collect(),
            root,
            recorded,
            tokens: None,
            rules: json!({}),
            before: Value::Null,
        }
    }

    fn records(&self) -> &'a Map<String, Value> {
        self.recorded["world"]["records"].as_object().unwrap()
    }

    fn set_rules(&mut self, rules: &Value) {
        for (name, defaults) in &self.defaults {
            let mut body = defaults.as_object().unwrap().clone();
            body.extend(rules[name].as_object().cloned().unwrap_or_default());
            let path = format!("/api/collections/{name}");
            self.root
                .call("PATCH", &path)
                .json(&Value::Object(body))
                .send()
                .ok();
        }
        self.rules = rules.clone();
    }

    fn make_records(&self) {
        for (name, records) in self.records() {
            let collection = format!("/api/collections/{name}");
            let there = self
                .root
                .get(&format!("{collection}/records?perPage=500"))
                .ok();
            for record in there["items"].as_array().unwrap() {
                assert_eq!(self.root.delete(&collection, &record["id"]).status, 204);
            }
            for record in records.as_array().unwrap() {
                self.root.create(&collection, record).ok();
            }
        }
    }

    /// The records that are there, by collection and id.
    fn left(&self) -> Value {
        let names = self.records().keys();
        let left = names.map(|name| {
            let path = format!("/api/collections/{name}/records?perPage=500");
            let items = self.root.get(&path).ok()["items"].clone();
            let by_id = items.as_array().unwrap().iter().map(|record| {
                let id = record["id"].as_str().unwrap().to_owned();
                (id, stable(record))
            });
            (name.clone(), Value::Object(by_id.collect()))
        });
        Value::Object(left.collect())
    }

    /// The token of the case's principal, with everything as it is before each request.
    fn prepare(&mut self, case: &Value) -> String {
        if self.tokens.is_none() {
            self.set_rules(&json!({}));
            self.make_records();
            self.before = self.left();
            let principals = self.recorded["world"]["principals"].as_object().unwrap();
            let tokens = principals
                .iter()
                .map(|(name, id)| (name.clone(), self.token(id)));
            self.tokens = Some(tokens.collect());
        }
        if self.rules != case["rules"] {
            self.set_rules(&case["rules"]);
        }
        self.tokens.as_ref().unwrap()[case["as"].as_str().unwrap()].clone()
    }

    fn token(&self, id: &Value) -> String {
        match id.as_str() {
            None => String::new(),
            Some("superuser") => self.root.token.clone(),
            Some(id) => {
                let identity = format!("{}@example.com", &id[..3]);
                let body = json!({ "identity": identity, "password": PASSWORD_OF_ALL });
                let path = format!("{USERS}/auth-with-password");
                let login = self.root.app.post(&path).json(&body).send();
                login.ok()["token"].as_str().unwrap().to_owned()
            }
        }
    }

    fn send(&self, token: &str, request: &Value) -> Answer {
        let method = request["method"].as_str().unwrap();
        let mut call = self
            .root
            .app
            .call(method, request["path"].as_str().unwrap());
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            call = call.header(name, value.as_str().unwrap());
        }
        if !token.is_empty() {
            call = call.header("Authorization", token);
        }
        match request.get("body") {
            Some(body) => call.json(body).send(),
            None => call.send(),
        }
    }

    /// What was done, in the form of the recording.
    fn answers(&mut self, case: &Value) -> Vec<Value> {
        let requests = case["requests"].as_array().unwrap();
        if case.get("topics").is_some() {
            let heard = requests
                .iter()
                .enumerate()
                .map(|(number, request)| self.heard(case, request, number));
            return heard.collect();
        }
        requests
            .iter()
            .map(|request| self.answer(case, request))
            .collect()
    }

    fn answer(&mut self, case: &Value, request: &Value) -> Value {
        let token = self.prepare(case);
        let answer = self.send(&token, request);
        let body = if answer.body.is_empty() {
            Value::Null
        } else {
            stable(&answer.json())
        };
        let mut told = json!({ "status": answer.status, "body": body });
        if answer.status < 300 && request["method"] != "GET" && case["kind"] != "auth" {
            told["left"] = changed(&self.left(), &self.before);
            self.tokens = None;
        }
        told
    }

    fn heard(&mut self, case: &Value, request: &Value, number: usize) -> Value {
        let token = self.prepare(case);
        let mut client = Client::connect(&self.root.app);
        let mut topics: Vec<&str> = case["topics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|topic| topic.as_str().unwrap())
            .collect();
        topics.push(SENTINEL);
        client.subscribe(&self.root.app, &token, &topics);
        let answer = self.send(&self.root.token.clone(), request);
        assert!(answer.status < 300, "{request}");
        let name = json!({ "company_name": format!("Acme {number}") });
        self.root
            .update(COMPANIES, &json!("acme00000000001"), &name)
            .ok();
        let mut heard = Vec::new();
        loop {
            let event = client.next().unwrap();
            if event.name == SENTINEL {
                break;
            }
            heard.push(json!([event.name, stable(&event.data)]));
        }
        heard.sort_by_key(Value::to_string);
        self.tokens = None;
        heard.into()
    }
}

const PASSWORD_OF_ALL: &str = "canary password";

fn rules_of(root: &Root, collection: &str) -> Value {
    let shown = root.get(&format!("/api/collections/{collection}")).ok();
    let rules = shown
        .as_object()
        .unwrap()
        .iter()
        .filter(|(key, _)| key.ends_with("Rule"));
    Value::Object(
        rules
            .map(|(key, rule)| (key.clone(), rule.clone()))
            .collect(),
    )
}

/// The records that are not as they were before, by collection; gone ones are null.
fn changed(after: &Value, before: &Value) -> Value {
    let mut changes = Map::new();
    for (name, records) in after.as_object().unwrap() {
        let old = before[name].as_object().unwrap();
        let new = records.as_object().unwrap();
        let ids = old.keys().chain(new.keys());
        let differing = ids.filter(|id| old.get(*id) != new.get(*id));
        let differing = differing.map(|id| (id.clone(), new.get(id).cloned().unwrap_or_default()));
        let differing: Map<_, _> = differing.collect();
        if !differing.is_empty() {
            changes.insert(name.clone(), differing.into());
        }
    }
    changes.into()
}

/// The recorded answer in the order in which ours are compared.
fn expected(answer: &Value) -> Value {
    let mut expected = answer.clone();
    if let Value::Array(events) = &mut expected {
        events.sort_by_key(Value::to_string);
    }
    expected
}

/// Whether docs/rules.md names the difference: a rule that asks for an openid that only superusers set, and an upsert of a
/// record that is hidden, which we answer as one of a record that is not there.
fn is_named(case: &Value, request: &Value) -> bool {
    let asks_openid = case["rules"].to_string().contains("openid = 'o_own'");
    let upserts = request["body"]["requests"][0]["method"] == "PUT" && case["as"] != "root";
    let id = request["body"]["requests"][0]["body"]["id"].as_str();
    asks_openid || upserts && matches!(id, Some("dan000000000001" | "cat000000000001"))
}

/// The value without the openid of the record that is made, which is the server's where no superuser makes it.
fn without_new_openid(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let is_new = map.get("id").and_then(Value::as_str) == Some("new000000000001");
            let kept = map
                .iter()
                .filter(|(key, _)| !(is_new && key.as_str() == "openid"));
            Value::Object(
                kept.map(|(key, value)| (key.clone(), without_new_openid(value)))
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(without_new_openid).collect(),
        other => other.clone(),
    }
}

/// Replays the cases of these kinds; those that differ, but for named differences.
fn differences(kinds: &[&str]) -> Vec<String> {
    let recorded = recorded("matrix.json");
    let mut world = World::new(&recorded);
    let mut differing = Vec::new();
    let cases = recorded["cases"].as_array().unwrap().iter();
    for case in cases.filter(|case| kinds.contains(&case["kind"].as_str().unwrap())) {
        let answers = world.answers(case);
        for (number, (ours, theirs)) in answers
            .iter()
            .zip(case["answers"].as_array().unwrap())
            .enumerate()
        {
            let request = &case["requests"][number];
            if is_named(case, request) {
                continue;
            }
            let ours = without_new_openid(ours);
            let theirs = without_new_openid(&expected(theirs));
            if ours != theirs {
                differing.push(format!(
                    "{} as {}: {request}\n  ours   {ours}\n  theirs {theirs}",
                    case["rules"], case["as"]
                ));
            }
        }
    }
    differing
}

fn assert_same(kinds: &[&str]) {
    let differing = differences(kinds);
    assert!(
        differing.is_empty(),
        "{} differ:\n{}",
        differing.len(),
        differing.join("\n")
    );
}

#[test]
fn lists_and_views_show_what_pocketbase_shows() {
    assert_same(&["list", "view"]);
}

#[test]
fn records_are_made_as_pocketbase_lets_them_be_made() {
    assert_same(&["create"]);
}

#[test]
fn records_are_changed_and_removed_as_pocketbase_lets_them_be() {
    assert_same(&["update", "delete"]);
}

#[test]
fn managers_may_do_what_they_may_in_pocketbase() {
    assert_same(&["manage"]);
}

#[test]
fn logins_are_refused_as_pocketbase_refuses_them() {
    assert_same(&["auth"]);
}

#[test]
fn requests_of_a_batch_see_those_before_them() {
    assert_same(&["batch"]);
}

#[test]
fn subscribers_hear_what_pocketbase_tells_them() {
    assert_same(&["realtime"]);
}

/// The keys of the companies in an answer, by the users beside whom they are.
fn expanded(answer: &Value) -> Value {
    let records: Vec<_> = match (answer, answer.get("items")) {
        (_, Some(items)) => items.as_array().unwrap().iter().collect(),
        (Value::Array(parts), _) => parts.iter().map(|part| &part["body"]).collect(),
        (record, _) => vec![record],
    };
    let beside = records.iter().filter_map(|record| {
        let company = record.pointer("/expand/company_id/company_id")?;
        Some((record["id"].as_str()?.to_owned(), company.clone()))
    });
    Value::Object(beside.collect())
}

/// The company that is expanded is asked about with the request that it is beside, each request of a batch by itself.
#[test]
fn companies_are_expanded_as_pocketbase_expands_them() {
    let matrix = recorded("matrix.json");
    let mut world = World::new(&matrix);
    let mut differing = Vec::new();
    let cases = recorded("expand.json");
    for case in cases.as_array().unwrap() {
        let users = json!({ "listRule": "", "viewRule": "", "updateRule": "" });
        let rules = json!({ "tbl_auth_users": users, "tbl_company": { "viewRule": case["rule"] } });
        let token = world.prepare(&json!({ "rules": rules, "as": case["as"] }));
        let mut request = case.to_string().replace("EXPAND", "company_id");
        request = request.replace(r#""body":null,"#, "");
        let mut request: Value = serde_json::from_str(&request).unwrap();
        request["headers"] = json!({ "X-Key": "k" });
        let ours = expanded(&world.send(&token, &request).ok());
        if ours != case["expanded"] {
            differing.push(format!("{case}\n  ours {ours}"));
        }
    }
    assert!(
        differing.is_empty(),
        "{} differ:\n{}",
        differing.len(),
        differing.join("\n")
    );
}

/// Tells on each route the same of a record that is hidden and of one that is not there: status, text and counts.
#[test]
fn a_hidden_record_is_as_one_that_does_not_exist() {
    let root = Root::of(TestApp::spawn());
    let hidden = root.user(1, &json!({ "company_id": "ACME" }));
    let own = root.user(2, &json!({}));
    let login = json!({ "identity": own["email"], "password": crate::support::canary::PASSWORD });
    let path = format!("{USERS}/auth-with-password");
    let login = root.app.post(&path).json(&login).send().ok();
    let user = login["token"].as_str().unwrap();
    for rules in [
        json!({}),
        json!({ "deleteRule": "id = @request.auth.id", "createRule": "company_id = 'NONE'" }),
        json!({ "updateRule": "company_id = 'NONE'", "deleteRule": "company_id = 'NONE'", "viewRule": "company_id = 'NONE'" }),
    ] {
        root.call("PATCH", USERS).json(&rules).send().ok();
        for token in ["", user] {
            let id = hidden["id"].as_str().unwrap();
            for request in routes() {
                let told = told(&root, token, &request, id);
                let of_missing = self::told(&root, token, &request, "none00000000001");
                assert_eq!(told, of_missing, "{rules} {request}");
            }
        }
    }
}

/// Requests about the record `ID`.
fn routes() -> Vec<Value> {
    let get = |query: &str| {
        let query = query.replace('\'', "%27").replace('|', "%7C");
        json!({ "method": "GET", "path": format!("{USERS}/records{query}") })
    };
    let batch = |method: &str, url: &str, body: Value| {
        let requests =
            json!([{ "method": method, "url": format!("{USERS}/records{url}"), "body": body }]);
        json!({ "method": "POST", "path": "/api/batch", "body": { "requests": requests } })
    };
    let send = |method: &str, body: Value| json!({ "method": method, "path": format!("{USERS}/records/ID"), "body": body });
    vec![
        get("/ID"),
        get("/ID?expand=company_id&fields=id"),
        get("?filter=id='ID'"),
        get("?filter=id='ID'&skipTotal=1"),
        get("?filter=id!='ID'"),
        get("?sort=-users_name,id&filter=id='ID'||users_status=1"),
        send("PATCH", json!({ "users_name": "x" })),
        send(
            "PATCH",
            json!({ "email": "x@example.com", "users_phone": "13800000001" }),
        ),
        send(
            "PATCH",
            json!({ "password": "other password", "passwordConfirm": "other password", "oldPassword": "guessed password" }),
        ),
        send("DELETE", json!({})),
        batch("PATCH", "/ID", json!({ "users_name": "x" })),
        batch("DELETE", "/ID", json!({})),
        batch("PUT", "", json!({ "id": "ID", "users_name": "x" })),
    ]
}

fn told(root: &Root, token: &str, request: &Value, id: &str) -> (u16, String) {
    let request: Value = serde_json::from_str(&request.to_string().replace("ID", id)).unwrap();
    let path = request["path"].as_str().unwrap();
    let mut call = root.app.call(request["method"].as_str().unwrap(), path);
    if !token.is_empty() {
        call = call.header("Authorization", token);
    }
    let answer = match request.get("body") {
        Some(body) => call.json(body).send(),
        None => call.send(),
    };
    (answer.status, answer.text().to_owned())
}

/// Fields that the default rule keeps from their user.
const KEPT: [&str; 8] = [
    "openid",
    "users_idtype",
    "users_status",
    "users_rank_level",
    "users_auth_type",
    "users_id",
    "users_convers_id",
    "tokenKey",
];

/// Bodies that try to change a field, in each form that a body has for it.
fn attempts(field: &str) -> Vec<String> {
    let keys = ["F", "F+", "F-", "+F", "F:autogenerate", "F ", "f"];
    let values = [
        "null",
        "0",
        "9",
        "-1",
        "9.5",
        "1e308",
        "true",
        r#""9""#,
        r#"" 9 ""#,
        r#""inf""#,
        r#""NaN""#,
        r#""""#,
        r#""ManagePlatform""#,
        r#"["WeChat"]"#,
        r#""[\"WeChat\"]""#,
        "[9]",
        "{}",
        r#""\u0000""#,
    ];
    let key = |key: &str| match key {
        "f" => field.to_uppercase(),
        key => key.replace('F', field),
    };
    let single = keys.iter().flat_map(|name| {
        let body = |value: &&str| format!(r#"{{"{}":{value}}}"#, key(name));
        values.iter().map(body).collect::<Vec<_>>()
    });
    let several = [
        r#"{"F":0,"F":9}"#,
        r#"{"F":9,"F":0}"#,
        r#"{"F":0,"F+":9}"#,
        r#"{"F+":9,"F":0}"#,
        r#"{"F+":9,"F-":5}"#,
        r#"{"F":"a","F":"b"}"#,
    ];
    single
        .chain(several.map(|body| body.replace('F', field)))
        .collect()
}

#[test]
fn no_form_of_a_body_changes_what_the_default_rule_keeps() {
    let root = Root::of(TestApp::spawn());
    let (id, token) = user(&root.app, "13800000001");
    let own = format!("{USERS}/records/{id}");
    let before = root.get(&own).ok();
    for field in KEPT {
        for body in attempts(field) {
            let forms = [
                ("application/json", body.clone()),
                (
                    "application/x-www-form-urlencoded",
                    format!("@jsonPayload={}", body.replace('+', "%2B")),
                ),
            ];
            for (content_type, body) in forms {
                let call = root.app.call("PATCH", &own).header("Authorization", &token);
                let answer = call
                    .header("Content-Type", content_type)
                    .body(body.as_bytes())
                    .send();
                assert!(
                    matches!(answer.status, 200 | 400 | 404),
                    "{body}: {}",
                    answer.text()
                );
                let mut after = root.get(&own).ok();
                after["updated"] = before["updated"].clone();
                assert_eq!(after, before, "{body}");
            }
        }
    }
    // The token key is the same, too: the token is still good.
    let still = root.app.get(&own).header("Authorization", &token).send();
    assert_eq!(still.status, 200);
}
