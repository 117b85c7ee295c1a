//! Address of a database: its hosts, and how they are spoken to.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::config::Url;
use crate::store::Error;

/// Time to connect to a host.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Time after which a connection over which nothing is heard is lost.
const USER_TIMEOUT: Duration = Duration::from_secs(5);

/// The name of the database at a URL: no user, no password.
///
/// # Errors
/// [`Error::Address`].
pub fn database_name(url: &Url) -> Result<String, Error> {
    Ok(Address::parse(url.expose())?.name)
}

/// Form of a URL, in words.
const FORM: &str = "expected postgres://user:password@host1,host2:5433/database?sslmode=require, with sslmode disable, prefer or \
                    require, and sslrootcert=FILE; in a user or a password, write special characters as %40 for @ and the like";

/// Address of a database.
#[derive(Clone)]
pub struct Address {
    /// One configuration for each host, in the order of the URL.
    pub hosts: Vec<Config>,
    /// A PEM file with the root of the server's certificate, in place of the public ones.
    pub root_cert: Option<PathBuf>,
    /// Name in messages: no user, no password.
    pub name: String,
}

impl Address {
    /// Reads a URL, such as `postgres://bai:secret@db1,db2/bai?sslmode=require`.
    ///
    /// # Errors
    /// [`Error::Address`] in words that say what is wrong.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let (url, root_cert) = take_root_cert(url)?;
        // The library's words may repeat a part of a password.
        let parsed: Config = url.parse().map_err(|_| Error::Address(FORM.into()))?;
        let hosts = hosts(&parsed)?;
        let name = format!(
            "postgres://{}/{}",
            hosts.iter().map(host_name).collect::<Vec<_>>().join(","),
            parsed.get_dbname().unwrap_or_default()
        );
        Ok(Self {
            hosts: hosts
                .into_iter()
                .map(|(host, port)| of_host(&parsed, &host, port))
                .collect(),
            root_cert,
            name,
        })
    }
}

/// The URL without `sslrootcert`, which is ours, and with the modes of `sslmode` that ask for less or more than there is: a
/// certificate is always verified.
fn take_root_cert(url: &str) -> Result<(String, Option<PathBuf>), Error> {
    let Some((base, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), None));
    };
    let mut root_cert = None;
    let mut kept = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*name, &*value) {
            ("sslrootcert", path) => root_cert = Some(PathBuf::from(path)),
            ("sslmode", "verify-ca" | "verify-full") => {
                kept.append_pair("sslmode", "require");
            }
            ("sslmode", "allow") => {
                kept.append_pair("sslmode", "prefer");
            }
            // Ours are our own: only a primary is of use.
            ("target_session_attrs" | "connect_timeout", _) => {}
            ("sslcert" | "sslkey" | "sslpassword", _) => {
                return Err(Error::Address(format!(
                    "{name} is not supported: a client shows a password, not a certificate"
                )));
            }
            (name, value) => {
                kept.append_pair(name, value);
            }
        }
    }
    Ok((
        format!("{base}?{}", kept.finish().replace('+', "%20")),
        root_cert,
    ))
}

fn hosts(parsed: &Config) -> Result<Vec<(Host, u16)>, Error> {
    const PORT: u16 = 5432;
    let (hosts, ports) = (parsed.get_hosts(), parsed.get_ports());
    if hosts.is_empty() {
        return Err(Error::Address("it names no host".into()));
    }
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(Error::Address(format!(
            "it has {} hosts and {} ports: give one port, or one for each host",
            hosts.len(),
            ports.len()
        )));
    }
    let port = |n: usize| {
        let port = ports.get(n).or(ports.first());
        port.copied().unwrap_or(PORT)
    };
    Ok(hosts
        .iter()
        .enumerate()
        .map(|(n, host)| (host.clone(), port(n)))
        .collect())
}

fn host_name((host, port): &(Host, u16)) -> String {
    match host {
        Host::Tcp(name) => format!("{name}:{port}"),
        Host::Unix(path) => path.display().to_string(),
    }
}

fn of_host(parsed: &Config, host: &Host, port: u16) -> Config {
    let mut config = Config::new();
    match host {
        Host::Tcp(name) => config.host(name),
        Host::Unix(path) => config.host_path(path),
    };
    config
        .port(port)
        .ssl_mode(parsed.get_ssl_mode())
        .ssl_negotiation(parsed.get_ssl_negotiation())
        .channel_binding(parsed.get_channel_binding())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_user_timeout(USER_TIMEOUT)
        .keepalives_idle(USER_TIMEOUT)
        .keepalives_interval(Duration::from_secs(1))
        .keepalives_retries(3)
        .application_name(parsed.get_application_name().unwrap_or("bai"));
    if let Some(user) = parsed.get_user() {
        config.user(user);
    }
    if let Some(password) = parsed.get_password() {
        config.password(password);
    }
    if let Some(database) = parsed.get_dbname() {
        config.dbname(database);
    }
    if let Some(options) = parsed.get_options() {
        config.options(options);
    }
    config
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    #[test]
    fn each_host_has_its_port() {
        let address = Address::parse(
            "postgres://bai:hunter2@a,b:5433/bai?sslmode=verify-full&sslrootcert=/x.pem",
        );
        let address = address.unwrap();
        assert_eq!(address.name, "postgres://a:5432,b:5433/bai");
        assert_eq!(address.root_cert, Some("/x.pem".into()));
        let hosts: Vec<_> = address
            .hosts
            .iter()
            .map(|host| (host.get_hosts().to_vec(), host.get_ports().to_vec()))
            .collect();
        let tcp = |name: &str, port| (vec![Host::Tcp(name.to_owned())], vec![port]);
        assert_eq!(hosts, [tcp("a", 5432), tcp("b", 5433)]);
        assert_eq!(address.hosts[0].get_ssl_mode(), SslMode::Require);
    }

    #[test]
    fn what_cannot_be_an_address_is_told_without_its_password() {
        for url in [
            "postgres://",
            "postgres://li:hunter2@a:x/bai",
            "postgres://li:hunter2@a/bai?sslmode=maybe",
            "postgres://li:hunter2@a/bai?sslcert=/x",
            "postgres://li:hunter2@a/bai?nonsense=1",
            "postgres://li:hun?ter2@a/bai",
            "postgres://li:hunter2?@a/bai?x",
        ] {
            let error = Address::parse(url).err().unwrap().to_string();
            assert!(
                error.contains("store.url") && !error.contains("ter2"),
                "{error}"
            );
        }
    }
}
