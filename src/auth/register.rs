//! Registration of platform users.

use super::audit::{AuditContext, LoginAudit, audit_refused_phone};
use super::login_rule::LoginRule;
use super::new_user::new_user;
use super::session::{Session, open_session};
use crate::app::App;
use crate::config;
use crate::domain::{
    EventKind, IdType, Kind, Name, OpenId, Phone, Picture, PlainPassword, ShortText, User, UserType,
};
use crate::error::{Error, Result};
use crate::fair::Asker;
use crate::limits::{Disclosure, Source};
use crate::store::{CommitError, Conflict};

/// Fields of a new platform user.
pub struct Registration {
    /// Name.
    pub name: Name,
    /// Phone: the login name.
    pub phone: Phone,
    /// Password.
    pub password: PlainPassword,
    /// Picture.
    pub picture: Picture,
    /// Type, if other than registered.
    pub user_type: Option<UserType>,
    /// Number of an identity document.
    pub id_number: ShortText,
    /// Level.
    pub level: ShortText,
    /// Company key.
    pub company_id: ShortText,
    /// Parent: the user who brought them.
    pub parent_id: ShortText,
    /// Promotion code.
    pub promo_code: ShortText,
    /// Group key.
    pub group_id: ShortText,
}

impl Registration {
    /// A registration that gives nothing but what is asked for.
    #[must_use]
    pub fn new(name: Name, phone: Phone, password: PlainPassword, picture: Picture) -> Self {
        Self {
            name,
            phone,
            password,
            picture,
            user_type: None,
            id_number: ShortText::default(),
            level: ShortText::default(),
            company_id: ShortText::default(),
            parent_id: ShortText::default(),
            promo_code: ShortText::default(),
            group_id: ShortText::default(),
        }
    }
}

/// Creates a platform user with a GUID of its own as openid, and logs it in. That the phone is taken takes as long to find
/// out as that it is free. A user whom the rule does not let log in is made all the same.
///
/// # Errors
/// [`Error::RegistrationClosed`], [`Error::PhoneTaken`], [`Error::TooMany`], [`Error::TooManyAttempts`].
pub async fn register(
    app: &App,
    source: Source,
    registration: Registration,
    rule: &impl LoginRule,
) -> Result<Session> {
    if app.config.platform.registration == config::Registration::Closed {
        return Err(Error::RegistrationClosed);
    }
    let request = (source, &registration.phone, &registration.password);
    let in_flight = app.limits.once("platform/register", request)?;
    let session = in_flight
        .run(claim_phone(app, source, registration))
        .await?;
    rule.ensure(&session.user).await?;
    Ok(session)
}

async fn claim_phone(app: &App, source: Source, registration: Registration) -> Result<Session> {
    let claim = app.limits.registration(source)?;
    let phone = registration.phone.clone();
    let outcome = make_user(app, Some(source.ip()), registration).await;
    audit_registration(app, source, &phone, &outcome).await;
    claim.finish(disclosure(&outcome));
    let session = outcome?;
    app.limits.logged_in(source, &session.user.id);
    Ok(session)
}

async fn audit_registration(app: &App, source: Source, phone: &Phone, outcome: &Result<Session>) {
    match outcome {
        Ok(session) => LoginAudit::new(app, source, "platform")
            .succeeded(EventKind::Registration, &session.user.id),
        Err(Error::PhoneTaken { .. }) => {
            let by = AuditContext::over_network(None, source.ip());
            audit_refused_phone(app, &by, phone, "register").await;
        }
        Err(_) => {}
    }
}

/// The knowledge of the phone that the outcome gives.
fn disclosure(outcome: &Result<Session>) -> Disclosure {
    match outcome {
        Ok(_) => Disclosure::Free,
        Err(Error::PhoneTaken { .. }) => Disclosure::All,
        Err(_) => Disclosure::Nothing,
    }
}

/// Creates a platform user for the operator, who registers nobody.
///
/// # Errors
/// [`Error::PhoneTaken`], [`Error::TooMany`].
pub async fn create_user(app: &App, by: &AuditContext, registration: Registration) -> Result<User> {
    let user = make_user(app, by.source, registration).await?.user;
    let event = by
        .event(app, EventKind::RecordCreate)
        .about(user.id.as_str());
    app.audit(event.detail(Kind::Users.name()));
    Ok(user)
}

async fn make_user(app: &App, asker: Asker, registration: Registration) -> Result<Session> {
    let request = (registration.phone.clone(), registration.password.clone());
    // Hashed first: who may not have the phone pays as much, and learns nothing before. The insertion asks once more, because
    // only it is decisive; but a phone that is taken is no work for the writer.
    let hash = app
        .passwords
        .hash(asker, registration.password, app.random.bytes()?)
        .await?;
    let phone = registration.phone.clone();
    if let Some(user) = app.store.user_by_phone(&phone).await? {
        return taken(app, &request, user).await;
    }
    let openid = OpenId::from(app.random.uuid()?);
    let new = User {
        name: registration.name.into(),
        phone: Some(phone.clone()),
        picture: registration.picture.into(),
        user_type: registration.user_type.unwrap_or(UserType::Registered),
        id_number: registration.id_number.into(),
        level: registration.level.into(),
        company_id: registration.company_id.into(),
        parent_id: registration.parent_id.into(),
        promo_code: registration.promo_code.into(),
        group_id: registration.group_id.into(),
        password_hash: Some(hash),
        ..new_user(app, openid, IdType::ManagePlatform)?
    };
    let id = new.id.clone();
    match app.store.insert(new).await {
        Ok(user) => open_session(app, user, true).await,
        Err(CommitError::Conflict {
            conflict: Conflict::Phone,
            ..
        }) => taken_meanwhile(app, &request, &phone).await,
        Err(error) => {
            if error.is_outcome_unknown() {
                app.unsettled.remember(&request, id, app.clock.now_ms());
            }
            Err(error.into())
        }
    }
}

/// A phone that somebody has: an error, unless it is whoever asks, and was not told so the first time.
async fn taken(app: &App, request: &(Phone, PlainPassword), user: User) -> Result<Session> {
    match app.unsettled.settle(request, &user.id) {
        true => open_session(app, user, true).await,
        false => Err(Error::PhoneTaken { by: user.id_type }),
    }
}

/// A phone that somebody got at the same moment.
async fn taken_meanwhile(
    app: &App,
    request: &(Phone, PlainPassword),
    phone: &Phone,
) -> Result<Session> {
    match app.store.user_by_phone(phone).await? {
        Some(user) => taken(app, request, user).await,
        None => Err(Error::PhoneTaken {
            by: IdType::ManagePlatform,
        }),
    }
}
