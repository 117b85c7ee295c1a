//! The pages and documents that the binary carries.

use bai::config::Provider;
use serde_json::{Value, json};

use crate::support::app::TestApp;

#[test]
fn the_document_is_served_in_both_formats() {
    let app = TestApp::spawn();
    let json = app.get("/openapi.json").send();
    assert_eq!(json.header("content-type"), "application/json");
    let yaml = app.get("/openapi.yaml").send();
    assert_eq!(yaml.header("content-type"), "application/yaml");
    let yaml: Value = serde_yaml::from_slice(&yaml.body).unwrap();
    assert_eq!(json.json(), yaml);
    assert_eq!(json.json()["paths"].as_object().unwrap().len(), 8 + 38);
}

#[test]
fn servers_come_from_the_configuration() {
    let app = TestApp::spawn_with(|config| {
        config.server.public_urls.truncate(1);
        config.server.public_urls[0].url = "https://api.example/pb".into();
        config.server.public_urls[0].description = None;
    });
    let public = json!({ "url": "https://api.example/pb" });
    assert_eq!(
        servers(&app),
        json!([{ "url": "/", "description": "本服务" }, public])
    );
}

/// A client that is generated from the document of another deployment sends no password to somebody else.
#[test]
fn this_server_is_the_first_of_the_document() {
    for (base_path, url) in [("", "/"), ("/pb", "/pb"), ("/a/b", "/a/b")] {
        let app = TestApp::spawn_with(|config| config.server.base_path = base_path.into());
        assert_eq!(servers(&app)[0]["url"], url);
        let yaml: Value = serde_yaml::from_str(app.get("/openapi.yaml").send().text()).unwrap();
        assert_eq!(yaml["servers"][0]["url"], url);
        let app = TestApp::spawn_with(|config| {
            config.server.base_path = base_path.into();
            config.server.public_urls.clear();
        });
        assert_eq!(
            servers(&app),
            json!([{ "url": url, "description": "本服务" }])
        );
    }
}

fn servers(app: &TestApp) -> Value {
    app.get("/openapi.json").send().json()["servers"].clone()
}

#[test]
fn pages_come_with_a_strict_content_policy_and_no_inline_script() {
    let app = TestApp::spawn();
    for path in ["/", "/docs", "/setup"] {
        let page = app.get(path).send();
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self';"),
            "{policy}"
        );
        assert_eq!(policy.contains("unsafe-inline"), path == "/docs");
        assert!(
            !page.text().contains("<script>") && !page.text().contains("http"),
            "{}",
            page.text()
        );
    }
}

#[test]
fn pages_and_their_files_carry_the_headers_that_owasp_advises() {
    let app = TestApp::spawn();
    for path in [
        "/",
        "/docs",
        "/assets/style.css",
        "/assets/swagger-ui/swagger-ui-bundle.js",
    ] {
        let answer = app.get(path).send();
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("x-permitted-cross-domain-policies", "none"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "SAMEORIGIN"),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
        assert!(
            answer.header("permissions-policy").contains("camera=()"),
            "{path}"
        );
    }
}

#[test]
fn what_the_contract_s_operations_answer_is_kept_by_nobody_on_the_way() {
    let app = TestApp::spawn();
    for (path, answer) in [
        ("register", app.register("13800138000", "canary-password")),
        ("login", app.login("13800138000", "canary-password")),
        ("wechat", app.wechat_login("alice~1")),
        ("health", app.post("/api/system/health").send()),
    ] {
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (200, "no-store"),
            "{path}"
        );
    }
}

/// Every file that a page refers to, as the browser would resolve it.
#[test]
fn every_reference_of_a_page_leads_somewhere() {
    let app = TestApp::spawn_with(|config| config.server.base_path = "/pb".into());
    for page in ["/", "/docs", "/setup"] {
        let html = app.get(page).send();
        let references = html.text().split(['"', '\'']).filter(|part| {
            part.starts_with("assets/") || part.starts_with("openapi") || *part == "docs"
        });
        let references: Vec<_> = references.collect();
        assert!(references.len() >= 3, "{references:?}");
        for reference in references {
            assert_eq!(
                app.get(&format!("/{reference}")).send().status,
                200,
                "{reference}"
            );
        }
    }
}

