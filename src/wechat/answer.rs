//! Answers of WeChat: JSON with an `errcode`, sorted by it.

use serde::de::Error as Odd;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::error::{Error, OURS, QuotaPeriod, Refusal};
use super::quota;
use crate::domain::{Invalid, OpenId, Phone, UnionId, is_blank};

/// A number, which WeChat and what stands in front of it may write as a text or with a point.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    whole_number(&value).ok_or_else(|| Odd::custom("no whole number"))
}

/// Nothing is 0.
fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Null => Some(0),
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
fn whole(number: f64) -> Option<i64> {
    let is_whole = number.fract() == 0.0 && number.abs() < 1e15;
    is_whole.then_some(number as i64)
}

/// The answer's own words, cut.
fn words(answer: &Value) -> String {
    let said = [&answer["errmsg"], &answer["errMsg"]];
    match said.into_iter().find(|value| !value.is_null()) {
        None => String::new(),
        Some(Value::String(text)) => cut(text),
        Some(other) => cut(&other.to_string()),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Identity of the user of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Identity in this app.
    pub openid: OpenId,
    /// Identity among the apps of the same account; WeChat tells it of some users only.
    pub unionid: Option<UnionId>,
}

#[derive(Deserialize)]
struct Session {
    openid: String,
    #[serde(default)]
    unionid: Value,
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

/// The fields of a success. The parser's words may quote the answer, so they are words of its own.
pub fn parse<T: for<'de> Deserialize<'de>>(answer: &Value) -> Result<T, Error> {
    T::deserialize(answer).map_err(|error| {
        let words = cut(&format!("{error} {}", words(answer)));
        Error::odd_saying("an answer without its fields", words.trim_end())
    })
}

/// The identity of a login. No login fails by a unionid: one of odd form is none.
pub fn identity(answer: &Value) -> Result<Identity, Error> {
    let session: Session = parse(answer)?;
    let openid = OpenId::parse(&session.openid)
        .filter(|openid| !is_blank(openid.as_str()))
        .ok_or_else(|| Error::odd("an openid of odd form"))?;
    let unionid = session.unionid.as_str().and_then(UnionId::parse);
    Ok(Identity { openid, unionid })
}

/// Sorts an answer by its `errcode`: absent or 0 is success.
pub fn classify(answer: Value) -> Result<Value, Error> {
    if !answer.is_object() {
        return Err(Error::odd("JSON that is no object"));
    }
    match whole_number(&answer["errcode"]) {
        Some(0) => Ok(answer),
        Some(errcode) => Err(refused(Refusal {
            errcode,
            errmsg: words(&answer),
        })),
        None => {
            let said = format!("errcode {}, {}", answer["errcode"], words(&answer));
            Err(Error::odd_saying(
                "an errcode that is no number",
                &cut(&said),
            ))
        }
    }
}

fn refused(refusal: Refusal) -> Error {
    if matches!(refusal.errcode, 45009 | 45011) {
        tracing::warn!(%refusal, "a quota of WeChat's is used up");
    }
    match refusal.errcode {
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
    }
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
