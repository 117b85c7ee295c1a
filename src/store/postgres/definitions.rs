//! The tables: statements that make them, each of which may be sent again.

/// Version of the tables that this program works with.
pub const VERSION: i64 = 2;

/// A step of a migration: to a version of the tables, with the oldest version of a program that may still work with them.
pub struct Step {
    /// Version of the tables after it.
    pub version: i64,
    /// Programs of older versions may not work with the tables any more. Not newer than the version before: two versions of
    /// the program run side by side while servers are replaced one after the other.
    pub oldest: i64,
    /// Statements, each of which may be sent again.
    pub statements: &'static [&'static str],
}

/// The table of the version, which there is before all others.
pub const SCHEMA: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS bai_schema (one smallint PRIMARY KEY, version bigint NOT NULL, oldest bigint NOT NULL)",
    "INSERT INTO bai_schema (one, version, oldest) VALUES (1, 0, 0) ON CONFLICT (one) DO NOTHING",
];

/// All steps, in order.
pub const STEPS: &[Step] = &[FIRST, AVATARS_AND_OUTBOX];

/// Pictures of users, messages for webhooks, and the lease of their delivery.
const AVATARS_AND_OUTBOX: Step = Step {
    version: 2,
    oldest: 1,
    statements: &[
        "CREATE TABLE IF NOT EXISTS avatars (user_id text PRIMARY KEY, name text NOT NULL, bytes bigint NOT NULL, \
         avatar bytea NOT NULL)",
        "CREATE TABLE IF NOT EXISTS outbox (hook bigint NOT NULL, number bigint NOT NULL, message bytea NOT NULL, \
         PRIMARY KEY (hook, number))",
        "CREATE TABLE IF NOT EXISTS leases (name text PRIMARY KEY, holder text NOT NULL, until_ms bigint NOT NULL)",
        "ALTER TABLE totals ADD COLUMN IF NOT EXISTS avatars bigint NOT NULL DEFAULT 0",
        "ALTER TABLE totals ADD COLUMN IF NOT EXISTS avatar_bytes bigint NOT NULL DEFAULT 0",
        "ALTER TABLE totals ADD COLUMN IF NOT EXISTS message bigint NOT NULL DEFAULT 0",
    ],
};

const FIRST: Step = Step {
    version: 1,
    oldest: 1,
    statements: &[
        "CREATE TABLE IF NOT EXISTS users (id text PRIMARY KEY, number bigint NOT NULL, openid text NOT NULL, phone text, \
         email text, name_begin text, created_ms bigint NOT NULL, record bytea NOT NULL)",
        "CREATE UNIQUE INDEX IF NOT EXISTS users_by_number ON users (number)",
        "CREATE UNIQUE INDEX IF NOT EXISTS users_by_openid ON users (openid)",
        "CREATE UNIQUE INDEX IF NOT EXISTS users_by_phone ON users (phone)",
        "CREATE UNIQUE INDEX IF NOT EXISTS users_by_email ON users (email)",
        "CREATE INDEX IF NOT EXISTS users_by_name ON users (name_begin, number)",
        "CREATE INDEX IF NOT EXISTS users_by_created ON users (created_ms, number)",
        "CREATE TABLE IF NOT EXISTS companies (id text PRIMARY KEY, number bigint NOT NULL, company_id text, \
         record bytea NOT NULL)",
        "CREATE UNIQUE INDEX IF NOT EXISTS companies_by_key ON companies (company_id)",
        "CREATE TABLE IF NOT EXISTS superusers (id text PRIMARY KEY, number bigint NOT NULL, email text NOT NULL, \
         record bytea NOT NULL)",
        "CREATE UNIQUE INDEX IF NOT EXISTS superusers_by_email ON superusers (email)",
        "CREATE TABLE IF NOT EXISTS totals (one smallint PRIMARY KEY, users bigint NOT NULL, companies bigint NOT NULL, \
         superusers bigint NOT NULL, imported_hashes bigint NOT NULL, user_number bigint NOT NULL, \
         company_number bigint NOT NULL, superuser_number bigint NOT NULL, change bigint NOT NULL, state bigint NOT NULL)",
        "INSERT INTO totals (one, users, companies, superusers, imported_hashes, user_number, company_number, \
         superuser_number, change, state) VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (one) DO NOTHING",
        "CREATE TABLE IF NOT EXISTS state (name text PRIMARY KEY, value bytea NOT NULL)",
        "CREATE TABLE IF NOT EXISTS changes (number bigint PRIMARY KEY, at_ms bigint NOT NULL, action smallint NOT NULL, \
         kind smallint NOT NULL, id text NOT NULL, record bytea NOT NULL)",
        "CREATE TABLE IF NOT EXISTS commits (id text PRIMARY KEY, at_ms bigint NOT NULL)",
        "CREATE INDEX IF NOT EXISTS commits_by_time ON commits (at_ms)",
        "CREATE TABLE IF NOT EXISTS events (at_ms bigint NOT NULL, number bigint NOT NULL, origin smallint NOT NULL, \
         party text, event bytea NOT NULL, PRIMARY KEY (at_ms, number))",
        "CREATE INDEX IF NOT EXISTS events_by_party ON events (origin, party, at_ms, number)",
        "CREATE INDEX IF NOT EXISTS events_by_origin ON events (origin, at_ms, number)",
        "CREATE TABLE IF NOT EXISTS event_totals (origin smallint PRIMARY KEY, events bigint NOT NULL, number bigint NOT NULL)",
        "INSERT INTO event_totals (origin, events, number) VALUES (0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0) \
         ON CONFLICT (origin) DO NOTHING",
        "CREATE TABLE IF NOT EXISTS login_failures (key text PRIMARY KEY, n bigint NOT NULL, at_ms bigint NOT NULL, \
         familiar smallint NOT NULL)",
        "CREATE TABLE IF NOT EXISTS instances (id text PRIMARY KEY, version text NOT NULL, seen_ms bigint NOT NULL)",
    ],
};
