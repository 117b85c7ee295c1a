//! Tests of logins, tokens, limits on guessing, and audit events, at every door.

mod abuse;
mod audit_events;
mod forgery;
mod guessing;
mod jwt;
mod limits;
mod set_up;
mod sign_out;
mod superuser_safety;
mod token;
mod unionid;
mod verify;
