//! The WeChat mini-program API: a one-time code becomes an openid and perhaps a unionid, another one a phone number.
//!
//! The rules are WeChat's own and those learnt from other client libraries: every answer is HTTP 200 with an
//! `errcode`, as `text/plain`; a code works once, so it is sent again only when WeChat says that it was busy or
//! when no connection was made; login needs no access token and must not depend on one.

mod access_token;
mod answer;
mod condition;
mod error;
mod http;
mod operation;
mod quota;
mod resolver;
pub mod sandbox;
mod stats;

use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value, json};

use self::access_token::AccessTokens;
pub use self::answer::Identity;
use self::answer::{PhoneAnswer, classify, identity, is_token_dead, parse, refused_unless_ours};
pub use self::condition::{Problem, ips};
pub use self::error::{Error, QuotaPeriod, Refusal};
use self::http::{Http, Request};
use self::operation::Operation;
use self::quota::Quota;
pub use self::stats::LastError;
use self::stats::Stats;
use crate::clock::Clock;
use crate::config;
use crate::domain::{OneTimeCode, OpenId, Phone};
use crate::fair::{Asker, Share};
use crate::metrics::Metrics;
use crate::outbound::Cause;
use crate::random::Random;

/// WeChat's `errcode` -1 is answered by as many repetitions, after these pauses.
const BUSY_PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(400)];

/// Calls WeChat, or whatever stands at `base_url` in its place.
pub struct Client {
    http: Http,
    app_id: String,
    secret: config::Secret,
    timeout: Duration,
    bind_phone_code: bool,
    access_tokens: AccessTokens,
    login_quota: Quota,
    phone_quota: Quota,
    stats: Stats,
}

impl Client {
    /// A client for the API at `settings.base_url`.
    #[must_use]
    pub fn new(
        settings: &config::Wechat,
        limits: &config::Limits,
        clock: Clock,
        random: Random,
    ) -> Self {
        Self {
            http: Http::new(settings, limits, clock.clone()),
            app_id: settings.app_id.clone(),
            secret: settings.secret.clone(),
            timeout: settings.timeout,
            bind_phone_code: settings.bind_phone_code,
            access_tokens: AccessTokens::new(clock.clone(), random),
            login_quota: Quota::new(clock.clone()),
            phone_quota: Quota::new(clock.clone()),
            stats: Stats::new(clock),
        }
    }

    /// Shows what is counted of calls.
    pub fn register_metrics(&self, metrics: &Metrics) {
        self.stats.register_metrics(metrics);
    }

