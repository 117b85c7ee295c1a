//! Users changed, found and brought by commands.

use std::fs;

use serde_json::Value;

use crate::support::binary::{Running, bai, run};
use crate::support::installation::Installation;
use crate::support::pb_data::PbData;

const ANNE: &str = "13800000001";
const BEN: &str = "13800000002";

#[test]
fn fields_of_a_user_are_changed_by_name() {
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        place
            .run(&["company", "put", "acme", "company_name=Acme"])
            .ok();
        let said = place.run(&[
            "user",
            "update",
            ANNE,
            "users_name=安妮",
            "company_id=acme",
            "users_rank_level=7",
        ]);
        assert!(said.ok().starts_with("written: "), "{}", said.out);
        let user = place.json(&["user", "show", ANNE]);
        assert_eq!(user["users_name"], "安妮");
        assert_eq!(user["company_id"], "acme");
        assert_eq!(user["users_rank_level"], 7);
        for (args, code, why) in [
            (
                &["user", "update", ANNE, "colour=red"][..],
                2,
                "there is no field colour",
            ),
            (
                &["user", "update", ANNE, "company_id=none"],
                2,
                "there is no company none",
            ),
            (&["user", "update", ANNE, "users_phone=1"], 2, "users_phone"),
            (
                &["user", "update", "nobody", "users_name=x"],
                1,
                "there is no user nobody",
            ),
        ] {
            place.run(args).refused(code, why);
        }
        assert_eq!(place.json(&["user", "show", ANNE]), user);
        assert_eq!(place.run(&["user", "update", ANNE, "users_name"]).code, 2);
    });
}

/// Arguments that are a slip of the pen, and the word of it in the message.
const SLIPS: [(&[&str], &str); 24] = [
    (&["users_status=abc"], "users_status is a number"),
    (&["users_status="], "users_status is a number"),
    (&["users_status= 1"], "users_status is a number"),
    (&["users_status=１"], "users_status is a number"),
    (&["users_status=true"], "users_status is a number"),
    (&["users_status=2"], "users_status"),
    (&["users_status=0.5"], "users_status"),
    (&["users_rank_level=5x"], "users_rank_level is a number"),
    (&["users_rank_level=nan"], "users_rank_level is a number"),
    (&["users_auth_type=inf"], "users_auth_type is a number"),
    (&["verified=maybe"], "verified is true or false"),
    (&["verified=yes"], "verified is true or false"),
    (&["verified="], "verified is true or false"),
    (&["emailVisibility=on"], "emailVisibility is true or false"),
    (&["users_type=nobody"], "users_type"),
    (
        &["users_rank_level=5", "users_rank_level=6"],
        "users_rank_level is given twice",
    ),
    (&["created=2020-01-01"], "created is given by the server"),
    (&["updated=2020-01-01"], "updated is given by the server"),
    (&["id=aaaaaaaaaaaaaaa"], "id is given by the server"),
    (&["users_id=U7"], "users_id is given by the server"),
    (&["users_name="], "users_name must not be empty"),
    (&["users_phone="], "users_phone must not be empty"),
    (
        &["users_rank_level+=5"],
        "there is no field users_rank_level+",
    ),
    (&[], "at least one FIELD=VALUE"),
];

