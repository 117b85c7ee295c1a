//! `/api/setup`: the first superuser, by the link that the server printed at its start.

use poem::{Request, Result};
use poem_openapi::{Object, OpenApi};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::error::Refused;
use super::field_error::{FieldError, FieldErrors};
use super::form::Form;
use super::form_fields::FormBody;
use super::rejected_form::not_loaded;
use crate::auth;
use crate::domain::{Email, PlainPassword};
use crate::http::tags::Tags;
use crate::http::wire_types::AnyData;
use crate::records::passwords::new_password;

/// Endpoint that creates the first superuser.
pub struct SetUpApi(pub Context);

/// 首个超级管理员。
#[derive(Default, Object)]
#[expect(non_snake_case, reason = "PocketBase's names")]
pub struct SetUpRequest {
    /// 启动日志中设置链接 `#` 之后的部分
    token: Option<String>,
    email: Option<String>,
    password: Option<String>,
    passwordConfirm: Option<String>,
}

impl FormBody for SetUpRequest {}

impl SetUpRequest {
    /// The secret of the link, and the address and password of the superuser.
    fn check(self) -> Result<(String, Email, PlainPassword), Refused> {
        let mut errors = FieldErrors::new();
        let email = Email::parse(&self.email.unwrap_or_default());
        if email.is_none() {
            errors.insert("email", FieldError::EMAIL);
        }
        let password = self.password.unwrap_or_default();
        if password != self.passwordConfirm.unwrap_or_default() {
            errors.insert("passwordConfirm", FieldError::MISMATCH);
        }
        match (email, new_password(&password)) {
            (Some(email), Ok(password)) if errors.is_empty() => {
                Ok((self.token.unwrap_or_default(), email, password))
            }
            (_, password) => {
                if let Err(error) = password {
                    errors.insert("password", error.into());
                }
                Err(Refused::form(errors))
            }
        }
    }
}

enum PbSetUp {}

impl Outcomes for PbSetUp {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((204, "已创建首个超级管理员"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误"),
        (403, "链接无效、已过期或已使用,或已有超级管理员"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (429, "密码处理队列已满"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl SetUpApi {
    /// 创建首个超级管理员
    ///
    /// 凭启动日志中的一次性链接(30 分钟内有效)。已有超级管理员时总是 403。
    #[oai(path = "/setup", method = "post", operation_id = "setUp")]
    async fn set_up(
        &self,
        request: &Request,
        body: Form<Option<SetUpRequest>>,
    ) -> Result<Reply<PbSetUp>> {
        let form = body.read().map_err(not_loaded)?.unwrap_or_default();
        let by = self.0.admit(request)?;
        let (secret, email, password) = form.check()?;
        let made = auth::create_first_superuser(&self.0.app, &by, &secret, email, password).await?;
        made.map(|_| Reply::empty())
            .ok_or_else(|| Refused::SET_UP.into())
    }
}
