//! Two machines as network namespaces, and a network between them that parts without a word: neither sees its cable go, and what one
//! sends does not reach the other.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Removes the namespaces at the end of its input, which comes when the network is dropped and when the test process is gone.
const GUARD: &str = r#"
read -r _
for namespace in "$@"; do ip netns del "$namespace"; done
"#;

/// One of the two machines.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    First,
    Second,
}

impl Machine {
    /// Its address in the network, for both of them.
    pub fn address(self) -> &'static str {
        match self {
            Self::First => "10.77.0.1",
            Self::Second => "10.77.0.2",
        }
    }
}

static NETWORKS: AtomicUsize = AtomicUsize::new(1);

/// The network; dropped with its machines.
pub struct Network {
    name: String,
    guard: Child,
}

impl Network {
    pub fn new() -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "network namespaces are made by root only: run this test as root"
        );
        let number = NETWORKS.fetch_add(1, Ordering::Relaxed);
        let name = format!("bai-{}-{number}", std::process::id());
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .args(["1", "2", "between"].map(|part| format!("{name}-{part}")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let network = Self { name, guard };
        network.make();
        network
    }

    fn make(&self) {
        let between = self.part_name("between");
        ip(&["netns", "add", &between]);
        // A bridge for each machine, so that a machine's own cable stays in.
        ip(&["-n", &between, "link", "add", "bridge1", "type", "bridge"]);
        ip(&["-n", &between, "link", "add", "bridge2", "type", "bridge"]);
        let cable = [
            "link", "add", "end1", "type", "veth", "peer", "name", "end2",
        ];
        ip(&[&["-n", &between][..], &cable[..]].concat());
        for (number, machine) in [("1", Machine::First), ("2", Machine::Second)] {
            let name = self.part_name(number);
            let (port, bridge) = (format!("port{number}"), format!("bridge{number}"));
            ip(&["netns", "add", &name]);
            ip(&[
                "-n", &name, "link", "add", "net", "type", "veth", "peer", "name", &port, "netns",
                &between,
            ]);
            let address = format!("{}/24", machine.address());
            ip(&["-n", &name, "address", "add", &address, "dev", "net"]);
            for link in ["lo", "net"] {
                ip(&["-n", &name, "link", "set", link, "up"]);
            }
            for link in [&port, &format!("end{number}")] {
                ip(&["-n", &between, "link", "set", link, "master", &bridge]);
                ip(&["-n", &between, "link", "set", link, "up"]);
            }
            ip(&["-n", &between, "link", "set", &bridge, "up"]);
        }
    }

    fn part_name(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }

    /// Parts the machines.
    pub fn part(&self) {
        ip(&[
            "-n",
            &self.part_name("between"),
            "link",
            "set",
            "end1",
            "down",
        ]);
    }

    pub fn heal(&self) {
        ip(&[
            "-n",
            &self.part_name("between"),
            "link",
            "set",
            "end1",
            "up",
        ]);
    }

    /// The beginning of a command that runs what follows on a machine, in the place of itself.
    pub fn on(&self, machine: Machine) -> Vec<String> {
        let number = match machine {
            Machine::First => "1",
            Machine::Second => "2",
        };
        let namespace = format!("--net=/run/netns/{}", self.part_name(number));
        vec!["nsenter".into(), namespace]
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

fn ip(args: &[&str]) {
    let output = Command::new("ip").args(args).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {args:?}: {words}");
}
