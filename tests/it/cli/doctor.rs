//! `bai doctor`: what it says of the configuration, of WeChat, and of the machine.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::binary::{Running, bai, real_wechat};
use crate::support::canary;
use crate::support::doctor::{Report, Settings};
use crate::support::installation::Installation;
use crate::support::wechat_stub::{Reply, TOKEN, WechatStub, response};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn settings(stub: &WechatStub) -> Settings {
    let quick = ("BAI_WECHAT__TIMEOUT", "2s".to_owned());
    real_wechat(stub).into_iter().chain([quick]).collect()
}

fn with(settings: &Settings, name: &'static str, value: impl Into<String>) -> Settings {
    let more = [(name, value.into())];
    settings.clone().into_iter().chain(more).collect()
}

/// The report of a folder with this setting only.
fn report(dir: &Path, name: &'static str, value: &str) -> Report {
    Report::of(dir, &vec![(name, value.to_owned())], &[])
}

#[test]
fn wechat_is_asked_for_the_access_token_once_and_without_a_renewal() {
    let (dir, stub) = (folder(), WechatStub::start());
    let report = Report::of(dir.path(), &settings(&stub), &[]);
    for code in ["wechat.reached", "wechat.accepted", "wechat.allowed"] {
        report.find(code).is("ok", "");
    }
    let calls = stub.calls(TOKEN);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].body["force_refresh"], false);
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "it wrote something"
    );
}

#[test]
fn each_refusal_of_wechat_has_its_remedy() {
    let (dir, stub) = (folder(), WechatStub::start());
    let ip = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 1-2-3";
    for (errcode, errmsg, code, mark, remedy) in [
        (
            40164,
            ip,
            "wechat.not_allowed",
            "wrong",
            "add 203.0.113.7 at mp.weixin.qq.com",
        ),
        (
            61004,
            "access clientip is not registered",
            "wechat.not_allowed",
            "wrong",
            "IP 白名单",
        ),
        (
            40013,
            "invalid appid",
            "wechat.app_id",
            "wrong",
            "wechat.app_id",
        ),
        (
            40125,
            "invalid appsecret",
            "wechat.secret",
            "wrong",
            "wechat.secret",
        ),
        (
            40001,
            "invalid credential",
            "wechat.secret",
            "wrong",
            "wechat.secret",
        ),
        (
            45009,
            "reach max api daily quota limit",
            "wechat.quota",
            "wrong",
            "reset the day's quota",
        ),
        (
            45011,
            "api minute-quota reach limit",
            "wechat.quota",
            "wrong",
            "in a minute",
        ),
        (-1, "system error", "wechat.busy", "advice", "in a minute"),
        (
            50002,
            "user limited",
            "wechat.not_permitted",
            "wrong",
            "notices",
        ),
        (
            48017,
            "retired",
            "wechat.retired_address",
            "wrong",
            "/etc/hosts",
        ),
        (
            99_999,
            "something new rid: 7",
            "wechat.refused",
            "wrong",
            "rid",
        ),
    ] {
        stub.refuse(TOKEN, errcode, errmsg);
        let report = Report::of(dir.path(), &settings(&stub), &[]);
        report.find(code).is(mark, remedy).says(match errcode {
            99_999 => "something new",
            61004 => "does not name",
            _ => "",
        });
        assert_eq!(report.codes("wechat.").len(), 1, "{errcode}");
        assert_eq!(report.exit_code, 1);
    }
}

