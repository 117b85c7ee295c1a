//! Pictures as they are served: to everybody, for ever, and as nothing but pictures.

use serde_json::json;
use ureq::http::HeaderMap;

use crate::support::app::TestApp;
use crate::support::pictures::{
    Owner, file, fixture, jpeg, jpeg_with_comment, path_of, sides, status_of,
};
use crate::support::pocketbase_api::assert_error;
use crate::support::real_pocketbase::{self, PocketBase};

const MARKUP: &[u8] = b"<html><script>document.title = 'ran'</script></html>";

/// A server with a picture, and the path of that.
fn served(bytes: &[u8]) -> (TestApp, String) {
    let app = TestApp::spawn();
    let url = Owner::new(&app, 1).uploaded(&app, bytes);
    let path = path_of(&app, &url).to_owned();
    (app, path)
}

#[test]
fn a_picture_is_kept_for_ever_and_nothing_in_it_runs() {
    let bytes = jpeg_with_comment(&jpeg(1), MARKUP);
    let (app, path) = served(&bytes);
    let name = path.rsplit('/').next().unwrap();
    let answer = app
        .get(&path)
        .header("Origin", "https://page.example")
        .send();
    assert!(answer.status == 200 && answer.body == bytes);
    for (header, value) in [
        ("content-type", "image/jpeg"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
        (
            "content-disposition",
            &format!("inline; filename=\"{name}\""),
        ),
        ("cross-origin-resource-policy", "cross-origin"),
        ("access-control-allow-origin", "*"),
        ("accept-ranges", "bytes"),
        ("content-length", &bytes.len().to_string()),
    ] {
        assert_eq!(answer.header(header), value, "{header}");
    }
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none';") && policy.ends_with("; sandbox"),
        "{policy}"
    );
    let attachment = app.get(&format!("{path}?download=1")).send();
    assert_eq!(
        attachment.header("content-disposition"),
        format!("attachment; filename=\"{name}\"")
    );
    let head = app.call("HEAD", &path).send();
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty() && head.header("content-length") == bytes.len().to_string());
    assert_eq!(head.header("etag"), answer.header("etag"));
}

#[test]
fn a_picture_is_found_by_the_collections_name_and_id_and_nothing_else() {
    let (app, path) = served(&jpeg(1));
    let by_id = path.replace("tbl_auth_users", "pbc_421601843");
    assert_eq!(status_of(&app, &format!("{}{by_id}", app.base)), 200);
    assert_eq!(app.get(&format!("{path}?token=x")).send().status, 200);
    let (folder, name) = path.rsplit_once('/').unwrap();
    for other in [
        format!("{folder}/other.jpg"),
        format!("{folder}/{}", name.to_uppercase()),
        format!("/api/files/tbl_auth_users/aaaaaaaaaaaaaaa/{name}"),
        format!("/api/files/tbl_auth_users/x/{name}"),
        path.replace("tbl_auth_users", "_superusers"),
        path.replace("tbl_auth_users", "tbl_company"),
    ] {
        let missing = app.get(&other).send();
        assert_error(
            &missing,
            404,
            "The requested resource wasn't found.",
            &json!({}),
        );
        assert_eq!(missing.header("cache-control"), "", "{other}");
    }
    let missing = app.get(&path.replace("tbl_auth_users", "nothing")).send();
    assert_error(
        &missing,
        404,
        "Missing or invalid collection context.",
        &json!({}),
    );
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        assert!(
            [404, 405].contains(&app.call(method, &path).send().status),
            "{method}"
        );
    }
}

#[test]
fn a_small_picture_is_made_in_the_same_format_and_any_other_size_is_the_picture() {
    for (name, mime) in [
        ("progressive.jpg", "image/jpeg"),
        ("alpha.png", "image/png"),
        ("lossy.webp", "image/webp"),
    ] {
        let (app, path) = served(&fixture(name));
        let small = app.get(&format!("{path}?thumb=100x100")).send();
        assert_eq!(
            (small.header("content-type"), sides(&small.body)),
            (mime, (100, 100))
        );
        assert!(
            small
                .header("content-disposition")
                .contains("filename=\"100x100_avatar_")
        );
        let again = app.get(&format!("{path}?thumb=100x100")).send();
        assert!(again.body == small.body && again.header("etag") == small.header("etag"));
        let whole = app.get(&path).send();
        assert_ne!(whole.header("etag"), small.header("etag"));
        for size in [
            "50x50",
            "100x100f",
            "100x100t",
            "0x100",
            "100x0",
            "",
            "x",
            "99999x99999",
        ] {
            let other = app.get(&format!("{path}?thumb={size}")).send();
            assert!(other.status == 200 && other.body == whole.body, "{size}");
        }
        let metrics = app.get("/metrics").send();
        for line in ["{from=\"made\"} 1", "{from=\"kept\"} 1"] {
            assert!(
                metrics
                    .text()
                    .contains(&format!("bai_avatar_thumbs_total{line}")),
                "{line}"
            );
        }
    }
}

/// Red above blue, and the camera was held so that red is at the right.
#[test]
fn a_small_picture_stands_as_its_camera_says() {
    let (app, path) = served(&fixture("turned.jpg"));
    let small = app.get(&format!("{path}?thumb=100x100")).send();
    let small = image::load_from_memory(&small.body).unwrap().to_rgb8();
    let (left, right) = (small.get_pixel(20, 50).0, small.get_pixel(80, 50).0);
    assert!(
        left[2] > 200 && left[0] < 50 && right[0] > 200 && right[2] < 50,
        "{left:?} {right:?}"
    );
}

