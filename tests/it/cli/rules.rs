//! Access rules shown and set by commands.

use bai::domain::{Kind, RuleName};
use bai::store::{Location, Store};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::app::{Call, registration};
use crate::support::canary::PASSWORD;
use crate::support::installation::Installation;
use crate::support::pocketbase_api::{COMPANIES, USERS};
use crate::support::superuser::EMAIL;

const OWN_COMPANY: &str = "company_id = @request.auth.company_id";

/// The text of a rule, as `bai rules show` has it.
fn rule(place: &Installation, collection: &str, rule: &str) -> Value {
    let rules = place.json(&["rules", "show", collection]);
    let rules = rules.as_array().unwrap();
    let row = rules.iter().find(|row| row["rule"] == rule).unwrap();
    row["text"].clone()
}

#[test]
fn rules_are_shown_and_set() {
    Installation::both(|place| {
        let shown = place.json(&["rules", "show"]);
        let shown = shown.as_array().unwrap();
        assert_eq!(shown.len(), 12);
        assert!(
            shown.iter().all(|rule| rule["is_default"] == true),
            "{shown:?}"
        );
        for (args, collection, name, text) in [
            (
                &["listRule", OWN_COMPANY][..],
                "tbl_auth_users",
                "listRule",
                OWN_COMPANY.into(),
            ),
            (
                &["view", "--everybody"],
                "tbl_auth_users",
                "viewRule",
                "".into(),
            ),
            (
                &["VIEW", "--default"],
                "tbl_auth_users",
                "viewRule",
                "id = @request.auth.id".into(),
            ),
            (
                &["list", "--everybody"],
                "tbl_company",
                "listRule",
                "".into(),
            ),
            (
                &["list", "--superusers"],
                "tbl_company",
                "listRule",
                Value::Null,
            ),
        ] {
            place
                .run(&[&["rules", "set", collection], args].concat())
                .ok();
            assert_eq!(rule(place, collection, name), text, "{args:?}");
        }
        let said = place.run(&["rules", "show", "tbl_auth_users"]);
        let line = |name: &str| {
            said.ok()
                .lines()
                .find(|line| line.contains(name))
                .unwrap()
                .to_owned()
        };
        assert!(line("listRule").contains(OWN_COMPANY) && line("listRule").ends_with("no"));
        assert!(
            line("createRule").contains("superusers only") && line("createRule").ends_with("yes")
        );
        assert!(line("authRule").contains("everybody"));
    });
}

#[test]
fn what_cannot_be_a_rule_is_refused_with_what_to_do() {
    Installation::both(|place| {
        for (args, code, why) in [
            (
                &["tbl_nope", "list", "--everybody"][..],
                1,
                "tbl_auth_users and tbl_company have rules",
            ),
            (
                &["_superusers", "list", "--everybody"],
                2,
                "none binds superusers",
            ),
            (
                &["tbl_company", "auth", "--everybody"],
                1,
                "its rules are listRule, viewRule, createRule, updateRule, deleteRule",
            ),
            (
                &["tbl_auth_users", "list", "colour = 1"],
                2,
                "listRule: Invalid rule. Raw error: unknown field \"colour\" at byte 0",
            ),
            (
                &["tbl_auth_users", "manage", "--everybody"],
                2,
                "manageRule: Cannot be blank",
            ),
            (
                &["tbl_auth_users", "list", ""],
                2,
                "say --everybody if that is meant",
            ),
        ] {
            place
                .run(&[&["rules", "set"], args].concat())
                .refused(code, why);
        }
        for args in [
            &["list"][..],
            &["list", "id = 1", "--everybody"],
            &["list", "--everybody", "--default"],
        ] {
            assert_eq!(
                place
                    .run(&[&["rules", "set", "tbl_auth_users"], args].concat())
                    .code,
                2
            );
        }
        let rules = place.json(&["rules", "show"]);
        assert!(
            rules
                .as_array()
                .unwrap()
                .iter()
                .all(|rule| rule["is_default"] == true)
        );
    });
}

#[test]
fn an_operators_change_is_an_event() {
    Installation::both(|place| {
        place
            .run(&["rules", "set", "tbl_company", "list", "--everybody"])
            .ok();
        place
            .run(&["rules", "set", "tbl_company", "list", "--everybody"])
            .ok();
        let events = place.json(&["events", "--kind", "rule-change"]);
        let events = events.as_array().unwrap();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["actor"], "operator");
        assert_eq!(events[0]["subject"], "tbl_company.listRule");
        assert_eq!(events[0]["detail"], "null -> \"\"");
    });
}

