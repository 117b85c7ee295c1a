//! HTTP for the ACME client, by ureq on a blocking thread: a stack of hyper's would be the second in this binary.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use hyper::Request;
use hyper::body::{Body, Bytes};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::pki_types::CertificateDer;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::outbound::Cause;

/// ACME's answers have some KiB; a chain of certificates is the longest.
const MAX_ANSWER: u64 = 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct Http(Agent);

impl Http {
    /// Believes `roots`, or if there are none, those that browsers believe.
    pub fn new(roots: &[CertificateDer<'_>]) -> Self {
        let roots = match roots {
            [] => RootCerts::WebPki,
            _ => RootCerts::new_with_certs(
                &roots
                    .iter()
                    .map(|der| Certificate::from_der(der).to_owned())
                    .collect::<Vec<_>>(),
            ),
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        Self(config.new_agent())
    }

    fn exchange(&self, request: Request<Vec<u8>>) -> Result<BytesResponse, ureq::Error> {
        let (parts, body) = self.0.run(request)?.into_parts();
        let body = body.into_with_config().limit(MAX_ANSWER).read_to_vec()?;
        Ok(BytesResponse {
            parts,
            body: Box::new(Bytes::from(body)),
        })
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let http = self.clone();
        Box::pin(async move {
            let (parts, mut body) = request.into_parts();
            // It is in memory: no frame fails, and none is waited for.
            let mut bytes = Vec::new();
            while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                bytes.extend(frame.into_data().unwrap_or_default());
            }
            let request = Request::from_parts(parts, bytes);
            let exchange = tokio::task::spawn_blocking(move || http.exchange(request))
                .await
                .map_err(other)?;
            exchange.map_err(|error| Error::Other(Cause::from(&error).to_string().into()))
        })
    }
}

pub fn other(error: impl StdError + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}
