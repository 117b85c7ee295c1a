//! WeChat's routes, answered by the sandbox. Like WeChat it says `text/plain` and status 200 to everything.

use poem::web::{Data, Query};
use poem::{Endpoint, EndpointExt, Response, Route, get, handler, post};
use serde::Deserialize;
use serde_json::Value;

use crate::clock::Clock;
use crate::wechat::sandbox;

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Params {
    appid: String,
    js_code: String,
    access_token: String,
}

/// WeChat's API as far as we use it; `app_id` is the app that phone numbers are marked with.
pub fn endpoint(app_id: &str, clock: Clock) -> impl Endpoint<Output = Response> + 'static {
    Route::new()
        .at("/sns/jscode2session", get(jscode2session))
        .at("/cgi-bin/stable_token", post(stable_token))
        .at("/wxa/business/getuserphonenumber", post(getuserphonenumber))
        .data(app_id.to_owned())
        .data(clock)
        .map_to_response()
}

#[handler]
fn jscode2session(Query(params): Query<Params>) -> Response {
    answer(&sandbox::jscode2session(&params.appid, &params.js_code))
}

#[handler]
fn stable_token(body: poem::web::Json<Value>) -> Response {
    answer(&sandbox::stable_token(&body))
}

#[handler]
fn getuserphonenumber(
    Query(params): Query<Params>,
    body: poem::web::Json<Value>,
    app_id: Data<&String>,
    clock: Data<&Clock>,
) -> Response {
    let now = clock.now().as_second();
    answer(&sandbox::getuserphonenumber(&app_id, &params.access_token, &body, now))
}

fn answer(body: &Value) -> Response {
    Response::builder().content_type("text/plain").body(body.to_string())
}
