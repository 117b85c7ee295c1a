//! Messages: each change of a user, by whatever door, signed and in order.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::{TestApp, profile};
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{USERS, path};
use crate::support::superuser::Root;
use crate::support::webhook_receiver::{Receiver, Reply, wait_until};

fn app(receiver: &Receiver) -> TestApp {
    let webhook = receiver.webhook();
    TestApp::spawn_with(|config| config.webhooks = vec![webhook])
}

/// Whether nothing waits, as a superuser sees it.
fn is_all_told(root: &Root) -> bool {
    root.get("/api/webhooks").ok()["items"][0]["pending"] == 0
}

#[test]
fn what_happens_to_a_user_is_told_once_in_order_by_whatever_door() {
    let receiver = Receiver::start();
    let root = Root::of(app(&receiver));
    let platform = root.app.register("13800138000", PASSWORD).ok()["record"]["id"].clone();
    let login = root.app.wechat_login("alice").ok();
    let wechat = login["record"]["id"].clone();
    let token = login["token"].as_str().unwrap();
    let body = profile("13900139000");
    root.app
        .post("/api/wechat/profile")
        .bearer(token)
        .json(&body)
        .send()
        .ok();
    for change in [
        json!({ "users_rank_level": 3 }),
        json!({ "users_status": 0 }),
        json!({ "users_status": 1 }),
        json!({ "password": "canary-other-password", "passwordConfirm": "canary-other-password" }),
    ] {
        root.update(USERS, &platform, &change).ok();
    }
    assert_eq!(root.delete(USERS, &platform).status, 204);
    receiver.wait_for(8);
    wait_until("nothing waits", || is_all_told(&root));
    let all = [
        "registration",
        "profile",
        "disabled",
        "enabled",
        "password",
        "deleted",
    ];
    assert_eq!(receiver.kinds_of(&platform), all);
    assert_eq!(receiver.kinds_of(&wechat), ["registration", "profile"]);
    assert_eq!(receiver.told().len(), 8);
    let mut ids: Vec<_> = receiver.told().into_iter().map(|told| told.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 8);
}

#[test]
fn a_message_has_the_user_as_the_change_left_it_and_no_secret() {
    let receiver = Receiver::start();
    let root = Root::of(app(&receiver));
    let user = root.user(1, &json!({ "users_rank_level": 1 }));
    root.update(
        USERS,
        &user["id"],
        &json!({ "users_name": "王五", "company_id": "C9" }),
    )
    .ok();
    root.update(USERS, &user["id"], &json!({ "users_rank_level": 2 }))
        .ok();
    let told = receiver.wait_for_taken(3);
    let data = &told[1].body["data"];
    assert_eq!(data["changed"], json!(["company_id", "users_name"]));
    assert_eq!(
        (
            &data["user"]["users_name"],
            &data["user"]["users_rank_level"]
        ),
        (&json!("王五"), &json!(1))
    );
    assert_eq!(told[2].body["data"]["user"]["users_rank_level"], 2);
    let mut expected = root.get(&path(USERS, &user["id"])).ok();
    let mut shown = told[2].body["data"]["user"].clone();
    for record in [&mut expected, &mut shown] {
        record.as_object_mut().unwrap().sort_keys();
    }
    assert_eq!(shown, expected);
    for secret in ["password", "tokenKey"] {
        assert_eq!(shown[secret], Value::Null);
    }
    assert_eq!(told[0].body["data"]["changed"], json!([]));
    let time = told[0].body["timestamp"].as_str().unwrap();
    assert_eq!(
        time.parse::<jiff::Timestamp>().unwrap(),
        root.app.clock.now()
    );
}

