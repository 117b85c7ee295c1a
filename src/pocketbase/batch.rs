//! `/api/batch`

use poem::{Request, Result};
use poem_openapi::OpenApi;
use poem_openapi::types::Any;
use serde_json::{Map, Value, json};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::error::{Refused, batch_not_read};
use super::expand::Expand;
use super::field_error::FieldError;
use super::fields::Fields;
use super::form::Form;
use crate::auth::Principal;
use crate::domain::Kind;
use crate::http::bearer::Bearer;
use crate::http::body::hold_records;
use crate::http::tags::Tags;
use crate::http::wire_types::AnyList;
use crate::records::changes::Action;
use crate::records::coerce;

/// Changes of several records in one transaction.
pub struct BatchApi(pub Context);

/// The most requests of a batch, as PocketBase has it unless it is configured.
const MAX_REQUESTS: usize = 50;

enum PbBatch {}

impl Outcomes for PbBatch {
    type Body = AnyList;
    const SUCCESS: Option<(u16, &str)> = Some((200, "每个请求的 status 与 body,顺序与请求相同"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "批量请求格式错误,或其中一个请求失败(全部不生效)"),
        (403, "不允许超级管理员从该地址访问"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (429, "旧密码尝试或手机号修改次数过多,或密码处理队列已满"),
        (500, "服务端内部错误"),
    ];
}

/// A request of a batch, read.
struct Step {
    kind: Kind,
    action: Action,
    body: Map<String, Value>,
    fields: Fields,
    expand: Expand,
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl BatchApi {
    /// 批量修改记录(SDK:createBatch)
    ///
    /// 最多 50 个请求,在同一事务中执行:全部成功或全部不生效。每个请求的权限与单独调用时相同。
    #[oai(path = "/batch", method = "post", operation_id = "pbBatch")]
    async fn batch(
        &self,
        request: &Request,
        bearer: Bearer,
        body: Form<Option<Any<Map<String, Value>>>>,
    ) -> Result<Reply<PbBatch>> {
        let body = body
            .read()
            .map_err(batch_not_read)?
            .map(|body| body.0)
            .unwrap_or_default();
        let requests = requests(&body)?;
        let who = self.0.who(&bearer).await?;
        hold_records(request, requests.len(), record_bytes(who.as_ref()))?;
        let (mut plans, mut shown) = (Vec::new(), Vec::new());
        for one in requests {
            let plan = match self.step(one) {
                Ok(step) => {
                    shown.push((step.action.clone(), step.fields, step.expand));
                    self.0
                        .plan(request, who.as_ref(), step.kind, step.action, step.body)
                        .await?
                }
                Err(refused) => Err(refused),
            };
            let is_refused = plan.is_err();
            plans.push(plan);
            if is_refused {
                // Nothing behind it would be done, and no password is hashed for nothing.
                break;
            }
        }
        let records = self
            .0
            .carry_out(&self.0.by(&bearer, who.as_ref()), plans)
            .await?;
        let records = records.map_err(|(index, refused)| Refused::batch(index, &refused))?;
        let mut results = Vec::with_capacity(records.len());
        for (record, (action, fields, expand)) in records.iter().zip(shown) {
            results.push(if let Action::Delete(_) = action {
                json!({ "body": null, "status": 204 })
            } else {
                let record = Value::Object(self.0.show(record, &expand).await?.0);
                json!({ "body": fields.pick(record), "status": 200 })
            });
        }
        Ok(Reply::new(&AnyList(results), &Fields::all()))
    }
}

impl BatchApi {
    /// What a request asks for.
    fn step(&self, request: &Map<String, Value>) -> Result<Step, Refused> {
        let text = |key| request.get(key).map(coerce::text).unwrap_or_default();
        let (method, url) = (text("method"), text("url"));
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let rest = path
            .strip_prefix("/api/collections/")
            .ok_or(Refused::BAD_REQUEST)?;
        let parts: Vec<_> = rest.split('/').collect();
        let (name, action) = match (method.as_str(), parts.as_slice()) {
            ("POST", [name, "records"]) => (name, Action::Create),
            ("PUT", [name, "records"]) => (name, Action::Upsert),
            ("PATCH", [name, "records", id]) => (name, Action::Update((*id).to_owned())),
            ("DELETE", [name, "records", id]) => (name, Action::Delete((*id).to_owned())),
            _ => return Err(Refused::BAD_REQUEST),
        };
        let kind = self
            .0
            .collection(name, &Kind::ALL)
            .ok_or(Refused::NO_COLLECTION)?;
        let parameter = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        Ok(Step {
            kind,
            action,
            body: request
                .get("body")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
            fields: Fields::parse(parameter("fields").as_deref())?,
            expand: Expand::parse(parameter("expand").as_deref()),
        })
    }
}

/// The bytes of a record that somebody may change: their own, or for superusers what records usually have.
fn record_bytes(who: Option<&Principal>) -> usize {
    const USUAL: usize = 2 * 1024;
    match who {
        Some(Principal::User(user)) => user.bytes().max(USUAL),
        _ => USUAL,
    }
}

/// The requests, if there are as many as there may be and each has a method and an address.
fn requests(body: &Map<String, Value>) -> Result<Vec<&Map<String, Value>>, Refused> {
    let requests = match body.get("requests") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(requests)) => requests.as_slice(),
        Some(_) => return Err(Refused::BATCH_NOT_READ),
    };
    if requests.is_empty() {
        return Err(Refused::batch_data(FieldError::BLANK.json()));
    }
    if requests.len() > MAX_REQUESTS {
        return Err(Refused::batch_data(
            FieldError::too_long(MAX_REQUESTS).json(),
        ));
    }
    let requests: Option<Vec<_>> = requests.iter().map(Value::as_object).collect();
    let requests = requests.ok_or(Refused::BATCH_NOT_READ)?;
    let wrong: Map<_, _> = requests.iter().enumerate().filter_map(missing).collect();
    if wrong.is_empty() {
        Ok(requests)
    } else {
        Err(Refused::batch_data(wrong.into()))
    }
}

fn missing((index, request): (usize, &&Map<String, Value>)) -> Option<(String, Value)> {
    let is_missing = |key: &&str| {
        request
            .get(*key)
            .map(coerce::text)
            .unwrap_or_default()
            .is_empty()
    };
    let missing: Map<_, _> = ["method", "url"]
        .into_iter()
        .filter(is_missing)
        .map(|key| (key.to_owned(), FieldError::BLANK.json()))
        .collect();
    (!missing.is_empty()).then(|| (index.to_string(), missing.into()))
}
