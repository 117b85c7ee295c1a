//! `/api/overview`: how the server is, in numbers, for superusers.

use jiff::tz::Offset;
use poem::Result;
use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use serde_json::{Map, Value, json};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::error::Refused;
use super::field_error::{FieldError, FieldErrors};
use super::fields::Fields;
use crate::app::login_counts::{LoginOutcomes, begin_of};
use crate::domain::{BackupStatus, Cause};
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;
use crate::http::wire_types::AnyData;
use crate::metrics::Timings;
use crate::monitoring::{self, Overview};
use crate::records::date::date_text;
use crate::records::list::user_counts::UserCounts;
use crate::wechat::LastError;

/// Minutes by which a clock may be ahead of UTC, or behind.
const MOST_MINUTES: i32 = 18 * 60;

/// The endpoints of the overview.
pub struct OverviewApi(pub Context);

enum PbOverview {}

impl Outcomes for PbOverview {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((200, "服务概况"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "查询参数错误"),
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (429, "查询过多,请稍后再试"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl OverviewApi {
    /// 服务概况:仅超级管理员
    ///
    /// - `at`、`startedAt`:当前时间与启动时间(UTC)
    /// - `requests`:启动以来的请求(不含本接口与 `/readyz`)`count`、`failed`(5xx)、`seconds`(总耗时)与累计分布 `buckets`(`le` 秒以内的次数 `count`);两次查询之差即当前速率与延迟
    /// - `logins`:最近 7 天每小时(`at` 为该小时开始)的登录:`succeeded`(含注册)与 `failed`(按原因)。启动以后的全部计入;启动以前的按仍保留的事件统计
    /// - `postgres`:数据库在 PostgreSQL 上时,其 `database`(不含用户与密码)与 `primary`(当前接受提交的主机);否则为 null
    /// - `disk`:`fileBytes`(数据库文件)、`freeBytes`(剩余空间);数据库不在磁盘上时为 null
    /// - `backup`:`everySeconds`(0 表示未设定时备份)、`lastSuccess`、`lastBytes`、`failure`(`at`、`reason`,最近一次成功时为 null)、`overdue`
    /// - `wechat`:`callsToday`(北京时间今日的调用次数,重启后从 0 计)、`lastError`(`at`、`outcome`、`errcode`,没有则为 null)
    #[oai(path = "/overview", method = "get", operation_id = "overview")]
    async fn overview(&self, bearer: Bearer) -> Result<Reply<PbOverview>> {
        self.0.ensure_superuser(&bearer).await?;
        let overview = monitoring::overview(&self.0.app).await?;
        Ok(Reply::new(&AnyData(describe(&overview)), &Fields::all()))
    }

    /// 用户数与最近 90 天每日新增:仅超级管理员
    ///
    /// `total`、`active`、`disabled`、`wechat`、`platform` 为 `at` 时的用户数;`days` 为每日(`day`)新增的 `wechat` 与 `platform` 用户,最后一项为今天。
    /// 用户很多时,统计结果最多沿用一分钟。
    #[oai(
        path = "/overview/users",
        method = "get",
        operation_id = "overviewUsers"
    )]
    async fn users(
        &self,
        bearer: Bearer,
        /// 时区:当地时间比 UTC 早多少分钟,如 480;默认 0
        offset: Query<Option<String>>,
    ) -> Result<Reply<PbOverview>> {
        let by = self.0.ensure_superuser(&bearer).await?;
        let offset = parse_offset(offset.0.as_deref()).ok_or_else(wrong_offset)?;
        let counts = self.0.records.user_counts(by.actor).await?;
        Ok(Reply::new(
            &AnyData(describe_users(&counts, offset)),
            &Fields::all(),
        ))
    }
}

fn parse_offset(text: Option<&str>) -> Option<Offset> {
    let minutes = match text {
        None | Some("") => 0,
        Some(text) => text.parse().ok()?,
    };
    let is_one = (-MOST_MINUTES..=MOST_MINUTES).contains(&minutes);
    is_one.then(|| Offset::from_seconds(minutes * 60).ok())?
}

fn wrong_offset() -> Refused {
    Refused::form(FieldErrors::from([("offset", FieldError::VALUE)]))
}

fn describe(overview: &Overview) -> Value {
    let logins = overview.logins.iter();
    let calls = overview.wechat_calls.iter();
    let calls = calls.map(|(name, calls)| ((*name).to_owned(), json!(calls)));
    json!({
        "at": date_text(overview.at),
        "startedAt": date_text(overview.started),
        "requests": describe_requests(&overview.requests, overview.failed_requests),
        "logins": logins.map(|(hour, outcomes)| describe_hour(*hour, outcomes)).collect::<Vec<_>>(),
        "postgres": overview.postgres.as_ref().map(|(name, primary)| json!({ "database": name, "primary": primary })),
        "disk": overview.disk.as_ref().map(|disk| json!({ "fileBytes": disk.file, "freeBytes": disk.free })),
        "backup": describe_backup(&overview.backup),
        "wechat": {
            "callsToday": calls.collect::<Map<_, _>>(),
            "lastError": overview.wechat_error.as_ref().map(describe_error),
        },
    })
}

fn describe_requests(requests: &Timings, failed: u64) -> Value {
    let buckets = requests.buckets.iter();
    let buckets: Vec<_> = buckets
        .map(|(le, count)| json!({ "le": le, "count": count }))
        .collect();
    json!({ "count": requests.count, "failed": failed, "seconds": requests.seconds, "buckets": buckets })
}

fn describe_hour(hour: i64, outcomes: &LoginOutcomes) -> Value {
    let failed = Cause::ALL
        .iter()
        .zip(outcomes.failed)
        .filter(|(_, count)| *count > 0);
    let failed = failed.map(|(cause, count)| (cause.name().to_owned(), json!(count)));
    json!({ "at": date_text(begin_of(hour)), "succeeded": outcomes.succeeded, "failed": failed.collect::<Map<_, _>>() })
}

fn describe_backup(status: &BackupStatus) -> Value {
    let failure = status.failure.as_ref();
    json!({
        "everySeconds": status.every.map_or(0, |every| every.as_secs()),
        "lastSuccess": status.last_success.map(date_text),
        "lastBytes": status.last_size,
        "failure": failure.map(|failure| json!({ "at": date_text(failure.at), "reason": failure.reason })),
        "overdue": status.overdue,
    })
}

fn describe_error(error: &LastError) -> Value {
    json!({ "at": date_text(error.at), "outcome": error.outcome, "errcode": error.errcode })
}

fn describe_users(counts: &UserCounts, offset: Offset) -> Value {
    let total = counts.all.wechat + counts.all.platform;
    let days = counts.days(offset).into_iter();
    let days = days.map(|(day, new)| json!({ "day": day.to_string(), "wechat": new.wechat, "platform": new.platform }));
    json!({
        "at": date_text(counts.at),
        "total": total,
        "active": counts.active,
        "disabled": total - counts.active,
        "wechat": counts.all.wechat,
        "platform": counts.all.platform,
        "days": days.collect::<Vec<_>>(),
    })
}