#[test]
fn a_base_path_moves_everything() {
    let app = TestApp::spawn_with(|config| config.server.base_path = "/pb".into());
    assert_eq!(app.post("/api/system/health").send().status, 200);
    assert_eq!(app.post("/api/system/nothing").send().status, 404);
    assert_eq!(app.get("/api/system/health").send().header("allow"), "POST");
    let outside =
        crate::support::app::Call::new("POST", app.base.strip_suffix("/pb").unwrap(), "/nothing")
            .send();
    assert_eq!(outside.status, 404);
    let slash = app.get("").send();
    assert_eq!((slash.status, slash.header("location")), (301, "pb/"));
}

#[test]
fn docs_with_a_slash_redirects_relatively() {
    let app = TestApp::spawn();
    let answer = app.get("/docs/").send();
    assert_eq!((answer.status, answer.header("location")), (301, "../docs"));
}

#[test]
fn files_are_compressed_and_revalidated() {
    let app = TestApp::spawn();
    let path = "/assets/swagger-ui/swagger-ui-bundle.js";
    let plain = app.get(path).send();
    let packed = app
        .get(path)
        .header("Accept-Encoding", "br, gzip;q=0.5")
        .send();
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(
        packed.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert!(
        packed
            .headers
            .get_all("vary")
            .iter()
            .any(|v| v == "Accept-Encoding")
    );
    assert!(packed.body.len() * 2 < plain.body.len());
    assert_eq!(&packed.body[..2], [0x1f, 0x8b]);
    for refused in ["gzip;q=0", "gzip; q=0.000", "br, gzip ;q=0.0"] {
        let asked = app.get(path).header("Accept-Encoding", refused).send();
        assert_eq!(asked.header("content-encoding"), "", "{refused}");
    }

    let etag = plain.header("etag");
    assert!(etag.starts_with("W/\""));
    for known in [etag, "*", &format!("\"x\", {etag}")] {
        let again = app.get(path).header("If-None-Match", known).send();
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.header("etag"), etag);
    }
    assert_eq!(
        app.get(path).header("If-None-Match", "\"x\"").send().status,
        200
    );
    let head = app.call("HEAD", path).send();
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), plain.body.len().to_string());
}

#[test]
fn the_home_page_of_production_has_no_word_of_the_sandbox_and_asks_whether_the_server_is_ready() {
    let production = TestApp::spawn();
    let page = production.get("/").send();
    for word in ["沙箱", "sandbox", "users_wx_code"] {
        assert!(!page.text().contains(word), "{word} in {}", page.text());
    }
    let trying = TestApp::spawn_with(|config| config.wechat.provider = Provider::Sandbox);
    assert!(trying.get("/").send().text().contains("沙箱模式"));
    for app in [&production, &trying] {
        let script = app.get("/assets/index.js").send();
        assert!(script.text().contains("fetch(\"readyz\")"));
        assert!(!script.text().contains("system/health"));
    }
}

#[test]
fn while_others_can_reach_the_sandbox_each_page_says_so() {
    let sandbox = |is_public| {
        TestApp::spawn_with(move |config| {
            config.wechat.provider = Provider::Sandbox;
            config.wechat.app_id.clear();
            config.wechat.sandbox_public = is_public;
        })
    };
    let real = TestApp::spawn_with(|config| config.wechat.sandbox_public = true);
    for (app, is_told) in [
        (sandbox(true), true),
        (sandbox(false), false),
        (real, false),
    ] {
        for path in ["/", "/docs", "/setup"] {
            let page = app
                .get(path)
                .header("Accept-Encoding", "gzip, identity")
                .send();
            assert_eq!(page.status, 200);
            let text = String::from_utf8_lossy(&page.body);
            assert_eq!(text.contains("沙箱模式已对外开放"), is_told, "{path}");
            assert!(
                page.header("content-security-policy")
                    .contains("default-src 'none'")
            );
            assert_eq!(app.call("HEAD", path).send().status, 200);
            assert_eq!(app.call("POST", path).send().status, 405);
        }
    }
}
