//! One request to the bucket, and its answer read: a value or an [`Error`].

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusty_s3::actions::CompleteMultipartUploadResponse;
use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::{Agent, Body, RequestBuilder, SendBody};

use crate::outbound::Cause;
use crate::store;

/// A page of a list has a thousand objects of well under 1 KiB.
const MAX_ANSWER: u64 = 4 << 20;
const MAX_ERROR: u64 = 64 << 10;
/// Characters of an error's text.
const MAX_TEXT: usize = 200;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// No request takes longer, however slowly its bytes drip.
const LONGEST: Duration = Duration::from_mins(50);
const BUFFER: usize = 64 << 10;
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Errors of requests to the bucket. No text has a URL in it, and with it a signature.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another attempt may succeed.
    #[error("{0}")]
    Retryable(String),
    /// Another attempt would end the same.
    #[error("{0}")]
    Permanent(String),
    /// There is no such thing.
    #[error("{0}")]
    Missing(String),
    /// The object is not what was uploaded.
    #[error("what was read back from the bucket differs from the backup")]
    Differs,
}

/// A client that gives up when nothing moves for `patience`.
pub fn agent(patience: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .accept_encoding("identity")
        .timeout_resolve(Some(CONNECT_TIMEOUT.min(patience)))
        .timeout_connect(Some(CONNECT_TIMEOUT.min(patience)))
        .timeout_per_read(Some(patience))
        .timeout_per_write(Some(patience))
        .timeout_global(Some(LONGEST));
    config.build().new_agent()
}

/// Result of a request, as the HTTP client has it.
type Sent = Result<Response<Body>, ureq::Error>;

/// The text of a success.
pub fn text(sent: Sent) -> Result<String, Error> {
    let body = accept(sent)?.into_body();
    body.into_with_config()
        .limit(MAX_ANSWER)
        .read_to_string()
        .map_err(|e| transport_error(&e))
}

/// The headers of a success.
pub fn headers(sent: Sent) -> Result<HeaderMap, Error> {
    Ok(accept(sent)?.headers().clone())
}

/// The request with these headers, which are signed.
pub fn with<B>(
    request: RequestBuilder<B>,
    headers: &[(&'static str, String)],
) -> RequestBuilder<B> {
    headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, value)
    })
}

/// Success if the parts were put together: the status alone does not tell.
pub fn completed(sent: Sent) -> Result<(), Error> {
    let answer = text(sent)?;
    match CompleteMultipartUploadResponse::parse(&in_their_namespace(&answer)) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Retryable(describe_refusal(StatusCode::OK, &answer))),
    }
}

/// A piece of a file.
#[derive(Clone)]
pub struct Part {
    file: Arc<PathBuf>,
    from: u64,
    length: u64,
    /// Bytes of the whole file.
    of: u64,
}

impl Part {
    /// All of `file` in parts of `size` bytes, or of more, so that they are `most` at most.
    pub fn all_of(file: &Path, size: u64, most: u64) -> Result<Vec<Self>, Error> {
        let of = fs::symlink_metadata(file)
            .map_err(|e| unreadable(&e))?
            .len();
        let file = Arc::new(file.to_owned());
        let size = size.max(of.div_ceil(most));
        let parts = (0..of.div_ceil(size)).map(|n| Self {
            file: Arc::clone(&file),
            from: n * size,
            length: size.min(of - n * size),
            of,
        });
        Ok(parts.collect())
    }

    /// Uploads it; the ETag that the bucket gave it.
    pub fn send(&self, agent: &Agent, url: &str) -> Result<String, Error> {
        let mut bytes = self.open().map_err(|e| unreadable(&e))?;
        let request = agent.put(url).header(header::CONTENT_LENGTH, self.length);
        let answer = accept(request.send(SendBody::from_reader(&mut bytes)))?;
        let etag = answer
            .headers()
            .get(header::ETAG)
            .and_then(|etag| etag.to_str().ok());
        etag.map(str::to_owned)
            .ok_or_else(|| Error::Permanent("the bucket gave a part no ETag".into()))
    }

    /// Downloads it and compares it with the file.
    pub fn compare(&self, agent: &Agent, url: &str) -> Result<(), Error> {
        let range = format!("bytes={}-{}", self.from, self.from + self.length - 1);
        let answer = accept(agent.get(url).header(header::RANGE, range).call())?;
        let ranges = answer
            .headers()
            .get(header::CONTENT_RANGE)
            .and_then(|range| range.to_str().ok());
        let total = ranges.and_then(|range| range.rsplit('/').next()?.parse().ok());
        if total != Some(self.of) {
            return Err(Error::Differs);
        }
        let ours = self.open().map_err(|e| unreadable(&e))?;
        are_equal(
            ours,
            answer
                .into_body()
                .into_with_config()
                .limit(self.length + 1)
                .reader(),
        )
    }

    fn open(&self) -> io::Result<impl Read> {
        let mut file = store::file::open_itself(&self.file)?;
        file.seek(SeekFrom::Start(self.from))?;
        Ok(file.take(self.length))
    }
}

