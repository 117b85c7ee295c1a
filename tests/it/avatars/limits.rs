//! Limits of uploads: by user and day, and of all pictures together.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use bai::domain::{Avatar, AvatarName, ImageFormat, RecordId};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::http_request::{connect, read_status};
use crate::support::pictures::{Owner, UPLOAD, file, form, jpeg, status_of};

/// The number that a line of the metrics has.
fn metric(app: &TestApp, line: &str) -> f64 {
    let metrics = app.get("/metrics").send();
    let found = metrics.text().lines().find_map(|it| it.strip_prefix(line));
    found.map_or(0.0, |number| number.trim().parse().unwrap())
}

#[test]
fn a_user_uploads_twenty_pictures_a_day_refused_ones_included() {
    let app = TestApp::spawn_with(|config| config.limits.enabled = true);
    let (owner, other) = (Owner::new(&app, 1), Owner::new(&app, 2));
    for n in 0..20 {
        let bytes = if n % 2 == 0 {
            jpeg(n)
        } else {
            b"no picture".to_vec()
        };
        let expected = if n % 2 == 0 { 200 } else { 400 };
        assert_eq!(owner.upload(&app, &bytes).status, expected);
    }
    let refused = owner.upload(&app, &jpeg(1));
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((20 * 3600..27 * 3600).contains(&wait), "{wait}");
    assert_eq!(other.upload(&app, &jpeg(1)).status, 200);
    app.clock.advance(Duration::from_secs(wait));
    assert_eq!(owner.upload(&app, &jpeg(1)).status, 200);
    for (outcome, count) in [("stored", 12.0), ("refused", 10.0), ("limited", 1.0)] {
        let line = format!("bai_avatar_uploads_total{{outcome=\"{outcome}\"}}");
        assert!((metric(&app, &line) - count).abs() < 0.5, "{outcome}");
    }
    let rule = "bai_limit_refusals_total{rule=\"pictures\"}";
    assert!((metric(&app, rule) - 1.0).abs() < 0.5);
}

/// An upload that the server reads, and of which half has come.
fn half_upload(app: &TestApp, owner: &Owner) -> TcpStream {
    let mut socket = connect(app);
    let body = form(&[file("file", &jpeg(1))]);
    let head = format!(
        "POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: multipart/form-data; \
         boundary=WABoundary+0A\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        owner.token,
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(&body[..body.len() / 2]).unwrap();
    socket
}

/// Uploads as soon as the server knows that those before are lost.
fn is_taken_soon(app: &TestApp, owner: &Owner) -> bool {
    (0..1000).any(|_| {
        sleep(Duration::from_millis(10));
        owner.upload(app, &jpeg(1)).status == 200
    })
}

#[test]
fn an_upload_that_breaks_off_counts_as_none() {
    let app = TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        config.server.body_timeout = Duration::from_secs(1);
        config.avatars.max_kib = 20;
    });
    let [lost, slow, large] = [1, 2, 3].map(|n| Owner::new(&app, n));
    for _ in 0..20 {
        drop(half_upload(&app, &lost));
        assert_eq!(large.upload(&app, &vec![0; 30 << 10]).status, 400);
    }
    assert!(is_taken_soon(&app, &lost));
    let sockets: Vec<_> = (0..20).map(|_| half_upload(&app, &slow)).collect();
    for mut socket in sockets {
        assert_eq!(read_status(&mut socket), 408);
    }
    for owner in [slow, large] {
        assert_eq!(owner.upload(&app, &jpeg(1)).status, 200);
    }
}

/// An upload without room counts as none: it is the operator's to mend.
#[test]
fn all_pictures_together_have_total_mib_and_a_smaller_one_takes_the_place_of_a_larger() {
    let app = TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        config.avatars.total_mib = 1;
        config.avatars.max_kib = 700;
    });
    let (first, second) = (Owner::new(&app, 1), Owner::new(&app, 2));
    let mut large = jpeg(1);
    large.resize(600 << 10, 0);
    let url = first.with_picture(&app, &large);
    for _ in 0..30 {
        let refused = second.upload(&app, &large);
        assert_eq!(refused.status, 507);
        assert!(
            refused.json()["message"]
                .as_str()
                .unwrap()
                .contains("avatars.total_mib")
        );
    }
    assert_eq!(status_of(&app, &url), 200);
    assert_eq!(
        first.upload(&app, &large).status,
        200,
        "in the place of their own"
    );
    first
        .patch(
            &app,
            &json!({ "users_picture": "https://example.com/a.png" }),
        )
        .ok();
    assert_eq!(second.upload(&app, &large).status, 200);
    assert!((metric(&app, "bai_avatars ") - 1.0).abs() < 0.5);
    assert!((metric(&app, "bai_avatar_bytes ") - f64::from(600 << 10)).abs() < 0.5);
}

/// Decoding takes of what requests may have in memory, and gives it back.
#[test]
fn a_picture_for_which_there_is_no_memory_is_refused_and_a_stored_one_is_shown_whole() {
    let app = TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        config.server.body_memory_mib = 8;
    });
    let owner = Owner::new(&app, 1);
    for _ in 0..3 {
        let refused = owner.upload(&app, &jpeg(1));
        assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    }
    let id = RecordId::parse(&owner.id).unwrap();
    let avatar = Avatar {
        name: AvatarName::parse("a.jpg").unwrap(),
        format: ImageFormat::Jpeg,
        uploaded: app.clock.now(),
        bytes: jpeg(1),
    };
    app.block_on(app.app.store.put_avatars(vec![(id, avatar)]))
        .unwrap();
    let path = format!("/api/files/tbl_auth_users/{}/a.jpg?thumb=100x100", owner.id);
    assert!(app.get(&path).send().body == jpeg(1));
    let roomy = TestApp::spawn_with(|config| config.server.body_memory_mib = 16);
    let owner = Owner::new(&roomy, 1);
    for n in 0..4 {
        owner.uploaded(&roomy, &jpeg(n));
    }
}
