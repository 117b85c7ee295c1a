//! One order, from the account to the certificate.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, KeyAuthorization, NewAccount,
    NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::sign::CertifiedKey;

use super::super::certificate;
use super::super::resolver::CertificateResolver;
use super::folder::Folder;
use super::http::{Http, other};

const ACCOUNT: &str = "account.json";
/// The server looks at the proofs from several places, and then signs.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_mins(2));

/// An ACME server.
pub struct Authority {
    pub http: Http,
    pub directory: String,
    pub email: String,
}

impl Authority {
    /// A new certificate for `names`: its chain and its key in PEM.
    pub async fn order(
        &self,
        names: &[String],
        folder: &Folder,
        resolver: &CertificateResolver,
    ) -> Result<String, Error> {
        let account = self.account(folder).await?;
        let names: Vec<_> = names.iter().cloned().map(Identifier::Dns).collect();
        let mut order = match account.new_order(&NewOrder::new(&names)).await {
            Err(Error::Api(problem)) if is(&problem, "accountDoesNotExist") => {
                folder.remove(ACCOUNT);
                return Err(problem.into());
            }
            order => order?,
        };
        let proved = prove(&mut order, resolver).await;
        resolver.prove(HashMap::new());
        proved?;
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&PATIENCE).await?;
        Ok(format!("{chain}\n{key}"))
    }

    /// The account that we had, or a new one.
    async fn account(&self, folder: &Folder) -> Result<Account, Error> {
        let builder = Account::builder_with_http(Box::new(self.http.clone()));
        let known = folder
            .read(ACCOUNT)
            .and_then(|json| serde_json::from_slice(&json).ok());
        if let Some(credentials) = known {
            return builder.from_credentials(credentials).await;
        }
        let contact = format!("mailto:{}", self.email);
        let contact: &[&str] = if self.email.is_empty() {
            &[]
        } else {
            &[&contact]
        };
        let new = NewAccount {
            contact,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let (account, credentials) = builder.create(&new, self.directory.clone(), None).await?;
        folder
            .write(ACCOUNT, &serde_json::to_string(&credentials)?)
            .map_err(other)?;
        Ok(account)
    }
}

/// Shows a proof for each name, and lets the server look.
async fn prove(order: &mut Order, resolver: &CertificateResolver) -> Result<(), Error> {
    let mut proofs = HashMap::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let name = authorization.identifier().to_string();
        let Some(mut challenge) = authorization.challenge(ChallengeType::TlsAlpn01) else {
            return Err(Error::Unsupported("the challenge tls-alpn-01"));
        };
        let proof = proof(&name, &challenge.key_authorization())?;
        proofs.insert(name, Arc::new(proof));
        resolver.prove(proofs.clone());
        challenge.set_ready().await?;
    }
    match order.poll_ready(&PATIENCE).await {
        Ok(OrderStatus::Ready) => Ok(()),
        outcome => Err(match (objection(order).await, outcome) {
            (Some(objection), _) => objection,
            (None, Err(error)) => error,
            (None, Ok(_)) => Error::Str("a reason for the refusal"),
        }),
    }
}

/// The server's objection about a proof.
async fn objection(order: &mut Order) -> Option<Error> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.ok()?;
        let state = authorization.refresh().await.ok()?;
        if let Some(problem) = state
            .challenges
            .iter()
            .find_map(|challenge| challenge.error.clone())
        {
            return Some(Error::Other(
                format!("{}: {problem}", state.identifier()).into(),
            ));
        }
    }
    None
}

/// A certificate that only one who has the account's key can make.
///
/// rustls refuses to check it, since an extension of it is critical and known to ACME alone.
fn proof(name: &str, authorization: &KeyAuthorization) -> Result<CertifiedKey, Error> {
    let mut params = CertificateParams::new([name.to_owned()]).map_err(other)?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(
        authorization.digest().as_ref(),
    )];
    let key = KeyPair::generate().map_err(other)?;
    let certificate = params.self_signed(&key).map_err(other)?.der().clone();
    let key = certificate::key(key.serialize_pem().as_bytes())
        .map_err(|problem| Error::Other(problem.into()))?;
    Ok(CertifiedKey::new(vec![certificate], key))
}

fn is(problem: &instant_acme::Problem, kind: &str) -> bool {
    problem
        .r#type
        .as_deref()
        .is_some_and(|known| known.rsplit(':').next() == Some(kind))
}