#[test]
fn a_slip_of_the_pen_changes_nothing() {
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        place
            .run(&["company", "put", "acme", "company_status=1"])
            .ok();
        let before = place.json(&["user", "show", ANNE]);
        for (values, why) in SLIPS {
            let args = [&["user", "update", ANNE], values].concat();
            place.run(&args).refused(2, why);
        }
        assert_eq!(place.json(&["user", "show", ANNE]), before);
        let company = place.json(&["company", "show", "acme"]);
        for (key, values, why) in [
            (
                "acme",
                &["company_status=abc"][..],
                "company_status is a number",
            ),
            (
                "acme",
                &["created=2001-01-01"],
                "created is given by the server",
            ),
            (
                "acme",
                &["company_name=a", "company_name=b"],
                "company_name is given twice",
            ),
            ("new", &["company_status="], "company_status is a number"),
            ("new", &["company_id=other"], "no company new"),
        ] {
            let args = [&["company", "put", key], values].concat();
            place.run(&args).refused(2, why);
        }
        assert_eq!(
            place.json(&["company", "list"]),
            serde_json::json!([company])
        );
        for value in [
            "verified=TRUE",
            "verified=0",
            "verified=true",
            "users_rank_level=-1e2",
        ] {
            place.run(&["user", "update", ANNE, value]).ok();
        }
        let after = place.json(&["user", "show", ANNE]);
        assert_eq!(
            (&after["verified"], &after["users_rank_level"]),
            (&true.into(), &(-100).into())
        );
    });
}

#[test]
fn a_line_of_a_table_that_says_no_user_is_listed_with_its_reason() {
    Installation::both(|place| {
        let table = "users_phone,users_name,users_status,verified\n\
            13800000001,Anne,abc,\n\
            13800000002,Ben,,maybe\n\
            ,,,\n\
            ,Cleo,,\n\
            13800000004,,,\n\
            13800000005,Emil,1,FALSE\n\
            13800000006,Fay\u{1b}]0;x\u{7},x\u{1b}[31m,\n\
            \u{20},,,\n";
        fs::write(place.path().join("users.csv"), table).unwrap();
        let said = place.run(&["import", "csv", "users.csv", "--dry-run"]);
        assert_eq!(said.code, 1);
        assert!(!(said.out + &said.err).contains('\u{1b}'));
        let said = place.run(&["import", "csv", "users.csv", "--report", "refused.tsv"]);
        assert_eq!(said.code, 1, "{}", said.err);
        for part in ["users came: 1", "empty lines passed over: 2"] {
            assert!(said.out.contains(part), "{}", said.out);
        }
        let report = fs::read_to_string(place.path().join("refused.tsv")).unwrap();
        for (line, parts) in report.lines().zip([
            ["line 2", "users_status is a number"],
            ["line 3", "verified is true or false"],
            ["line 5", "users_phone"],
            ["line 6", "users_name"],
            ["line 8", "users_status"],
        ]) {
            assert!(parts.iter().all(|part| line.contains(part)), "{line}");
            assert!(!line.contains('\u{1b}'), "{line:?}");
        }
        assert_eq!(report.lines().count(), 5, "{report}");
        let users = place.json(&["user", "list"]);
        assert_eq!(users.as_array().unwrap().len(), 1);
        assert_eq!(users[0]["users_name"], "Emil");
    });
}

#[test]
fn a_company_is_listed_with_its_name() {
    Installation::both(|place| {
        place
            .run(&["company", "put", "acme", "company_name=Acme & 张三"])
            .ok();
        assert!(place.run(&["company", "list"]).ok().contains("Acme & 张三"));
    });
}

#[test]
fn a_list_finds_by_the_beginning_of_a_phone_or_all_of_a_name_that_is_unique() {
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        place.create(BEN, "Ben 138").ok();
        place.create("13900000003", "Cleo 13800000001").ok();
        let anne = place.json(&["user", "show", ANNE]);
        let found = |text: &str, more: &[&str]| -> Vec<String> {
            let list = place.json(&[&["user", "list", text], more].concat());
            let users = list.as_array().unwrap().iter();
            users
                .map(|user| user["users_name"].as_str().unwrap().to_owned())
                .collect()
        };
        let text = |field: &str| anne[field].as_str().unwrap();
        for (text, names) in [
            ("138", &["Ben 138", "Anne"][..]),
            ("1380000", &["Ben 138", "Anne"]),
            ("+86 13800000001", &["Anne"]),
            (ANNE, &["Anne"]),
            (text("id"), &["Anne"]),
            (text("openid"), &["Anne"]),
            (text("email"), &["Anne"]),
            ("nne", &["Anne"]),
            ("0000003", &["Cleo 13800000001"]),
            ("13", &["Cleo 13800000001", "Ben 138", "Anne"]),
            ("139999", &[]),
        ] {
            assert_eq!(found(text, &[]), names, "{text}");
        }
        assert_eq!(found("138", &["--limit", "1", "--page", "2"]), ["Anne"]);
        assert_eq!(found("138", &["--sort", "users_phone"])[0], "Anne");
        let said = place.run(&["user", "list", "138", "--limit", "1"]);
        assert!(said.err.contains("1 of 2"), "{}", said.err);
    });
}