fn are_equal(mut ours: impl Read, mut theirs: impl Read) -> Result<(), Error> {
    let mut expected = vec![0; BUFFER];
    let mut found = vec![0; BUFFER];
    loop {
        let length = ours.read(&mut expected).map_err(|e| unreadable(&e))?;
        if length == 0 {
            return Ok(());
        }
        theirs
            .read_exact(&mut found[..length])
            .map_err(|e| transport_error(&e.into()))?;
        if expected[..length] != found[..length] {
            return Err(Error::Differs);
        }
    }
}

fn accept(sent: Sent) -> Result<Response<Body>, Error> {
    let answer = sent.map_err(|e| transport_error(&e))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = answer
        .into_body()
        .into_with_config()
        .limit(MAX_ERROR)
        .lossy_utf8(true)
        .read_to_string();
    let body = body.unwrap_or_default();
    let text = describe_refusal(status, &body);
    Err(match status {
        _ if is_retryable(status, &body) => Error::Retryable(text),
        StatusCode::NOT_FOUND => Error::Missing(text),
        _ => Error::Permanent(text),
    })
}

fn is_retryable(status: StatusCode, body: &str) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
        || element(body, "Code") == Some("RequestTimeout")
}

/// Text of a refusal: its status, and the code and message in its body.
fn describe_refusal(status: StatusCode, body: &str) -> String {
    let words: Vec<_> = ["Code", "Message"]
        .iter()
        .filter_map(|name| element(body, name))
        .collect();
    let text = format!(
        "the bucket answered {} {}",
        status.as_u16(),
        words.join(": ")
    );
    text.chars()
        .take(MAX_TEXT)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim_end()
        .into()
}

fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0)
}

fn transport_error(error: &ureq::Error) -> Error {
    Error::Retryable(format!(
        "the bucket cannot be reached: {}",
        Cause::from(error)
    ))
}

fn unreadable(error: &io::Error) -> Error {
    Error::Permanent(format!("the backup cannot be read: {error}"))
}

/// The answer in S3's own XML namespace: services that speak its language may name another one, or none.
pub fn in_their_namespace(xml: &str) -> String {
    let mut tags = xml.match_indices('<').map(|(at, _)| at);
    let root = tags.find(|at| xml[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()));
    let Some((start, length)) = root.and_then(|at| Some((at, xml[at..].find('>')?))) else {
        return xml.to_owned();
    };
    let (tag, rest) = xml[start..].split_at(length);
    let name = tag
        .split(|c: char| c.is_whitespace() || c == '/')
        .next()
        .unwrap_or(tag);
    let close = if tag.ends_with('/') { "/" } else { "" };
    format!("{}{name} xmlns=\"{NAMESPACE}\"{close}{rest}", &xml[..start])
}

#[cfg(test)]
mod tests {
    use rusty_s3::actions::{CreateMultipartUpload, ListObjectsV2};

    use super::*;

    #[test]
    fn answers_are_read_in_any_namespace() {
        for root in [
            "InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"",
            "InitiateMultipartUploadResult xmlns=\"http://doc.oss-cn-hangzhou.aliyuncs.com\"",
            "InitiateMultipartUploadResult",
        ] {
            let xml = format!(
                "<?xml version=\"1.0\"?>\n<{root}><Bucket>b</Bucket><UploadId>u-1</UploadId>\
                 </InitiateMultipartUploadResult>"
            );
            let parsed = CreateMultipartUpload::parse_response(&in_their_namespace(&xml)).unwrap();
            assert_eq!(parsed.upload_id(), "u-1", "{root}");
        }
        for empty in [
            "<ListBucketResult/>",
            "<ListBucketResult></ListBucketResult>",
        ] {
            assert!(
                ListObjectsV2::parse_response(&in_their_namespace(empty))
                    .unwrap()
                    .contents
                    .is_empty()
            );
        }
        for nonsense in [
            "",
            "<",
            "<html",
            "nothing < here",
            "<Error><Code>x</Code></Error>",
        ] {
            assert!(
                ListObjectsV2::parse_response(&in_their_namespace(nonsense)).is_err(),
                "{nonsense}"
            );
        }
    }

    #[test]
    fn parts_are_all_of_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (length, size, most, expected) in [
            (10, 4, 100, vec![(0, 4), (4, 4), (8, 2)]),
            (8, 4, 100, vec![(0, 4), (4, 4)]),
            (10, 1, 2, vec![(0, 5), (5, 5)]),
            (1, 4, 100, vec![(0, 1)]),
            (0, 4, 100, vec![]),
        ] {
            file.as_file().set_len(length).unwrap();
            let parts = Part::all_of(file.path(), size, most).unwrap();
            let found: Vec<_> = parts.iter().map(|part| (part.from, part.length)).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_bucket() {
        let body =
            "<Error><Code>NoSuchBucket</Code><Message>There is no\nsuch bucket</Message></Error>";
        let text = describe_refusal(StatusCode::NOT_FOUND, body);
        assert_eq!(
            text,
            "the bucket answered 404 NoSuchBucket: There is no such bucket"
        );
        assert_eq!(
            describe_refusal(StatusCode::FORBIDDEN, "<html>"),
            "the bucket answered 403"
        );
        assert_eq!(
            describe_refusal(StatusCode::OK, &format!("<Code>{}</Code>", "x".repeat(999))).len(),
            MAX_TEXT
        );
    }
}
