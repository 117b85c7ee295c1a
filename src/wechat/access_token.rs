//! WeChat's API credential: one for the whole process, fetched by one caller at a time.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::answer::integer;
use super::answer::parse;
use super::error::{Error, Refusal};
use crate::clock::Clock;
use crate::random::Random;

/// WeChat renews a token in its last five minutes; old and new both work then.
const RENEWAL_MS: i64 = 300_000;
/// Renewal is brought forward by a random part of this, so that servers do not renew together.
const JITTER_MS: i64 = 60_000;
/// After a failed fetch the callers that waited for it get the same error.
const FAILURE_HOLD_MS: i64 = 1_000;
/// WeChat ignores forced renewals that are closer, and allows 20 a day; we leave most to the operator.
const FORCED_GAP_MS: i64 = 30_000;
const FORCED_PER_DAY: usize = 5;
const DAY_MS: i64 = 86_400_000;

pub struct AccessTokens {
    clock: Clock,
    random: Random,
    // Held during a fetch: callers that come meanwhile wait and find its result.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cached: Option<Cached>,
    failure: Option<(i64, Error)>,
    forced_at: VecDeque<i64>,
}

struct Cached {
    token: String,
    stale_at_ms: i64,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(deserialize_with = "integer")]
    expires_in: i64,
}

impl AccessTokens {
    pub fn new(clock: Clock, random: Random) -> Self {
        Self {
            clock,
            random,
            state: Mutex::default(),
        }
    }

    /// A token other than `dead`, from the cache or from `fetch`: WeChat's current token, which may be the dead one again,
    /// or with `force` another one for certain. The argument of `fetch` asks WeChat for that.
    pub async fn get<Fut>(
        &self,
        force: bool,
        dead: Option<&str>,
        fetch: impl FnOnce(bool) -> Fut,
    ) -> Result<String, Error>
    where
        Fut: Future<Output = Result<Value, Error>>,
    {
        let mut state = self.state.lock().await;
        let now = self.clock.steady_ms();
        if let Some(cached) = &state.cached
            && now < cached.stale_at_ms
            && Some(cached.token.as_str()) != dead
        {
            return Ok(cached.token.clone());
        }
        if let Some((at, failure)) = &state.failure
            && now - at < FAILURE_HOLD_MS
        {
            return Err(failure.clone());
        }
        if force {
            state.count_forced(now)?;
        }
        let result = fetch(force)
            .await
            .and_then(|answer| parse::<Answer>(&answer));
        state.cached = None;
        match result {
            Ok(answer) if !answer.access_token.is_empty() => {
                let stale_at_ms = now + answer.expires_in * 1_000 - RENEWAL_MS - self.jitter_ms();
                state.failure = None;
                state.cached = Some(Cached {
                    token: answer.access_token.clone(),
                    stale_at_ms,
                });
                Ok(answer.access_token)
            }
            Ok(_) => Err(state.fail(now, Error::Unavailable("an empty access token".into()))),
            Err(error) => Err(state.fail(now, error)),
        }
    }

    fn jitter_ms(&self) -> i64 {
        let [low, high] = self.random.bytes().unwrap_or([0; 2]);
        i64::from(u16::from_le_bytes([low, high])) * JITTER_MS / i64::from(u16::MAX)
    }
}

/// The answer, if it is an access token.
pub fn with_its_fields(answer: Value) -> Result<Value, Error> {
    match parse::<Answer>(&answer)?.access_token.is_empty() {
        true => Err(Error::odd("an empty access token")),
        false => Ok(answer),
    }
}

impl State {
    fn fail(&mut self, now: i64, error: Error) -> Error {
        self.failure = Some((now, error.clone()));
        error
    }

    fn count_forced(&mut self, now: i64) -> Result<(), Error> {
        while self.forced_at.front().is_some_and(|at| now - at >= DAY_MS) {
            self.forced_at.pop_front();
        }
        let too_soon = self
            .forced_at
            .back()
            .is_some_and(|at| now - at < FORCED_GAP_MS);
        if too_soon || self.forced_at.len() >= FORCED_PER_DAY {
            let errmsg =
                "the access token is dead and was renewed by force too often already".to_owned();
            return Err(Error::Misconfigured(Refusal {
                errcode: 40001,
                errmsg,
            }));
        }
        self.forced_at.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    struct Upstream {
        tokens: AccessTokens,
        clock: Clock,
        fetches: AtomicUsize,
    }

    impl Upstream {
        fn new() -> Self {
            let clock = Clock::manual(Timestamp::UNIX_EPOCH);
            let tokens = AccessTokens::new(clock.clone(), Random::seeded(1));
            Self {
                tokens,
                clock,
                fetches: AtomicUsize::new(0),
            }
        }

        /// Each fetch gives `t<n>`; an empty name makes it fail.
        async fn get(&self, force: bool, dead: Option<&str>, name: &str) -> Result<String, Error> {
            let fetch = async |force| {
                self.fetches.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                match name {
                    "" => Err(Error::Unavailable("down".into())),
                    name => Ok(
                        json!({ "access_token": format!("{name}{}", if force { "!" } else { "" }), "expires_in": 7200 }),
                    ),
                }
            };
            self.tokens.get(force, dead, fetch).await
        }

        fn fetches(&self) -> usize {
            self.fetches.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn concurrent_callers_share_one_fetch_and_one_failure() {
        let up = Upstream::new();
        let get = || up.get(false, None, "");
        let (a, b, c) = tokio::join!(get(), get(), get());
        assert!(a.is_err() && b.is_err() && c.is_err());
        assert_eq!(up.fetches(), 1);
        up.clock.advance(Duration::from_secs(2));
        let get = || up.get(false, None, "a");
        let (a, b, c) = tokio::join!(get(), get(), get());
        assert_eq!([a.unwrap(), b.unwrap(), c.unwrap()], ["a", "a", "a"]);
        assert_eq!(up.fetches(), 2);
    }

    #[tokio::test]
    async fn a_token_is_renewed_five_to_six_minutes_before_its_end() {
        let up = Upstream::new();
        up.get(false, None, "a").await.unwrap();
        up.clock.advance(Duration::from_secs(7200 - 361));
        assert_eq!(up.get(false, None, "b").await.unwrap(), "a");
        up.clock.advance(Duration::from_secs(61));
        assert_eq!(up.get(false, None, "b").await.unwrap(), "b");
    }

    #[tokio::test]
    async fn a_dead_token_is_dropped_only_while_it_is_the_one_held() {
        let up = Upstream::new();
        up.get(false, None, "a").await.unwrap();
        assert_eq!(up.get(false, Some("a"), "b").await.unwrap(), "b");
        assert_eq!(up.get(false, Some("a"), "c").await.unwrap(), "b");
        assert_eq!(up.fetches(), 2);
    }

    #[tokio::test]
    async fn forced_renewals_are_rare() {
        let up = Upstream::new();
        up.get(false, None, "a").await.unwrap();
        assert_eq!(up.get(true, Some("a"), "a").await.unwrap(), "a!");
        assert!(up.get(true, Some("a!"), "a").await.is_err());
        for _ in 0..4 {
            up.clock.advance(Duration::from_secs(31));
            assert!(up.get(true, Some("a!"), "a").await.is_ok());
        }
        up.clock.advance(Duration::from_secs(31));
        assert!(up.get(true, Some("a!"), "a").await.is_err());
    }
}
