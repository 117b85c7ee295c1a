//! Lives of pictures: they come and go with the users whose they are, and with the database.

use bai::store::Location;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::binary::run;
use crate::support::pictures::{Owner, jpeg, path_of, status_of};
use crate::support::pocketbase_api::USERS;
use crate::support::superuser::Root;

const ELSEWHERE: &str = "https://thirdwx.qlogo.cn/mmopen/vi_32/x/132";

fn pictures(app: &TestApp) -> u64 {
    app.block_on(app.app.store.avatar_totals()).unwrap().count
}

#[test]
fn a_new_picture_takes_the_place_of_the_old_one_and_the_profile_leads_to_it() {
    let root = Root::new();
    let app = &root.app;
    let owner = Owner::new(app, 1);
    let first = owner.uploaded(app, &jpeg(1));
    assert_eq!(
        owner.picture(app),
        "https://example.com/avatar.png",
        "not yet the profile's"
    );
    owner
        .patch(
            app,
            &json!({ "users_picture": format!("{first}?thumb=100x100") }),
        )
        .ok();
    let before = root.get(&format!("{USERS}/records/{}", owner.id)).ok();
    app.clock.advance(std::time::Duration::from_secs(5));
    let second = owner.uploaded(app, &jpeg(2));
    assert_ne!(first, second);
    assert_eq!(owner.picture(app), format!("{second}?thumb=100x100"));
    assert_eq!([&first, &second].map(|url| status_of(app, url)), [404, 200]);
    let after = root.get(&format!("{USERS}/records/{}", owner.id)).ok();
    assert!(after["updated"].as_str() > before["updated"].as_str());
    assert_eq!(pictures(app), 1);
    let events = root.events(&format!("user={}", owner.id));
    let upload = events.iter().find(|event| event["detail"] == "picture");
    let upload = upload.unwrap_or_else(|| panic!("{events:?}"));
    assert_eq!(upload["kind"], "profile-change");
    assert_eq!(
        [&upload["actorId"], &upload["subject"]],
        [&json!(owner.id); 2]
    );
    assert_eq!(upload["count"], 2);
}

#[test]
fn a_picture_that_nothing_leads_to_any_more_is_gone() {
    let root = Root::new();
    let app = &root.app;
    let owner = Owner::new(app, 1);
    let id = json!(owner.id);
    for picture in [
        ELSEWHERE,
        "https://example.com/api/files/tbl_auth_users/x/a.png",
    ] {
        let url = owner.with_picture(app, &jpeg(1));
        owner.patch(app, &json!({ "users_name": "别名" })).ok();
        let by_id = url.replace("tbl_auth_users", "pbc_421601843");
        owner.patch(app, &json!({ "users_picture": by_id })).ok();
        assert_eq!(status_of(app, &url), 200);
        owner.patch(app, &json!({ "users_picture": picture })).ok();
        assert_eq!(status_of(app, &url), 404);
    }
    let url = owner.with_picture(app, &jpeg(1));
    root.update(USERS, &id, &json!({ "users_picture": "" }))
        .ok();
    assert_eq!((status_of(app, &url), pictures(app)), (404, 0));
}

#[test]
fn an_address_that_comes_late_leads_to_the_picture_that_is_there() {
    let root = Root::new();
    let app = &root.app;
    let owner = Owner::new(app, 1);
    let first = owner.with_picture(app, &jpeg(1));
    let second = owner.uploaded(app, &jpeg(2));
    for late in [first.clone(), first.replace("avatar_", "avatar_zz")] {
        owner.patch(app, &json!({ "users_picture": late })).ok();
        assert_eq!(owner.picture(app), second);
        assert_eq!(status_of(app, &second), 200);
    }
}

#[test]
fn a_batch_that_leads_elsewhere_and_back_keeps_the_picture() {
    let root = Root::new();
    let app = &root.app;
    let owner = Owner::new(app, 1);
    let url = owner.with_picture(app, &jpeg(1));
    let path = format!("{USERS}/records/{}", owner.id);
    let to = |picture: &str| json!({ "method": "PATCH", "url": path, "body": { "users_picture": picture } });
    let batch = json!({ "requests": [to(ELSEWHERE), to(&url)] });
    let changed = root.call("POST", "/api/batch").json(&batch).send();
    assert_eq!(changed.status, 200);
    assert_eq!(
        (owner.picture(app), status_of(app, &url)),
        (url.clone(), 200)
    );
}

