//! Pictures of users in PocketBase's file fields: they come, go on being served under their names, and go back.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use bai::store::Location;
use image::ImageFormat;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::app::TestApp;
use crate::support::binary::run;
use crate::support::pb_data::{PbData, USERS, import, user_id};
use crate::support::pictures::{Owner, fixture, heavy_png, jpeg, picture};
use crate::support::pocketbase_api;
use crate::support::real_pocketbase::{self, PocketBase};

fn file_field(more: &Value) -> Value {
    let mut field = json!({ "type": "file", "maxSelect": 1 });
    field
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    field
}

/// Users of whom each has a file of these bytes in a field.
fn with_files(column: &str, field: &Value, files: &[(&str, Vec<u8>)]) -> PbData {
    let pb = PbData::with_users(files.len());
    pb.set_column("tbl_auth_users", column, field);
    let is_list = field["maxSelect"].as_u64() > Some(1);
    for (n, (name, bytes)) in (1..).zip(files) {
        let id = user_id(n);
        let value = if is_list {
            json!([name, "other.png"]).to_string()
        } else {
            (*name).to_owned()
        };
        pb.execute(&format!(
            "UPDATE tbl_auth_users SET {column} = '{value}' WHERE id = '{id}'"
        ));
        let folder = pb.path().join("storage").join(USERS).join(&id);
        fs::create_dir_all(&folder).unwrap();
        if !bytes.is_empty() {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
    pb
}

/// The picture of a user, by the collection's id, as PocketBase's SDK asks for it.
fn served(app: &TestApp, n: usize, name: &str) -> (u16, Vec<u8>) {
    let answer = app
        .get(&format!("/api/files/{USERS}/{}/{name}", user_id(n)))
        .send();
    (answer.status, answer.body)
}

fn server(dir: &Path) -> TestApp {
    TestApp::spawn_on(&Location::File(dir.join("bai.redb")), |_| ())
}

#[test]
fn pictures_come_under_their_names_and_the_rest_is_told() {
    let files = [
        ("photo_0123456789.jpg", jpeg(1)),
        ("Foto-A_b.WEBP", fixture("lossy.webp")),
        ("heavy.png", heavy_png(400)),
        ("wide.png", picture(ImageFormat::Png, 1100, 4, 0)),
        ("paper.pdf", b"%PDF-1.4".to_vec()),
        ("gone.png", vec![]),
    ];
    let pb = with_files("avatar", &file_field(&json!({})), &files);
    let dir = tempfile::tempdir().unwrap();
    for (more, verb) in [(&["--dry-run"][..], "would come"), (&[], "came")] {
        let (success, out, err) = import(dir.path(), pb.path(), more);
        assert!(success, "{out}{err}");
        for told in [
            &format!("Pictures of users: 2 {verb}"),
            "1 of tbl_auth_users: comes without the picture: it has more than 256 KiB",
            "comes without the picture: it has more than 1024 pixels a side",
            "comes without the picture: it is not a JPEG, PNG or WebP picture",
            "comes without the picture: there is no file of it",
        ] {
            assert!(out.contains(told), "{told}: {out}");
        }
        assert!(!out.contains("the files of"), "{out}");
    }
    let app = server(dir.path());
    assert_eq!(served(&app, 1, files[0].0), (200, files[0].1.clone()));
    assert_eq!(served(&app, 2, files[1].0), (200, files[1].1.clone()));
    assert_eq!(
        [3, 4, 5, 6].map(|n| served(&app, n, files[n - 1].0).0),
        [404; 4]
    );
    drop(app);
    let (_, out, _) = import(dir.path(), pb.path(), &[]);
    assert!(!out.contains("Pictures of users"), "they are here: {out}");
    fs::write(dir.path().join("config.toml"), "[avatars]\nmax_kib = 512").unwrap();
    let (success, out, err) = import(dir.path(), pb.path(), &["--config", "config.toml"]);
    assert!(
        success && out.contains("Pictures of users: 1 came"),
        "{out}{err}"
    );
}

#[test]
fn the_profile_s_own_file_field_comes_first_and_leads_to_the_picture() {
    let pb = with_files(
        "users_picture",
        &file_field(&json!({})),
        &[("a_1.jpg", jpeg(1)), ("a_2.jpg", jpeg(2))],
    );
    pb.set_column("tbl_auth_users", "avatar", &file_field(&json!({})));
    let dir = tempfile::tempdir().unwrap();
    let (success, out, err) = import(dir.path(), pb.path(), &[]);
    assert!(
        success && out.contains("Pictures of users: 2 came"),
        "{out}{err}"
    );
    let app = server(dir.path());
    let path = format!("/api/files/{USERS}/{}/a_1.jpg", user_id(1));
    let change = json!({ "users_picture": "https://example.com/b.png" });
    let user = pocketbase_api::path(pocketbase_api::USERS, &json!(user_id(1)));
    let login = app
        .login(
            &crate::support::pb_data::phone(1),
            crate::support::canary::PASSWORD,
        )
        .ok();
    assert_eq!(login["record"]["users_picture"], "a_1.jpg");
    let owner = Owner {
        id: user_id(1),
        token: login["token"].as_str().unwrap().to_owned(),
    };
    let url = owner.uploaded(&app, &jpeg(3));
    let name = url.rsplit('/').next().unwrap();
    assert_eq!(owner.picture(&app), name, "in the form that it had");
    assert_eq!(app.get(&path).send().status, 404);
    assert_eq!(served(&app, 1, name).0, 200);
    app.call("PATCH", &user)
        .bearer(&owner.token)
        .json(&change)
        .send()
        .ok();
    assert_eq!(served(&app, 1, name).0, 404);
    drop(app);
    // A picture that was changed here is not changed back.
    let (_, out, _) = import(dir.path(), pb.path(), &[]);
    assert!(!out.contains("Pictures of users"), "{out}");
}

#[test]
fn files_that_pocketbase_keeps_from_strangers_stay_behind() {
    for (more, told) in [
        (
            json!({ "protected": true }),
            "the files of tbl_auth_users.avatar, of 1 records",
        ),
        (json!({ "hidden": true }), "hidden in PocketBase"),
    ] {
        let pb = with_files("avatar", &file_field(&more), &[("a_1.jpg", jpeg(1))]);
        let dir = tempfile::tempdir().unwrap();
        let (success, out, err) = import(dir.path(), pb.path(), &[]);
        assert!(success && out.contains(told), "{out}{err}");
        assert!(!out.contains("Pictures of users"), "{out}");
        assert_eq!(served(&server(dir.path()), 1, "a_1.jpg").0, 404);
    }
}

#[test]
fn of_several_files_the_first_comes_from_a_backup_too() {
    let bytes = jpeg(1);
    let field = file_field(&json!({ "maxSelect": 3 }));
    let pb = with_files("faces", &field, &[("a_1.jpg", bytes.clone())]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("backup.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    let entry = format!("pb/storage/{USERS}/{}/a_1.jpg", user_id(1));
    let database = fs::read(pb.path().join("data.db")).unwrap();
    for (name, bytes) in [("pb/data.db", &database), (&entry[..], &bytes)] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    let (success, out, err) = import(dir.path(), &path, &[]);
    assert!(
        success && out.contains("Pictures of users: 1 came"),
        "{out}{err}"
    );
    assert!(
        out.contains("the files of tbl_auth_users.faces (all but the first of each record)"),
        "{out}"
    );
    assert_eq!(served(&server(dir.path()), 1, "a_1.jpg"), (200, bytes));
}

/// Files in the folder for those of one user, but for their descriptions.
fn exported(out: &Path, n: usize) -> Vec<String> {
    let folder = out.join("storage").join(USERS).join(user_id(n));
    let entries = fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| Path::new(name).extension().is_none_or(|it| it != "attrs"))
        .collect()
}

#[test]
fn pictures_go_back_to_the_file_field_that_they_came_from() {
    let pb = with_files(
        "avatar",
        &file_field(&json!({})),
        &[("a_1.jpg", jpeg(1)), ("a_2.jpg", jpeg(2))],
    );
    let dir = tempfile::tempdir().unwrap();
    assert!(import(dir.path(), pb.path(), &[]).0);
    let app = server(dir.path());
    let login = app
        .login(
            &crate::support::pb_data::phone(2),
            crate::support::canary::PASSWORD,
        )
        .ok();
    let owner = Owner {
        id: user_id(2),
        token: login["token"].as_str().unwrap().to_owned(),
    };
    let url = owner.uploaded(&app, &jpeg(3));
    let newer = url.rsplit('/').next().unwrap().to_owned();
    drop(app);
    let (output, out, err) = run(dir.path(), &["export", "pocketbase", "back"]);
    assert!(
        output.status.success() && out.contains("2 pictures of users are in back/storage"),
        "{out}{err}"
    );
    let back = dir.path().join("back");
    assert_eq!(
        [exported(&back, 1), exported(&back, 2)],
        [vec!["a_1.jpg".to_owned()], vec![newer.clone()]]
    );
    let db = rusqlite::Connection::open(back.join("data.db")).unwrap();
    let sql = "SELECT avatar FROM tbl_auth_users WHERE id = ?1";
    let name: String = db.query_row(sql, [user_id(2)], |row| row.get(0)).unwrap();
    assert_eq!(name, newer);
    let again = tempfile::tempdir().unwrap();
    let (success, out, err) = import(again.path(), &back, &[]);
    assert!(
        success && out.contains("Pictures of users: 2 came"),
        "{out}{err}"
    );
}

#[test]
fn pictures_for_which_there_is_no_field_stay_behind_and_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let app = server(dir.path());
    Owner::new(&app, 1).with_picture(&app, &jpeg(1));
    drop(app);
    let (output, out, err) = run(dir.path(), &["export", "pocketbase", "back"]);
    assert!(
        output.status.success() && out.contains("1 pictures of users stay behind"),
        "{out}{err}"
    );
    assert!(!dir.path().join("back/storage").exists());
}

#[test]
#[ignore = "needs BAI_POCKETBASE; .ci/run runs it"]
fn a_real_pocketbase_gives_what_went_there_and_back() {
    let binary = real_pocketbase::binary();
    let from = tempfile::tempdir().unwrap();
    real_pocketbase::create_root(&binary, from.path());
    let pb = PocketBase::start(
        from.path(),
        Some(&real_pocketbase::our_hooks()),
        "http://127.0.0.1:1",
    );
    let root = pb.root();
    let collection = pb.ok("GET", "/api/collections/tbl_auth_users", &root, &json!({}));
    let mut fields = collection["fields"].as_array().unwrap().clone();
    fields.push(json!({ "name": "avatar", "type": "file", "maxSelect": 1, "maxSize": 400_000 }));
    pb.ok(
        "PATCH",
        "/api/collections/tbl_auth_users",
        &root,
        &json!({ "fields": fields }),
    );
    let registration = crate::support::app::registration("13800138000", "12345678");
    let user = pb.ok("POST", "/api/platform/register", "", &registration);
    let id = user["record"]["id"].as_str().unwrap().to_owned();
    let bytes = jpeg(1);
    let record = pb.update_by_form(
        &format!("tbl_auth_users/records/{id}"),
        &root,
        "avatar",
        &bytes,
    );
    let name = record["avatar"].as_str().unwrap().to_owned();
    let path = format!("/api/files/tbl_auth_users/{id}/{name}");
    assert_eq!(pb.get_with(&path, &[]).0, 200);
    pb.stop();
    let dir = tempfile::tempdir().unwrap();
    let (success, out, err) = import(dir.path(), from.path(), &["--accept"]);
    assert!(
        success && out.contains("Pictures of users: 1 came"),
        "{out}{err}"
    );
    let app = server(dir.path());
    assert!(app.get(&path).send().body == bytes);
    drop(app);
    let (output, out, err) = run(dir.path(), &["export", "pocketbase", "back"]);
    assert!(output.status.success(), "{out}{err}");
    let back = PocketBase::start_binary(&binary, &dir.path().join("back"));
    let (status, headers) = back.get_with(&path, &[]);
    assert_eq!(
        (status, headers["content-type"].to_str().unwrap()),
        (200, "image/jpeg")
    );
    assert_eq!(
        headers["content-length"].to_str().unwrap(),
        bytes.len().to_string()
    );
}
