//! The line without a store and without HTTP.

use jiff::Timestamp;

use super::*;
use crate::domain::{IdType, OpenId, TokenKey, User, UserEventKind};
use crate::outbound::Cause;
use crate::webhooks::outcome::Trouble;

fn moment(ms: i64) -> Moment {
    Moment {
        steady_ms: ms,
        wall: Timestamp::from_millisecond(ms).unwrap(),
        chance: 0,
    }
}

fn message(number: u64, user: u64) -> QueuedEvent {
    let id = RecordId::parse(&format!("{user:015}")).unwrap();
    let openid = OpenId::parse(&format!("o_{user}")).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let key = TokenKey::new([0; 32]);
    let user = User::new(id, openid, IdType::WeChat, uuid::Uuid::nil(), key, now);
    let event = UserEvent {
        id: format!("msg_{number}"),
        at: now,
        kind: UserEventKind::Profile,
        before: None,
        user,
    };
    QueuedEvent { number, event }
}

/// A line that has read these messages, as pairs of a number and a user.
fn line(messages: &[(u64, u64)]) -> Line {
    let mut line = Line::default();
    read(&mut line, messages, 0);
    line
}

/// Reads as a store would that holds these.
fn read(line: &mut Line, messages: &[(u64, u64)], at: i64) {
    while let Some((after, limit)) = line.wanted(moment(at)) {
        let rest = messages.iter().filter(|(number, _)| *number > after);
        let found = rest
            .take(limit)
            .map(|(number, user)| message(*number, *user));
        line.add(found.collect(), limit, moment(at));
    }
}

/// All that may be sent at that moment.
fn sent(line: &mut Line, at: i64) -> Vec<Attempt> {
    std::iter::from_fn(|| line.next(moment(at))).collect()
}

fn numbers(attempts: &[Attempt]) -> Vec<u64> {
    attempts.iter().map(|attempt| attempt.number).collect()
}

fn refused() -> Outcome {
    Outcome::Refused(Trouble::Status { status: 400 })
}

fn down() -> Outcome {
    Outcome::Failed(Trouble::NoAnswer(Cause::Refused), None)
}

#[test]
fn of_a_user_one_message_goes_at_a_time_and_of_all_sixteen() {
    let all = [(1, 7), (2, 7), (3, 8)];
    let mut of_two = line(&all);
    let first = sent(&mut of_two, 0);
    assert_eq!(numbers(&first), [1, 3]);
    of_two.finish(&first[0], &Outcome::Delivered, moment(0));
    read(&mut of_two, &all, 0);
    assert_eq!(numbers(&sent(&mut of_two, 0)), [2]);
    assert_eq!(of_two.over(), [1]);

    let many: Vec<_> = (1..=40).map(|n| (n, n)).collect();
    assert_eq!(sent(&mut line(&many), 0).len(), AT_ONCE);
}

#[test]
fn one_who_is_refused_holds_up_only_their_own() {
    let all = [(1, 7), (2, 7), (3, 8), (4, 7)];
    let mut line = line(&all);
    let first = sent(&mut line, 0);
    line.finish(&first[0], &refused(), moment(0));
    line.finish(&first[1], &Outcome::Delivered, moment(0));
    read(&mut line, &all, 0);
    assert_eq!(numbers(&sent(&mut line, 4_999)), [] as [u64; 0]);
    let again = sent(&mut line, 5_000);
    assert_eq!(numbers(&again), [1]);
    line.finish(&again[0], &refused(), moment(5_000));
    assert!(sent(&mut line, 14_999).is_empty());
    let again = sent(&mut line, 15_000);
    line.finish(&again[0], &Outcome::Delivered, moment(15_000));
    // The next message is read from the store, without those that are over.
    read(&mut line, &all, 15_000);
    let next = sent(&mut line, 15_000);
    assert_eq!(numbers(&next), [2]);
    line.finish(&next[0], &Outcome::Delivered, moment(15_000));
    read(&mut line, &all, 15_000);
    assert_eq!(numbers(&sent(&mut line, 15_000)), [4]);
}

#[test]
fn one_that_is_down_is_asked_with_one_message_after_growing_pauses() {
    let all: Vec<_> = (1..=40).map(|n| (n, n)).collect();
    let mut line = line(&all);
    let first = sent(&mut line, 0);
    for attempt in &first {
        line.finish(attempt, &down(), moment(0));
    }
    let mut at = 0;
    // Failures of calls at the same time are one, and the next message is one that was not tried yet.
    for (pause, number) in [(5_000, 17), (10_000, 18), (20_000, 19)] {
        assert!(sent(&mut line, at + pause - 1).is_empty());
        at += pause;
        let one = sent(&mut line, at);
        assert_eq!(numbers(&one), [number]);
        line.finish(&one[0], &down(), moment(at));
    }
    at += 40_000;
    let one = sent(&mut line, at);
    line.finish(&one[0], &Outcome::Delivered, moment(at));
    assert_eq!(sent(&mut line, at).len(), AT_ONCE);
}

