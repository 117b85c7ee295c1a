//! Several servers on one PostgreSQL: one of them delivers, and another one takes over.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::support::instance::{Instance, settings};
use crate::support::postgres::database;
use crate::support::webhook_receiver::{Receiver, wait_until};

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn two_servers_tell_each_message_once_and_one_takes_over() {
    let receiver = Receiver::start();
    let mut settings = settings(&database(), false);
    settings.push(("BAI_WEBHOOKS", receiver.setting()));
    let mut servers = [
        Instance::start_with(&settings),
        Instance::start_with(&settings),
    ];
    for n in 0..40 {
        servers[n % 2].wechat_login(&format!("one-of-two{n}"));
    }
    receiver.wait_for_taken(40);
    std::thread::sleep(Duration::from_secs(2));
    let ids: HashSet<_> = receiver.told().into_iter().map(|told| told.id).collect();
    assert_eq!((ids.len(), receiver.told().len()), (40, 40));
    servers[0].kill();
    let begun = Instant::now();
    for n in 40..50 {
        servers[1].wechat_login(&format!("one-of-two{n}"));
    }
    wait_until("the other one delivers", || receiver.taken().len() >= 50);
    assert!(
        begun.elapsed() < Duration::from_secs(45),
        "{:?}",
        begun.elapsed()
    );
}
