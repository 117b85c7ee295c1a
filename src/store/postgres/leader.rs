//! Leader: the host that takes commits, and until when it is known to be the one.
//!
//! An old primary that was started again says that it takes writes, and one that was cut off goes on answering. Both confirm no
//! commit, because no standby follows them. So reads are answered only while a commit was confirmed lately by the same host.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Time for which a confirmed commit proves its host to be the primary: shorter than any failover by a cluster manager waits
/// (Patroni's shortest lease is 20 seconds).
pub const LEASE: Duration = Duration::from_secs(5);

/// The host that takes commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leader {
    /// Number of the host in the address.
    pub host: usize,
    /// Counts the leaders: another one, even on the same host, has another number.
    pub epoch: u64,
}

/// Knowledge of the leader.
pub struct Leadership {
    leader: watch::Sender<Option<Leader>>,
    /// Begin of the newest commit that was confirmed, with the epoch.
    confirmed: Mutex<Option<(u64, Instant)>>,
}

impl Leadership {
    pub fn new() -> Self {
        Self {
            leader: watch::Sender::new(None),
            confirmed: Mutex::new(None),
        }
    }

    /// Takes `host` for the leader, which has confirmed a commit that was begun then.
    pub fn lead(&self, host: usize, begun: Instant) -> Leader {
        let epoch = self.leader.borrow().map_or(0, |leader| leader.epoch) + 1;
        let leader = Leader { host, epoch };
        *self.confirmed.lock() = Some((epoch, begun));
        self.leader.send_replace(Some(leader));
        leader
    }

    /// The leader has confirmed a commit that was begun then.
    pub fn confirm(&self, leader: Leader, begun: Instant) {
        *self.confirmed.lock() = Some((leader.epoch, begun));
        // Those who wait for a lease look again.
        self.leader.send_modify(|_| {});
    }

    /// The newest leader, whether it is to be believed or not.
    pub fn current(&self) -> Option<Leader> {
        *self.leader.borrow()
    }

    /// Whether what `leader` answers is still to be believed.
    pub fn is_leased(&self, leader: Leader) -> bool {
        let confirmed = *self.confirmed.lock();
        confirmed.is_some_and(|(epoch, begun)| epoch == leader.epoch && begun.elapsed() < LEASE)
    }

    /// Time since the newest confirmed commit was begun; nothing if there was none.
    pub fn confirmed_ago(&self) -> Option<Duration> {
        self.confirmed.lock().map(|(_, begun)| begun.elapsed())
    }

    /// Waits for a leader with a lease; nothing if there is none by the deadline.
    pub async fn wait(&self, deadline: Instant) -> Option<Leader> {
        let mut news = self.leader.subscribe();
        loop {
            let known = *news.borrow_and_update();
            if let Some(leader) = known.filter(|leader| self.is_leased(*leader)) {
                return Some(leader);
            }
            timeout_at(deadline, news.changed()).await.ok()?.ok()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_leader_is_believed_for_as_long_as_its_lease() {
        let leadership = Leadership::new();
        let soon = || Instant::now() + Duration::from_millis(1);
        assert_eq!(leadership.wait(soon()).await, None);
        let long_ago = Instant::now().checked_sub(LEASE).unwrap();
        let first = leadership.lead(0, long_ago);
        assert!(!leadership.is_leased(first));
        assert_eq!(leadership.wait(soon()).await, None);
        leadership.confirm(first, Instant::now());
        assert_eq!(leadership.wait(soon()).await, Some(first));
        let second = leadership.lead(1, Instant::now());
        assert!(!leadership.is_leased(first) && leadership.is_leased(second));
    }
}
