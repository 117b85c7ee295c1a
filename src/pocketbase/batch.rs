//! `/api/batch`

use poem::{Request, Result};
use poem_openapi::OpenApi;
use poem_openapi::types::Any;
use serde_json::{Map, Value, json};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::caller::Caller;
use super::error::Refused;
use super::expand::{Expand, Expansion};
use super::field_error::FieldError;
use super::fields::Fields;
use super::form::Form;
use super::rejected_form::batch_not_read;
use crate::domain::Kind;
use crate::error::Error;
use crate::http::body::hold_records;
use crate::http::request_info::{self, header_name};
use crate::http::tags::Tags;
use crate::http::wire_types::AnyList;
use crate::records::access::Access;
use crate::records::change_request::{Action, ChangeRequest};
use crate::records::coerce::text_of;
use crate::records::form::RecordForm;
use crate::records::refusal::Refusal;
use crate::records::requester::Requester;
use crate::records::rules::RequestInfo;
use crate::store::Record;

/// Changes of several records in one transaction.
pub struct BatchApi(pub Context);

/// Occasion of the requests of a batch.
const BATCH: &str = "batch";

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

/// The answer to a request of a batch, but for the record.
struct Answer {
    is_deletion: bool,
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
        caller: Caller,
        body: Form<Option<Any<Map<String, Value>>>>,
    ) -> Result<Reply<PbBatch>> {
        let body = body
            .read()
            .map_err(batch_not_read)?
            .map(|body| body.0)
            .unwrap_or_default();
        let requests = requests(&body)?;
        let requester = self.0.requester(&caller).await?;
        // Before the changes, which may end the caller's token.
        let access = self.0.access(&caller).await?;
        hold_records(request, requests.len(), record_bytes(&requester))?;
        let (changes, answers) = self.read(&requests, &caller.info);
        let records = self.0.records.change_all(&requester, changes).await?;
        let mut results = Vec::with_capacity(records.len());
        for ((record, answer), request) in records.iter().zip(&answers).zip(&requests) {
            let access = access.of(info_with_body(request, &caller.info));
            results.push(self.answer(&access, record, answer).await?);
        }
        Ok(Reply::new(&AnyList(results), &Fields::all()))
    }
}

impl BatchApi {
    /// The changes that are asked for, up to the first one that is refused here, and their answers.
    fn read(
        &self,
        requests: &[&Map<String, Value>],
        info: &RequestInfo,
    ) -> (Vec<Result<ChangeRequest, Refusal>>, Vec<Answer>) {
        let mut changes = Vec::with_capacity(requests.len());
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            match self.read_one(request, info) {
                Ok((change, answer)) => {
                    changes.push(Ok(change));
                    answers.push(answer);
                }
                Err(refusal) => {
                    changes.push(Err(refusal));
                    break;
                }
            }
        }
        (changes, answers)
    }

    fn read_one(
        &self,
        request: &Map<String, Value>,
        info: &RequestInfo,
    ) -> Result<(ChangeRequest, Answer), Refusal> {
        let method = text_of(request, "method");
        let url = text_of(request, "url");
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let (name, action) = action(&method, path).ok_or(Refusal::BadRequest)?;
        let kind = self.0.collection(name, &Kind::ALL);
        let kind = kind.ok_or(Refusal::NoCollection)?;
        let fields = Fields::parse(parameter(query, "fields").as_deref());
        let answer = Answer {
            is_deletion: matches!(action, Action::Delete(_)),
            fields: fields.map_err(|_| Refusal::BadRequest)?,
            expand: Expand::parse(parameter(query, "expand").as_deref()),
        };
        let form = match request.get("body").and_then(Value::as_object) {
            Some(body) => RecordForm::read(body, self.0.records.schemas().of(kind)),
            None => RecordForm::default(),
        };
        let change = ChangeRequest::new(kind, action, form);
        Ok((change.by(info_of(request, &method, query, info)), answer))
    }

    async fn answer(
        &self,
        access: &Access,
        record: &Record,
        answer: &Answer,
    ) -> Result<Value, Error> {
        if answer.is_deletion {
            return Ok(json!({ "body": null, "status": 204 }));
        }
        let expansion = Expansion::new(&self.0.app, access, answer.expand);
        let record = expansion.of(record).await?;
        let body = answer.fields.pick(Value::Object(record.to_map()));
        Ok(json!({ "body": body, "status": 200 }))
    }
}

/// A request of a batch as rules see it: with the headers of the batch, in whose place its own may be.
fn info_of(
    request: &Map<String, Value>,
    method: &str,
    query: &str,
    batch: &RequestInfo,
) -> RequestInfo {
    let mut headers = batch.headers.clone();
    if let Some(Value::Object(own)) = request.get("headers") {
        let own = own.iter();
        headers.extend(own.map(|(name, value)| (header_name(name), value.clone())));
    }
    RequestInfo {
        method: method.to_owned(),
        query: request_info::query(query),
        headers,
        ..batch.on(BATCH)
    }
}

/// A request of a batch as rules of what is answered see it.
fn info_with_body(request: &Map<String, Value>, batch: &RequestInfo) -> RequestInfo {
    let url = text_of(request, "url");
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let body = request.get("body").and_then(Value::as_object);
    RequestInfo {
        body: body.cloned().unwrap_or_default(),
        ..info_of(request, &text_of(request, "method"), query, batch)
    }
}

/// The collection that a request names, and what is to be done with which of its records.
fn action<'a>(method: &str, path: &'a str) -> Option<(&'a str, Action)> {
    let rest = path.strip_prefix("/api/collections/")?;
    let parts: Vec<_> = rest.split('/').collect();
    Some(match (method, parts.as_slice()) {
        ("POST", [name, "records"]) => (name, Action::Create),
        ("PUT", [name, "records"]) => (name, Action::Upsert),
        ("PATCH", [name, "records", id]) => (name, Action::Update((*id).to_owned())),
        ("DELETE", [name, "records", id]) => (name, Action::Delete((*id).to_owned())),
        _ => return None,
    })
}

fn parameter(query: &str, wanted: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, value) = pairs.find(|(name, _)| name == wanted)?;
    Some(value.into_owned())
}

/// The bytes of a record that somebody may change: their own, or for superusers what records usually have.
fn record_bytes(requester: &Requester) -> usize {
    const USUAL: usize = 2 * 1024;
    let own = requester.user().map(|(user, _)| user.bytes());
    own.unwrap_or_default().max(USUAL)
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
    let missing: Map<_, _> = ["method", "url"]
        .into_iter()
        .filter(|key| text_of(request, key).is_empty())
        .map(|key| (key.to_owned(), FieldError::BLANK.json()))
        .collect();
    (!missing.is_empty()).then(|| (index.to_string(), missing.into()))
}
