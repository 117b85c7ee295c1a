//! The requests of each kind, one after the other and none twice.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::load::{Load, Requests};
use crate::stub::{APP_ID, JUNK};
use crate::users::{self, PASSWORD};
use crate::wire::Connection;

/// Users whose tokens are used.
const TOKENS: u64 = 200;

/// Requests that `write` makes of their numbers, from 0.
fn numbered(write: impl Fn(&mut Vec<u8>, u64) + Send + Sync + 'static) -> Requests {
    let next = AtomicU64::new(0);
    Arc::new(move |request| write(request, next.fetch_add(1, Ordering::Relaxed)))
}

fn post(request: &mut Vec<u8>, path: &str, token: Option<&str>, body: &str) {
    let authorization = token.map(|token| ["Authorization: Bearer ", token, "\r\n"].concat());
    let authorization = authorization.unwrap_or_default();
    let head = "Host: 127.0.0.1\r\nContent-Type: application/json\r\n";
    let length = body.len();
    write!(
        request,
        "POST {path} HTTP/1.1\r\n{head}{authorization}Content-Length: {length}\r\n\r\n{body}"
    )
    .expect("memory takes it");
}

pub fn health() -> Requests {
    Arc::new(|request| post(request, "/api/system/health", None, "{}"))
}

/// Questions of a proxy about tokens.
pub fn verify(tokens: Tokens) -> Requests {
    numbered(move |request, n| {
        let token = tokens.get(n);
        write!(
            request,
            "GET /api/auth/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        .expect("memory takes it");
    })
}

pub fn users_count() -> Requests {
    Arc::new(|request| post(request, "/api/system/users-count", None, "{}"))
}

pub fn refresh(tokens: Tokens) -> Requests {
    numbered(move |request, n| {
        post(
            request,
            "/api/system/refresh-token",
            Some(tokens.get(n)),
            "{}",
        );
    })
}

pub fn refresh_by_code(users: u64) -> Requests {
    wechat(users, "/api/system/refresh-token")
}

/// Logins of the users in the file.
pub fn wechat_login(users: u64) -> Requests {
    wechat(users, "/api/wechat/login")
}

fn wechat(users: u64, path: &'static str) -> Requests {
    numbered(move |request, n| {
        let user = users::wechat_name(users::any_wechat(n, users));
        post(
            request,
            path,
            None,
            &format!(r#"{{"users_wx_code":"{user}-{n}"}}"#),
        );
    })
}

/// Logins of one user, each with another code.
pub fn wechat_login_of(user: u64) -> Requests {
    numbered(move |request, n| {
        let user = users::wechat_name(user);
        post(
            request,
            "/api/wechat/login",
            None,
            &format!(r#"{{"users_wx_code":"{user}-{n}"}}"#),
        );
    })
}

/// Logins of users that there are not yet.
pub fn wechat_first_login() -> Requests {
    numbered(|request, n| {
        post(
            request,
            "/api/wechat/login",
            None,
            &format!(r#"{{"users_wx_code":"new_{n:022}-0"}}"#),
        );
    })
}

/// Each gives its user a phone that nobody has.
pub fn wechat_profile(tokens: Tokens) -> Requests {
    numbered(move |request, n| {
        let picture = "https://img.example.com/avatars/another_picture.jpg";
        let body = format!(
            r#"{{"users_name":"李四","users_phone_code":"17{n:09}-0","users_picture":"{picture}"}}"#
        );
        post(request, "/api/wechat/profile", Some(tokens.get(n)), &body);
    })
}

pub fn platform_login(users: u64) -> Requests {
    numbered(move |request, n| {
        let phone = users::phone(users::any_platform(n, users));
        let body = format!(r#"{{"users_phone":"{phone}","password":"{PASSWORD}"}}"#);
        post(request, "/api/platform/login", None, &body);
    })
}

/// A login of one user by password.
pub fn platform_login_of(user: u64) -> Vec<u8> {
    let mut request = Vec::new();
    let body = format!(
        r#"{{"users_phone":"{}","password":"{PASSWORD}"}}"#,
        users::phone(user)
    );
    post(&mut request, "/api/platform/login", None, &body);
    request
}

/// Logins of users in the file with a password that is not theirs.
pub fn wrong_platform_login(users: u64) -> Requests {
    numbered(move |request, n| {
        let phone = users::phone(users::any_platform(n, users));
        let body = format!(r#"{{"users_phone":"{phone}","password":"not {PASSWORD}"}}"#);
        post(request, "/api/platform/login", None, &body);
    })
}

/// Logins with codes that are nobody's.
pub fn junk_wechat_login() -> Requests {
    numbered(|request, n| {
        post(
            request,
            "/api/wechat/login",
            None,
            &format!(r#"{{"users_wx_code":"{JUNK}-{n}"}}"#),
        );
    })
}

/// Streams of events.
pub fn realtime() -> Requests {
    Arc::new(|request| request.extend(b"GET /api/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
}

/// A change of a user's own record.
pub fn pocketbase_update(id: &str, token: &str, body: &str) -> Vec<u8> {
    let head =
        format!("Host: 127.0.0.1\r\nAuthorization: {token}\r\nContent-Type: application/json");
    let path = format!("/api/collections/tbl_auth_users/records/{id}");
    let length = body.len();
    format!("PATCH {path} HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A list of users by a filter, percent-encoded.
pub fn pocketbase_list(filter: &str, token: &str) -> Vec<u8> {
    let path = format!("/api/collections/tbl_auth_users/records?filter={filter}");
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n\r\n").into_bytes()
}

pub fn platform_register() -> Requests {
    numbered(|request, n| {
        let password = format!(r#""password":"{PASSWORD}","passwordConfirm":"{PASSWORD}""#);
        let body = format!(
            r#"{{"users_name":"张三","users_phone":"19{n:09}",{password},"users_picture":"https://example.com/a.png"}}"#
        );
        post(request, "/api/platform/register", None, &body);
    })
}

/// What the server asks the stub at a login.
pub fn jscode2session() -> Requests {
    numbered(|request, n| {
        let user = users::wechat_name(n);
        let query = format!(
            "appid={APP_ID}&secret=a_secret&js_code={user}-{n}&grant_type=authorization_code"
        );
        write!(
            request,
            "GET /sns/jscode2session?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        )
        .expect("memory takes it");
    })
}

/// What the server asks the stub for a profile.
pub fn getuserphonenumber() -> Requests {
    numbered(|request, n| {
        let openid = users::openid(n);
        let body = format!(r#"{{"code":"17{n:09}-0","openid":"{openid}"}}"#);
        post(
            request,
            "/wxa/business/getuserphonenumber?access_token=an_access_token",
            None,
            &body,
        );
    })
}

/// Tokens of the first WeChat users in the file.
#[derive(Clone)]
pub struct Tokens(Arc<[String]>);

impl Tokens {
    /// Logs them in.
    pub async fn new(address: SocketAddr, users: u64) -> Self {
        let mut connection = Connection::connect(address)
            .await
            .expect("the server listens");
        let (mut tokens, mut request) = (Vec::new(), Vec::new());
        for n in 0..TOKENS.min(users / 2) {
            let body = format!(
                r#"{{"users_wx_code":"{}-token"}}"#,
                users::wechat_name(2 * n)
            );
            request.clear();
            post(&mut request, "/api/wechat/login", None, &body);
            connection.send(&request).await.expect("the server reads");
            let answer = connection.receive().await.expect("the server answers");
            let body: serde_json::Value = serde_json::from_slice(answer.body).expect("JSON");
            tokens.push(body["token"].as_str().expect("a login").to_owned());
        }
        Self(tokens.into())
    }

    fn get(&self, n: u64) -> &str {
        let index = usize::try_from(n).unwrap_or(0) % self.0.len();
        &self.0[index]
    }
}

/// One whole answer to the next of `requests`.
pub async fn sample(load: &Load) -> Vec<u8> {
    let mut connection = Connection::connect(load.address)
        .await
        .expect("the server listens");
    let mut request = Vec::new();
    (load.requests)(&mut request);
    connection.send(&request).await.expect("the server reads");
    let answer = connection.receive().await.expect("the server answers");
    [answer.head, answer.body].concat()
}
