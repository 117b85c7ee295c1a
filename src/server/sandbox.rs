//! WeChat's routes, answered by the sandbox. Like WeChat it says `text/plain` and status 200 to everything.

use std::net::SocketAddr;

use hyper_util::server::graceful::GracefulShutdown;
use poem::web::Query;
use poem::{Endpoint, EndpointExt, FromRequest, Request, Response, Result, Route, get, post};
use poem::{endpoint::make, web::Json};
use serde::Deserialize;
use serde_json::Value;

use super::acceptor::Acceptor;
use super::answers;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::wechat::sandbox;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Params {
    appid: String,
    js_code: String,
    access_token: String,
}

/// Serves the sandbox on a loopback port of its own for the life of the process, and points the client to it.
pub async fn start(config: &mut Config, clock: Clock) -> Result<(), Box<dyn std::error::Error>> {
    const APP_ID: &str = "sandbox";
    let settings = config::Server {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..config::Server::default()
    };
    let endpoint = answers::shared(endpoint(APP_ID, clock));
    let acceptor = Acceptor::bind(&settings, settings.max_connections, None, endpoint)?;
    config.wechat.base_url = format!("http://{}", acceptor.local_addr()?).into();
    config.wechat.app_id = APP_ID.into();
    config.wechat.secret = APP_ID.into();
    config.wechat.proxy.clear();
    tokio::spawn(async move { acceptor.run(&GracefulShutdown::new()).await });
    Ok(())
}

/// WeChat's API as far as we use it; `app_id` is the app that phone numbers are marked with.
fn endpoint(app_id: &'static str, clock: Clock) -> impl Endpoint<Output = Response> + 'static {
    let jscode2session = make(|req| async move {
        let (params, _) = read(req).await?;
        Ok::<_, poem::Error>(answer(&sandbox::jscode2session(
            &params.appid,
            &params.js_code,
        )))
    });
    let stable_token = make(|req| async move {
        let (_, body) = read(req).await?;
        Ok::<_, poem::Error>(answer(&sandbox::stable_token(&body)))
    });
    let getuserphonenumber = make(move |req| {
        let now = clock.now().as_second();
        async move {
            let (params, body) = read(req).await?;
            Ok::<_, poem::Error>(answer(&sandbox::getuserphonenumber(
                app_id,
                &params.access_token,
                &body,
                now,
            )))
        }
    });
    Route::new()
        .at("/sns/jscode2session", get(jscode2session))
        .at("/cgi-bin/stable_token", post(stable_token))
        .at("/wxa/business/getuserphonenumber", post(getuserphonenumber))
        .map_to_response()
}

/// The query, and the JSON of the body: null when there is none.
async fn read(req: Request) -> Result<(Params, Value)> {
    let (req, mut body) = req.split();
    let Query(params) = Query::from_request(&req, &mut body).await?;
    let body = Json::<Value>::from_request(&req, &mut body)
        .await
        .map(|json| json.0);
    Ok((params, body.unwrap_or_default()))
}

fn answer(body: &Value) -> Response {
    Response::builder()
        .content_type("text/plain")
        .body(body.to_string())
}
