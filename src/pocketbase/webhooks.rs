//! `/api/webhooks`: the state of the webhooks, for superusers.

use jiff::Timestamp;
use poem::Result;
use poem_openapi::{Object, OpenApi};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::fields::Fields;
use crate::error::Error;
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;
use crate::monitoring::{self, WebhookStatus};
use crate::records::date::date_text;

/// The endpoint for webhooks.
pub struct WebhooksApi(pub Context);

/// 一个接收方(Webhook)的状态,不含其密钥与完整地址。
#[derive(Object)]
#[expect(non_snake_case, reason = "PocketBase's style")]
struct Webhook {
    /// 编号,从 1 起,即配置中的顺序
    number: usize,
    /// 地址的协议、主机与端口;路径与参数不显示
    origin: String,
    /// 通知的事件
    events: Vec<String>,
    /// 等待送达的消息数
    pending: u64,
    /// 其中最早的变动时间(UTC);没有时为空
    oldest: String,
    /// 最近一次送达的时间;启动以来没有时为空
    lastSuccess: String,
    /// 最近一次失败的时间;启动以来没有时为空
    lastFailure: String,
    /// 最近一次失败的原因(英文)
    failure: String,
    /// 从何时起一直失败;正常时为空
    failingSince: String,
    /// 下一次尝试的时间;不在等待时为空
    nextTry: String,
    /// 启动以来放弃的消息数(一天内未能送达)
    givenUp: u64,
}

/// 全部接收方,按配置中的顺序。
#[derive(Object)]
#[expect(non_snake_case, reason = "PocketBase's style")]
struct WebhookList {
    items: Vec<Webhook>,
    /// 是否由这台服务器送达;多台服务器共用 PostgreSQL 时同一时刻只有一台,其他服务器没有送达与失败的时间
    isDelivering: bool,
}

enum ListWebhooks {}

impl Outcomes for ListWebhooks {
    type Body = WebhookList;
    const SUCCESS: Option<(u16, &str)> = Some((200, "全部接收方的状态"));
    const ERRORS: &[(u16, &str)] = &[
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::Webhooks")]
impl WebhooksApi {
    /// 查询 Webhook 的状态:仅超级管理员
    #[oai(path = "/webhooks", method = "get", operation_id = "listWebhooks")]
    async fn list(&self, bearer: Bearer) -> Result<Reply<ListWebhooks>> {
        self.0.ensure_superuser(&bearer).await?;
        let app = &self.0.app;
        let statuses = monitoring::webhooks(app).await.map_err(Error::from)?;
        let list = WebhookList {
            items: statuses.iter().map(describe).collect(),
            isDelivering: app.webhooks.is_delivering(),
        };
        Ok(Reply::new(&list, &Fields::all()))
    }
}

fn describe(status: &WebhookStatus<'_>) -> Webhook {
    let state = &status.state;
    let failure = state.last_failure.as_ref();
    Webhook {
        number: status.hook.number,
        origin: status.hook.name.clone(),
        events: status
            .hook
            .events
            .iter()
            .map(|kind| kind.name().to_owned())
            .collect(),
        pending: status.pending,
        oldest: time(status.oldest),
        lastSuccess: time(state.last_success),
        lastFailure: time(failure.map(|failure| failure.at)),
        failure: failure
            .map(|failure| failure.reason.clone())
            .unwrap_or_default(),
        failingSince: time(state.failing_since),
        nextTry: time(state.next_try),
        givenUp: state.given_up,
    }
}

fn time(at: Option<Timestamp>) -> String {
    at.map(date_text).unwrap_or_default()
}
