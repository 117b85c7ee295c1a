//! A certificate from an ACME server (RFC 8555), proved over this very listener (TLS-ALPN-01, RFC 8737) and renewed in time.

mod folder;
mod http;
mod order;

use std::path::Path;
use std::time::Duration;

use rustls::sign::CertifiedKey;

use self::folder::Folder;
use self::http::Http;
use self::order::Authority;
use super::resolver::CertificateResolver;
use super::{certificate, files};
use crate::clock::Clock;
use crate::config;

const CERTIFICATE: &str = "certificate.pem";
/// Pause after the first failure, and the longest. Let's Encrypt takes five failed proofs an hour.
const RETRY: Duration = Duration::from_mins(2);
const RETRY_MAX: Duration = Duration::from_hours(4);
/// No certificate is ordered so soon after another, whatever our clock makes of its age.
const AT_LEAST: Duration = Duration::from_hours(24);

/// A certificate that is ordered and renewed.
pub struct Acme {
    authority: Authority,
    folder: Folder,
    names: Vec<String>,
    clock: Clock,
    check_every: Duration,
    /// Time of the next order, in Unix milliseconds.
    due_ms: i64,
}

impl Acme {
    /// Shows the certificate that was got before, if there is one for these names.
    pub fn new(
        settings: &config::Tls,
        database: &Path,
        clock: Clock,
        resolver: &CertificateResolver,
    ) -> Result<Self, String> {
        let roots = match settings.acme_ca.as_os_str().is_empty() {
            true => vec![],
            false => files::parse(
                ("server.tls.acme_ca", &settings.acme_ca),
                certificate::chain,
            )?,
        };
        let authority = Authority {
            http: Http::new(&roots),
            directory: settings.acme_directory.expose().to_owned(),
            email: settings.acme_email.clone(),
        };
        let (names, check_every) = (settings.acme.clone(), settings.check_every);
        let folder = Folder::make(settings, database)?;
        let known = folder
            .read(CERTIFICATE)
            .and_then(|pem| certificate::both(&pem));
        let mut due_ms = clock.now_ms();
        if let Some(known) = known.filter(|known| certificate::is_for(known, &names)) {
            tracing::info!(
                "the certificate for {} is good until {}",
                names.join(", "),
                certificate::until(&known)
            );
            due_ms = renewal_ms(&known);
            resolver.use_certificate(known);
        } else {
            tracing::info!(
                "handshakes fail until there is a certificate for {}",
                names.join(", ")
            );
        }
        Ok(Self {
            authority,
            folder,
            names,
            clock,
            check_every,
            due_ms,
        })
    }

    /// Orders whenever that is due. The clock is looked at now and then, as a machine may sleep.
    pub async fn keep(&self, resolver: &CertificateResolver) {
        let (mut due_ms, mut retry) = (self.due_ms, RETRY);
        loop {
            if self.clock.now_ms() >= due_ms {
                let ordered = self
                    .authority
                    .order(&self.names, &self.folder, resolver)
                    .await;
                let used = ordered
                    .map_err(|e| e.to_string())
                    .and_then(|pem| self.take(&pem, resolver));
                due_ms = match used {
                    Ok(renewal_ms) => {
                        retry = RETRY;
                        renewal_ms.max(self.after(AT_LEAST))
                    }
                    Err(problem) => {
                        let (from, again) =
                            (&self.authority.directory, humantime::format_duration(retry));
                        tracing::warn!(
                            "no certificate from {from}, tried again in {again}: {problem}"
                        );
                        let next = self.after(retry);
                        retry = (2 * retry).min(RETRY_MAX);
                        next
                    }
                };
            }
            tokio::time::sleep(self.check_every).await;
        }
    }

    /// Shows a new certificate and keeps it for the next start; when to renew it.
    fn take(&self, pem: &str, resolver: &CertificateResolver) -> Result<i64, String> {
        let new = certificate::both(pem.as_bytes())
            .ok_or("what was sent is no certificate for our key")?;
        tracing::info!(
            "a new certificate for {} is good until {}",
            self.names.join(", "),
            certificate::until(&new)
        );
        let renewal_ms = renewal_ms(&new);
        resolver.use_certificate(new);
        if let Err(error) = self.folder.write(CERTIFICATE, pem) {
            tracing::warn!(%error, "the certificate cannot be kept, so the next start orders another");
        }
        Ok(renewal_ms)
    }

    fn after(&self, pause: Duration) -> i64 {
        self.clock
            .now_ms()
            .saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
    }
}

/// After two thirds of its time, in Unix milliseconds, as Let's Encrypt advises.
fn renewal_ms(certificate: &CertifiedKey) -> i64 {
    certificate::validity(certificate).map_or(0, |(begin, end)| {
        let (begin, end) = (begin.as_millisecond(), end.as_millisecond());
        begin + (end - begin) / 3 * 2
    })
}