#[test]
fn a_backup_brings_back_the_rules_that_it_has() {
    Installation::both(|place| {
        let set = |text: &str| {
            place
                .run(&["rules", "set", "tbl_auth_users", "list", text])
                .ok();
        };
        set(OWN_COMPANY);
        place.run(&["backup", "copy.redb"]).ok();
        set("users_rank_level > 3");
        place.run(&["restore", "copy.redb", "--yes"]).ok();
        assert_eq!(rule(place, "tbl_auth_users", "listRule"), OWN_COMPANY);
    });
}

/// Rules of a later version, which this one cannot read.
const LATER: &str = "users_name.later() = 1";

/// A folder whose database has rules that cannot be read in the place of all, with the tokens of a superuser and of a user, and the id
/// of the user.
fn with_later_rules() -> (Installation, String, String, String) {
    let mut place = Installation::empty();
    place.start();
    place
        .run_with(&["superuser", "create", EMAIL], PASSWORD)
        .ok();
    let base = place.server.as_ref().unwrap().base.clone();
    let post = |path: &str, body: &Value| Call::new("POST", &base, path).json(body).send().ok();
    let login = json!({ "identity": EMAIL, "password": PASSWORD });
    let root = post("/api/collections/_superusers/auth-with-password", &login);
    let user = post(
        "/api/platform/register",
        &registration("13800138000", PASSWORD),
    );
    place.stop();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = Store::open(&Location::File(place.path().join("bai.redb")), 1 << 20).unwrap();
    for kind in [Kind::Users, Kind::Companies] {
        let rules = RuleName::of(kind).iter();
        let rules = rules.map(|name| (*name, Some(LATER.to_owned()))).collect();
        let changed = store.change_rules(kind, rules, Timestamp::UNIX_EPOCH);
        runtime.block_on(changed).unwrap();
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        place,
        text(&root["token"]),
        text(&user["token"]),
        text(&user["record"]["id"]),
    )
}

#[test]
fn rules_that_cannot_be_read_let_superusers_in_only_and_are_told_of() {
    let (mut place, root, token, id) = with_later_rules();
    let token = token.as_str();
    let why = "unknown function";
    let shows = |place: &Installation| {
        let rules = place.json(&["rules", "show"]);
        let rules = rules.as_array().unwrap();
        assert_eq!(rules.len(), 12);
        for rule in rules {
            assert_eq!(rule["text"], LATER);
            assert!(rule["problem"].as_str().unwrap().contains(why), "{rule}");
        }
        let said = place.run(&["rules", "show", "tbl_company"]);
        let told = "superusers only, because it cannot be read: ";
        assert_eq!(said.ok().matches(told).count(), 5, "{}", said.out);
    };
    shows(&place);
    place.start();
    shows(&place);
    let base = place.server.as_ref().unwrap().base.clone();
    let send = |token: &str, method: &str, path: &str, body: &Value| {
        let call = Call::new(method, &base, path).header("Authorization", token);
        if method == "GET" {
            call.send()
        } else {
            call.json(body).send()
        }
    };
    let records = format!("{USERS}/records");
    let own = format!("{records}/{id}");
    let name = json!({ "users_name": "x" });
    for (method, path) in [
        ("GET", &records),
        ("POST", &records),
        ("GET", &own),
        ("PATCH", &own),
        ("DELETE", &own),
    ] {
        assert_eq!(
            send(token, method, path, &name).status,
            403,
            "{method} {path}"
        );
    }
    let companies = format!("{COMPANIES}/records");
    for method in ["GET", "POST"] {
        assert_eq!(
            send(token, method, &companies, &name).status,
            403,
            "{method}"
        );
    }
    let password = json!({ "identity": "13800138000", "password": PASSWORD });
    let login = format!("{USERS}/auth-with-password");
    assert_eq!(send("", "POST", &login, &password).status, 403);
    assert_eq!(
        send(token, "POST", &format!("{USERS}/auth-refresh"), &json!({})).status,
        403
    );
    assert_eq!(send(&root, "GET", &records, &name).ok()["totalItems"], 1);
    send(&root, "PATCH", &own, &name).ok();
    // Set anew, a rule is one.
    place
        .run(&["rules", "set", "tbl_auth_users", "view", "--default"])
        .ok();
    assert_eq!(send(token, "GET", &own, &name).status, 200);
    let server = place.server.take().unwrap();
    server.signal("-TERM");
    let (_, log) = server.wait();
    let before_listening = log.split("bai listens on").next().unwrap();
    let told = "a rule in the database cannot be read: it lets superusers in only";
    assert_eq!(before_listening.matches(told).count(), 12, "{log}");
}