/// Headers of a request, with the status and the range that it is answered with.
fn conditions(modified: &str) -> Vec<(Vec<(&'static str, String)>, u16)> {
    let range = |text: &str| ("Range", text.to_owned());
    let old = "Mon, 01 Jan 2024 00:00:00 GMT".to_owned();
    let new = "Fri, 01 Jan 2100 00:00:00 GMT".to_owned();
    let modified = modified.to_owned();
    vec![
        (vec![], 200),
        (vec![range("bytes=0-3")], 206),
        (vec![range("bytes=5-")], 206),
        (vec![range("bytes=-4")], 206),
        (vec![range("bytes=0-99999999")], 206),
        (vec![range("bytes=99999999-")], 416),
        (vec![range("bytes=abc")], 416),
        (vec![range("items=0-3")], 416),
        (vec![range("bytes=5-2")], 416),
        (vec![("If-Modified-Since", modified.clone())], 304),
        (vec![("If-Modified-Since", new.clone())], 304),
        (vec![("If-Modified-Since", old.clone())], 200),
        (vec![("If-Modified-Since", "yesterday".into())], 200),
        (vec![("If-Unmodified-Since", old.clone())], 412),
        (vec![("If-Unmodified-Since", new)], 200),
        (vec![("If-None-Match", "*".into())], 304),
        (vec![("If-None-Match", "\"other\"".into())], 200),
        (vec![("If-Match", "\"other\"".into())], 412),
        (
            vec![range("bytes=0-3"), ("If-Range", modified.clone())],
            206,
        ),
        (vec![range("bytes=0-3"), ("If-Range", old)], 200),
        (
            vec![range("bytes=0-3"), ("If-Range", "\"other\"".into())],
            200,
        ),
        (
            vec![range("bytes=0-3"), ("If-Modified-Since", modified)],
            304,
        ),
    ]
}

#[test]
fn conditions_and_parts_are_answered() {
    let bytes = jpeg(1);
    let (app, path) = served(&bytes);
    let whole = app.get(&path).send();
    let send = |headers: &[(&'static str, String)]| {
        let call = app.get(&path);
        headers
            .iter()
            .fold(call, |call, (name, value)| call.header(name, value))
            .send()
    };
    for (headers, status) in conditions(whole.header("last-modified")) {
        let answer = send(&headers);
        assert_eq!(answer.status, status, "{headers:?}");
        let is_kept = [200, 206, 304].contains(&status);
        assert_eq!(
            answer.header("cache-control").is_empty(),
            !is_kept,
            "{headers:?}"
        );
        assert_eq!(answer.header("etag").is_empty(), !is_kept, "{headers:?}");
    }
    let part = send(&[("Range", "bytes=5-9".into())]);
    assert_eq!(part.body, bytes[5..10]);
    assert_eq!(
        part.header("content-range"),
        format!("bytes 5-9/{}", bytes.len())
    );
    let none = send(&[("Range", "bytes=99999999-".into())]);
    assert_eq!(
        none.header("content-range"),
        format!("bytes */{}", bytes.len())
    );
    let tag = whole.header("etag");
    for (name, value, status) in [
        ("If-None-Match", tag.to_owned(), 304),
        ("If-None-Match", format!("\"a\", W/{tag}"), 304),
        ("If-Match", tag.to_owned(), 200),
    ] {
        assert_eq!(send(&[(name, value)]).status, status);
    }
    let several = send(&[("Range", "bytes=0-1,4-5".into())]);
    assert!(several.status == 200 && several.body == bytes);
}

/// Headers that both send alike.
const ALIKE: [&str; 8] = [
    "content-type",
    "content-length",
    "content-range",
    "accept-ranges",
    "content-security-policy",
    "x-content-type-options",
    "access-control-allow-origin",
    "vary",
];

#[test]
#[ignore = "needs BAI_POCKETBASE; .ci/run runs it"]
fn conditions_and_parts_are_answered_as_pocketbase_answers_them() {
    let folder = tempfile::tempdir().unwrap();
    let binary = real_pocketbase::binary();
    real_pocketbase::create_root(&binary, folder.path());
    let real = PocketBase::start_binary(&binary, folder.path());
    let token = real.root();
    let collection = json!({ "name": "pictures", "type": "base", "viewRule": "",
        "fields": [{ "name": "avatar", "type": "file", "maxSelect": 1 }] });
    real.ok("POST", "/api/collections", &token, &collection);
    let bytes = jpeg(1);
    let record = real.create_by_form("pictures", &token, &[file("avatar", &bytes)]);
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    let their_path = format!("/api/files/pictures/{}/{}", text("id"), text("avatar"));
    let (app, path) = served(&bytes);
    let modified = |headers: &HeaderMap| headers["last-modified"].to_str().unwrap().to_owned();
    let theirs = conditions(&modified(&real.get_with(&their_path, &[]).1));
    let ours = conditions(&modified(&app.get(&path).send().headers));
    for ((theirs, status), (ours, _)) in theirs.into_iter().zip(ours) {
        let (their_status, their_headers) = real.get_with(&their_path, &theirs);
        let call = app.get(&path);
        let call = ours
            .iter()
            .fold(call, |call, (name, value)| call.header(name, value));
        let answer = call.send();
        assert_eq!(
            (their_status, answer.status),
            (status, status),
            "{theirs:?}"
        );
        let alike = ALIKE.iter().filter(|_| status < 400);
        for name in alike {
            assert_eq!(
                their_headers.get(*name),
                answer.headers.get(*name),
                "{name} of {theirs:?}"
            );
        }
    }
}
