//! The running server, as far as it can be asked.

use super::context::Context;
use super::finding::Finding;
use crate::admin::{Cause, Client, Failure};

/// Reason why there is no server to ask.
pub enum Absence {
    /// None has the database open.
    Stopped,
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
    match Client::connect(&store.path) {
        Ok(Some(client)) => Ok(client),
        Ok(None) => Err(Absence::Stopped),
        Err(failure) => Err(Absence::Closed(failure)),
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
                    "run this as root or as the server's user: runuser -u bai -- bai doctor",
                    "请以 root 或服务的用户运行：runuser -u bai -- bai doctor",
                ),
            ),
        }
    }
}
