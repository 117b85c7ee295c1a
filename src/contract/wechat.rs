//! `/api/wechat/*`

use std::sync::Arc;

use poem::{Request, Result};
use poem_openapi::{Enum, Object, OpenApi};

use super::answer::{Answer, Outcomes};
use super::envelope::Envelope;
use super::error::as_disabled;
use super::session::PocketBaseAuthResponse;
use super::view::UserInfo;
use crate::app::App;
use crate::auth::{self, AuditContext, ProfileUpdate};
use crate::domain::{Actor, Name, OneTimeCode, Picture};
use crate::http::bearer::Bearer;
use crate::http::body::JsonBody;
use crate::http::client_address::source_of;
use crate::http::rejected::Rejected;
use crate::http::request_info::info_of;
use crate::http::tags::Tags;
use crate::records::Records;
use crate::records::reader::Reader;

/// The WeChat endpoints.
pub struct WechatApi {
    pub app: Arc<App>,
    pub records: Records,
}

/// 微信小程序登录/注册请求体。
#[derive(Object)]
pub struct WechatLoginRequest {
    /// 微信小程序登录临时凭证 code
    users_wx_code: String,
}

/// 微信用户资料完善请求体。
#[derive(Object)]
pub struct WechatProfileRequest {
    users_name: String,
    users_phone_code: String,
    users_picture: String,
}

#[derive(Object)]
pub struct WechatProfileResponseData {
    status: ProfileStatus,
    user: UserInfo,
}

#[derive(Clone, Copy, Enum)]
enum ProfileStatus {
    #[oai(rename = "update_success")]
    Updated,
}

impl TryFrom<WechatProfileRequest> for ProfileUpdate {
    type Error = Rejected;

    fn try_from(request: WechatProfileRequest) -> Result<Self, Rejected> {
        Ok(Self {
            name: Name::parse(&request.users_name).map_err(Rejected::field("users_name"))?,
            picture: Picture::parse(&request.users_picture)
                .map_err(Rejected::field("users_picture"))?,
            phone_code: OneTimeCode::parse(&request.users_phone_code)
                .map_err(Rejected::field("users_phone_code"))?,
        })
    }
}

enum WechatLogin {}

impl Outcomes for WechatLogin {
    type Body = PocketBaseAuthResponse;
    const OK: &str = "登录或注册成功";
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误或微信侧身份换取失败"),
        (401, "PocketBase 原生认证失败"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (415, "请求体必须为 application/json"),
        (429, "重复请求过于频繁"),
        (500, "保存 auth 用户失败或服务端内部错误"),
    ];
}

enum WechatProfile {}

impl Outcomes for WechatProfile {
    type Body = Envelope<WechatProfileResponseData>;
    const OK: &str = "更新成功";
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误、手机号已被注册或资料更新失败"),
        (401, "token 无效或当前 auth record 缺少统一身份字段 openid"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (415, "请求体必须为 application/json"),
        (429, "重复请求过于频繁"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api/wechat", tag = "Tags::Wechat")]
impl WechatApi {
    /// 微信登录/注册合一
    ///
    /// 使用微信 code 换取微信侧 openid,并写入统一身份字段 `tbl_auth_users.openid`。
    /// 若 `tbl_auth_users` 中不存在对应用户则自动创建 auth record,随后返回 PocketBase 原生 auth token。
    /// 首次注册创建时会写入 `users_idtype = WeChat`。
    /// 返回的 `token` 可直接用于 PocketBase SDK 与当前 hooks 接口调用。
    #[oai(path = "/login", method = "post", operation_id = "wechatLogin")]
    async fn login(
        &self,
        request: &Request,
        body: JsonBody<WechatLoginRequest>,
    ) -> Result<Answer<WechatLogin>> {
        let code = OneTimeCode::parse(&body.read()?.users_wx_code)
            .map_err(Rejected::field("users_wx_code"))?;
        let source = source_of(request, &self.app.config.server.trusted_proxies);
        let rule = self.records.auth_rule(Reader::Nobody, info_of(request));
        let session = auth::login_wechat(&self.app, source, &code, &rule)
            .await
            .map_err(as_disabled)?;
        Ok(Answer(PocketBaseAuthResponse::new(
            session,
            &self.app.collections(),
        )))
    }

    /// 更新微信用户资料
    ///
    /// 基于当前 `Authorization` 对应 auth record 中的统一 `openid` 定位当前微信用户。
    /// 当前接口仍用于微信资料完善场景。
    #[oai(path = "/profile", method = "post", operation_id = "wechatProfile")]
    async fn profile(
        &self,
        bearer: Bearer,
        body: JsonBody<WechatProfileRequest>,
    ) -> Result<Answer<WechatProfile>> {
        let user = bearer.user(&self.app).await?;
        let update = ProfileUpdate::try_from(body.read()?)?;
        let by = AuditContext {
            actor: Actor::User(user.id.clone()),
            source: Some(bearer.source(&self.app)),
        };
        let (user, company) = auth::update_profile(&self.app, &by, user, update).await?;
        let data = WechatProfileResponseData {
            status: ProfileStatus::Updated,
            user: UserInfo::new(&user, company.as_ref(), &self.app.collections()),
        };
        Ok(Answer(Envelope::new("更新成功", data)))
    }
}
