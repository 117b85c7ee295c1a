//! What a source may take of what all share, over real sockets: the others are served beside it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bai::config::Config;
use serde_json::json;
use tokio::net::TcpSocket;

use crate::support::app::{Call, TestApp};
use crate::support::canary;
use crate::support::http_request::is_whole;
use crate::support::http2_frames::{
    self, DATA, END_STREAM, FRAME_HEAD, GET, HEADERS, INITIAL_WINDOW_SIZE, POST, WINDOW_UPDATE,
    frame, greeting,
};
use crate::support::wechat_stub::{Reply, SESSION};

/// Whoever takes all that they can. The others are the harness's own clients, at 127.0.0.1.
const GREEDY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const LOGIN: &str = "/api/wechat/login";
const PB_LOGIN: &str = "/api/collections/tbl_auth_users/auth-with-password";
/// What a body takes of the budget once it is longer than half of what a body may be: but for 4 KiB that are free.
const OF_A_BODY: usize = 60 * 1024;
const LONG: usize = 63 * 1024;

/// A server with limits whose metrics can be read whatever else is used up.
fn spawn(configure: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        config.metrics.listen = Some("127.0.0.1:0".parse().unwrap());
        configure(config);
    })
}

fn metric(app: &TestApp, name: &str) -> usize {
    let answer = Call::new("GET", app.watch.as_deref().unwrap(), "/metrics").send();
    let line = answer
        .text()
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
}

fn held(app: &TestApp) -> usize {
    metric(app, "bai_request_memory_bytes")
}

#[track_caller]
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(20), "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn address(app: &TestApp) -> SocketAddr {
    app.base.trim_start_matches("http://").parse().unwrap()
}

async fn connect_from(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<tokio::net::TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(to).await
}

fn connect(app: &TestApp, from: Ipv4Addr) -> TcpStream {
    let socket = app
        .block_on(connect_from(from, address(app)))
        .unwrap()
        .into_std()
        .unwrap();
    socket.set_nonblocking(false).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    socket
}

/// All of an answer with a `Content-Length`, or the head of one without.
fn read(mut socket: &TcpStream) -> String {
    let mut answer = Vec::new();
    let is_stream = |answer: &[u8]| String::from_utf8_lossy(answer).contains("text/event-stream");
    while !is_whole(&answer) && !is_stream(&answer) {
        let mut part = [0; 4096];
        match socket.read(&mut part) {
            Ok(n) if n > 0 => answer.extend(&part[..n]),
            end => panic!("{end:?} after {}", String::from_utf8_lossy(&answer)),
        }
    }
    String::from_utf8(answer).unwrap()
}

fn status(answer: &str) -> u16 {
    answer[9..12].parse().unwrap()
}

#[track_caller]
fn assert_try_again(answer: &str, expected: u16) {
    assert_eq!(status(answer), expected, "{answer}");
    assert!(answer.to_lowercase().contains("retry-after: "), "{answer}");
}

fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A login with white space before its end, so that it has `length` bytes.
fn long_login(code: &str, length: usize) -> Vec<u8> {
    let start = format!(r#"{{"users_wx_code":"{}""#, canary::code(code));
    format!("{start:<width$}}}", width = length - 1).into_bytes()
}

/// Sends a login but for its last byte.
fn begin_login(app: &TestApp, from: Ipv4Addr, code: &str) -> TcpStream {
    let mut socket = connect(app, from);
    let request = post(LOGIN, &long_login(code, LONG));
    socket.write_all(&request[..request.len() - 1]).unwrap();
    socket
}

/// So many logins but for their last bytes, all of which the server has read.
fn begin_logins(app: &TestApp, from: Ipv4Addr, number: usize) -> Vec<TcpStream> {
    let before = held(app);
    let begin = |n: usize| {
        let socket = begin_login(app, from, &format!("u{n}~1"));
        wait_until("the body is held", || {
            held(app) == before + (n + 1) * OF_A_BODY
        });
        socket
    };
    (0..number).map(begin).collect()
}

#[test]
fn over_the_budget_requests_are_refused_and_bodies_that_had_begun_are_answered() {
    let app = spawn(|config| {
        config.server.body_memory_mib = 1;
        config.limits.source_percent = 100;
    });
    let begun = begin_logins(&app, GREEDY, (1 << 20) / OF_A_BODY);
    for path in [LOGIN, PB_LOGIN] {
        let call = app.post(path).header("Content-Type", "application/json");
        let refused = call.body(&long_login("bob~1", LONG)).send();
        assert_eq!(
            (refused.status, refused.header("retry-after")),
            (503, "1"),
            "{}",
            refused.text()
        );
    }
    assert_eq!(
        app.post("/api/system/health").send().status,
        200,
        "what is small needs no budget"
    );
    app.wechat_login("carol~1").ok();
    for mut socket in begun {
        socket.write_all(b"}").unwrap();
        assert_eq!(status(&read(&socket)), 200);
    }
    wait_until("all is given back", || held(&app) == 0);
    assert_eq!(metric(&app, "bai_request_memory_refused_total"), 2);
    let again = app.post(LOGIN).header("Content-Type", "application/json");
    again.body(&long_login("bob~2", LONG)).send().ok();
}

#[test]
fn a_source_has_a_share_of_the_budget_and_others_have_the_rest() {
    let app = spawn(|config| config.server.body_memory_mib = 1);
    let begun = begin_logins(&app, GREEDY, (1 << 18) / OF_A_BODY);
    assert_try_again(&read(&begin_login(&app, GREEDY, "one_more~1")), 503);
    let call = app.post(LOGIN).header("Content-Type", "application/json");
    call.body(&long_login("alice~1", LONG)).send().ok();
    drop(begun);
    wait_until("all is given back", || held(&app) == 0);
}

#[test]
fn a_source_has_a_share_of_the_requests_however_small_they_are() {
    let app = spawn(|config| config.server.max_connections = 16);
    let socket = connect(&app, GREEDY);
    let mut flow = Flow::new(&socket);
    flow.send(&greeting(&[]));
    for stream in streams().take(8) {
        flow.send(&http2_frames::request(
            POST,
            stream,
            0,
            LOGIN,
            &[("content-type", "application/json")],
        ));
    }
    flow.read_until(|flow| flow.refused == 4);
    app.wechat_login("alice~1").ok();
    drop(socket);
}

/// A connection of HTTP/2 that sends as much as it may.
struct Flow<'a> {
    socket: &'a TcpStream,
    window: usize,
    /// Answers that said 503.
    refused: usize,
    /// Answers of which there are headers.
    answered: usize,
}

fn streams() -> impl Iterator<Item = u32> {
    (0..64).map(|n| 2 * n + 1)
}

