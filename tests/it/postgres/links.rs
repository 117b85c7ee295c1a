//! The proxy's connections: cut, parted and led elsewhere, and what comes before a session.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_postgres::NoTls;

use crate::support::postgres::{database, sql, wait_until};
use crate::support::wire_proxy::Proxy;

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn encryption_is_refused_and_the_session_begins_without() {
    let proxy = Proxy::start(&database());
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let mut answer = [0; 2];
    for (code, answer) in [80_877_103_u32, 80_877_104].into_iter().zip(&mut answer) {
        client.write_u32(8).await.unwrap();
        client.write_u32(code).await.unwrap();
        *answer = client.read_u8().await.unwrap();
    }
    assert_eq!(&answer, b"NN");
    let startup = b"\0\x03\0\0user\0bai\0\0";
    let length = u32::try_from(startup.len() + 4).unwrap();
    client.write_u32(length).await.unwrap();
    client.write_all(startup).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'R', "authentication");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_request_to_cancel_is_counted_and_reaches_the_server() {
    let direct = database();
    let proxy = Proxy::start(&direct);
    let client = sql::connect(&proxy.url).await;
    let cancel = client.cancel_token();
    let sleep = client.batch_execute("SELECT pg_sleep(600)");
    tokio::pin!(sleep);
    assert!(timeout(SHORT, &mut sleep).await.is_err());
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    wait_until("it sleeps", || sql::value(&direct, sleeping) == "1");
    cancel.cancel_query(NoTls).await.unwrap();
    assert_eq!(sleep.await.unwrap_err().code().unwrap().code(), "57014");
    assert_eq!((proxy.cancels(), proxy.connections()), (1, 2));
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn one_connection_or_all_are_cut_and_new_ones_are_served() {
    let proxy = Proxy::start(&database());
    let clients = [
        sql::connect(&proxy.url).await,
        sql::connect(&proxy.url).await,
    ];
    proxy.cut(0);
    assert!(clients[0].batch_execute("").await.is_err());
    clients[1].batch_execute("").await.unwrap();
    proxy.cut_all();
    assert!(clients[1].batch_execute("").await.is_err());
    sql::execute(&proxy.url, "SELECT 1");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_parted_network_is_silent_until_it_heals() {
    let direct = database();
    let proxy = Proxy::start(&direct);
    let client = sql::connect(&proxy.url).await;
    proxy.blackhole_all();
    assert!(timeout(SHORT, client.batch_execute("")).await.is_err());
    assert!(timeout(SHORT, sql::try_connect(&proxy.url)).await.is_err());
    assert!(!client.is_closed());
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    drop(client);
    tokio::time::sleep(SHORT).await;
    assert_eq!(
        sql::value(&direct, sessions),
        "1",
        "the server does not know"
    );
    proxy.heal();
    sql::execute(&proxy.url, "SELECT 1");
    proxy.cut_all();
    wait_until("the server knows", || sql::value(&direct, sessions) == "0");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn new_connections_are_led_to_another_server() {
    let proxy = Proxy::start(&database());
    let client = sql::connect(&proxy.url).await;
    let nobody = TcpStream::connect("127.0.0.1:9").await;
    assert!(nobody.is_err(), "nobody listens there");
    proxy.lead_to("postgres://bai@127.0.0.1:9/bai");
    assert!(sql::try_connect(&proxy.url).await.is_err());
    client.batch_execute("").await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_dropped_proxy_closes_its_connections() {
    let proxy = Proxy::start(&database());
    let client = sql::connect(&proxy.url).await;
    drop(proxy);
    assert!(client.batch_execute("").await.is_err());
}