#[test]
fn a_wechat_that_is_not_there_or_is_not_wechat_is_told_by_its_cause() {
    let (dir, stub) = (folder(), WechatStub::start());
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let at = |url: String| with(&settings(&stub), "BAI_WECHAT__BASE_URL", url);
    let proxy = with(
        &settings(&stub),
        "BAI_WECHAT__PROXY",
        format!("http://{closed}"),
    );
    for (settings, code, words) in [
        (
            at(format!("http://{closed}")),
            "wechat.unreachable",
            "refused",
        ),
        (
            at("https://wechat.invalid".to_owned()),
            "wechat.unreachable",
            "cannot be resolved",
        ),
        (
            at(stub.url.replace("http", "https")),
            "wechat.unreachable",
            "broken",
        ),
        (proxy, "wechat.proxy", "refused"),
    ] {
        Report::of(dir.path(), &settings, &[])
            .find(code)
            .is("wrong", "")
            .says(words);
    }
    stub.script(|_| Some(Reply::Raw(response("200 OK", "<html>log in</html>"))));
    let report = Report::of(dir.path(), &settings(&stub), &[]);
    report.find("wechat.odd").is("wrong", "wechat.base_url");
    stub.script(|_| Some(Reply::Hang(Duration::from_mins(1))));
    let started = Instant::now();
    let slow = with(&settings(&stub), "BAI_WECHAT__TIMEOUT", "300ms");
    let report = Report::of(dir.path(), &slow, &[]);
    report
        .find("wechat.unreachable")
        .is("wrong", "443")
        .says("timeout");
    assert!(started.elapsed() < Duration::from_secs(25));
}

#[test]
fn settings_for_trying_out_are_wrong_and_others_are_advice() {
    let dir = folder();
    Report::of(dir.path(), &vec![], &[])
        .find("configuration.sandbox")
        .is("wrong", "provider = \"wechat\"");
    for (name, value, code, mark) in [
        (
            "BAI_WECHAT__SANDBOX_PUBLIC",
            "true",
            "configuration.sandbox_public",
            "wrong",
        ),
        (
            "BAI_LIMITS__ENABLED",
            "false",
            "configuration.limits",
            "wrong",
        ),
        ("BAI_LOG__LEVEL", "debug", "configuration.log", "advice"),
        (
            "BAI_PASSWORD__LOG_N",
            "4",
            "configuration.password",
            "advice",
        ),
        (
            "BAI_SERVER__TRUSTED_PROXIES",
            "[\"0.0.0.0/0\"]",
            "configuration.doubt",
            "advice",
        ),
        (
            "BAI_SERVER__PUBLIC_URLS",
            "[\"http://localhost:8090\"]",
            "configuration.loopback_url",
            "advice",
        ),
    ] {
        report(dir.path(), name, value).find(code).is(mark, "");
    }
    let stub = WechatStub::start();
    let public = with(&settings(&stub), "BAI_SERVER__LISTEN", "0.0.0.0:8090");
    let report = Report::of(dir.path(), &public, &[]);
    report
        .find("configuration.listen")
        .is("advice", "127.0.0.1");
    let behind = with(&public, "BAI_SERVER__TRUSTED_PROXIES", "[\"127.0.0.1\"]");
    Report::of(dir.path(), &behind, &[])
        .find("configuration.plain")
        .is("advice", "127.0.0.1:8090");
    report
        .find("configuration.stand_in")
        .is("advice", "api.weixin.qq.com");
    report
        .find("configuration.public_urls")
        .is("advice", "public_urls");
    report.find("configuration.environment").says("6 keys");
    let own = with(&settings(&stub), "BAI_SERVER__PUBLIC_URLS", "[]");
    let own = with(&own, "BAI_LOG__LEVEL", "info,bai::x=debug");
    let codes = Report::of(dir.path(), &own, &[]);
    assert_eq!(
        codes.codes("configuration."),
        ["configuration.environment", "configuration.stand_in"]
    );
}

#[test]
fn a_configuration_with_a_secret_is_for_its_owner() {
    let (dir, stub) = (folder(), WechatStub::start());
    let file = dir.path().join("config.toml");
    let secret = format!(
        "[wechat]\nprovider = \"wechat\"\napp_id = \"wx1\"\nsecret = \"{}\"\nbase_url = \"{}\"\n",
        canary::APP_SECRET,
        stub.url
    );
    for (text, mode, is_wrong) in [
        (secret.as_str(), 0o644, true),
        (secret.as_str(), 0o640, false),
        ("[server]\nbase_path = \"/pb\"\n", 0o644, false),
    ] {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let report = Report::of(dir.path(), &vec![], &[]);
        let found = report.find("configuration.file").says("config.toml").found;
        assert!(!found.contains("environment"), "{found}");
        assert_eq!(
            !report.codes("configuration.readable").is_empty(),
            is_wrong,
            "{text}"
        );
        if is_wrong {
            let found = report.find("configuration.readable").says("wechat.secret");
            found.is("wrong", "chmod o= config.toml");
        }
    }
}

