//! The report of an import and of a dry run: as text, as a file and as JSON.

use std::fs;

use serde_json::{Value, json};

use crate::support::installation::Installation;
use crate::support::pb_data::{PbData, USERS, user_id};

/// A PocketBase with something of every kind that is not brought.
fn with_everything() -> PbData {
    let pb = PbData::with_users(3);
    pb.execute(&format!(
        "INSERT INTO _collections (id, name, type, fields, indexes, options, system) VALUES
            ('pbc_orders00001', 'orders', 'base', '[]', '[]', '{{}}', 0),
            ('pbc_totals00001', 'totals', 'view', '[]', '[]', '{{}}', 0);
         CREATE TABLE orders (id TEXT PRIMARY KEY);
         INSERT INTO orders VALUES ('a'), ('b');
         ALTER TABLE tbl_auth_users ADD COLUMN scan TEXT DEFAULT '' NOT NULL;
         UPDATE _collections SET fields = json_insert(fields, '$[#]', json('{{\"name\":\"scan\",\"type\":\"file\",\"maxSelect\":1,\"protected\":true}}'))
            WHERE name = 'tbl_auth_users';
         UPDATE tbl_auth_users SET scan = 'a_1.png' WHERE openid = 'openid-2';
         CREATE UNIQUE INDEX idx_own ON tbl_auth_users (nickname, company_id) WHERE nickname != '';
         CREATE INDEX idx_name ON tbl_auth_users (users_name);
         INSERT INTO _externalAuths (id, collectionRef, recordRef, provider, providerId) VALUES
            ('e1', '{USERS}', '{}', 'google', '1'), ('e2', '{USERS}', '{}', 'google', '2'), ('e3', '{USERS}', '{0}', 'gitee', '3');
         UPDATE _collections SET options = json_set(options, '$.oauth2.enabled', json('true'),
            '$.oauth2.providers', json('[{{\"name\":\"google\"}},{{\"name\":\"gitee\"}}]')) WHERE id = '{USERS}';
         UPDATE _params SET value = json_set(CAST(value AS TEXT), '$.smtp.enabled', json('true'), '$.backups.cron', '0 0 * * *',
            '$.superuserIPs', json('[\"127.0.0.1\"]')) WHERE id = 'settings'",
        user_id(1),
        user_id(2)
    ));
    let hooks = pb.path().join("pb_hooks");
    fs::create_dir(&hooks).unwrap();
    fs::write(hooks.join("main.pb.js"), "").unwrap();
    fs::write(hooks.join("types.d.ts"), "").unwrap();
    pb
}

const TOLD: [&str; 12] = [
    "the collection orders with 2 records",
    "the view totals",
    "the collection _externalAuths with 3 records",
    "the files of tbl_auth_users.scan, of 1 records; their names come",
    "tbl_auth_users's index idx_own of nickname,company_id: values of which PocketBase allowed one record may be in several here",
    "tbl_auth_users's index idx_name of users_name",
    "logins with google (OAuth2) do not exist here: who has no other login cannot log in",
    "logins with gitee (OAuth2) do not exist here",
    "the settings of mail (SMTP)",
    "the settings of scheduled backups (here: backup.every)",
    "the settings of addresses of superusers",
    "1 files of hooks in ",
];

