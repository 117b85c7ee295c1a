//! `/api/system/*`

use std::sync::Arc;

use poem::Result;
use poem::http::StatusCode;
use poem_openapi::param::Header;
use poem_openapi::types::ToJSON;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::body::{Json, OptionalJsonBody};
use super::envelope::Envelope;
use super::error::{ErrorResponse, Rejected};
use super::limits::Limits;
use super::types::DateTime;
use super::{Tags, bearer};
use crate::app::App;
use crate::auth::{self, RefreshBy};
use crate::build_info;
use crate::domain::OneTimeCode;
use crate::error::Error;

/// The system endpoints.
pub struct SystemApi {
    pub app: Arc<App>,
    pub limits: Arc<Limits>,
}

#[derive(Object)]
pub struct HelloWorldData {
    message: String,
    timestamp: DateTime,
    status: String,
    #[oai(nullable)]
    build_time: Option<DateTime>,
}

#[derive(Object)]
pub struct HealthData {
    status: String,
    timestamp: DateTime,
}

#[derive(Object)]
pub struct UsersCountData {
    /// tbl_auth_users 表中的用户总数
    total_users: u64,
}

#[derive(Object)]
pub struct RefreshTokenData {
    /// 新签发的 PocketBase 原生 auth token
    token: String,
}

/// 系统刷新 token 请求体。
/// `users_wx_code` 允许为空。
/// 当 `Authorization` 对应 token 有效时,可不传或传空;
/// 当 token 失效时,需提供 `users_wx_code` 走微信 code 重新签发流程。
#[derive(Object)]
pub struct SystemRefreshTokenRequest {
    /// 微信小程序登录临时凭证 code
    #[oai(nullable)]
    users_wx_code: Option<String>,
}

impl SystemRefreshTokenRequest {
    /// The code; none when it is absent, null or empty.
    fn code(self) -> Result<Option<OneTimeCode>, Rejected> {
        let code = self.users_wx_code.filter(|code| !code.trim().is_empty());
        code.map(|code| OneTimeCode::parse(&code).map_err(Rejected::field("users_wx_code"))).transpose()
    }
}

#[derive(ApiResponse)]
pub enum HelloWorldResponse {
    /// 成功
    #[oai(status = 200)]
    Ok(Json<Envelope<HelloWorldData>>),
}

#[derive(ApiResponse)]
pub enum HealthResponse {
    /// 成功
    #[oai(status = 200)]
    Ok(Json<Envelope<HealthData>>),
    /// 服务不可用:数据库无法写入
    #[oai(status = 503)]
    Unavailable(Json<ErrorResponse>),
}

impl HealthResponse {
    /// The error envelope, with the contract's health fields in `data` all the same.
    fn unavailable(data: &HealthData) -> Self {
        let msg = "数据库无法写入,请检查磁盘空间与日志";
        let data = data.to_json().unwrap_or_default();
        Self::Unavailable(Json(ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, msg, data)))
    }
}

#[derive(ApiResponse)]
pub enum UsersCountResponse {
    /// 成功
    #[oai(status = 200)]
    Ok(Json<Envelope<UsersCountData>>),
    /// 服务端内部错误
    #[oai(status = 500)]
    Internal(Json<ErrorResponse>),
}

#[derive(ApiResponse)]
pub enum RefreshTokenResponse {
    /// 刷新成功(返回精简 token)
    #[oai(status = 200)]
    Ok(Json<Envelope<RefreshTokenData>>),
    /// 参数错误或微信侧身份换取失败
    #[oai(status = 400)]
    BadRequest(Json<ErrorResponse>),
    /// token 无效/已过期,且未提供 users_wx_code
    #[oai(status = 401)]
    Unauthorized(Json<ErrorResponse>),
    /// 用户不存在
    #[oai(status = 404)]
    NotFound(Json<ErrorResponse>),
    /// 请求体过大
    #[oai(status = 413)]
    TooLarge(Json<ErrorResponse>),
    /// 请求体必须为 application/json
    #[oai(status = 415)]
    NotJson(Json<ErrorResponse>),
    /// 重复请求过于频繁
    #[oai(status = 429)]
    TooMany(Json<ErrorResponse>),
    /// 服务端内部错误
    #[oai(status = 500)]
    Internal(Json<ErrorResponse>),
}

