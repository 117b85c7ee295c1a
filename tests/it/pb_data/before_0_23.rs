//! A deployment on PocketBase 0.22, whose tables are of another form, moves here after one start of a newer one.
//! `BAI_POCKETBASES` is a folder that has the binaries, as `VERSION/bin/pocketbase`.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::support::binary::run;
use crate::support::deployment::{
    Collections, Moved, differences, id, openid, password, phone, platform_user, wechat_user, with,
};
use crate::support::real_pocketbase::{PocketBase, ROOT, binary_of, create_root};

const OLD: &str = "0.22.27";

fn old(data: &Path, args: &[&str]) {
    let mut command = Command::new(binary_of(OLD));
    command.args(args).arg("--dir").arg(data);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().unwrap().success());
}

/// A collection as 0.22 takes it: what says more of a field is in its options, and dates come by themselves.
fn in_old_form(collection: &Value) -> Value {
    let fields = collection["fields"].as_array().unwrap().iter();
    let fields = fields.filter(|field| field["type"] != "autodate");
    let mut old = with(
        collection.clone(),
        &json!({ "fields": null, "passwordAuth": null, "authAlert": null }),
    );
    old["schema"] = fields.map(field_in_old_form).collect();
    old["options"] = match collection["type"].as_str() {
        Some("auth") => {
            json!({ "allowEmailAuth": true, "allowUsernameAuth": true, "minPasswordLength": 8 })
        }
        _ => json!({}),
    };
    old
}

fn field_in_old_form(field: &Value) -> Value {
    let is_general = |name: &str| ["name", "type", "required"].contains(&name);
    let all = field.as_object().unwrap().clone().into_iter();
    let (general, options): (Map<_, _>, Map<_, _>) = all.partition(|(name, _)| is_general(name));
    with(general.into(), &json!({ "options": options }))
}

/// Users of both kinds on PocketBase 0.22, and what it answers about them.
fn make(data: &Path) -> Vec<Value> {
    old(data, &["migrate", "up"]);
    old(data, &["admin", "create", ROOT.0, ROOT.1]);
    let pb = PocketBase::start_binary(&binary_of(OLD), data);
    let login = json!({ "identity": ROOT.0, "password": ROOT.1 });
    let answer = pb.ok("POST", "/api/admins/auth-with-password", "", &login);
    let root = answer["token"].as_str().unwrap();
    let mut collections = Collections::of_the_contract();
    for field in [
        json!({ "name": "vip", "type": "bool" }),
        json!({ "name": "roles", "type": "select", "maxSelect": 3, "values": ["a", "b", "c"] }),
        json!({ "name": "tags", "type": "json", "maxSize": 2000 }),
    ] {
        collections.user_field(&field);
    }
    for collection in [&collections.companies, &collections.users] {
        pb.ok("POST", "/api/collections", root, &in_old_form(collection));
    }
    let create = |collection: &str, form: &Value| {
        let path = format!("/api/collections/{collection}/records");
        pb.ok("POST", &path, root, form);
    };
    create(
        "tbl_company",
        &json!({ "id": id("company", 1), "company_id": "c-1", "company_name": "某公司" }),
    );
    let own =
        json!({ "vip": true, "roles": ["a", "c"], "tags": { "x": [1] }, "company_id": "c-1" });
    create("tbl_auth_users", &with(wechat_user(1), &own));
    create("tbl_auth_users", &with(platform_user(2), &own));
    create(
        "tbl_auth_users",
        &with(platform_user(3), &json!({ "username": "named" })),
    );
    let records = pb.records("tbl_auth_users", root);
    pb.stop();
    records
}

fn moves_after_a_start_of(newer: &str) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("pb_data");
    let records = make(&data);
    let (output, _, err) = run(dir.path(), &["import", "pocketbase", "pb_data"]);
    assert!(
        !output.status.success() && err.contains("start a newer PocketBase"),
        "{err}"
    );
    // The first command brings the tables into their new form.
    create_root(&binary_of(newer), &data);
    let (output, out, err) = run(dir.path(), &["import", "pocketbase", "pb_data"]);
    assert!(output.status.success(), "{out}{err}");
    let moved = Moved::serve(dir.path());
    let found = differences(&records, &moved.records("tbl_auth_users"));
    assert!(found.is_empty(), "{newer}: {}", found.join("\n"));
    assert_eq!(moved.wechat_login(&openid(1)).0, 200);
    for n in [2, 3] {
        assert_eq!(moved.platform_login(&phone(n), &password(n)).0, 200);
    }
    moved.stop();
}

#[test]
#[ignore = "needs PocketBase 0.22.27 and 0.23.12: BAI_POCKETBASES=/path/of/all/versions"]
fn pocketbase_0_22_moves_here_after_one_start_of_0_23() {
    moves_after_a_start_of("0.23.12");
}

#[test]
#[ignore = "needs PocketBase 0.22.27 and 0.40.6: BAI_POCKETBASES=/path/of/all/versions"]
fn pocketbase_0_22_moves_here_after_one_start_of_0_40() {
    moves_after_a_start_of("0.40.6");
}
