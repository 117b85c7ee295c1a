//! `/api/events`: who did what when, for superusers.

use std::collections::HashMap;

use poem::Result;
use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::error::Refused;
use super::field_error::{FieldError, FieldErrors};
use super::fields::Fields;
use crate::auth::{self, EventPage, EventQuery, EventQueryError, EventQueryField};
use crate::domain::{AuditEvent, Cause, EventId, RecordId};
use crate::error::Error;
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;
use crate::records::date::date_text;
use crate::records::names::names;

/// The endpoint for events.
pub struct EventsApi(pub Context);

/// 一条事件记录。
#[derive(Object)]
#[expect(non_snake_case, reason = "PocketBase's style")]
pub struct EventRecord {
    id: String,
    /// 时间(UTC)
    at: String,
    /// 事件种类
    kind: String,
    /// 失败原因;不是失败时为空
    cause: String,
    /// nobody、user、superuser 或 operator(命令行)
    actor: String,
    /// 操作者的记录 id;没有时为空
    actorId: String,
    /// 操作者当前的姓名、手机号或邮箱;已删除时为空
    actorName: String,
    /// 被操作的记录 id,或脱敏后的手机号
    subject: String,
    /// 被操作记录当前的姓名、手机号、邮箱或公司编号;已删除或不是记录时为空
    subjectName: String,
    /// 来源 IP
    source: String,
    detail: String,
    /// 一分钟内相同事件的次数,时间为首次
    count: u32,
}

impl EventRecord {
    fn new((id, event): (EventId, AuditEvent), names: &HashMap<RecordId, String>) -> Self {
        let name = |id: &RecordId| names.get(id).cloned().unwrap_or_default();
        Self {
            id: id.to_string(),
            at: date_text(event.at),
            kind: event.kind.name().to_owned(),
            cause: event.cause.map(Cause::name).unwrap_or_default().to_owned(),
            actor: event.actor.name().to_owned(),
            actorId: event
                .actor
                .id()
                .map(RecordId::to_string)
                .unwrap_or_default(),
            actorName: event.actor.id().map(name).unwrap_or_default(),
            subjectName: RecordId::parse(&event.subject)
                .as_ref()
                .map(name)
                .unwrap_or_default(),
            subject: event.subject,
            source: event.source.map(|ip| ip.to_string()).unwrap_or_default(),
            detail: event.detail,
            count: event.count,
        }
    }
}

/// The records that an event tells of.
fn ids_in((_, event): &(EventId, AuditEvent)) -> impl Iterator<Item = RecordId> {
    let subject = RecordId::parse(&event.subject);
    event.actor.id().cloned().into_iter().chain(subject)
}

/// 事件列表,最新的在前。
#[derive(Object)]
pub struct EventList {
    items: Vec<EventRecord>,
    /// 下一页的 before 参数;没有更早的事件时为空。事件极多时,一页可能不满(甚至为空)而仍有下一页
    next: String,
}

enum PbListEvents {}

impl Outcomes for PbListEvents {
    type Body = EventList;
    const SUCCESS: Option<(u16, &str)> = Some((200, "事件,最新的在前"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "查询参数错误"),
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (429, "查询过多,请稍后再试"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl EventsApi {
    /// 查询事件:仅超级管理员
    ///
    /// 谁在何时做了什么:登录、失败及原因、资料修改、超级管理员与命令行的每次操作。保留 `events.keep`(默认 90 天)。
    #[oai(path = "/events", method = "get", operation_id = "listEvents")]
    #[expect(clippy::too_many_arguments, reason = "each is a query parameter")]
    async fn list(
        &self,
        bearer: Bearer,
        /// 用户:记录 id、手机号、openid 或 email
        user: Query<Option<String>>,
        /// 事件种类,如 login、login-failed、record-update;多个以逗号分隔
        kind: Query<Option<String>>,
        /// 操作者:nobody、user、superuser 或 operator(命令行)
        actor: Query<Option<String>>,
        /// 起始时间(含):RFC 3339、日期,或多久以前(如 2d)
        since: Query<Option<String>>,
        /// 结束时间(不含),格式同 since
        until: Query<Option<String>>,
        /// 上一页的 next
        before: Query<Option<String>>,
        /// 条数,默认 100,最多 1000
        limit: Query<Option<String>>,
    ) -> Result<Reply<PbListEvents>> {
        let by = self.0.ensure_superuser(&bearer).await?;
        let limit = limit
            .0
            .filter(|text| !text.is_empty())
            .map(|text| text.parse().unwrap_or_default());
        let query = EventQuery {
            user: user.0,
            kind: kind.0,
            actor: actor.0,
            since: since.0,
            until: until.0,
            before: before.0,
            limit,
        };
        let _slot = self.0.records.list_slots.short(by.actor).await?;
        let page = auth::search_events(&self.0.app, query)
            .await
            .map_err(rejection)?;
        Ok(Reply::new(&self.list_of(page).await?, &Fields::all()))
    }
}

impl EventsApi {
    async fn list_of(&self, EventPage { events, next }: EventPage) -> Result<EventList, Error> {
        let ids = events.iter().flat_map(ids_in).collect();
        let names = names(&self.0.app.store, ids).await?;
        let items = events
            .into_iter()
            .map(|event| EventRecord::new(event, &names));
        Ok(EventList {
            items: items.collect(),
            next: next.map(|id| id.to_string()).unwrap_or_default(),
        })
    }
}

fn rejection(error: EventQueryError) -> poem::Error {
    match error {
        EventQueryError::Invalid(field) => refusal(field).into(),
        EventQueryError::Failed(error) => error.into(),
    }
}

fn refusal(wrong: EventQueryField) -> Refused {
    let (field, error) = match wrong {
        EventQueryField::Kind => ("kind", FieldError::VALUE),
        EventQueryField::Actor => ("actor", FieldError::VALUE),
        EventQueryField::Since => ("since", FieldError::FORMAT),
        EventQueryField::Until => ("until", FieldError::FORMAT),
        EventQueryField::Before => ("before", FieldError::FORMAT),
        EventQueryField::Limit => ("limit", FieldError::VALUE),
    };
    Refused::form(FieldErrors::from([(field, error)]))
}
