//! A stand-in for WeChat's servers, for trying out: what they would answer, without HTTP around it
//! (`api::sandbox` serves it on a loopback port, and the ordinary client talks to that).
//!
//! Any code works again and again. `X~anything` is the user X, so one user can have many codes. Codes that begin
//! with one of [`REFUSED`] get that error. Eleven digits in a phone code are the phone number. A code with [`WITH_UNIONID`]
//! in it is answered with a unionid as well.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::OpenId;

/// The only access token of the sandbox.
const ACCESS_TOKEN: &str = "sandbox_access_token";

/// Beginnings of codes, and the error that they get.
pub const REFUSED: [(&str, i64, &str); 5] = [
    ("bad", 40029, "invalid code, rid: sandbox-0-0"),
    ("used", 40163, "code been used, rid: sandbox-0-0"),
    ("busy", -1, "system error, rid: sandbox-0-0"),
    ("blocked", 40226, "code blocked, rid: sandbox-0-0"),
    (
        "quota",
        45011,
        "api minute-quota reach limit, rid: sandbox-0-0",
    ),
];

/// Part of codes that are answered with a unionid: `u_X` for the user X.
pub const WITH_UNIONID: &str = "~unionid";

/// `GET /sns/jscode2session`.
#[must_use]
pub fn jscode2session(app_id: &str, code: &str) -> Value {
    match code {
        _ if app_id.is_empty() => error(41002, "appid missing"),
        "" => error(41008, "missing code"),
        _ => refusal(code).unwrap_or_else(|| session(code)),
    }
}

fn session(code: &str) -> Value {
    let mut session = json!({ "openid": openid(code), "session_key": "c2FuZGJveA==" });
    if code.contains(WITH_UNIONID) {
        session["unionid"] = openid(code).replacen('o', "u", 1).into();
    }
    session
}

/// `POST /cgi-bin/stable_token`.
#[must_use]
pub fn stable_token(body: &Value) -> Value {
    if body["grant_type"] != "client_credential" {
        return error(40002, "invalid grant_type");
    }
    json!({ "access_token": ACCESS_TOKEN, "expires_in": 7200 })
}

/// `POST /wxa/business/getuserphonenumber`; `now` is in Unix seconds.
#[must_use]
pub fn getuserphonenumber(app_id: &str, access_token: &str, body: &Value, now: i64) -> Value {
    let code = body["code"].as_str().unwrap_or_default();
    if access_token != ACCESS_TOKEN {
        return error(
            40001,
            "invalid credential, access_token is invalid or not latest",
        );
    }
    if code.is_empty() {
        return error(40029, "invalid code");
    }
    refusal(code).unwrap_or_else(|| {
        let phone = phone(code);
        json!({
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": phone,
                "purePhoneNumber": phone,
                "countryCode": "86",
                "watermark": { "timestamp": now, "appid": app_id },
            },
        })
    })
}

fn error(errcode: i64, errmsg: &str) -> Value {
    json!({ "errcode": errcode, "errmsg": errmsg })
}

fn refusal(code: &str) -> Option<Value> {
    let (_, errcode, errmsg) = REFUSED
        .iter()
        .find(|(beginning, ..)| code.starts_with(beginning))?;
    Some(error(*errcode, errmsg))
}

/// `o_X` for the user X; a UUID made from X when that would not be an openid.
fn openid(code: &str) -> String {
    let user = code.split('~').next().unwrap_or_default();
    let plain = format!("o_{user}");
    match OpenId::parse(&plain) {
        Some(_) => plain,
        None => format!("o_{}", digest(user).simple()),
    }
}

fn phone(code: &str) -> String {
    let mut parts = code.as_bytes().windows(11);
    match parts.find(|part| is_mobile(part)) {
        Some(digits) => String::from_utf8_lossy(digits).into_owned(),
        None => format!("138{:08}", digest(code).as_u128() % 100_000_000),
    }
}

fn is_mobile(text: &[u8]) -> bool {
    text[0] == b'1' && (b'3'..=b'9').contains(&text[1]) && text.iter().all(u8::is_ascii_digit)
}

fn digest(text: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes())
}
