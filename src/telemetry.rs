//! Log lines on standard error, for people or for programs.

use std::io;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use crate::config::{Log, LogFormat};

/// Starts logging as configured. A second call changes nothing.
pub fn init(settings: &Log) {
    let targets: Targets = settings.level.parse().unwrap_or_default();
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let layer = match settings.format {
        LogFormat::Text => layer
            .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
            .boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(targets))
        .try_init();
}
