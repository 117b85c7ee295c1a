//! `/api/events` as a search: by kinds, actors and whom it concerns, with names; bounded however many events there are.

use std::time::Duration;

use bai::domain::{Actor, AuditEvent, EventKind, EventSearch, RecordId};
use bai::store::{EventBounds, FoundEvents, Location, Store};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::USERS;
use crate::support::superuser::{EMAIL, Root};
use crate::support::waiting::wait;

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().map(|event| event["kind"].as_str().unwrap());
    kinds.collect()
}

/// A server on which a user registered, logged in, mistyped the password and was disabled by a superuser.
fn with_a_history() -> (Root, String) {
    let root = Root::new();
    let pass = || root.app.clock.advance(Duration::from_secs(2));
    pass();
    let registered = root.app.register("13800138000", PASSWORD);
    let id = registered.ok()["record"]["id"].as_str().unwrap().to_owned();
    pass();
    root.app.login("13800138000", PASSWORD).ok();
    pass();
    root.app
        .login("13800138000", "canary-wrong")
        .assert_error(400, "");
    pass();
    root.update(
        USERS,
        &json!(id),
        &json!({ "users_status": 0, "users_name": "张三" }),
    )
    .ok();
    (root, id)
}

#[test]
fn events_are_found_by_kinds_and_actors_together_with_all_else() {
    let (root, id) = with_a_history();
    let all = [
        "record-update",
        "login-failed",
        "login",
        "registration",
        "superuser-login",
    ];
    for (query, expected) in [
        (String::new(), &all[..]),
        ("kind=&actor=".into(), &all[..]),
        ("kind=login".into(), &["login"][..]),
        (
            "kind=login,login-failed,superuser-login".into(),
            &["login-failed", "login", "superuser-login"],
        ),
        ("actor=user".into(), &["login", "registration"]),
        (
            "actor=superuser".into(),
            &["record-update", "superuser-login"],
        ),
        ("actor=nobody".into(), &["login-failed"]),
        ("actor=operator".into(), &[]),
        (
            "actor=superuser&kind=record-update,login".into(),
            &["record-update"],
        ),
        (
            format!("user={id}"),
            &["record-update", "login-failed", "login", "registration"],
        ),
        (format!("user={id}&actor=superuser"), &["record-update"]),
        (
            "user=13800138000&kind=login-failed&since=1h".into(),
            &["login-failed"],
        ),
        ("kind=login&until=1h".into(), &[]),
    ] {
        assert_eq!(kinds(&root.events(&query)), expected, "{query}");
    }
}

#[test]
fn events_name_actor_and_subject_as_they_are_called_now() {
    let (root, id) = with_a_history();
    let names = |query: &str| {
        let event = root.events(query).remove(0);
        ["actorName", "subjectName"].map(|key| event[key].as_str().unwrap().to_owned())
    };
    assert_eq!(names("kind=record-update"), [EMAIL, "张三"]);
    assert_eq!(names("kind=login"), ["张三", ""]);
    assert_eq!(names("kind=login-failed"), ["", "张三"]);
    let nameless = json!({ "users_name": "" });
    root.update(USERS, &json!(id), &nameless).ok();
    assert_eq!(names("kind=login"), ["13800138000", ""]);
    root.delete(USERS, &json!(id));
    assert_eq!(names("kind=login"), ["", ""]);
    let company = json!({ "company_id": "C001", "company_name": "Blue Ocean" });
    root.create("/api/collections/tbl_company", &company).ok();
    assert_eq!(names("kind=record-create"), [EMAIL, "C001"]);
}

/// Ids of what is found with so many steps to a page, and the number of pages.
fn in_steps(store: &Store, wanted: &EventSearch, steps: usize) -> (Vec<i64>, usize) {
    let mut wanted = EventSearch {
        steps: Some(steps),
        ..wanted.clone()
    };
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let FoundEvents { events, rest } = wait(store.events(&wanted)).unwrap();
        found.extend(events.iter().map(|(id, _)| id.at_ms));
        pages += 1;
        let Some(rest) = rest else {
            return (found, pages);
        };
        wanted.before = Some(rest);
    }
}

#[tokio::test]
async fn a_search_that_ran_out_of_steps_goes_on_where_it_ended() {
    let store = Store::open(&Location::memory(), 1 << 20).unwrap();
    let user = |n: i64| RecordId::parse(&format!("u{n:014}")).unwrap();
    let event = |n: i64| {
        let at = Timestamp::from_millisecond(1_795_327_836_858 + n / 2).unwrap();
        let (kind, actor) = match n % 3 {
            0 => (EventKind::Login, Actor::User(user(n % 6))),
            1 => (EventKind::ProfileChange, Actor::User(user(n % 6))),
            _ => (EventKind::Command, Actor::Operator),
        };
        AuditEvent::new(at, kind, actor)
            .detail(n.to_string())
            .into()
    };
    let bounds = EventBounds {
        max: 100_000,
        since: Timestamp::UNIX_EPOCH,
    };
    store
        .add_events((0..60).map(event).collect(), bounds)
        .await
        .unwrap();
    let all = EventSearch {
        limit: 1_000,
        ..EventSearch::default()
    };
    for wanted in [
        all.clone(),
        EventSearch {
            kinds: vec![EventKind::Login],
            ..all.clone()
        },
        EventSearch {
            concerning: Some(user(3).to_string()),
            ..all.clone()
        },
        EventSearch {
            concerning: Some(user(5).to_string()),
            ..all
        },
    ] {
        let (whole, _) = in_steps(&store, &wanted, usize::MAX);
        for (steps, pages) in [(1, 60), (7, 9), (59, 2), (60, 1), (61, 1)] {
            assert_eq!(
                in_steps(&store, &wanted, steps),
                (whole.clone(), pages),
                "{wanted:?} {steps}"
            );
        }
    }
}
