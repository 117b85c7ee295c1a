//! Deployments with columns and indexes of their own, made on a real PocketBase, move here and back. `BAI_POCKETBASE` is its binary.

use serde_json::{Value, json};

use crate::support::deployment::{USERS, id};
use crate::support::variation::{
    Variation, assert_all_move, field, groups, number, relation, select, text, usual,
};

fn date(name: &str) -> Value {
    json!({ "name": name, "type": "date" })
}

/// Columns whose values a program other than PocketBase has written.
fn written_by_others(name: &'static str, sql: &'static str) -> Variation {
    field(name, &text("own_text"))
        .field(&number("own_number"))
        .field(&json!({ "name": "own_bool", "type": "bool" }))
        .field(&date("own_date"))
        .field(&select("own_choice", &["a", "b"], 1))
        .field(&select("own_choices", &["a", "b"], 2))
        .field(&json!({ "name": "own_json", "type": "json" }))
        .field(&json!({ "name": "own_place", "type": "geoPoint" }))
        .sql(sql)
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn columns_of_any_type_come_and_go_back() {
    let variations = vec![
        field("roles", &select("roles", &["a", "b", "c"], 3))
            .field(&json!({ "name": "vip", "type": "bool" }))
            .platform(json!({ "roles": ["a", "c"], "vip": true }))
            .filters(&["roles:length = 2", "roles:length = 0", "roles:each = 'a'", "roles ~ 'c'", "roles ?= 'c'", "vip = true", "vip = false"]),
        field("relations to what does not come", &relation("groups", "groups000000000", 3)).other(groups()),
        usual("a relation to a user")
            .later_field("tbl_auth_users", relation("invited_by", USERS, 1))
            .platform(json!({ "invited_by": id("wechat", 1) })),
        field("files", &json!({ "name": "papers", "type": "file", "maxSelect": 3 }))
            .sql("UPDATE tbl_auth_users SET papers = '[\"a_1.pdf\",\"b_2.pdf\"]' WHERE users_idtype = 'ManagePlatform'")
            .filters(&["papers:length = 2"]),
        field("times of creation that anybody may set", &date("created"))
            .both(&json!({ "created": "2020-01-01 00:00:00.000Z" })),
        field("one choice that may be several", &select("roles", &["a", "b"], 1)).platform(json!({ "roles": "b" })),
        usual("companies with columns")
            .company_field(&number("credit"))
            .company_field(&select("sizes", &["s", "m"], 2))
            .company(json!({ "credit": 1.5, "sizes": ["s", "m"] })),
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn columns_that_do_not_come_are_named() {
    let note = json!({ "name": "note", "type": "text", "hidden": true });
    let variations = vec![
        field("hidden", &note)
            .platform(json!({ "note": "n" }))
            .both_here(&json!({ "note": null }))
            .both_back(&json!({ "note": "" }))
            .names("note"),
        usual("of a company, hidden")
            .company_field(&note)
            .company(json!({ "note": "n" }))
            .company_here(json!({ "note": null }))
            .company_back(json!({ "note": "" }))
            .names("note"),
        usual("of superusers")
            .later_field("_superusers", text("note"))
            .names("note"),
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn dates_in_any_form_are_those_that_pocketbase_reads() {
    let variations = vec![
        field("without milliseconds", &date("born")).sql(
            "UPDATE tbl_auth_users SET born = '2001-02-03 04:05:06Z', created = '2021-05-05 05:05:05Z', updated = '2021-05-06 05:05:05.5Z'",
        ),
        field("with an offset, and without a time", &date("born")).sql(
            "UPDATE tbl_auth_users SET born = '2001-02-03' WHERE users_idtype = 'WeChat';
             UPDATE tbl_auth_users SET born = '2001-02-03T04:05:06+08:00' WHERE users_idtype != 'WeChat'",
        ),
        field("with microseconds, and none", &date("born")).sql(
            "UPDATE tbl_auth_users SET born = '2001-02-03 04:05:06.123456Z' WHERE users_idtype = 'WeChat';
             UPDATE tbl_auth_users SET born = 'yesterday' WHERE users_idtype != 'WeChat'",
        ),
        usual("of a record, with an offset").sql("UPDATE tbl_auth_users SET created = '2001-02-03T04:05:06+08:00', updated = '2001-02-03'"),
        usual("of a company, with seconds").sql("UPDATE tbl_company SET created = '2001-02-03 04:05:06', updated = '2001-02-03T04:05:06Z'"),
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn values_that_others_wrote_are_read_as_pocketbase_reads_them() {
    let variations = vec![
        written_by_others(
            "nothing at all",
            "ALTER TABLE tbl_auth_users DROP COLUMN own_bool; ALTER TABLE tbl_auth_users ADD COLUMN own_bool BOOLEAN;
             ALTER TABLE tbl_auth_users DROP COLUMN own_choices; ALTER TABLE tbl_auth_users ADD COLUMN own_choices JSON;
             ALTER TABLE tbl_auth_users DROP COLUMN own_text; ALTER TABLE tbl_auth_users ADD COLUMN own_text TEXT;
             ALTER TABLE tbl_auth_users DROP COLUMN own_number; ALTER TABLE tbl_auth_users ADD COLUMN own_number NUMERIC;
             ALTER TABLE tbl_auth_users DROP COLUMN own_date; ALTER TABLE tbl_auth_users ADD COLUMN own_date TEXT;
             ALTER TABLE tbl_auth_users DROP COLUMN own_place; ALTER TABLE tbl_auth_users ADD COLUMN own_place JSON",
        )
        .filters(&["own_choices:length = 0", "own_text = ''", "own_date = ''"]),
        written_by_others(
            "empty texts",
            "UPDATE tbl_auth_users SET own_number = '', own_bool = '', own_choices = '', own_json = '', own_place = ''",
        ),
        written_by_others("texts", "UPDATE tbl_auth_users SET own_number = '1.5', own_bool = 'true', own_choices = 'a', own_choice = 1"),
        written_by_others("numbers", "UPDATE tbl_auth_users SET own_bool = 1, own_text = 1.5, own_number = 1e300"),
        written_by_others("texts that are none", "UPDATE tbl_auth_users SET own_number = 'abc', own_bool = 'no', own_date = 'x'"),
        written_by_others("JSON that is none", "UPDATE tbl_auth_users SET own_json = '{'"),
        written_by_others("bytes", "UPDATE tbl_auth_users SET own_text = x'c3a4', own_choice = x'61'"),
    ];
    assert_all_move(variations);
}
