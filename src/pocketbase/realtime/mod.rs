//! `/api/realtime`: changes of records, told as they happen.

mod backlog;
mod client;
mod event;
mod hub;
mod queue;
mod register;
mod stream;
mod topic;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use poem::{Request, Result};
use poem_openapi::{Object, OpenApi};
use tokio::sync::watch;

use self::client::{Binding, Client};
use self::hub::Hub;
use self::register::NoRoom;
use self::stream::{EventStream, Subscriber};
use self::topic::Topic;
use super::Context;
use super::answer::{Outcomes, Reply};
use super::error::Refused;
use super::field_error::{FieldError, FieldErrors};
use super::form::Form;
use crate::auth::{self, Authentication, Principal};
use crate::domain::Actor;
use crate::error::Error;
use crate::fair::Bounds;
use crate::http::bearer::Bearer;
use crate::http::rejected::Rejected;
use crate::http::tags::Tags;
use crate::http::wire_types::AnyData;

/// What a client's id may have …
const ID_MAX: usize = 255;
/// … how many topics it may name, and a superuser's may have …
const TOPICS_MAX: usize = 1000;
/// … how many a user's may have …
const TOPICS_OF_USER: usize = 100;
/// … and how long each may be, in bytes.
const TOPIC_MAX: usize = 2500;

/// Comparisons that the filters of a client's topics may have: they are evaluated for each change.
const COMPARISONS_MAX: usize = 1000;

/// When a client that found no place may try again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// The endpoints for realtime.
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

impl SubscribeRequest {
    fn check(self) -> Result<(String, Vec<String>), Refused> {
        let (id, topics) = (
            self.clientId.unwrap_or_default(),
            self.subscriptions.unwrap_or_default(),
        );
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
            .join(self.context.source(request))
            .map_err(Error::from)?;
        let client = client.ok_or(Error::TooMany {
            retry_after: TRY_AGAIN,
        })?;
        let data = format!(r#"{{"clientId":"{}"}}"#, client.id);
        client
            .queue
            .push(event::message(&client.id, "PB_CONNECT", &data));
        Ok(EventStream(Subscriber::new(
            Arc::clone(&self.hub),
            client,
            self.stopping.clone(),
        )))
    }

    /// 设置订阅主题(SDK:subscribe、unsubscribe)
    ///
    /// 用户只会收到本人记录(`tbl_auth_users/*` 或 `tbl_auth_users/<本人 id>`)与 `tbl_company/<记录 id>` 的事件;超级管理员可收到全部。
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
        let binding = caller
            .map(|caller| self.binding(&bearer, &caller.principal, topics))
            .transpose()?;
        self.hub
            .bind(&client, binding)
            .map_err(|NoRoom| Error::TooMany {
                retry_after: TRY_AGAIN,
            })?;
        Ok(Reply::empty())
    }
}

impl RealtimeApi {
    /// A server for as many subscribers as half of `server.max_connections`, so that however long they stay, and however
    /// many share a connection of HTTP/2, other requests find a place. They end with the sender of `stopping`.
    pub fn new(context: Context, stopping: watch::Receiver<()>) -> Self {
        let config = &context.app.config;
        let all = config.server.max_connections.div_ceil(2);
        let hub = Arc::new(Hub::new(
            context.clone(),
            Bounds {
                all,
                each: config.limits.share_of(all),
            },
        ));
        Self {
            context,
            hub,
            stopping,
        }
    }

    /// Nobody's client may become somebody's, and somebody's stays theirs until their token ends.
    async fn ensure_same(&self, client: &Client, caller: Option<&Authentication>) -> Result<()> {
        let Some(bound) = client.bound() else {
            return Ok(());
        };
        let is_same = caller.is_some_and(|caller| Actor::from(&caller.principal) == bound.owner);
        if is_same
            || auth::authenticate(&self.context.app, &bound.token)
                .await
                .is_err()
        {
            return Ok(());
        }
        Err(Refused::OTHER_CLIENT.into())
    }

    /// Equal topics count once; those that the client can hear nothing of count, and are forgotten.
    fn binding(
        &self,
        bearer: &Bearer,
        who: &Principal,
        topics: Vec<String>,
    ) -> Result<Binding, Refused> {
        let (app, schemas) = (&self.context.app, self.context.records.schemas());
        let mut seen = HashSet::new();
        let topics: Vec<_> = topics
            .into_iter()
            .filter(|topic| seen.insert(topic.clone()))
            .collect();
        if matches!(who, Principal::User(_)) && topics.len() > TOPICS_OF_USER {
            return Err(refused(FieldError::too_long(TOPICS_OF_USER)));
        }
        let parse = |topic: &String| Topic::parse(topic, who, &app.collections(), &schemas);
        let token = bearer.token().unwrap_or_default().to_owned();
        let binding = Binding::new(token, who, topics.iter().filter_map(parse).collect());
        if binding.comparisons() > COMPARISONS_MAX {
            return Err(refused(FieldError::too_many_comparisons(COMPARISONS_MAX)));
        }
        Ok(binding)
    }
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
