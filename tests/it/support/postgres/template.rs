//! Fresh databases, copied from one that was filled once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::postgres::cluster::shared;

static EMPTY: Template = Template::new("empty", |_| ());

/// A fresh, empty database on the shared server: its URL.
pub fn database() -> String {
    EMPTY.database()
}

/// The same, whose transactions are SERIALIZABLE unless they say otherwise.
pub fn serializable_database() -> String {
    EMPTY.serializable_database()
}

/// A database of the shared server that others are copied from. Keep it in a `static`, so that it is filled once.
pub struct Template {
    name: &'static str,
    fill: fn(&str),
    filled: OnceLock<()>,
}

impl Template {
    /// `fill` gets the URL of an empty database, when the first copy is wanted; it leaves no connection open.
    pub const fn new(name: &'static str, fill: fn(&str)) -> Self {
        Self {
            name,
            fill,
            filled: OnceLock::new(),
        }
    }

    /// A fresh copy: its URL.
    pub fn database(&self) -> String {
        shared().url(&self.copy())
    }

    /// A fresh copy whose transactions are SERIALIZABLE unless they say otherwise: its URL.
    pub fn serializable_database(&self) -> String {
        let name = self.copy();
        shared().administer(&format!(
            "ALTER DATABASE {name} SET default_transaction_isolation = serializable"
        ));
        shared().url(&name)
    }

    fn copy(&self) -> String {
        static COPIES: AtomicUsize = AtomicUsize::new(1);
        self.filled.get_or_init(|| self.make());
        let name = format!("copy_{}", COPIES.fetch_add(1, Ordering::Relaxed));
        shared().administer(&format!(
            "CREATE DATABASE {name} TEMPLATE template_{}",
            self.name
        ));
        name
    }

    fn make(&self) {
        let name = format!("template_{}", self.name);
        shared().administer(&format!("CREATE DATABASE {name}"));
        (self.fill)(&shared().url(&name));
    }
}