#[test]
fn a_receiver_is_asked_when_it_said() {
    let mut line = line(&[(1, 7)]);
    let first = sent(&mut line, 0);
    let busy = Outcome::of_status(429, Some(Duration::from_secs(100)));
    line.finish(&first[0], &busy, moment(0));
    assert_eq!(line.next_time_ms(), Some(100_000));
    assert!(sent(&mut line, 99_999).is_empty());
    assert_eq!(sent(&mut line, 100_000).len(), 1);
}

#[test]
fn a_try_at_once_is_one_whatever_the_pauses() {
    let mut line = line(&[(1, 7), (2, 8)]);
    let first = sent(&mut line, 0);
    line.finish(&first[0], &down(), moment(0));
    line.finish(&first[1], &refused(), moment(0));
    assert!(sent(&mut line, 1).is_empty());
    line.retry();
    assert_eq!(sent(&mut line, 1).len(), 1, "it is still down");
}

#[test]
fn after_a_day_and_three_tries_a_message_is_given_up_and_the_next_goes() {
    const DAY: i64 = 86_400_000;
    let all = [(1, 7), (2, 7)];
    let mut line = line(&all);
    for at in [DAY, 2 * DAY, 3 * DAY] {
        assert_eq!(line.take_given_up(), 0);
        let tried = sent(&mut line, at);
        assert_eq!(numbers(&tried), [1]);
        line.finish(&tried[0], &refused(), moment(at));
    }
    assert_eq!((line.take_given_up(), line.over()), (1, &[1][..]));
    line.forget_over(&[1]);
    read(&mut line, &all[1..], 3 * DAY);
    assert_eq!(numbers(&sent(&mut line, 3 * DAY)), [2]);
}

#[test]
fn when_all_is_down_for_a_day_nothing_waits_for_tries_of_its_own() {
    const DAY: i64 = 86_400_000;
    let all: Vec<_> = (1..=600).map(|n| (n, n)).collect();
    let mut line = line(&all);
    for at in [DAY, 2 * DAY, 3 * DAY] {
        let one = sent(&mut line, at);
        for attempt in &one {
            line.finish(attempt, &down(), moment(at));
        }
    }
    read(&mut line, &all, 3 * DAY);
    assert_eq!((line.take_given_up(), line.over().len()), (600, 600));
    assert!(!line.is_idle());
    line.forget_over(&(1..=600).collect::<Vec<_>>());
    assert!(line.is_idle());
}

#[test]
fn three_hundred_who_are_refused_hold_up_nobody_else() {
    let all: Vec<_> = (1..=301).map(|n| (n, n)).collect();
    let mut line = Line::default();
    let mut delivered = Vec::new();
    for _ in 0..100 {
        read(&mut line, &all, 0);
        for attempt in sent(&mut line, 0) {
            let is_refused = attempt.number <= 300;
            let outcome = match is_refused {
                true => refused(),
                false => Outcome::Delivered,
            };
            line.finish(&attempt, &outcome, moment(0));
            delivered.extend((!is_refused).then_some(attempt.number));
        }
    }
    assert_eq!(delivered, [301]);
}

#[test]
fn a_user_with_many_messages_holds_up_nobody_else_and_keeps_their_order() {
    let mut all: Vec<_> = (1..=2_000).map(|n| (n, 7)).collect();
    all.push((2_001, 8));
    let mut line = line(&all);
    let first = sent(&mut line, 0);
    assert_eq!(numbers(&first), [1, 2_001]);
    let mut told = Vec::new();
    let mut next = first;
    while !next.is_empty() {
        for attempt in next {
            line.finish(&attempt, &Outcome::Delivered, moment(0));
            told.push(attempt.number);
        }
        read(&mut line, &all, 0);
        next = sent(&mut line, 0);
    }
    let of_one: Vec<_> = told.into_iter().filter(|number| *number <= 2_000).collect();
    assert_eq!(of_one, (1..=2_000).collect::<Vec<_>>());
}

#[test]
fn memory_is_bounded_by_users_whose_messages_are_put_off() {
    let all: Vec<_> = (1..=10_000).map(|n| (n, n)).collect();
    let mut line = line(&all);
    loop {
        let tried = sent(&mut line, 0);
        if tried.is_empty() {
            break;
        }
        for attempt in tried {
            line.finish(&attempt, &refused(), moment(0));
        }
        read(&mut line, &all, 0);
    }
    assert!(line.held.len() < MOST_PUT_OFF + 2 * WINDOW);
    assert!(line.held.len() >= MOST_PUT_OFF);
}
