//! PocketBase's own API over the three collections, so that its SDKs work unchanged.
//!
//! Its words, encodings and errors are PocketBase's: none of the contract's envelope is here.

mod answer;
mod auth;
mod backups;
mod batch;
mod caller;
mod collections;
mod description;
mod disabled_logins;
pub mod error;
pub mod error_format;
mod events;
mod expand;
mod field_error;
mod fields;
mod files;
mod form;
mod form_fields;
mod form_file;
mod forms;
mod health;
mod impersonate;
mod imports;
mod json;
mod keys;
mod list_query;
mod mail;
mod multipart;
mod overview;
mod realtime;
mod record_list;
mod records;
mod rejected_form;
mod rules_form;
mod set_up;
mod settings;
mod verify;
mod webhooks;

use std::sync::Arc;

use poem::Request;

pub use self::auth::AuthApi;
pub use self::backups::{BackupScheduleApi, BackupsApi};
pub use self::batch::BatchApi;
use self::caller::Caller;
pub use self::collections::CollectionsApi;
pub use self::disabled_logins::DisabledLoginsApi;
use self::error::Refused;
pub use self::events::EventsApi;
pub use self::files::FilesApi;
pub use self::health::HealthApi;
pub use self::impersonate::ImpersonateApi;
pub use self::imports::ImportsApi;
pub use self::keys::KeysApi;
pub use self::mail::MailApi;
pub use self::overview::OverviewApi;
pub use self::realtime::RealtimeApi;
pub use self::records::RecordsApi;
pub use self::set_up::SetUpApi;
pub use self::settings::SettingsApi;
pub use self::verify::VerifyApi;
pub use self::webhooks::WebhooksApi;
use crate::app::App;
use crate::auth::{AuditContext, Authentication, Principal, ensure_superuser_address};
use crate::domain::Kind;
use crate::error::{Error, Result};
use crate::http::bearer::Bearer;
use crate::http::client_address::{address_of, source_of};
use crate::limits::Source;
use crate::records::Records;
use crate::records::access::Access;
use crate::records::reader::Reader;
use crate::records::requester::Requester;

/// The context of the endpoints.
#[derive(Clone)]
pub struct Context {
    pub app: Arc<App>,
    pub records: Records,
}

impl Context {
    pub fn new(records: &Records) -> Self {
        Self {
            app: Arc::clone(&records.app),
            records: records.clone(),
        }
    }

    /// The caller, if it is somebody. A token that is not valid is no error here, but no token; a superuser's is one only where superusers may
    /// come from.
    async fn caller(&self, bearer: &Bearer) -> Result<Option<Authentication>> {
        match bearer.caller(&self.app).await {
            Ok(caller) => {
                if let Principal::Superuser(superuser) = &caller.principal {
                    let by = AuditContext::over_network(None, bearer.source(&self.app));
                    ensure_superuser_address(
                        &self.app,
                        bearer.address(&self.app),
                        &by,
                        Some(&superuser.id),
                    )?;
                }
                Ok(Some(caller))
            }
            Err(Error::Unauthenticated(_) | Error::Disabled) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The principal of the caller, if it is somebody.
    async fn who(&self, bearer: &Bearer) -> Result<Option<Principal>> {
        Ok(self.caller(bearer).await?.map(|caller| caller.principal))
    }

    /// The superuser who asks; everybody else is refused.
    async fn ensure_superuser(&self, bearer: &Bearer) -> poem::Result<AuditContext> {
        Ok(self.superuser(bearer).await?.0)
    }

    /// The superuser who asks, as events call them, and what the token says; everybody else is refused.
    async fn superuser(&self, bearer: &Bearer) -> poem::Result<(AuditContext, Authentication)> {
        let caller = self.caller(bearer).await?.ok_or(Refused::UNAUTHENTICATED)?;
        match &caller.principal {
            who @ Principal::Superuser(_) => Ok((self.by(bearer, Some(who)), caller)),
            Principal::User(_) => Err(Refused::NOT_ALLOWED.into()),
        }
    }

    /// The access of whoever asks.
    async fn access(&self, caller: &Caller) -> Result<Access> {
        let reader = Reader::from(self.who(caller).await?);
        Ok(Access::new(&self.records, reader, caller.info.clone()))
    }

    /// Whoever asks for changes of records.
    async fn requester(&self, bearer: &Bearer) -> Result<Requester> {
        Ok(Requester::Client {
            principal: self.who(bearer).await?,
            source: bearer.source(&self.app),
        })
    }

    /// Whoever asks, as events call them.
    fn by(&self, bearer: &Bearer, who: Option<&Principal>) -> AuditContext {
        AuditContext::over_network(who, bearer.source(&self.app))
    }

    /// The kind of the collection that a path names, whose records can log in.
    fn auth_collection(&self, name_or_id: &str) -> Result<Kind, Refused> {
        match self.collection(name_or_id, &Kind::ALL) {
            Some(kind) if Kind::AUTH.contains(&kind) => Ok(kind),
            Some(_) => Err(Refused::NOT_AN_AUTH_COLLECTION),
            None => Err(Refused::NOT_A_COLLECTION),
        }
    }

    /// The caller, who has to be of this kind.
    async fn caller_of(&self, bearer: &Bearer, kind: Kind) -> poem::Result<Authentication> {
        let caller = self.caller(bearer).await?.ok_or(Refused::UNAUTHENTICATED)?;
        match (&caller.principal, kind) {
            (Principal::User(_), Kind::Users) | (Principal::Superuser(_), Kind::Superusers) => {
                Ok(caller)
            }
            (Principal::User(_), _) => Err(Refused::NOT_A_SUPERUSER.into()),
            (Principal::Superuser(_), _) => Err(Refused::NOT_A_USER.into()),
        }
    }

    /// The kind of the collection that a path names, if it is one of `kinds`.
    fn collection(&self, name_or_id: &str, kinds: &[Kind]) -> Option<Kind> {
        self.app
            .collections()
            .find(name_or_id)
            .map(|collection| collection.kind)
            .filter(|kind| kinds.contains(kind))
    }

    /// Refuses whoever wants to be a superuser and does not come from where superusers may.
    fn admit(&self, request: &Request) -> Result<AuditContext> {
        let address = address_of(request, &self.app.config.server.trusted_proxies);
        let by = AuditContext::over_network(None, Source::from(address).ip());
        ensure_superuser_address(&self.app, address, &by, None)?;
        Ok(by)
    }

    fn source(&self, request: &Request) -> Source {
        source_of(request, &self.app.config.server.trusted_proxies)
    }
}
