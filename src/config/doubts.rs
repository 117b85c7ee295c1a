//! Settings that may be, and are probably not what somebody means: told at the start, because they show late otherwise.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::parse::is_web_address;
use super::{Backup, Config, OnFailure, Provider, Server, Wechat};

/// WeChat's own address, where `AppID` and `AppSecret` have their form.
const WECHAT: &str = "https://api.weixin.qq.com";
/// Time for which nginx keeps a connection idle by default.
const PROXY_IDLE: Duration = Duration::from_mins(1);

impl Config {
    /// Settings that are probably not meant, each with what to do. Secrets are not in it.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let metrics = self.metrics.listen.is_some_and(|address| {
            !address.ip().is_loopback() && self.metrics.token.expose().is_empty()
        });
        let metrics = metrics.then(|| {
            "metrics.listen can be reached by others, and metrics.token is empty: set a token, or listen on 127.0.0.1".to_owned()
        });
        let mut doubts: Vec<String> = metrics.into_iter().collect();
        doubts.extend(self.wechat.doubts());
        doubts.extend(self.server.doubts());
        match self.store.is_on_postgres() {
            true => doubts.extend(self.backup.doubts_on_postgres()),
            false => doubts.extend(self.backup.doubts()),
        }
        doubts
    }
}

impl Wechat {
    fn doubts(&self) -> Vec<String> {
        let secret = self.secret.expose();
        match self.provider {
            Provider::Sandbox if !secret.is_empty() => vec![
                "wechat.secret is set while wechat.provider is \"sandbox\", which asks nobody: set wechat.provider = \"wechat\" for production"
                    .to_owned(),
            ],
            Provider::Wechat if self.base_url.expose() == WECHAT => {
                let app_id = (!is_app_id(&self.app_id)).then(|| {
                    "wechat.app_id has not the form of an AppID, wx and 16 digits or letters from a to f: copy it from mp.weixin.qq.com"
                        .to_owned()
                });
                let secret = (secret.len() != 32 || !is_hex(secret)).then(|| {
                    "wechat.secret has not the form of an AppSecret, 32 digits or letters from a to f: copy it from mp.weixin.qq.com"
                        .to_owned()
                });
                app_id.into_iter().chain(secret).collect()
            }
            Provider::Sandbox | Provider::Wechat => Vec::new(),
        }
    }
}

impl Server {
    fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        for public in &self.public_urls {
            let url = public.url.expose();
            if !url.starts_with('/') && !is_web_address(url) {
                doubts.push(format!(
                    "server.public_urls has \"{}\", which is no address: write one such as \"https://api.example.com/pb\"",
                    public.url
                ));
            }
        }
        if ["/api", "/docs", "/_"]
            .iter()
            .any(|ours| self.base_path.starts_with(ours))
        {
            let path = &self.base_path;
            doubts.push(format!(
                "server.base_path is put before every path, so that health is at {path}/api/system/health: empty it unless that is meant"
            ));
        }
        if self
            .trusted_proxies
            .iter()
            .any(|network| network.prefix_len() == 0)
        {
            doubts.push(
                "server.trusted_proxies has all addresses, so that whoever comes may say to be anybody: name the proxy's address"
                    .to_owned(),
            );
        }
        if !self.trusted_proxies.is_empty() && self.idle_timeout <= PROXY_IDLE {
            doubts.push(
                "server.idle_timeout is not longer than a proxy keeps its connections, 60 s with nginx: requests may be lost with 502"
                    .to_owned(),
            );
        }
        doubts
    }
}

impl Backup {
    /// Doubts where the database is no file.
    fn doubts_on_postgres(&self) -> Option<String> {
        let is_meant = self.every.is_some() || self.s3.is_on();
        is_meant.then(|| {
            "backup.every and backup.s3 are for a database file, and store.url names one on PostgreSQL, so no backup is made: unset \
             them, and let PostgreSQL's own tools make backups (docs/scale.md, Backups)"
                .to_owned()
        })
    }

    fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.every.is_none() && self.on_failure != OnFailure::Nobody {
            doubts.push(
                "backup.on_failure is set and backup.every is not, so no backup is made that could fail: set backup.every = \"1d\""
                    .to_owned(),
            );
        }
        if let OnFailure::Command(words) = &self.on_failure
            && let Some(problem) = problem_of_program(&words[0])
        {
            doubts.push(format!("backup.on_failure cannot run: {problem}"));
        }
        let has_key =
            !self.s3.access_key.expose().is_empty() || !self.s3.secret_key.expose().is_empty();
        if has_key && self.s3.bucket.is_empty() {
            doubts.push(
                "backup.s3 has keys and no bucket, so nothing is uploaded: set backup.s3.bucket"
                    .to_owned(),
            );
        }
        let host = self
            .s3
            .endpoint
            .expose()
            .split_once("://")
            .map_or("", |(_, host)| host);
        if self.s3.is_on() && host.starts_with(&format!("{}.", self.s3.bucket)) {
            doubts.push(
                "backup.s3.endpoint begins with the bucket, which is put before it once more: name the host without it"
                    .to_owned(),
            );
        }
        doubts
    }
}

