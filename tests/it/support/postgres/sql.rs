//! Statements on a database, by a client that knows nothing of bai.

use std::thread;

use tokio_postgres::{Client, Error, NoTls, SimpleQueryMessage};

/// A client whose connection lives on the current runtime until it is dropped.
pub async fn connect(url: &str) -> Client {
    try_connect(url).await.unwrap()
}

/// The same, of a server that may refuse.
pub async fn try_connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Runs statements, from wherever.
pub fn execute(url: &str, statements: &str) {
    value(url, statements);
}

/// The first value that a statement answers, as text; empty when it answers no row, or NULL.
pub fn value(url: &str, statement: &str) -> String {
    try_value(url, statement).unwrap_or_else(|e| panic!("{statement}: {e:?}"))
}

/// The same, of a server that may refuse. On a thread of its own, because the caller's may have a runtime that does not like to
/// wait.
pub fn try_value(url: &str, statement: &str) -> Result<String, Error> {
    let answers = thread::scope(|scope| {
        let client = scope.spawn(|| run(url, statement));
        client.join().unwrap()
    })?;
    let first = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(first.unwrap_or_default().to_owned())
}

fn run(url: &str, statement: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = try_connect(url).await?;
        client.simple_query(statement).await
    })
}
