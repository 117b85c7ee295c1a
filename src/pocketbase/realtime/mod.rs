//! `/api/realtime`: changes of records, sent as they happen.

mod backlog;
mod client;
mod hub;
mod message_queue;
mod record_event;
mod registry;
mod stream;
mod topic;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use poem::{Request, Result};
use poem_openapi::{Object, OpenApi};
use tokio::sync::watch;

use self::client::{Client, Owner, Subscription};
use self::hub::Hub;
use self::record_event::message;
use self::registry::MemoryExhausted;
use self::stream::{Connection, EventStream};
use self::topic::Topic;
use super::Context;
use super::answer::{Outcomes, Reply};
use super::error::Refused;
use super::field_error::{FieldError, FieldErrors};
use super::form::Form;
use super::form_fields::{FormBody, FormField};
use crate::auth::{self, Authentication};
use crate::domain::Actor;
use crate::error::Error;
use crate::fair::Bounds;
use crate::http::bearer::Bearer;
use crate::http::rejected::Rejected;
use crate::http::tags::Tags;
use crate::http::wire_types::AnyData;

/// Bytes that the id of a client may have.
const ID_MAX: usize = 255;

/// Topics that a request may name.
const TOPICS_MAX: usize = 1000;

/// Topics that a user, or somebody whom nobody knows, may be subscribed to.
const TOPICS_OF_USER: usize = 100;

/// Bytes that a topic may have.
const TOPIC_MAX: usize = 2500;

/// Comparisons that the filters of a client's topics may have: they are evaluated for each change.
const COMPARISONS_MAX: usize = 1000;

/// Time after which a client that found no place may try again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Endpoints of realtime.
pub struct RealtimeApi {
    context: Context,
    hub: Arc<Hub>,
    stopping: watch::Receiver<()>,
}

#[derive(Default, Object)]
#[expect(non_snake_case, reason = "PocketBase's names")]
pub struct SubscribeRequest {
    /// PB_CONNECT 事件给出的 clientId
    clientId: Option<String>,
    /// 主题列表,如 `tbl_auth_users/*`、`tbl_company/<记录 id>`;替换此前的全部主题,空列表为全部取消
    subscriptions: Option<Vec<String>>,
}

impl FormBody for SubscribeRequest {
    fn form_field(name: &str) -> FormField {
        match name {
            "subscriptions" => FormField::List,
            _ => FormField::Text,
        }
    }
}

impl SubscribeRequest {
    fn check(self) -> Result<(String, Vec<String>), Refused> {
        let id = self.clientId.unwrap_or_default();
        let topics = self.subscriptions.unwrap_or_default();
        let mut errors = FieldErrors::new();
        if id.is_empty() {
            errors.insert("clientId", FieldError::BLANK);
        } else if id.len() > ID_MAX {
            errors.insert("clientId", FieldError::length(ID_MAX));
        }
        let too_long = topics
            .iter()
            .enumerate()
            .filter(|(_, topic)| topic.len() > TOPIC_MAX);
        let too_long = too_long.map(|(n, _)| (n, FieldError::too_long(TOPIC_MAX)));
        if topics.len() > TOPICS_MAX {
            errors.insert("subscriptions", FieldError::too_long(TOPICS_MAX));
        } else if let Some(error) = FieldError::of_items(too_long) {
            errors.insert("subscriptions", error);
        }
        if errors.is_empty() {
            Ok((id, topics))
        } else {
            Err(Refused::bad_request(errors))
        }
    }
}

enum PbSubscribe {}

