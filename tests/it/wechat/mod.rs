//! Tests of the client of WeChat.

mod causes;
mod down;
mod rules;
