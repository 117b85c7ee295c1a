//! The proxy's planned faults: what the client gets, and what the server has done.

use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::time::{Instant, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Error, NoTls};

use crate::support::postgres::{database, sql, wait_until};
use crate::support::wire_proxy::{Fault, Plan, Proxy, Seen};

const SHORT: Duration = Duration::from_millis(300);

/// The ways in which a client asks for a COMMIT.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// A simple query.
    Simple,
    /// A prepared statement that is executed.
    Prepared,
    /// All of its messages in one round.
    OneRound,
    /// A simple query after two others in the same write.
    Pipelined,
}

const WAYS: [Way; 4] = [Way::Simple, Way::Prepared, Way::OneRound, Way::Pipelined];

/// A database with a table, and a proxy before it.
struct Scene {
    direct: String,
    proxy: Proxy,
}

impl Scene {
    fn new() -> Self {
        let direct = database();
        sql::execute(&direct, "CREATE TABLE notes (n bigint PRIMARY KEY)");
        let proxy = Proxy::start(&direct);
        Self { direct, proxy }
    }

    fn with(fault: Fault) -> Self {
        let scene = Self::new();
        scene.proxy.plan(Plan::at_commit(fault));
        scene
    }

    async fn client(&self) -> Client {
        sql::connect(&self.proxy.url).await
    }

    /// The number of notes that the database has.
    fn stored(&self) -> String {
        sql::value(&self.direct, "SELECT count(*) FROM notes")
    }

    /// Nothing answers for a short time after the fault happened.
    async fn is_unanswered(&self, commit: impl Future) -> bool {
        tokio::pin!(commit);
        while self.proxy.faults_left() > 0 {
            if timeout(SHORT / 30, &mut commit).await.is_ok() {
                return false;
            }
        }
        timeout(SHORT, commit).await.is_err()
    }

    fn happened(&self) {
        assert_eq!(self.proxy.faults_left(), 0);
    }
}

/// Writes a note in a transaction.
async fn write(client: &Client, note: i64, way: Way) -> Result<(), Error> {
    let insert = format!("INSERT INTO notes VALUES ({note})");
    if let Way::Pipelined = way {
        let (_, _, committed) = tokio::join!(
            client.batch_execute("BEGIN"),
            client.batch_execute(&insert),
            client.batch_execute("COMMIT")
        );
        return committed;
    }
    client.batch_execute("BEGIN").await?;
    client.batch_execute(&insert).await?;
    match way {
        Way::Prepared => client.execute("COMMIT", &[]).await.map(drop),
        Way::OneRound => client.query_typed("COMMIT", &[]).await.map(drop),
        Way::Simple | Way::Pipelined => client.batch_execute("commit;").await,
    }
}

