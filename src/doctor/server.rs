//! The running server, as far as it can be asked.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::context::Context;
use super::finding::Finding;
use crate::admin::{Cause, Client, Failure};

/// Time that the server has for an answer.
const LIMIT: Duration = Duration::from_secs(5);

/// Reason why there is no server to ask.
pub enum Absence {
    /// None has the database open.
    Stopped,
    /// A process has the database open, and no admin socket.
    Mute,
    /// It has the database open, and does not answer.
    Hanging,
    /// One on PostgreSQL has no admin socket.
    OnPostgres,
    /// It does not let us in, or is another version.
    Closed(Failure),
}

/// A client of the running server.
pub fn client(context: &Context) -> Result<Client, Absence> {
    let store = &context.config.store;
    if store.is_on_postgres() {
        return Err(Absence::OnPostgres);
    }
    match Client::connect_within(&store.path, LIMIT) {
        Ok(Some(client)) => Ok(client),
        Ok(None) if is_in_use(&store.path) => Err(Absence::Mute),
        Ok(None) => Err(Absence::Stopped),
        Err(failure) => Err(failure.into()),
    }
}

/// Whether a process has the database open to write.
fn is_in_use(database: &Path) -> bool {
    // Opening a pipe would wait for whoever writes to it.
    let is_file = fs::metadata(database).is_ok_and(|found| found.is_file());
    let file = is_file.then(|| File::open(database).ok()).flatten();
    // Readers have it at the same time.
    file.is_some_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

impl From<Failure> for Absence {
    fn from(failure: Failure) -> Self {
        match failure.cause {
            Cause::Silent => Self::Hanging,
            Cause::InUse => Self::Mute,
            _ => Self::Closed(failure),
        }
    }
}

impl Absence {
    /// The finding of something that only the server could have told.
    pub fn finding(&self, code: &'static str, context: &Context) -> Finding {
        let (found, remedy) = self.words(context);
        Finding::not_looked_at(code, found).remedy(remedy)
    }

    fn words(&self, context: &Context) -> (String, String) {
        match self {
            Self::Stopped => (
                context.say("the server does not run", "服务未运行"),
                context.say(
                    "start it, with this configuration, and run this again",
                    "请用同一份配置启动服务，然后重新运行本命令",
                ),
            ),
            Self::Mute => (
                context.say(
                    "a process has the database open, but its admin socket does not answer",
                    "有进程打开了数据库，但它的管理套接字没有响应",
                ),
                see_service(context),
            ),
            Self::Hanging => (
                context.say("the server does not answer", "服务没有响应"),
                see_service(context),
            ),
            Self::OnPostgres => (
                context.say(
                    "a server on PostgreSQL has no admin socket to ask",
                    "使用 PostgreSQL 时没有管理套接字，无法询问服务",
                ),
                String::new(),
            ),
            Self::Closed(failure) if failure.cause == Cause::OtherVersion => (
                failure.message.clone(),
                context.say("restart the server", "请重启服务"),
            ),
            Self::Closed(failure) => (
                failure.message.clone(),
                context.say(
                    "run this as root or as the server's user: sudo bai doctor",
                    "请以 root 或服务的用户运行：sudo bai doctor",
                ),
            ),
        }
    }
}

fn see_service(context: &Context) -> String {
    context.say("see service, below", "见下方「服务」")
}
