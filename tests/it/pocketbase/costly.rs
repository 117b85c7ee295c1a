//! Filters that cost much: in lists and in topics they hold up nobody else, and who asks for too much is told so, or cut.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bai::domain::RecordId;
use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp};
use crate::support::logins::{superuser, user};
use crate::support::realtime_client::Client;
use crate::support::steps::Step;
use crate::support::users::new_user;

const USERS: &str = "/api/collections/tbl_auth_users/records";

/// A server as it is shipped, but for the price of a password hash.
fn spawn() -> TestApp {
    TestApp::spawn_with(|config| config.limits.enabled = true)
}

/// A comparison of a field with itself, as often as a filter of `bytes` has room for. Each text is unlike the pattern that it is:
/// a backslash stands for what follows it.
fn dear(bytes: usize) -> String {
    let comparison = "users_picture~users_picture";
    vec![comparison; (bytes + 2) / (comparison.len() + 2)].join("||")
}

fn topic(filter: &str) -> String {
    format!(r#"tbl_auth_users/*?options={{"query":{{"filter":"{filter}"}}}}"#)
}

/// Gives the user a picture of which no part is where its pattern is looked for, however far one looks.
fn picture(id: &RecordId, length: usize) -> Step {
    let picture = format!("{}\\b", "a".repeat(length - 2));
    Step::change_user(id, |user| user.picture = picture)
}

fn named(id: &RecordId, name: &str) -> Step {
    let name = name.to_owned();
    Step::change_user(id, |user| user.name = name)
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect::<Vec<_>>()
        .concat()
}

fn list(app: &TestApp, token: &str, filter: &str) -> Answer {
    app.get(&format!("{USERS}?filter={}", encoded(filter)))
        .header("Authorization", token)
        .send()
}

/// The median time of a health request.
fn health(app: &TestApp, requests: usize) -> Duration {
    let mut times: Vec<_> = (0..requests)
        .map(|_| {
            let started = Instant::now();
            assert_eq!(app.get("/api/health").send().status, 200);
            started.elapsed()
        })
        .collect();
    times.sort();
    times[requests / 2]
}

fn subscribe(app: &TestApp, token: &str, topics: &[String]) -> Client {
    let client = Client::connect(app);
    client.subscribe(
        app,
        token,
        &topics.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    client
}

fn hears(client: &mut Client) -> Value {
    client.next().expect("the stream was cut").data["record"]["users_name"].clone()
}

#[test]
fn a_list_with_a_dear_filter_is_refused_soon_and_holds_up_nobody() {
    let app = spawn();
    let (_, root) = superuser(&app, "root@example.com");
    let (alice, alices) = user(&app, "13800138000");
    app.take([picture(&alice, 2048)]);
    let pinned = format!("id='{alice}'&&({})", dear(3400));
    let asked = [(&alices, dear(3500)), (&root, dear(3500)), (&root, pinned)];
    let idle = health(&app, 21);
    let ended = AtomicBool::new(false);
    let beside = thread::scope(|scope| {
        let askers: Vec<_> = asked
            .iter()
            .map(|(token, filter)| {
                let (app, ended) = (&app, &ended);
                scope.spawn(move || {
                    let mut last = list(app, token, filter);
                    while !ended.load(Ordering::Relaxed) {
                        last = list(app, token, filter);
                    }
                    last
                })
            })
            .collect();
        let beside = health(&app, 21);
        ended.store(true, Ordering::Relaxed);
        for asker in askers {
            let refused = asker.join().unwrap();
            assert_eq!(refused.status, 400);
            let message = refused.json()["message"].as_str().unwrap().to_owned();
            assert!(
                message.starts_with("The filter compares too much text"),
                "{message}"
            );
        }
        beside
    });
    assert!(
        beside < idle * 10 + Duration::from_millis(100),
        "{beside:?}, idle {idle:?}"
    );
    assert_eq!(
        list(
            &app,
            &alices,
            "users_picture ~ users_name || users_picture ~ 'aab'"
        )
        .ok()["totalItems"],
        0
    );
    assert_eq!(
        list(&app, &alices, "users_picture ~ 'AA%a\\\\\\\\b'").ok()["totalItems"],
        1
    );
}

/// Six lists of one superuser look at all users, each for as long as one alone or longer. Neither another superuser's short list nor a
/// user's own with a filter that takes a turn waits for the end of any of them.
#[test]
fn a_short_list_waits_for_no_long_one() {
    const LONG: usize = 6;
    let app = spawn();
    let (_, root) = superuser(&app, "root@example.com");
    let (_, other) = superuser(&app, "other@example.com");
    let (alice, alices) = user(&app, "13800138000");
    app.take((0..4_000).map(|n| Step::insert(new_user(n))));
    app.take([picture(&alice, 1_000)]);
    let ask = |token: &str, query: &str| {
        app.get(&format!("{USERS}?{query}"))
            .header("Authorization", token)
            .send()
            .ok()
    };
    let long = format!(
        "sort=users_name&filter={}",
        encoded(&vec!["users_picture~'b'"; 20].join("||"))
    );
    let started = Instant::now();
    ask(&root, &long);
    let alone = started.elapsed();
    thread::scope(|scope| {
        let lists: Vec<_> = (0..LONG)
            .map(|_| scope.spawn(|| ask(&root, &long)))
            .collect();
        thread::sleep(alone / 4);
        let started = Instant::now();
        assert_eq!(
            ask(&other, "perPage=1&skipTotal=1")["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_soon(started, alone);
        let started = Instant::now();
        assert_eq!(list(&app, &alices, &dear(2_400)).ok()["totalItems"], 0);
        assert_soon(started, alone);
        assert!(
            lists.iter().all(|list| !list.is_finished()),
            "the long lists are not long"
        );
    });
}

fn assert_soon(started: Instant, long: Duration) {
    let waited = started.elapsed();
    assert!(
        waited < long / 2,
        "waited {waited:?}, and a long list takes {long:?} alone"
    );
}

#[test]
fn topics_with_dear_filters_delay_nobody_else() {
    let app = spawn();
    let (alice, alices) = user(&app, "13800138000");
    let (bob, bobs) = user(&app, "13800138001");
    app.take([picture(&alice, 1000)]);
    let topics = [topic(&dear(2400)), "tbl_auth_users".to_owned()];
    let mut dear: Vec<_> = (0..10).map(|_| subscribe(&app, &alices, &topics)).collect();
    let mut cheap = subscribe(&app, &bobs, &topics[1..]);
    for n in 0..5 {
        let (of_alice, of_bob) = (format!("Alice {n}"), format!("Bob {n}"));
        app.take([named(&alice, &of_alice), named(&bob, &of_bob)]);
        let started = Instant::now();
        assert_eq!(hears(&mut cheap), of_bob);
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "heard after {:?}",
            started.elapsed()
        );
        assert!(health(&app, 5) < Duration::from_secs(1));
    }
    for client in &mut dear {
        assert_eq!(
            (hears(client), hears(client)),
            (json!("Alice 0"), json!("Alice 1"))
        );
    }
}

#[test]
fn a_topic_that_asks_too_much_of_one_record_ends_its_stream() {
    let app = spawn();
    let (alice, alices) = user(&app, "13800138000");
    app.take([picture(&alice, 2048)]);
    let mut dear = subscribe(&app, &alices, &[topic(&dear(2400))]);
    let mut cheap = subscribe(&app, &alices, &["tbl_auth_users".to_owned()]);
    app.take([named(&alice, "Alice")]);
    assert_eq!(dear.next(), None);
    assert_eq!(hears(&mut cheap), "Alice");
}

/// Three thousand changes by one user with ten streams, of which far fewer can be told meanwhile.
#[test]
fn a_flood_of_changes_cuts_the_streams_of_its_user_and_no_others() {
    let app = spawn();
    let (_, root) = superuser(&app, "root@example.com");
    let (alice, alices) = user(&app, "13800138000");
    let (bob, bobs) = user(&app, "13800138001");
    app.take([picture(&alice, 1_400)]);
    let dear: Vec<_> = (0..10)
        .map(|_| subscribe(&app, &alices, &[topic(&dear(2_400))]))
        .collect();
    let mut cheap = subscribe(&app, &bobs, &["tbl_auth_users/*".to_owned()]);
    let mut of_superusers = subscribe(&app, &root, &["_superusers/*".to_owned()]);
    for n in 0..30 {
        let flood = (0..100)
            .map(|_| named(&alice, "Alice"))
            .chain([named(&bob, &format!("Bob {n}"))]);
        app.take(flood);
        assert_eq!(hears(&mut cheap), format!("Bob {n}"));
    }
    for mut client in dear {
        assert_eq!(client.next(), None);
    }
    superuser(&app, "other@example.com");
    assert_eq!(
        of_superusers.next().unwrap().data["record"]["email"],
        "other@example.com"
    );
}

#[test]
fn a_user_has_twenty_streams_and_the_oldest_makes_room_for_one_more() {
    let app = spawn();
    let (alice, alices) = user(&app, "13800138000");
    let (bob, bobs) = user(&app, "13800138001");
    let topics = ["tbl_auth_users".to_owned()];
    let mut other = subscribe(&app, &bobs, &topics);
    let mut clients: Vec<_> = (0..21).map(|_| subscribe(&app, &alices, &topics)).collect();
    assert_eq!(clients.remove(0).next(), None);
    app.take([named(&alice, "Alice"), named(&bob, "Bob")]);
    assert!(clients.iter_mut().all(|client| hears(client) == "Alice"));
    assert_eq!(hears(&mut other), "Bob");
}

#[test]
fn the_topics_of_a_user_are_bounded_in_number_in_comparisons_and_in_bytes() {
    let app = spawn();
    let (_, root) = superuser(&app, "root@example.com");
    let (alice, alices) = user(&app, "13800138000");
    let (_, bobs) = user(&app, "13800138001");
    let mut client = Client::connect(&app);
    let many = |n: usize| {
        (0..n)
            .map(|n| format!("tbl_auth_users/{n}"))
            .collect::<Vec<_>>()
    };
    let refused = client.ask(&app, &alices, &many(101));
    let too_long = json!({ "code": "validation_length_too_long", "message": "The length must be no more than 100.", "params": { "max": 100, "min": 0 } });
    assert_eq!(
        (refused.status, &refused.json()["data"]),
        (400, &json!({ "subscriptions": too_long }))
    );
    assert_eq!(client.ask(&app, &alices, &many(100)).status, 204);
    assert_eq!(
        client
            .ask(&app, &alices, &vec!["tbl_auth_users"; 500])
            .status,
        204
    );
    assert_eq!(
        Client::connect(&app).ask(&app, &root, &many(1000)).status,
        204
    );

    let compared = |n: usize| topic(&vec![format!("id={n}"); 200].join("||"));
    let comparisons: Vec<_> = (10..15).map(compared).collect();
    assert_eq!(client.ask(&app, &alices, &comparisons).status, 204);
    let refused = client.ask(&app, &alices, &(10..16).map(compared).collect::<Vec<_>>());
    let code = refused.json()["data"]["subscriptions"]["code"].clone();
    assert_eq!(
        (refused.status, code),
        (400, json!("validation_too_many_comparisons"))
    );

    // A comparison counts as 256 bytes: sixteen such subscriptions are more than a user's share.
    let others: Vec<_> = (0..14).map(|_| Client::connect(&app)).collect();
    assert!(
        others
            .iter()
            .all(|other| other.ask(&app, &alices, &comparisons).status == 204)
    );
    let last = Client::connect(&app);
    let refused = last.ask(&app, &alices, &comparisons);
    assert_eq!((refused.status, refused.header("retry-after")), (429, "5"));
    assert_eq!(last.ask(&app, &bobs, &comparisons).status, 204);
    // Who wants the same, or less, is not refused.
    assert_eq!(client.ask(&app, &alices, &comparisons).status, 204);
    client.subscribe(&app, &alices, &["tbl_auth_users"]);
    app.take([named(&alice, "Alice")]);
    assert_eq!(hears(&mut client), "Alice");
}