/// The letters of the messages by which a statement came.
fn kinds(seen: &[Seen], sql: &str) -> String {
    let those = seen.iter().filter(|seen| seen.sql == sql);
    those.map(|seen| seen.kind).collect()
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn without_a_plan_everything_passes_and_is_seen() {
    let scene = Scene::new();
    let client = scene.client().await;
    for (note, way) in (1..).zip(WAYS) {
        write(&client, note, way).await.unwrap();
    }
    assert_eq!(scene.stored(), "4");
    assert_eq!((scene.proxy.commits(), scene.proxy.cancels()), (4, 0));
    let seen = scene.proxy.seen();
    assert_eq!(
        [kinds(&seen, "commit;"), kinds(&seen, "COMMIT")],
        ["Q", "PEPEQ"]
    );
    assert!(seen.iter().all(|seen| seen.connection == 0));
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_cut_before_a_commit_leaves_nothing() {
    for way in WAYS {
        let scene = Scene::with(Fault::CutBefore);
        let client = scene.client().await;
        assert!(
            write(&client, 1, way).await.unwrap_err().is_closed(),
            "{way:?}"
        );
        scene.happened();
        write(&scene.client().await, 2, way).await.unwrap();
        assert_eq!(scene.stored(), "1", "{way:?}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_cut_after_a_commit_leaves_it_done() {
    for way in WAYS {
        let scene = Scene::with(Fault::CutAfter);
        let client = scene.client().await;
        assert!(
            write(&client, 1, way).await.unwrap_err().is_closed(),
            "{way:?}"
        );
        scene.happened();
        assert_eq!(scene.stored(), "1", "{way:?}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_cut_at_the_end_of_several_statements_waits_for_the_commit() {
    let statements = "BEGIN; INSERT INTO notes VALUES (1); COMMIT";
    for (fault, stored) in [(Fault::CutBefore, "0"), (Fault::CutAfter, "1")] {
        let scene = Scene::with(fault);
        let client = scene.client().await;
        client.batch_execute(statements).await.unwrap_err();
        assert_eq!(scene.stored(), stored, "{fault:?}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_delayed_commit_is_done_late_even_when_the_client_went_away() {
    let scene = Scene::with(Fault::Delay(SHORT));
    let client = scene.client().await;
    let start = Instant::now();
    write(&client, 1, Way::Simple).await.unwrap();
    assert!(start.elapsed() >= SHORT);

    let long = Fault::Delay(Duration::from_secs(3));
    scene.proxy.plan(Plan::at_commit(long));
    assert!(scene.is_unanswered(write(&client, 2, Way::Simple)).await);
    drop(client);
    assert_eq!(scene.stored(), "1");
    wait_until("the commit is done", || scene.stored() == "2");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_delayed_answer_comes_after_the_commit() {
    let scene = Scene::with(Fault::DelayAnswer(3 * SHORT));
    let client = scene.client().await;
    let commit = write(&client, 1, Way::Simple);
    tokio::pin!(commit);
    assert!(scene.is_unanswered(&mut commit).await);
    assert_eq!(scene.stored(), "1");
    commit.await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_black_hole_answers_nothing_and_closes_nothing() {
    for (fault, stored) in [(Fault::Blackhole, "0"), (Fault::BlackholeAnswer, "1")] {
        let scene = Scene::with(fault);
        let client = scene.client().await;
        assert!(scene.is_unanswered(write(&client, 1, Way::Simple)).await);
        assert!(timeout(SHORT, client.batch_execute("")).await.is_err());
        assert!(!client.is_closed());
        wait_until("the server has done it", || scene.stored() == stored);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_commit_that_is_refused_leaves_nothing_and_no_transaction() {
    for way in WAYS {
        for code in ["40001", "25006", "40003"] {
            let scene = Scene::with(Fault::Error(code));
            let client = scene.client().await;
            let error = write(&client, 1, way).await.unwrap_err();
            assert_eq!(error.code(), Some(&SqlState::from_code(code)), "{way:?}");
            assert_eq!(scene.stored(), "0", "{way:?} {code}");
            write(&client, 2, way).await.unwrap();
            assert_eq!(scene.stored(), "1", "{way:?} {code}");
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_commit_whose_answer_is_an_error_is_done() {
    for way in WAYS {
        let scene = Scene::with(Fault::ErrorAfter("40003"));
        let client = scene.client().await;
        let error = write(&client, 1, way).await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::from_code("40003")), "{way:?}");
        assert_eq!(scene.stored(), "1", "{way:?}");
        write(&client, 2, way).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn an_error_that_ends_the_session_closes_the_connection() {
    for (fault, stored) in [
        (Fault::Error("57P01"), "0"),
        (Fault::ErrorAfter("57P01"), "1"),
    ] {
        for way in WAYS {
            let scene = Scene::with(fault);
            let client = scene.client().await;
            let error = write(&client, 1, way).await.unwrap_err();
            assert_eq!(error.code(), Some(&SqlState::ADMIN_SHUTDOWN), "{way:?}");
            assert!(client.batch_execute("").await.unwrap_err().is_closed());
            assert_eq!(scene.stored(), stored, "{fault:?} {way:?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_statement_that_is_refused_fails_its_transaction() {
    let scene = Scene::new();
    let client = scene.client().await;
    for prepared in [false, true] {
        scene
            .proxy
            .plan(Plan::at_statement("INSERT", Fault::Error("40001")));
        client.batch_execute("BEGIN").await.unwrap();
        let insert = "INSERT INTO notes VALUES (1)";
        let result = match prepared {
            true => client.query_typed(insert, &[]).await.map(drop),
            false => client.batch_execute(insert).await,
        };
        let codes = [
            result.unwrap_err(),
            client.batch_execute("SELECT 1").await.unwrap_err(),
        ];
        let codes = codes.map(|error| error.code().unwrap().code().to_owned());
        assert_eq!(codes, ["40001", "25P02"]);
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    write(&client, 1, Way::Prepared).await.unwrap();
    assert_eq!(scene.stored(), "1");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_plan_waits_for_its_statement_and_its_connection() {
    let scene = Scene::new();
    let clients = [scene.client().await, scene.client().await];
    let plan = Plan::at_statement("(7)", Fault::CutBefore).on(1);
    scene.proxy.plan(plan);
    write(&clients[0], 7, Way::Simple).await.unwrap();
    write(&clients[1], 8, Way::Simple).await.unwrap();
    assert_eq!(scene.proxy.faults_left(), 1);
    let closed = write(&clients[1], 7, Way::Simple).await.unwrap_err();
    assert!(closed.is_closed());
    scene.happened();
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_warning_comes_before_the_commit_s_answer() {
    let scene = Scene::with(Fault::Warning);
    let (client, mut connection) = tokio_postgres::connect(&scene.proxy.url, NoTls)
        .await
        .unwrap();
    let committing = tokio::spawn(async move { write(&client, 1, Way::Prepared).await });
    let mut notices = Vec::new();
    while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notice(notice) = message.unwrap() {
            notices.push((notice.code().code().to_owned(), committing.is_finished()));
        }
    }
    assert_eq!(notices, [("01000".to_owned(), false)]);
    committing.await.unwrap().unwrap();
    assert_eq!(scene.stored(), "1");
}
