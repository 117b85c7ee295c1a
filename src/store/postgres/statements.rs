//! The statements, in the SQL that PostgreSQL, CockroachDB and YugabyteDB have in common. A test reads this folder for what they
//! have not: docs/decisions/0019-postgresql.md.

// Commits: what a transaction reads, in this order.

/// Takes the lock that puts all commits in one order, with what is counted.
pub const LOCK_TOTALS: &str = "SELECT users, companies, superusers, imported_hashes, user_number, company_number, \
     superuser_number, change, state, avatars, avatar_bytes, message FROM totals WHERE one = 1 FOR UPDATE";
/// Users by any of their keys; one may come more than once.
pub const USERS_BY_KEYS: &str = "SELECT id, record FROM users WHERE id = ANY($1) \
     UNION ALL SELECT id, record FROM users WHERE openid = ANY($2) \
     UNION ALL SELECT id, record FROM users WHERE phone = ANY($3) \
     UNION ALL SELECT id, record FROM users WHERE email = ANY($4)";
/// Companies by their keys.
pub const COMPANIES_BY_KEYS: &str = "SELECT id, record FROM companies WHERE id = ANY($1) \
     UNION ALL SELECT id, record FROM companies WHERE company_id = ANY($2)";
/// Superusers by their keys.
pub const SUPERUSERS_BY_KEYS: &str = "SELECT id, record FROM superusers WHERE id = ANY($1) \
     UNION ALL SELECT id, record FROM superusers WHERE email = ANY($2)";
/// The state.
pub const STATE: &str = "SELECT name, value FROM state";
/// Events by their places.
pub const EVENTS_AT: &str = "SELECT origin, at_ms, number, event FROM events WHERE (at_ms, number) IN \
     (SELECT at_ms, number FROM unnest($1::bigint[], $2::bigint[]) AS wanted (at_ms, number))";
/// Events that are kept, by origin; and the newest number.
pub const EVENT_TOTALS: &str = "SELECT origin, events, number FROM event_totals FOR UPDATE";
/// Number of events of parties, up to a limit.
pub const PARTY_COUNTS: &str = "SELECT origin, party, (SELECT count(*) FROM (SELECT 1 FROM events \
     WHERE events.origin = wanted.origin AND events.party = wanted.party LIMIT $3) AS found) \
     FROM unnest($1::smallint[], $2::text[]) AS wanted (origin, party)";
/// Failures by their keys.
pub const FAILURES: &str = "SELECT key, n, at_ms, familiar FROM login_failures WHERE key = ANY($1)";

/// Names and sizes of pictures of users.
pub const AVATAR_SIZES: &str = "SELECT user_id, name, bytes FROM avatars WHERE user_id = ANY($1)";
/// The holder of a lease, and its end.
pub const LEASE: &str = "SELECT holder, until_ms FROM leases WHERE name = $1";

// Commits: what a transaction writes, in this order.

/// Removes users.
pub const DELETE_USERS: &str = "DELETE FROM users WHERE id = ANY($1)";
/// Adds users.
pub const INSERT_USERS: &str = "INSERT INTO users (id, number, openid, phone, email, name_begin, created_ms, record) \
     SELECT id, number, openid, phone, email, name_begin, created_ms, record FROM unnest($1::text[], $2::bigint[], \
     $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bytea[]) \
     AS new (id, number, openid, phone, email, name_begin, created_ms, record)";
/// Changes users whose unique keys stay.
pub const UPDATE_USERS: &str = "UPDATE users SET name_begin = new.name_begin, record = new.record \
     FROM unnest($1::text[], $2::text[], $3::bytea[]) AS new (id, name_begin, record) WHERE users.id = new.id";
/// Removes companies.
pub const DELETE_COMPANIES: &str = "DELETE FROM companies WHERE id = ANY($1)";
/// Adds companies.
pub const INSERT_COMPANIES: &str = "INSERT INTO companies (id, number, company_id, record) \
     SELECT id, number, company_id, record FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bytea[]) \
     AS new (id, number, company_id, record)";
/// Removes superusers.
pub const DELETE_SUPERUSERS: &str = "DELETE FROM superusers WHERE id = ANY($1)";
/// Adds superusers.
pub const INSERT_SUPERUSERS: &str = "INSERT INTO superusers (id, number, email, record) \
     SELECT id, number, email, record FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bytea[]) \
     AS new (id, number, email, record)";
/// Writes values of the state.
pub const WRITE_STATE: &str = "INSERT INTO state (name, value) SELECT name, value FROM unnest($1::text[], $2::bytea[]) \
     AS new (name, value) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
