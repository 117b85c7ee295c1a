//! Records that rules hide: nothing that somebody sends makes the server tell of them, be it by an answer, by an order, or by the work that
//! an answer takes. Work is counted by its budget, never by the clock: what costs more is refused, or logged.

use bai::domain::{Company, RecordId};
use serde_json::{Value, json};

use crate::support::app::{Answer, Call, TestApp, registration};
use crate::support::canary::PASSWORD;
use crate::support::installation::Installation;
use crate::support::logins::user;
use crate::support::pocketbase_api::{COMPANIES, USERS};
use crate::support::realtime_client::Client;
use crate::support::steps::Step;
use crate::support::superuser::{EMAIL, Root};
use crate::support::users::now;

/// A rule that looks at pairs of companies, of which none is what it asks for.
const PAIRS: &str = "@collection.tbl_company:a.company_name ?~ @collection.tbl_company:b.created";

/// Companies of which there are more pairs than a rule may look at.
const COMPANIES_OF_MANY_PAIRS: usize = 48;

fn encoded(text: &str) -> String {
    let bytes: Vec<_> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

fn list(root: &Root, token: &str, query: &[(&str, &str)]) -> Answer {
    let query = query
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)));
    let query: Vec<_> = query.collect();
    root.app
        .get(&format!("{USERS}/records?{}", query.join("&")))
        .header("Authorization", token)
        .send()
}

fn set(root: &Root, rules: &Value) {
    root.call("PATCH", USERS).json(rules).send().ok();
}

fn make_companies(root: &Root, count: usize) {
    for n in 0..count {
        let company = json!({ "company_id": format!("c{n}"), "company_name": format!("n{n}") });
        root.create(COMPANIES, &company).ok();
    }
}

/// A comparison of a long text with itself, as often as there is room for: it costs too much of whoever has one, and little of others.
fn dear() -> String {
    vec!["users_picture ~ users_picture"; 90].join(" || ")
}

/// Gives the user a picture of which no part is where its pattern is looked for.
fn long_picture(id: &RecordId) -> Step {
    Step::change_user(id, |user| user.picture = format!("{}\\b", "a".repeat(8000)))
}

/// A server with a user whose picture is long, and with one who asks.
fn with_long_picture() -> (Root, RecordId, String) {
    let root = Root::of(TestApp::spawn());
    make_companies(&root, 2);
    let (hidden, _) = user(&root.app, "13800000001");
    let (_, token) = user(&root.app, "13800000002");
    root.app.take([long_picture(&hidden)]);
    (root, hidden, token)
}

/// The rules hide the user with the long picture; a filter that costs too much of that user costs nothing, whatever it asks first.
#[test]
fn a_filter_is_not_evaluated_of_records_that_the_rule_hides() {
    let (root, hidden, token) = with_long_picture();
    let name = "@collection.tbl_company.company_name";
    for rule in [
        "id = @request.auth.id".to_owned(),
        "users_phone = '13800000002'".to_owned(),
        "users_phone ~ '2'".to_owned(),
        format!("users_phone ~ '2' && {name} ?= 'n1'"),
        format!("{name} ?= 'n1' && users_phone ~ '2'"),
        format!("{name} ?= 'n1' && {name} ?!= users_phone && users_phone ~ '2'"),
        format!("{name} ?!= users_phone && {name} ?= users_name"),
        format!("({name} ?!= users_phone && users_phone ~ '2') || {name} ?= users_name"),
        format!("{name} ?!= users_phone && (users_phone = '13800000002' || {name} ?= 'x')"),
    ] {
        set(&root, &json!({ "listRule": rule }));
        for condition in [
            format!("id = '{hidden}'"),
            "users_phone = '13800000001'".to_owned(),
            "users_phone ~ '13800000001%'".to_owned(),
            "users_phone ~ '0001'".to_owned(),
            "users_rank_level = 0".to_owned(),
        ] {
            for filter in [
                format!("{condition} && ({})", dear()),
                format!("({condition} && ({})) || id = 'x'", dear()),
            ] {
                for sort in ["", "users_name", "-created"] {
                    let answer = list(&root, &token, &[("filter", &filter), ("sort", sort)]);
                    assert_eq!(
                        answer.status,
                        200,
                        "{rule} with {condition}, {sort}: {}",
                        answer.text()
                    );
                }
            }
        }
    }
    // To whom it is shown, it costs what it costs.
    set(&root, &json!({ "listRule": "" }));
    assert_eq!(list(&root, &token, &[("filter", &dear())]).status, 400);
}

/// Names of the listed users, without what all have.
fn order(root: &Root, token: &str, query: &[(&str, &str)]) -> String {
    let list = list(root, token, query).ok();
    let items = list["items"].as_array().unwrap().iter();
    let names = items.map(|item| item["users_name"].as_str().unwrap().replace("用户", ""));
    names.collect()
}

