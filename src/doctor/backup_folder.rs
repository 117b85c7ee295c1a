//! The folder of backups: which files in it are backups, and whether the server's user can write there.

use std::fs::{self, DirEntry};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use rustix::fs::{StatVfsMountFlags, statvfs};

use super::context::Context;
use super::file_rights::name_of;
use super::finding::Finding;
use crate::backup::Name;

/// Endings of the names that bai gives backups.
const ENDINGS: [&str; 2] = [".redb", ".zip"];
/// Modes: write and enter by the owner, by the group, by others.
const BY_OWNER: u32 = 0o300;
const BY_GROUP: u32 = 0o030;
const BY_OTHERS: u32 = 0o003;

/// Time of the newest backup in the folder.
pub fn newest(folder: &Path) -> Option<Timestamp> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let times = entries.filter_map(|entry| written(&entry));
    times.max().and_then(|time| Timestamp::try_from(time).ok())
}

/// Time when the backup was written; `None`: it is anything else.
fn written(entry: &DirEntry) -> Option<SystemTime> {
    let name = entry.file_name();
    let name = name.to_str().filter(|name| is_name(name));
    // Not that of what a link leads to.
    let file = name.and_then(|_| entry.metadata().ok())?;
    let is_backup = file.is_file() && file.len() > 0;
    is_backup.then(|| file.modified().ok()).flatten()
}

fn is_name(name: &str) -> bool {
    Name::parse(name).is_ok() && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// A folder in which no backup can be made.
pub fn judge(context: &Context, folder: &Path) -> Option<Finding> {
    let there = existing(folder)?;
    let found = fs::metadata(&there).ok()?;
    if !found.is_dir() {
        return Some(no_folder(context, &there));
    }
    let user = owner(&context.config.store.path)?;
    let may_write = may_write(found.mode(), found.uid(), user) && !is_read_only(&there);
    (!may_write).then(|| not_writable(context, &there, user))
}

/// The folder, or that in which it would be made.
fn existing(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    let there = folder
        .ancestors()
        .find(|it| fs::symlink_metadata(it).is_ok())?;
    Some(there.to_owned())
}

/// The server's user: the one whose the database is, or the folder for it.
fn owner(database: &Path) -> Option<u32> {
    let there = existing(database)?;
    Some(fs::metadata(there).ok()?.uid())
}

/// Whether the user may make files there. Whose a group is, nobody here knows.
fn may_write(mode: u32, owner: u32, user: u32) -> bool {
    let may = |rights: u32| mode & rights == rights;
    match user {
        0 => true,
        user if user == owner => may(BY_OWNER),
        _ => may(BY_GROUP) || may(BY_OTHERS),
    }
}

fn is_read_only(folder: &Path) -> bool {
    statvfs(folder).is_ok_and(|it| it.f_flag.contains(StatVfsMountFlags::RDONLY))
}

fn no_folder(context: &Context, path: &Path) -> Finding {
    let path = path.display();
    let found = context.say(
        format!("{path} is no folder: no backup can be made there"),
        format!("{path} 不是目录：无法在其中做备份"),
    );
    Finding::wrong("backup.no_folder", found).remedy(context.say(
        "name a folder in backup.dir, or take away what is in its place",
        "请在 backup.dir 中指定一个目录，或移走占用该位置的文件",
    ))
}

fn not_writable(context: &Context, folder: &Path, user: u32) -> Finding {
    let (folder, user) = (folder.display(), name_of(user));
    let found = context.say(
        format!("the server's user {user} cannot write to {folder}: no backup can be made there"),
        format!("服务用户 {user} 无法写入 {folder}：无法在其中做备份"),
    );
    Finding::wrong("backup.not_writable", found).remedy(context.say(
        format!("give it a folder of its own, on a disk that is mounted to be written:\ninstall -d -m 700 -o {user} -g {user} FOLDER\nand name that in backup.dir"),
        format!("请为它创建专用目录（所在磁盘须以读写方式挂载），并在 backup.dir 中指定：\ninstall -d -m 700 -o {user} -g {user} DIR"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_s_user_may_write_to_its_own_folder_or_to_one_for_all() {
        for (mode, owner, user, expected) in [
            (0o700, 7, 7, true),
            (0o500, 7, 7, false),
            (0o077, 7, 7, false),
            (0o755, 0, 7, false),
            (0o775, 0, 7, true),
            (0o777, 0, 7, true),
            (0o776, 0, 7, true),
            (0o766, 0, 7, false),
            (0o500, 7, 0, true),
        ] {
            assert_eq!(
                may_write(mode, owner, user),
                expected,
                "{mode:o} {owner} {user}"
            );
        }
    }
}
