//! The user's document: its eight endpoints, their wire types and their Chinese texts.
//!
//! | endpoint | file | operation |
//! |---|---|---|
//! | `POST /api/system/users-count` | `system.rs` | `Store::count_users` |
//! | `POST /api/system/test-helloworld` | `system.rs` | none |
//! | `POST /api/system/health` | `system.rs` | `Store::is_writable` |
//! | `POST /api/system/refresh-token` | `system.rs` | `auth::refresh` |
//! | `POST /api/wechat/login` | `wechat.rs` | `auth::login_wechat` |
//! | `POST /api/wechat/profile` | `wechat.rs` | `auth::update_profile` |
//! | `POST /api/platform/login` | `platform.rs` | `auth::login_platform` |
//! | `POST /api/platform/register` | `platform.rs` | `auth::register` |

/// The paths of the endpoints.
pub const PATHS: [&str; 8] = [
    "/api/system/users-count",
    "/api/system/test-helloworld",
    "/api/system/health",
    "/api/system/refresh-token",
    "/api/wechat/login",
    "/api/wechat/profile",
    "/api/platform/login",
    "/api/platform/register",
];

pub mod answer;
pub mod envelope;
pub mod error;
pub mod platform;
pub mod session;
pub mod system;
pub mod view;
pub mod wechat;
