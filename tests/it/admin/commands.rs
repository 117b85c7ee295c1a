//! Commands on a database, with a server that has it open and without.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::thread;

use serde_json::{Value, json};

use crate::support::app::Call;
use crate::support::binary::{Running, bai};
use crate::support::canary::PASSWORD;
use crate::support::installation::{CommandOutput, Installation, login, refresh};

const ANNE: &str = "13800000001";
const OTHER_PASSWORD: &str = "canary-password-2";

#[test]
fn users_are_made_found_and_listed() {
    Installation::both(|place| {
        for (n, name) in ["安妮", "Ben, \"the second\"", "Cleo"].iter().enumerate() {
            let said = place.create(&format!("1380000000{}", n + 1), name);
            assert!(
                said.ok().starts_with("made: ") && said.out.contains(name),
                "{}",
                said.out
            );
            assert!(
                said.err.contains("bai.redb"),
                "it says which file: {}",
                said.err
            );
        }
        let table = place.run(&["user", "list"]);
        let lines: Vec<_> = table.ok().lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(
            lines[0].contains("users_phone")
                && lines[1].contains("Cleo")
                && lines[3].contains("安妮")
        );

        let names = |args: &[&str]| -> Vec<String> {
            let list = place.json(&[&["user", "list"], args].concat());
            list.as_array()
                .unwrap()
                .iter()
                .map(|user| user["users_name"].as_str().unwrap().into())
                .collect()
        };
        assert_eq!(names(&["0000002"]), ["Ben, \"the second\""]);
        assert_eq!(names(&["--filter", "users_name = '安妮'"]), ["安妮"]);
        assert_eq!(
            names(&["--sort", "users_phone", "--limit", "1", "--page", "2"]),
            ["Ben, \"the second\""]
        );
        assert_eq!(names(&["it's"]), [""; 0]);

        let anne = place.json(&["user", "show", ANNE]);
        for field in ["id", "openid", "email"] {
            assert_eq!(
                place.json(&["user", "show", anne[field].as_str().unwrap()]),
                anne
            );
        }
        assert!(
            place
                .run(&["user", "show", ANNE])
                .ok()
                .contains("users_name         安妮")
        );
        place
            .run(&["user", "show", "nobody"])
            .refused(1, "there is no user nobody; name it by id, phone");
        place
            .run(&["user", "list", "--filter", "users_nam = 1"])
            .refused(2, "users_name");
        place.create("123", "x").refused(2, "the phone is");
        place
            .create(ANNE, "x")
            .refused(2, "there is a user with the phone 13800000001");
        place
            .run(&["user", "create", "--phone", "13800000009", "--name", "x"])
            .refused(2, "no password");
        assert_eq!(place.run(&["user", "create"]).code, 2);
        assert_eq!(place.run(&["user", "list", "--limit", "0"]).code, 2);
    });
}

#[test]
fn what_is_done_to_a_user_holds_at_once() {
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        let token = place.with_server(|base| login(base, ANNE, PASSWORD).ok()["token"].clone());
        let token = token.as_str().unwrap();

        assert!(
            place
                .run(&["user", "disable", ANNE])
                .ok()
                .starts_with("disabled: ")
        );
        assert_eq!(place.json(&["user", "show", ANNE])["users_status"], 0);
        place.with_server(|base| {
            assert_eq!(login(base, ANNE, PASSWORD).status, 400);
            assert_ne!(refresh(base, token).status, 200);
        });
        place.run(&["user", "enable", ANNE]).ok();
        let fresh = place.with_server(|base| {
            assert_eq!(
                refresh(base, token).status,
                401,
                "who may come back logs in anew"
            );
            login(base, ANNE, PASSWORD).ok()["token"].clone()
        });
        place.with_server(|base| assert_eq!(refresh(base, fresh.as_str().unwrap()).status, 200));

        place.run(&["user", "revoke", ANNE]).ok();
        let token = place.with_server(|base| {
            assert_eq!(refresh(base, fresh.as_str().unwrap()).status, 401);
            login(base, ANNE, PASSWORD).ok()["token"].clone()
        });

        place
            .run_with(&["user", "set-password", ANNE], "short")
            .refused(2, "password");
        place
            .run_with(
                &["user", "set-password", ANNE],
                &format!("{OTHER_PASSWORD}\n"),
            )
            .ok();
        place.with_server(|base| {
            assert_eq!(refresh(base, token.as_str().unwrap()).status, 401);
            assert_eq!(login(base, ANNE, PASSWORD).status, 400);
            assert_eq!(login(base, ANNE, OTHER_PASSWORD).status, 200);
        });

        place.run(&["user", "delete", ANNE]).refused(2, "--yes");
        assert!(
            place
                .run(&["user", "delete", ANNE, "--yes"])
                .ok()
                .starts_with("removed: ")
        );
        place
            .run(&["user", "delete", ANNE, "--yes"])
            .refused(1, "there is no user");
        place.with_server(|base| assert_eq!(login(base, ANNE, OTHER_PASSWORD).status, 404));
    });
}

