//! `/api/health`

use poem::{Request, Result};
use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use serde_json::{Value, json};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::fields::Fields;
use crate::auth::Principal;
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;
use crate::http::wire_types::AnyData;

/// The health check.
pub struct HealthApi(pub Context);

/// Headers by which a proxy tells where a request came from, in the order in which PocketBase looks for them.
const PROXY_HEADERS: [&str; 3] = ["CF-Connecting-IP", "Fly-Client-IP", "X-Forwarded-For"];

enum PbHealth {}

impl Outcomes for PbHealth {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((200, "服务可达"));
    const ERRORS: &[(u16, &str)] = &[(400, "fields 参数错误")];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl HealthApi {
    /// 健康检查(PocketBase)
    ///
    /// 仅表示服务可达,不检查数据库;数据库是否可写请用 `POST /api/system/health`。
    /// 超级管理员另可得知来源地址、代理请求头以及当前能否备份。
    #[oai(path = "/health", method = "get", operation_id = "pbHealth")]
    async fn health(
        &self,
        request: &Request,
        bearer: Bearer,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
    ) -> Result<Reply<PbHealth>> {
        let fields = Fields::parse(fields.0.as_deref())?;
        let data = match self.0.who(&bearer).await {
            Ok(Some(Principal::Superuser(_))) => self.for_superusers(request, &bearer),
            _ => json!({}),
        };
        let body = json!({ "message": "API is healthy.", "code": 200, "data": data });
        Ok(Reply::new(&AnyData(body), &fields))
    }
}

impl HealthApi {
    /// The place where the request seems to come from, and whether a backup could be made now.
    fn for_superusers(&self, request: &Request, bearer: &Bearer) -> Value {
        let app = &self.0.app;
        let is_sent = |name: &&&str| {
            request
                .header(**name)
                .is_some_and(|value| !value.is_empty())
        };
        json!({
            "canBackup": app.maintenance.try_lock().is_ok(),
            "possibleProxyHeader": PROXY_HEADERS.iter().find(is_sent).unwrap_or(&""),
            "realIP": bearer.address(app).to_string(),
        })
    }
}
