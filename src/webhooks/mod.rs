//! Webhooks: programs of others that are told what happens to users. The store keeps what is to be told (docs/decisions/0021); here it
//! is delivered, each webhook by itself, on threads that nothing else waits for.

mod call;
mod delivery;
mod exchange;
mod health;
mod lease;
mod line;
mod message;
mod moment;
mod outcome;
mod pause;
mod reports;
mod resolver;
mod retry_after;

mod signature;
mod teller;
mod test_message;

pub use self::delivery::Delivery;
pub use self::test_message::test;
