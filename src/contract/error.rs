//! Errors on the wire: `{code, msg, data: {}, message}`, where `message` repeats `msg` for the PocketBase SDK.

use std::time::Duration;

use poem::error::{MethodNotAllowedError, NotFoundError, ResponseError};
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Error as PoemError, Response};
use poem_openapi::Object;
use poem_openapi::types::ToJSON;
use serde_json::{Value, json};

use crate::domain::{IdType, Invalid};
use crate::error::{Error, NO_TOKEN};
use crate::http::error_format::ErrorFormat;
use crate::http::memory::TRY_AGAIN;
use crate::http::rejected::Rejected;
use crate::http::response::JSON;
use crate::http::response::{whole_secs, with_retry_after};
use crate::http::wire_types::AnyData;
use crate::wechat::{self, QuotaPeriod};

/// 错误响应。HTTP 状态码与 `code` 相同;`message` 与 `msg` 相同,供 PocketBase SDK 读取。
#[derive(Object)]
pub struct ErrorResponse {
    code: u16,
    msg: String,
    data: AnyData,
    message: String,
}

/// An answer with the error envelope and nothing in `data`.
pub fn reply(status: StatusCode, msg: &str) -> Response {
    reply_with(status, msg, json!({}))
}

/// An answer with the error envelope.
pub fn reply_with(status: StatusCode, msg: &str, data: Value) -> Response {
    let body = ErrorResponse {
        code: status.as_u16(),
        msg: msg.to_owned(),
        data: AnyData(data),
        message: msg.to_owned(),
    };
    Response::builder()
        .status(status)
        .content_type(JSON)
        .body(body.to_json_string())
}

impl Rejected {
    fn msg(&self) -> String {
        match self {
            Self::Field {
                field,
                why: Invalid::Empty,
            } => format!("字段 {field} 不能为空,请填写"),
            Self::Field {
                field,
                why: Invalid::TooShort { min },
            } => {
                format!("字段 {field} 至少需要 {min} 个字符")
            }
            Self::Field {
                field,
                why: Invalid::TooLong { max },
            } => {
                format!("字段 {field} 不能超过 {max} 个字符")
            }
            Self::Field {
                field,
                why: Invalid::Phone,
            } => {
                format!("字段 {field} 手机号格式不正确,请填写 11 位大陆手机号,或 +国家码加号码")
            }
            Self::Field {
                field,
                why: Invalid::Picture,
            } => {
                format!("字段 {field} 不是别人能打开的图片地址,请先上传图片,再填写其网址")
            }
            Self::Field {
                field,
                why: Invalid::Code,
            } => {
                format!("字段 {field} 不是微信的 code(含空格或控制字符),请重新获取 code 后再试")
            }
            Self::Missing(field) => format!("缺少必填字段 {field}"),
            Self::NotAString(field) => format!("字段 {field} 类型错误,必须是字符串"),
            Self::PasswordsDiffer => {
                "两次输入的密码不一致,请让 passwordConfirm 与 password 相同".into()
            }
            Self::UnknownUserType => "字段 users_type 只能是 游客 或 注册用户".into(),
            Self::NotJson => "请求体不是合法的 JSON,请检查格式".into(),
            Self::NotAnObject => "请求体必须是 JSON 对象".into(),
            Self::NotDeclaredJson => "请求体必须为 application/json,请设置 Content-Type".into(),
            Self::TooLarge => "请求体过大,不能超过 64 KiB".into(),
            Self::Compressed => "请求体不能压缩,请去掉 Content-Encoding".into(),
            Self::TooSlow => "请求体接收超时,请重新发送".into(),
            Self::NotHttps => "此端口只接受 HTTPS,请使用以 https:// 开头的地址".into(),
            Self::InvalidPath => "请求路径的转义不正确,请检查 % 之后的字符".into(),
            Self::TooManyValues => "请求体 JSON 的值或嵌套过多,请拆分后再发送".into(),
            Self::NoMemory => "服务器繁忙,请稍后再试".into(),
            Self::Incomplete => "请求体不完整,请重新发送".into(),
        }
    }
}

impl ResponseError for Rejected {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotDeclaredJson | Self::Compressed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoMemory => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn as_response(&self) -> Response {
        let response = reply(self.status(), &self.msg());
        match self {
            Self::NoMemory => with_retry_after(response, TRY_AGAIN),
            _ => response,
        }
    }
}

