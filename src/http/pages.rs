//! Files embedded in the binary: our pages and Swagger UI, with conditional requests and gzip.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use flate2::read::GzDecoder;
use parking_lot::Mutex;
use poem::error::{InternalServerError, MethodNotAllowedError, NotFoundError};
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, Request, Response, ResponseBuilder, Result};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::memory::InMemoryOnce;

/// `static/` and Swagger UI, as build.rs laid them out: each file in its gzip form, which every browser takes.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/assets"]
struct Assets;

/// Files that somebody has asked for who does not take gzip, as they were before build.rs compressed them: two megabytes at most,
/// which all who ask share.
static UNPACKED: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);

/// Nothing from elsewhere, no inline script.
const STRICT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// Swagger UI writes inline styles (swagger-api/swagger-ui#10655).
const SWAGGER: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// For every page and file: what OWASP's Secure Headers Project advises beyond what all answers have.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        "require-corp",
    ),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        "none",
    ),
];
/// Permissions that our pages never ask a browser for.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()";

/// Begin and end of what a page says of the console.
const CONSOLE: [&str; 2] = ["<!-- console -->", "<!-- /console -->"];

/// One page.
pub struct Page {
    file: &'static str,
    policy: &'static str,
    /// Text above the page.
    notice: Option<&'static str>,
    /// Whether there is a console for the page to lead to.
    has_console: bool,
}

/// The files that pages refer to.
pub struct Files {
    folder: &'static str,
}

impl Page {
    /// A page of ours.
    pub const fn new(file: &'static str) -> Self {
        Self {
            file,
            policy: STRICT,
            notice: None,
            has_console: true,
        }
    }

    /// The page around Swagger UI.
    pub const fn swagger_ui(file: &'static str) -> Self {
        Self {
            file,
            policy: SWAGGER,
            notice: None,
            has_console: true,
        }
    }

    /// The page below a notice, if there is one.
    pub const fn with_notice(self, notice: Option<&'static str>) -> Self {
        Self { notice, ..self }
    }

    /// The page, which leads to the console only if there is one.
    pub const fn with_console(self, has_console: bool) -> Self {
        Self {
            has_console,
            ..self
        }
    }

    /// Whether the page is served as its file is.
    const fn is_as_embedded(&self) -> bool {
        self.notice.is_none() && self.has_console
    }

    /// The page as it is served when it is not as its file.
    fn edited(&self, page: &str) -> String {
        let page = match self.has_console {
            true => page.to_owned(),
            false => without_console(page),
        };
        let Some(notice) = self.notice else {
            return page;
        };
        let top = format!("<body>\n    <p class=\"notice\" role=\"alert\">{notice}</p>");
        page.replacen("<body>", &top, 1)
    }
}

fn without_console(page: &str) -> String {
    let [begin, end] = CONSOLE;
    let kept = page.split(begin).enumerate().map(|(n, part)| match n {
        0 => part,
        _ => part.split_once(end).map_or("", |(_, rest)| rest),
    });
    kept.collect()
}

impl Files {
    /// The files of `folder`, which is "" or ends in a slash.
    pub const fn new(folder: &'static str) -> Self {
        Self { folder }
    }
}

impl Endpoint for Page {
    type Output = Response;

    async fn call(&self, req: Request) -> Result<Response> {
        let mut response = match self.is_as_embedded() {
            true => serve(&req, self.file)?,
            false => serve_edited(&req, self)?,
        };
        response.headers_mut().insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(self.policy),
        );
        Ok(response)
    }
}

impl Endpoint for Files {
    type Output = Response;

    async fn call(&self, req: Request) -> Result<Response> {
        let name = req.uri().path().rsplit('/').next().unwrap_or_default();
        let content_type = content_type(name).ok_or(NotFoundError)?;
        if content_type.starts_with("text/html") {
            return Err(NotFoundError.into());
        }
        serve(&req, &format!("{}{name}", self.folder))
    }
}

/// A relative redirect: it holds behind a proxy that strips a prefix, too.
pub fn moved(to: &str) -> Response {
    Response::builder()
        .status(StatusCode::MOVED_PERMANENTLY)
        .header("Location", to)
        .finish()
}

fn open(req: &Request, name: &str) -> Result<EmbeddedFile> {
    let file = Assets::get(name).ok_or(NotFoundError)?;
    match *req.method() {
        Method::GET | Method::HEAD => Ok(file),
        _ => Err(MethodNotAllowedError.into()),
    }
}

fn with_headers(builder: ResponseBuilder) -> ResponseBuilder {
    HEADERS.into_iter().fold(builder, |builder, (name, value)| {
        builder.header(name, value)
    })
}

/// A page that is made for this answer.
fn serve_edited(req: &Request, page: &Page) -> Result<Response> {
    let file = unpacked(page.file, &open(req, page.file)?)?;
    Ok(with_headers(Response::builder())
        .header(header::CACHE_CONTROL, "no-cache")
        .content_type("text/html; charset=utf-8")
        .body(page.edited(&String::from_utf8_lossy(&file))))
}

fn serve(req: &Request, name: &str) -> Result<Response> {
    let file = open(req, name)?;
    let etag = etag(&file);
    let builder = Response::builder()
        .header(header::ETAG, &etag)
        .header(header::CACHE_CONTROL, "no-cache")
        .header(header::VARY, "Accept-Encoding");
    let builder = with_headers(builder);
    if is_known(req.headers(), &etag) {
        return Ok(builder.status(StatusCode::NOT_MODIFIED).finish());
    }
    let builder = builder.content_type(content_type(name).unwrap_or("application/octet-stream"));
    let (builder, body) = match accepts_gzip(req.headers()) {
        true => (
            builder.header(header::CONTENT_ENCODING, "gzip"),
            packed(file),
        ),
        false => (builder, unpacked(name, &file)?),
    };
    if req.method() == Method::HEAD {
        return Ok(builder.header(header::CONTENT_LENGTH, body.len()).finish());
    }
    Ok(builder.extension(InMemoryOnce).body(body))
}

/// The file as it is in the binary.
fn packed(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

/// The file as it was before build.rs compressed it.
fn unpacked(name: &str, file: &EmbeddedFile) -> Result<Bytes> {
    let mut files = UNPACKED.lock();
    if let Some(known) = files.get(name) {
        return Ok(known.clone());
    }
    let mut content = Vec::new();
    let mut gz = GzDecoder::new(file.data.as_ref());
    gz.read_to_end(&mut content).map_err(InternalServerError)?;
    let content = Bytes::from(content);
    files.insert(name.to_owned(), content.clone());
    Ok(content)
}

/// Weak, because the compressed form has the same one.
fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..12]))
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known
        .split(',')
        .any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("gzip") && weight.trim().parse() != Ok(0.0)
    })
}

fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}
