//! `/api/collections/{collection}/request-*` and `confirm-*`: what needs mail, of which none is ever sent.

use poem::Result;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::Context;
use super::answer::{Outcomes, Reply};
use super::error::Refused;
use super::field_error::{FieldError, FieldErrors};
use super::form::Form;
use super::forms::{self, ConfirmRequest, EmailChangeRequest, EmailRequest};
use super::rejected_form::not_loaded;
use crate::auth::Principal;
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;
use crate::http::wire_types::AnyData;

/// Endpoints for mails. No link in a mail ever came from here, so no token of one is valid.
pub struct MailApi(pub Context);

enum PbRequestMail {}

impl Outcomes for PbRequestMail {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((204, "已受理;服务端未配置邮件,不会发送"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误"),
        (404, "集合不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
    ];
}

enum PbRequestEmailChange {}

impl Outcomes for PbRequestEmailChange {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = None;
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误;或服务端未配置邮件,无法修改邮箱"),
        (401, "token 无效或已过期"),
        (403, "token 属于其他集合"),
        (404, "集合不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (500, "服务端内部错误"),
    ];
}

enum PbConfirm {}

impl Outcomes for PbConfirm {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = None;
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误;服务端未配置邮件,不存在有效的邮件 token"),
        (404, "集合不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::NotServed")]
impl MailApi {
    /// 申请重置密码(SDK:requestPasswordReset)
    ///
    /// 服务端未配置邮件:无论邮箱是否存在都返回 204,不会发送邮件。
    #[oai(
        path = "/collections/:collection/request-password-reset",
        method = "post",
        operation_id = "pbRequestPasswordReset"
    )]
    async fn request_password_reset(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        body: Form<Option<EmailRequest>>,
    ) -> Result<Reply<PbRequestMail>> {
        self.0.auth_collection(&collection)?;
        request_mail(body)
    }

    /// 申请验证邮箱(SDK:requestVerification)
    ///
    /// 服务端未配置邮件:无论邮箱是否存在都返回 204,不会发送邮件。
    #[oai(
        path = "/collections/:collection/request-verification",
        method = "post",
        operation_id = "pbRequestVerification"
    )]
    async fn request_verification(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        body: Form<Option<EmailRequest>>,
    ) -> Result<Reply<PbRequestMail>> {
        self.0.auth_collection(&collection)?;
        request_mail(body)
    }

    /// 申请修改邮箱(SDK:requestEmailChange)
    ///
    /// 服务端未配置邮件,因此总是返回 400 `Failed to request email change.`。
    #[oai(
        path = "/collections/:collection/request-email-change",
        method = "post",
        operation_id = "pbRequestEmailChange"
    )]
    async fn request_email_change(
        &self,
        bearer: Bearer,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        body: Form<Option<EmailChangeRequest>>,
    ) -> Result<Reply<PbRequestEmailChange>> {
        let kind = self.0.auth_collection(&collection)?;
        let caller = self.0.caller_of(&bearer, kind).await?;
        let form = body.read().map_err(not_loaded)?;
        let email = forms::email("newEmail", form.and_then(|form| form.newEmail))?;
        if email_of(&caller.principal) == Some(&email) {
            return Err(
                Refused::form(FieldErrors::from([("newEmail", FieldError::OWN_EMAIL)])).into(),
            );
        }
        Err(Refused::NO_MAIL.into())
    }

    /// 确认重置密码(SDK:confirmPasswordReset)
    ///
    /// 服务端未配置邮件,不存在有效的 token,因此总是返回 400。
    #[oai(
        path = "/collections/:collection/confirm-password-reset",
        method = "post",
        operation_id = "pbConfirmPasswordReset"
    )]
    async fn confirm_password_reset(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        body: Form<Option<ConfirmRequest>>,
    ) -> Result<Reply<PbConfirm>> {
        self.0.auth_collection(&collection)?;
        let form = body.read().map_err(not_loaded)?.unwrap_or_default();
        form.require(&["password", "passwordConfirm", "token"])?;
        Err(Refused::form([("token", FieldError::MAIL_TOKEN)].into()).into())
    }

    /// 确认验证邮箱(SDK:confirmVerification)
    ///
    /// 服务端未配置邮件,不存在有效的 token,因此总是返回 400。
    #[oai(
        path = "/collections/:collection/confirm-verification",
        method = "post",
        operation_id = "pbConfirmVerification"
    )]
    async fn confirm_verification(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        body: Form<Option<ConfirmRequest>>,
    ) -> Result<Reply<PbConfirm>> {
        self.0.auth_collection(&collection)?;
        body.read()
            .map_err(not_loaded)?
            .unwrap_or_default()
            .require(&["token"])?;
        Err(Refused::form([("token", FieldError::MAIL_TOKEN_CLAIMS)].into()).into())
    }

    /// 确认修改邮箱(SDK:confirmEmailChange)
    ///
    /// 服务端未配置邮件,不存在有效的 token,因此总是返回 400。
    #[oai(
        path = "/collections/:collection/confirm-email-change",
        method = "post",
        operation_id = "pbConfirmEmailChange"
    )]
    async fn confirm_email_change(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        body: Form<Option<ConfirmRequest>>,
    ) -> Result<Reply<PbConfirm>> {
        self.0.auth_collection(&collection)?;
        body.read()
            .map_err(not_loaded)?
            .unwrap_or_default()
            .require(&["password", "token"])?;
        let errors = [
            ("password", FieldError::MAIL_PASSWORD),
            ("token", FieldError::MAIL_TOKEN_PAYLOAD),
        ];
        Err(Refused::form(errors.into()).into())
    }
}

fn email_of(who: &Principal) -> Option<&String> {
    match who {
        Principal::User(user) => user.email.as_ref(),
        Principal::Superuser(superuser) => Some(&superuser.email),
    }
}

/// No mail is ever sent, and whether the address is known is not told.
fn request_mail(body: Form<Option<EmailRequest>>) -> Result<Reply<PbRequestMail>> {
    let form = body.read().map_err(not_loaded)?;
    forms::email("email", form.and_then(|form| form.email))?;
    Ok(Reply::empty())
}
