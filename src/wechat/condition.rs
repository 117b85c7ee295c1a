//! Condition of the connection to WeChat, as the last calls of an operation tell.

use std::net::IpAddr;

use jiff::Timestamp;

use super::error::{Error, OURS, QuotaPeriod, Refusal};
use super::operation::Operation;

/// Calls in a row without an answer that are no accident.
const UNANSWERED: u32 = 3;

/// Something for the operator to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A word for programs.
    pub code: &'static str,
    /// The problem, and a remedy. No words of WeChat's: those are in the log.
    pub text: String,
    /// Since when calls have said so.
    pub since: Timestamp,
}

#[derive(Default)]
pub struct Condition {
    problem: Option<Problem>,
    unanswered: u32,
}

impl Condition {
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// Learns from the newest call. A number that is not known to mean our configuration says nothing: who can provoke it
    /// must not be able to make the server look ill.
    pub fn learn(&mut self, operation: Operation, error: Option<&Error>, now: Timestamp) {
        let (code, text) = match error {
            // WeChat looked at the code, so it knows us.
            None | Some(Error::CodeRefused(_)) => {
                *self = Self::default();
                return;
            }
            Some(Error::Misconfigured(refusal)) if OURS.contains(&refusal.errcode) => {
                explain(operation, refusal)
            }
            Some(Error::Quota {
                period: QuotaPeriod::Day,
                ..
            }) => (
                "daily_quota",
                "WeChat's daily quota is used up (errcode 45009): raise or reset it at mp.weixin.qq.com"
                    .to_owned(),
            ),
            Some(Error::Misconfigured(_) | Error::Quota { .. } | Error::Full) => return,
            Some(
                error @ (Error::Busy(_)
                | Error::Unavailable(_)
                | Error::Unreachable(_)
                | Error::ProxyUnreachable(_)
                | Error::Odd(_)),
            ) => {
                self.unanswered += 1;
                if self.unanswered < UNANSWERED {
                    return;
                }
                let text = silence(error, self.unanswered);
                return self.set("unreachable", text, now);
            }
        };
        self.unanswered = 0;
        self.set(code, text, now);
    }

    fn set(&mut self, code: &'static str, text: String, now: Timestamp) {
        let since = self
            .problem
            .as_ref()
            .filter(|known| known.code == code)
            .map_or(now, |known| known.since);
        self.problem = Some(Problem { code, text, since });
    }
}

/// The words for so many calls in a row without an answer.
fn silence(error: &Error, calls: u32) -> String {
    match error {
        Error::Busy(_) => {
            format!("WeChat says that it is busy, {calls} calls in a row: look at the log")
        }
        Error::Unreachable(cause) => format!(
            "WeChat is out of reach, {calls} calls in a row: {cause}; {}, wechat.base_url and wechat.proxy",
            cause.remedy()
        ),
        Error::ProxyUnreachable(cause) => format!(
            "the way to WeChat through wechat.proxy is cut, {calls} calls in a row: {cause}; {}, and wechat.proxy",
            cause.remedy()
        ),
        Error::Odd(answer) => format!(
            "what answers at wechat.base_url is not WeChat, or not as it should be, {calls} calls in a row: {}; look at the log, \
             wechat.base_url, wechat.proxy and who answers there",
            answer.what
        ),
        _ => format!(
            "WeChat does not answer, {calls} calls in a row: look at the log, wechat.base_url, wechat.proxy, DNS and the \
             firewall"
        ),
    }
}

