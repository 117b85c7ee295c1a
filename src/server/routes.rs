//! Routes: everything that the server answers over HTTP, put together from the contract, PocketBase's API and the pages.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use bytes::Bytes;
use poem::{
    Endpoint, EndpointExt, IntoEndpoint, Request, Response, Route, endpoint::make_sync, get,
};
use poem_openapi::OpenApiService;
use serde_json::Value;
use tokio::sync::watch;

use super::error_formats::format_of;
use super::{console, monitoring, openapi};
use crate::app::App;
use crate::config::{Config, Provider};
use crate::contract::platform::PlatformApi;
use crate::contract::system::SystemApi;
use crate::contract::wechat::WechatApi;
use crate::http::body::BodyTimeout;
use crate::http::cors::Cors;
use crate::http::front;
use crate::http::front::{Front, RequestIds};
use crate::http::memory::{InMemoryOnce, Memory};
use crate::http::operations::Operations;
use crate::http::pages::{Files, Page, moved};
use crate::http::probe::Probe;
use crate::http::traffic::Traffic;
use crate::pocketbase::{
    AuthApi, BackupScheduleApi, BackupsApi, BatchApi, CollectionsApi, Context, DisabledLoginsApi,
    EventsApi, FilesApi, HealthApi, ImpersonateApi, ImportsApi, KeysApi, MailApi, OverviewApi,
    RealtimeApi, RecordsApi, SetUpApi, SettingsApi, VerifyApi, WebhooksApi,
};
use crate::records::Records;

/// Notice above every page while others can reach the sandbox.
const SANDBOX_NOTICE: &str =
    "沙箱模式已对外开放:任何能访问此地址的人,都能以任何人的身份登录。仅供试用,请勿存放真实用户。";

/// Paths that are served besides those of the document.
const PAGES: [&str; 9] = [
    "/",
    "/docs",
    "/docs/",
    "/assets/{name}",
    "/assets/swagger-ui/{name}",
    "/openapi.json",
    "/openapi.yaml",
    "/metrics",
    "/readyz",
];

type Contract = (SystemApi, WechatApi, PlatformApi);
type Dialect = (
    HealthApi,
    AuthApi,
    MailApi,
    DisabledLoginsApi,
    ImpersonateApi,
    CollectionsApi,
    RecordsApi,
    BatchApi,
    EventsApi,
    OverviewApi,
    ImportsApi,
    SetUpApi,
    RealtimeApi,
    BackupsApi,
    (
        BackupScheduleApi,
        KeysApi,
        SettingsApi,
        WebhooksApi,
        FilesApi,
    ),
);
/// The operations to which a short way leads.
type Frequent = (Contract, VerifyApi);
type Service = OpenApiService<(Frequent, Dialect), ()>;

fn contract(records: &Records) -> Contract {
    let app = &records.app;
    (
        SystemApi {
            app: Arc::clone(app),
            records: records.clone(),
        },
        WechatApi {
            app: Arc::clone(app),
            records: records.clone(),
        },
        PlatformApi {
            app: Arc::clone(app),
            records: records.clone(),
        },
    )
}

fn frequent(records: &Records) -> Frequent {
    (contract(records), VerifyApi(Context::new(records)))
}

fn service(records: &Records, stopping: watch::Receiver<()>) -> Service {
    let app = &records.app;
    let context = Context::new(records);
    let dialect = (
        HealthApi(context.clone()),
        AuthApi(context.clone()),
        MailApi(context.clone()),
        DisabledLoginsApi(context.clone()),
        ImpersonateApi(context.clone()),
        CollectionsApi(context.clone()),
        RecordsApi(context.clone()),
        BatchApi(context.clone()),
        EventsApi(context.clone()),
        OverviewApi(context.clone()),
        ImportsApi::new(context.clone()),
        SetUpApi(context.clone()),
        RealtimeApi::new(context.clone(), stopping),
        BackupsApi(context.clone()),
        (
            BackupScheduleApi(context.clone()),
            KeysApi(context.clone()),
            SettingsApi(context.clone()),
            WebhooksApi(context.clone()),
            FilesApi(context),
        ),
    );
    openapi::service((frequent(records), dialect), &app.config.server)
}

/// The OpenAPI document, as served at `/openapi.json`.
///
/// # Errors
/// When it cannot be generated, which a test would show.
pub fn document(app: &Arc<App>) -> Result<Value, serde_json::Error> {
    openapi::document(&service(&Records::new(app), watch::channel(()).1))
}