/// Writes changes, for the subscribers of all servers.
pub const INSERT_CHANGES: &str = "INSERT INTO changes (number, at_ms, action, kind, id, record) \
     SELECT number, $2, action, kind, id, record FROM unnest($1::bigint[], $3::smallint[], $4::smallint[], $5::text[], \
     $6::bytea[]) AS new (number, action, kind, id, record)";
/// Writes what is counted.
pub const WRITE_TOTALS: &str = "UPDATE totals SET users = $1, companies = $2, superusers = $3, imported_hashes = $4, \
     user_number = $5, company_number = $6, superuser_number = $7, change = $8, state = $9, avatars = $10, \
     avatar_bytes = $11, message = $12 WHERE one = 1";
/// Adds events.
pub const INSERT_EVENTS: &str = "INSERT INTO events (origin, at_ms, number, party, event) \
     SELECT origin, at_ms, number, party, event FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::text[], \
     $5::bytea[]) AS new (origin, at_ms, number, party, event)";
/// Changes events.
pub const UPDATE_EVENTS: &str = "UPDATE events SET event = new.event FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) \
     AS new (at_ms, number, event) WHERE events.at_ms = new.at_ms AND events.number = new.number";
/// Removes the oldest events of parties: so many of each, and of none more than `$4`.
pub const DELETE_OF_PARTIES: &str = "DELETE FROM events WHERE (at_ms, number) IN (SELECT oldest.at_ms, oldest.number \
     FROM unnest($1::smallint[], $2::text[], $3::bigint[]) AS wanted (origin, party, surplus), LATERAL (SELECT at_ms, number, \
     row_number() OVER (ORDER BY at_ms, number) AS place FROM events WHERE events.origin = wanted.origin \
     AND events.party = wanted.party ORDER BY at_ms, number LIMIT $4) AS oldest WHERE oldest.place <= wanted.surplus)";
/// Removes the oldest `$2` events of an origin.
pub const DELETE_OLDEST: &str = "DELETE FROM events WHERE (at_ms, number) IN (SELECT at_ms, number FROM events \
     WHERE origin = $1 ORDER BY at_ms, number LIMIT $2)";
/// Removes events of an origin that are older than `$2`, the oldest `$3` at most.
pub const DELETE_OLDER: &str = "DELETE FROM events WHERE (at_ms, number) IN (SELECT at_ms, number FROM events \
     WHERE origin = $1 AND at_ms < $2 ORDER BY at_ms, number LIMIT $3)";
/// Sets the number of events of an origin, and the newest number.
pub const WRITE_EVENT_TOTAL: &str =
    "UPDATE event_totals SET events = $2, number = $3 WHERE origin = $1";
/// Writes failures.
pub const WRITE_FAILURES: &str = "INSERT INTO login_failures (key, n, at_ms, familiar) SELECT key, n, at_ms, familiar \
     FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::smallint[]) AS new (key, n, at_ms, familiar) \
     ON CONFLICT (key) DO UPDATE SET n = excluded.n, at_ms = excluded.at_ms, familiar = excluded.familiar";
/// Removes pictures of users.
pub const DELETE_AVATARS: &str = "DELETE FROM avatars WHERE user_id = ANY($1)";
/// Adds pictures of users.
pub const INSERT_AVATARS: &str = "INSERT INTO avatars (user_id, name, bytes, avatar) SELECT user_id, name, bytes, avatar \
     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) AS new (user_id, name, bytes, avatar)";
/// Removes messages.
pub const DELETE_MESSAGES: &str = "DELETE FROM outbox WHERE (hook, number) IN (SELECT hook, number \
     FROM unnest($1::bigint[], $2::bigint[]) AS told (hook, number))";
/// Adds messages.
pub const INSERT_MESSAGES: &str = "INSERT INTO outbox (hook, number, message) SELECT hook, number, message \
     FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS new (hook, number, message)";
/// Writes a lease.
pub const WRITE_LEASE: &str = "INSERT INTO leases (name, holder, until_ms) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms";
/// Writes down that the transaction was committed.
pub const INSERT_COMMIT: &str = "INSERT INTO commits (id, at_ms) VALUES ($1, $2)";
/// Asks whether a transaction was committed.
pub const FIND_COMMIT: &str = "SELECT id FROM commits WHERE id = $1";

// Verification, in one snapshot.

/// Lets a transaction of this session wait for us for as long as we take.
pub const WAIT_FOR_US: &str = "SET idle_in_transaction_session_timeout = 0";
/// Begins a transaction that sees the database as it is now, however long it takes.
pub const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Users behind an id, with all columns.
pub const CHECK_USERS: &str = "SELECT id, record, number, openid, phone, email, name_begin, created_ms FROM users \
     WHERE id > $1 ORDER BY id LIMIT $2";
