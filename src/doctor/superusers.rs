//! Superusers: without one nobody can open the console.

use std::fs;
use std::io::ErrorKind;

use super::context::Context;
use super::finding::Finding;
use super::server::{self, Absence};
use crate::admin::superusers::SuperuserCommand;
use crate::admin::{AdminCommand, Cause, Client, Failure, RecordQuery};
use crate::backup::newest_remains;

const CODE: &str = "superusers.count";

pub fn look(context: &Context) -> Vec<Finding> {
    let client = server::client(context).or_else(|absence| match absence {
        Absence::Stopped => without_server(context),
        Absence::OnPostgres => {
            Client::open_postgres(&context.config).map_err(|it| failed(context, it))
        }
        absence => Err(absence.finding(CODE, context)),
    });
    vec![match client.map(|client| count(context, client)) {
        Ok(finding) | Err(finding) => finding,
    }]
}

/// The database itself, if a database is there.
fn without_server(context: &Context) -> Result<Client, Finding> {
    let path = &context.config.store.path;
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(no_database(context)),
        Ok(found) if !found.is_file() => Err(no_file(context)),
        Ok(found) if found.len() == 0 => Err(empty(context)),
        _ => Client::open_to_read(&context.config).map_err(|it| failed(context, it)),
    }
}

fn no_database(context: &Context) -> Finding {
    let path = context.config.store.path.display();
    let found = context.say(
        format!("there is no database at {path} yet"),
        format!("{path} 处还没有数据库"),
    );
    Finding::not_looked_at(CODE, found).remedy(context.say(
        "the first start makes one; if there should be one, name the server's configuration by --config",
        "首次启动时会创建；若本应存在，请用 --config 指定服务所用的配置",
    ))
}

fn no_file(context: &Context) -> Finding {
    let path = context.config.store.path.display();
    damaged(
        context,
        context.say(format!("{path} is no file"), format!("{path} 不是文件")),
    )
}

fn empty(context: &Context) -> Finding {
    let path = context.config.store.path.display();
    damaged(
        context,
        context.say(
            format!("{path} is empty, as a crash or a full disk leaves it"),
            format!("{path} 是空文件，可能由崩溃或磁盘写满造成"),
        ),
    )
}

/// Anything but a whole database of ours in its place.
fn damaged(context: &Context, found: String) -> Finding {
    let backup = newest_remains(&context.config);
    let backup = backup.map_or("FILE".to_owned(), |path| path.display().to_string());
    Finding::wrong("superusers.damaged", found).remedy(context.say(
        format!("restore a backup, with the server stopped:\nbai restore {backup}\nIf the database is elsewhere, name it in store.path"),
        format!("请停止服务后用备份恢复：\nbai restore {backup}\n如果数据库在别处，请在 store.path 中指定"),
    ))
}

fn failed(context: &Context, failure: Failure) -> Finding {
    match failure.cause {
        Cause::Silent | Cause::InUse => Absence::from(failure).finding(CODE, context),
        _ if context.config.store.is_on_postgres() => refused(context, &failure),
        Cause::DamagedFile | Cause::Foreign => damaged(context, unreadable(context, &failure)),
        _ => refused(context, &failure),
    }
}

fn unreadable(context: &Context, failure: &Failure) -> String {
    context.say(
        format!("the database cannot be read: {failure}"),
        format!("无法读取数据库：{failure}"),
    )
}

fn refused(context: &Context, failure: &Failure) -> Finding {
    let found = unreadable(context, failure);
    let finding = match context.config.store.is_on_postgres() {
        true => Finding::wrong("superusers.unreadable", found),
        false => Finding::not_looked_at(CODE, found),
    };
    finding.remedy(context.say(
        "run this as root or as the server's user; \"bai check\" says whether the database is whole",
        "请以 root 或服务的用户运行；「bai check」可检查数据库是否完好",
    ))
}

fn count(context: &Context, mut client: Client) -> Finding {
    let query = RecordQuery {
        limit: 1000,
        page: 1,
        ..RecordQuery::default()
    };
    let listed = client.rows(AdminCommand::Superuser(SuperuserCommand::List(query)));
    match listed.map(|rows| rows.len()) {
        Err(failure) => failed(context, failure),
        Ok(0) => Finding::wrong(
            "superusers.none",
            context.say(
                "there is no superuser: nobody can open the console",
                "没有超级管理员：无法登录控制台",
            ),
        )
        .remedy("bai superuser create you@example.com"),
        Ok(count) => Finding::ok(
            CODE,
            context.say(format!("there are {count}"), format!("共有 {count} 个")),
        ),
    }
}
