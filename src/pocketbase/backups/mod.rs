//! `/api/backups` and the tokens for their links: backups of the one file, for superusers.
//!
//! A backup is a database file, whatever its name ends with: `.zip` is taken because PocketBase's clients name them so.

mod download;
mod refusals;
mod schedule;
mod upload;

use poem::{Request, Result};
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde_json::json;

use self::download::FileReply;
use self::refusals::{refused, wrong, wrong_name};
pub use self::schedule::BackupScheduleApi;
use self::upload::Upload;
use super::Context;
use super::answer::{Outcomes, Reply};
use super::error::Refused;
use super::field_error::FieldError;
use super::fields::Fields;
use super::form::Form;
use super::form_fields::FormBody;
use super::rejected_form::not_loaded;
use crate::auth::{self, AuditContext, Principal};
use crate::backup::{self, Backup, Error, Name};
use crate::domain::{Actor, EventKind};
use crate::error;
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;
use crate::http::wire_types::{AnyData, AnyList};

/// The endpoints for backups.
pub struct BackupsApi(pub Context);

#[derive(Default, Object)]
pub struct CreateBackupRequest {
    /// 文件名 `[a-z0-9_-].redb` 或 `.zip`;不填则按时间命名
    name: Option<String>,
}

impl FormBody for CreateBackupRequest {}

enum PbListBackups {}

impl Outcomes for PbListBackups {
    type Body = AnyList;
    const SUCCESS: Option<(u16, &str)> = Some((200, "备份列表:key、size、modified"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "fields 参数错误"),
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (500, "服务端内部错误"),
    ];
}

enum PbChangeBackups {}

impl Outcomes for PbChangeBackups {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((204, "已完成"));
    const ERRORS: &[(u16, &str)] = &[
        (
            400,
            "参数错误、文件不是完整的数据库,或另一个备份/恢复正在进行",
        ),
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (500, "服务端内部错误"),
    ];
}

enum PbDownloadBackup {}

impl Outcomes for PbDownloadBackup {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((200, "备份文件"));
    const ERRORS: &[(u16, &str)] = &[
        (403, "文件 token 无效,或不是超级管理员的"),
        (404, "备份不存在"),
        (500, "服务端内部错误"),
    ];
}

enum PbFileToken {}