#[test]
fn a_batch_is_told_as_its_changes_and_one_that_fails_is_not() {
    let receiver = Receiver::start();
    let root = Root::of(app(&receiver));
    let user = root.user(1, &json!({}));
    let update =
        |body: Value| json!({ "method": "PATCH", "url": path(USERS, &user["id"]), "body": body });
    let send = |requests: &[Value]| {
        let body = json!({ "requests": requests });
        root.call("POST", "/api/batch").json(&body).send()
    };
    let wrong = send(&[
        update(json!({ "users_rank_level": 1 })),
        update(json!({ "users_phone": "x" })),
    ]);
    assert_eq!(wrong.status, 400);
    send(&[
        update(json!({ "users_rank_level": 2 })),
        update(json!({ "users_status": 0 })),
    ])
    .ok();
    receiver.wait_for(3);
    wait_until("nothing waits", || is_all_told(&root));
    assert_eq!(
        receiver.kinds_of(&user["id"]),
        ["registration", "profile", "disabled"]
    );
}

#[test]
fn a_webhook_is_told_what_it_names_and_a_login_is_nothing() {
    let (all, some) = (Receiver::start(), Receiver::start());
    let webhooks = [&all, &some].map(Receiver::webhook);
    let app = TestApp::spawn_with(|config| {
        config.webhooks = webhooks.to_vec();
        config.webhooks[1].events = vec![bai::domain::UserEventKind::Deleted];
    });
    let root = Root::of(app);
    root.app.wechat_token("alice");
    root.app.wechat_token("alice~1");
    let user = root.user(1, &json!({}));
    root.delete(USERS, &user["id"]);
    assert_eq!(all.wait_for(3).len(), 3);
    assert_eq!(some.wait_for(1)[0].kind, "deleted");
    assert_eq!(
        all.told()[2].id,
        some.told()[0].id,
        "one id for all webhooks"
    );
    wait_until("nothing waits", || is_all_told(&root));
    assert_eq!(some.told().len(), 1);
}

#[test]
fn a_restart_tells_what_was_left_once() {
    let folder = tempfile::tempdir().unwrap();
    let location = bai::store::Location::File(folder.path().join("bai.redb"));
    let receiver = Receiver::answering(|_| Reply::Status(500));
    let webhook = receiver.webhook();
    let spawn = || {
        let webhook = webhook.clone();
        TestApp::spawn_on(&location, |config| config.webhooks = vec![webhook])
    };
    let first = spawn();
    let user = first.register("13800138000", PASSWORD).ok()["record"]["id"].clone();
    receiver.wait_for(1);
    drop(first);
    receiver.answer(|_| Reply::Status(200));
    let second = spawn();
    receiver.wait_for_taken(1);
    second.wechat_token("alice");
    receiver.wait_for_taken(2);
    assert_eq!(receiver.kinds_of(&user), ["registration"]);
    let tries = receiver.told().into_iter().filter(|told| user == told.user);
    let mut ids: Vec<_> = tries.map(|told| told.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "the same id at every try");
}

#[test]
fn what_waits_for_a_webhook_that_is_gone_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let location = bai::store::Location::File(folder.path().join("bai.redb"));
    let receiver = Receiver::answering(|_| Reply::Status(500));
    let webhook = receiver.webhook();
    let app = TestApp::spawn_on(&location, |config| config.webhooks = vec![webhook]);
    app.register("13800138000", PASSWORD).ok();
    receiver.wait_for(1);
    drop(app);
    let app = TestApp::spawn_on(&location, |_| ());
    wait_until("the queue is gone", || {
        let queues = app.block_on(app.app.store.queues());
        queues.unwrap().is_empty()
    });
}

#[test]
fn at_a_stop_a_call_that_is_on_its_way_gets_its_moment() {
    let folder = tempfile::tempdir().unwrap();
    let location = bai::store::Location::File(folder.path().join("bai.redb"));
    let receiver = Receiver::answering(|_| {
        std::thread::sleep(Duration::from_millis(300));
        Reply::Status(200)
    });
    let webhook = receiver.webhook();
    let spawn = || {
        let webhook = webhook.clone();
        TestApp::spawn_on(&location, |config| config.webhooks = vec![webhook])
    };
    let app = spawn();
    app.register("13800138000", PASSWORD).ok();
    wait_until("the call begins", || receiver.most_open() > 0);
    app.stop();
    let next = spawn();
    next.wechat_token("alice");
    let taken = receiver.wait_for_taken(2);
    assert_ne!(
        taken[0].id, taken[1].id,
        "what was answered is not told again"
    );
}
