//! Version and revision of this binary; set by build.rs.

use jiff::Timestamp;

/// The version in Cargo.toml.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Short git revision, or `unknown` when it was built outside a checkout.
pub const REVISION: &str = env!("BAI_BUILD_REVISION");

/// Time at which the binary was built; `None` when unknown. `SOURCE_DATE_EPOCH` at build time fixes it.
#[must_use]
pub fn time() -> Option<Timestamp> {
    env!("BAI_BUILD_EPOCH_SECS")
        .parse()
        .ok()
        .and_then(|secs| Timestamp::from_second(secs).ok())
}
