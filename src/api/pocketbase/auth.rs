//! `/api/collections/{collection}/auth-*` and `request-*`

use poem::{Request, Result};
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde_json::json;

use super::super::Tags;
use super::super::bearer::Bearer;
use super::super::body::JsonBody;
use super::super::types::{AnyData, AuthRecord};
use super::super::view::auth_record;
use super::answer::{Outcomes, Reply};
use super::error::{FieldError, FieldErrors, Refused, not_loaded};
use super::fields::Fields;
use super::forms::{self, Credentials, EmailChangeRequest, EmailRequest, PasswordAuthRequest};
use super::{Context, is_users};
use crate::auth::{self, IdentityField, RefreshBy};
use crate::domain::{Phone, PlainPassword, User};
use crate::error::Error;

/// The endpoints for logging in.
pub struct AuthApi(pub Context);

#[derive(Object)]
pub struct RecordAuth {
    record: AuthRecord,
    token: String,
}

enum PbAuthMethods {}

impl Outcomes for PbAuthMethods {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((200, "可用的登录方式"));
    const ERRORS: &[(u16, &str)] = &[(400, "fields 参数错误"), (404, "集合不存在")];
}

enum PbAuthWithPassword {}

impl Outcomes for PbAuthWithPassword {
    type Body = RecordAuth;
    const SUCCESS: Option<(u16, &str)> = Some((200, "登录成功"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误,或账号、密码不正确"),
        (404, "集合不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (429, "尝试次数过多"),
        (500, "服务端内部错误"),
    ];
}

enum PbAuthRefresh {}

impl Outcomes for PbAuthRefresh {
    type Body = RecordAuth;
    const SUCCESS: Option<(u16, &str)> = Some((200, "刷新成功"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "fields 参数错误"),
        (401, "token 无效或已过期"),
        (404, "集合不存在"),
        (429, "刷新过于频繁"),
        (500, "服务端内部错误"),
    ];
}

enum PbRequestMail {}

impl Outcomes for PbRequestMail {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((204, "已受理;服务端未配置邮件,不会发送"));
    const ERRORS: &[(u16, &str)] =
        &[(400, "参数错误"), (404, "集合不存在"), (408, "请求体接收超时"), (413, "请求体过大")];
}

enum PbRequestEmailChange {}

impl Outcomes for PbRequestEmailChange {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = None;
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误;或服务端未配置邮件,无法修改邮箱"),
        (401, "token 无效或已过期"),
        (404, "集合不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl AuthApi {
    /// 登录方式(SDK:listAuthMethods)
    #[oai(path = "/collections/:collection/auth-methods", method = "get", operation_id = "pbAuthMethods")]
    async fn auth_methods(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
    ) -> Result<Reply<PbAuthMethods>> {
        known(&collection)?;
        let off = json!({ "enabled": false, "duration": 0 });
        let methods = json!({
            "password": { "identityFields": IdentityField::ALL.map(forms::name_of), "enabled": true },
            "oauth2": { "providers": [], "enabled": false },
            "mfa": off,
            "otp": off,
            "authProviders": [],
            "usernamePassword": false,
            "emailPassword": true,
        });
        Ok(Reply::new(&AnyData(methods), &Fields::parse(fields.0.as_deref())?))
    }

    /// 密码登录(SDK:authWithPassword)
    ///
    /// 任何登录失败均返回 400 `Failed to authenticate.`;次数限制与 `/api/platform/login` 共用。
    #[oai(
        path = "/collections/:collection/auth-with-password",
        method = "post",
        operation_id = "pbAuthWithPassword"
    )]
    async fn auth_with_password(
        &self,
        request: &Request,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        body: JsonBody<Option<PasswordAuthRequest>>,
    ) -> Result<Reply<PbAuthWithPassword>> {
        known(&collection)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let form = body.read().map_err(not_loaded)?.unwrap_or_default();
        let session = self.log_in(request, form.check()?).await?;
        Ok(Reply::new(&RecordAuth { record: auth_record(&session.user), token: session.token }, &fields))
    }

    /// 刷新 token(SDK:authRefresh)
    #[oai(path = "/collections/:collection/auth-refresh", method = "post", operation_id = "pbAuthRefresh")]
    async fn auth_refresh(
        &self,
        bearer: Bearer,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
    ) -> Result<Reply<PbAuthRefresh>> {
        known(&collection)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let user = self.0.caller(&bearer).await?.ok_or(Refused::UNAUTHENTICATED)?;
        self.0.limits.refresh(&user.id)?;
        let record = auth_record(&user);
        let token = auth::refresh_token(&self.0.app, RefreshBy::User(Box::new(user))).await?;
        Ok(Reply::new(&RecordAuth { record, token }, &fields))
    }

    /// 申请重置密码(SDK:requestPasswordReset)
    ///
    /// 服务端未配置邮件:无论邮箱是否存在都返回 204,不会发送邮件。
    #[oai(
        path = "/collections/:collection/request-password-reset",
        method = "post",
        operation_id = "pbRequestPasswordReset"
    )]
    async fn request_password_reset(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        body: JsonBody<Option<EmailRequest>>,
    ) -> Result<Reply<PbRequestMail>> {
        request_mail(&collection, body)
    }

    /// 申请验证邮箱(SDK:requestVerification)
    ///
    /// 服务端未配置邮件:无论邮箱是否存在都返回 204,不会发送邮件。
    #[oai(
        path = "/collections/:collection/request-verification",
        method = "post",
        operation_id = "pbRequestVerification"
    )]
    async fn request_verification(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        body: JsonBody<Option<EmailRequest>>,
    ) -> Result<Reply<PbRequestMail>> {
        request_mail(&collection, body)
    }

    /// 申请修改邮箱(SDK:requestEmailChange)
    ///
    /// 服务端未配置邮件,因此总是返回 400 `Failed to request email change.`。
    #[oai(
        path = "/collections/:collection/request-email-change",
        method = "post",
        operation_id = "pbRequestEmailChange"
    )]
    async fn request_email_change(
        &self,
        bearer: Bearer,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        body: JsonBody<Option<EmailChangeRequest>>,
    ) -> Result<Reply<PbRequestEmailChange>> {
        known(&collection)?;
        let user = self.0.caller(&bearer).await?.ok_or(Refused::UNAUTHENTICATED)?;
        let form = body.read().map_err(not_loaded)?;
        let email = forms::email("newEmail", form.and_then(|form| form.newEmail))?;
        if user.email.as_ref() == Some(&email) {
            return Err(Refused::form(FieldErrors::from([("newEmail", FieldError::OWN_EMAIL)])).into());
        }
        Err(Refused::NO_MAIL.into())
    }
}

