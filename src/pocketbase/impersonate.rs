//! `/api/collections/{collection}/impersonate/{id}`

use std::time::Duration;

use poem::Result;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::auth::RecordAuth;
use super::error::Refused;
use super::field_error::{FieldError, FieldErrors};
use super::fields::Fields;
use super::form::Form;
use super::form_fields::{FormBody, FormField};
use super::rejected_form::not_loaded;
use crate::auth::{self, Principal};
use crate::domain::{Kind, RecordId};
use crate::error;
use crate::http::bearer::Bearer;
use crate::http::rejected::Rejected;
use crate::http::tags::Tags;

/// Endpoint that issues a token of somebody else.
pub struct ImpersonateApi(pub Context);

#[derive(Default, Object)]
pub struct ImpersonateRequest {
    /// token 有效期(秒);0 或不填为默认有效期
    duration: Option<i64>,
}

impl FormBody for ImpersonateRequest {
    fn form_field(name: &str) -> FormField {
        match name {
            "duration" => FormField::Whole,
            _ => FormField::Text,
        }
    }
}

impl ImpersonateRequest {
    /// Lifetime of the token, if not that of any other.
    fn lifetime(&self) -> Result<Option<Duration>, Refused> {
        let seconds = u64::try_from(self.duration.unwrap_or_default()).map_err(|_| {
            Refused::form(FieldErrors::from([("duration", FieldError::too_small(0))]))
        })?;
        Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
    }
}

enum PbImpersonate {}

impl Outcomes for PbImpersonate {
    type Body = RecordAuth;
    const SUCCESS: Option<(u16, &str)> = Some((200, "记录与其 token;该 token 不能刷新"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误"),
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (404, "集合或记录不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl ImpersonateApi {
    /// 以他人身份获取 token(SDK:impersonate):仅超级管理员
    #[oai(
        path = "/collections/:collection/impersonate/:id",
        method = "post",
        operation_id = "pbImpersonate"
    )]
    async fn impersonate(
        &self,
        bearer: Bearer,
        /// 集合名或集合 id
        collection: Path<String>,
        id: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        body: Form<Option<ImpersonateRequest>>,
    ) -> Result<Reply<PbImpersonate>> {
        let (by, caller) = self.0.superuser(&bearer).await?;
        let kind = self
            .0
            .collection(&collection, &Kind::AUTH)
            .ok_or(Refused::NOT_AN_AUTH_COLLECTION)?;
        let who = self.find(kind, &id).await?.ok_or(Refused::NOT_FOUND)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let form = body.read().map_err(unread)?.unwrap_or_default();
        let token = auth::impersonate(&self.0.app, &by, &caller, &who, form.lifetime()?)?;
        Ok(Reply::new(
            &RecordAuth::new(&who, token, &self.0.app.collections()),
            &fields,
        ))
    }
}

impl ImpersonateApi {
    async fn find(&self, kind: Kind, id: &str) -> error::Result<Option<Principal>> {
        let Some(id) = RecordId::parse(id) else {
            return Ok(None);
        };
        let store = &self.0.app.store;
        Ok(match kind {
            Kind::Superusers => store
                .superuser_by_id(&id)
                .await?
                .map(|found| Principal::Superuser(Box::new(found))),
            _ => store
                .user_by_id(&id)
                .await?
                .map(|found| Principal::User(Box::new(found))),
        })
    }
}

fn unread(rejected: Rejected) -> poem::Error {
    match rejected {
        Rejected::NotDeclaredJson => Refused::NOT_LOADED.into(),
        other => not_loaded(other),
    }
}