/// Companies behind an id, with all columns.
pub const CHECK_COMPANIES: &str =
    "SELECT id, record, number, company_id FROM companies WHERE id > $1 ORDER BY id LIMIT $2";
/// Superusers behind an id, with all columns.
pub const CHECK_SUPERUSERS: &str =
    "SELECT id, record, number, email FROM superusers WHERE id > $1 ORDER BY id LIMIT $2";
/// Events behind a place, with all columns.
pub const CHECK_EVENTS: &str = "SELECT at_ms, number, origin, party, event FROM events WHERE (at_ms, number) > ($1, $2) \
     ORDER BY at_ms, number LIMIT $3";
/// Pictures behind that of a user, with all columns, and whether there is the user.
pub const CHECK_AVATARS: &str = "SELECT user_id, avatar, name, bytes, (SELECT count(*) FROM users WHERE users.id = avatars.user_id) \
     FROM avatars WHERE user_id > $1 ORDER BY user_id LIMIT $2";
/// Messages behind a place.
pub const CHECK_MESSAGES: &str = "SELECT hook, number, message FROM outbox WHERE (hook, number) > ($1, $2) \
     ORDER BY hook, number LIMIT $3";
/// Totals, without the lock.
pub const CHECK_TOTALS: &str = "SELECT users, companies, superusers, imported_hashes, user_number, company_number, \
     superuser_number, change, state, avatars, avatar_bytes, message FROM totals WHERE one = 1";
/// Events that are counted, without the lock.
pub const CHECK_EVENT_TOTALS: &str = "SELECT origin, events, number FROM event_totals";

// Monitoring.

/// Standbys; those of which it may be seen how they follow; those that commits wait for.
pub const STANDBYS: &str = "SELECT count(*), count(sync_state), \
     count(CASE WHEN sync_state IN ('sync', 'quorum') THEN 1 END) FROM pg_stat_replication";

// A server's own row, and what is swept.

/// Writes that the server is there.
pub const SHOW_INSTANCE: &str = "INSERT INTO instances (id, version, seen_ms) VALUES ($1, $2, $3) \
     ON CONFLICT (id) DO UPDATE SET version = excluded.version, seen_ms = excluded.seen_ms";
/// Removes changes that are older than `$1`, `$2` at most.
pub const SWEEP_CHANGES: &str = "DELETE FROM changes WHERE number IN (SELECT number FROM changes WHERE at_ms < $1 \
     ORDER BY number LIMIT $2)";
/// Removes ids of transactions.
pub const SWEEP_COMMITS: &str =
    "DELETE FROM commits WHERE id IN (SELECT id FROM commits WHERE at_ms < $1 LIMIT $2)";
/// Removes servers that are gone.
pub const SWEEP_INSTANCES: &str =
    "DELETE FROM instances WHERE id IN (SELECT id FROM instances WHERE seen_ms < $1 LIMIT $2)";
/// Removes failures that count no more.
pub const SWEEP_FAILURES: &str = "DELETE FROM login_failures WHERE key IN (SELECT key FROM login_failures WHERE at_ms < $1 LIMIT $2)";

// Reads.

/// A user by id.
pub const USER_BY_ID: &str = "SELECT id, record FROM users WHERE id = $1";
/// A user by openid.
pub const USER_BY_OPENID: &str = "SELECT id, record FROM users WHERE openid = $1";
/// Users by phone, in this or the older spelling.
pub const USERS_BY_PHONES: &str = "SELECT id, record FROM users WHERE phone = ANY($1)";
/// A user by an e-mail address that the server did not make.
pub const USER_BY_EMAIL: &str = "SELECT id, record FROM users WHERE email = $1";
/// A company by id.
pub const COMPANY_BY_ID: &str = "SELECT id, record FROM companies WHERE id = $1";
/// A company by key.
pub const COMPANY_BY_KEY: &str = "SELECT id, record FROM companies WHERE company_id = $1";
/// A superuser by id.
pub const SUPERUSER_BY_ID: &str = "SELECT id, record FROM superusers WHERE id = $1";
/// A superuser by e-mail address.
pub const SUPERUSER_BY_EMAIL: &str = "SELECT id, record FROM superusers WHERE email = $1";
/// Totals, without the lock.
pub const TOTALS: &str =
    "SELECT users, companies, superusers, imported_hashes, change, state FROM totals WHERE one = 1";
/// Changes behind `$1`.
pub const CHANGES_AFTER: &str = "SELECT number, action, kind, id, record FROM changes WHERE number > $1 ORDER BY number LIMIT $2";
/// Number of users whose phones are between two texts.
pub const COUNT_PHONES: &str = "SELECT count(*) FROM users WHERE phone >= $1 AND phone < $2";
/// Users whose phones are between two texts.
pub const USERS_BETWEEN_PHONES: &str =
    "SELECT id, record FROM users WHERE phone >= $1 AND phone < $2 ORDER BY phone";