#[test]
fn rights_by_which_others_can_read_or_replace_the_database_are_wrong() {
    let place = Installation::stopped();
    let (dir, file) = (place.path(), place.path().join("bai.redb"));
    let cases = [
        (0o700, 0o600, "disk.rights", "ok", ""),
        (0o755, 0o600, "disk.rights", "ok", ""),
        (0o700, 0o644, "disk.rights", "ok", ""),
        (0o755, 0o644, "disk.readable", "wrong", "chmod 600"),
        (0o777, 0o600, "disk.writable", "wrong", "chmod go-w"),
        (0o700, 0o400, "disk.owner", "wrong", "chmod 600"),
    ];
    for (folder, mode, code, mark, remedy) in cases {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        fs::set_permissions(dir, Permissions::from_mode(folder)).unwrap();
        Report::of(dir, &vec![], &[]).find(code).is(mark, remedy);
    }
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let link = dir.join("link.redb");
    symlink("bai.redb", &link).unwrap();
    let linked = report(dir, "BAI_STORE__PATH", "link.redb");
    linked.find("disk.link").is("advice", "store.path");
    let missing = report(dir, "BAI_STORE__PATH", "nope/bai.redb");
    let whole = dir.join("nope").display().to_string();
    missing.find("disk.missing").is("wrong", &whole);
}

#[test]
fn a_disk_with_less_than_the_least_is_full() {
    let dir = folder();
    report(dir.path(), "BAI_STORE__MIN_FREE_MIB", "0")
        .find("disk.room")
        .is("ok", "");
    let full = report(dir.path(), "BAI_STORE__MIN_FREE_MIB", "1073741824");
    full.find("disk.full").is("wrong", "make room");
}

#[test]
fn without_a_superuser_nobody_opens_the_console_with_the_server_running_or_stopped() {
    Installation::both(|place| {
        let look = |place: &Installation| Report::of(place.path(), &vec![], &[]);
        look(place)
            .find("superusers.none")
            .is("wrong", "bai superuser create");
        let create = ["superuser", "create", "root@example.com"];
        place.run_with(&create, "canary-password\n").ok();
        look(place).find("superusers.count").is("ok", "").says("1");
    });
    Report::of(folder().path(), &vec![], &[])
        .find("superusers.count")
        .is("not_looked_at", "--config");
}

#[test]
fn anything_but_a_whole_database_in_its_place_is_wrong() {
    let place = Installation::stopped();
    let file = place.path().join("bai.redb");
    let whole = fs::read(&file).unwrap();
    let half = &whole[..whole.len() / 2];
    let mut changed = whole.clone();
    changed[64..4096].fill(0xa5);
    for bytes in [b"", half, &changed, b"hello".repeat(2000).as_slice()] {
        fs::write(&file, bytes).unwrap();
        let report = Report::of(place.path(), &vec![], &[]);
        let found = report.find("superusers.damaged");
        found.is("wrong", "bai restore");
        assert_eq!(report.exit_code, 1);
    }
    let folder = report(place.path(), "BAI_STORE__PATH", ".");
    folder.find("superusers.damaged").is("wrong", "store.path");
}

#[test]
fn a_server_that_hangs_is_wrong_and_what_needs_no_server_is_told_all_the_same() {
    let mut place = Installation::empty();
    place.start();
    let server = place.server.as_ref().unwrap();
    server.signal("-STOP");
    let started = Instant::now();
    let report = Report::of(place.path(), &vec![], &["--url", &server.base]);
    assert!(started.elapsed() < Duration::from_secs(25));
    report
        .find("service.hangs")
        .is("wrong", "systemctl restart bai");
    for code in ["superusers.count", "proxy.way"] {
        let found = report.find(code).is("not_looked_at", "service");
        found.says("does not answer");
    }
    for subject in [
        "public_url.plain",
        "public_url.no_domain",
        "public_url.port",
        "service.memory",
    ] {
        assert_eq!(report.codes(subject).len(), 1, "{subject}");
    }
    assert_eq!(report.codes("service.runs").len(), 0);
}

