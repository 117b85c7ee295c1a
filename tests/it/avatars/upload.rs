//! Uploads: what is taken for a picture, and what is said of the rest.

use std::io::{Read, Write};
use std::time::Duration;

use bai::config::Config;
use image::ImageFormat;
use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp, profile};
use crate::support::http_request::{connect, read_status};
use crate::support::pictures::{
    Owner, Part, UPLOAD, file, fixture, form, heavy_png, jpeg, path_of, picture, status_of, text,
    with_form,
};
use crate::support::pocketbase_api::assert_error;
use crate::support::superuser::Root;

const INVALID: &str = "An error occurred while validating the submitted data.";

fn assert_field(answer: &Answer, field: &str, code: &str, words: &str) {
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["message"]),
        (400, &json!(INVALID)),
        "{body}"
    );
    let error = &body["data"][field];
    assert_eq!(error["code"], code, "{body}");
    assert!(error["message"].as_str().unwrap().contains(words), "{body}");
}

/// A picture is given under a URL that the answer names, as it came.
#[test]
fn what_wx_upload_file_sends_is_stored_and_given_as_it_came() {
    let app = TestApp::spawn();
    let owner = Owner::new(&app, 1);
    for (field, format, extension, mime) in [
        ("file", ImageFormat::Jpeg, "jpg", "image/jpeg"),
        ("avatar", ImageFormat::Png, "png", "image/png"),
        ("users_picture", ImageFormat::WebP, "webp", "image/webp"),
    ] {
        let bytes = picture(format, 132, 132, 7);
        let parts = [
            text("from", "chooseAvatar"),
            file(field, &bytes),
            text("x", ""),
        ];
        let url = owner.send(&app, &parts).ok()["url"]
            .as_str()
            .unwrap()
            .to_owned();
        let start = format!("{}/api/files/tbl_auth_users/{}/avatar_", app.base, owner.id);
        assert!(url.starts_with(&start) && url.ends_with(extension), "{url}");
        assert_eq!(url.len(), start.len() + 10 + 1 + extension.len());
        let served = app.get(path_of(&app, &url)).send();
        assert_eq!((served.status, served.header("content-type")), (200, mime));
        assert!(served.body == bytes);
    }
}

#[test]
fn pictures_of_all_kinds_that_phones_make_are_taken() {
    let app = TestApp::spawn();
    let owner = Owner::new(&app, 1);
    for name in [
        "cmyk.jpg",
        "gray.jpg",
        "progressive.jpg",
        "turned.jpg",
        "alpha.png",
        "deep.png",
        "mono.png",
        "palette.png",
        "alpha.webp",
        "lossless.webp",
        "lossy.webp",
    ] {
        let bytes = fixture(name);
        let url = owner.uploaded(&app, &bytes);
        assert!(app.get(path_of(&app, &url)).send().body == bytes, "{name}");
        let small = app
            .get(&format!("{}?thumb=100x100", path_of(&app, &url)))
            .send();
        let small = image::load_from_memory(&small.body).unwrap();
        assert_eq!((small.width(), small.height()), (100, 100), "{name}");
    }
}

#[test]
fn what_is_no_picture_is_refused_whatever_it_is_called() {
    let app = TestApp::spawn();
    let owner = Owner::new(&app, 1);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    for bytes in [
        fixture("still.gif"),
        svg,
        b"<html>".to_vec(),
        vec![0; 9],
        b"\xff\xd8".to_vec(),
    ] {
        let refused = owner.upload(&app, &bytes);
        assert_field(
            &refused,
            "file",
            "validation_invalid_mime_type",
            "JPEG, PNG or WebP",
        );
    }
    for whole in [
        "progressive.jpg",
        "palette.png",
        "lossy.webp",
        "lossless.webp",
    ] {
        let whole = fixture(whole);
        for length in [12, whole.len() / 2, whole.len() - 20] {
            let refused = owner.upload(&app, &whole[..length]);
            assert_field(&refused, "file", "validation_invalid_file", "damaged");
        }
    }
    for name in ["animated.webp", "animated.png"] {
        let animated = owner.upload(&app, &fixture(name));
        assert_field(&animated, "file", "validation_invalid_file", "animated");
    }
    assert_eq!(
        app.block_on(app.app.store.avatar_totals()).unwrap().count,
        0
    );
}

