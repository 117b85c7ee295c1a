//! Mistakes of a first day in production: each part looks at one subject and says what it found and what to do. Nothing is changed.

mod addresses;
mod arrival;
mod backup;
mod backup_folder;
mod cause;
mod certificate;
mod clock;
mod configuration;
mod context;
mod disk;
mod exchange;
mod file_rights;
mod finding;
mod forged;
mod hidden;
mod plain_http;
mod probe;
mod proxy;
mod public_url;
mod server;
mod service;
mod superusers;
mod target;
mod way;
mod wechat;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

pub use self::context::Context;
pub use self::finding::{Finding, Mark};
pub use self::target::{NoUrl, Target};

/// Time that a look has. Each wait within it is shorter.
const LIMIT: Duration = Duration::from_secs(30);

/// A look at one thing, on a thread of its own: one that hangs stops no other.
type Look = fn(&Context) -> Vec<Finding>;

/// A subject that is looked at.
struct Part {
    title: [&'static str; 2],
    looks: &'static [Look],
    /// Code of a look that did not end.
    unfinished: &'static str,
}

/// All parts, in the order in which they are told.
const PARTS: [Part; 8] = [
    Part {
        title: ["configuration", "配置"],
        looks: &[configuration::look],
        unfinished: "configuration.unfinished",
    },
    Part {
        title: ["WeChat", "微信"],
        looks: &[wechat::look],
        unfinished: "wechat.unfinished",
    },
    Part {
        title: ["public URL", "公网地址"],
        looks: &[public_url::form, public_url::way, plain_http::look],
        unfinished: "public_url.unfinished",
    },
    Part {
        title: ["clock", "时钟"],
        looks: &[clock::look],
        unfinished: "clock.unfinished",
    },
    Part {
        title: ["disk", "磁盘"],
        looks: &[disk::look],
        unfinished: "disk.unfinished",
    },
    Part {
        title: ["backup", "备份"],
        looks: &[backup::look, backup::elsewhere],
        unfinished: "backup.unfinished",
    },
    Part {
        title: ["superusers", "超级管理员"],
        looks: &[superusers::look],
        unfinished: "superusers.unfinished",
    },
    Part {
        title: ["service", "服务"],
        looks: &[service::running, service::by_systemd, service::memory],
        unfinished: "service.unfinished",
    },
];

/// A part's title, and what was found.
pub struct Chapter {
    /// Name of the part, for people.
    pub title: &'static str,
    /// Findings; one at least.
    pub findings: Vec<Finding>,
}

/// Looks at everything at the same time.
#[must_use]
pub fn examine(context: Context) -> Vec<Chapter> {
    examine_parts(&PARTS, &Arc::new(context), LIMIT)
}

fn examine_parts(parts: &[Part], context: &Arc<Context>, limit: Duration) -> Vec<Chapter> {
    let end = Instant::now() + limit;
    let begun: Vec<_> = parts.iter().map(|part| begin_all(part, context)).collect();
    let told = parts.iter().zip(begun).map(|(part, looks)| Chapter {
        title: context.language.choose(part.title[0], part.title[1]),
        findings: looks
            .iter()
            .flat_map(|look| wait(look, end).unwrap_or_else(|why| unfinished(context, part, why)))
            .collect(),
    });
    told.collect()
}

fn begin_all(part: &Part, context: &Arc<Context>) -> Vec<Receiver<Vec<Finding>>> {
    part.looks
        .iter()
        .map(|look| begin(*look, context))
        .collect()
}

fn begin(look: Look, context: &Arc<Context>) -> Receiver<Vec<Finding>> {
    let (done, findings) = channel();
    let context = Arc::clone(context);
    thread::spawn(move || done.send(look(&context)));
    findings
}

fn wait(findings: &Receiver<Vec<Finding>>, end: Instant) -> Result<Vec<Finding>, RecvTimeoutError> {
    findings.recv_timeout(end.saturating_duration_since(Instant::now()))
}

fn unfinished(context: &Context, part: &Part, why: RecvTimeoutError) -> Vec<Finding> {
    let seconds = LIMIT.as_secs();
    let found = match why {
        RecvTimeoutError::Timeout => context.say(
            format!("no result within {seconds} s"),
            format!("{seconds} 秒内没有结果"),
        ),
        RecvTimeoutError::Disconnected => context.say("looking at it failed", "检查时出现内部错误"),
    };
    vec![Finding::not_looked_at(part.unfinished, found)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hang(_: &Context) -> Vec<Finding> {
        loop {
            thread::park();
        }
    }

    fn find(_: &Context) -> Vec<Finding> {
        vec![Finding::ok("x.found", "it")]
    }

    #[test]
    fn a_look_that_hangs_loses_nothing_of_what_others_find() {
        let part = Part {
            title: ["x", "x"],
            looks: &[find, hang, find],
            unfinished: "x.unfinished",
        };
        let context = Arc::new(Context::of_tests());
        let chapters = examine_parts(&[part], &context, Duration::from_secs(1));
        let codes: Vec<_> = chapters[0].findings.iter().map(|it| it.code).collect();
        assert_eq!(codes, ["x.found", "x.unfinished", "x.found"]);
    }

    #[test]
    fn each_code_has_a_subject_and_a_word() {
        for part in PARTS {
            assert_eq!(part.unfinished.split('.').count(), 2, "{}", part.unfinished);
        }
    }
}
