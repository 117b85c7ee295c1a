//! Statements of lookups by the begin of a text, by index.

use crate::store::TextIndex;

/// The statements of an index.
pub struct BeginStatements {
    /// Those of `$1` that texts begin with.
    pub spellings: &'static str,
    /// Texts and ids between `$1` and `$2`, `$3` at most.
    pub range: &'static str,
}

const IDS: BeginStatements = BeginStatements {
    spellings: "SELECT begin FROM unnest($1::text[], $2::text[]) AS wanted (begin, beyond) \
                WHERE EXISTS (SELECT 1 FROM users WHERE users.id >= wanted.begin AND users.id < wanted.beyond)",
    range: "SELECT id, id FROM users WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3",
};
const OPENIDS: BeginStatements = BeginStatements {
    spellings: "SELECT begin FROM unnest($1::text[], $2::text[]) AS wanted (begin, beyond) \
                WHERE EXISTS (SELECT 1 FROM users WHERE users.openid >= wanted.begin AND users.openid < wanted.beyond)",
    range: "SELECT openid, id FROM users WHERE openid >= $1 AND openid < $2 ORDER BY openid LIMIT $3",
};
const PHONES: BeginStatements = BeginStatements {
    spellings: "SELECT begin FROM unnest($1::text[], $2::text[]) AS wanted (begin, beyond) \
                WHERE EXISTS (SELECT 1 FROM users WHERE users.phone >= wanted.begin AND users.phone < wanted.beyond)",
    range: "SELECT phone, id FROM users WHERE phone >= $1 AND phone < $2 ORDER BY phone LIMIT $3",
};
const EMAILS: BeginStatements = BeginStatements {
    spellings: "SELECT begin FROM unnest($1::text[], $2::text[]) AS wanted (begin, beyond) \
                WHERE EXISTS (SELECT 1 FROM users WHERE users.email >= wanted.begin AND users.email < wanted.beyond)",
    range: "SELECT email, id FROM users WHERE email >= $1 AND email < $2 ORDER BY email LIMIT $3",
};
/// The statements of the begins of names; each name with the record.
pub const NAMES: BeginStatements = BeginStatements {
    spellings: "SELECT begin FROM unnest($1::text[], $2::text[]) AS wanted (begin, beyond) \
                WHERE EXISTS (SELECT 1 FROM users WHERE users.name_begin >= wanted.begin AND users.name_begin < wanted.beyond)",
    range: "SELECT name_begin, number FROM users WHERE name_begin >= $1 AND name_begin < $2 ORDER BY name_begin, number LIMIT $3",
};
/// Users whose names begin just so, `$2` at most.
pub const NAMED: &str =
    "SELECT id, record FROM users WHERE name_begin = $1 ORDER BY number LIMIT $2";

impl BeginStatements {
    /// The statements of that index.
    pub fn of(index: TextIndex) -> &'static Self {
        match index {
            TextIndex::Id => &IDS,
            TextIndex::OpenId => &OPENIDS,
            TextIndex::Phone => &PHONES,
            TextIndex::Email => &EMAILS,
        }
    }
}