#[test]
fn hidden_mail_addresses_make_no_order() {
    let root = Root::of(TestApp::spawn());
    let mails = [
        ("d", false),
        ("b", true),
        ("a", false),
        ("c", true),
        ("e", false),
    ];
    for (n, (mail, shows)) in (1..).zip(mails) {
        let email = format!("{mail}@example.com");
        root.user(n, &json!({ "email": email, "emailVisibility": shows }));
    }
    let (_, token) = user(&root.app, "13900000001");
    for rule in [
        "users_phone ~ '138%'",
        "users_phone ~ '138'",
        "users_phone ~ '138' && users_picture != 'x'",
    ] {
        set(&root, &json!({ "listRule": rule }));
        // Those that are hidden are as none, in the order of creation.
        for (sort, expected) in [
            ("email", "13524"),
            ("-email", "42135"),
            ("email:lower", "13524"),
            ("users_status,email", "13524"),
            ("email,-users_phone", "53124"),
        ] {
            assert_eq!(
                order(&root, &token, &[("sort", sort)]),
                expected,
                "{rule} {sort}"
            );
            let pages = ["1", "2", "3"].map(|page| {
                order(
                    &root,
                    &token,
                    &[("sort", sort), ("perPage", "2"), ("page", page)],
                )
            });
            assert_eq!(pages.concat(), expected, "{rule} {sort}");
        }
        let all = [("sort", "email"), ("filter", "users_phone ~ '138'")];
        assert_eq!(order(&root, &root.token, &all), "32415");
    }
}

