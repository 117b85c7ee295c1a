//! Bounds of durations: one beyond them would break something only later, when a time is reckoned with it.

use std::time::Duration;

use super::Config;

const LEAST_TIMEOUT: Duration = Duration::from_millis(10);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
/// As people write it, "1y": 365.25 days.
const YEAR: Duration = Duration::from_hours(8766);
const HUNDRED_YEARS: Duration = Duration::from_hours(100 * 8766);

/// A key, its value, and the least and the most that it may be.
type Bound = (&'static str, Duration, Duration, Duration);

/// The first duration that is too short or too long, in words that name its key and its bounds.
pub fn wrong_duration(config: &Config) -> Option<String> {
    let wrong = bounds(config)
        .into_iter()
        .find(|(_, value, least, most)| value < least || value > most);
    wrong.map(|(key, value, least, most)| {
        let [value, least, most] = [value, least, most].map(humantime::format_duration);
        format!("{key} is {value}, and has to be {least} or more and {most} or less")
    })
}

fn bounds(config: &Config) -> [Bound; 12] {
    let Config {
        server,
        token,
        wechat,
        limits,
        events,
        backup,
        ..
    } = config;
    [
        (
            "server.header_timeout",
            server.header_timeout,
            LEAST_TIMEOUT,
            DAY,
        ),
        (
            "server.idle_timeout",
            server.idle_timeout,
            LEAST_TIMEOUT,
            DAY,
        ),
        (
            "server.body_timeout",
            server.body_timeout,
            LEAST_TIMEOUT,
            DAY,
        ),
        (
            "server.answer_timeout",
            server.answer_timeout,
            LEAST_TIMEOUT,
            DAY,
        ),
        (
            "server.tls.check_every",
            server.tls.check_every,
            SECOND,
            DAY,
        ),
        ("backup.s3.timeout", backup.s3.timeout, LEAST_TIMEOUT, DAY),
        ("token.lifetime", token.lifetime, SECOND, HUNDRED_YEARS),
        (
            "token.superuser_lifetime",
            token.superuser_lifetime,
            SECOND,
            HUNDRED_YEARS,
        ),
        ("wechat.timeout", wechat.timeout, LEAST_TIMEOUT, DAY),
        (
            "limits.duplicate_window",
            limits.duplicate_window,
            Duration::from_millis(1),
            DAY,
        ),
        ("events.keep", events.keep, MINUTE, HUNDRED_YEARS),
        ("backup.every", backup.every.unwrap_or(DAY), MINUTE, YEAR),
    ]
}
