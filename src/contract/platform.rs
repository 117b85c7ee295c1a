//! `/api/platform/*`

use std::sync::Arc;

use poem::{Request, Result};
use poem_openapi::{Object, OpenApi};

use super::answer::{Answer, Outcomes};
use super::session::PocketBaseAuthResponse;
use crate::app::App;
use crate::auth::{self, Registration};
use crate::domain::{Name, Phone, Picture, PlainPassword, ShortText, UserType, is_blank};
use crate::http::body::JsonBody;
use crate::http::client_address::source_of;
use crate::http::rejected::Rejected;
use crate::http::request_info::info_of;
use crate::http::tags::Tags;
use crate::limits::Source;
use crate::records::Records;
use crate::records::fields::choice::Choice;
use crate::records::reader::Reader;

/// The platform endpoints.
pub struct PlatformApi {
    pub app: Arc<App>,
    pub records: Records,
}

/// 平台用户注册请求体;注册成功后将生成 GUID 并写入统一 `openid` 字段。
#[derive(Object)]
#[expect(non_snake_case, reason = "the contract's names")]
pub struct PlatformRegisterRequest {
    users_name: String,
    users_phone: String,
    password: String,
    passwordConfirm: String,
    users_picture: String,
    users_id_number: Option<String>,
    users_level: Option<String>,
    users_type: Option<String>,
    company_id: Option<String>,
    users_parent_id: Option<String>,
    users_promo_code: Option<String>,
    usergroups_id: Option<String>,
}

/// 平台用户登录请求体;前端使用手机号+密码提交,服务端内部转换为 PocketBase 原生 password auth。
#[derive(Object)]
pub struct PlatformLoginRequest {
    users_phone: String,
    password: String,
}

impl TryFrom<PlatformRegisterRequest> for Registration {
    type Error = Rejected;

    fn try_from(request: PlatformRegisterRequest) -> Result<Self, Rejected> {
        if request.passwordConfirm != request.password {
            return Err(Rejected::PasswordsDiffer);
        }
        Ok(Self {
            name: Name::parse(&request.users_name).map_err(Rejected::field("users_name"))?,
            phone: Phone::parse(&request.users_phone).map_err(Rejected::field("users_phone"))?,
            password: PlainPassword::new(request.password).map_err(Rejected::field("password"))?,
            picture: Picture::parse(&request.users_picture)
                .map_err(Rejected::field("users_picture"))?,
            user_type: user_type(request.users_type.as_deref())?,
            id_number: short_text("users_id_number", request.users_id_number)?,
            level: short_text("users_level", request.users_level)?,
            company_id: short_text("company_id", request.company_id)?,
            parent_id: short_text("users_parent_id", request.users_parent_id)?,
            promo_code: short_text("users_promo_code", request.users_promo_code)?,
            group_id: short_text("usergroups_id", request.usergroups_id)?,
        })
    }
}

fn short_text(field: &'static str, value: Option<String>) -> Result<ShortText, Rejected> {
    ShortText::parse(&value.unwrap_or_default()).map_err(Rejected::field(field))
}

/// Absent and blank mean the default.
fn user_type(value: Option<&str>) -> Result<Option<UserType>, Rejected> {
    match value.filter(|word| !is_blank(word)) {
        None => Ok(None),
        Some(word) => UserType::from_word(word.trim())
            .map(Some)
            .ok_or(Rejected::UnknownUserType),
    }
}

enum PlatformRegister {}

impl Outcomes for PlatformRegister {
    type Body = PocketBaseAuthResponse;
    const OK: &str = "注册成功";
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误或手机号已存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (415, "请求体必须为 application/json"),
        (429, "重复请求过于频繁"),
        (500, "GUID 生成失败、auth identity 缺失或保存用户失败"),
    ];
}

enum PlatformLogin {}

impl Outcomes for PlatformLogin {
    type Body = PocketBaseAuthResponse;
    const OK: &str = "登录成功";
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误、密码错误或用户类型不匹配"),
        (404, "平台用户不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (415, "请求体必须为 application/json"),
        (429, "重复请求过于频繁"),
        (500, "平台用户缺少原生登录 identity 或服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api/platform", tag = "Tags::Platform")]
impl PlatformApi {
    /// 平台用户注册
    ///
    /// 创建平台用户 auth record。
    /// 服务端会自动生成 GUID 并写入统一身份字段 `openid`,同时写入 `users_idtype = ManagePlatform`。
    /// 前端以 `users_phone + password/passwordConfirm` 注册,但服务端仍会创建 PocketBase 原生 auth 用户。
    /// 注册成功后直接返回 PocketBase 原生 auth token。
    #[oai(path = "/register", method = "post", operation_id = "platformRegister")]
    async fn register(
        &self,
        request: &Request,
        body: JsonBody<PlatformRegisterRequest>,
    ) -> Result<Answer<PlatformRegister>> {
        let registration = Registration::try_from(body.read()?)?;
        let source = self.source(request);
        let rule = self.records.auth_rule(Reader::Nobody, info_of(request));
        let session = auth::register(&self.app, source, registration, &rule).await?;
        Ok(Answer(PocketBaseAuthResponse::new(
            session,
            &self.app.collections(),
        )))
    }

    /// 平台用户登录
    ///
    /// 前端使用平台注册时保存的 `users_phone + password` 登录。
    /// 仅允许 `users_idtype = ManagePlatform` 的用户通过该接口登录。
    /// 服务端会先按手机号定位平台用户,再使用该用户的 PocketBase 原生 identity(当前为 `email`)执行原生 password auth。
    /// 登录成功后直接返回 PocketBase 原生 auth token。
    #[oai(path = "/login", method = "post", operation_id = "platformLogin")]
    async fn login(
        &self,
        request: &Request,
        body: JsonBody<PlatformLoginRequest>,
    ) -> Result<Answer<PlatformLogin>> {
        let PlatformLoginRequest {
            users_phone,
            password,
        } = body.read()?;
        let phone = Phone::parse(&users_phone).map_err(Rejected::field("users_phone"))?;
        let password = PlainPassword::attempt(password).map_err(Rejected::field("password"))?;
        let source = self.source(request);
        let rule = self.records.auth_rule(Reader::Nobody, info_of(request));
        let session = auth::login_platform(&self.app, source, &phone, password, &rule).await?;
        Ok(Answer(PocketBaseAuthResponse::new(
            session,
            &self.app.collections(),
        )))
    }
}

impl PlatformApi {
    fn source(&self, request: &Request) -> Source {
        source_of(request, &self.app.config.server.trusted_proxies)
    }
}
