//! Names of the values that a database has one of: of each, the checksum covers the name, too.

/// Token keys.
pub const TOKEN_KEYS: &str = "token_keys";
/// The collections; not there: they began here.
pub const COLLECTIONS: &str = "collections";
/// Times whose tokens are void; not there: none.
pub const REVOCATION_WINDOWS: &str = "void_tokens";
/// Tokens that ended before their time; not there: none.
pub const ENDED_TOKENS: &str = "ended_tokens";
/// Identity of a database in a file; not there: it has no id yet.
pub const IDENTITY: &str = "database_identity";