/// Small files that say that they are large: nothing is made room for.
#[test]
fn more_than_1024_pixels_a_side_are_refused_before_they_are_decoded() {
    let app = TestApp::spawn();
    let owner = Owner::new(&app, 1);
    assert_eq!(
        owner
            .upload(&app, &picture(ImageFormat::Jpeg, 1024, 1024, 0))
            .status,
        200
    );
    let mut png = fixture("palette.png");
    png[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    // A canvas of one pixel around a frame of 16383 by 16383.
    let mut frame = b"RIFF\x2a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0VP8 \x0c\0\0\0".to_vec();
    frame.extend(b"\x30\x01\0\x9d\x01\x2a\xff\x3f\xff\x3f\0\0");
    let mut webp = fixture("lossy.webp");
    let sides = webp
        .windows(3)
        .position(|three| three == b"\x9d\x01\x2a")
        .unwrap()
        + 3;
    webp[sides..sides + 4].copy_from_slice(b"\x01\x04\x01\x04");
    for bytes in [
        picture(ImageFormat::Png, 1025, 1, 0),
        picture(ImageFormat::Jpeg, 8, 1025, 0),
        picture(ImageFormat::WebP, 1025, 8, 0),
        frame,
        webp,
    ] {
        let refused = owner.upload(&app, &bytes);
        assert_field(&refused, "file", "validation_invalid_file", "1024 pixels");
    }
    // Its checksum is wrong, too.
    assert_field(
        &owner.upload(&app, &png),
        "file",
        "validation_invalid_file",
        "",
    );
}

#[test]
fn a_picture_has_max_kib_at_most() {
    let app = TestApp::spawn_with(|config| config.avatars.max_kib = 20);
    let owner = Owner::new(&app, 1);
    let mut fits = jpeg(1);
    fits.resize(20 * 1024, 0);
    assert_eq!(owner.upload(&app, &fits).status, 200);
    fits.push(0);
    for bytes in [fits, heavy_png(60), heavy_png(700), vec![0; 5 << 20]] {
        let refused = owner.send(&app, &[file("头像", &bytes)]);
        assert_field(&refused, "头像", "validation_file_size_limit", "20 KiB");
        assert_eq!(
            refused.json()["data"]["头像"]["params"]["maxSize"],
            20 * 1024
        );
    }
    let (long, whole) = (text("x", &"x".repeat(1 << 20)), file("file", &jpeg(2)));
    assert_eq!(
        owner.send(&app, &[long, whole]).status,
        200,
        "texts are ignored"
    );
}

#[test]
fn exactly_one_file_is_taken() {
    let app = TestApp::spawn();
    let owner = Owner::new(&app, 1);
    let bytes = jpeg(1);
    for (parts, field, code) in [
        (vec![], "file", "validation_required"),
        (vec![text("file", "x")], "file", "validation_required"),
        (vec![file("a", b"")], "a", "validation_required"),
        (
            vec![file("a", &bytes), file("b", &bytes)],
            "b",
            "validation_too_many_files",
        ),
        (
            vec![file("a", &bytes), text("c", ""), file("a", b"")],
            "a",
            "validation_too_many_files",
        ),
    ] {
        assert_field(&owner.send(&app, &parts), field, code, "");
    }
    assert_eq!(
        app.block_on(app.app.store.avatar_totals()).unwrap().count,
        0
    );
}

#[test]
fn a_body_that_is_no_form_is_told_how_to_send_one() {
    let app = TestApp::spawn();
    let owner = Owner::new(&app, 1);
    let whole = form(&[file("file", &jpeg(1))]);
    let cut = &whole[..whole.len() - 30];
    for (media_type, body) in [
        ("image/jpeg", &jpeg(1)[..]),
        ("application/json", b"{}"),
        ("multipart/form-data", &whole),
        ("multipart/form-data; boundary=other", &whole),
        ("multipart/form-data; boundary=WABoundary+0A", cut),
    ] {
        let call = app.post(UPLOAD).bearer(&owner.token);
        let refused = call.header("Content-Type", media_type).body(body).send();
        let told = refused.json()["message"].as_str().unwrap().to_owned();
        assert_eq!(
            (refused.status, told.contains("multipart/form-data")),
            (400, true),
            "{told}"
        );
    }
    let none = app.post(UPLOAD).bearer(&owner.token).send();
    assert_eq!(none.status, 400);
}

#[test]
fn users_upload_and_nobody_else() {
    let root = Root::new();
    let app = &root.app;
    let parts = [file("file", &jpeg(1))];
    assert_eq!(with_form(app.post(UPLOAD), &parts).send().status, 401);
    assert_eq!(
        with_form(app.post(UPLOAD).bearer("x"), &parts)
            .send()
            .status,
        401
    );
    let by_superuser = with_form(app.post(UPLOAD).bearer(&root.token), &parts).send();
    assert_error(
        &by_superuser,
        403,
        "The request requires auth record from tbl_auth_users collection.",
        &json!({}),
    );
    let owner = Owner::new(app, 1);
    root.update(
        "/api/collections/tbl_auth_users",
        &json!(owner.id),
        &json!({ "users_status": 0 }),
    )
    .ok();
    assert_eq!(owner.upload(app, &jpeg(1)).status, 401);
}

/// Whoever announces more than is taken, or stops sending, holds nobody up.
#[test]
fn bodies_that_are_too_large_or_too_slow_are_cut_off() {
    let app = TestApp::spawn_with(|config| config.server.body_timeout = Duration::from_secs(1));
    let owner = Owner::new(&app, 1);
    let texts: Vec<Part> = (0..9).map(|_| text("x", &"x".repeat(1 << 20))).collect();
    assert_eq!(owner.send(&app, &texts).status, 413);
    let mut socket = connect(&app);
    let head = format!(
        "POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: multipart/form-data; \
         boundary=WABoundary+0A\r\nContent-Length: 100000\r\n\r\n",
        owner.token
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket
        .write_all(&form(&[file("file", &jpeg(1))])[..2000])
        .unwrap();
    assert_eq!(read_status(&mut socket), 408);
}

#[test]
fn a_token_that_is_not_valid_is_told_before_the_body_has_come() {
    let app = TestApp::spawn();
    let mut socket = connect(&app);
    let head = format!(
        "POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=a\r\nContent-Length: 999\r\nExpect: 100-continue\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut first = [0; 12];
    socket.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 401");
}

/// The `url` of an upload through this server with these headers.
fn url_with(configure: impl FnOnce(&mut Config), headers: &[(&str, &str)]) -> String {
    let app = TestApp::spawn_with(configure);
    let owner = Owner::new(&app, 1);
    let call = app.post(UPLOAD).bearer(&owner.token);
    let call = headers
        .iter()
        .fold(call, |call, (name, value)| call.header(name, value));
    let url = with_form(call, &[file("file", &jpeg(1))]).send().ok()["url"].clone();
    let url = url.as_str().unwrap().split("/api/files/").next().unwrap();
    url.replace(&app.base, "SELF")
}

#[test]
fn the_url_is_the_public_one_or_where_the_request_went_to() {
    let https = [("X-Forwarded-Proto", "https"), ("Host", "api.example.com")];
    let with_base_path = |config: &mut Config| config.server.base_path = "/pb".into();
    let trusting = |config: &mut Config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let public = |config: &mut Config| {
        let table = "[server]\npublic_urls = [\"https://a.example/pb/\", \"https://b.example\"]";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), table).unwrap();
        let loaded = Config::load(Some(file.path()), std::iter::empty()).unwrap();
        config.server.public_urls = loaded.server.public_urls;
    };
    assert_eq!(url_with(|_| (), &[]), "SELF");
    assert_eq!(url_with(with_base_path, &[]), "SELF");
    assert_eq!(url_with(|_| (), &https), "http://api.example.com");
    assert_eq!(url_with(trusting, &https), "https://api.example.com");
    assert_eq!(url_with(public, &https), "https://a.example/pb");
    assert_eq!(url_with(|_| (), &[("Host", "me@example.com")]), "");
}

/// The address that a server on the loopback names is taken at every door.
#[test]
fn the_url_is_taken_as_the_users_picture_at_every_door() {
    let root = Root::new();
    let app = &root.app;
    let owner = Owner::new(app, 1);
    let url = owner.with_picture(app, &jpeg(1));
    assert_eq!(owner.picture(app), url);
    let record = json!({ "users_picture": url });
    root.update("/api/collections/tbl_auth_users", &json!(owner.id), &record)
        .ok();
    let token = app.wechat_token("a");
    let user: Value = with_form(app.post(UPLOAD).bearer(&token), &[file("file", &jpeg(2))])
        .send()
        .ok();
    let mut completed = profile("13900000001");
    completed["users_picture"] = user["url"].clone();
    let changed = app
        .post("/api/wechat/profile")
        .bearer(&token)
        .json(&completed)
        .send()
        .data();
    assert_eq!(changed["user"]["users_picture"], user["url"]);
    assert_eq!(status_of(app, user["url"].as_str().unwrap()), 200);
}
