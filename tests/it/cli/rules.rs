//! Access rules shown and set by commands.

use serde_json::Value;

use crate::support::installation::Installation;

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
