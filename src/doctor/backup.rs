//! Backups: made, new enough, and elsewhere than the database.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime;
use url::Url;

use super::context::Context;
use super::exchange::resolve;
use super::finding::Finding;
use super::public_url::reach;
use super::{backup_folder, cause};
use crate::backup::Bucket;
use crate::config::S3;
use crate::outbound::Cause;

pub fn look(context: &Context) -> Vec<Finding> {
    let config = &context.config;
    if config.store.is_on_postgres() {
        return vec![on_postgres(context)];
    }
    let folder = config.backup.folder(&config.store.path);
    let newest = backup_folder::newest(&folder);
    let Some(every) = config.backup.every else {
        return vec![by_hand(context, newest)];
    };
    if let Some(unusable) = backup_folder::judge(context, &folder) {
        return vec![unusable];
    }
    vec![age(context, every, newest, &folder)]
}

/// Whether what breaks the database leaves a backup.
pub fn elsewhere(context: &Context) -> Vec<Finding> {
    let config = &context.config;
    if config.store.is_on_postgres() || config.backup.every.is_none() {
        return Vec::new();
    }
    if config.backup.s3.is_on() {
        return vec![bucket(context)];
    }
    let folder = config.backup.folder(&config.store.path);
    same_disk(context, &folder).into_iter().collect()
}

fn on_postgres(context: &Context) -> Finding {
    let found = context.say(
        "the database is on PostgreSQL: bai makes no backups of it",
        "数据库在 PostgreSQL 上：bai 不做备份",
    );
    Finding::advice("backup.postgres", found).remedy(context.say(
        "let PostgreSQL's own tools make them (pg_basebackup, WAL archive, or your cloud's): docs/scale.md, Backups",
        "请使用 PostgreSQL 自己的工具（pg_basebackup、WAL 归档）或云服务商的备份：见 docs/zh-CN/scale.md",
    ))
}

fn by_hand(context: &Context, newest: Option<Timestamp>) -> Finding {
    let found = match newest {
        None => context.say("no backups are made", "没有备份"),
        Some(at) => context.say(
            format!("no backups are made by themselves; the newest is of {at}"),
            format!("没有定时备份；最新一份是 {at}"),
        ),
    };
    Finding::wrong("backup.off", found).remedy(context.say(
        "[backup]\nevery = \"1d\"\nunless another program runs \"bai backup FILE\" and takes it elsewhere",
        "[backup]\nevery = \"1d\"\n除非另有程序定时运行「bai backup FILE」并转存到别处",
    ))
}

fn age(context: &Context, every: Duration, newest: Option<Timestamp>, folder: &Path) -> Finding {
    let folder = folder.display();
    let Some(at) = newest else {
        let found = context.say(
            format!("there is none in {folder} yet"),
            format!("{folder} 中还没有备份"),
        );
        return Finding::advice("backup.none", found).remedy(context.say(
            "the running server makes the first one soon after its start; if none comes, the log says why",
            "服务启动后很快会做第一份备份；若没有，请查看日志",
        ));
    };
    let seconds = context.clock.now().as_second() - at.as_second();
    let age = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let found = context.say(
        format!("the newest is of {at}, in {folder}"),
        format!("最新一份是 {at}，位于 {folder}"),
    );
    match age > every.saturating_mul(2) {
        false => Finding::ok("backup.newest", found),
        true => Finding::wrong("backup.old", found).remedy(context.say(
            "see whether the server runs, and the log: lines with \"backup\" say why none was made",
            "请确认服务在运行，并在日志中查找带 backup 的行",
        )),
    }
}

/// Backups that a broken disk takes along with the database.
fn same_disk(context: &Context, folder: &Path) -> Option<Finding> {
    let is_same = disk_of(folder)? == disk_of(&context.config.store.path)?;
    let found = is_same.then(|| {
        context.say(
            format!(
                "{} is on the disk of the database: what breaks one takes both",
                folder.display()
            ),
            format!(
                "{} 与数据库在同一块磁盘上：磁盘损坏时会同时丢失",
                folder.display()
            ),
        )
    })?;
    Some(Finding::advice("backup.same_disk", found).remedy(context.say(
        "set backup.s3 (Alibaba Cloud OSS, Tencent Cloud COS, …), or backup.dir on another disk",
        "请设置 backup.s3（阿里云 OSS、腾讯云 COS 等），或将 backup.dir 设在另一块磁盘上",
    )))
}

/// Number of the disk that the path is on, or would be.
fn disk_of(path: &Path) -> Option<u64> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find_map(|it| fs::metadata(it).ok())?;
    Some(there.dev())
}

/// Whether the bucket lets us look at what is in it.
fn bucket(context: &Context) -> Finding {
    match ensure_reachable(context).and_then(|()| list(context)) {
        Ok(count) => Finding::ok(
            "backup.bucket",
            context.say(
                format!("the bucket can be reached and has {count} objects of ours"),
                format!("可以访问存储桶，其中有 {count} 个对象"),
            ),
        ),
        Err(why) => Finding::wrong(
            "backup.bucket_refused",
            context.say(
                format!("the bucket cannot be used: {why}"),
                format!("无法使用存储桶：{why}"),
            ),
        )
        .remedy(context.say(
            "see backup.s3: endpoint, region, bucket, access_key, secret_key, path_style; the key needs rights to list, read, write and delete",
            "请检查 backup.s3 的 endpoint、region、bucket、access_key、secret_key、path_style；密钥需要列举、读、写、删除权限",
        )),
    }
}

/// Connects to the bucket first: the list is asked for again and again, and would tell no cause in time.
fn ensure_reachable(context: &Context) -> Result<(), String> {
    let host = host(&context.config.backup.s3);
    // Of what is no URL the list says so.
    let Some((host, port)) = host else {
        return Ok(());
    };
    let outcome = resolve(&host, port)
        .map_err(Cause::from)
        .and_then(|found| any(&found));
    outcome.map_err(|cause| format!("{host}: {}", cause::words(context, &cause)))
}

/// Host and port of the bucket.
fn host(settings: &S3) -> Option<(String, u16)> {
    let url = Url::parse(settings.endpoint.expose()).ok()?;
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    Some(match settings.path_style {
        true => (host.to_owned(), port),
        false => (format!("{}.{host}", settings.bucket), port),
    })
}

/// Connects to one of the addresses.
fn any(addresses: &[SocketAddr]) -> Result<(), Cause> {
    match reach(addresses) {
        (Some(_), _) => Ok(()),
        (None, silent) => Err(silent.map_or(Cause::Unreachable, |it| it.cause)),
    }
}

fn list(context: &Context) -> Result<usize, String> {
    let bucket = Bucket::new(&context.config.backup.s3, context.clock.clone())?;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let listed =
        runtime.block_on(async { tokio::time::timeout(Context::PATIENCE, bucket.list("")).await });
    runtime.shutdown_background();
    match listed {
        Ok(Ok(objects)) => Ok(objects.len()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!(
            "no answer within {} s",
            Context::PATIENCE.as_secs()
        )),
    }
}
