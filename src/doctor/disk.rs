//! The disk that the database is on: its room, its kind, and who may do what with the file.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statfs, statvfs};

use super::context::Context;
use super::file_rights;
use super::finding::Finding;

const MIB: u64 = 1 << 20;

/// File systems by the numbers of statfs(2), of those that a database should not be on.
const NETWORK: [(u64, &str); 8] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
];
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
const OVERLAY: u64 = 0x794c_7630;

pub fn look(context: &Context) -> Vec<Finding> {
    let store = &context.config.store;
    if store.is_on_postgres() {
        let found = context.say(
            "the database is on PostgreSQL, whose disk is its own",
            "数据库在 PostgreSQL 上，请检查其所在的磁盘",
        );
        return vec![Finding::not_looked_at("disk.postgres", found)];
    }
    let path = fs::canonicalize(&store.path).unwrap_or_else(|_| store.path.clone());
    let folder = folder_of(&path);
    if !folder.is_dir() {
        return vec![missing(context, &folder)];
    }
    let mut findings = vec![room(context, &path, &folder)];
    findings.extend(kind(context, &folder));
    findings.extend(file_rights::look(context, &path, &folder));
    findings
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(Path::new(""));
    match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder.to_owned(),
    }
}

fn missing(context: &Context, folder: &Path) -> Finding {
    let folder = folder.display();
    let found = context.say(
        format!("the folder {folder} of store.path is not there"),
        format!("store.path 所在的目录 {folder} 不存在"),
    );
    Finding::wrong("disk.missing", found).remedy(context.say(
        format!("make it for the server's user:\ninstall -d -m 700 -o bai -g bai {folder}"),
        format!("请为服务用户创建：\ninstall -d -m 700 -o bai -g bai {folder}"),
    ))
}

/// Free space beside what the database and a copy of it take.
fn room(context: &Context, path: &Path, folder: &Path) -> Finding {
    let Ok(disk) = statvfs(folder) else {
        let found = context.say(
            "the system does not tell free space",
            "系统没有提供剩余空间",
        );
        return Finding::not_looked_at("disk.room", found);
    };
    if disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
        let found = context.say(
            format!("{} is mounted read-only", folder.display()),
            format!("{} 以只读方式挂载", folder.display()),
        );
        return Finding::wrong("disk.read_only", found).remedy(context.say(
            "mount it to be written; a disk with errors is mounted so by the system: see dmesg",
            "请以读写方式重新挂载；磁盘出错时系统会自动改为只读，请查看 dmesg",
        ));
    }
    let free = disk.f_bavail.saturating_mul(disk.f_frsize) / MIB;
    let size = fs::metadata(path).map_or(0, |file| file.len()) / MIB;
    judge_room(context, free, size)
}

fn judge_room(context: &Context, free: u64, size: u64) -> Finding {
    let least = u64::try_from(context.config.store.min_free_mib).unwrap_or(u64::MAX);
    let found = context.say(
        format!("{free} MiB are free, the database has {size}"),
        format!("剩余 {free} MiB，数据库 {size} MiB"),
    );
    if free < least {
        return Finding::wrong("disk.full", found).remedy(context.say(
            format!("make room: below store.min_free_mib = {least} the server is not ready, and on a full disk it takes no writes"),
            format!("请清理磁盘：低于 store.min_free_mib = {least} 时服务为未就绪，磁盘写满后无法写入"),
        ));
    }
    if free < size.saturating_mul(2) {
        return Finding::advice("disk.tight", found).remedy(context.say(
            "a backup takes as much as the database, and so does an upgrade: have twice its size free",
            "备份和升级都需要与数据库相当的空间：请预留其大小的两倍",
        ));
    }
    Finding::ok("disk.room", found)
}

/// A kind of file system that a database should not be on.
fn kind(context: &Context, folder: &Path) -> Option<Finding> {
    let kind = statfs(folder).ok()?.f_type;
    judge_kind(context, u64::from_ne_bytes(kind.to_ne_bytes()), folder)
}

fn judge_kind(context: &Context, kind: u64, folder: &Path) -> Option<Finding> {
    let folder = folder.display();
    if let Some((_, name)) = NETWORK.iter().find(|(number, _)| *number == kind) {
        let found = context.say(
            format!("{folder} is on a network file system ({name}): a database breaks there"),
            format!("{folder} 位于网络文件系统（{name}）：数据库可能损坏"),
        );
        return Some(Finding::wrong("disk.network", found).remedy(context.say(
            "name a folder on a local disk or a cloud's block device in store.path",
            "请将 store.path 设在本地磁盘或云盘上",
        )));
    }
    if IN_MEMORY.contains(&kind) {
        let found = context.say(
            format!("{folder} is in memory (tmpfs): a reboot loses the database"),
            format!("{folder} 在内存中（tmpfs）：重启后数据库丢失"),
        );
        return Some(Finding::wrong("disk.memory", found).remedy(context.say(
            "name a folder on a disk in store.path",
            "请将 store.path 设在磁盘上",
        )));
    }
    let found = (kind == OVERLAY).then(|| {
        context.say(
            format!(
                "{folder} is in a container's own layer: with the container the database is removed"
            ),
            format!("{folder} 位于容器自身的可写层：删除容器时数据库一并删除"),
        )
    })?;
    Some(Finding::advice("disk.container", found).remedy(context.say(
        format!("mount a volume there: docker run -v bai:{folder}"),
        format!("请挂载数据卷：docker run -v bai:{folder}"),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_for_the_server_and_for_two_copies() {
        for (free, size, code) in [
            (255, 0, "disk.full"),
            (256, 0, "disk.room"),
            (1999, 1000, "disk.tight"),
            (2000, 1000, "disk.room"),
        ] {
            assert_eq!(judge_room(&Context::of_tests(), free, size).code, code);
        }
    }

    #[test]
    fn a_database_should_be_on_a_disk_of_the_machine() {
        for (kind, code) in [
            (0x6969, Some("disk.network")),
            (0xff53_4d42, Some("disk.network")),
            (0x6573_5546, Some("disk.network")),
            (0x0102_1994, Some("disk.memory")),
            (0x794c_7630, Some("disk.container")),
            (0xef53, None),
        ] {
            let found = judge_kind(&Context::of_tests(), kind, Path::new("/x"));
            assert_eq!(found.map(|it| it.code), code, "{kind:x}");
        }
    }
}
