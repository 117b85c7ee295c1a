//! Rights of the database file and its folder: the server's user may write, others may not even read.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::process::{Uid, geteuid};

use super::context::Context;
use super::finding::Finding;

/// Modes: read by the group or others; write by the group or others, entered by them; files that only their owners remove.
const READ_BY_OTHERS: u32 = 0o044;
const WRITE_BY_OTHERS: u32 = 0o022;
const ENTER_BY_OTHERS: u32 = 0o011;
const WRITE_BY_OWNER: u32 = 0o200;

pub fn look(context: &Context, path: &Path, folder: &Path) -> Vec<Finding> {
    let Ok(above) = fs::metadata(folder) else {
        return Vec::new();
    };
    let file = fs::metadata(path).ok();
    let mut findings: Vec<_> = [
        file.as_ref()
            .and_then(|file| readable(context, path, file, &above)),
        writable(context, folder, &above),
        file.as_ref()
            .and_then(|file| owners(context, path, file, &above)),
        link(context),
        visitor(context, file.as_ref().unwrap_or(&above)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if findings.is_empty() {
        let owner = name_of(above.uid());
        let found = context.say(
            format!(
                "{} is {owner}'s, and nobody else can read the database",
                folder.display()
            ),
            format!("{} 属于 {owner}，其他用户无法读取数据库", folder.display()),
        );
        findings.push(Finding::ok("disk.rights", found));
    }
    findings
}

/// A database that others can read: it has phones, and hashes of passwords.
fn readable(context: &Context, path: &Path, file: &Metadata, above: &Metadata) -> Option<Finding> {
    let is_readable = file.mode() & READ_BY_OTHERS != 0 && above.mode() & ENTER_BY_OTHERS != 0;
    let path = path.display();
    let found = is_readable.then(|| {
        context.say(
            format!("other users of this machine can read {path}"),
            format!("本机其他用户可以读取 {path}"),
        )
    })?;
    Some(Finding::wrong("disk.readable", found).remedy(format!("chmod 600 {path}")))
}

/// A folder in which others can put another file in the place of the database.
fn writable(context: &Context, folder: &Path, above: &Metadata) -> Option<Finding> {
    let folder = folder.display();
    if above.mode() & WRITE_BY_OTHERS != 0 {
        let found = context.say(
            format!("other users of this machine can write to {folder}, and put another file in the place of the database"),
            format!("本机其他用户可以写入 {folder}，从而替换数据库"),
        );
        return Some(Finding::wrong("disk.writable", found).remedy(format!("chmod go-w {folder}")));
    }
    let found = (above.mode() & WRITE_BY_OWNER == 0).then(|| {
        context.say(
            format!("its owner cannot write to {folder}"),
            format!("所有者无法写入 {folder}"),
        )
    })?;
    Some(Finding::wrong("disk.not_writable", found).remedy(format!("chmod u+w {folder}")))
}

/// A file of another user than its folder, as a command of root's leaves it.
fn owners(context: &Context, path: &Path, file: &Metadata, above: &Metadata) -> Option<Finding> {
    let (own, other) = (name_of(file.uid()), name_of(above.uid()));
    let is_foreign = file.uid() != above.uid() || file.mode() & WRITE_BY_OWNER == 0;
    let path = path.display();
    let found = is_foreign.then(|| {
        context.say(
            format!("{path} is {own}'s and its folder {other}'s, or its owner may not write to it"),
            format!("{path} 属于 {own}，其所在目录属于 {other}，或所有者没有写权限"),
        )
    })?;
    Some(Finding::wrong("disk.owner", found).remedy(context.say(
        format!("give both to the server's user:\nchown {other} {path}\nchmod 600 {path}"),
        format!("请将两者都交给服务用户：\nchown {other} {path}\nchmod 600 {path}"),
    )))
}

/// A link in the place of the file: a backup of the folder has the link only.
fn link(context: &Context) -> Option<Finding> {
    let path = &context.config.store.path;
    let is_link = fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink());
    let target = is_link.then(|| fs::read_link(path).ok()).flatten()?;
    let found = context.say(
        format!("{} is a link to {}", path.display(), target.display()),
        format!("{} 是指向 {} 的符号链接", path.display(), target.display()),
    );
    Some(Finding::advice("disk.link", found).remedy(context.say(
        "name the file itself in store.path, so that socket and backups are beside it",
        "请在 store.path 中直接写该文件的路径，使套接字和备份与它在一起",
    )))
}

/// A user who runs this and can look at less than the server's own.
fn visitor(context: &Context, file: &Metadata) -> Option<Finding> {
    let me = geteuid();
    if me.is_root() || me == Uid::from_raw(file.uid()) {
        return None;
    }
    let owner = name_of(file.uid());
    let found = context.say(
        format!(
            "this runs as {}, and the database is {owner}'s",
            name_of(me.as_raw())
        ),
        format!("当前用户为 {}，数据库属于 {owner}", name_of(me.as_raw())),
    );
    Some(Finding::advice("disk.visitor", found).remedy(context.say(
        "see more as root:\nsudo bai doctor",
        "以 root 运行可检查更多内容：\nsudo bai doctor",
    )))
}

/// Name of the user, or the number.
pub fn name_of(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let number = uid.to_string();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    named.unwrap_or(number)
}
