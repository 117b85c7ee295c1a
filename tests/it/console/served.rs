//! The console's files over HTTP: content policy, caching, who may open it, and that it can be switched off.

use std::collections::BTreeSet;

use crate::support::app::{Answer, TestApp};
use crate::support::binary::{Running, bai};

/// Files of the page besides its modules.
const FILES: [&str; 3] = ["/_/console.css", "/assets/tokens.css", "/assets/icon.svg"];
/// What the texts of one language add: they are asked for once the language is known.
const TEXTS: [&str; 2] = ["/_/texts/en.js", "/_/texts/zh.js"];

/// `path`, as a module of the folder `from` names it.
fn resolved(from: &str, path: &str) -> String {
    let mut folder: Vec<_> = from.split('/').collect();
    folder.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(folder.pop()),
            name => folder.push(name),
        }
    }
    folder.join("/")
}

/// The modules that `main.js` leads to, as a browser loads them.
fn modules(app: &TestApp) -> BTreeSet<String> {
    let mut waiting = vec!["/_/main.js".to_owned()];
    let mut found = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let module = app.get(&path).send();
        assert_eq!(
            (module.status, module.header("content-type")),
            (200, "text/javascript; charset=utf-8"),
            "{path}"
        );
        let imports = module
            .text()
            .lines()
            .filter(|line| line.starts_with("import "));
        let imported = imports.map(|line| line.rsplit('"').nth(1).unwrap());
        waiting.extend(imported.map(|import| resolved(&path, import)));
        found.insert(path);
        waiting.retain(|path| !found.contains(path));
    }
    found
}

#[test]
fn the_page_is_served_with_a_strict_content_policy_and_nothing_inline() {
    let app = TestApp::spawn_with(|config| config.server.base_path = "/pb".into());
    let page = app.get("/_/").send();
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let html = page.text();
    assert!(!html.contains("<style") && !html.contains("style=") && !html.contains("http"));
    assert!(html.contains(r#"<script type="module" src="main.js"></script>"#));
    assert_eq!(app.get("/_").send().header("location"), "_/");
    for unknown in [
        "/_/index.html",
        "/_/nothing.js",
        "/_/views",
        "/_/views/nothing.js",
    ] {
        assert_eq!(app.get(unknown).send().status, 404, "{unknown}");
    }
}

#[test]
fn every_module_is_served_and_the_first_view_takes_less_than_100_kb() {
    let app = TestApp::spawn();
    let paths: Vec<_> = modules(&app)
        .into_iter()
        .chain(FILES.map(str::to_owned))
        .chain(TEXTS.map(str::to_owned))
        .chain(["/_/".to_owned()])
        .collect();
    assert!(paths.len() > 15, "{paths:?}");
    let mut bytes = 0;
    for path in &paths {
        let packed = app.get(path).header("Accept-Encoding", "gzip").send();
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        bytes += packed.body.len();
        let etag = packed.header("etag");
        let again = app.get(path).header("If-None-Match", etag).send();
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
    }
    assert!(bytes < 100_000, "{bytes}");
}

/// Without it, each is asked for only once whoever imports it is there.
#[test]
fn the_page_names_every_module_ahead() {
    let app = TestApp::spawn();
    let page = app.get("/_/").send();
    let links = page
        .text()
        .split("<link rel=\"modulepreload\" href=\"")
        .skip(1);
    let named = links.map(|link| format!("/_/{}", link.split('"').next().unwrap()));
    let named: BTreeSet<_> = named.chain(["/_/main.js".to_owned()]).collect();
    assert_eq!(named, modules(&app));
}

#[test]
fn no_module_writes_html_or_asks_elsewhere() {
    let app = TestApp::spawn();
    for path in modules(&app) {
        let module = app.get(&path).send();
        // The name of SVG's elements, which is asked for nowhere.
        let source = module.text().replace("http://www.w3.org/2000/svg", "");
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            "new Function",
            "http://",
            "https://",
        ] {
            assert!(!source.contains(way), "{path}: {way}");
        }
    }
}

fn leads_to_the_console(page: &Answer) -> bool {
    assert_eq!(page.status, 200);
    page.text().contains("href=\"_/\"")
}

#[test]
fn the_first_page_and_the_set_up_link_lead_to_it() {
    let app = TestApp::spawn();
    for path in ["/", "/setup"] {
        assert!(leads_to_the_console(&app.get(path).send()), "{path}");
    }
}

#[test]
fn switched_off_there_is_none_and_no_page_leads_to_it() {
    let app = TestApp::spawn_with(|config| config.console.enabled = false);
    for path in [
        "/_/",
        "/_",
        "/_/main.js",
        "/_/views/users.js",
        "/_/texts/en.js",
    ] {
        assert_eq!(app.get(path).send().status, 404, "{path}");
    }
    for path in ["/", "/setup"] {
        let page = app.get(path).send();
        assert!(!leads_to_the_console(&page), "{path}");
        assert!(!page.text().contains("console"), "{path}");
        assert!(page.text().ends_with("</html>\n"), "{path}");
    }
}

#[test]
fn it_opens_only_where_superusers_may_come_from() {
    let app = TestApp::spawn_with(|config| {
        config.console.allow_ips = vec!["203.0.113.0/24".parse().unwrap()];
        config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    for path in ["/_/", "/_/main.js", "/_/views/users.js", "/_/texts/zh.js"] {
        let from = |address: &str| app.get(path).header("X-Forwarded-For", address).send();
        let refused = from("198.51.100.7");
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.text().contains("console.allow_ips"), "{path}");
        assert_eq!(from("203.0.113.7").status, 200, "{path}");
    }
    // Everybody else's pages stay.
    assert_eq!(
        app.get("/")
            .header("X-Forwarded-For", "198.51.100.7")
            .send()
            .status,
        200
    );
}

#[test]
fn the_start_names_it_unless_it_is_switched_off() {
    for (enabled, is_named) in [("true", true), ("false", false)] {
        let dir = tempfile::tempdir().unwrap();
        let mut command = bai(dir.path(), &["serve"]);
        command.env("BAI_CONSOLE__ENABLED", enabled);
        let server = Running::start(command);
        let line = format!("console for superusers: {}/_/", server.base);
        server.signal("-TERM");
        let (ended_well, log) = server.wait();
        assert!(ended_well);
        assert_eq!(log.contains(&line), is_named, "{log}");
    }
}