#[test]
fn a_phone_is_taken_from_whoever_has_it() {
    let (phone, name) = ("13900000001", "占号");
    Installation::both(|place| {
        place.create(phone, name).ok();
        let holder = place.json(&["user", "show", phone]);
        place
            .run(&["user", "release-phone", phone])
            .refused(2, "--yes");
        place
            .run(&["user", "release-phone", "13900000002", "--yes"])
            .refused(1, "nobody has the phone 13900000002");
        place
            .run(&["user", "release-phone", "139", "--yes"])
            .refused(2, "not a phone number");
        place
            .run(&[
                "user",
                "release-phone",
                holder["openid"].as_str().unwrap(),
                "--yes",
            ])
            .refused(2, "not a phone number");
        let said = place.run(&["user", "release-phone", "+86 139-0000-0001", "--yes"]);
        assert!(
            said.ok().starts_with("has no phone any more: "),
            "{}",
            said.out
        );
        for field in ["id", "openid", "users_name", "users_idtype"] {
            assert!(
                said.out.contains(holder[field].as_str().unwrap()),
                "{field} is not in {}",
                said.out
            );
        }
        assert_eq!(
            place.json(&["user", "show", holder["id"].as_str().unwrap()])["users_phone"],
            ""
        );
        place
            .run(&["user", "release-phone", phone, "--yes"])
            .refused(1, "nobody has the phone");
        place.with_server(|base| assert_eq!(login(base, phone, PASSWORD).status, 404));
        place.create(phone, "主人").ok();
        let events = place.json(&["events", "--kind", "record-update"]);
        assert_eq!(events[0]["detail"], "tbl_auth_users: users_phone");
        assert_eq!(
            (&events[0]["actor"], &events[0]["subject"]),
            (&json!("operator"), &holder["id"])
        );
    });
}

