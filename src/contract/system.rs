//! `/api/system/*`

use std::sync::Arc;

use poem::http::StatusCode;
use poem::{Request, Result};
use poem_openapi::param::Header;
use poem_openapi::types::ToJSON;
use poem_openapi::{Object, OpenApi};

use super::answer::{Answer, Outcomes};
use super::envelope::Envelope;
use super::error::{as_disabled, reply_with};
use crate::app::App;
use crate::auth;
use crate::build_info;
use crate::domain::{OneTimeCode, is_blank};
use crate::error::Error;
use crate::http::bearer;
use crate::http::body::{IgnoredBody, JsonBody};
use crate::http::client_address::source_of;
use crate::http::rejected::Rejected;
use crate::http::request_info::info_of;
use crate::http::tags::Tags;
use crate::http::wire_types::DateTime;
use crate::records::Records;
use crate::records::reader::Reader;

/// The system endpoints.
pub struct SystemApi {
    pub app: Arc<App>,
    pub records: Records,
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
    /// The code; none when it is absent, null or blank.
    fn code(self) -> Result<Option<OneTimeCode>, Rejected> {
        let code = self.users_wx_code.filter(|code| !is_blank(code));
        code.map(|code| OneTimeCode::parse(&code).map_err(Rejected::field("users_wx_code")))
            .transpose()
    }
}

enum HelloWorld {}

impl Outcomes for HelloWorld {
    type Body = Envelope<HelloWorldData>;
    const OK: &str = "成功";
    const ERRORS: &[(u16, &str)] = &[];
}

enum Health {}

impl Outcomes for Health {
    type Body = Envelope<HealthData>;
    const OK: &str = "成功";
    const ERRORS: &[(u16, &str)] = &[(503, "服务不可用:数据库无法写入")];
}

enum UsersCount {}

impl Outcomes for UsersCount {
    type Body = Envelope<UsersCountData>;
    const OK: &str = "成功";
    const ERRORS: &[(u16, &str)] = &[(500, "服务端内部错误")];
}

enum RefreshToken {}

impl Outcomes for RefreshToken {
    type Body = Envelope<RefreshTokenData>;
    const OK: &str = "刷新成功(返回精简 token)";
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误或微信侧身份换取失败"),
        (401, "token 无效/已过期,且未提供 users_wx_code"),
        (404, "用户不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (415, "请求体必须为 application/json"),
        (429, "重复请求过于频繁"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api/system", tag = "Tags::System")]
impl SystemApi {
    /// HelloWorld 测试接口
    #[oai(
        path = "/test-helloworld",
        method = "post",
        operation_id = "testHelloWorld"
    )]
    async fn hello_world(&self, _body: IgnoredBody) -> Answer<HelloWorld> {
        let data = HelloWorldData {
            message: "Hello, World!".to_owned(),
            timestamp: DateTime(self.app.clock.now()),
            status: "success".to_owned(),
            build_time: build_info::time().map(DateTime),
        };
        Answer(Envelope::new("操作成功", data))
    }

    /// 健康检查
    #[oai(path = "/health", method = "post", operation_id = "health")]
    async fn health(&self, _body: IgnoredBody) -> Result<Answer<Health>> {
        let timestamp = DateTime(self.app.clock.now());
        if !self.app.store.is_writable().await {
            let data = HealthData {
                status: "unhealthy".to_owned(),
                timestamp,
            };
            return Err(unhealthy(&data, self.app.store.file().is_some()));
        }
        let data = HealthData {
            status: "healthy".to_owned(),
            timestamp,
        };
        Ok(Answer(Envelope::new("操作成功", data)))
    }

    /// 查询用户总数
    ///
    /// 统计 `tbl_auth_users` 集合中的记录总数,并返回一个数值。
    #[oai(path = "/users-count", method = "post", operation_id = "usersCount")]
    async fn users_count(&self, _body: IgnoredBody) -> Result<Answer<UsersCount>> {
        let total_users = self.app.store.count_users().await.map_err(Error::from)?;
        Ok(Answer(Envelope::new(
            "操作成功",
            UsersCountData { total_users },
        )))
    }

    /// 刷新系统认证 token
    ///
    /// 当前实现支持两种刷新路径:
    /// 1) 若 `Authorization` 对应 token 仍有效:直接按当前 auth record 续签(不调用微信接口)。
    /// 2) 若 token 已过期:仅在 body 提供 `users_wx_code` 时才走微信 code 重新签发。
    /// 返回体仅包含新的 `token`,不返回完整登录用户信息。
    #[oai(
        path = "/refresh-token",
        method = "post",
        operation_id = "refreshToken"
    )]
    async fn refresh_token(
        &self,
        request: &Request,
        /// 可选。建议传入旧 token(`Bearer <token>`)以优先走有效 token 续签路径。
        #[oai(name = "Authorization")]
        authorization: Header<Option<String>>,
        body: JsonBody<Option<SystemRefreshTokenRequest>>,
    ) -> Result<Answer<RefreshToken>> {
        let code = body
            .read()?
            .map_or(Ok(None), SystemRefreshTokenRequest::code)?;
        let token = authorization.0.as_deref().and_then(bearer::token);
        let source = source_of(request, &self.app.config.server.trusted_proxies);
        let rule = self.records.auth_rule(Reader::Nobody, info_of(request));
        let token = auth::refresh(&self.app, source, token, code, &rule)
            .await
            .map_err(as_disabled)?;
        Ok(Answer(Envelope::new(
            "刷新成功",
            RefreshTokenData { token },
        )))
    }
}

/// 503 in the error envelope, with the contract's health fields in `data` all the same.
fn unhealthy(data: &HealthData, is_file: bool) -> poem::Error {
    let msg = match is_file {
        true => "数据库无法写入,请检查磁盘空间与日志",
        false => "数据库无法写入,请检查 PostgreSQL 与日志",
    };
    let data = data.to_json().unwrap_or_default();
    poem::Error::from_response(reply_with(StatusCode::SERVICE_UNAVAILABLE, msg, data))
}
