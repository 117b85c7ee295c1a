//! Progress of long work, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

use crate::admin::Progress;

/// A bar on the standard error.
pub struct Bar(ProgressBar);

/// A bar that counts `things`.
pub fn bar(things: &str) -> Bar {
    let template = format!("{{bar:40}} {{human_pos}} of {{human_len}} {things}, {{eta}} left");
    let style =
        ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    Bar(ProgressBar::new(0).with_style(style))
}

impl Bar {
    /// Moves it.
    pub fn update(&self, progress: Progress) {
        self.0.set_length(progress.total);
        self.0.set_position(progress.done);
    }

    /// Takes it away.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}
