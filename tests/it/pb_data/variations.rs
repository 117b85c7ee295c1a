//! Deployments whose fields of the contract are of other types, made on a real PocketBase, move here and back. `BAI_POCKETBASE` is
//! its binary.

use serde_json::{Value, json};

use crate::support::deployment::{COMPANIES, id};
use crate::support::variation::{
    assert_all_move, field, groups, lacks, number, relation, select, text, usual,
};

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn a_status_of_any_type_says_who_may_log_in() {
    let status = |value: Value| json!({ "users_status": value });
    let variations = vec![
        usual("as the contract has it"),
        usual("set to 0")
            .platform(status(json!(0)))
            .logins(200, 400),
        field("text", &text("users_status")).both(&status(json!("1"))),
        field("text that was never set", &text("users_status"))
            .both(&status(Value::Null))
            .both_here(&status(json!("1")))
            .both_back(&status(json!("1"))),
        field("text 0", &text("users_status"))
            .both(&status(json!("1")))
            .platform(status(json!("0")))
            .logins(200, 400),
        field("bool", &json!({ "name": "users_status", "type": "bool" }))
            .both(&status(json!(true))),
        field(
            "bool false of one",
            &json!({ "name": "users_status", "type": "bool" }),
        )
        .wechat(status(json!(true)))
        .platform(status(json!(false)))
        .logins(200, 400),
        field("select", &select("users_status", &["0", "1"], 1)).both(&status(json!("1"))),
        field("json", &json!({ "name": "users_status", "type": "json" })).both(&status(json!(1))),
        lacks("missing", "users_status")
            .both(&status(Value::Null))
            .both_here(&status(json!(1))),
        usual("never set by anybody")
            .both(&status(Value::Null))
            .both_here(&status(json!(1)))
            .both_back(&status(json!(1))),
        field(
            "hidden",
            &json!({ "name": "users_status", "type": "number", "hidden": true }),
        ),
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn a_phone_is_found_in_whatever_form_it_was_kept() {
    let phone = |value: &str| json!({ "users_phone": value });
    let cleaned = |name: &'static str, kept: &str| {
        usual(name)
            .platform(phone(kept))
            .platform_here(phone("13800000002"))
            .platform_back(phone("13800000002"))
    };
    let variations = vec![
        field("number", &number("users_phone"))
            .platform(json!({ "users_phone": 13_800_000_002_i64 })),
        field(
            "hidden",
            &json!({ "name": "users_phone", "type": "text", "hidden": true }),
        ),
        cleaned("with a country code", "+86 138-0000-0002"),
        cleaned("with two zeros", "0086 13800000002"),
        cleaned("full-width", "１３８０００００００２"),
        cleaned("with something invisible", "\u{202a}13800000002\u{202c}"),
        usual("a landline of a WeChat user")
            .wechat(phone("010-12345678"))
            .wechat_here(phone(""))
            .wechat_back(phone("")),
        usual("a masked one of a WeChat user")
            .wechat(phone("138****0001"))
            .wechat_here(phone(""))
            .wechat_back(phone("")),
        usual("a WeChat user's own").wechat(phone("13700000001")),
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn a_user_s_company_is_found_however_it_is_named() {
    let company = |value: Value| json!({ "company_id": value });
    let key = id("company", 1);
    let view = json!({ "type": "view", "name": "tbl_company",
        "viewQuery": "SELECT id, title AS company_id, title AS company_name FROM groups" });
    let mut as_view = usual("a view").other(groups()).company_name(None);
    as_view.collections.companies = view;
    let variations = vec![
        field("relation", &relation("company_id", COMPANIES, 1)).platform(company(json!(key))),
        field("relation to several", &relation("company_id", COMPANIES, 2))
            .platform(company(json!([key]))),
        field("select", &select("company_id", &["c-1", "c-2"], 1)),
        usual("a text with the record's id").platform(company(json!(key))),
        usual("none")
            .platform(company(Value::Null))
            .company_name(None),
        lacks("missing", "company_id")
            .platform(company(Value::Null))
            .both_here(&company(json!("")))
            .company_name(None),
        field("numbers", &number("company_id"))
            .company_field(&number("company_id"))
            .company(company(json!(7)))
            .platform(company(json!(7))),
        as_view,
    ];
    assert_all_move(variations);
}

#[test]
#[ignore = "needs a real PocketBase: BAI_POCKETBASE=/path/to/pocketbase"]
fn texts_of_the_contract_of_other_types_come_and_go_back_in_their_shape() {
    let file = json!({ "name": "users_picture", "type": "file", "maxSelect": 1 });
    let variations = vec![
        field("a group of several choices", &select("usergroups_id", &["x", "y", "z"], 3))
            .platform(json!({ "usergroups_id": ["x", "z"] })),
        field("a group that is one choice", &select("usergroups_id", &["x", "y", "z"], 1))
            .platform(json!({ "usergroups_id": "x" })),
        field("groups that are users", &relation("usergroups_id", COMPANIES, 5))
            .platform(json!({ "usergroups_id": [id("company", 1)] })),
        field("groups as JSON", &json!({ "name": "usergroups_id", "type": "json" }))
            .platform(json!({ "usergroups_id": ["x", 1, null] })),
        field("a level with a fraction", &number("users_level"))
            .platform(json!({ "users_level": 1.5 })),
        field("a level that is a choice", &select("users_level", &["gold", "silver"], 1))
            .platform(json!({ "users_level": "gold" })),
        field("a rank as a text", &text("users_rank_level"))
            .both(&json!({ "users_rank_level": "5" })),
        field("a kind of login that is a choice", &select("users_auth_type", &["1", "2"], 1))
            .both(&json!({ "users_auth_type": "2" })),
        field("kinds of users as texts", &text("users_idtype")).field(&text("users_type")),
        field("a name with HTML", &json!({ "name": "users_name", "type": "editor" }))
            .platform(json!({ "users_name": "<p>张三</p>" })),
        field("a picture as an address", &json!({ "name": "users_picture", "type": "url" })),
        field("a picture as a file", &file)
            .platform(json!({ "users_picture": null }))
            .sql("UPDATE tbl_auth_users SET users_picture = 'a_x1y2z3.png' WHERE users_idtype = 'ManagePlatform'"),
        field("numbers of users as numbers", &number("users_id"))
            .both(&json!({ "users_id": 17 })),
        field("a hidden code", &json!({ "name": "users_promo_code", "type": "text", "hidden": true }))
            .platform(json!({ "users_promo_code": "p-1" })),
        lacks("without groups and levels", "usergroups_id").both_here(&json!({ "usergroups_id": "" })),
    ];
    assert_all_move(variations);
}
