//! nginx and Caddy with the samples of `deploy/`, as their processes, on addresses of their own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub const NGINX: &str = include_str!("../../../deploy/nginx/bai.conf");
pub const CADDY: &str = include_str!("../../../deploy/caddy/Caddyfile");
const BACKEND: &str = "127.0.0.1:8090";
pub const WAIT: Duration = Duration::from_secs(20);

/// Treatment of the prefix by the sample.
#[derive(Clone, Copy, PartialEq)]
pub enum Prefix {
    Stripped,
    Kept,
}

/// A proxy on an address of its own; killed when dropped.
pub struct Proxy {
    process: Child,
    pub address: SocketAddr,
}

impl Proxy {
    fn start(mut command: Command, address: SocketAddr) -> Self {
        let process = command.stdin(Stdio::null()).spawn().unwrap();
        let proxy = Self { process, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(started.elapsed() < WAIT, "nobody listens on {address}");
            thread::sleep(Duration::from_millis(20));
        }
        proxy
    }

    pub fn nginx(dir: &Path, backend: &str, prefix: Prefix) -> Self {
        Self::nginx_of(NGINX, dir, backend, prefix)
    }

    pub fn nginx_of(sample: &str, dir: &Path, backend: &str, prefix: Prefix) -> Self {
        let (address, site, main) = (free_address(), dir.join("bai.conf"), dir.join("nginx.conf"));
        fs::write(&site, nginx_site(sample, address, backend, prefix)).unwrap();
        let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};", dir.join(kind).display()));
        let text = format!(
            "daemon off; master_process off; pid {}; events {{}} http {{ access_log off; {} include {}; }}",
            dir.join("nginx.pid").display(),
            folders.concat(),
            site.display(),
        );
        fs::write(&main, text).unwrap();
        let mut command = Command::new(program("BAI_NGINX"));
        command
            .args(["-e", "stderr", "-p"])
            .arg(dir)
            .arg("-c")
            .arg(main);
        Self::start(command, address)
    }

    pub fn caddy(dir: &Path, backend: &str, prefix: Prefix) -> Self {
        Self::caddy_of(CADDY, dir, backend, prefix)
    }

    pub fn caddy_of(sample: &str, dir: &Path, backend: &str, prefix: Prefix) -> Self {
        let address = free_address();
        let sample = sample.replace(BACKEND, backend).replace(
            "\nbai.example.com {",
            &format!("\nhttp://{address} {{\n\tbind {}", address.ip()),
        );
        let sample = match prefix {
            Prefix::Stripped => sample,
            Prefix::Kept => sample.replace("\thandle_path ", "\thandle "),
        };
        fs::write(
            dir.join("Caddyfile"),
            format!("{{\n\tadmin off\n}}\n{sample}"),
        )
        .unwrap();
        let mut command = Command::new(program("BAI_CADDY"));
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(dir.join("Caddyfile"));
        command
            .env("HOME", dir)
            .env("XDG_DATA_HOME", dir)
            .env("XDG_CONFIG_HOME", dir)
            .stderr(Stdio::null());
        Self::start(command, address)
    }

    /// The address of bai behind a sample's prefix.
    pub fn base(&self) -> String {
        format!("http://{}/pb", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The sample with addresses of ours, and without what needs a certificate.
fn nginx_site(sample: &str, address: SocketAddr, backend: &str, prefix: Prefix) -> String {
    let edit = |line: &str| match line.trim() {
        line if line.starts_with("ssl_") || line.contains("[::]") => String::new(),
        "listen 80;" => format!("listen {};", free_address()),
        "listen 443 ssl http2;" => format!("listen {address};"),
        line if line.starts_with("proxy_pass ") && prefix == Prefix::Kept => {
            "proxy_pass http://bai;".to_owned()
        }
        line => line.replace(BACKEND, backend),
    };
    sample.lines().map(edit).collect::<Vec<_>>().join("\n")
}

fn program(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} has to name the program"))
}

/// A port of a loopback address that only this process uses, so nobody takes it before the proxy does.
fn free_address() -> SocketAddr {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let address = Ipv4Addr::new(127, 64 | (a & 63), b, c);
    TcpListener::bind((address, 0))
        .unwrap()
        .local_addr()
        .unwrap()
}