#[test]
fn a_backup_says_in_json_where_it_is() {
    Installation::both(|place| {
        let made = place.json(&["backup"]);
        let path = made["path"].as_str().unwrap();
        assert!(
            path.starts_with('/') && fs::metadata(path).is_ok(),
            "{path}"
        );
        assert_eq!(place.json(&["check", path]), made);
    });
}

#[test]
fn a_new_database_is_told() {
    let place = Installation::empty();
    let args = ["superuser", "create", "root@example.com"];
    let said = place.run_with(&args, "canary-password\n");
    said.ok();
    assert!(
        said.err.contains("bai.redb, a new database") && said.err.contains("BAI_STORE__PATH"),
        "{}",
        said.err
    );
    for args in [&["superuser", "list"][..], &["user", "list"]] {
        assert!(!place.run(args).err.contains("new database"));
    }
}

#[test]
fn version_is_a_command_too() {
    let dir = tempfile::tempdir().unwrap();
    let (_, said, _) = run(dir.path(), &["version"]);
    assert_eq!(said, run(dir.path(), &["--version"]).1);
    assert!(said.starts_with("bai "));
}

#[test]
fn a_server_listens_where_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let command = bai(dir.path(), &["serve", "--listen", "127.0.0.1:0"]);
    // The environment names an address that nobody may take.
    let running = Running::start_at(command, "127.0.0.1:1");
    assert!(!running.base.ends_with(":1"));
    running.signal("-TERM");
    assert!(running.wait().0);
    for (address, why) in [
        ("here", "'--listen <ADDRESS>': expected a socket address"),
        (":8091", "'--listen <ADDRESS>'"),
        ("localhost:8091", "'--listen <ADDRESS>'"),
        ("8091", "'--listen <ADDRESS>'"),
        ("0.0.0.0:0", "sandbox"),
    ] {
        let (output, _, told) = run(dir.path(), &["serve", "--listen", address]);
        assert!(!output.status.success() && told.contains(why), "{told}");
    }
}

const TABLE: &str = "\u{feff}users_phone,users_name,company_id\n\
    13800000001,Anne,acme\n\
    13800000002,'=Ben,\n\
    123,Cleo,\n\
    13800000001,Dora,\n\
    13800000005,Emil,nowhere\n";

#[test]
fn users_come_from_a_table_and_each_who_does_not_is_told_with_the_reason() {
    Installation::both(|place| {
        place.run(&["company", "put", "acme"]).ok();
        fs::write(place.path().join("users.csv"), TABLE).unwrap();

        let preview = place.run(&["import", "csv", "users.csv", "--dry-run"]);
        assert_eq!(preview.code, 1);
        assert!(
            preview.out.contains("users would come: 2"),
            "{}",
            preview.out
        );
        assert!(
            preview.out.contains("line 4\t123\t")
                && preview.err.contains("3 of 5 users would not come")
        );
        assert_eq!(place.json(&["user", "list"]).as_array().unwrap().len(), 0);

        let said = place.run(&["import", "csv", "users.csv", "--report", "refused.tsv"]);
        assert_eq!(said.code, 1, "{}", said.err);
        assert!(
            said.out.contains("users came: 2") && said.out.contains("refused.tsv"),
            "{}",
            said.out
        );
        let report = fs::read_to_string(place.path().join("refused.tsv")).unwrap();
        let lines: Vec<_> = report.lines().collect();
        assert_eq!(lines.len(), 3, "{report}");
        for (line, parts) in lines.iter().zip([
            ["line 4", "users_phone"],
            ["line 5", "users_phone"],
            ["line 6", "there is no company nowhere"],
        ]) {
            assert!(parts.iter().all(|part| line.contains(part)), "{line}");
        }
        let user = |who| place.json(&["user", "show", who]);
        assert_eq!(user(ANNE)["company_id"], "acme");
        assert_eq!(
            user(BEN)["users_name"],
            "=Ben",
            "the apostrophe of the export is taken off"
        );
        place
            .run_with(&["user", "set-password", ANNE], "canary-password\n")
            .ok();
    });
}