fn is_app_id(text: &str) -> bool {
    text.strip_prefix("wx")
        .is_some_and(|rest| rest.len() == 16 && is_hex(rest))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Reason why the program cannot be run, of one that is named by its path.
fn problem_of_program(program: &str) -> Option<String> {
    if !Path::new(program).is_absolute() {
        return None;
    }
    match fs::metadata(program) {
        Err(error) => Some(format!("{program}: {error}")),
        Ok(file) if !file.is_file() => Some(format!("{program} is no program")),
        Ok(file) if file.permissions().mode() & 0o111 == 0 => {
            Some(format!("{program} may not be executed: chmod +x {program}"))
        }
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubts(text: &str) -> Vec<String> {
        toml::from_str::<Config>(text).unwrap().doubts()
    }

    #[test]
    fn the_defaults_and_what_is_meant_are_not_doubted() {
        let production = "[wechat]\nprovider = \"wechat\"\napp_id = \"wx0123456789abcdef\"\nsecret = \"0123456789abcdef0123456789abcdef\"\n\
             [server]\ntrusted_proxies = [\"10.0.0.0/8\"]\nbase_path = \"/pb\"\n[backup]\nevery = \"1d\"\non_failure = [\"/bin/sh\", \"-c\", \"true\"]";
        for text in [
            "",
            "[store]\nurl = \"postgres://bai@a,b/bai\"",
            production,
            "[backup]\nevery = \"1d\"\non_failure = [\"tell\"]",
        ] {
            assert_eq!(doubts(text), [] as [String; 0], "{text}");
        }
    }

    #[test]
    fn what_is_probably_not_meant_is_told_by_its_key_and_without_secrets() {
        let wechat = |id: &str, secret: &str| {
            format!("[wechat]\nprovider = \"wechat\"\napp_id = \"{id}\"\nsecret = \"{secret}\"")
        };
        let whole = "0123456789abcdef0123456789abcdef";
        for (text, told) in [
            (wechat("wx…", whole), "wechat.app_id"),
            (wechat("gh_0123456789ab", whole), "wechat.app_id"),
            (wechat("wx0123456789abcdef", "hunter2"), "wechat.secret"),
            (wechat("wx0123456789abcdef", "${SECRET}"), "wechat.secret"),
            ("[wechat]\nsecret = \"hunter2\"".to_owned(), "wechat.provider"),
            ("[server]\npublic_urls = [\"not a url\"]".to_owned(), "server.public_urls"),
            ("[server]\nbase_path = \"/api\"".to_owned(), "server.base_path"),
            ("[server]\ntrusted_proxies = [\"0.0.0.0/0\"]".to_owned(), "server.trusted_proxies"),
            (
                "[server]\ntrusted_proxies = [\"10.0.0.1\"]\nidle_timeout = \"5s\"".to_owned(),
                "server.idle_timeout",
            ),
            ("[metrics]\nlisten = \"0.0.0.0:9100\"".to_owned(), "metrics.token"),
            ("[backup]\non_failure = [\"tell\"]".to_owned(), "backup.every"),
            ("[backup]\nevery = \"1d\"\non_failure = [\"/nope/tell\"]".to_owned(), "/nope/tell"),
            ("[backup]\nevery = \"1d\"\non_failure = [\"/dev/null\"]".to_owned(), "is no program"),
            ("[backup.s3]\naccess_key = \"a\"\nsecret_key = \"hunter2\"".to_owned(), "backup.s3.bucket"),
            (
                "[store]\nurl = \"postgres://bai:hunter2@a/bai\"\n[backup]\nevery = \"1d\"\non_failure = [\"/nope/tell\"]".to_owned(),
                "PostgreSQL's own tools",
            ),
            (
                "[backup]\nevery = \"1d\"\n[backup.s3]\nbucket = \"b\"\nendpoint = \"https://b.s3.example.com\"".to_owned(),
                "backup.s3.endpoint",
            ),
        ] {
            let doubts = doubts(&text);
            assert_eq!(doubts.len(), 1, "{text}: {doubts:?}");
            assert!(doubts[0].contains(told), "{doubts:?}");
            assert!(!doubts[0].contains("hunter2"));
        }
    }
}