impl Error {
    fn msg(&self) -> String {
        let text = match self {
            Self::Unauthenticated(NO_TOKEN) => {
                "未携带 token,请先登录,再把 token 放入 Authorization 请求头"
            }
            Self::Unauthenticated(_) => "token 无效或已过期,请重新登录",
            Self::Disabled | Self::LoginDisabled | Self::LoginRefused => "账号已停用,请联系管理员",
            Self::SuperuserAddress => "不允许超级管理员从该地址访问,请联系运维人员",
            Self::WrongPassword => "密码错误,请重新输入",
            Self::NotPlatformUser => "用户类型不匹配:该手机号属于微信用户,请使用微信登录",
            Self::NotWechatUser => {
                "用户类型不匹配:此接口仅供微信用户更新资料,平台用户请修改本人记录"
            }
            Self::UserNotFound => "用户不存在,请先用微信登录,首次登录即注册",
            Self::PlatformUserNotFound => "平台用户不存在,请检查手机号,或先注册",
            Self::RegistrationClosed => "暂不开放注册,请联系管理员",
            Self::PhoneTaken {
                by: IdType::ManagePlatform,
            } => "手机号已存在,请直接登录或更换手机号",
            Self::PhoneTaken { by: IdType::WeChat } => {
                "该手机号属于微信用户,不能在此使用,请用微信登录或更换手机号"
            }
            Self::PhoneOfAnother => "手机号已被注册,属于其他用户,请更换手机号或联系管理员",
            Self::CodeRefused(error) if is_of_blocked_user(error) => {
                "该微信用户已被微信限制,暂时无法使用"
            }
            Self::CodeRefused(_) => "微信 code 无效、已使用或已过期,请重新获取 code 后再试",
            Self::TooMany { retry_after } => {
                return format!("重复请求过于频繁,请 {}后再试", time_text(*retry_after));
            }
            Self::Busy { retry_after } => {
                return format!("服务器繁忙,请 {}后再试", time_text(*retry_after));
            }
            Self::WechatQuota {
                period,
                retry_after,
            } => return quota_text(*period, *retry_after),
            Self::TooManyAttempts { retry_after } => {
                return format!("尝试次数过多,请 {}后再试", time_text(*retry_after));
            }
            Self::Unavailable { .. } => "数据库暂时不可用,请稍后重试",
            Self::NoIdentity => "平台用户缺少原生登录 identity,请联系管理员",
            Self::Internal(_) => "服务端内部错误,请稍后重试",
        };
        text.to_owned()
    }
}

fn is_of_blocked_user(error: &wechat::Error) -> bool {
    matches!(error, wechat::Error::CodeRefused(refusal) if refusal.errcode == 40226)
}

fn quota_text(period: QuotaPeriod, retry_after: Duration) -> String {
    let wait = time_text(retry_after);
    match period {
        QuotaPeriod::Minute => format!("微信接口调用过于频繁,请 {wait}后再试"),
        QuotaPeriod::Day => format!("微信接口今日的调用次数已用完,请 {wait}后再试或联系管理员"),
    }
}

/// The time as a person says it, rounded up: seconds up to two minutes, then minutes, then hours.
fn time_text(time: Duration) -> String {
    match whole_secs(time) {
        secs @ ..=120 => format!("{secs} 秒"),
        secs @ ..3600 => format!("{} 分钟", secs.div_ceil(60)),
        secs => format!("{} 小时", secs.div_ceil(3600)),
    }
}

/// The error of a user whom the rule for logins keeps out, where the contract has one word for that: disabled.
pub fn as_disabled(error: Error) -> Error {
    match error {
        Error::LoginRefused => Error::Disabled,
        other => other,
    }
}

impl ResponseError for Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) | Self::Disabled => StatusCode::UNAUTHORIZED,
            Self::SuperuserAddress => StatusCode::FORBIDDEN,
            Self::UserNotFound | Self::PlatformUserNotFound => StatusCode::NOT_FOUND,
            Self::TooMany { .. }
            | Self::Busy { .. }
            | Self::WechatQuota { .. }
            | Self::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoIdentity | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::LoginDisabled
            | Self::LoginRefused
            | Self::WrongPassword
            | Self::NotPlatformUser
            | Self::NotWechatUser
            | Self::RegistrationClosed
            | Self::PhoneTaken { .. }
            | Self::PhoneOfAnother
            | Self::CodeRefused(_) => StatusCode::BAD_REQUEST,
        }
    }

    fn as_response(&self) -> Response {
        let mut response = reply(self.status(), &self.msg());
        if let Some(retry_after) = self.retry_after() {
            return with_retry_after(response, retry_after);
        }
        if let Self::Unauthenticated(_) | Self::Disabled = self {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Error format of the contract: the envelope.
pub struct Envelope;

impl ErrorFormat for Envelope {
    fn error(&self, error: PoemError, _: &Method, allow: &str) -> Response {
        to_response(error, allow)
    }

    fn rejected(&self, rejected: &Rejected) -> Response {
        rejected.as_response()
    }

    fn internal(&self) -> Response {
        internal()
    }
}

/// Turns whatever went wrong into the envelope. `allow` are the methods of the requested path.
fn to_response(error: PoemError, allow: &str) -> Response {
    if error.is::<Error>() || error.is::<Rejected>() || error.is_from_response() {
        return error.into_response();
    }
    if error.is::<NotFoundError>() {
        return reply(StatusCode::NOT_FOUND, "接口不存在,请检查请求路径");
    }
    if error.is::<MethodNotAllowedError>() {
        let mut response = reply(
            StatusCode::METHOD_NOT_ALLOWED,
            &format!("不支持该请求方法,请使用 {allow}"),
        );
        if let Ok(allow) = HeaderValue::from_str(allow) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        return response;
    }
    match error.status() {
        status if status.is_client_error() => reply(status, "请求无法处理,请检查请求格式"),
        _ => internal(),
    }
}

/// The one answer to everything that is ours to mend.
fn internal() -> Response {
    Error::internal("").as_response()
}
