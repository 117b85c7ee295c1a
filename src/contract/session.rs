//! The answer to a login or a registration, as PocketBase gives it.

use poem_openapi::{Enum, Object};

use super::view::UserInfo;
use crate::auth::Session;
use crate::domain::Collections;
use crate::http::wire_types::UserRecord;
use crate::records::view;

/// PocketBase 原生认证响应。
/// 客户端可直接使用返回的 `token` 与 PocketBase SDK 或当前 hooks 接口交互。
#[derive(Object)]
pub struct PocketBaseAuthResponse {
    meta: AuthMeta,
    /// PocketBase auth record 原始对象
    record: UserRecord,
    /// PocketBase 原生 auth token
    token: String,
}

#[derive(Object)]
struct AuthMeta {
    code: u16,
    msg: String,
    data: AuthData,
}

#[derive(Object)]
struct AuthData {
    status: AuthStatus,
    is_info_complete: bool,
    user: UserInfo,
}

#[derive(Clone, Copy, Enum)]
enum AuthStatus {
    #[oai(rename = "register_success")]
    Registered,
    #[oai(rename = "login_success")]
    LoggedIn,
}

impl PocketBaseAuthResponse {
    /// The answer to whoever has the session.
    pub fn new(session: Session, collections: &Collections) -> Self {
        let (status, msg) = match session.created {
            true => (AuthStatus::Registered, "注册成功"),
            false => (AuthStatus::LoggedIn, "登录成功"),
        };
        let data = AuthData {
            status,
            is_info_complete: session.user.is_complete(),
            user: UserInfo::new(&session.user, session.company.as_ref(), collections),
        };
        Self {
            meta: AuthMeta {
                code: 200,
                msg: msg.to_owned(),
                data,
            },
            record: UserRecord(view::contract_user(&session.user, &collections.users).to_map()),
            token: session.token,
        }
    }
}
