//! `/api/backup-schedule`: how the scheduled backups are, here and in the bucket, for superusers.

use jiff::Timestamp;
use poem::Result;
use poem_openapi::{Object, OpenApi};

use super::super::Context;
use super::super::answer::{Outcomes, Reply};
use super::super::fields::Fields;
use crate::app::App;
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;
use crate::records::date::date_text;

/// The endpoint for the schedule.
pub struct BackupScheduleApi(pub Context);

/// 定时备份的状态。
#[derive(Default, Object)]
#[expect(non_snake_case, reason = "PocketBase's style")]
struct BackupSchedule {
    /// 数据库在 PostgreSQL 上,由其自带的工具备份:其余各项为空
    onPostgres: bool,
    /// 间隔,如 `1day`;没有定时备份时为空
    every: String,
    /// 本地保留份数
    keep: usize,
    /// 本地目录
    folder: String,
    /// 最近一次成功的定时备份(UTC);没有时为空。设置了存储桶时,以已上传并读回校验为准
    lastSuccess: String,
    lastSize: u64,
    /// 下一次的时间(UTC);没有定时备份时为空
    next: String,
    /// 最近一次失败的时间与原因;已恢复时为空
    failedAt: String,
    failure: String,
    /// 启动以来失败的次数
    failures: u32,
    /// 是否已逾期
    isOverdue: bool,
    /// 需要处理的问题
    problems: Vec<String>,
    /// 存储桶的名称;未设置时为空
    bucket: String,
    bucketEndpoint: String,
    bucketPrefix: String,
    /// 存储桶保留份数;0 为不删除
    bucketKeep: usize,
    /// 最近上传的备份;没有时为空
    newestUpload: String,
    /// 等待上传的份数
    waitingUploads: usize,
}

enum ViewBackupSchedule {}

impl Outcomes for ViewBackupSchedule {
    type Body = BackupSchedule;
    const SUCCESS: Option<(u16, &str)> = Some((200, "定时备份的状态"));
    const ERRORS: &[(u16, &str)] = &[
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl BackupScheduleApi {
    /// 查询定时备份的状态:仅超级管理员
    #[oai(
        path = "/backup-schedule",
        method = "get",
        operation_id = "viewBackupSchedule"
    )]
    async fn view(&self, bearer: Bearer) -> Result<Reply<ViewBackupSchedule>> {
        self.0.ensure_superuser(&bearer).await?;
        Ok(Reply::new(&schedule(&self.0.app), &Fields::all()))
    }
}

fn schedule(app: &App) -> BackupSchedule {
    if app.store.file().is_none() {
        return BackupSchedule {
            onPostgres: true,
            ..BackupSchedule::default()
        };
    }
    let settings = &app.config.backup;
    let status = app.backups.status(app.clock.now());
    let failure = status.failure.as_ref();
    BackupSchedule {
        onPostgres: false,
        every: status.every.map_or_else(String::new, |every| {
            humantime::format_duration(every).to_string()
        }),
        keep: settings.keep,
        folder: settings
            .folder(&app.config.store.path)
            .display()
            .to_string(),
        lastSuccess: time(status.last_success),
        lastSize: status.last_size.unwrap_or_default(),
        next: time(status.next),
        failedAt: time(failure.map(|failure| failure.at)),
        failure: failure
            .map(|failure| failure.reason.clone())
            .unwrap_or_default(),
        failures: status.failures,
        isOverdue: status.overdue,
        problems: status
            .missing()
            .into_iter()
            .chain(status.shrunk())
            .collect(),
        bucket: settings.s3.bucket.clone(),
        bucketEndpoint: settings.s3.endpoint.to_string(),
        bucketPrefix: settings.s3.prefix.clone(),
        bucketKeep: settings.s3.keep,
        newestUpload: status.newest_upload.unwrap_or_default(),
        waitingUploads: status.waiting,
    }
}

fn time(at: Option<Timestamp>) -> String {
    at.map(date_text).unwrap_or_default()
}
