//! Reading the configuration, and showing it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::sections::{Config, Provider};

const ENV_PREFIX: &str = "BAI_";

/// Why the server does not start with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {path}: {cause}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// A key of the file is unknown or has a bad value; the cause shows line and key.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// Line, key, and what was expected.
        cause: Box<toml::de::Error>,
    },
    /// An environment variable names an unknown key or has a bad value.
    #[error("environment variable {name}: {problem}")]
    Env {
        /// The variable.
        name: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// Two settings do not go together.
    #[error("{0}")]
    Conflict(&'static str),
}

impl Config {
    /// Defaults, overridden by `file`, overridden by the variables of `env` that begin with `BAI_`.
    ///
    /// # Errors
    /// Each variant of [`Error`].
    pub fn load(file: Option<&Path>, env: impl Iterator<Item = (String, String)>) -> Result<Self, Error> {
        let (mut config, mut table) = match file {
            Some(path) => read(path)?,
            None => (Self::default(), Table::new()),
        };
        for (name, value) in env {
            if let Some((section, key)) = split_name(&name) {
                (config, table) = with_env(&table, &section, &key, &value)
                    .map_err(|problem| Error::Env { name, problem })?;
            }
        }
        config.check()?;
        Ok(config)
    }

    /// Whether a variable looks like one of ours but lacks the two underscores, as in `BAI_SERVER_LISTEN`.
    #[must_use]
    pub fn is_suspicious(name: &str) -> bool {
        name.starts_with(ENV_PREFIX) && split_name(name).is_none()
    }

    fn check(&self) -> Result<(), Error> {
        let has_app = !self.wechat.app_id.is_empty();
        match self.wechat.provider {
            Provider::Sandbox if has_app => Err(Error::Conflict(
                "wechat.app_id is set while wechat.provider is \"sandbox\": set wechat.provider = \"wechat\" to use \
                 the real WeChat, or empty wechat.app_id",
            )),
            Provider::Sandbox if !self.server.listen.ip().is_loopback() => Err(Error::Conflict(
                "the WeChat sandbox lets anybody log in as anybody, so it runs on a loopback address only: \
                 set server.listen to 127.0.0.1:<port>, or wechat.provider = \"wechat\" with app_id and secret",
            )),
            Provider::Wechat if !has_app || self.wechat.secret.expose().is_empty() => Err(Error::Conflict(
                "wechat.provider is \"wechat\", which needs wechat.app_id and wechat.secret \
                 (or BAI_WECHAT__APP_ID and BAI_WECHAT__SECRET in the environment)",
            )),
            _ if self.backup.is_beside(&self.store.path) => Err(Error::Conflict(
                "backup.dir is the folder of the database, which would be listed and removed as a backup: \
                 set it to a folder of its own, or leave it empty",
            )),
            _ => Ok(()),
        }
    }

    /// The configuration as TOML, with secrets masked.
    ///
    /// # Errors
    /// None that is known: every value has a form in TOML.
    pub fn to_masked_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

fn read(path: &Path) -> Result<(Config, Table), Error> {
    let text = fs::read_to_string(path).map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
    let bad = |cause| Error::File { path: path.to_owned(), cause: Box::new(cause) };
    Ok((toml::from_str(&text).map_err(bad)?, toml::from_str(&text).map_err(bad)?))
}

/// Section and key of a variable `BAI_<SECTION>__<KEY>`.
fn split_name(name: &str) -> Option<(String, String)> {
    let (section, key) = name.strip_prefix(ENV_PREFIX)?.split_once("__")?;
    Some((section.to_lowercase(), key.to_lowercase()))
}

/// `table` with one more key. The value is taken as text if the key accepts text, else as TOML, else as a
/// comma-separated list.
fn with_env(table: &Table, section: &str, key: &str, raw: &str) -> Result<(Config, Table), String> {
    let list = || Value::Array(raw.split(',').map(|item| Value::String(item.trim().to_owned())).collect());
    let as_toml = toml::from_str::<Table>(&format!("v = {raw}")).ok().and_then(|mut t| t.remove("v"));
    let forms = [Some(Value::String(raw.to_owned())), as_toml, Some(list())];
    let mut first_problem = None;
    for form in forms.into_iter().flatten() {
        let mut table = table.clone();
        let entry = table.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(entries) = entry {
            entries.insert(key.to_owned(), form);
        }
        match Config::deserialize(table.clone()) {
            Ok(config) => return Ok((config, table)),
            Err(e) => first_problem.get_or_insert(e.message().to_owned()),
        };
    }
    Err(first_problem.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::SHIPPED;
    use super::*;

    fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, text).unwrap();
        Config::load(Some(&path), env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    fn problem(text: &str, env: &[(&str, &str)]) -> String {
        load(text, env).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_file_holds_every_key_with_its_default() {
        assert_eq!(load(SHIPPED, &[]).unwrap(), Config::default());
        let shipped: Table = toml::from_str(SHIPPED).unwrap();
        let shown: Table = toml::from_str(&Config::default().to_masked_toml().unwrap()).unwrap();
        let keys = |table: &Table| -> Vec<String> {
            let section = |(name, value): (&String, &Value)| -> Vec<String> {
                value.as_table().unwrap().keys().map(|key| format!("{name}.{key}")).collect()
            };
            table.iter().flat_map(section).collect()
        };
        assert_eq!(keys(&shipped), keys(&shown));
    }

    #[test]
    fn the_environment_overrides_the_file_in_every_type() {
        let config = load(
            "[server]\nlisten = '127.0.0.1:1'\n[wechat]\nsecret = 'x'",
            &[
                ("BAI_SERVER__LISTEN", "127.0.0.1:2"),
                ("BAI_PASSWORD__LOG_N", "5"),
                ("BAI_LIMITS__ENABLED", "false"),
                ("BAI_TOKEN__LIFETIME", "90"),
                ("BAI_WECHAT__TIMEOUT", "250ms"),
                ("BAI_WECHAT__PROVIDER", "wechat"),
                ("BAI_WECHAT__APP_ID", "123456"),
                ("BAI_SERVER__CORS_ORIGINS", "https://a.example, https://b.example"),
                ("BAI_SERVER__PUBLIC_URLS", "['https://a.example/pb']"),
                ("BAI_SERVER__TRUSTED_PROXIES", "127.0.0.1, ::ffff:10.0.0.1, 2001:db8::/32"),
                ("PATH", "/bin"),
            ],
        )
        .unwrap();
        assert_eq!(config.server.listen.port(), 2);
        assert_eq!(config.password.log_n, 5);
        assert!(!config.limits.enabled);
        assert_eq!(config.token.lifetime.as_secs(), 90);
        assert_eq!(config.wechat.timeout.as_millis(), 250);
        assert_eq!((config.wechat.app_id.as_str(), config.wechat.secret.expose()), ("123456", "x"));
        assert_eq!(config.server.cors_origins, ["https://a.example", "https://b.example"]);
        assert_eq!(config.server.public_urls[0].url, "https://a.example/pb");
        let proxies = ["127.0.0.1/32", "10.0.0.1/32", "2001:db8::/32"];
        assert_eq!(config.server.trusted_proxies, proxies.map(|network| network.parse().unwrap()));
    }

    #[test]
    fn a_mistake_in_the_file_is_shown_with_file_line_and_key() {
        for (text, parts) in [
            ("[server]\nlisen = 'x'", ["line 2", "lisen", "listen"]),
            ("[server]\n\nlisten = 'nowhere'", ["line 3", "listen", "socket address"]),
            ("[password]\nlog_n = 99", ["line 2", "log_n", "from 1 to 24"]),
            ("[token]\nlifetime = 'soon'", ["line 2", "lifetime", "a duration such as"]),
            ("[server]\nbase_path = 'pb/'", ["line 2", "base_path", "\"/pb\""]),
            ("[wechat]\nprovider = 'fake'", ["line 2", "provider", "`sandbox`"]),
            ("[limits]\nenabled = 1", ["line 2", "enabled", "a boolean"]),
            ("[wechat]\nproxy = '10.0.0.1'", ["line 2", "proxy", "http://"]),
            ("[server]\ntrusted_proxies = ['nginx']", ["line 2", "trusted_proxies", "\"10.0.0.0/8\""]),
            ("[web]\n", ["line 1", "web", "expected one of"]),
        ] {
            let problem = problem(text, &[]);
            for part in parts.iter().chain(&["config.toml"]) {
                assert!(problem.contains(part), "{text:?}: no {part:?} in {problem}");
            }
        }
    }

    #[test]
    fn a_mistake_in_the_environment_is_shown_by_name() {
        for (name, value, part) in [
            ("BAI_SERVER__LISEN", "x", "listen"),
            ("BAI_WEB__LISTEN", "x", "unknown field `web`"),
            ("BAI_PASSWORD__LOG_N", "many", "expected"),
            ("BAI_SERVER__TRUSTED_PROXIES", "nginx", "such as [\"127.0.0.1\""),
            ("BAI_LIMITS__ENABLED", "perhaps", "boolean"),
        ] {
            let problem = problem("", &[(name, value)]);
            assert!(problem.contains(name) && problem.contains(part), "{problem}");
        }
        assert!(Config::is_suspicious("BAI_SERVER_LISTEN"));
        assert!(!Config::is_suspicious("BAI_SERVER__LISTEN") && !Config::is_suspicious("PATH"));
    }

    #[test]
    fn settings_that_do_not_go_together_are_refused() {
        let listen = ("BAI_SERVER__LISTEN", "0.0.0.0:8090");
        let wechat = ("BAI_WECHAT__PROVIDER", "wechat");
        let app = ("BAI_WECHAT__APP_ID", "wx1");
        assert!(problem("", &[listen]).contains("loopback"));
        assert!(problem("", &[wechat]).contains("BAI_WECHAT__SECRET"));
        assert!(problem("", &[app]).contains("sandbox"));
        let dir = |dir| ("BAI_BACKUP__DIR", dir);
        assert!(problem("", &[dir("."), ("BAI_STORE__PATH", "./bai.redb")]).contains("backup.dir"));
        assert!(
            problem("", &[dir("/srv/x/"), ("BAI_STORE__PATH", "/srv/x/bai.redb")]).contains("backup.dir")
        );
        assert!(load("", &[dir("/srv/x/backups"), ("BAI_STORE__PATH", "/srv/x/bai.redb")]).is_ok());
        assert!(load("", &[listen, wechat, app, ("BAI_WECHAT__SECRET", "s")]).is_ok());
    }

    #[test]
    fn secrets_are_masked_wherever_the_configuration_is_shown() {
        let env = [
            ("BAI_WECHAT__SECRET", "hunter2"),
            ("BAI_WECHAT__PROVIDER", "wechat"),
            ("BAI_WECHAT__APP_ID", "wx1"),
        ];
        let config = load("", &env).unwrap();
        assert!(config.to_masked_toml().unwrap().contains("secret = \"***\""));
        assert!(!format!("{config:?}{}", config.to_masked_toml().unwrap()).contains("hunter2"));
    }
}
