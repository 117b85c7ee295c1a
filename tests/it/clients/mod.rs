//! Tests of `clients/`, the files that others copy: the client for mini-programs by node, the web pages in a real browser.

mod mini_program;
mod web;