impl Outcomes for PbFileToken {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((200, "文件 token"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "fields 参数错误"),
        (401, "token 无效或已过期"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl BackupsApi {
    /// 查询备份列表(SDK:backups.getFullList):仅超级管理员
    ///
    /// 数据库在 PostgreSQL 上时列表为空,其余备份接口返回 400:备份由 PostgreSQL 自带的工具完成。
    #[oai(path = "/backups", method = "get", operation_id = "pbListBackups")]
    async fn list(
        &self,
        bearer: Bearer,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
    ) -> Result<Reply<PbListBackups>> {
        self.0.ensure_superuser(&bearer).await?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let backups = match self.ensure_file() {
            Ok(()) => backup::list(&self.0.app)
                .await
                .map_err(error::Error::internal)?,
            Err(_) => Vec::new(),
        };
        Ok(Reply::new(
            &AnyList(backups.iter().map(describe).collect()),
            &fields,
        ))
    }

    /// 创建备份(SDK:backups.create):仅超级管理员
    ///
    /// 备份为一个完整的数据库文件;创建期间读写不受影响。
    #[oai(path = "/backups", method = "post", operation_id = "pbCreateBackup")]
    async fn create(
        &self,
        bearer: Bearer,
        body: Form<Option<CreateBackupRequest>>,
    ) -> Result<Reply<PbChangeBackups>> {
        let by = self.0.ensure_superuser(&bearer).await?;
        self.ensure_file()?;
        let form = body.read().map_err(not_loaded)?.unwrap_or_default();
        let name = form.name.filter(|name| !name.is_empty());
        let name = name.map(|name| Name::new(&name)).transpose();
        let name = name.map_err(|why| wrong("name", wrong_name(why)))?;
        let made = backup::create(&self.0.app, name)
            .await
            .map_err(|error| match error {
                Error::Exists => wrong("name", FieldError::BACKUP_EXISTS),
                other => refused(&other, Refused::BACKUP_FAILED),
            })?;
        self.audit(&by, "create", &made.name);
        Ok(Reply::empty())
    }

    /// 上传备份(SDK:backups.upload):仅超级管理员
    #[oai(
        path = "/backups/upload",
        method = "post",
        operation_id = "pbUploadBackup"
    )]
    async fn upload(&self, bearer: Bearer, mut body: Upload) -> Result<Reply<PbChangeBackups>> {
        let added = self.add(&bearer, &mut body).await;
        // Who is cut off while sending hears no answer.
        body.discard().await;
        added.map(|()| Reply::empty())
    }

    /// 下载备份(SDK:backups.getDownloadURL)
    ///
    /// 须有超级管理员的文件 token(`POST /api/files/token`),放在查询参数 `token` 中;Authorization 无效。
    #[oai(
        path = "/backups/:key",
        method = "get",
        operation_id = "pbDownloadBackup"
    )]
    async fn download(
        &self,
        request: &Request,
        /// 文件名
        key: Path<String>,
        /// 文件 token
        token: Query<Option<String>>,
    ) -> Result<FileReply<PbDownloadBackup>> {
        let by = self
            .ensure_file_token(request, &token.0.unwrap_or_default())
            .await?;
        self.ensure_file().map_err(|_| Refused::NOT_FOUND)?;
        let name = Name::parse(&key).map_err(|_| Refused::NOT_FOUND)?;
        let path = backup::find(&self.0.app, &name)
            .map_err(|error| refused(&error, Refused::NOT_FOUND))?;
        self.audit(&by, "download", &name);
        FileReply::open(path, name.as_str()).await
    }

    /// 删除备份(SDK:backups.delete):仅超级管理员
    #[oai(
        path = "/backups/:key",
        method = "delete",
        operation_id = "pbDeleteBackup"
    )]
    async fn delete(
        &self,
        bearer: Bearer,
        /// 文件名
        key: Path<String>,
    ) -> Result<Reply<PbChangeBackups>> {
        let by = self.0.ensure_superuser(&bearer).await?;
        self.ensure_file()?;
        let name = Name::parse(&key).map_err(|_| Refused::BACKUP_GONE)?;
        let deleted = backup::delete(&self.0.app, name.clone()).await;
        deleted.map_err(|error| refused(&error, Refused::BACKUP_GONE))?;
        self.audit(&by, "delete", &name);
        Ok(Reply::empty())
    }

    /// 恢复备份(SDK:backups.restore):仅超级管理员
    ///
    /// 完成后才返回。原数据库保留为 `<store.path>.before-restore-<时间>`;备份之后签发或在此期间被撤销的 token 全部失效。
    #[oai(
        path = "/backups/:key/restore",
        method = "post",
        operation_id = "pbRestoreBackup"
    )]
    async fn restore(
        &self,
        bearer: Bearer,
        /// 文件名
        key: Path<String>,
    ) -> Result<Reply<PbChangeBackups>> {
        let by = self.0.ensure_superuser(&bearer).await?;
        self.ensure_file()?;
        let name = Name::parse(&key).map_err(|_| Refused::NO_BACKUP)?;
        let path = backup::find(&self.0.app, &name)
            .map_err(|error| refused(&error, Refused::NO_BACKUP))?;
        let restored = backup::restore(&self.0.app, path, false).await;
        restored.map_err(|error| refused(&error, Refused::RESTORE_FAILED))?;
        self.audit(&by, "restore", &name);
        Ok(Reply::empty())
    }

    /// 获取文件 token(SDK:files.getToken)
    ///
    /// 有效期 3 分钟,只能用于下载文件。
    #[oai(path = "/files/token", method = "post", operation_id = "pbFileToken")]
    async fn file_token(
        &self,
        bearer: Bearer,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
    ) -> Result<Reply<PbFileToken>> {
        let caller = self
            .0
            .caller(&bearer)
            .await?
            .ok_or(Refused::UNAUTHENTICATED)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let token = auth::file_token(&self.0.app, &caller)?;
        Ok(Reply::new(&AnyData(json!({ "token": token })), &fields))
    }
}

impl BackupsApi {
    /// Refuses what only a database in a file has.
    fn ensure_file(&self) -> Result<(), Refused> {
        match self.0.app.store.file() {
            Some(_) => Ok(()),
            None => Err(Refused::NO_BACKUPS),
        }
    }

    async fn add(&self, bearer: &Bearer, body: &mut Upload) -> Result<()> {
        let by = self.0.ensure_superuser(bearer).await?;
        self.ensure_file()?;
        let (name, received) = body
            .read(&self.0.app)
            .await?
            .ok_or(wrong("file", FieldError::BLANK))?;
        let (shown, added) = (name.to_string(), name.clone());
        backup::add(&self.0.app, name, received)
            .await
            .map_err(|error| match error {
                Error::Exists => wrong("file", FieldError::UPLOAD_EXISTS),
                Error::Store(_) => wrong("file", FieldError::not_a_backup(&shown)),
                other => refused(&other, Refused::UPLOAD_FAILED),
            })?;
        self.audit(&by, "upload", &added);
        Ok(())
    }

    /// Notes what a superuser did with a backup: it holds everybody.
    fn audit(&self, by: &AuditContext, what: &str, name: &Name) {
        let app = &self.0.app;
        app.audit(
            by.event(app, EventKind::Command)
                .detail(format!("backup {what} {}", name.as_str())),
        );
    }

    async fn ensure_file_token(&self, request: &Request, token: &str) -> Result<AuditContext> {
        let by = self.0.admit(request)?;
        match auth::authenticate_file_token(&self.0.app, token)
            .await
            .map(|caller| caller.principal)
        {
            Ok(superuser @ Principal::Superuser(_)) => Ok(AuditContext {
                actor: Actor::from(&superuser),
                ..by
            }),
            Err(failed @ (error::Error::Internal(_) | error::Error::Unavailable { .. })) => {
                Err(failed.into())
            }
            _ => Err(Refused::NO_FILE_TOKEN.into()),
        }
    }
}

fn describe(backup: &Backup) -> serde_json::Value {
    let modified = backup
        .modified
        .strftime("%Y-%m-%d %H:%M:%S.%3fZ")
        .to_string();
    json!({ "modified": modified, "key": backup.name.as_str(), "size": backup.size })
}
