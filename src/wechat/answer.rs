//! Answers of WeChat: JSON with an `errcode`, sorted by it.

use serde::de::Error as Odd;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::error::{Error, OURS, QuotaPeriod, Refusal};
use super::quota;
use crate::domain::{Invalid, Phone};

/// The fields that every answer may have.
#[derive(Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "integer")]
    errcode: i64,
    #[serde(default)]
    errmsg: Value,
}

/// A number, which WeChat and what stands in front of it may write as a text.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(0),
        Value::Number(number) => number
            .as_i64()
            .ok_or_else(|| Odd::custom("no whole number")),
        Value::String(text) => text.trim().parse().map_err(Odd::custom),
        _ => Err(Odd::custom("no number")),
    }
}

/// WeChat's words, cut.
fn words(errmsg: &Value) -> String {
    let text = errmsg
        .as_str()
        .map_or_else(|| errmsg.to_string(), str::to_owned);
    text.chars().take(200).collect()
}

#[derive(Deserialize)]
pub struct Session {
    pub openid: String,
}

#[derive(Deserialize)]
pub struct PhoneAnswer {
    pub phone_info: PhoneInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhoneInfo {
    pure_phone_number: String,
    country_code: Option<CountryCode>,
    pub watermark: Option<Watermark>,
}

impl PhoneInfo {
    /// The number; without a country code, it is a number of the mainland.
    ///
    /// # Errors
    /// [`Invalid`]: it is none.
    pub fn phone(&self) -> Result<Phone, Invalid> {
        let country_code = match &self.country_code {
            Some(CountryCode::Text(code)) => code.clone(),
            Some(CountryCode::Number(code)) => code.to_string(),
            None => String::new(),
        };
        Phone::from_country(&country_code, &self.pure_phone_number)
    }
}

/// Documented as a string, shown as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum CountryCode {
    Text(String),
    Number(u32),
}

#[derive(Deserialize)]
pub struct Watermark {
    pub appid: String,
}

pub fn parse<T: for<'de> Deserialize<'de>>(answer: Value) -> Result<T, Error> {
    serde_json::from_value(answer)
        .map_err(|e| Error::Unavailable(format!("an answer without its fields: {e}")))
}

/// Sorts an answer by its `errcode`: absent or 0 is success.
pub fn classify(answer: Value) -> Result<Value, Error> {
    let status =
        Status::deserialize(&answer).map_err(|_| Error::Unavailable("an odd errcode".into()))?;
    if status.errcode == 0 {
        return Ok(answer);
    }
    let refusal = Refusal {
        errcode: status.errcode,
        errmsg: words(&status.errmsg),
    };
    if matches!(refusal.errcode, 45009 | 45011) {
        tracing::warn!(%refusal, "a quota of WeChat's is used up");
    }
    Err(match refusal.errcode {
        -1 => Error::Busy(refusal),
        40029 | 40163 | 40226 => Error::CodeRefused(refusal),
        45009 => Error::Quota {
            period: QuotaPeriod::Day,
            retry_after: quota::DAILY_RETRY,
        },
        45011 => Error::Quota {
            period: QuotaPeriod::Minute,
            retry_after: quota::MINUTE_RETRY,
        },
        _ => Error::Misconfigured(refusal),
    })
}

/// The error of a phone code. The number by which WeChat refuses a code of another openid is not documented: one that does not
/// mean us means the code.
pub fn refused_unless_ours(error: Error) -> Error {
    match error {
        Error::Misconfigured(refusal) if !OURS.contains(&refusal.errcode) => {
            Error::CodeRefused(refusal)
        }
        error => error,
    }
}

pub fn is_token_dead(errcode: i64) -> bool {
    matches!(errcode, 40001 | 40014 | 42001)
}
