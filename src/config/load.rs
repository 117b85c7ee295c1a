//! Reading the configuration, and showing it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::bounds::wrong_duration;
use super::sections::{Config, Provider, masked};
use super::sources::Sources;
use super::texts::wrong_text;

const ENV_PREFIX: &str = "BAI_";
/// The key that is in no section.
const WITHOUT_SECTION: &str = "webhooks";
/// Characters of a token that cannot be guessed.
const MIN_TOKEN: usize = 16;

/// Reason why the server does not start with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {path}: {cause}; --config FILE names another")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// A key of the file is unknown or has a bad value. The line is not quoted, because a secret may be on it.
    #[error("{path}, {place}: {}", in_words(&masked(problem)))]
    File {
        /// The file.
        path: PathBuf,
        /// Line and key.
        place: String,
        /// The fault and the expected value.
        problem: String,
    },
    /// An environment variable names an unknown key or has a bad value.
    #[error("environment variable {name}: {}", in_words(&masked(problem)))]
    Env {
        /// The variable.
        name: String,
        /// The fault and the expected value.
        problem: String,
    },
    /// Two settings do not go together.
    #[error("{0}")]
    Conflict(&'static str),
    /// A text cannot be meant as it is; the words name the key.
    #[error("{0}")]
    Text(String),
    /// A duration is too short or too long; the text names the key and its bounds.
    #[error("{0}")]
    Duration(String),
}

impl Config {
    /// Defaults, overridden by `file`, overridden by the variables of `env` that begin with `BAI_`.
    ///
    /// # Errors
    /// Each variant of [`Error`].
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let (mut config, mut table) = match file {
            Some(path) => read(path)?,
            None => (Self::default(), Table::new()),
        };
        let mut sources = file.map_or_else(Sources::default, |path| Sources::of_file(path, &table));
        for (name, value) in env {
            if let Some(path) = split_name(&name) {
                (config, table) =
                    with_env(&table, &path, &value).map_err(|problem| Error::Env {
                        name: name.clone(),
                        problem,
                    })?;
                sources.set_by_variable(&path, &table, &name);
            }
        }
        if let Some(wrong) = wrong_text(&table) {
            return Err(Error::Text(wrong));
        }
        config.check()?;
        config.sources = sources;
        Ok(config)
    }

    /// Whether a variable looks like one of ours but lacks the two underscores, as in `BAI_SERVER_LISTEN`.
    #[must_use]
    pub fn is_suspicious(name: &str) -> bool {
        name.starts_with(ENV_PREFIX) && split_name(name).is_none()
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(wrong) = wrong_duration(self) {
            return Err(Error::Duration(wrong));
        }
        let conflict = self
            .server
            .tls
            .conflict()
            .or_else(|| self.backup.conflict());
        if let Some(conflict) = conflict.or_else(|| self.password.conflict()) {
            return Err(Error::Conflict(conflict));
        }
        if let Some(conflict) = self.wechat.conflict() {
            return Err(Error::Conflict(conflict));
        }
        let has_app = !self.wechat.app_id.is_empty();
        let token = self.metrics.token.expose();
        if !token.is_empty()
            && (token.len() < MIN_TOKEN || !token.bytes().all(|b| b.is_ascii_graphic()))
        {
            return Err(Error::Conflict(
                "metrics.token has to be 16 or more ASCII characters without spaces, such as \"openssl rand -hex 24\" \
                 prints; or empty",
            ));
        }
        match self.wechat.provider {
            Provider::Sandbox if has_app => Err(Error::Conflict(
                "wechat.app_id is set while wechat.provider is \"sandbox\": set wechat.provider = \"wechat\" to use \
                 the real WeChat, or empty wechat.app_id",
            )),
            Provider::Sandbox if !self.is_sandbox_safe() => Err(Error::Conflict(
                "the WeChat sandbox lets anybody log in as anybody, so it runs on a loopback address only: \
                 set server.listen to 127.0.0.1:<port>, or wechat.provider = \"wechat\" with app_id and secret; \
                 to try it out in a network that you trust, wechat.sandbox_public = true",
            )),
            Provider::Wechat if !has_app || self.wechat.secret.expose().is_empty() => {
                Err(Error::Conflict(
                    "wechat.provider is \"wechat\", which needs wechat.app_id and wechat.secret \
                 (or BAI_WECHAT__APP_ID and BAI_WECHAT__SECRET in the environment)",
                ))
            }
            _ if self.store.path.as_os_str().is_empty() => Err(Error::Conflict(
                "store.path (or BAI_STORE__PATH in the environment) is empty: name the database file, such as \"bai.redb\"",
            )),
            _ if [&self.store.path, &self.backup.dir]
                .iter()
                .any(|path| path.starts_with("~")) =>
            {
                Err(Error::Conflict(
                    "store.path and backup.dir are taken as they are, and \"~\" would be a folder of that name: write the whole path",
                ))
            }
            _ if self.backup.is_beside(&self.store.path) => Err(Error::Conflict(
                "backup.dir is the folder of the database, which would be listed and removed as a backup: \
                 set it to a folder of its own, or leave it empty",
            )),
            _ => Ok(()),
        }
    }

    fn is_sandbox_safe(&self) -> bool {
        self.server.listen.ip().is_loopback() || self.wechat.sandbox_public
    }

    /// The configuration as TOML, with secrets masked, and users and passwords in URLs.
    ///
    /// # Errors
    /// None that is known: every value has a form in TOML.
    pub fn to_masked_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