/// The file of the home page; the one for trying out says how to log in through the sandbox.
fn home_page(config: &Config) -> &'static str {
    match config.wechat.provider {
        Provider::Sandbox => "sandbox.html",
        Provider::Wechat => "index.html",
    }
}

/// Everything that the server answers, under `server.base_path`. Answers that do not end by themselves end when the sender
/// of `stopping` is dropped.
///
/// # Errors
/// When the OpenAPI document cannot be generated, which a test would show.
pub(super) fn endpoint(
    records: &Records,
    stopping: watch::Receiver<()>,
) -> Result<impl Endpoint<Output = Response> + 'static, Box<dyn std::error::Error>> {
    let app = &records.app;
    let service = service(records, stopping);
    let document = openapi::document(&service)?;
    let base_path = app.config.server.base_path.clone();
    let allow = front::allow_by_path(&document, &base_path);
    let notice = app
        .config
        .wechat
        .is_sandbox_public()
        .then_some(SANDBOX_NOTICE);
    let has_console = app.config.console.enabled;
    let page = |file| {
        Page::new(file)
            .with_notice(notice)
            .with_console(has_console)
    };
    let routes = monitoring::beside_the_api(Route::new(), app);
    let routes = console::beside_the_pages(routes, app, page("console/index.html"))
        .at("/", page(home_page(&app.config)).around(with_slash))
        .at("/setup", page("setup.html"))
        .at("/docs", Page::swagger_ui("docs.html").with_notice(notice))
        .at("/docs/", get(make_sync(|_| moved("../docs"))))
        .at("/assets/:name", Files::new(""))
        .at("/assets/swagger-ui/:name", Files::new("swagger-ui/"))
        .at(
            "/openapi.json",
            text("application/json", serde_json::to_string_pretty(&document)?),
        )
        .at(
            "/openapi.yaml",
            text("application/yaml", serde_yaml::to_string(&document)?),
        )
        .nest_no_strip("/api", service);
    let everything = if base_path.is_empty() {
        routes.map_to_response().boxed()
    } else {
        Route::new()
            .nest(&base_path, routes)
            .map_to_response()
            .boxed()
    };
    let documented = document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(path, _)| path.as_str());
    let traffic = Traffic::new(documented.chain(PAGES).chain(console::PATHS), &base_path);
    traffic.register_metrics(&app.metrics);
    let inner = Operations::new(frequent(records), &base_path, everything, &traffic);
    let body_timeout = BodyTimeout(app.config.server.body_timeout);
    let cors = Cors::new(&app.config.server.cors_origins);
    let (request_ids, has_tls) = (RequestIds::new(&app.random), app.config.server.tls.is_on());
    let (memory, trusted_proxies) = (
        Memory::new(&app.config),
        app.config.server.trusted_proxies.clone(),
    );
    memory.register_metrics(&app.metrics);
    Ok(Front {
        inner,
        traffic,
        cors,
        request_ids,
        body_timeout,
        memory,
        probe: Probe(Arc::clone(&app.probes)),
        trusted_proxies,
        format_of,
        allow,
        base_path,
        has_tls,
    })
}

/// Endpoint of `metrics.listen`; its requests are not counted.
pub fn watch_endpoint(app: &Arc<App>) -> impl Endpoint<Output = Response> + 'static {
    let (routes, traffic) = (
        monitoring::routes(app).map_to_response().boxed(),
        Traffic::new(iter::empty(), ""),
    );
    Front {
        inner: Operations::new((), "", routes, &traffic),
        traffic,
        cors: Cors::new(&[]),
        request_ids: RequestIds::new(&app.random),
        body_timeout: BodyTimeout(app.config.server.body_timeout),
        memory: Memory::new(&app.config),
        probe: Probe(Arc::clone(&app.probes)),
        trusted_proxies: Vec::new(),
        format_of,
        allow: HashMap::new(),
        base_path: String::new(),
        has_tls: false,
    }
}

fn text(content_type: &'static str, body: String) -> impl IntoEndpoint {
    let body = Bytes::from(body);
    let answer = move |_| {
        Response::builder()
            .content_type(content_type)
            .extension(InMemoryOnce)
            .body(body.clone())
    };
    get(make_sync(answer))
}

/// Under a base path such as "/pb", "/pb" itself has to become "/pb/" for the page's relative links to hold.
async fn with_slash(page: Arc<Page>, req: Request) -> poem::Result<Response> {
    let path = req.original_uri().path();
    match path.rsplit('/').next() {
        Some("") | None => page.call(req).await,
        Some(last) => Ok(moved(&format!("{last}/"))),
    }
}
