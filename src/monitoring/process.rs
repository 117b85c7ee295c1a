//! The process itself, by the names that Prometheus's own libraries use. What the system does not tell is left out.

use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use crate::metrics::Metrics;

/// Shows what the kernel tells of this process.
pub fn look(now: &Metrics) {
    if let Some(bytes) = resident() {
        now.set(
            "process_resident_memory_bytes",
            "Memory that the process takes.",
            bytes,
        );
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder itself.
        let open = u64::try_from(files.count())
            .unwrap_or_default()
            .saturating_sub(1);
        now.set("process_open_fds", "Open files and connections.", open);
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        now.set(
            "process_max_fds",
            "Files and connections that may be open.",
            most,
        );
    }
    if let Some(stat) = fs::read_to_string("/proc/self/stat")
        .ok()
        .as_deref()
        .and_then(Stat::parse)
    {
        now.total(
            "process_cpu_seconds_total",
            "Time that the process has computed.",
            seconds(stat.cpu),
        );
        now.set("process_threads", "Threads.", stat.threads);
        if let Some(boot) = boot_time() {
            let started = boot + stat.started / clock_ticks_per_second().max(1);
            now.set(
                "process_start_time_seconds",
                "When the process began, in Unix time.",
                started,
            );
        }
    }
}

/// Of `/proc/self/stat`; times in ticks.
struct Stat {
    cpu: u64,
    threads: u64,
    started: u64,
}

impl Stat {
    /// The fields are counted from behind the program's name, which may have spaces in it.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |n: usize| fields.get(n)?.parse::<u64>().ok();
        Some(Self {
            cpu: number(11)? + number(12)?,
            threads: number(17)?,
            started: number(19)?,
        })
    }
}

fn resident() -> Option<u64> {
    let pages: u64 = fs::read_to_string("/proc/self/statm")
        .ok()?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()?;
    pages.checked_mul(u64::try_from(page_size()).ok()?)
}

fn boot_time() -> Option<u64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()
}

#[expect(clippy::cast_precision_loss, reason = "2^53 ticks are a long time")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / clock_ticks_per_second().max(1) as f64
}