#[test]
fn an_export_has_every_user_in_either_form() {
    Installation::both(|place| {
        let names = ["安妮", "Ben, \"the second\"", "=1+1"];
        for (n, name) in names.iter().enumerate() {
            place.create(&format!("1380000000{n}"), name).ok();
        }
        let shown = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
        let lines: Vec<_> = place
            .run(&["user", "export"])
            .ok()
            .lines()
            .map(shown)
            .collect();
        let found: Vec<_> = lines
            .iter()
            .map(|user| user["users_name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names);
        assert_eq!(
            lines[0]["id"],
            place.json(&["user", "show", lines[0]["openid"].as_str().unwrap()])["id"]
        );

        place
            .run(&["user", "export", "users.csv", "--format", "csv"])
            .ok();
        let file = place.path().join("users.csv");
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let mut csv = csv::Reader::from_path(&file).unwrap();
        let column = csv
            .headers()
            .unwrap()
            .iter()
            .position(|name| name == "users_name")
            .unwrap();
        let found: Vec<_> = csv
            .records()
            .map(|row| row.unwrap()[column].to_owned())
            .collect();
        // No spreadsheet takes a name for a formula.
        let harmless = names.map(|name| name.replace("=1+1", "'=1+1"));
        assert_eq!(found, harmless);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("password") && !text.contains("tokenKey"));
        place
            .run(&["user", "export", "users.csv"])
            .refused(2, "users.csv");
    });
}

#[test]
fn a_reader_who_has_had_enough_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let place = Installation::of(dir);
    place
        .run_with(&["superuser", "create", "root@example.com"], PASSWORD)
        .ok();
    for args in [
        &["user", "export"][..],
        &["user", "export", "--format", "csv"],
        &["user", "list"],
    ] {
        place.create(ANNE, &"很长".repeat(50));
        let mut child = bai(place.path(), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let said = CommandOutput::of(child.wait_with_output().unwrap());
        assert!(
            said.ok().is_empty() && !said.err.contains("pipe"),
            "{}",
            said.err
        );
    }
}

#[test]
fn companies_are_put_and_deleted() {
    Installation::both(|place| {
        let made = place.json(&["company", "put", "acme"]);
        assert_eq!(made["company_id"], "acme");
        assert_eq!(
            place.json(&["company", "put", "acme"])["id"],
            made["id"],
            "the same once more"
        );
        assert_eq!(
            place.json(&["company", "put", "acme", "company_id=acme-2"])["id"],
            made["id"]
        );
        assert_eq!(place.json(&["company", "show", "acme-2"])["id"], made["id"]);
        assert_eq!(place.json(&["company", "list"])[0]["company_id"], "acme-2");
        place
            .run(&["company", "put", "acme", "colour=red"])
            .refused(2, "there is no field colour");
        assert_eq!(place.run(&["company", "put", "acme", "colour"]).code, 2);
        place
            .run(&["company", "show", "acme"])
            .refused(1, "there is no company acme");
        place.run(&["company", "delete", "acme-2", "--yes"]).ok();
        assert_eq!(place.json(&["company", "list"]), json!([]));
    });
}

#[test]
fn superusers_are_made_changed_and_deleted_but_for_the_last() {
    let sign_in = |base: &str, password: &str| {
        let body = json!({ "identity": "root@example.com", "password": password });
        Call::new(
            "POST",
            base,
            "/api/collections/_superusers/auth-with-password",
        )
        .json(&body)
        .send()
    };
    Installation::both(|place| {
        place
            .run_with(&["superuser", "create", "root"], PASSWORD)
            .refused(2, "not an e-mail address");
        place
            .run_with(&["superuser", "create", "root@example.com"], PASSWORD)
            .ok();
        place
            .run_with(&["superuser", "create", "root@example.com"], PASSWORD)
            .refused(2, "already");
        let token = place.with_server(|base| sign_in(base, PASSWORD).json()["token"].clone());
        let list = |base: &str| {
            let path = "/api/collections/_superusers/records";
            Call::new("GET", base, path)
                .bearer(token.as_str().unwrap())
                .send()
                .status
        };
        place.with_server(|base| assert_eq!(list(base), 200));
        place.run(&["superuser", "revoke", "root@example.com"]).ok();
        place.with_server(|base| assert_eq!(list(base), 403));

        place
            .run_with(
                &["superuser", "set-password", "root@example.com"],
                OTHER_PASSWORD,
            )
            .ok();
        place.with_server(|base| {
            assert_eq!(sign_in(base, PASSWORD).status, 400);
            assert_eq!(sign_in(base, OTHER_PASSWORD).status, 200);
        });
        place
            .run(&["superuser", "delete", "root@example.com", "--yes"])
            .refused(2, "the last superuser stays");
        place
            .run_with(&["superuser", "create", "second@example.com"], PASSWORD)
            .ok();
        place
            .run(&["superuser", "delete", "root@example.com", "--yes"])
            .ok();
        let left = place.json(&["superuser", "list"]);
        assert_eq!(left.as_array().unwrap().len(), 1);
        assert_eq!(left[0]["email"], "second@example.com");
    });
}

#[test]
fn a_rotated_key_signs_at_once_while_the_old_one_still_verifies() {
    let kid = |token: &Value| {
        token
            .as_str()
            .unwrap()
            .rsplit('~')
            .next()
            .unwrap()
            .to_owned()
    };
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        let old = place.with_server(|base| login(base, ANNE, PASSWORD).ok()["token"].clone());
        let keys = place.json(&["key", "list"]);
        assert_eq!(keys.as_array().unwrap().len(), 1);
        let rotated = place.json(&["key", "rotate"]);
        assert_eq!(
            (rotated.as_array().unwrap().len(), &rotated[0]),
            (2, &keys[0])
        );
        assert_eq!(place.run(&["key", "list"]).ok().lines().count(), 3);
        let new =
            place.with_server(|base| refresh(base, old.as_str().unwrap()).data()["token"].clone());
        assert_ne!(kid(&new), kid(&old));
    });
}

#[test]
fn compact_says_what_it_gained() {
    Installation::both(|place| {
        place.create(ANNE, "Anne").ok();
        assert!(place.run(&["compact"]).ok().contains(" bytes before, "));
        place.with_server(|base| assert_eq!(login(base, ANNE, PASSWORD).status, 200));
    });
}

