//! Statements of moves, in the same SQL as all others. What a move writes may be written again: it goes on with one that was cut.

/// Makes the table that says that a move is under way.
pub const MAKE_MOVES: &str = "CREATE TABLE IF NOT EXISTS moves (one smallint PRIMARY KEY, source text NOT NULL, \
     version text NOT NULL, users_to text NOT NULL)";
/// Number of tables of that name.
pub const COUNT_MOVES: &str = "SELECT count(*) FROM information_schema.tables \
     WHERE table_name = 'moves' AND table_schema = current_schema()";
/// The move that is under way.
pub const READ_MOVE: &str = "SELECT source, version, users_to FROM moves WHERE one = 1";
/// Begins a move, unless one is under way.
pub const BEGIN_MOVE: &str = "INSERT INTO moves (one, source, version, users_to) VALUES (1, $1, $2, '') ON CONFLICT (one) DO NOTHING";
/// Writes how far the move is.
pub const MARK_MOVE: &str = "UPDATE moves SET users_to = $1 WHERE one = 1";
/// Ends the move.
pub const END_MOVE: &str = "DELETE FROM moves WHERE one = 1";
/// Number of some records and events: none, if the database is empty.
pub const COUNT_SOME: &str = "SELECT (SELECT count(*) FROM (SELECT 1 FROM users LIMIT 1) AS a) \
     + (SELECT count(*) FROM (SELECT 1 FROM companies LIMIT 1) AS b) \
     + (SELECT count(*) FROM (SELECT 1 FROM superusers LIMIT 1) AS c) \
     + (SELECT count(*) FROM (SELECT 1 FROM events LIMIT 1) AS d) \
     + (SELECT count(*) FROM (SELECT 1 FROM avatars LIMIT 1) AS e) \
     + (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT 1) AS f)";
/// The servers, and when each was seen.
pub const INSTANCES: &str = "SELECT id, seen_ms FROM instances";
/// Adds users.
pub const ADD_USERS: &str = "INSERT INTO users (id, number, openid, phone, email, name_begin, created_ms, record) \
     SELECT id, number, openid, phone, email, name_begin, created_ms, record FROM unnest($1::text[], $2::bigint[], \
     $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bytea[]) \
     AS new (id, number, openid, phone, email, name_begin, created_ms, record) ON CONFLICT (id) DO NOTHING";
/// Adds companies.
pub const ADD_COMPANIES: &str = "INSERT INTO companies (id, number, company_id, record) \
     SELECT id, number, company_id, record FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bytea[]) \
     AS new (id, number, company_id, record) ON CONFLICT (id) DO NOTHING";
/// Adds superusers.
pub const ADD_SUPERUSERS: &str = "INSERT INTO superusers (id, number, email, record) \
     SELECT id, number, email, record FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bytea[]) \
     AS new (id, number, email, record) ON CONFLICT (id) DO NOTHING";
/// Adds events.
pub const ADD_EVENTS: &str = "INSERT INTO events (origin, at_ms, number, party, event) \
     SELECT origin, at_ms, number, party, event FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::text[], \
     $5::bytea[]) AS new (origin, at_ms, number, party, event) ON CONFLICT (at_ms, number) DO NOTHING";
/// Adds pictures of users.
pub const ADD_AVATARS: &str = "INSERT INTO avatars (user_id, name, bytes, avatar) SELECT user_id, name, bytes, avatar \
     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) AS new (user_id, name, bytes, avatar) \
     ON CONFLICT (user_id) DO NOTHING";
/// Adds messages.
pub const ADD_MESSAGES: &str = "INSERT INTO outbox (hook, number, message) SELECT hook, number, message \
     FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS new (hook, number, message) \
     ON CONFLICT (hook, number) DO NOTHING";
/// Pictures behind that of a user.
pub const AVATARS_AFTER: &str =
    "SELECT user_id, avatar FROM avatars WHERE user_id > $1 ORDER BY user_id LIMIT $2";
/// Messages behind a place.
pub const MESSAGES_AFTER: &str = "SELECT hook, number, message FROM outbox WHERE (hook, number) > ($1, $2) \
     ORDER BY hook, number LIMIT $3";
/// Number of messages.
pub const COUNT_MESSAGES: &str = "SELECT count(*) FROM outbox";
/// Empties the state, which a server may have begun.
pub const EMPTY_STATE: &str = "DELETE FROM state";
/// Empties what was counted of logins.
pub const EMPTY_FAILURES: &str = "DELETE FROM login_failures";
/// Events of an origin behind a place.
pub const EVENTS_AFTER: &str = "SELECT at_ms, number, event FROM events WHERE origin = $1 AND (at_ms, number) > ($2, $3) \
     ORDER BY at_ms, number LIMIT $4";
/// Events that are kept, by origin; and the newest number; without a lock.
pub const EVENT_COUNTS: &str = "SELECT origin, events, number FROM event_totals";
/// All that is counted, without a lock.
pub const ALL_TOTALS: &str = "SELECT users, companies, superusers, imported_hashes, user_number, company_number, \
     superuser_number, change, state, avatars, avatar_bytes, message FROM totals WHERE one = 1";
