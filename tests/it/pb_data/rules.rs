//! Access rules on their way from PocketBase and back.

use bai::domain::{Kind, Rules};
use rusqlite::Connection;
use serde_json::Value;

use crate::support::installation::{CommandOutput, Installation};
use crate::support::pb_data::PbData;

const STAFF: &str = "id = @request.auth.id || company_id = @request.auth.company_id && @request.auth.users_rank_level >= 5";

/// A PocketBase with rules of its own, one of which nobody here can read.
fn with_rules() -> PbData {
    let pb = PbData::with_users(1);
    let as_here = Rules::default_of(Kind::Users).update;
    let sql = "UPDATE _collections SET updateRule = ?1 WHERE name = 'tbl_auth_users'";
    pb.open().execute(sql, [as_here]).unwrap();
    pb.execute(&format!(
        "UPDATE _collections SET listRule = '{STAFF}', viewRule = 'users_name ?? 1', createRule = '', deleteRule = NULL,
            options = json_set(options, '$.authRule', 'users_status = 1', '$.manageRule', '{STAFF}') WHERE name = 'tbl_auth_users';
         UPDATE _collections SET listRule = '' WHERE name = 'tbl_company'"
    ));
    pb
}

fn import(place: &Installation, pb: &PbData, more: &[&str]) -> CommandOutput {
    let from = pb.path().to_str().unwrap();
    place.run(&[&["import", "pocketbase", from], more].concat())
}

/// The texts of all rules that are not the defaults.
fn changed_rules(place: &Installation) -> Vec<(String, Value)> {
    let rules = place.json(&["rules", "show"]);
    let rules = rules.as_array().unwrap().iter();
    let changed = rules.filter(|rule| rule["is_default"] == false);
    changed
        .map(|rule| {
            let name = format!("{}.{}", rule["collection"], rule["rule"]).replace('"', "");
            (name, rule["text"].clone())
        })
        .collect()
}

fn expected() -> Vec<(String, Value)> {
    [
        ("tbl_auth_users.listRule", STAFF.into()),
        ("tbl_auth_users.viewRule", Value::Null),
        ("tbl_auth_users.createRule", "".into()),
        ("tbl_auth_users.authRule", "users_status = 1".into()),
        ("tbl_auth_users.manageRule", STAFF.into()),
        ("tbl_company.listRule", "".into()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into()
}

#[test]
fn rules_come_when_they_are_asked_for_and_no_wider_than_they_can_be_read() {
    Installation::both(|place| {
        let pb = with_rules();
        let said = import(place, &pb, &[]);
        assert!(
            said.ok().contains(
                "Left behind: rules of PocketBase that are other ones here; --rules brings them"
            ),
            "{}",
            said.out
        );
        assert_eq!(changed_rules(place), []);

        let said = import(place, &pb, &["--rules", "--dry-run"]);
        for told in [
            "Rules that would hold here",
            "tbl_auth_users listRule: who may list users",
            &format!("PocketBase  whoever makes it true: {STAFF}"),
            "tbl_auth_users createRule: who may make users",
            "PocketBase  everybody, guests who have not logged in among them",
            "PocketBase  whoever makes it true: users_status = 1",
            "PocketBase  whoever makes it true, perhaps guests: users_name ?? 1; it cannot",
            "it cannot be a rule here, so: superusers only",
            "here        whoever makes it true: id = @request.auth.id",
        ] {
            assert!(said.ok().contains(told), "no {told:?} in {}", said.out);
        }
        assert_eq!(changed_rules(place), []);

        let said = import(place, &pb, &["--rules"]);
        assert!(
            said.ok().contains("Rules that hold here now"),
            "{}",
            said.out
        );
        assert!(
            said.err
                .contains("PocketBase's viewRule of tbl_auth_users cannot be a rule here"),
            "{}",
            said.err
        );
        assert_eq!(changed_rules(place), expected());
        let events = place.json(&["events", "--kind", "rule-change"]);
        assert_eq!(events.as_array().unwrap().len(), 6);
    });
}

/// Rules of PocketBase may ask for hidden fields; here they let superusers in only, and it is said.
#[test]
fn a_rule_that_asks_for_a_secret_is_closed_and_it_is_said() {
    for text in [
        "tokenKey != ''",
        "password:lower != ''",
        "id = @request.auth.id || @request.auth.tokenKey = 'x'",
        "@collection.tbl_auth_users.tokenKey ?= id",
        "@collection.tbl_auth_users:other.password ?!= ''",
    ] {
        let (pb, place) = (PbData::with_users(1), Installation::empty());
        let sql = "UPDATE _collections SET listRule = ?1 WHERE name = 'tbl_auth_users'";
        pb.open().execute(sql, [text]).unwrap();
        let said = import(&place, &pb, &["--rules"]);
        let why =
            "it cannot be a rule here, so: superusers only. Invalid rule. Raw error: unknown field";
        assert!(said.ok().contains(why), "{text}: {}", said.out);
        let warned = "PocketBase's listRule of tbl_auth_users cannot be a rule here";
        assert!(said.err.contains(warned), "{text}: {}", said.err);
        let rules = place.json(&["rules", "show", "tbl_auth_users"]);
        let list = &rules.as_array().unwrap()[0];
        assert_eq!(
            (&list["rule"], &list["text"]),
            (&"listRule".into(), &Value::Null)
        );
    }
}

#[test]
fn a_new_database_gets_the_rules_with_the_records() {
    let (pb, place) = (with_rules(), Installation::empty());
    import(&place, &pb, &["--rules"]).ok();
    assert_eq!(changed_rules(&place), expected());
}

#[test]
fn another_import_leaves_rules_alone_that_were_set_here() {
    Installation::both(|place| {
        let set = |rule: &str, text: &str| {
            place
                .run(&["rules", "set", "tbl_auth_users", rule, text])
                .ok();
        };
        // Before the first import, too: the collections have other ids then.
        set("delete", "users_rank_level = 1");
        let pb = with_rules();
        pb.execute("UPDATE _collections SET id = 'pbc_of_theirs' WHERE name = 'tbl_auth_users'");
        for text in ["users_rank_level = 2", "users_rank_level = 3"] {
            import(place, &pb, &[]).ok();
            set("list", text);
            import(place, &pb, &[]).ok();
            let rules = [("list", text), ("delete", "users_rank_level = 1")]
                .map(|(rule, text)| (format!("tbl_auth_users.{rule}Rule"), text.into()));
            assert_eq!(changed_rules(place), rules);
        }
    });
}

#[test]
fn an_export_takes_the_rules_along() {
    let (pb, place) = (with_rules(), Installation::empty());
    import(&place, &pb, &["--rules"]).ok();
    place
        .run(&["rules", "set", "tbl_auth_users", "update", "--superusers"])
        .ok();
    place.run(&["export", "pocketbase", "back"]).ok();
    let db = Connection::open(place.path().join("back/data.db")).unwrap();
    let sql = "SELECT json_array(listRule, viewRule, createRule, updateRule, deleteRule, json_extract(options, '$.authRule'),
        json_extract(options, '$.manageRule')) FROM _collections WHERE name = ?";
    let rules = |name: &str| -> Value {
        let text: String = db.query_row(sql, [name], |row| row.get(0)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(
        rules("tbl_auth_users"),
        serde_json::json!([STAFF, null, "", null, null, "users_status = 1", STAFF])
    );
    assert_eq!(
        rules("tbl_company"),
        serde_json::json!(["", "@request.auth.id != ''", null, null, null, null, null])
    );
    assert_eq!(
        rules("_superusers"),
        serde_json::json!([null, null, null, null, null, "", null])
    );
}