impl Outcomes for PbSubscribe {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((204, "已订阅"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "参数错误"),
        (403, "该连接已属于其他用户"),
        (404, "clientId 不存在或连接已断开"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (429, "订阅占用过多,请稍后再试"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl RealtimeApi {
    /// 实时事件流(SDK:subscribe)
    ///
    /// SSE:第一个事件 `PB_CONNECT` 给出 clientId,之后每个事件为 `{record, action}`(create、update、delete)。
    /// 5 分钟没有事件则断开,SDK 会自动重连。
    #[oai(path = "/realtime", method = "get", operation_id = "pbRealtime")]
    async fn connect(&self, request: &Request) -> Result<EventStream> {
        let client = self
            .hub
            .connect(self.context.source(request))
            .map_err(Error::from)?;
        let client = client.ok_or(Error::Busy {
            retry_after: TRY_AGAIN,
        })?;
        let data = format!(r#"{{"clientId":"{}"}}"#, client.id);
        client.queue.push(message(&client.id, "PB_CONNECT", &data));
        Ok(EventStream(Connection::new(
            Arc::clone(&self.hub),
            client,
            self.stopping.clone(),
        )))
    }

    /// 设置订阅主题(SDK:subscribe、unsubscribe)
    ///
    /// 每个事件按集合当时的访问规则逐一判断:`<集合>/*` 按 listRule,`<集合>/<记录 id>` 按 viewRule;未登录的客户端同样如此;超级管理员可收到全部。
    /// token 失效后不再有事件。
    #[oai(path = "/realtime", method = "post", operation_id = "pbSubscribe")]
    async fn subscribe(
        &self,
        bearer: Bearer,
        body: Form<Option<SubscribeRequest>>,
    ) -> Result<Reply<PbSubscribe>> {
        let (id, topics) = body.read().map_err(unread)?.unwrap_or_default().check()?;
        let client = self.hub.client(&id).ok_or(Refused::NO_CLIENT)?;
        let caller = self.context.caller(&bearer).await?;
        let _changing = client.changing.lock().await;
        self.ensure_same(&client, caller.as_ref()).await?;
        let subscription = self.subscription(&bearer, caller.as_ref(), topics)?;
        self.hub
            .subscribe(&client, Some(subscription))
            .map_err(|MemoryExhausted| Error::Busy {
                retry_after: TRY_AGAIN,
            })?;
        Ok(Reply::empty())
    }
}

impl RealtimeApi {
    /// Endpoints for as many clients as half of `server.max_connections`, so that however long they stay, and however many
    /// share a connection of HTTP/2, other requests find a place. Their streams end with the sender of `stopping`.
    pub fn new(context: Context, stopping: watch::Receiver<()>) -> Self {
        let config = &context.app.config;
        let all = config.server.max_connections.div_ceil(2);
        let clients = Bounds {
            all,
            each: config.limits.share_of(all),
        };
        Self {
            hub: Arc::new(Hub::new(context.records.clone(), clients)),
            context,
            stopping,
        }
    }

    /// Refuses a caller who is not the owner of the client. A client without an owner may get one, and stays theirs until their
    /// token ends.
    async fn ensure_same(&self, client: &Client, caller: Option<&Authentication>) -> Result<()> {
        let Some(current) = client.subscription() else {
            return Ok(());
        };
        let (Some(token), Owner::Account(owner)) = (&current.token, &current.owner) else {
            return Ok(());
        };
        let is_same = caller.is_some_and(|caller| Actor::from(&caller.principal) == *owner);
        if is_same || auth::authenticate(&self.context.app, token).await.is_err() {
            return Ok(());
        }
        Err(Refused::OTHER_CLIENT.into())
    }

    /// Subscription to `topics`. Equal ones count once; those about which the client can never be sent anything count, and are
    /// left out.
    fn subscription(
        &self,
        bearer: &Bearer,
        caller: Option<&Authentication>,
        topics: Vec<String>,
    ) -> Result<Subscription, Refused> {
        let topics = without_duplicates(topics);
        let principal = caller.map(|caller| &caller.principal);
        let owner = Owner::new(principal, bearer.source(&self.context.app).into());
        if !owner.is_superuser() && topics.len() > TOPICS_OF_USER {
            return Err(refused(FieldError::too_long(TOPICS_OF_USER)));
        }
        let collections = self.context.app.collections();
        let schemas = self.context.records.schemas();
        let topics = topics
            .iter()
            .filter_map(|topic| Topic::parse(topic, owner.is_superuser(), &collections, &schemas))
            .collect();
        let token = principal.and(bearer.token()).map(str::to_owned);
        let subscription = Subscription::new(token, owner, topics);
        if subscription.comparisons() > COMPARISONS_MAX {
            return Err(refused(FieldError::too_many_comparisons(COMPARISONS_MAX)));
        }
        Ok(subscription)
    }
}

fn without_duplicates(mut topics: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    topics.retain(|topic| seen.insert(topic.clone()));
    topics
}

fn refused(topics: FieldError) -> Refused {
    Refused::bad_request(FieldErrors::from([("subscriptions", topics)]))
}

fn unread(rejected: Rejected) -> poem::Error {
    match rejected {
        Rejected::TooLarge | Rejected::TooSlow => rejected.into(),
        _ => Refused::BAD_REQUEST.into(),
    }
}
