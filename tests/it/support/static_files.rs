//! A folder on the web, as a server of static files has it.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use crate::support::received_request::ReceivedRequest;

/// Types by the end of the name; browsers take no module of another.
const TYPES: [(&str, &str); 4] = [
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
];

/// Serves the folder until the tests end; its address.
pub fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let folder = folder.clone();
            thread::spawn(move || answer(&connection, &folder));
        }
    });
    url
}

fn answer(mut connection: &TcpStream, folder: &Path) {
    let Some(request) = ReceivedRequest::read(connection) else {
        return;
    };
    let file = folder.join(request.path.trim_start_matches('/'));
    let (status, body) = match fs::read(&file) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        type_of(&file),
        body.len()
    );
    // A browser that goes away is none of this server's business.
    let _ = connection
        .write_all(head.as_bytes())
        .and_then(|()| connection.write_all(&body));
}

fn type_of(file: &Path) -> &'static str {
    let end = file.extension().unwrap_or_default();
    let known = TYPES.iter().find(|(name, _)| end == *name);
    known.map_or("application/octet-stream", |(_, kind)| kind)
}
