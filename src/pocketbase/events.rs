//! `/api/events`: who did what when, for superusers.

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
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;
use crate::records::date::date_text;

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
    /// 被操作的记录 id,或脱敏后的手机号
    subject: String,
    /// 来源 IP
    source: String,
    detail: String,
    /// 一分钟内相同事件的次数,时间为首次
    count: u32,
}

impl EventRecord {
    pub fn new((id, event): (EventId, AuditEvent)) -> Self {
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
            subject: event.subject,
            source: event.source.map(|ip| ip.to_string()).unwrap_or_default(),
            detail: event.detail,
            count: event.count,
        }
    }
}

/// 事件列表,最新的在前。
#[derive(Object)]
pub struct EventList {
    items: Vec<EventRecord>,
    /// 下一页的 before 参数;没有更早的事件时为空
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
        /// 事件种类,如 login、login-failed、record-update
        kind: Query<Option<String>>,
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
        let (user, kind, since, until, before) = (user.0, kind.0, since.0, until.0, before.0);
        let query = EventQuery {
            user,
            kind,
            since,
            until,
            before,
            limit,
        };
        let _slot = self.0.records.list_slots.short(by.actor).await?;
        let EventPage { events, has_more } = auth::search_events(&self.0.app, query)
            .await
            .map_err(rejection)?;
        let next = events
            .last()
            .filter(|_| has_more)
            .map(|(id, _)| id.to_string())
            .unwrap_or_default();
        let items = events.into_iter().map(EventRecord::new).collect();
        Ok(Reply::new(&EventList { items, next }, &Fields::all()))
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
        EventQueryField::Since => ("since", FieldError::FORMAT),
        EventQueryField::Until => ("until", FieldError::FORMAT),
        EventQueryField::Before => ("before", FieldError::FORMAT),
        EventQueryField::Limit => ("limit", FieldError::VALUE),
    };
    Refused::form(FieldErrors::from([(field, error)]))
}