/// Changes of hidden records end no stream, however much the rule costs for the topics of a user.
#[test]
fn a_subscriber_is_not_cut_by_what_a_rule_costs_of_a_hidden_record() {
    let root = Root::of(TestApp::spawn());
    make_companies(&root, 24);
    let hidden = root.user(1, &json!({}));
    let (_, token) = user(&root.app, "13900000001");
    let rule = format!("id = @request.auth.id || {PAIRS}");
    root.call("PATCH", COMPANIES)
        .json(&json!({ "listRule": "" }))
        .send()
        .ok();
    set(&root, &json!({ "listRule": rule, "viewRule": rule }));
    let id = hidden["id"].as_str().unwrap();
    let topic = |n| format!(r#"tbl_auth_users/{id}?options={{"query":{{"n":"{n}"}}}}"#);
    let mut topics: Vec<_> = (0..90).map(topic).collect();
    topics.push("tbl_company/*".to_owned());
    let mut client = Client::connect(&root.app);
    let topics: Vec<_> = topics.iter().map(String::as_str).collect();
    client.subscribe(&root.app, &token, &topics);
    root.update(USERS, &hidden["id"], &json!({ "users_name": "x" }))
        .ok();
    let company = json!({ "company_id": "last", "company_name": "last" });
    root.create(COMPANIES, &company).ok();
    assert_eq!(
        client.next().expect("the stream was cut").name,
        "tbl_company/*"
    );
}

/// Lists look at the records only that an index names, be it by the rule or by the filter: the other user costs too much.
#[test]
fn lists_look_at_what_an_index_names_in_the_rule_or_in_the_filter() {
    let (root, _, token) = with_long_picture();
    for (rule, filter, is_indexed) in [
        ("id = @request.auth.id", "", true),
        ("@request.auth.id = id", "users_status = 1", true),
        ("users_phone = @request.auth.users_phone", "", true),
        (
            "openid = @request.auth.openid && users_status = 1",
            "",
            true,
        ),
        ("email = @request.auth.email", "", true),
        ("users_phone ~ '13800000002%'", "", true),
        ("users_status = 1", "users_phone = '13800000002'", true),
        ("users_status = 1", "users_phone ~ '13800000002%'", true),
        ("users_phone != ''", "users_phone = '13800000002'", true),
        ("users_phone ~ '2'", "", false),
        ("users_status = 1", "users_phone ~ '2'", false),
        ("id = @request.auth.id || users_phone ~ '2'", "", false),
    ] {
        set(
            &root,
            &json!({ "listRule": format!("({}) && ({rule})", dear()) }),
        );
        let answer = list(&root, &token, &[("filter", filter)]);
        let expected = if is_indexed { 200 } else { 400 };
        assert_eq!(
            answer.status,
            expected,
            "{rule}, {filter}: {}",
            answer.text()
        );
        if is_indexed {
            assert_eq!(answer.json()["totalItems"], 1, "{rule}, {filter}");
        }
    }
}

/// Of companies there are more than a rule may look at: it looks at what an index names.
#[test]
fn rules_that_join_look_at_what_an_index_names() {
    let root = Root::of(TestApp::spawn());
    root.app.take((0..1500).map(company));
    let (id, token) = user(&root.app, "13800000001");
    root.app
        .change_user(&id, |user| user.company_id = "c700".into());
    let company = "@collection.tbl_company";
    for (rule, seen) in [
        (format!("{company}.company_id ?= company_id"), 1),
        (format!("company_id ?= {company}.company_id"), 1),
        (
            format!("{company}.company_id ?= @request.auth.company_id && {company}.id ?!= id"),
            1,
        ),
        (
            format!("{company}.company_id ?= company_id && {company}:b.id ?= {company}.id"),
            1,
        ),
        (format!("{company}.created ?= company_id"), 0),
    ] {
        set(&root, &json!({ "viewRule": rule, "listRule": rule }));
        let view = root
            .app
            .get(&format!("{USERS}/records/{id}"))
            .header("Authorization", &token);
        assert_eq!(view.send().status == 200, seen == 1, "{rule}");
        let answer = list(&root, &token, &[]);
        assert_eq!(answer.status, if seen == 1 { 200 } else { 400 }, "{rule}");
    }
}

fn company(n: usize) -> Step {
    Step::insert(Company {
        id: RecordId::parse(&format!("c{n:014}")).unwrap(),
        number: 0,
        company_id: format!("c{n}"),
        columns: "{}".to_owned(),
        created: now(),
        updated: now(),
    })
}

/// Requests about a record, which a rule has to be asked of.
fn requests(id: &str) -> Vec<(&'static str, String, Option<Value>)> {
    let record = format!("{USERS}/records/{id}");
    let name = json!({ "users_name": "x" });
    let batch = |method: &str, url: &str, body: &Value| {
        let request = json!({ "method": method, "url": url, "body": body });
        (
            "POST",
            "/api/batch".to_owned(),
            Some(json!({ "requests": [request] })),
        )
    };
    vec![
        ("GET", record.clone(), None),
        ("GET", format!("{record}?expand=company_id"), None),
        ("PATCH", record.clone(), Some(name.clone())),
        ("DELETE", record.clone(), None),
        batch("PATCH", &record, &name),
        batch("DELETE", &record, &json!({})),
        batch(
            "PUT",
            &format!("{USERS}/records"),
            &json!({ "id": id, "users_name": "x" }),
        ),
    ]
}

/// The rules that were too costly, by the log of a server that was asked each request about the record.
fn too_costly(place: &mut Installation, token: &str, id: &str) -> usize {
    place.start();
    let server = place.server.take().unwrap();
    for (method, path, body) in requests(id) {
        let call = Call::new(method, &server.base, &path).header("Authorization", token);
        let answer = match body {
            Some(body) => call.json(&body).send(),
            None => call.send(),
        };
        assert!(
            matches!(answer.status, 400 | 404),
            "{method} {path}: {}",
            answer.text()
        );
    }
    server.signal("-TERM");
    let (is_stopped, log) = server.wait();
    assert!(is_stopped);
    log.matches("an access rule costs too much").count()
}

/// The rule costs too much of any record, which the log counts: each request asks it as often of a record that is not there.
#[test]
fn a_record_that_is_not_there_takes_the_work_of_a_hidden_one() {
    let mut place = Installation::empty();
    place.start();
    place
        .run_with(&["superuser", "create", EMAIL], PASSWORD)
        .ok();
    let base = place.server.as_ref().unwrap().base.clone();
    let post = |path: &str, token: &str, body: &Value| {
        let call = Call::new("POST", &base, path).header("Authorization", token);
        call.json(body).send().ok()
    };
    let login = json!({ "identity": EMAIL, "password": PASSWORD });
    let root = post(
        "/api/collections/_superusers/auth-with-password",
        "",
        &login,
    );
    let root = root["token"].as_str().unwrap();
    let companies = (0..COMPANIES_OF_MANY_PAIRS).map(|n| {
        let body = json!({ "company_id": format!("c{n}"), "company_name": format!("n{n}") });
        json!({ "method": "POST", "url": format!("{COMPANIES}/records"), "body": body })
    });
    let companies: Vec<_> = companies.collect();
    post("/api/batch", root, &json!({ "requests": companies }));
    let register = |phone: &str| post("/api/platform/register", "", &registration(phone, PASSWORD));
    let hidden = register("13800000001");
    let own = register("13800000002");
    for rule in ["viewRule", "updateRule", "deleteRule"] {
        place
            .run(&["rules", "set", "tbl_auth_users", rule, PAIRS])
            .ok();
    }
    place.stop();
    let token = own["token"].as_str().unwrap();
    let of_hidden = too_costly(&mut place, token, hidden["record"]["id"].as_str().unwrap());
    assert!(of_hidden >= requests("").len());
    for missing in ["none00000000001", "000000000000000", "zzzzzzzzzzzzzzz"] {
        assert_eq!(
            too_costly(&mut place, token, missing),
            of_hidden,
            "{missing}"
        );
    }
}
