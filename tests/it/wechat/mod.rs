//! Tests of the client of WeChat.

mod down;
mod rules;
