//! `/api/auth/verify`: whose token came with a request, for a proxy that lets nobody but users reach another program. PocketBase has
//! nothing like it; its errors are PocketBase's, as those of all paths beside the contract's.

use std::fmt::Write as _;

use poem::error::InternalServerError;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response, Result};
use poem_openapi::registry::{MetaHeader, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, OpenApi};

use super::Context;
use super::error::PocketBaseError;
use crate::domain::User;
use crate::http::bearer::Bearer;
use crate::http::response::documented;
use crate::http::tags::Tags;
use crate::records::fields::choice::Choice as _;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const USER_ID: HeaderName = HeaderName::from_static("x-bai-user-id");
const OPENID: HeaderName = HeaderName::from_static("x-bai-openid");
const IDTYPE: HeaderName = HeaderName::from_static("x-bai-idtype");
const RANK: HeaderName = HeaderName::from_static("x-bai-rank");

/// Headers that say who it is, as the document has them.
const DOCUMENTED: [(&str, &str); 4] = [
    ("X-Bai-User-Id", "记录 id(15 个字符)"),
    (
        "X-Bai-Openid",
        "openid;可见 ASCII 以外的字符与 % 写作 %XX(UTF-8)",
    ),
    ("X-Bai-Idtype", "WeChat 或 ManagePlatform"),
    ("X-Bai-Rank", "users_rank_level,整数"),
];

/// The endpoint that proxies ask.
pub struct VerifyApi(pub Context);

#[OpenApi(prefix_path = "/api/auth", tag = "Tags::OtherPrograms")]
impl VerifyApi {
    /// 验证请求所带的 token
    ///
    /// 供 nginx 的 `auth_request` 与 Caddy 的 `forward_auth` 调用,以保护其他程序。只看 `Authorization` 请求头。
    /// token 属于可以登录的用户时返回 200,没有响应体,响应头说明是谁;没有 token、已过期、已撤销、用户已停用或已删除,以及超级管理员的 token,一律返回 401。
    /// 用户每次都会重新读取,停用后立即生效。也可用 `HEAD`。
    #[oai(path = "/verify", method = "get", operation_id = "verify")]
    async fn verify(&self, bearer: Bearer) -> Result<Verified> {
        let user = bearer.user(&self.0.app).await?;
        Verified::new(&user)
    }
}

/// A user who may go on.
struct Verified([(HeaderName, HeaderValue); DOCUMENTED.len()]);

impl Verified {
    fn new(user: &User) -> Result<Self> {
        Ok(Self([
            (USER_ID, visible(user.id.as_str())?),
            (OPENID, visible(user.openid.as_str())?),
            (IDTYPE, HeaderValue::from_static(user.id_type.word())),
            (RANK, user.rank_level.into()),
        ]))
    }
}

impl IntoResponse for Verified {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(StatusCode::OK).finish();
        let headers = response.headers_mut();
        headers.extend(self.0);
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        response
    }
}

impl ApiResponse for Verified {
    fn meta() -> MetaResponses {
        let success = MetaResponse {
            headers: DOCUMENTED.map(documented_header).into(),
            ..documented(200, "是可以登录的用户", None)
        };
        let error = |(status, text)| documented(status, text, Some(PocketBaseError::schema_ref()));
        let errors = [(401, "不是可以登录的用户的 token"), (500, "服务端内部错误")];
        MetaResponses {
            responses: [success].into_iter().chain(errors.map(error)).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        PocketBaseError::register(registry);
    }
}

fn documented_header((name, meaning): (&str, &str)) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: Some(meaning.to_owned()),
        required: true,
        deprecated: false,
        schema: String::schema_ref(),
    }
}

/// The text as the value of a header.
fn visible(text: &str) -> Result<HeaderValue> {
    HeaderValue::try_from(escaped(text)).map_err(InternalServerError)
}

/// The text with each byte that is no visible ASCII, and `%`, as `%XX`: openids that were imported may have any letters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' => escaped.push_str("%25"),
            byte if byte.is_ascii_graphic() => escaped.push(char::from(byte)),
            byte => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_nothing_but_visible_ascii_and_can_be_read_back() {
        for (text, expected) in [
            ("oAb_c-1", "oAb_c-1"),
            ("张三", "%E5%BC%A0%E4%B8%89"),
            ("100%", "100%25"),
            ("a\u{1}b", "a%01b"),
        ] {
            assert_eq!(escaped(text), expected);
            assert!(HeaderValue::from_str(&escaped(text)).is_ok());
        }
    }

    #[test]
    fn what_is_documented_is_what_is_sent() {
        for (name, (documented, _)) in [USER_ID, OPENID, IDTYPE, RANK].iter().zip(DOCUMENTED) {
            assert_eq!(name.as_str(), documented.to_ascii_lowercase());
        }
    }
}
