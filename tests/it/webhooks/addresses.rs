//! Addresses: a name that leads to this machine or its network is not called; an address that the operator wrote is.

use std::net::{IpAddr, TcpListener, ToSocketAddrs as _};
use std::time::Duration;

use rustix::system::uname;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::superuser::Root;
use crate::support::webhook_receiver::{Receiver, wait_until, webhook};

/// Names that lead to this machine or its network on most machines.
fn near_name() -> Option<String> {
    let own = uname().nodename().to_string_lossy().into_owned();
    let names = [own, "ip6-localhost".to_owned(), "ip6-loopback".to_owned()];
    names.into_iter().find(|name| leads_nearby(name))
}

fn leads_nearby(name: &str) -> bool {
    let found = (name, 443)
        .to_socket_addrs()
        .map(Iterator::collect::<Vec<_>>);
    let is_near = |ip: IpAddr| !bai::domain::is_public(ip);
    found.is_ok_and(|found| !found.is_empty() && found.iter().all(|address| is_near(address.ip())))
}

#[test]
fn a_name_that_leads_to_this_machine_is_refused_while_its_address_is_taken() {
    let receiver = Receiver::start();
    let name = near_name().expect("a name of this machine");
    let listener = TcpListener::bind("[::]:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let webhooks = vec![
        webhook(&format!("https://{name}:{port}/hooks/canary")),
        receiver.webhook(),
    ];
    let root = Root::of(TestApp::spawn_with(|config| config.webhooks = webhooks));
    root.user(1, &json!({}));
    receiver.wait_for_taken(1);
    let state = || root.get("/api/webhooks").ok()["items"][0].clone();
    wait_until("it is refused", || state()["failure"] != "");
    let failure = state()["failure"].as_str().unwrap().to_owned();
    assert!(
        failure.contains("loopback, private or link-local"),
        "{failure}"
    );
    std::thread::sleep(Duration::from_millis(100));
    assert!(listener.accept().is_err(), "nobody connected");
}
