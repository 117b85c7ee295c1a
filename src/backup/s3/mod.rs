//! A bucket of S3, or of a service that speaks its language. A backup goes up in parts, so that memory stays small and
//! only a part has to be sent again, and counts only after it was read back.

mod exchange;
mod labels;

use std::path::Path;
use std::time::Duration;

use rusty_s3::actions::{CreateMultipartUpload, HeadObject, ListObjectsV2};
use rusty_s3::{Credentials, S3Action, UrlStyle};
use ureq::Agent;

pub use self::exchange::Error;
use self::exchange::{Part, in_their_namespace};
pub use self::labels::Labels;
use crate::clock::Clock;
use crate::config;

/// Bytes of a part: S3 takes 5 MiB or more, and 10,000 parts of an object.
const PART: u64 = 8 << 20;
const MOST_PARTS: u64 = 10_000;
/// Lifetime of a signed request, repetitions included.
const VALID: Duration = Duration::from_hours(1);
/// Pauses before the repetitions of a request that failed for a reason that may pass.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
];

fn is_loopback(host: Option<&str>) -> bool {
    host.is_some_and(|host| {
        host.starts_with("127.") || host == "[::1]" || host.ends_with("localhost")
    })
}

/// A bucket, and the folder in it that is ours.
pub struct Bucket {
    bucket: rusty_s3::Bucket,
    credentials: Credentials,
    folder: String,
    agent: Agent,
    clock: Clock,
}

impl Bucket {
    /// The bucket that the settings name; nobody is asked yet.
    ///
    /// # Errors
    /// Endpoint and bucket make no URL; the text is for the operator.
    pub fn new(settings: &config::S3, clock: Clock) -> Result<Self, String> {
        let endpoint = settings
            .endpoint
            .expose()
            .parse()
            .map_err(|e| format!("backup.s3.endpoint: {e}"))?;
        let style = if settings.path_style {
            UrlStyle::Path
        } else {
            UrlStyle::VirtualHost
        };
        let bucket = rusty_s3::Bucket::new(endpoint, style, settings.bucket.clone(), settings.region.clone())
            .map_err(|_| {
                "backup.s3: endpoint and bucket make no host name; an IP address or a bucket that is no part of a \
                 host name needs path_style = true"
            })?;
        if settings.endpoint.expose().starts_with("http://")
            && !is_loopback(bucket.base_url().host_str())
        {
            tracing::warn!(
                "backup.s3.endpoint is not https: anybody on the way can read the backups"
            );
        }
        Ok(Self {
            bucket,
            credentials: Credentials::new(
                settings.access_key.expose(),
                settings.secret_key.expose(),
            ),
            folder: settings.prefix.clone(),
            agent: exchange::agent(settings.timeout),
            clock,
        })
    }

    /// Names and sizes of the objects in our folder whose names begin with `start`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn list(&self, start: &str) -> Result<Vec<(String, u64)>, Error> {
        let mut found = Vec::new();
        let mut token = None::<String>;
        loop {
            let mut action = ListObjectsV2::new(&self.bucket, Some(&self.credentials));
            action.with_prefix(self.key(start));
            if let Some(token) = &token {
                action.with_continuation_token(token.clone());
            }
            let url = self.sign(&action);
            let page = self
                .send_request(move |agent| exchange::text(agent.get(&url).call()))
                .await?;
            let page = ListObjectsV2::parse_response(&in_their_namespace(&page))
                .map_err(|_| Error::Permanent("the list of the bucket cannot be read".into()))?;
            for object in page.contents {
                let name = object.key.strip_prefix(&self.folder).map(str::to_owned);
                found.extend(name.map(|name| (name, object.size.unwrap_or_default())));
            }
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// The labels that the object was uploaded with.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn labels(&self, name: &str) -> Result<Labels, Error> {
        let key = self.key(name);
        let url = self.sign(&HeadObject::new(
            &self.bucket,
            Some(&self.credentials),
            &key,
        ));
        let headers = self
            .send_request(move |agent| exchange::headers(agent.head(&url).call()))
            .await?;
        Ok(Labels::read(&headers))
    }

