//! `/api/health`

use poem::Result;
use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use serde_json::json;

use super::answer::{Outcomes, Reply};
use super::fields::Fields;
use crate::http::tags::Tags;
use crate::http::wire_types::AnyData;

/// The health check.
pub struct HealthApi;

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
    #[oai(path = "/health", method = "get", operation_id = "pbHealth")]
    async fn health(
        &self,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
    ) -> Result<Reply<PbHealth>> {
        let fields = Fields::parse(fields.0.as_deref())?;
        let body = json!({ "message": "API is healthy.", "code": 200, "data": {} });
        Ok(Reply::new(&AnyData(body), &fields))
    }
}