#[test]
fn a_picture_goes_with_its_user_at_every_door() {
    let root = Root::new();
    let app = &root.app;
    let owners: Vec<_> = (1..=3).map(|n| Owner::new(app, n)).collect();
    let urls: Vec<_> = owners
        .iter()
        .map(|owner| owner.uploaded(app, &jpeg(1)))
        .collect();
    root.delete(USERS, &json!(owners[0].id));
    let deletion =
        json!({ "method": "DELETE", "url": format!("{USERS}/records/{}", owners[1].id) });
    let batch = json!({ "requests": [deletion] });
    assert_eq!(
        root.call("POST", "/api/batch").json(&batch).send().status,
        200
    );
    assert_eq!([0, 1, 2].map(|n| status_of(app, &urls[n])), [404, 404, 200]);
    assert_eq!(pictures(app), 1);
}

/// A batch of which a later request is refused takes nothing away.
#[test]
fn a_batch_that_fails_leaves_the_picture() {
    let root = Root::new();
    let app = &root.app;
    let owner = Owner::new(app, 1);
    let url = owner.with_picture(app, &jpeg(1));
    let path = format!("{USERS}/records/{}", owner.id);
    let other = Owner::new(app, 2);
    for first in [
        json!({ "method": "PATCH", "url": path, "body": { "users_picture": ELSEWHERE } }),
        json!({ "method": "DELETE", "url": path }),
    ] {
        let taken = json!({ "method": "PATCH", "url": format!("{USERS}/records/{}", other.id), "body": { "openid": "" } });
        let gone = json!({ "method": "DELETE", "url": format!("{USERS}/records/aaaaaaaaaaaaaaa") });
        for second in [taken, gone] {
            let batch = json!({ "requests": [first, second] });
            assert_eq!(
                root.call("POST", "/api/batch").json(&batch).send().status,
                400
            );
            assert_eq!(status_of(app, &url), 200);
        }
    }
    assert_eq!(owner.picture(app), url);
}

/// Several at once: one of them is the picture, and the profile leads to that.
#[test]
fn of_uploads_at_once_one_stays_and_the_profile_leads_to_it() {
    let app = TestApp::spawn();
    let owner = Owner::new(&app, 1);
    owner.with_picture(&app, &jpeg(0));
    let urls: Vec<String> = std::thread::scope(|scope| {
        let uploads = (1..=8).map(|n| {
            scope.spawn({
                let (app, owner) = (&app, &owner);
                move || owner.uploaded(app, &jpeg(n))
            })
        });
        let uploads: Vec<_> = uploads.collect();
        uploads
            .into_iter()
            .map(|upload| upload.join().unwrap())
            .collect()
    });
    let there: Vec<_> = urls
        .iter()
        .filter(|url| status_of(&app, url) == 200)
        .collect();
    assert_eq!(there, [&owner.picture(&app)]);
    assert_eq!(pictures(&app), 1);
}

#[test]
fn a_picture_outlives_a_restart_and_is_in_a_backup() {
    let dir = tempfile::tempdir().unwrap();
    let file = || Location::File(dir.path().join("bai.redb"));
    let app = TestApp::spawn_on(&file(), |_| ());
    let owner = Owner::new(&app, 1);
    let bytes = jpeg(1);
    let path = path_of(&app, &owner.with_picture(&app, &bytes)).to_owned();
    drop(app);
    let app = TestApp::spawn_on(&file(), |_| ());
    assert!(app.get(&path).send().body == bytes);
    drop(app);
    let (output, _, err) = run(dir.path(), &["backup", "copy.redb"]);
    assert!(output.status.success(), "{err}");
    let (output, out, err) = run(dir.path(), &["check"]);
    assert!(output.status.success(), "{out}{err}");
    let copy = TestApp::spawn_on(&Location::File(dir.path().join("copy.redb")), |_| ());
    assert!(copy.get(&path).send().body == bytes);
}

#[test]
fn a_backup_that_is_restored_brings_the_picture_of_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("bai.redb");
    let root = Root::of(TestApp::spawn_on(&Location::File(at.clone()), |config| {
        config.store.path = at.clone();
    }));
    let app = &root.app;
    let owner = Owner::new(app, 1);
    let first = owner.with_picture(app, &jpeg(1));
    let made = root
        .call("POST", "/api/backups")
        .json(&json!({ "name": "a.redb" }))
        .send();
    assert_eq!(made.status, 204);
    let second = owner.uploaded(app, &jpeg(2));
    assert_eq!([&first, &second].map(|url| status_of(app, url)), [404, 200]);
    assert_eq!(
        root.call("POST", "/api/backups/a.redb/restore")
            .send()
            .status,
        204
    );
    assert_eq!([&first, &second].map(|url| status_of(app, url)), [200, 404]);
}
