//! Pictures, forms with them, and users who have one.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use serde_json::{Value, json};

use crate::support::app::{Answer, Call, TestApp};
use crate::support::pocketbase_api::{USERS, path};

pub const UPLOAD: &str = "/api/files/avatar";

/// Bytes of a fixture in `tests/fixtures/pictures/`.
pub fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pictures");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// A picture of colours, told apart by a number.
pub fn picture(format: ImageFormat, width: u32, height: u32, n: u8) -> Vec<u8> {
    let colour = |x: u32, y: u32| image::Rgb([(x % 251) as u8, (y % 241) as u8, n]);
    let picture = DynamicImage::from(RgbImage::from_fn(width, height, colour));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn jpeg(n: u8) -> Vec<u8> {
    picture(ImageFormat::Jpeg, 160, 120, n)
}

/// A JPEG with a comment of these bytes.
pub fn jpeg_with_comment(jpeg: &[u8], comment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(comment.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xfe", &length, comment, &jpeg[2..]].concat()
}

/// A PNG of about so many KiB, which nothing can compress.
pub fn heavy_png(kib: usize) -> Vec<u8> {
    let side = u32::try_from((kib * 1024 / 3).isqrt()).unwrap();
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(side, side, |_, _| {
        image::Rgb([(); 3].map(|()| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(noise)
        .write_to(&mut bytes, ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

/// The sides of a picture.
pub fn sides(bytes: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(bytes).unwrap();
    (picture.width(), picture.height())
}

/// A part of a form: its headers after the name of the field, and its bytes.
pub struct Part(pub String, pub Vec<u8>);

/// A file as `wx.uploadFile` sends it.
pub fn file(field: &str, bytes: &[u8]) -> Part {
    let name = "tmp_0f9a6b1e2d3c.jpg";
    let headers = format!("name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: image/jpeg");
    Part(headers, bytes.to_vec())
}

pub fn text(field: &str, text: &str) -> Part {
    Part(format!("name=\"{field}\""), text.into())
}

/// The body with these parts, of the boundary that WeChat uses.
pub fn form(parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for Part(headers, bytes) in parts {
        body.extend(b"--WABoundary+0A\r\nContent-Disposition: form-data; ");
        body.extend(headers.as_bytes());
        body.extend(b"\r\n\r\n");
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--WABoundary+0A--\r\n");
    body
}

/// A call with a form in it.
pub fn with_form(call: Call, parts: &[Part]) -> Call {
    call.header(
        "Content-Type",
        "multipart/form-data; boundary=WABoundary+0A",
    )
    .body(&form(parts))
}

/// A user who is logged in.
pub struct Owner {
    pub id: String,
    pub token: String,
}

impl Owner {
    /// A user of the platform, told apart by a number.
    pub fn new(app: &TestApp, n: u32) -> Self {
        let session = app.register(&format!("138{n:08}"), "12345678").ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&session["record"]["id"]),
            token: text(&session["token"]),
        }
    }

    pub fn send(&self, app: &TestApp, parts: &[Part]) -> Answer {
        with_form(app.post(UPLOAD).bearer(&self.token), parts).send()
    }

    pub fn upload(&self, app: &TestApp, bytes: &[u8]) -> Answer {
        self.send(app, &[file("file", bytes)])
    }

    /// The URL of a picture that is taken.
    pub fn uploaded(&self, app: &TestApp, bytes: &[u8]) -> String {
        let answer = self.upload(app, bytes).ok();
        answer["url"].as_str().unwrap().to_owned()
    }

    pub fn patch(&self, app: &TestApp, change: &Value) -> Answer {
        app.call("PATCH", &path(USERS, &json!(self.id)))
            .bearer(&self.token)
            .json(change)
            .send()
    }

    /// Uploads a picture and makes it the profile's.
    pub fn with_picture(&self, app: &TestApp, bytes: &[u8]) -> String {
        let url = self.uploaded(app, bytes);
        self.patch(app, &json!({ "users_picture": url })).ok();
        url
    }

    pub fn picture(&self, app: &TestApp) -> String {
        let record = app.get(&path(USERS, &json!(self.id))).bearer(&self.token);
        let record = record.send().ok();
        record["users_picture"].as_str().unwrap().to_owned()
    }
}

/// The path of a URL on this server.
pub fn path_of<'a>(app: &TestApp, url: &'a str) -> &'a str {
    url.strip_prefix(&app.base)
        .unwrap_or_else(|| panic!("{url}"))
}

/// The status of a GET of the URL.
pub fn status_of(app: &TestApp, url: &str) -> u16 {
    app.get(path_of(app, url)).send().status
}