#[OpenApi(prefix_path = "/api/system", tag = "Tags::System")]
impl SystemApi {
    /// HelloWorld 测试接口
    #[oai(path = "/test-helloworld", method = "post", operation_id = "testHelloWorld")]
    async fn hello_world(&self) -> HelloWorldResponse {
        let data = HelloWorldData {
            message: "Hello, World!".to_owned(),
            timestamp: DateTime(self.app.clock.now()),
            status: "success".to_owned(),
            build_time: build_info::time().map(DateTime),
        };
        HelloWorldResponse::Ok(Json(Envelope::new("操作成功", data)))
    }

    /// 健康检查
    #[oai(path = "/health", method = "post", operation_id = "health")]
    async fn health(&self) -> HealthResponse {
        let timestamp = DateTime(self.app.clock.now());
        if !self.app.store.is_writable().await {
            let data = HealthData { status: "unhealthy".to_owned(), timestamp };
            return HealthResponse::unavailable(&data);
        }
        let data = HealthData { status: "healthy".to_owned(), timestamp };
        HealthResponse::Ok(Json(Envelope::new("操作成功", data)))
    }

    /// 查询用户总数
    ///
    /// 统计 `tbl_auth_users` 集合中的记录总数,并返回一个数值。
    #[oai(path = "/users-count", method = "post", operation_id = "usersCount")]
    async fn users_count(&self) -> Result<UsersCountResponse> {
        let total_users = self.app.store.count_users().await.map_err(Error::from)?;
        Ok(UsersCountResponse::Ok(Json(Envelope::new("操作成功", UsersCountData { total_users }))))
    }

    /// 刷新系统认证 token
    ///
    /// 当前实现支持两种刷新路径:
    /// 1) 若 `Authorization` 对应 token 仍有效:直接按当前 auth record 续签(不调用微信接口)。
    /// 2) 若 token 已过期:仅在 body 提供 `users_wx_code` 时才走微信 code 重新签发。
    /// 返回体仅包含新的 `token`,不返回完整登录用户信息。
    #[oai(path = "/refresh-token", method = "post", operation_id = "refreshToken")]
    async fn refresh_token(
        &self,
        /// 可选。建议传入旧 token(`Bearer <token>`)以优先走有效 token 续签路径。
        #[oai(name = "Authorization")]
        authorization: Header<Option<String>>,
        body: OptionalJsonBody<SystemRefreshTokenRequest>,
    ) -> Result<RefreshTokenResponse> {
        let code = body.read()?.map_or(Ok(None), SystemRefreshTokenRequest::code)?;
        let token = self.refresh(authorization.0.as_deref(), code).await?;
        Ok(RefreshTokenResponse::Ok(Json(Envelope::new("刷新成功", RefreshTokenData { token }))))
    }
}

impl SystemApi {
    /// A valid token goes first; a code is for a token that is not.
    async fn refresh(&self, authorization: Option<&str>, code: Option<OneTimeCode>) -> Result<String, Error> {
        let authenticated = match authorization.and_then(bearer::token) {
            Some(token) => auth::authenticate(&self.app, token).await,
            None => Err(Error::Unauthenticated("no token")),
        };
        match (authenticated, code) {
            (Ok(user), _) => {
                self.limits.refresh(&user.id)?;
                auth::refresh_token(&self.app, RefreshBy::User(Box::new(user))).await
            }
            (Err(Error::Unauthenticated(_)), Some(code)) => {
                let _in_flight = self.limits.once("refresh-token", code.as_str())?;
                auth::refresh_token(&self.app, RefreshBy::Code(code)).await
            }
            (Err(error), _) => Err(error),
        }
    }
}