    /// Problems according to the last real calls; WeChat is not asked for them.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.stats.problems();
        let open = [&self.login_quota, &self.phone_quota]
            .into_iter()
            .filter_map(Quota::minute_quota_since)
            .min();
        problems.extend(open.map(|since| Problem {
            code: "minute_quota",
            text: "WeChat's minute quota is used up (errcode 45011): calls are held back, but for a trial now and then"
                .to_owned(),
            since,
        }));
        problems
    }

    /// Calls since midnight in Beijing, by operation.
    #[must_use]
    pub fn calls_today(&self) -> Vec<(&'static str, u64)> {
        self.stats.calls_today().to_vec()
    }

    /// The newest call that failed through no fault of a code.
    #[must_use]
    pub fn last_error(&self) -> Option<LastError> {
        self.stats.last_error()
    }

    /// The identity of the user who got `code` from `wx.login` (`jscode2session`).
    ///
    /// # Errors
    /// Each variant of [`Error`]; the answer comes within `wechat.timeout`.
    pub async fn exchange(&self, source: Asker, code: &OneTimeCode) -> Result<Identity, Error> {
        let _place = self.admit(source, Operation::Login)?;
        let request = Request::get(source, "/sns/jscode2session")
            .query("appid", &self.app_id)
            .query("secret", self.secret.expose())
            .query("js_code", code.as_str())
            .query("grant_type", "authorization_code");
        let asked = self.stats.ask(Operation::Login);
        let answer = self.in_time(Box::pin(self.call(&request))).await;
        let result = answer.and_then(|answer| identity(&answer));
        asked.end(&result);
        self.login_quota.record(&result);
        result
    }

    /// The phone number that the user with `openid` agreed to share (`getuserphonenumber`).
    ///
    /// # Errors
    /// Each variant of [`Error`]; the answer comes within `wechat.timeout`.
    pub async fn phone_number(
        &self,
        source: Asker,
        code: &OneTimeCode,
        openid: &OpenId,
    ) -> Result<Phone, Error> {
        let _place = self.admit(source, Operation::Phone)?;
        let mut body = json!({ "code": code.as_str() });
        if self.bind_phone_code {
            body["openid"] = openid.as_str().into();
        }
        let asked = self.stats.ask(Operation::Phone);
        let result = self
            .in_time(Box::pin(self.call_with_access_token(source, &body)))
            .await
            .map_err(refused_unless_ours)
            .and_then(|answer| parse(&answer));
        asked.end(&result);
        self.phone_quota.record(&result);
        let PhoneAnswer { phone_info } = result?;
        if let Some(watermark) = &phone_info.watermark
            && watermark.appid != self.app_id
        {
            let errmsg = format!("the phone number is for the app {}", watermark.appid);
            return Err(Error::Misconfigured(Refusal { errcode: 0, errmsg }));
        }
        phone_info
            .phone()
            .map_err(|_| Error::odd("a phone number of odd form"))
    }

    /// Asks for the access token once, without a renewal, to see whether WeChat knows this app and lets this server in.
    ///
    /// # Errors
    /// Each variant of [`Error`] but those of codes; the answer comes within `wechat.timeout`.
    pub async fn introduce(&self) -> Result<(), Error> {
        let fetched = self.in_time(Box::pin(self.fetch_access_token(false)));
        fetched.await.map(|_| ())
    }

    /// A place for an operation, if WeChat may be asked now.
    fn admit(&self, source: Asker, operation: Operation) -> Result<Share<Asker>, Error> {
        let quota = match operation {
            Operation::Login => &self.login_quota,
            Operation::Phone | Operation::AccessToken => &self.phone_quota,
        };
        // The place first: the one trial while calls are held back is not for who has no place.
        let admitted = self
            .http
            .admit(source)
            .and_then(|place| quota.check().map(|()| place));
        admitted.inspect_err(|_| self.stats.held_back(operation))
    }

    /// Everything that waits for WeChat goes through here, so that it is bounded in time. It is boxed because
    /// the futures of requests that may come here are moved a lot, and most never do.
    async fn in_time<T>(
        &self,
        work: Pin<Box<impl Future<Output = Result<T, Error>>>>,
    ) -> Result<T, Error> {
        tokio::time::timeout(self.timeout, work)
            .await
            .unwrap_or_else(|_| {
                let within = format!("{:?}", self.timeout);
                Err(Error::Unreachable(Cause::Timeout(within)))
            })
    }

    /// A dead access token is renewed and the call repeated: once with the token that WeChat holds current, and
    /// once more with a forced renewal if that was the same dead token.
    async fn call_with_access_token(&self, source: Asker, body: &Value) -> Result<Value, Error> {
        let mut dead: Option<String> = None;
        for force in [false, false, true] {
            let token = self
                .access_tokens
                .get(force, dead.as_deref(), |force| {
                    self.fetch_access_token(force)
                })
                .await?;
            let request = Request::post(source, "/wxa/business/getuserphonenumber", body.clone())
                .query("access_token", &token);
            match self.call(&request).await {
                Err(Error::Misconfigured(refusal)) if is_token_dead(refusal.errcode) => {
                    dead = Some(token);
                }
                result => return result,
            }
        }
        let errmsg = "WeChat refuses every access token that it issues".to_owned();
        Err(Error::Misconfigured(Refusal {
            errcode: 40001,
            errmsg,
        }))
    }

    async fn fetch_access_token(&self, force_refresh: bool) -> Result<Value, Error> {
        let body = json!({
            "grant_type": "client_credential",
            "appid": self.app_id,
            "secret": self.secret.expose(),
            "force_refresh": force_refresh,
        });
        let asked = self.stats.ask(Operation::AccessToken);
        // The token is everybody's: it does not wait for the turn of whoever needs it first.
        let result = self
            .call(&Request::post(None, "/cgi-bin/stable_token", body))
            .await
            .and_then(access_token::with_its_fields);
        asked.end(&result);
        result
    }

    /// One call, repeated while WeChat says that it is busy. A repetition may find the code used up by the call
    /// before it, which then is an ordinary refusal: the client gets a new code.
    async fn call(&self, request: &Request) -> Result<Value, Error> {
        for pause in BUSY_PAUSES {
            match self.http.send(request).await.and_then(classify) {
                Err(Error::Busy(_)) => tokio::time::sleep(pause).await,
                result => return result,
            }
        }
        self.http.send(request).await.and_then(classify)
    }
}