impl<'a> Flow<'a> {
    fn new(socket: &'a TcpStream) -> Self {
        Self {
            socket,
            window: 65_535,
            refused: 0,
            answered: 0,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    /// A piece of a body, when there is room for it.
    fn send_data(&mut self, stream: u32, piece: &[u8]) {
        self.read_until(|flow| flow.window >= piece.len());
        self.window -= piece.len();
        self.send(&frame(DATA, 0, stream, piece));
    }

    /// The server has closed, whatever it said before.
    fn assert_cut(&mut self) {
        if let Err(error) = std::io::copy(&mut self.socket, &mut std::io::sink()) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
    }

    fn read_until(&mut self, condition: impl Fn(&Self) -> bool) {
        while !condition(self) {
            let mut head = [0; FRAME_HEAD];
            self.socket.read_exact(&mut head).unwrap();
            let (length, kind, _, stream) = http2_frames::head(head);
            let mut payload = vec![0; length];
            self.socket.read_exact(&mut payload).unwrap();
            match kind {
                WINDOW_UPDATE if stream == 0 => {
                    self.window += u32::from_be_bytes(payload.try_into().unwrap()) as usize;
                }
                HEADERS => self.answered += 1,
                DATA => {
                    self.refused +=
                        usize::from(String::from_utf8_lossy(&payload).contains(r#""code":503"#));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_connection_of_http_2_has_two_mebibytes_for_bodies_that_do_not_end() {
    let app = spawn(|_| ());
    let socket = connect(&app, GREEDY);
    let mut flow = Flow::new(&socket);
    flow.send(&greeting(&[]));
    for stream in streams() {
        flow.send(&http2_frames::request(
            POST,
            stream,
            0,
            LOGIN,
            &[("content-type", "application/json")],
        ));
    }
    let piece = [b' '; LONG / 4];
    for _ in 0..4 {
        for stream in streams() {
            flow.send_data(stream, &piece);
            assert!(held(&app) <= 2 << 20);
        }
    }
    flow.read_until(|flow| flow.refused >= 64 - (2 << 20) / OF_A_BODY);
    app.wechat_login("alice~1").ok();
    drop(socket);
    wait_until("all is given back", || held(&app) == 0);
}

/// What is in memory once costs nothing, but the stream on which it waits does, as does the one of a refusal.
#[test]
fn a_source_has_a_share_of_the_answers_that_are_not_taken_however_small_they_are() {
    let app = spawn(|config| config.server.max_connections = 16);
    for path in ["/openapi.json", "/nothing"] {
        let (first, second) = (connect(&app, GREEDY), connect(&app, GREEDY));
        let ask = |socket, streams| {
            let mut flow = Flow::new(socket);
            flow.send(&greeting(&[(INITIAL_WINDOW_SIZE, 0)]));
            for stream in streams {
                flow.send(&http2_frames::request(GET, stream, END_STREAM, path, &[]));
            }
            flow
        };
        ask(&first, streams().take(8)).read_until(|flow| flow.answered == 8);
        ask(&second, streams().take(1)).assert_cut();
        app.wechat_login(&format!("alice~{}", path.len())).ok();
        drop(first);
        wait_until("the place of a connection is free", || {
            metric(&app, "bai_http_connections") <= 1
        });
    }
}

/// What the system keeps for a connection counts as memory of the service.
#[cfg(target_os = "linux")]
#[test]
fn of_an_answer_that_is_not_taken_the_system_keeps_little() {
    let app = spawn(|_| ());
    let mut socket = app.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket
            .connect(address(&app))
            .await
            .unwrap()
            .into_std()
            .unwrap()
    });
    socket.set_nonblocking(false).unwrap();
    let page = "GET /assets/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n";
    socket.write_all(page.repeat(5).as_bytes()).unwrap();
    wait_until("it is answered", || unsent(&app) > 0);
    let mut most = 0;
    for _ in 0..100 {
        most = most.max(unsent(&app));
        thread::sleep(Duration::from_millis(5));
    }
    assert!(most < 512 * 1024, "{most} bytes");
}

/// Bytes that the system keeps for the clients of a server.
fn unsent(app: &TestApp) -> usize {
    let port = format!(":{:04X}", address(app).port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let of_the_server = |line: &&str| {
        line.split_whitespace()
            .nth(1)
            .is_some_and(|local| local.ends_with(&port))
    };
    let queue = |line: &str| {
        usize::from_str_radix(line.split_whitespace().nth(4)?.split(':').next()?, 16).ok()
    };
    // A listener has its backlog there.
    let is_open = |line: &&str| line.split_whitespace().nth(3) == Some("01");
    table
        .lines()
        .filter(of_the_server)
        .filter(is_open)
        .filter_map(queue)
        .sum()
}

#[test]
fn what_a_body_takes_once_it_is_read_counts_whatever_its_form() {
    let app = spawn(|_| ());
    let send = |path: &str, content_type: &str, body: &str| {
        app.post(path)
            .header("Content-Type", content_type)
            .body(body.as_bytes())
            .send()
    };
    let repeated =
        |part: &str, end: &str| [&part.repeat((LONG - end.len()) / part.len()), end].concat();
    let form = "application/x-www-form-urlencoded";
    let escaped = repeated("%5B0%5D%2C", "0%5D%7D");
    for (path, content_type, body) in [
        (
            PB_LOGIN,
            form,
            format!("@jsonPayload=%7B%22a%22%3A%5B{}", &escaped[100..]),
        ),
        (LOGIN, "application/json", repeated("[", "")),
        (
            LOGIN,
            "application/json",
            format!("{{\"users_wx_code\":[{}]}}", repeated("[],", "0")),
        ),
        (PB_LOGIN, "application/json", repeated("{\"a\":", "")),
        (PB_LOGIN, form, repeated("a=&", "b=")),
        ("/api/realtime", form, repeated("&", "")),
    ] {
        let start = &body[..10];
        let answer = send(path, content_type, &body);
        assert_eq!(answer.status, 400, "{path}, {content_type}: {start}…");
        if path == LOGIN {
            answer.assert_error(400, "嵌套过多");
        }
    }
    let part = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
    let multipart = repeated(part, "--x--");
    assert_eq!(
        send(PB_LOGIN, "multipart/form-data; boundary=x", &multipart).status,
        400
    );
    assert_eq!(
        send(LOGIN, "application/json", &"[".repeat(100)).status,
        400,
        "little is read, and refused"
    );
    assert_eq!(held(&app), 0);
}

#[test]
fn a_source_has_a_share_of_the_connections_and_is_told_so() {
    let app = spawn(|config| config.server.max_connections = 8);
    let mut silent = vec![connect(&app, GREEDY), connect(&app, GREEDY)];
    let health = post("/api/system/health", b"{}");
    for said in [&health[..], b""] {
        let mut refused = connect(&app, GREEDY);
        let _ = refused.write_all(said);
        assert_try_again(&read(&refused), 503);
    }
    assert_eq!(app.post("/api/system/health").send().status, 200);
    assert_eq!(metric(&app, "bai_http_connections_refused_total"), 2);
    silent.pop();
    wait_until("a place is free", || {
        let mut socket = connect(&app, GREEDY);
        let _ = socket.write_all(&health);
        status(&read(&socket)) == 200
    });
}

#[test]
fn a_trusted_proxy_has_no_share_of_the_connections() {
    let app = spawn(|config| {
        config.server.max_connections = 8;
        config.server.trusted_proxies = vec!["127.0.0.2/32".parse().unwrap()];
    });
    let of_the_proxy: Vec<_> = (0..6).map(|_| connect(&app, GREEDY)).collect();
    for mut socket in of_the_proxy.iter().take(6) {
        socket
            .write_all(&post("/api/system/health", b"{}"))
            .unwrap();
        assert_eq!(status(&read(socket)), 200);
    }
    assert_eq!(metric(&app, "bai_http_connections_refused_total"), 0);
}

#[test]
fn a_source_has_a_share_of_the_event_streams() {
    let app = spawn(|config| config.server.max_connections = 32);
    let join = |from: Ipv4Addr| {
        let mut socket = connect(&app, from);
        socket
            .write_all(b"GET /api/realtime HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let answer = read(&socket);
        (socket, answer)
    };
    let mut of_one: Vec<_> = (0..4).map(|_| join(GREEDY)).collect();
    assert!(of_one.iter().all(|(_, answer)| status(answer) == 200));
    assert_try_again(&join(GREEDY).1, 429);
    assert_eq!(status(&join(Ipv4Addr::LOCALHOST).1), 200);
    of_one.pop();
    wait_until("a place is free", || status(&join(GREEDY).1) == 200);
}

/// Clients of one source who send one request after the other, each on a connection of its own.
struct Flood {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Flood {
    /// Each client waits for the answer for at most `patience`, and then a moment.
    fn start(
        app: &TestApp,
        clients: usize,
        patience: Duration,
        request: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let (stop, sent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let (to, stopped, count, request) = (
            address(app),
            Arc::clone(&stop),
            Arc::clone(&sent),
            Arc::new(request),
        );
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(futures_util::future::join_all((0..clients).map(
                |_| async {
                    while !stopped.load(Ordering::SeqCst) {
                        let bytes = request(count.fetch_add(1, Ordering::SeqCst));
                        let _ = tokio::time::timeout(patience, exchange(to, &bytes)).await;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                },
            )));
        });
        let flood = Self {
            stop,
            sent,
            thread: Some(thread),
        };
        wait_until("all have begun", || {
            flood.sent.load(Ordering::SeqCst) >= clients
        });
        flood
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn exchange(to: SocketAddr, request: &[u8]) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = connect_from(GREEDY, to).await?;
    socket.write_all(request).await?;
    socket.read(&mut [0; 1024]).await.map(drop)
}

/// Those whom `each` asks for at once, one after the other in four threads; all are answered 200.
fn assert_served(number: usize, each: impl Fn(usize) -> u16 + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= number {
                        break;
                    }
                    assert_eq!(each(n), 200, "the request {n}");
                }
            });
        }
    });
}

fn phone(number: usize) -> String {
    format!("139{number:08}")
}

#[test]
fn one_source_that_asks_for_hashes_again_and_again_refuses_nobody_else_s_login() {
    const RIGHT: &str = "12345678";
    const HONEST: usize = 20;
    const GUESSED: usize = 120;
    let app = spawn(|config| {
        (config.password.log_n, config.password.p) = (14, 1);
        (config.limits.registrations, config.limits.hashes) = (0, 0);
    });
    assert_served(HONEST + GUESSED, |n| app.register(&phone(n), RIGHT).status);
    // Other passwords, so that they are no repetitions; five of each phone are checked.
    let flood = Flood::start(&app, 120, Duration::from_secs(5), |n| {
        let body = json!({ "users_phone": phone(HONEST + n % GUESSED), "password": canary::code(&format!("wrong{n}")) });
        post("/api/platform/login", body.to_string().as_bytes())
    });
    wait_until("its share of the queue is full", || {
        metric(&app, "bai_password_waiting") >= 16
    });
    assert_served(HONEST, |n| app.login(&phone(n), RIGHT).status);
    drop(flood);
}

#[test]
fn one_source_with_codes_that_wechat_does_not_know_refuses_nobody_else_s_login() {
    let app = spawn(|_| ());
    app.stub.script(|call| {
        let is_junk = call.path == SESSION && call.query["js_code"].starts_with("junk");
        thread::sleep(Duration::from_millis(300));
        is_junk.then(|| Reply::Json(json!({ "errcode": 40029, "errmsg": "invalid code" })))
    });
    let flood = Flood::start(&app, 400, Duration::from_secs(5), |n| {
        let body = json!({ "users_wx_code": canary::code(&format!("junk{n}~1")) });
        post(LOGIN, body.to_string().as_bytes())
    });
    wait_until("WeChat is asked as often as one source may", || {
        app.stub.calls(SESSION).len() >= 16
    });
    assert_served(12, |n| app.wechat_login(&format!("honest{n}~1")).status);
    drop(flood);
}