fn read(path: &Path) -> Result<(Config, Table), Error> {
    let text = fs::read_to_string(path).map_err(|cause| Error::Read {
        path: path.to_owned(),
        cause,
    })?;
    let bad = |cause: toml::de::Error| Error::File {
        path: path.to_owned(),
        place: place(&text, cause.span().map_or(0, |span| span.start)),
        problem: told(&text, &cause),
    };
    Ok((
        toml::from_str(&text).map_err(bad)?,
        toml::from_str(&text).map_err(bad)?,
    ))
}

/// The problem, in words that say what to do if webhooks are added to the empty list of the shipped file.
fn told(text: &str, cause: &toml::de::Error) -> String {
    let message = cause.message();
    let line = line(text, cause.span().map_or(0, |span| span.start)).1;
    let is_added = line.trim_start().starts_with("[[webhooks]]");
    match is_added && message.starts_with("duplicate key") {
        true => "webhooks are there twice: remove the line \"webhooks = []\"".to_owned(),
        false => message.to_owned(),
    }
}

/// The number and the text of the line with this byte.
fn line(text: &str, byte: usize) -> (usize, &str) {
    let before = text.get(..byte).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    (number, text.lines().nth(number - 1).unwrap_or_default())
}

/// The place of a mistake at this byte of the file, in words: the line, and the key or the section on it, if there is one.
fn place(text: &str, byte: usize) -> String {
    let (number, line) = line(text, byte);
    let name = line.split('=').next().unwrap_or_default().trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.[]".contains(c);
    let is_assigned = line.contains('=') || name.starts_with('[');
    match is_assigned && !name.is_empty() && name.chars().all(is_name) {
        true => format!("line {number}, {name}"),
        false => format!("line {number}"),
    }
}

/// Section and key of a variable `BAI_<SECTION>__<KEY>`; a table inside the section has a name of its own between them. One key is
/// in no section.
fn split_name(name: &str) -> Option<Vec<String>> {
    let path: Vec<_> = name
        .strip_prefix(ENV_PREFIX)?
        .split("__")
        .map(str::to_lowercase)
        .collect();
    (path.len() > 1 || path == [WITHOUT_SECTION]).then_some(path)
}

/// An error of the TOML parser, the types in the words of the documentation.
fn in_words(problem: &str) -> String {
    problem
        .replace("expected a boolean", "expected true or false")
        .replace(
            "expected a sequence",
            "expected a list such as [\"a\", \"b\"]",
        )
}

/// `table` with one more key. The value is taken as text if the key accepts text, else as TOML, else as a
/// comma-separated list. Webhooks that are empty are none.
fn with_env(table: &Table, path: &[String], raw: &str) -> Result<(Config, Table), String> {
    let is_none = path == [WITHOUT_SECTION] && raw.trim().is_empty();
    let raw = if is_none { "[]" } else { raw };
    let list = || {
        Value::Array(
            raw.split(',')
                .map(|item| Value::String(item.trim().to_owned()))
                .collect(),
        )
    };
    let as_toml = toml::from_str::<Table>(&format!("v = {raw}"))
        .ok()
        .and_then(|mut t| t.remove("v"));
    let forms = [Some(Value::String(raw.to_owned())), as_toml, Some(list())];
    let mut problems = Vec::new();
    for form in forms.into_iter().flatten() {
        let mut table = table.clone();
        put(&mut table, path, form);
        match Config::deserialize(table.clone()) {
            Ok(config) => return Ok((config, table)),
            Err(e) => problems.push(e.message().to_owned()),
        }
    }
    Err(most_telling(&problems).to_owned())
}