#[test]
fn a_table_that_cannot_be_read_changes_nothing() {
    let place = Installation::stopped();
    for (table, why) in [
        (
            &b"users_phone,colour\n13800000001,red\n"[..],
            "there is no field colour",
        ),
        (
            b"users_phone,password\n13800000001,12345678\n",
            "there is no field password",
        ),
        (b"users_phone\n\xd5\xc5\n", "UTF-8"),
        (b"users_phone,users_name\n13800000001\n", "line 2"),
        (
            b"users_phone,users_name\n13900000011,\"a\n13900000012,b\n13900000013,c\n",
            "line 2 opens a quote",
        ),
        (
            b"users_phone,users_name\n13900000011,\"a\n13900000012,b\"\n",
            "line 2 has other lines",
        ),
        (
            b"users_phone,users_name,users_phone\n1,a,2\n",
            "users_phone twice",
        ),
        (
            b"users_phone;users_name\n13900000011;a\n",
            "separated by ';'",
        ),
        (b"", "no line of field names"),
    ] {
        fs::write(place.path().join("users.csv"), table).unwrap();
        place.run(&["import", "csv", "users.csv"]).refused(2, why);
    }
    place
        .run(&["import", "csv", "none.csv"])
        .refused(1, "none.csv");
    assert_eq!(place.json(&["user", "list"]).as_array().unwrap().len(), 0);
}

#[test]
fn an_export_comes_back_as_it_was_but_for_the_passwords() {
    let place = Installation::stopped();
    place.create(ANNE, "=1+1").ok();
    place.create(BEN, "Ben, \"the second\"").ok();
    place
        .run(&["user", "export", "users.csv", "--format", "csv"])
        .ok();
    let other = Installation::stopped();
    fs::copy(
        place.path().join("users.csv"),
        other.path().join("users.csv"),
    )
    .unwrap();
    other.run(&["import", "csv", "users.csv"]).ok();
    for phone in [ANNE, BEN] {
        let [there, here] = [&place, &other].map(|place| place.json(&["user", "show", phone]));
        for field in [
            "id",
            "openid",
            "email",
            "users_name",
            "users_idtype",
            "users_type",
            "users_status",
        ] {
            assert_eq!(there[field], here[field], "{field}");
        }
    }
}

#[test]
fn an_export_that_is_refused_leaves_no_file() {
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        for format in ["csv", "jsonl"] {
            let refused = |filter| {
                let args = [
                    "user", "export", "out", "--format", format, "--filter", filter,
                ];
                place.run(&args)
            };
            refused("x = 1").refused(2, "--filter");
            refused("users_name = ").refused(2, "--filter");
            assert!(!place.path().join("out").exists());
            refused("users_name = 'Anne'").ok();
            fs::remove_file(place.path().join("out")).unwrap();
        }
    });
}

