//! The console at `/_/`.

use std::sync::Arc;

use poem::endpoint::make_sync;
use poem::http::StatusCode;
use poem::{Endpoint, EndpointExt, IntoEndpoint, Request, Response, Result, Route, get};

use crate::app::App;
use crate::contract::error;
use crate::http::client_address::address_of;
use crate::http::pages::{Files, Page, moved};

/// Paths of the console.
pub const PATHS: [&str; 5] = [
    "/_",
    "/_/",
    "/_/{name}",
    "/_/views/{name}",
    "/_/texts/{name}",
];

/// The routes with those of the console, unless `console.enabled` is off.
pub fn beside_the_pages(routes: Route, app: &Arc<App>, page: Page) -> Route {
    if !app.config.console.enabled {
        return routes;
    }
    routes
        .at("/_", get(make_sync(|_| moved("_/"))))
        .at("/_/", admitting(app, page))
        .at("/_/:name", admitting(app, Files::new("console/")))
        .at(
            "/_/views/:name",
            admitting(app, Files::new("console/views/")),
        )
        .at(
            "/_/texts/:name",
            admitting(app, Files::new("console/texts/")),
        )
}

/// `inner`, for those who come from where superusers may.
fn admitting(
    app: &Arc<App>,
    inner: impl Endpoint<Output = Response> + 'static,
) -> impl IntoEndpoint<Endpoint = impl Endpoint<Output = Response> + 'static> {
    let app = Arc::clone(app);
    inner.before(move |request| {
        let admitted = admit(&app, request);
        async { admitted }
    })
}

fn admit(app: &App, request: Request) -> Result<Request> {
    let address = address_of(&request, &app.config.server.trusted_proxies);
    if app.config.console.admits(address) {
        return Ok(request);
    }
    let text = "控制台只对 console.allow_ips 中的网络开放:请从这些网络访问,或在 config.toml 中加入当前地址";
    let refused = error::reply(StatusCode::FORBIDDEN, text);
    Err(poem::Error::from_response(refused))
}