impl AuthApi {
    /// Every refusal but too many attempts is the same to the client.
    async fn log_in(&self, request: &Request, form: Credentials) -> Result<auth::Session> {
        let Context { app, limits } = &self.0;
        let password = PlainPassword::attempt(form.password).map_err(|_| Refused::CREDENTIALS)?;
        let user = auth::user_by_identity(app, &form.identity, &form.fields).await?;
        let name = user.as_ref().map_or(form.identity.as_str(), login_name);
        let attempt = limits.login(&self.0.source(request), name)?;
        let user = attempt.found(user.ok_or(Error::PlatformUserNotFound)).ok();
        let session = attempt.settle(auth::password_login(app, user, password).await);
        session.map_err(|error| match error {
            Error::WrongPassword | Error::LoginDisabled => Refused::CREDENTIALS.into(),
            other => other.into(),
        })
    }
}

/// What abuse control counts a login by, whatever the user was named by: the phone, as platform/login does, or for want
/// of one the openid.
fn login_name(user: &User) -> &str {
    user.phone.as_ref().map_or(user.openid.as_str(), Phone::as_str)
}

fn known(collection: &str) -> Result<(), Refused> {
    if is_users(collection) { Ok(()) } else { Err(Refused::NOT_A_COLLECTION) }
}

/// No mail is ever sent, and whether the address is known is not told.
fn request_mail(collection: &str, body: JsonBody<Option<EmailRequest>>) -> Result<Reply<PbRequestMail>> {
    known(collection)?;
    let form = body.read().map_err(not_loaded)?;
    forms::email("email", form.and_then(|form| form.email))?;
    Ok(Reply::empty())
}