#[test]
fn everything_that_is_left_is_in_the_text_in_the_file_and_in_json() {
    Installation::both(|place| {
        let pb = with_everything();
        let from = pb.path().to_str().unwrap();
        for more in [
            &["--dry-run", "--report", "all.tsv"][..],
            &["--accept", "--report", "all.tsv"],
        ] {
            let said = place.run(&[&["import", "pocketbase", from], more].concat());
            let text = said.ok();
            let file = fs::read_to_string(place.path().join("all.tsv")).unwrap();
            let json = place.json(&[&["import", "pocketbase", from], more].concat());
            let reasons = json["notes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|note| note["reason"].as_str().unwrap());
            let reasons = reasons.collect::<Vec<_>>().join("\n");
            for told in TOLD {
                for (where_, report) in [("text", text), ("file", &file), ("JSON", &reasons)] {
                    assert!(
                        report.contains(told),
                        "{told} is not in the {where_}: {report}"
                    );
                }
            }
            for known in [
                "idx_tokenKey",
                "idx_tbl_auth_users_phone",
                "rate limits",
                "S3",
            ] {
                assert!(!text.contains(known), "{known}: {text}");
            }
            assert!(
                text.contains("Login differs: 2 of tbl_auth_users: logins with google"),
                "{text}"
            );
        }
    });
}

#[test]
fn the_text_is_short_however_many_records_stay_behind_and_the_file_has_them_all() {
    let place = Installation::empty();
    let pb = PbData::with_users(300);
    pb.execute("UPDATE tbl_auth_users SET users_phone = 'x' || id WHERE openid != 'openid-300'");
    let from = pb.path().to_str().unwrap();
    let said = place.run(&[
        "import",
        "pocketbase",
        from,
        "--dry-run",
        "--report",
        "all.tsv",
    ]);
    assert_eq!(said.code, 1);
    let first = (1..=5).map(user_id).collect::<Vec<_>>();
    let line = format!(
        "Does not come: 299 of tbl_auth_users: users_phone is not a phone number ({} and 294 more).",
        first.join(", ")
    );
    assert!(
        said.out.contains(&line) && said.out.lines().count() < 20,
        "{}",
        said.out
    );
    assert!(
        said.out
            .contains("Each of these, record by record, is in all.tsv."),
        "{}",
        said.out
    );
    let file = fs::read_to_string(place.path().join("all.tsv")).unwrap();
    for n in 1..300 {
        let line = format!(
            "stays-behind\ttbl_auth_users\t{}\tusers_phone is not a phone number\n",
            user_id(n)
        );
        assert!(file.contains(&line), "{n}");
    }
    let said = place.run(&["import", "pocketbase", from, "--dry-run", "--json"]);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &json["dry_run"]), (1, &true.into()));
    assert_eq!(
        json["summary"]["users"],
        json!({ "new": 1, "same": 0, "newer_here": 0, "refused": 299 })
    );
    assert_eq!(
        json["notes"][0],
        json!({ "section": "stays-behind", "collection": "tbl_auth_users", "reason": "users_phone is not a phone number",
            "count": 299, "examples": first })
    );
    assert_eq!(json["rules"][0]["rule"], "updateRule");
}

#[test]
fn records_that_want_the_same_value_are_counted_together_and_named_one_by_one() {
    let place = Installation::empty();
    let pb = PbData::with_users(4);
    pb.execute(&format!(
        "DROP INDEX idx_tbl_auth_users_phone_u; UPDATE tbl_auth_users SET users_phone = (SELECT users_phone FROM tbl_auth_users WHERE id = '{}')",
        user_id(1)
    ));
    let from = pb.path().to_str().unwrap();
    let said = place.run(&["import", "pocketbase", from]);
    let line = "Comes otherwise: 3 of tbl_auth_users: comes without users_phone, which is that of another, too";
    assert!(said.out.contains(line), "{}", said.out);
    let file = fs::read_to_string(place.path().join("bai.redb.import.tsv")).unwrap();
    let line = format!(
        "{}\tcomes without users_phone, which is that of {}, too",
        user_id(3),
        user_id(1)
    );
    assert!(file.contains(&line), "{file}");
}

#[test]
fn settings_that_are_encrypted_are_said_to_be() {
    let place = Installation::empty();
    let pb = PbData::with_users(1);
    pb.execute("UPDATE _params SET value = 'c2VjcmV0IHNldHRpbmdz' WHERE id = 'settings'");
    let said = place.run(&[
        "import",
        "pocketbase",
        pb.path().to_str().unwrap(),
        "--dry-run",
    ]);
    assert!(
        said.ok()
            .contains("the settings of PocketBase, which are encrypted"),
        "{}",
        said.out
    );
}

#[test]
fn a_report_that_cannot_be_written_is_said_before_anything_comes() {
    let place = Installation::empty();
    let pb = PbData::with_users(1);
    let from = pb.path().to_str().unwrap();
    let said = place.run(&["import", "pocketbase", from, "--report", "none/all.tsv"]);
    assert!(
        said.code == 1 && said.err.contains("cannot write none/all.tsv"),
        "{}",
        said.err
    );
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}