    /// Uploads `file` with `labels`, reads it back and compares. `begun` is told the upload's id, by which what is left of it can be
    /// removed when this process does not come to do it.
    ///
    /// # Errors
    /// [`Error`]: there is no such object, or none that may be relied on.
    pub async fn upload(
        &self,
        file: &Path,
        name: &str,
        labels: &Labels,
        begun: impl FnOnce(&str),
    ) -> Result<(), Error> {
        let key = self.key(name);
        let parts = Part::all_of(file, PART, MOST_PARTS)?;
        let upload = self.begin(&key, labels).await?;
        begun(&upload);
        let etags = match self.send_parts(&parts, &key, &upload).await {
            Ok(etags) => etags,
            Err(e) => {
                let _ = self.abort(name, &upload).await;
                return Err(e);
            }
        };
        // The answer to this may be lost: whether the object is there and whole is told by reading it.
        let completed = self.complete(&key, &upload, etags).await;
        let verified = self.compare(parts, &key).await;
        if verified.is_err() {
            let _ = self.abort(name, &upload).await;
        }
        if matches!(verified, Err(Error::Differs)) {
            let _ = self.delete(name).await;
        }
        verified.map_err(|why| completed.err().unwrap_or(why))
    }

    /// Removes the parts of an upload that was not completed.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn abort(&self, name: &str, upload: &str) -> Result<(), Error> {
        let key = self.key(name);
        let url = self.sign(&self.bucket.abort_multipart_upload(
            Some(&self.credentials),
            &key,
            upload,
        ));
        let gone = self
            .send_request(move |agent| exchange::text(agent.delete(&url).call()))
            .await;
        // An upload that is not there needs no removal.
        gone.map(drop).or_else(|e| {
            if matches!(e, Error::Missing(_)) {
                Ok(())
            } else {
                Err(e)
            }
        })
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        let key = self.key(name);
        let url = self.sign(&self.bucket.delete_object(Some(&self.credentials), &key));
        self.send_request(move |agent| exchange::text(agent.delete(&url).call()))
            .await
            .map(drop)
    }

    async fn begin(&self, key: &str, labels: &Labels) -> Result<String, Error> {
        let mut action = self
            .bucket
            .create_multipart_upload(Some(&self.credentials), key);
        let headers = labels.headers();
        for (name, value) in &headers {
            action.headers_mut().insert(*name, value.clone());
        }
        let url = self.sign(&action);
        let answer = self
            .send_request(move |agent| {
                exchange::text(exchange::with(agent.post(&url), &headers).send_empty())
            })
            .await?;
        let parsed = CreateMultipartUpload::parse_response(&in_their_namespace(&answer));
        let begun = parsed.map_err(|_| Error::Permanent("the bucket began no upload".into()))?;
        Ok(begun.upload_id().to_owned())
    }

    /// Uploads the parts; the ETags by which they are put together.
    async fn send_parts(
        &self,
        parts: &[Part],
        key: &str,
        upload: &str,
    ) -> Result<Vec<String>, Error> {
        let mut etags = Vec::with_capacity(parts.len());
        for (number, part) in (1..).zip(parts) {
            let action = self
                .bucket
                .upload_part(Some(&self.credentials), key, number, upload);
            let url = self.sign(&action);
            let part = part.clone();
            etags.push(
                self.send_request(move |agent| part.send(agent, &url))
                    .await?,
            );
        }
        Ok(etags)
    }

    async fn complete(&self, key: &str, upload: &str, etags: Vec<String>) -> Result<(), Error> {
        let etags = etags.iter().map(String::as_str);
        let action =
            self.bucket
                .complete_multipart_upload(Some(&self.credentials), key, upload, etags);
        let url = self.sign(&action);
        let body = action.body();
        self.send_request(move |agent| exchange::completed(agent.post(&url).send(&body)))
            .await
    }

    async fn compare(&self, parts: Vec<Part>, key: &str) -> Result<(), Error> {
        for part in parts {
            let url = self.sign(&self.bucket.get_object(Some(&self.credentials), key));
            self.send_request(move |agent| part.compare(agent, &url))
                .await?;
        }
        Ok(())
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.folder)
    }

    fn sign<'a>(&self, action: &impl S3Action<'a>) -> String {
        action.sign_with_time(VALID, &self.clock.now()).into()
    }

    /// Makes the request on a thread that may wait, again and again while it fails for a reason that may pass.
    async fn send_request<T: Send + 'static>(
        &self,
        request: impl Fn(&Agent) -> Result<T, Error> + Clone + Send + 'static,
    ) -> Result<T, Error> {
        for pause in PAUSES {
            match self.send_once(request.clone()).await {
                Err(Error::Retryable(why)) => {
                    tracing::info!("a request to the bucket is repeated in {pause:?}: {why}");
                    tokio::time::sleep(pause).await;
                }
                result => return result,
            }
        }
        self.send_once(request).await
    }

    async fn send_once<T: Send + 'static>(
        &self,
        request: impl FnOnce(&Agent) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let agent = self.agent.clone();
        let sent = tokio::task::spawn_blocking(move || request(&agent)).await;
        sent.map_err(|e| Error::Permanent(e.to_string()))?
    }
}