#[test]
fn a_server_whose_socket_is_gone_runs_all_the_same() {
    let mut place = Installation::empty();
    place.start();
    fs::remove_file(place.path().join("bai.redb.sock")).unwrap();
    let report = Report::of(place.path(), &vec![], &[]);
    report
        .find("service.mute")
        .is("wrong", "systemctl restart bai");
    let found = report.find("superusers.count");
    found.is("not_looked_at", "service").says("admin socket");
    assert_eq!(report.codes("service.stopped").len(), 0);
}

#[test]
fn backups_are_made_new_and_elsewhere() {
    let place = Installation::stopped();
    let dir = place.path();
    Report::of(dir, &vec![], &[])
        .find("backup.off")
        .is("wrong", "every = \"1d\"");
    let daily = vec![("BAI_BACKUP__EVERY", "1d".to_owned())];
    let look = || Report::of(dir, &daily, &[]);
    look().find("backup.none").is("advice", "log");
    look().find("backup.same_disk").is("advice", "backup.s3");
    let folder = dir.join("backups");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("notes.txt"), "x").unwrap();
    fs::write(folder.join("empty.zip"), "").unwrap();
    fs::create_dir(folder.join("folder.redb")).unwrap();
    look().find("backup.none").is("advice", "log");
    for name in [
        "bai_auto_20200101000000.zip",
        "bai_backup_20200101000000.redb",
    ] {
        fs::write(folder.join(name), "x").unwrap();
        look().find("backup.newest").is("ok", "");
        fs::rename(folder.join(name), folder.join("last.redb")).unwrap();
    }
    let in_file = [("BAI_BACKUP__DIR", "bai.redb".to_owned())];
    let in_file: Settings = daily.iter().cloned().chain(in_file).collect();
    Report::of(dir, &in_file, &[])
        .find("backup.no_folder")
        .is("wrong", "backup.dir");
    let backup = fs::File::options()
        .write(true)
        .open(folder.join("last.redb"))
        .unwrap();
    let three_days = Duration::from_hours(72);
    let now = backup.metadata().unwrap().modified().unwrap();
    backup.set_modified(now - three_days).unwrap();
    look().find("backup.old").is("wrong", "log");
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let bucket: Settings = [
        ("BAI_BACKUP__S3__BUCKET", "bucket".to_owned()),
        ("BAI_BACKUP__S3__PATH_STYLE", "true".to_owned()),
        ("BAI_BACKUP__S3__ACCESS_KEY", "key".to_owned()),
        ("BAI_BACKUP__S3__SECRET_KEY", canary::APP_SECRET.to_owned()),
    ]
    .into_iter()
    .chain(daily.clone())
    .collect();
    for (endpoint, words) in [
        (format!("http://{closed}"), "connection refused"),
        ("http://bai.invalid".to_owned(), "cannot be resolved"),
    ] {
        Report::of(
            dir,
            &with(&bucket, "BAI_BACKUP__S3__ENDPOINT", endpoint),
            &[],
        )
        .find("backup.bucket_refused")
        .is("wrong", "backup.s3")
        .says(words);
    }
}

#[test]
fn the_service_runs_or_it_is_wrong() {
    Installation::both(|place| {
        let report = Report::of(place.path(), &vec![], &[]);
        let (code, mark) = match place.server {
            Some(_) => ("service.runs", "ok"),
            None => ("service.stopped", "wrong"),
        };
        report.find(code).is(mark, "");
    });
}

#[test]
fn what_the_running_server_complains_of_is_told() {
    let (dir, stub) = (folder(), WechatStub::start());
    let mut command = bai(dir.path(), &[]);
    command
        .envs(settings(&stub))
        .env("BAI_STORE__MIN_FREE_MIB", "1073741824");
    let _server = Running::start(command);
    let report = Report::of(dir.path(), &settings(&stub), &[]);
    report
        .find("service.problem")
        .is("wrong", "journalctl")
        .says("min_free_mib");
}

