//! What a first day in production gets wrong: each part looks at one subject and says what it found and what to do. Nothing is changed.

mod addresses;
mod arrival;
mod backup;
mod cause;
mod certificate;
mod clock;
mod configuration;
mod context;
mod disk;
mod exchange;
mod file_rights;
mod finding;
mod proxy;
mod public_url;
mod server;
mod service;
mod superusers;
mod target;
mod wechat;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

pub use self::context::Context;
pub use self::finding::{Finding, Mark};
pub use self::target::{NoUrl, Target};

/// Time that a part has. Each wait within it is shorter.
const PART_LIMIT: Duration = Duration::from_secs(30);

/// A subject that is looked at.
struct Part {
    code: &'static str,
    title: [&'static str; 2],
    look: fn(&Context) -> Vec<Finding>,
}

/// All parts, in the order in which they are told.
const PARTS: [Part; 8] = [
    Part {
        code: "configuration",
        title: ["configuration", "配置"],
        look: configuration::look,
    },
    Part {
        code: "wechat",
        title: ["WeChat", "微信"],
        look: wechat::look,
    },
    Part {
        code: "public_url",
        title: ["public URL", "公网地址"],
        look: public_url::look,
    },
    Part {
        code: "clock",
        title: ["clock", "时钟"],
        look: clock::look,
    },
    Part {
        code: "disk",
        title: ["disk", "磁盘"],
        look: disk::look,
    },
    Part {
        code: "backup",
        title: ["backup", "备份"],
        look: backup::look,
    },
    Part {
        code: "superusers",
        title: ["superusers", "超级管理员"],
        look: superusers::look,
    },
    Part {
        code: "service",
        title: ["service", "服务"],
        look: service::look,
    },
];

/// A part's title, and what was found.
pub struct Chapter {
    /// Name of the part, for people.
    pub title: &'static str,
    /// Findings; one at least.
    pub findings: Vec<Finding>,
}

/// Looks at everything, all parts at the same time.
#[must_use]
pub fn examine(context: Context) -> Vec<Chapter> {
    let context = Arc::new(context);
    let end = Instant::now() + PART_LIMIT;
    let begun = PARTS.map(|part| (begin(&part, &context), part));
    let chapters = begun.into_iter().map(|(findings, part)| Chapter {
        title: context.language.choose(part.title[0], part.title[1]),
        findings: wait(&findings, &part, &context, end),
    });
    chapters.collect()
}

/// Begins a part on a thread of its own: one that hangs stops no other.
fn begin(part: &Part, context: &Arc<Context>) -> Receiver<Vec<Finding>> {
    let (done, findings) = channel();
    let (look, context) = (part.look, Arc::clone(context));
    thread::spawn(move || done.send(look(&context)));
    findings
}

fn wait(
    findings: &Receiver<Vec<Finding>>,
    part: &Part,
    context: &Context,
    end: Instant,
) -> Vec<Finding> {
    let left = end.saturating_duration_since(Instant::now());
    findings.recv_timeout(left).unwrap_or_else(|error| {
        let found = match error {
            RecvTimeoutError::Timeout => context.say(
                format!("no result within {} s", PART_LIMIT.as_secs()),
                format!("{} 秒内没有结果", PART_LIMIT.as_secs()),
            ),
            RecvTimeoutError::Disconnected => {
                context.say("looking at it failed", "检查时出现内部错误")
            }
        };
        vec![Finding::not_looked_at(part.code, found)]
    })
}
