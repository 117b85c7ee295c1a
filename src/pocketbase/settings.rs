//! `/api/config`: the settings that the server runs with, for superusers.

use poem::Result;
use poem_openapi::{Enum, Object, OpenApi};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::fields::Fields;
use crate::config::{self, Source};
use crate::error::Error;
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;

/// The endpoint for settings.
pub struct SettingsApi(pub Context);

/// 配置项的来源。
#[derive(Enum)]
#[oai(rename_all = "lowercase")]
enum SettingSource {
    Default,
    File,
    Environment,
    Argument,
}

/// 一个配置项。
#[derive(Object)]
struct Setting {
    /// 如 `backup.s3.bucket`
    key: String,
    /// 当前值(TOML);机密显示为 `"***"`
    value: String,
    /// 默认值(TOML)
    default: String,
    /// 含义,即 config.toml 中的注释
    meaning: String,
    source: SettingSource,
    /// 来源的文件、环境变量或参数;默认值为空
    origin: String,
    /// 可设置它的环境变量
    variable: String,
}

/// 全部配置项,顺序与 config.toml 相同。
#[derive(Object)]
struct SettingList {
    /// 配置文件;没有时为空
    file: String,
    items: Vec<Setting>,
}

enum ListSettings {}

impl Outcomes for ListSettings {
    type Body = SettingList;
    const SUCCESS: Option<(u16, &str)> = Some((200, "当前配置,机密已隐藏"));
    const ERRORS: &[(u16, &str)] = &[
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl SettingsApi {
    /// 查询当前配置:仅超级管理员
    ///
    /// 只读;修改请编辑 config.toml 或环境变量,然后重启。
    #[oai(path = "/config", method = "get", operation_id = "listSettings")]
    async fn list(&self, bearer: Bearer) -> Result<Reply<ListSettings>> {
        self.0.ensure_superuser(&bearer).await?;
        let config = &self.0.app.config;
        let settings = config.settings().map_err(Error::internal)?;
        let file = config.sources.file();
        let body = SettingList {
            file: file.map_or_else(String::new, |path| path.display().to_string()),
            items: settings.into_iter().map(Setting::from).collect(),
        };
        Ok(Reply::new(&body, &Fields::all()))
    }
}

impl From<config::Setting> for Setting {
    fn from(setting: config::Setting) -> Self {
        let (source, origin) = match setting.source {
            Source::Default => (SettingSource::Default, String::new()),
            Source::File(path) => (SettingSource::File, path.display().to_string()),
            Source::Environment(name) => (SettingSource::Environment, name),
            Source::Argument(name) => (SettingSource::Argument, name.to_owned()),
        };
        Self {
            key: setting.key,
            value: setting.value,
            default: setting.default,
            meaning: setting.meaning,
            source,
            origin,
            variable: setting.variable,
        }
    }
}
