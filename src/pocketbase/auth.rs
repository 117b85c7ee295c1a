//! `/api/collections/{collection}/auth-*` and `request-*`

use poem::{Request, Result};
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde_json::json;

use super::Context;
use super::answer::{Outcomes, Reply};
use super::caller::Caller;
use super::error::Refused;
use super::fields::Fields;
use super::form::{Form, UnusedBody};
use super::forms::{Credentials, PasswordAuthRequest};
use super::rejected_form::not_loaded;
use crate::auth::{self, IdentityField, LoginRule, Principal};
use crate::domain::{Collections, Kind, PlainPassword};
use crate::error::Error;
use crate::http::tags::Tags;
use crate::http::wire_types::{AnyData, AuthRecord};
use crate::records::collection::identity_field_names;
use crate::records::login_rule::AuthRule;
use crate::records::reader::Reader;
use crate::records::rules::RequestInfo;
use crate::records::view;

/// Occasion on which rules are asked at a login by password.
const PASSWORD: &str = "password";

/// Endpoints for logins.
pub struct AuthApi(pub Context);

#[derive(Object)]
pub struct RecordAuth {
    record: AuthRecord,
    token: String,
}

impl RecordAuth {
    pub fn new(who: &Principal, token: String, collections: &Collections) -> Self {
        let shown = match who {
            Principal::User(user) => view::user(user, &collections.users).without_hidden(),
            Principal::Superuser(superuser) => view::superuser(superuser, &collections.superusers),
        };
        Self {
            record: AuthRecord(shown.to_map()),
            token,
        }
    }
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
        (
            403,
            "不允许超级管理员从该地址登录,或集合的 authRule 不允许登录",
        ),
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
        (400, "fields 参数错误,或请求体无法读取"),
        (401, "token 无效或已过期"),
        (403, "token 属于其他集合,或集合的 authRule 不允许登录"),
        (404, "集合不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (429, "刷新过于频繁"),
        (500, "服务端内部错误"),
    ];
}

enum PbSignOut {}

impl Outcomes for PbSignOut {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((204, "该 token 已失效"));
    const ERRORS: &[(u16, &str)] = &[
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (404, "不是超级管理员的集合"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl AuthApi {
    /// 登录方式(SDK:listAuthMethods)
    #[oai(
        path = "/collections/:collection/auth-methods",
        method = "get",
        operation_id = "pbAuthMethods"
    )]
    async fn auth_methods(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
    ) -> Result<Reply<PbAuthMethods>> {
        let kind = self.0.auth_collection(&collection)?;
        let off = json!({ "enabled": false, "duration": 0 });
        let methods = json!({
            "password": { "identityFields": identity_field_names(kind), "enabled": true },
            "oauth2": { "providers": [], "enabled": false },
            "mfa": off,
            "otp": off,
            "authProviders": [],
            "usernamePassword": false,
            "emailPassword": true,
        });
        Ok(Reply::new(
            &AnyData(methods),
            &Fields::parse(fields.0.as_deref())?,
        ))
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
        caller: Caller,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        body: Form<Option<PasswordAuthRequest>>,
    ) -> Result<Reply<PbAuthWithPassword>> {
        let kind = self.0.auth_collection(&collection)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let form = body.read().map_err(not_loaded)?.unwrap_or_default();
        let form = form.check(IdentityField::of(kind))?;
        let reader = Reader::from(self.0.who(&caller).await?);
        let rule = self.0.records.auth_rule(reader, login_info(&caller, &form));
        let (who, token) = self.log_in(request, kind, form, &rule).await?;
        Ok(Reply::new(
            &RecordAuth::new(&who, token, &self.0.app.collections()),
            &fields,
        ))
    }

    /// 刷新 token(SDK:authRefresh)
    #[oai(
        path = "/collections/:collection/auth-refresh",
        method = "post",
        operation_id = "pbAuthRefresh"
    )]
    async fn auth_refresh(
        &self,
        bearer: Caller,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        body: UnusedBody,
    ) -> Result<Reply<PbAuthRefresh>> {
        let kind = self
            .0
            .collection(&collection, &Kind::ALL)
            .ok_or(Refused::NOT_A_COLLECTION)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let caller = self.0.caller_of(&bearer, kind).await?;
        body.read()?;
        self.ensure_may_refresh(&caller.principal, &bearer).await?;
        let token = bearer.token().unwrap_or_default();
        let token = auth::refresh_token(&self.0.app, token, &caller)?;
        Ok(Reply::new(
            &RecordAuth::new(&caller.principal, token, &self.0.app.collections()),
            &fields,
        ))
    }

    /// 退出登录:仅超级管理员
    ///
    /// 只结束本次请求所用的 token;其他 token 继续有效。PocketBase 没有此接口。
    #[oai(
        path = "/collections/:collection/sign-out",
        method = "post",
        operation_id = "signOutSuperuser"
    )]
    async fn sign_out(
        &self,
        bearer: Caller,
        /// _superusers 或其集合 id
        collection: Path<String>,
    ) -> Result<Reply<PbSignOut>> {
        self.0
            .collection(&collection, &[Kind::Superusers])
            .ok_or(Refused::NOT_A_COLLECTION)?;
        let (by, caller) = self.0.superuser(&bearer).await?;
        auth::sign_out(&self.0.app, &by, caller).await?;
        Ok(Reply::empty())
    }
}

impl AuthApi {
    async fn ensure_may_refresh(
        &self,
        principal: &Principal,
        caller: &Caller,
    ) -> Result<(), Error> {
        let Principal::User(user) = principal else {
            return Ok(());
        };
        let reader = Reader::Principal(principal.clone());
        let rule = self.0.records.auth_rule(reader, caller.info.clone());
        rule.ensure(user).await
    }

    /// Every refusal but too many attempts is the same to the client.
    async fn log_in(
        &self,
        request: &Request,
        kind: Kind,
        form: Credentials,
        rule: &AuthRule,
    ) -> Result<(Principal, String)> {
        let password = PlainPassword::attempt(form.password).map_err(|_| Refused::CREDENTIALS)?;
        let app = &self.0.app;
        let identity = &form.identity;
        let source = self.0.source(request);
        let outcome = if kind == Kind::Superusers {
            self.0.admit(request)?;
            auth::login_superuser(app, source, identity, password).await
        } else {
            auth::login_user(app, source, identity, &form.fields, password, rule).await
        };
        outcome.map_err(|error| match error {
            Error::WrongPassword | Error::LoginDisabled => Refused::CREDENTIALS.into(),
            other => other.into(),
        })
    }
}

/// The request of a login as rules see it. Its password is no value of a record, and no rule asks for it.
fn login_info(caller: &Caller, form: &Credentials) -> RequestInfo {
    let mut info = caller.info.on(PASSWORD);
    info.body
        .insert("identity".to_owned(), form.identity.clone().into());
    info
}
