//! `bai config`: the effective configuration printed, or a file of all keys written to begin with.

use std::fs::Permissions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::outcome::Outcome;
use super::output;
use crate::config::Config;
use crate::language::Language;

/// Every key with its default, commented; the same keys and values in both.
const ENGLISH: &str = include_str!("../../config.toml");
const CHINESE: &str = include_str!("../../config.zh-CN.toml");

/// The file is to hold the mini-program's secret.
const MODE: u32 = 0o600;

#[derive(Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub args: Option<ConfigCommand>,
}

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Write a configuration file with every key, its default and a comment; a file that is there is left alone
    Init {
        /// The file to write
        #[arg(value_name = "FILE", default_value = "config.toml")]
        file: PathBuf,
    },
}

/// Prints the effective configuration, secrets masked.
pub fn print(config: &Config) -> Outcome {
    output::print(config.to_masked_toml()?.trim_end())
}

/// Writes a file of all keys, in the language of the environment.
pub fn init(file: &Path) -> Outcome {
    let language = Language::of_environment();
    write_new(file, language.choose(ENGLISH, CHINESE)).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => exists(language, file),
        _ => cannot_write(language, file, &e),
    })?;
    output::print(&written(language, file))
}

/// Writes the whole file under another name first: a disk that is full leaves nothing that would be taken for a configuration.
fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    // Of a name without a folder the parent is empty.
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    let mut new = tempfile::Builder::new()
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    new.persist_noclobber(file).map_err(|e| e.error)?;
    Ok(())
}

fn exists(language: Language, file: &Path) -> String {
    let file = file.display();
    language.choose(
        format!("{file} is there already and was left alone: edit it, or name another file"),
        format!("{file} 已存在，未作修改：请直接编辑它，或另指定一个文件"),
    )
}

fn cannot_write(language: Language, file: &Path, error: &std::io::Error) -> String {
    // The error of a temporary file names that file, too.
    let told = error.to_string();
    let cause = told.split(" at path ").next().unwrap_or_default();
    let file = file.display();
    language.choose(
        format!("cannot write {file}: {cause}"),
        format!("无法写入 {file}：{cause}"),
    )
}

fn written(language: Language, file: &Path) -> String {
    let file = file.display();
    language.choose(
        format!(
            "wrote {file}, which only you can read. For production set wechat.provider, app_id and secret in it, then start \
             \"bai serve --config {file}\" and ask \"bai doctor --config {file}\" what is missing"
        ),
        format!(
            "已写入 {file}（仅本用户可读）。正式使用前请设置 wechat.provider、app_id 与 secret，再用「bai serve --config {file}」启动，\
             用「bai doctor --config {file}」检查还缺什么"
        ),
    )
}