/// The problem of the form that has the type of the key, which is what the file would be refused for; else that of the text.
fn most_telling(problems: &[String]) -> &str {
    let is_of_its_type = |problem: &&String| !problem.starts_with("invalid type");
    let found = problems.iter().find(is_of_its_type).or(problems.first());
    found.map_or("", String::as_str)
}

/// Sets the key at `path`. What is no table and is in the way becomes one, for the type of the key to refuse.
fn put(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => drop(table.insert(key.clone(), value)),
        [name, inside @ ..] => {
            let entry = table
                .entry(name.clone())
                .or_insert_with(|| Value::Table(Table::new()));
            if !entry.is_table() {
                *entry = Value::Table(Table::new());
            }
            if let Value::Table(entries) = entry {
                put(entries, inside, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{OnFailure, SHIPPED};
    use super::*;

    fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, text).unwrap();
        Config::load(
            Some(&path),
            env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        )
    }

    fn problem(text: &str, env: &[(&str, &str)]) -> String {
        load(text, env).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_file_holds_every_key_with_its_default() {
        let shipped = Config {
            sources: Sources::default(),
            ..load(SHIPPED, &[]).unwrap()
        };
        assert_eq!(shipped, Config::default());
        let shipped: Table = toml::from_str(SHIPPED).unwrap();
        let shown: Table = toml::from_str(&Config::default().to_masked_toml().unwrap()).unwrap();
        assert_eq!(keys(&shipped), keys(&shown));
    }

    /// `section.key` of each, and `section.table.key`.
    fn keys(table: &Table) -> Vec<String> {
        let inside = |(name, value): (&String, &Value)| match value {
            Value::Table(entries) => keys(entries)
                .iter()
                .map(|key| format!("{name}.{key}"))
                .collect(),
            _ => vec![name.clone()],
        };
        table.iter().flat_map(inside).collect()
    }

    #[test]
    fn what_cannot_be_meant_is_told_by_its_key_whether_it_is_in_the_file_or_the_environment() {
        let refused = problem("", &[("BAI_WECHAT__SECRET", "\"hunter2\"")]);
        assert!(
            refused.starts_with("wechat.secret (or BAI_WECHAT__SECRET"),
            "{refused}"
        );
        assert!(!refused.contains("hunter2"), "{refused}");
        for (text, words) in [
            (
                "[wechat]\nbase_url = 'https://api.weixin.qq.com/sns/jscode2session'",
                "without the path",
            ),
            (
                "[wechat]\nbase_url = 'https://api.weixin.qq.com/cgi-bin/'",
                "without the path",
            ),
            (
                "[wechat]\nbase_url = 'https://api weixin.qq.com'",
                "expected a URL",
            ),
            ("[wechat]\nbase_url = 'https://'", "expected a URL"),
            ("[wechat]\nbase_url = 'https:///sns'", "expected a URL"),
            (
                "[wechat]\nbase_url = 'https://host:https'",
                "expected a URL",
            ),
            ("[wechat]\nbase_url = 'api.weixin.qq.com'", "expected a URL"),
            ("[wechat]\nproxy = 'http://:3128'", "or a URL"),
            ("[backup.s3]\nendpoint = 'https://bu\"cket'", "or a URL"),
            ("[server.tls]\nacme_email = 'ops'", "e-mail address"),
            (
                "[wechat]\nprovider = 'wechat'\napp_id = 'wx1'\nsecret = 'wx1'",
                "is the same as wechat.app_id",
            ),
        ] {
            let refused = problem(text, &[]);
            assert!(refused.contains(words), "{text}: {refused}");
        }
        for url in [
            "https://gateway.example/wechat",
            "http://[::1]:8080",
            "http://li:x@10.0.0.1:3128",
        ] {
            assert!(
                load(&format!("[wechat]\nbase_url = '{url}'"), &[]).is_ok(),
                "{url}"
            );
        }
    }

    /// A key, a value of the environment, the same in the file, and what both are told.
    const REFUSED: [(&str, &str, &str, &str); 16] = [
        (
            "server.max_connections",
            "0",
            "0",
            "expected a number from 1 to 1000000, found 0",
        ),
        (
            "store.cache_mib",
            "0",
            "0",
            "expected a number from 1 to 1048576, found 0",
        ),
        (
            "store.cache_mib",
            "24MB",
            "'24MB'",
            "expected a number from 1 to 1048576",
        ),
        (
            "password.log_n",
            "40",
            "40",
            "expected a number from 1 to 24, found 40",
        ),
        (
            "password.p",
            "0",
            "0",
            "expected a number from 1 to 64, found 0",
        ),
        (
            "limits.source_percent",
            "101",
            "101",
            "expected a number from 1 to 100, found 101",
        ),
        (
            "backup.keep",
            "-1",
            "-1",
            "expected a number from 1 to 10000, found -1",
        ),
        (
            "wechat.max_concurrent",
            "1.5",
            "1.5",
            "expected a number from 1 to 500",
        ),
        (
            "server.cors_origins",
            "[\"https://a/\"]",
            "['https://a/']",
            "without a path, found \"https://a/\"",
        ),
        (
            "server.cors_origins",
            "https://a/",
            "['https://a/']",
            "without a path, found \"https://a/\"",
        ),
        (
            "server.trusted_proxies",
            "10.0.0.0/99",
            "['10.0.0.0/99']",
            "found \"10.0.0.0/99\"",
        ),
        (
            "server.tls.acme",
            "*.a.com",
            "['*.a.com']",
            "found \"*.a.com\"",
        ),
        ("limits.enabled", "no", "'no'", "expected true or false"),
        (
            "token.accept_pocketbase",
            "yes",
            "'yes'",
            "expected true or false",
        ),
        (
            "log.level",
            "warning",
            "'warning'",
            "expected off, error, warn, info, debug or trace",
        ),
        ("events.keep", "-1s", "'-1s'", "expected a duration"),
    ];

    #[test]
    fn the_environment_is_told_what_the_file_is_told() {
        for (key, value, in_file, words) in REFUSED {
            let (section, name) = key.rsplit_once('.').unwrap();
            let variable = format!("BAI_{}", key.to_uppercase().replace('.', "__"));
            let told = problem("", &[(&variable, value)]);
            assert!(told.contains(&variable) && told.contains(words), "{told}");
            let told = problem(&format!("[{section}]\n{name} = {in_file}"), &[]);
            assert!(told.contains("line 2") && told.contains(words), "{told}");
        }
        let told = problem("[server]\ncors_origins = 'https://a'", &[]);
        assert!(told.contains("expected a list such as"), "{told}");
        let told = problem("", &[("BAI_STORE__PATH", "")]);
        assert!(
            told.contains("store.path") && told.contains("is empty"),
            "{told}"
        );
    }

    #[test]
    fn a_level_of_the_log_is_one_of_the_words_that_there_are() {
        for level in [
            "warning",
            "verbose",
            "",
            "info,",
            "inof,bai=debug",
            "bai",
            "bai=loud",
            "hyper=debug",
            "bia=debug",
        ] {
            let told = problem(&format!("[log]\nlevel = '{level}'"), &[]);
            assert!(
                told.contains("expected off, error, warn"),
                "{level}: {told}"
            );
        }
        for level in [
            "off",
            "WARN",
            "info,bai=debug",
            "bai=debug",
            "bai::store=trace, warn",
        ] {
            assert!(
                load(&format!("[log]\nlevel = '{level}'"), &[]).is_ok(),
                "{level}"
            );
        }
    }

    #[test]
    fn a_variable_names_a_key_at_any_depth() {
        let mut table: Table =
            toml::from_str("[server]\nlisten = 'a'\n[server.tls]\ncert = 'b'").unwrap();
        for (name, value) in [
            ("BAI_SERVER__BASE_PATH", "c"),
            ("BAI_SERVER__TLS__CERT", "d"),
            ("BAI_SERVER__TLS__KEY", "e"),
            ("BAI_BACKUP__S3__ACCESS_KEY", "f"),
        ] {
            put(
                &mut table,
                &split_name(name).unwrap(),
                Value::String(value.to_owned()),
            );
        }
        let expected = "[server]\nlisten = 'a'\nbase_path = 'c'\ntls = { cert = 'd', key = 'e' }\n\
                        [backup.s3]\naccess_key = 'f'";
        assert_eq!(table, toml::from_str(expected).unwrap());
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
                ("BAI_BACKUP__EVERY", "1d"),
                ("BAI_BACKUP__ON_FAILURE", "mail, -s, bai"),
                ("BAI_BACKUP__S3__KEEP", "3"),
                ("BAI_BACKUP__S3__PREFIX", "bai"),
                ("BAI_BACKUP__S3__SECRET_KEY", "12345"),
                (
                    "BAI_SERVER__CORS_ORIGINS",
                    "https://a.example, https://b.example",
                ),
                ("BAI_SERVER__PUBLIC_URLS", "['https://a.example/pb']"),
                (
                    "BAI_SERVER__TRUSTED_PROXIES",
                    "127.0.0.1, ::ffff:10.0.0.1, 2001:db8::/32",
                ),
                ("BAI_METRICS__LISTEN", "127.0.0.1:9090"),
                ("PATH", "/bin"),
            ],
        )
        .unwrap();
        assert_eq!(config.server.listen.port(), 2);
        assert_eq!(config.metrics.listen, Some(([127, 0, 0, 1], 9090).into()));
        assert_eq!(config.password.log_n, 5);
        assert!(!config.limits.enabled);
        assert_eq!(config.token.lifetime.as_secs(), 90);
        assert_eq!(config.wechat.timeout.as_millis(), 250);
        assert_eq!(
            (config.wechat.app_id.as_str(), config.wechat.secret.expose()),
            ("123456", "x")
        );
        assert_eq!(config.backup.every, Some(Duration::from_hours(24)));
        let command = OnFailure::Command(["mail", "-s", "bai"].map(String::from).into());
        assert_eq!(config.backup.on_failure, command);
        let s3 = &config.backup.s3;
        assert_eq!(
            (s3.keep, s3.prefix.as_str(), s3.secret_key.expose()),
            (3, "bai/", "12345")
        );
        assert_eq!(
            config.server.cors_origins,
            ["https://a.example", "https://b.example"]
        );
        assert_eq!(
            config.server.public_urls[0].url,
            "https://a.example/pb".into()
        );
        let proxies = ["127.0.0.1/32", "10.0.0.1/32", "2001:db8::/32"];
        assert_eq!(
            config.server.trusted_proxies,
            proxies.map(|network| network.parse().unwrap())
        );
    }

    #[test]
    fn a_mistake_in_the_file_never_shows_what_else_is_on_its_line() {
        for text in [
            "[wechat]\nsecrets = \"5ecre7\"",
            "[wechat]\nsecret = \"5ecre7",
            "[wechat]\nsecret = 5ecre7",
            "[wechat]\nsecret = \"5ecre7\" 5ecre7",
            "[wechat]\nsecret \"5ecre7\"",
            "[wechat]\napp_id = 1\nsecret = \"5ecre7\"",
        ] {
            let problem = problem(text, &[]);
            assert!(
                problem.contains("config.toml, line 2") && !problem.contains("5ecre7"),
                "{problem}"
            );
        }
    }

    #[test]
    fn a_mistake_in_the_file_is_shown_with_file_line_and_key() {
        for (text, parts) in [
            ("[server]\nlisen = 'x'", ["line 2", "lisen", "listen"]),
            (
                "[server]\n\nlisten = 'nowhere'",
                ["line 3", "listen", "socket address"],
            ),
            (
                "[password]\nlog_n = 99",
                ["line 2", "log_n", "from 1 to 24"],
            ),
            (
                "[token]\nlifetime = 'soon'",
                ["line 2", "lifetime", "a duration such as"],
            ),
            (
                "[server]\nbase_path = 'pb/'",
                ["line 2", "base_path", "\"/pb\""],
            ),
            (
                "[wechat]\nprovider = 'fake'",
                ["line 2", "provider", "`sandbox`"],
            ),
            (
                "[limits]\nenabled = 1",
                ["line 2", "enabled", "true or false"],
            ),
            (
                "[wechat]\nproxy = '10.0.0.1'",
                ["line 2", "proxy", "http://"],
            ),
            (
                "[server]\ntrusted_proxies = ['nginx']",
                ["line 2", "trusted_proxies", "\"10.0.0.0/8\""],
            ),
            (
                "[backup]\nevery = 'daily'",
                ["line 2", "every", "a duration such as"],
            ),
            (
                "[backup]\non_failure = 'mail me'",
                ["line 2", "on_failure", "\"https://"],
            ),
            (
                "[backup]\non_failure = ['https://example.com']",
                ["line 2", "on_failure", "[\"/usr/"],
            ),
            (
                "[backup.s3]\nprefix = '/x'",
                ["line 2", "prefix", "\"bai/\""],
            ),
            ("[web]\n", ["line 1", "web", "expected one of"]),
            (
                "[metrics]\nlisten = 'nowhere'",
                ["line 2", "listen", "127.0.0.1:9090"],
            ),
            (
                "[store]\nmin_free_mib = -1",
                ["line 2", "min_free_mib", "from 0 to"],
            ),
        ] {
            let problem = problem(text, &[]);
            for part in parts.iter().chain(&["config.toml"]) {
                assert!(problem.contains(part), "{text:?}: no {part:?} in {problem}");
            }
        }
    }

    const WEBHOOK: &str = "[[webhooks]]\nurl = 'https://a.example'\nsecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'";

    #[test]
    fn webhooks_below_the_empty_list_are_told_to_remove_it() {
        let problem = problem(&format!("{SHIPPED}\n{WEBHOOK}\n"), &[]);
        let line = SHIPPED.lines().count() + 2;
        assert!(
            problem.contains(&format!("line {line}, [[webhooks]]"))
                && problem.contains("remove the line \"webhooks = []\""),
            "{problem}"
        );
        let without = SHIPPED.replace("\nwebhooks = []\n", "\n");
        assert!(load(&format!("{without}\n{WEBHOOK}\n"), &[]).is_ok());
    }

    #[test]
    fn an_empty_variable_of_the_webhooks_means_none() {
        assert_eq!(load(WEBHOOK, &[]).unwrap().webhooks.len(), 1);
        for none in ["", " "] {
            let config = load(WEBHOOK, &[("BAI_WEBHOOKS", none)]).unwrap();
            assert!(config.webhooks.is_empty());
        }
    }

    #[test]
    fn a_mistake_in_the_environment_is_shown_by_name() {
        for (name, value, part) in [
            ("BAI_SERVER__LISEN", "x", "listen"),
            ("BAI_WEB__LISTEN", "x", "unknown field `web`"),
            ("BAI_SERVER__LISTEN__PORT", "x", "expected a string"),
            ("BAI_SERVER__WEB__PORT", "x", "unknown field `web`"),
            ("BAI_PASSWORD__LOG_N", "many", "expected"),
            (
                "BAI_SERVER__TRUSTED_PROXIES",
                "nginx",
                "such as [\"127.0.0.1\"",
            ),
            ("BAI_LIMITS__ENABLED", "perhaps", "true or false"),
        ] {
            let problem = problem("", &[(name, value)]);
            assert!(
                problem.contains(name) && problem.contains(part),
                "{problem}"
            );
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
        let public = ("BAI_WECHAT__SANDBOX_PUBLIC", "true");
        assert!(load("", &[listen, public]).is_ok());
        assert!(problem("", &[wechat]).contains("BAI_WECHAT__SECRET"));
        assert!(problem("", &[app]).contains("sandbox"));
        let bucket = ("BAI_BACKUP__S3__BUCKET", "b");
        let every = ("BAI_BACKUP__EVERY", "1d");
        assert!(problem("", &[bucket]).contains("backup.every"));
        assert!(problem("", &[bucket, every]).contains("backup.s3.secret_key"));
        assert!(problem("", &[("BAI_BACKUP__EVERY", "59s")]).contains("1m or more"));
        let dir = |dir| ("BAI_BACKUP__DIR", dir);
        assert!(problem("", &[dir("."), ("BAI_STORE__PATH", "./bai.redb")]).contains("backup.dir"));
        assert!(
            problem(
                "",
                &[dir("/srv/x/"), ("BAI_STORE__PATH", "/srv/x/bai.redb")]
            )
            .contains("backup.dir")
        );
        assert!(
            load(
                "",
                &[
                    dir("/srv/x/backups"),
                    ("BAI_STORE__PATH", "/srv/x/bai.redb")
                ]
            )
            .is_ok()
        );
        for name in ["BAI_BACKUP__DIR", "BAI_STORE__PATH"] {
            assert!(problem("", &[(name, "~/bai")]).contains("write the whole path"));
            assert!(load("", &[(name, "/srv/~bai")]).is_ok());
        }
        assert!(load("", &[listen, wechat, app, ("BAI_WECHAT__SECRET", "s")]).is_ok());
        for (token, is_fine) in [
            ("", true),
            ("0123456789abcdef", true),
            ("0123456789abcde", false),
            ("0123456789 abcdef", false),
        ] {
            assert_eq!(
                load("", &[("BAI_METRICS__TOKEN", token)]).is_ok(),
                is_fine,
                "{token}"
            );
        }
        assert!(!problem("", &[("BAI_METRICS__TOKEN", "hunter2")]).contains("hunter2"));
    }

    #[test]
    fn secrets_are_masked_wherever_the_configuration_is_shown() {
        let env = [
            ("BAI_WECHAT__SECRET", "hunter2"),
            ("BAI_WECHAT__PROVIDER", "wechat"),
            ("BAI_WECHAT__APP_ID", "wx1"),
            (
                "BAI_BACKUP__ON_FAILURE",
                "https://example.com/hook?key=hunter2",
            ),
            ("BAI_BACKUP__S3__SECRET_KEY", "hunter2"),
        ];
        let config = load("", &env).unwrap();
        assert!(
            config
                .to_masked_toml()
                .unwrap()
                .contains("secret = \"***\"")
        );
        assert!(!format!("{config:?}{}", config.to_masked_toml().unwrap()).contains("hunter2"));
    }

    #[test]
    fn users_and_passwords_of_every_url_are_masked_and_what_is_wrong_with_one_is_told_without_them()
    {
        let url = "https://hunter:hunter2@example.com";
        let urls = [
            ("BAI_WECHAT__BASE_URL", url),
            ("BAI_WECHAT__PROXY", url),
            ("BAI_BACKUP__S3__ENDPOINT", url),
            ("BAI_SERVER__TLS__ACME_DIRECTORY", url),
            (
                "BAI_SERVER__PUBLIC_URLS",
                "['https://hunter:hunter2@example.com', { url = 'https://hunter2@b.example' }]",
            ),
            (
                "BAI_BACKUP__ON_FAILURE",
                "curl, https://hunter:hunter2@example.com",
            ),
        ];
        let config = load("", &urls).unwrap();
        assert_eq!(config.wechat.proxy.expose(), url);
        let shown = config.to_masked_toml().unwrap();
        assert_eq!(shown.matches("https://***@").count(), 7, "{shown}");
        assert!(
            !format!("{config:?}{shown}").contains("hunter"),
            "{config:?}{shown}"
        );
        for (name, _) in urls.iter().take(4) {
            let value = url.replace("https://", "ftp://");
            let problem = problem("", &[(name, &value)]);
            assert!(
                problem.contains(name) && !problem.contains("hunter"),
                "{problem}"
            );
        }
        let problem = problem(
            "[wechat]\nproxy = 'socks5://hunter:hunter2@proxy:1080'",
            &[],
        );
        assert!(
            problem.contains("line 2, proxy:") && !problem.contains("hunter"),
            "{problem}"
        );
    }

    #[test]
    fn a_duration_that_no_time_can_be_reckoned_with_is_refused_by_name() {
        let shown: Table = toml::from_str(&Config::default().to_masked_toml().unwrap()).unwrap();
        let is_duration = |key: &String| {
            let value = key
                .split('.')
                .try_fold(&Value::Table(shown.clone()), |at, part| at.get(part))
                .cloned();
            let text = value
                .as_ref()
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            key == "backup.every" || humantime::parse_duration(&text).is_ok()
        };
        let durations: Vec<_> = keys(&shown).into_iter().filter(is_duration).collect();
        assert!(durations.len() >= 11, "{durations:?}");
        for key in durations {
            let name = format!("BAI_{}", key.to_uppercase().replace('.', "__"));
            for value in ["9999y", "101y", "1ns"] {
                let problem = problem("", &[(&name, value)]);
                assert!(
                    problem.starts_with(&key) && problem.contains("or less"),
                    "{key} {value}: {problem}"
                );
            }
        }
        assert!(load("", &[("BAI_TOKEN__LIFETIME", "100y")]).is_ok());
        let hungry = [("BAI_PASSWORD__LOG_N", "24"), ("BAI_PASSWORD__R", "64")];
        assert!(problem("", &hungry).contains("password.log_n"));
    }
}
