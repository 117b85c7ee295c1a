//! A certificate in files, which are read again when they change.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::sign::CertifiedKey;

use super::certificate;
use super::resolver::CertificateResolver;
use crate::config;

/// The files, and what they were when they were read.
pub struct Files {
    cert: PathBuf,
    key: PathBuf,
    check_every: Duration,
    stamps: Stamps,
}

/// Of each file what changes with it, or with the link that leads to it: inode, and when that changed.
type Stamps = [Option<(u64, i64, i64)>; 2];

impl Files {
    /// Shows what is in the files.
    pub fn open(settings: &config::Tls, resolver: &CertificateResolver) -> Result<Self, String> {
        let config::Tls {
            cert,
            key,
            check_every,
            ..
        } = settings.clone();
        let mut files = Self {
            cert,
            key,
            check_every,
            stamps: [None; 2],
        };
        files.stamps = files.stamps();
        let certificate = files.read()?;
        tracing::info!(
            "the certificate in {} is good until {}",
            files.cert.display(),
            certificate::until(&certificate)
        );
        files.warn_without_chain(&certificate);
        resolver.use_certificate(certificate);
        Ok(files)
    }

    /// Browsers may know the certificates between; programs and phones do not.
    fn warn_without_chain(&self, certificate: &CertifiedKey) {
        if !certificate::has_chain(certificate) {
            tracing::warn!(
                "the certificate comes without its chain: clients that do not know its signer refuse it; put the signer's certificates \
                 behind it in server.tls.cert = \"{}\" (certbot's fullchain.pem has them)",
                self.cert.display()
            );
        }
    }

    /// Looks again and again. Files that cannot be used, or not yet, since two are not written at once, change nothing.
    pub async fn keep(&self, resolver: &CertificateResolver) {
        let (mut seen, mut complaint) = (self.stamps, None);
        loop {
            tokio::time::sleep(self.check_every).await;
            let now = self.stamps();
            if now == seen {
                continue;
            }
            match self.read() {
                Ok(certificate) => {
                    tracing::info!(
                        "a new certificate, which is good until {}",
                        certificate::until(&certificate)
                    );
                    self.warn_without_chain(&certificate);
                    resolver.use_certificate(certificate);
                    (seen, complaint) = (now, None);
                }
                Err(problem) if complaint.as_ref() == Some(&problem) => {}
                Err(problem) => {
                    tracing::warn!(
                        "the certificate has changed and cannot be used, so the old one is kept: {problem}"
                    );
                    complaint = Some(problem);
                }
            }
        }
    }

    fn stamps(&self) -> Stamps {
        [&self.cert, &self.key].map(|path| {
            let about = fs::metadata(path).ok()?;
            Some((about.ino(), about.ctime(), about.ctime_nsec()))
        })
    }

    fn read(&self) -> Result<CertifiedKey, String> {
        let (cert, key) = (
            ("server.tls.cert", &*self.cert),
            ("server.tls.key", &*self.key),
        );
        let chain = parse(cert, certificate::chain)?;
        certificate::pair(chain, parse(key, certificate::key)?).ok_or_else(|| {
            let (cert, key) = (self.cert.display(), self.key.display());
            format!("server.tls.key = \"{key}\" is not the key of server.tls.cert = \"{cert}\"")
        })
    }
}

/// The result of `parse` on the file of a configuration key; an error names both.
pub fn parse<T>(
    (name, path): (&str, &Path),
    parse: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<T, String> {
    let content = fs::read(path).map_err(|e| e.to_string());
    content
        .and_then(|pem| parse(&pem))
        .map_err(|problem| format!("{name} = \"{}\": {problem}", path.display()))
}