#[test]
fn no_command_but_the_first_superuser_makes_a_database() {
    let place = Installation::empty();
    for args in [
        &["user", "list"][..],
        &["company", "put", "x"],
        &["superuser", "list"],
        &["key", "list"],
        &["compact"],
    ] {
        let said = place.run(args);
        assert!(
            said.code == 1
                && said.err.contains("there is no database at")
                && said.err.contains("bai.redb")
        );
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    place
        .run_with(&["superuser", "create", "root@example.com"], PASSWORD)
        .ok();
    assert_eq!(place.json(&["user", "list"]), json!([]));
}

#[test]
fn the_door_is_for_the_owner_of_the_file_and_goes_with_the_server() {
    let mut place = Installation::empty();
    place.start();
    let door = place.path().join("bai.redb.sock");
    assert_eq!(
        std::fs::metadata(&door).unwrap().permissions().mode() & 0o777,
        0o600
    );

    // Where somebody has opened the socket to others, those are turned away all the same.
    let somebody_else = |args: &[&str]| {
        let mut command = bai(place.path(), args);
        command
            .uid(65534)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
            .spawn()
            .ok()
            .map(|child| CommandOutput::of(child.wait_with_output().unwrap()))
    };
    for (path, mode) in [(place.path(), 0o755), (door.as_path(), 0o666)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    // Only root may become somebody else; who is not, has seen the permissions.
    if let Some(said) = somebody_else(&["user", "list"]) {
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.err);
        assert!(
            said.err.contains("the one that it runs as, or root"),
            "{}",
            said.err
        );
    }
    place.stop();
    assert!(!door.exists());
}

#[test]
fn no_request_over_the_network_reaches_the_door() {
    let mut place = Installation::empty();
    place.start();
    let address = place
        .server
        .as_ref()
        .unwrap()
        .base
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    let command =
        br#"{"Superuser":{"Create":{"email":"evil@example.com","password":"canary-password"}}}"#;
    let mut frame = vec![b'c'];
    frame.extend(u32::try_from(command.len()).unwrap().to_be_bytes());
    frame.extend(command);
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    socket.write_all(&frame).unwrap();
    socket.write_all(b"\r\n\r\n").unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut socket, &mut answer).unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    for path in [
        "/bai.redb.sock",
        "/door",
        "/api/door",
        "/operate",
        "/api/operate",
    ] {
        assert_eq!(
            Call::new("POST", &place.server.as_ref().unwrap().base, path)
                .body(command)
                .send()
                .status,
            404
        );
    }
    assert_eq!(place.json(&["superuser", "list"]), json!([]));
    place.stop();
}

#[test]
fn the_door_of_a_killed_server_keeps_nobody_out() {
    let mut place = Installation::empty();
    place.start();
    place.create(ANNE, "Anne").ok();
    drop(place.server.take());
    assert!(place.path().join("bai.redb.sock").exists());
    assert_eq!(place.json(&["user", "list"]).as_array().unwrap().len(), 1);
    place.start();
    assert_eq!(place.json(&["user", "list"]).as_array().unwrap().len(), 1);
    place.stop();
}

#[test]
fn a_folder_with_a_long_name_has_a_door_too() {
    let dir = tempfile::tempdir().unwrap();
    let long = dir.path().join("f".repeat(120));
    std::fs::create_dir(&long).unwrap();
    let mut command = bai(dir.path(), &[]);
    let database = long.join("bai.redb");
    command.env("BAI_STORE__PATH", &database);
    let server = Running::start(command);
    let list = bai(dir.path(), &["user", "list", "--json"])
        .env("BAI_STORE__PATH", &database)
        .output()
        .unwrap();
    let said = CommandOutput::of(list);
    assert!(
        said.ok().trim() == "[]" && said.err.contains("through the running server"),
        "{}",
        said.err
    );
    server.signal("-TERM");
    server.wait();
}

#[test]
fn a_server_of_another_version_is_refused_by_name() {
    let place = Installation::empty();
    let listener = UnixListener::bind(place.path().join("bai.redb.sock")).unwrap();
    let other = thread::spawn(move || {
        let hello = br#"{"program":"0.0.7 (abc)","database":"/x"}"#;
        let mut socket = listener.accept().unwrap().0;
        socket
            .write_all(&[b'h', 0, 0, 0, u8::try_from(hello.len()).unwrap()])
            .unwrap();
        socket.write_all(hello).unwrap();
    });
    let said = place.run(&["user", "list"]);
    other.join().unwrap();
    assert!(
        said.code == 1 && said.err.contains("the running server is bai 0.0.7 (abc)"),
        "{}",
        said.err
    );
}
