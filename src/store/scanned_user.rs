//! Users as a scan of all of them reads them: nothing is copied, and no secret is among it.

use std::borrow::Cow;

use uuid::Uuid;

use crate::domain::{LongColumn, NumberColumn, TextColumn};

/// Fields of a user, where they lie in a page of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedUser<'a> {
    /// Number of the user.
    pub number: u64,
    /// Columns of the deployment's own, as a JSON object; empty: none.
    pub columns: &'a str,
    pub(super) texts: [&'a str; TextColumn::COUNT],
    pub(super) numbers: [i64; NumberColumn::COUNT],
    pub(super) openid: IdText<'a>,
    pub(super) conversation_id: IdText<'a>,
    pub(super) picture: &'a str,
    pub(super) unionid: Cow<'a, str>,
}

/// Text that is nearly always an UUID, which is stored as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdText<'a> {
    Uuid(Uuid),
    Text(&'a str),
}

impl ScannedUser<'_> {
    /// Puts a text behind `text`.
    pub fn push_text(&self, column: TextColumn, text: &mut String) {
        match column {
            TextColumn::OpenId => self.openid.push_to(text),
            column => text.push_str(self.texts[column as usize]),
        }
    }

    /// Puts a text that blocks do not have behind `text`.
    pub fn push_long_text(&self, column: LongColumn, text: &mut String) {
        match column {
            LongColumn::Picture => text.push_str(self.picture),
            LongColumn::ConversationId => self.conversation_id.push_to(text),
            LongColumn::UnionId => text.push_str(&self.unionid),
        }
    }

    /// The number in a column.
    #[must_use]
    pub fn number_in(&self, column: NumberColumn) -> i64 {
        self.numbers[column as usize]
    }
}

impl IdText<'_> {
    fn push_to(self, text: &mut String) {
        match self {
            Self::Uuid(uuid) => {
                let mut buffer = Uuid::encode_buffer();
                text.push_str(uuid.hyphenated().encode_lower(&mut buffer));
            }
            Self::Text(own) => text.push_str(own),
        }
    }
}