#[test]
fn the_clock_is_compared_with_wechat_s() {
    let (dir, stub) = (folder(), WechatStub::start());
    let date = |date: &'static str| {
        stub.script(move |call| {
            let answer =
                format!("HTTP/1.1 404 Not Found\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n");
            (call.path == "/").then(|| Reply::Raw(answer.into_bytes()))
        });
        Report::of(dir.path(), &settings(&stub), &[])
    };
    date("Sun, 06 Nov 1994 08:49:37 GMT")
        .find("clock.wrong")
        .is("wrong", "chrony");
    date("yesterday")
        .find("clock.unknown")
        .is("not_looked_at", "timedatectl");
}

#[test]
fn people_read_lines_in_their_language_and_programs_read_codes() {
    let dir = folder();
    let read = |locale: &str| {
        let output = bai(dir.path(), &["doctor"])
            .env("LC_ALL", locale)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(output.stderr, b"");
        String::from_utf8(output.stdout).unwrap()
    };
    let (english, chinese) = (read("C"), read("zh_CN.UTF-8"));
    assert!(
        english.contains("wrong          configuration: the sandbox"),
        "{english}"
    );
    assert!(
        chinese.contains("错误           配置：当前由沙箱代替微信"),
        "{chinese}"
    );
    assert!(
        chinese.contains("\n               provider = \"wechat\"\n"),
        "{chinese}"
    );
    for (text, sum) in [
        (&english, " not looked at\n"),
        (&chinese, "\u{ff0c}未检查 "),
    ] {
        assert!(text.contains(sum), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
    let chars: Vec<char> = chinese.chars().collect();
    let is_half =
        |pair: &&[char]| ('\u{4e00}'..='\u{9fff}').contains(&pair[0]) && ",:;()".contains(pair[1]);
    assert_eq!(chars.windows(2).find(is_half), None);
    let unreachable = bai(dir.path(), &["doctor", "--url", "http://bai.invalid"])
        .env("LC_ALL", "zh_CN.UTF-8")
        .env("BAI_WECHAT__PROVIDER", "wechat")
        .env("BAI_WECHAT__APP_ID", "wx1")
        .env("BAI_WECHAT__SECRET", canary::APP_SECRET)
        .env("BAI_WECHAT__BASE_URL", "http://wechat.invalid")
        .output()
        .unwrap();
    let unreachable = String::from_utf8(unreachable.stdout).unwrap();
    assert!(unreachable.contains("域名无法解析"), "{unreachable}");
    let report = Report::of(dir.path(), &vec![], &[]);
    let marks = ["wrong", "advice", "not_looked_at"].map(|mark| report.count(mark));
    let sum = english.lines().last().unwrap();
    assert!(
        sum.contains(&format!(
            "{} advice, {} wrong, {} not looked at",
            marks[1], marks[0], marks[2]
        )),
        "{sum}"
    );
}

#[test]
fn no_url_is_wrong_use() {
    let dir = folder();
    for url in ["example", "ftp://api.example.com", ""] {
        let output = bai(dir.path(), &["doctor", "--url", url]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{url}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("https://api.example.com"));
    }
}

#[test]
fn nothing_is_wrong_with_a_server_that_is_as_it_should_be() {
    let (dir, stub) = (folder(), WechatStub::start());
    let daily = with(&settings(&stub), "BAI_BACKUP__EVERY", "1d");
    let mut command = bai(dir.path(), &[]);
    command.envs(daily.clone());
    let _server = Running::start(command);
    let mut create = bai(dir.path(), &["superuser", "create", "root@example.com"]);
    let password = dir.path().join("password");
    fs::write(&password, "canary-password\n").unwrap();
    create.stdin(fs::File::open(&password).unwrap());
    assert!(create.output().unwrap().status.success());
    let report = Report::of(dir.path(), &daily, &[]);
    assert_eq!(report.count("wrong"), 0, "{:?}", report.codes(""));
    assert_eq!(report.exit_code, 0);
}

#[test]
fn a_database_on_postgresql_has_a_disk_and_backups_of_its_own() {
    let dir = folder();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("postgres://bai@{closed}/bai");
    let report = report(dir.path(), "BAI_STORE__URL", &url);
    report.find("disk.postgres").is("not_looked_at", "");
    report.find("backup.postgres").is("advice", "pg_basebackup");
    report.find("service.runs").is("not_looked_at", "");
    report
        .find("superusers.unreadable")
        .is("wrong", "bai check");
}
