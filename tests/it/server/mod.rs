//! Tests of connections, HTTP/2, TLS, pages and monitoring.

mod acme;
mod browser;
mod budgets;
mod early;
mod flood;
mod http2;
mod idle;
mod monitoring;
mod pages;
mod paths;
mod proxies;
mod slow;
mod tls;
mod verify;
