//! The settings over HTTP: values, meanings, sources, and no secret.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::app::Call;
use crate::support::binary::{Running, bai};
use crate::support::canary::{self, PASSWORD};
use crate::support::superuser::EMAIL;

/// A URL with a password, and what is shown of it.
const SECRET_URL: &str = "https://li:canary-in-a-url@proxy.example:3128";
const SHOWN_URL: &str = "https://***@proxy.example:3128";

/// A server in `dir` with these variables; its settings as a superuser gets them.
fn settings(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Value {
    let mut command = bai(dir, &[&["serve"], args].concat());
    command
        .envs([("BAI_PASSWORD__LOG_N", "4")])
        .envs(env.iter().copied());
    let server = Running::start(command);
    let mut create = bai(dir, &["superuser", "create", EMAIL]);
    let mut create = create
        .envs(env.iter().copied())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(
        create.stdin.as_mut().unwrap(),
        format!("{PASSWORD}\n").as_bytes(),
    )
    .unwrap();
    assert!(create.wait().unwrap().success());
    let login = json!({ "identity": EMAIL, "password": PASSWORD });
    let login = server.post("/api/collections/_superusers/auth-with-password", &login);
    let token = login.ok()["token"].as_str().unwrap().to_owned();
    let answer = Call::new("GET", &server.base, "/api/config")
        .bearer(&token)
        .send();
    answer.ok()
}

fn find<'a>(settings: &'a Value, key: &str) -> &'a Value {
    let items = settings["items"].as_array().unwrap();
    items.iter().find(|item| item["key"] == key).unwrap()
}

fn shown(settings: &Value, key: &str) -> (Value, Value, Value) {
    let item = find(settings, key);
    (
        item["value"].clone(),
        item["source"].clone(),
        item["origin"].clone(),
    )
}

#[test]
fn each_key_has_its_value_its_meaning_and_who_set_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = "[token]\nlifetime = '7d'\nsuperuser_lifetime = '2d'\n[backup.s3]\nregion = 'here'\nkeep = 5\n[limits]\nregistrations = 9\n";
    fs::write(dir.path().join("config.toml"), file).unwrap();
    let env = [
        ("BAI_TOKEN__SUPERUSER_LIFETIME", "3h"),
        ("BAI_CONSOLE__ALLOW_IPS", "127.0.0.1"),
        ("BAI_BACKUP__S3", "{ keep = 6 }"),
        ("BAI_LIMITS__SOURCE_PERCENT", "25"),
    ];
    let settings = settings(dir.path(), &["--listen", "127.0.0.1:0"], &env);
    assert_eq!(settings["file"], "config.toml");
    let expected =
        |value: &str, source: &str, origin: &str| (json!(value), json!(source), json!(origin));
    for (key, value, source, origin) in [
        ("token.lifetime", "\"7days\"", "file", "config.toml"),
        (
            "token.superuser_lifetime",
            "\"3h\"",
            "environment",
            "BAI_TOKEN__SUPERUSER_LIFETIME",
        ),
        ("limits.registrations", "9", "file", "config.toml"),
        // Set to what it is by default: somebody set it all the same.
        (
            "limits.source_percent",
            "25",
            "environment",
            "BAI_LIMITS__SOURCE_PERCENT",
        ),
        (
            "console.allow_ips",
            "[\"127.0.0.1/32\"]",
            "environment",
            "BAI_CONSOLE__ALLOW_IPS",
        ),
        // A table of the environment takes the place of the file's whole table.
        ("backup.s3.keep", "6", "environment", "BAI_BACKUP__S3"),
        ("backup.s3.region", "\"us-east-1\"", "default", ""),
        ("server.listen", "\"127.0.0.1:0\"", "argument", "--listen"),
        ("store.path", "\"bai.redb\"", "default", ""),
    ] {
        assert_eq!(
            shown(&settings, key),
            expected(value, source, origin),
            "{key}"
        );
    }
    let lifetime = find(&settings, "token.lifetime");
    assert_eq!(lifetime["meaning"], "How long a user's token is valid.");
    assert_eq!(
        (&lifetime["default"], &lifetime["variable"]),
        (&json!("\"5days\""), &json!("BAI_TOKEN__LIFETIME"))
    );
}

/// Keys whose values are secrets by their names, and one that is a path.
fn secret_keys(settings: &Value) -> BTreeSet<String> {
    let items = settings["items"].as_array().unwrap().iter();
    let keys = items.map(|item| item["key"].as_str().unwrap().to_owned());
    let is_secret = |key: &String| {
        let name = key.rsplit('.').next().unwrap();
        ["secret", "token", "key", "password"]
            .iter()
            .any(|word| name.contains(word))
    };
    keys.filter(is_secret)
        .filter(|key| key != "server.tls.key")
        .collect()
}

#[test]
fn no_secret_of_any_key_leaves_the_server() {
    let secrets = [
        ("wechat.secret", "BAI_WECHAT__SECRET", canary::APP_SECRET),
        (
            "metrics.token",
            "BAI_METRICS__TOKEN",
            "canary-metrics-token",
        ),
        (
            "backup.s3.access_key",
            "BAI_BACKUP__S3__ACCESS_KEY",
            "canary-access-key",
        ),
        (
            "backup.s3.secret_key",
            "BAI_BACKUP__S3__SECRET_KEY",
            "canary-secret-key",
        ),
    ];
    let urls = [
        ("wechat.proxy", "BAI_WECHAT__PROXY"),
        ("wechat.base_url", "BAI_WECHAT__BASE_URL"),
        ("backup.s3.endpoint", "BAI_BACKUP__S3__ENDPOINT"),
        (
            "server.tls.acme_directory",
            "BAI_SERVER__TLS__ACME_DIRECTORY",
        ),
        ("server.public_urls", "BAI_SERVER__PUBLIC_URLS"),
        ("server.cors_origins", "BAI_SERVER__CORS_ORIGINS"),
    ];
    let webhook = format!("{SECRET_URL}/hook?key=canary-in-a-query");
    for (alarm, alarm_shown) in [
        (webhook.as_str(), "\"***\""),
        (
            "/bin/true,-H,X-Key: canary-argument",
            "[\"/bin/true\", \"***\", \"***\"]",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut env = vec![
            ("BAI_WECHAT__PROVIDER", "wechat"),
            ("BAI_WECHAT__APP_ID", "wx1"),
            ("BAI_BACKUP__ON_FAILURE", alarm),
        ];
        env.extend(secrets.map(|(_, variable, value)| (variable, value)));
        env.extend(urls.map(|(_, variable)| (variable, SECRET_URL)));
        let settings = settings(dir.path(), &[], &env);
        assert_eq!(canary::find(&settings.to_string()), None);
        assert!(!settings.to_string().contains("li:"));
        assert_eq!(
            secret_keys(&settings),
            secrets.map(|(key, ..)| key.to_owned()).into()
        );
        for (key, variable, _) in secrets {
            let expected = (json!("\"***\""), json!("environment"), json!(variable));
            assert_eq!(shown(&settings, key), expected);
        }
        for (key, _) in urls {
            let value = find(&settings, key)["value"].as_str().unwrap();
            assert!(value.contains(SHOWN_URL), "{key}: {value}");
        }
        assert_eq!(find(&settings, "backup.on_failure")["value"], alarm_shown);
    }
}