/// Users with these ids.
pub const USERS_BY_IDS: &str = "SELECT id, record FROM users WHERE id = ANY($1)";
/// Companies with these ids.
pub const COMPANIES_BY_IDS: &str = "SELECT id, record FROM companies WHERE id = ANY($1)";
/// Superusers with these ids.
pub const SUPERUSERS_BY_IDS: &str = "SELECT id, record FROM superusers WHERE id = ANY($1)";
/// Users behind an id.
pub const USERS_AFTER: &str = "SELECT id, record FROM users WHERE id > $1 ORDER BY id LIMIT $2";
/// Companies behind an id.
pub const COMPANIES_AFTER: &str =
    "SELECT id, record FROM companies WHERE id > $1 ORDER BY id LIMIT $2";
/// Superusers behind an id.
pub const SUPERUSERS_AFTER: &str =
    "SELECT id, record FROM superusers WHERE id > $1 ORDER BY id LIMIT $2";
/// Id of the user behind so many, in the order of ids.
pub const USER_ID_AT: &str = "SELECT id FROM users ORDER BY id LIMIT 1 OFFSET $1";
/// Id of the company behind so many.
pub const COMPANY_ID_AT: &str = "SELECT id FROM companies ORDER BY id LIMIT 1 OFFSET $1";
/// Id of the superuser behind so many.
pub const SUPERUSER_ID_AT: &str = "SELECT id FROM superusers ORDER BY id LIMIT 1 OFFSET $1";
/// Users in the order of their creation, behind one.
pub const USERS_CREATED_AFTER: &str = "SELECT id, record FROM users WHERE (created_ms, number) > ($1, $2) \
     ORDER BY created_ms, number LIMIT $3";
/// Users against the order of their creation, before one.
pub const USERS_CREATED_BEFORE: &str = "SELECT id, record FROM users WHERE (created_ms, number) < ($1, $2) \
     ORDER BY created_ms DESC, number DESC LIMIT $3";
/// Place of the user behind so many in the order of creation.
pub const CREATED_AT: &str =
    "SELECT created_ms, number FROM users ORDER BY created_ms, number LIMIT 1 OFFSET $1";
/// Place of the user before so many against the order of creation.
pub const CREATED_AT_BACKWARDS: &str =
    "SELECT created_ms, number FROM users ORDER BY created_ms DESC, number DESC LIMIT 1 OFFSET $1";
/// Places in the order of creation behind one.
pub const NUMBERS_CREATED_AFTER: &str = "SELECT created_ms, number FROM users WHERE (created_ms, number) > ($1, $2) \
     ORDER BY created_ms, number LIMIT $3";
/// Places against the order of creation before one.
pub const NUMBERS_CREATED_BEFORE: &str = "SELECT created_ms, number FROM users WHERE (created_ms, number) < ($1, $2) \
     ORDER BY created_ms DESC, number DESC LIMIT $3";
/// Users by number.
pub const USERS_NUMBERED: &str = "SELECT id, number, record FROM users WHERE number >= $1 AND number < $2 \
     ORDER BY number LIMIT $3";
/// Users by number, backwards.
pub const USERS_NUMBERED_BACKWARDS: &str = "SELECT id, number, record FROM users WHERE number >= $1 AND number < $2 \
     ORDER BY number DESC LIMIT $3";
/// Users whose numbers are in some ranges of `$2`, in the order of these.
pub const USERS_NUMBERED_IN: &str = "SELECT id, number, record FROM users WHERE number IN (SELECT place + slot \
     FROM unnest($1::bigint[]) AS places (place), unnest($2::bigint[]) AS slots (slot)) ORDER BY number";
/// Events before a place, newest first.
pub const EVENTS_BEFORE: &str = "SELECT origin, at_ms, number, event FROM events WHERE (at_ms, number) < ($1, $2) \
     AND at_ms >= $3 ORDER BY at_ms DESC, number DESC LIMIT $4";
/// The picture of a user.
pub const AVATAR: &str = "SELECT avatar FROM avatars WHERE user_id = $1";
/// Number of pictures, and their bytes.
pub const AVATAR_TOTALS: &str = "SELECT avatars, avatar_bytes FROM totals WHERE one = 1";
/// Messages of a webhook behind a number.
pub const MESSAGES: &str =
    "SELECT number, message FROM outbox WHERE hook = $1 AND number > $2 ORDER BY number LIMIT $3";
/// Webhooks for which messages wait.
pub const QUEUES: &str = "SELECT hook, count(*) FROM outbox GROUP BY hook ORDER BY hook";