#[test]
fn nothing_that_others_chose_writes_over_the_terminal() {
    let place = Installation::stopped();
    let pb = PbData::with_users(1);
    pb.execute(
        "INSERT INTO _collections (id, name, type, fields, indexes, options, system)
            VALUES ('pbc_orders00001', 'we' || char(27) || '[31mird', 'base', '[]', '[]', '{}', 0);",
    );
    pb.execute("CREATE TABLE \"we\u{1b}[31mird\" (id TEXT PRIMARY KEY);");
    fs::write(place.path().join("users.csv"), "users_ph\u{1b}[31mone\n1\n").unwrap();
    let from = pb.path().to_str().unwrap();
    for (args, word) in [
        (
            &["import", "pocketbase", from, "--dry-run"][..],
            "we\\u{1b}[31mird",
        ),
        (&["import", "csv", "users.csv"], "users_ph\\u{1b}[31mone"),
        (
            &["user", "show", "a\u{1b}[31m\u{202e}b"],
            "a\\u{1b}[31m\\u{202e}b",
        ),
        (&["check", "a\u{1b}]0;x\u{7}b"], "\\u{1b}]0;x\\u{7}"),
    ] {
        let said = place.run(args);
        let told = said.out + &said.err;
        assert!(told.contains(word), "{args:?}: {told:?}");
        assert!(
            !told.contains(['\u{1b}', '\u{202e}', '\u{7}']),
            "{args:?}: {told:?}"
        );
    }
}

#[test]
fn an_import_names_the_collections_that_stay_behind_with_their_records() {
    let place = Installation::stopped();
    let pb = PbData::with_users(1);
    pb.execute(
        "INSERT INTO _collections (id, name, type, fields, indexes, options, system)
            VALUES ('pbc_orders00001', 'orders', 'base', '[]', '[]', '{}', 0);
         CREATE TABLE orders (id TEXT PRIMARY KEY);
         INSERT INTO orders VALUES ('a'), ('b'), ('c');",
    );
    let from = pb.path().to_str().unwrap();
    for more in [&["--dry-run"][..], &[]] {
        let said = place.run(&[&["import", "pocketbase", from], more].concat());
        assert!(
            said.ok()
                .contains("Left behind: the collection orders with 3 records."),
            "{}",
            said.out
        );
        assert!(
            !said.out.contains("_mfas") && !said.out.contains("collection _superusers"),
            "{}",
            said.out
        );
    }
    let users: Value = place.json(&["user", "list"]);
    assert_eq!(users.as_array().unwrap().len(), 1);
}

/// A user of WeChat's by its unionid: found, shown, exported and brought again.
#[test]
fn a_unionid_finds_its_user() {
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        place.create(BEN, "Ben").ok();
        place.run(&["user", "update", ANNE, "unionid=oU'1\\x"]).ok();
        assert_eq!(place.json(&["user", "show", ANNE])["unionid"], "oU'1\\x");
        let found = place.json(&["user", "find", "--unionid", "oU'1\\x"]);
        assert_eq!(
            (found.as_array().unwrap().len(), &found[0]["users_phone"]),
            (1, &ANNE.into())
        );
        let table = place.run(&["user", "find", "--unionid", "oU'1\\x"]);
        assert!(
            table.ok().contains(ANNE) && !table.out.contains(BEN),
            "{}",
            table.out
        );
        place
            .run(&["user", "find", "--unionid", "oU"])
            .refused(1, "nobody has the unionid oU");
        assert_eq!(place.run(&["user", "find"]).code, 2);
        place
            .run(&["user", "update", BEN, "unionid=张"])
            .refused(2, "unionid");
        for format in ["csv", "jsonl"] {
            let out = place.run(&["user", "export", "--format", format]);
            assert!(
                out.ok().contains("unionid") && out.out.contains("oU'1"),
                "{}",
                out.out
            );
        }
        let table = place.path().join("new.csv");
        fs::write(
            &table,
            "users_phone,users_name,unionid\n13800000003,Cy,oU3\n",
        )
        .unwrap();
        place
            .run(&["import", "users", table.to_str().unwrap()])
            .ok();
        let found = place.json(&["user", "find", "--unionid", "oU3"]);
        assert_eq!(found[0]["users_name"], "Cy");
    });
}