fn explain(operation: Operation, refusal: &Refusal) -> (&'static str, String) {
    let number = refusal.errcode;
    let (code, what) = match (number, operation) {
        (40164 | 45035 | 61004, _) => {
            let ips = ips(&refusal.errmsg);
            let ips = if ips.is_empty() { "of this server".to_owned() } else { ips.join(", ") };
            ("ip_not_allowed", format!("add the IP {ips} to the mini-program's IP allowlist at mp.weixin.qq.com"))
        }
        (40125 | 41004, _) | (40001, Operation::AccessToken | Operation::Login) => {
            ("secret", "wechat.secret is not the mini-program's AppSecret; it may have been reset".to_owned())
        }
        (40013 | 41002, _) => ("app_id", "wechat.app_id is not the mini-program's AppID".to_owned()),
        (48001 | 50002 | 50004, _) => (
            "not_permitted",
            "the mini-program has no permission for this API, or its account is restricted; see mp.weixin.qq.com"
                .to_owned(),
        ),
        (410 | 48017, _) => (
            "retired_address",
            "the address of WeChat's that we came to is retired; remove pinned addresses (hosts file, DNS, proxy)"
                .to_owned(),
        ),
        (40001 | 40014 | 42001, _) => (
            "access_token",
            "WeChat refuses the access tokens that it issues; another program may renew them in the old way"
                .to_owned(),
        ),
        _ => ("misconfigured", "WeChat refuses the way in which we ask; the log has its words".to_owned()),
    };
    (code, format!("errcode {number}: {what}"))
}

/// The addresses that WeChat's text names, as in "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist".
#[must_use]
pub fn ips(errmsg: &str) -> Vec<String> {
    let mut ips = Vec::new();
    for word in errmsg.split(|c: char| !(c.is_ascii_hexdigit() || ".:".contains(c))) {
        let ip = word
            .trim_end_matches('.')
            .parse::<IpAddr>()
            .map(|ip| ip.to_canonical().to_string());
        ips.extend(ip.ok().filter(|ip| !ips.contains(ip)));
    }
    ips
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(errcode: i64, errmsg: &str) -> Error {
        Error::Misconfigured(Refusal {
            errcode,
            errmsg: errmsg.into(),
        })
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn learnt(
        condition: &mut Condition,
        error: Option<&Error>,
        second: i64,
    ) -> Option<(&'static str, i64)> {
        condition.learn(Operation::Login, error, at(second));
        condition
            .problem()
            .map(|problem| (problem.code, problem.since.as_second()))
    }

    #[test]
    fn a_problem_stays_since_it_began_until_a_call_succeeds() {
        let mut it = Condition::default();
        let (ip, secret) = (refused(40164, ""), refused(40125, ""));
        assert_eq!(learnt(&mut it, Some(&ip), 1), Some(("ip_not_allowed", 1)));
        assert_eq!(learnt(&mut it, Some(&ip), 2), Some(("ip_not_allowed", 1)));
        assert_eq!(learnt(&mut it, Some(&secret), 3), Some(("secret", 3)));
        assert_eq!(
            learnt(&mut it, Some(&Error::Unavailable(String::new())), 4),
            Some(("secret", 3))
        );
        let code = Error::CodeRefused(Refusal {
            errcode: 40029,
            errmsg: String::new(),
        });
        assert_eq!(learnt(&mut it, Some(&code), 5), None);
    }

    #[test]
    fn silence_counts_when_it_goes_on_and_an_unknown_number_never() {
        let mut it = Condition::default();
        let down = Error::Unavailable(String::new());
        assert_eq!(learnt(&mut it, Some(&down), 1), None);
        assert_eq!(learnt(&mut it, Some(&down), 2), None);
        assert_eq!(learnt(&mut it, None, 3), None);
        assert_eq!(learnt(&mut it, Some(&down), 4), None);
        assert_eq!(learnt(&mut it, Some(&down), 5), None);
        assert_eq!(learnt(&mut it, Some(&down), 6), Some(("unreachable", 6)));
        assert_eq!(learnt(&mut it, None, 7), None);
        assert_eq!(learnt(&mut it, Some(&refused(99999, "")), 8), None);
        let minute = Error::Quota {
            period: QuotaPeriod::Minute,
            retry_after: super::super::quota::MINUTE_RETRY,
        };
        assert_eq!(learnt(&mut it, Some(&minute), 9), None);
    }

    #[test]
    fn addresses_are_read_from_wechat_s_words() {
        let errmsg =
            "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 6a0b-1d";
        assert_eq!(ips(errmsg), ["203.0.113.7"]);
        assert_eq!(ips("invalid ip 203.0.113.7."), ["203.0.113.7"]);
        assert_eq!(ips("ipv6 2001:db8::1, not in whitelist"), ["2001:db8::1"]);
        assert!(ips("system error").is_empty());
    }
}
