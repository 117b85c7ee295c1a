//! `/api/keys`: the keys that tokens are encrypted with, for superusers.

use jiff::Timestamp;
use poem::Result;
use poem_openapi::{Object, OpenApi};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::fields::Fields;
use crate::auth::{self, TokenKeyInfo};
use crate::domain::EventKind;
use crate::error;
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;
use crate::records::date::date_text;

/// The endpoints for token keys.
pub struct KeysApi(pub Context);

/// 一个签发 token 的密钥,不含其内容。
#[derive(Object)]
#[expect(non_snake_case, reason = "PocketBase's style")]
struct TokenKey {
    id: String,
    /// 创建时间(UTC)
    created: String,
    /// 新 token 是否由它签发
    signs: bool,
    /// 由它签发的 token 最晚的到期时间;仍在签发时为空
    verifiesUntil: String,
    /// 由它签发的 token 是否均已到期;下次更换密钥时移除
    isExpired: bool,
}

/// 密钥列表,最旧的在前。
#[derive(Object)]
struct TokenKeyList {
    items: Vec<TokenKey>,
}

enum ListTokenKeys {}

impl Outcomes for ListTokenKeys {
    type Body = TokenKeyList;
    const SUCCESS: Option<(u16, &str)> = Some((200, "密钥,最旧的在前"));
    const ERRORS: &[(u16, &str)] = &[
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl KeysApi {
    /// 查询签发 token 的密钥:仅超级管理员
    #[oai(path = "/keys", method = "get", operation_id = "listTokenKeys")]
    async fn list(&self, bearer: Bearer) -> Result<Reply<ListTokenKeys>> {
        self.0.ensure_superuser(&bearer).await?;
        Ok(self.reply().await?)
    }

    /// 更换签发 token 的密钥:仅超级管理员
    ///
    /// 新 token 由新密钥签发;旧密钥签发的 token 在到期前继续有效。
    #[oai(path = "/keys", method = "post", operation_id = "rotateTokenKey")]
    async fn rotate(&self, bearer: Bearer) -> Result<Reply<ListTokenKeys>> {
        let by = self.0.ensure_superuser(&bearer).await?;
        let app = &self.0.app;
        auth::rotate_token_key(app).await?;
        app.audit(by.event(app, EventKind::Command).detail("key rotate"));
        Ok(self.reply().await?)
    }
}

impl KeysApi {
    async fn reply(&self) -> error::Result<Reply<ListTokenKeys>> {
        let items = auth::token_keys(&self.0.app).await?;
        let now = self.0.app.clock.now();
        let items = items.into_iter().map(|key| TokenKey::at(now, key));
        let items = items.collect();
        Ok(Reply::new(&TokenKeyList { items }, &Fields::all()))
    }
}

impl TokenKey {
    /// The key as it is now.
    fn at(now: Timestamp, key: TokenKeyInfo) -> Self {
        Self {
            id: key.id,
            created: date_text(key.created),
            signs: key.verifies_until.is_none(),
            isExpired: key.verifies_until.is_some_and(|until| until <= now),
            verifiesUntil: key.verifies_until.map(date_text).unwrap_or_default(),
        }
    }
}
