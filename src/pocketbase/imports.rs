//! `/api/import/users`: users from a table, and who of them would come, for superusers.

use futures_util::StreamExt as _;
use poem::{Request, Result};
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::{Map, Value, json};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::caller::Caller;
use super::error::Refused;
use super::field_error::{FieldError, FieldErrors};
use super::fields::Fields;
use super::form::Form;
use super::form_fields::FormBody;
use super::rejected_form::not_loaded;
use crate::admin::Admin;
use crate::admin::user_import::{Mode, Row, RowError, ensure_fields, outcomes};
use crate::http::body::hold_records;
use crate::http::tags::Tags;
use crate::http::wire_types::AnyList;

/// Endpoint for users from a table.
pub struct ImportsApi {
    context: Context,
    admin: Admin,
}

/// The most users of a request.
const MAX_USERS: usize = 200;

/// Bytes that a record usually has.
const RECORD_BYTES: usize = 2 * 1024;

/// 表格中的用户。
#[derive(Default, Object)]
#[expect(non_snake_case, reason = "PocketBase's style")]
pub struct ImportUsersRequest {
    /// 用户列表:每项对应表格的一行,键为字段名,值为文本;不含空单元格。最多 200 项
    users: Option<Vec<Any<Map<String, Value>>>>,
    /// true:只检查,不写入
    dryRun: Option<bool>,
}

impl FormBody for ImportUsersRequest {}

impl ImportUsersRequest {
    fn mode(&self) -> Mode {
        match self.dryRun {
            Some(true) => Mode::Check,
            _ => Mode::Make,
        }
    }

    fn rows(self) -> Result<Vec<Row>, Refused> {
        let rows: Vec<Row> = self.users.into_iter().flatten().map(|row| row.0).collect();
        match rows.len() {
            0 => Err(wrong(FieldError::BLANK)),
            1..=MAX_USERS => Ok(rows),
            _ => Err(wrong(FieldError::too_long(MAX_USERS))),
        }
    }
}

enum PbImportUsers {}

impl Outcomes for PbImportUsers {
    type Body = AnyList;
    const SUCCESS: Option<(u16, &str)> = Some((
        200,
        "每个用户的 status 与 body,顺序与请求相同:200 为已创建(或将会创建),400 为不能创建及原因",
    ));
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误:没有用户、超过 200 个,或有不存在的字段"),
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (429, "请求过多,请稍后再试"),
        (500, "服务端内部错误"),
    ];
}

impl ImportsApi {
    pub fn new(context: Context) -> Self {
        Self {
            admin: Admin::new(context.records.clone()),
            context,
        }
    }
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl ImportsApi {
    /// 导入用户:仅超级管理员
    ///
    /// 与 `bai import csv` 相同:用户没有密码,没有 openid 与 email 时自动生成;逐个创建,一个失败不影响其他。dryRun 为 true 时只给出每个用户的结果,不写入任何内容。
    #[oai(path = "/import/users", method = "post", operation_id = "importUsers")]
    async fn import(
        &self,
        request: &Request,
        caller: Caller,
        body: Form<Option<ImportUsersRequest>>,
    ) -> Result<Reply<PbImportUsers>> {
        self.context.ensure_superuser(&caller).await?;
        let form = body.read().map_err(not_loaded)?.unwrap_or_default();
        let mode = form.mode();
        let rows = form.rows()?;
        ensure_fields(&self.admin, &rows)
            .map_err(|failure| wrong(FieldError::unknown_fields(failure.message)))?;
        hold_records(request, rows.len(), RECORD_BYTES)?;
        let requester = self.context.requester(&caller).await?;
        let mut fates = Vec::with_capacity(rows.len());
        let mut outcomes = outcomes(&self.admin, &requester, rows, mode);
        while let Some(outcome) = outcomes.next().await {
            fates.push(fate(outcome)?);
        }
        Ok(Reply::new(&AnyList(fates), &Fields::all()))
    }
}

fn wrong(error: FieldError) -> Refused {
    Refused::form(FieldErrors::from([("users", error)]))
}

/// What becomes of a user, in the form of an answer of a batch.
fn fate(outcome: Result<(), RowError>) -> Result<Value> {
    let refused = match outcome {
        Ok(()) => return Ok(json!({ "body": null, "status": 200 })),
        Err(RowError::Failed(error)) => return Err(error.into()),
        Err(RowError::Refused(refusal)) => refusal.into(),
        Err(RowError::Misfit(misfit)) => of_field(misfit.field, FieldError::value(misfit.why)),
        Err(error @ RowError::NoCompany(_)) => {
            let problem = FieldError::missing_company(error.to_string());
            of_field("company_id".to_owned(), problem)
        }
    };
    Ok(json!({ "body": refused.body(), "status": 400 }))
}

fn of_field(field: String, error: FieldError) -> Refused {
    let mut errors = FieldErrors::new();
    errors.insert(field, error);
    Refused::create(errors)
}
