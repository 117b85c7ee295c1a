//! Superusers: without one nobody can open the console.

use super::context::Context;
use super::finding::Finding;
use super::server::{self, Absence};
use crate::admin::superusers::SuperuserCommand;
use crate::admin::{AdminCommand, Cause, Client, Failure, RecordQuery};
use crate::backup::is_missing;

const CODE: &str = "superusers.count";

pub fn look(context: &Context) -> Vec<Finding> {
    let client = server::client(context).or_else(|absence| match absence {
        Absence::Stopped if is_missing(&context.config.store.path) => Err(no_database(context)),
        Absence::Stopped => {
            Client::open_to_read(&context.config).map_err(|it| failed(context, &it))
        }
        Absence::OnPostgres => {
            Client::open_postgres(&context.config).map_err(|it| failed(context, &it))
        }
        Absence::Closed(_) => Err(absence.finding(CODE, context)),
    });
    vec![match client.map(|client| count(context, client)) {
        Ok(finding) | Err(finding) => finding,
    }]
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

fn failed(context: &Context, failure: &Failure) -> Finding {
    let found = context.say(
        format!("the database cannot be read: {failure}"),
        format!("无法读取数据库：{failure}"),
    );
    let is_wrong = failure.cause == Cause::Damaged || context.config.store.is_on_postgres();
    let finding = match is_wrong {
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
        Err(failure) => failed(context, &failure),
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
