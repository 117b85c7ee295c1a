//! Users as filters and sorts see them together: the same values under the same names as of the records.

use std::cell::OnceCell;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::own_columns::OwnColumns;
use super::users::Users;
use crate::domain::{
    GIVEN_EMAIL, IdType, LongColumn, NATIVE_EMAIL, NumberColumn, RecordId, TextColumn, User,
    UserNumber,
};
use crate::filter::{Block, Column, Ends, Ordered, Sort, SortRecord, Texts, Value};
use crate::records::date::{DATES_IN_ORDER, push_date};
use crate::records::fields::field::BlockColumn;
use crate::records::fields::tables::BuiltIn as _;
use crate::store::user_block::Distinct;

/// Whether blocks have the field of that name.
pub fn is_column(field: &str) -> bool {
    place(field).is_some_and(|column| !matches!(column, BlockColumn::Long(_)))
}

fn place(field: &str) -> Option<BlockColumn> {
    User::field(field)?.column
}

/// Some users, with what has to be made of them for a filter: that is made when it is asked for.
pub struct UserView<'a> {
    users: Users<'a>,
    own: &'a OwnColumns<'a>,
    texts: [OnceCell<Distinct<'a>>; TextColumn::COUNT],
    long_texts: [OnceCell<Distinct<'a>>; LongColumn::COUNT],
    own_values: OnceCell<Vec<Vec<Option<Json>>>>,
    created: OnceCell<MadeTexts>,
    updated: OnceCell<MadeTexts>,
    emails: OnceCell<MadeTexts>,
    numbers: OnceCell<MadeTexts>,
}

/// Texts that are made of other columns.
struct MadeTexts {
    text: String,
    ends: Vec<u32>,
}

impl MadeTexts {
    fn new(count: usize, push: impl Fn(usize, &mut String)) -> Self {
        let mut text = String::new();
        let mut ends = Vec::with_capacity(count);
        for row in 0..count {
            push(row, &mut text);
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        Self { text, ends }
    }
}

impl<'a> UserView<'a> {
    /// View of these users, with the columns of the deployment's own that may be asked for.
    pub fn new(users: Users<'a>, own: &'a OwnColumns<'a>) -> Self {
        Self {
            users,
            own,
            texts: std::array::from_fn(|_| OnceCell::new()),
            long_texts: std::array::from_fn(|_| OnceCell::new()),
            own_values: OnceCell::new(),
            created: OnceCell::new(),
            updated: OnceCell::new(),
            emails: OnceCell::new(),
            numbers: OnceCell::new(),
        }
    }

    /// Number of the user in that row.
    pub fn number(&self, row: usize) -> u64 {
        self.users.number(row)
    }

    /// Id of the user in that row.
    pub fn id(&self, row: usize) -> Option<RecordId> {
        RecordId::parse(self.text(TextColumn::Id, row))
    }

    /// Columns of the fields of a sort; of a field that is none, nothing in each row.
    pub fn sort_columns(&self, sort: &Sort) -> Vec<Column<'_>> {
        let is_plain = sort.is_plain();
        sort.fields()
            .map(|field| match place(field) {
                // Numbers are in the same order as the texts, and quicker to compare.
                Some(BlockColumn::Date(column)) if is_plain => self.numbers_as(column, number),
                _ => self.column(field).unwrap_or(Column::Same(Value::Null)),
            })
            .collect()
    }

    fn text(&self, column: TextColumn, row: usize) -> &str {
        self.distinct(column).get(row)
    }

    fn distinct(&self, column: TextColumn) -> &Distinct<'a> {
        self.texts[column as usize].get_or_init(|| self.users.texts(column))
    }

    fn long_texts(&self, column: LongColumn) -> &Distinct<'a> {
        self.long_texts[column as usize].get_or_init(|| self.users.long_texts(column))
    }

    fn numbers_as<'b>(
        &'b self,
        column: NumberColumn,
        value: impl Fn(i64) -> Value<'b>,
    ) -> Column<'b> {
        match self.users.same_number(column) {
            Some(number) => Column::Same(value(number)),
            None => self.each(|row| value(self.users.number_in(column, row))),
        }
    }

    fn each<'b>(&'b self, value: impl Fn(usize) -> Value<'b>) -> Column<'b> {
        Column::Each((0..self.users.len()).map(value).collect())
    }

    /// Values of the deployment's own columns, of each user.
    fn read_own_columns(&self) -> Vec<Vec<Option<Json>>> {
        let rows = 0..self.users.len();
        rows.map(|row| self.own.read(self.users.own_columns(row)))
            .collect()
    }

    fn own_column(&self, field: &str) -> Column<'_> {
        let values = self.own_values.get_or_init(|| self.read_own_columns());
        self.each(|row| self.own.value(field, &values[row]))
    }

    fn dates(&self, column: NumberColumn) -> Column<'_> {
        let made = match column {
            NumberColumn::Created => &self.created,
            _ => &self.updated,
        };
        self.made(made, |row, text| {
            push_time(text, self.users.number_in(column, row));
        })
    }

    /// Column of texts that `push` makes of each row, when it is asked for the first time.
    fn made<'b>(
        &self,
        made: &'b OnceCell<MadeTexts>,
        push: impl Fn(usize, &mut String),
    ) -> Column<'b> {
        let made = made.get_or_init(|| MadeTexts::new(self.users.len(), push));
        Column::Texts(Texts {
            text: &made.text,
            ends: Ends::Each(&made.ends),
        })
    }

    fn push_email(&self, row: usize, text: &mut String) {
        match self.users.number_in(NumberColumn::EmailOrigin, row) {
            GIVEN_EMAIL => text.push_str(self.text(TextColumn::Email, row)),
            NATIVE_EMAIL => {
                let is_of_platform = self.users.number_in(NumberColumn::IsOfPlatform, row) != 0;
                let id_type = match is_of_platform {
                    true => IdType::ManagePlatform,
                    false => IdType::WeChat,
                };
                let openid = self.text(TextColumn::OpenId, row);
                let id = self.text(TextColumn::Id, row);
                User::push_native_email(text, id_type, openid, id);
            }
            _ => {}
        }
    }

    fn push_user_number(&self, row: usize, text: &mut String) {
        match self.text(TextColumn::GivenNumber, row) {
            "" => text.push_str(&UserNumber(self.number(row)).to_string()),
            given => text.push_str(given),
        }
    }
}

impl Block for UserView<'_> {
    fn count(&self) -> usize {
        self.users.len()
    }

    fn column(&self, field: &str) -> Option<Column<'_>> {
        let Some(place) = place(field) else {
            return Some(self.own_column(field));
        };
        Some(match place {
            BlockColumn::Text(column) => column_of(self.distinct(column)),
            BlockColumn::Long(column) => column_of(self.long_texts(column)),
            BlockColumn::Choice(column, word) => {
                self.numbers_as(column, |number| Value::Choice(word(number != 0)))
            }
            BlockColumn::Number(column) => self.numbers_as(column, number),
            BlockColumn::Bool(column) => self.numbers_as(column, |number| Value::Bool(number != 0)),
            BlockColumn::Date(column) => self.dates(column),
            BlockColumn::Email => self.made(&self.emails, |row, text| self.push_email(row, text)),
            BlockColumn::UserNumber => {
                self.made(&self.numbers, |row, text| self.push_user_number(row, text))
            }
        })
    }

    fn ordered(&self, field: &str) -> Option<Ordered> {
        let BlockColumn::Date(column) = place(field)? else {
            return None;
        };
        let time = |row| self.users.number_in(column, row);
        Some(Ordered {
            numbers: (0..self.users.len()).map(time).collect(),
            domain: DATES_IN_ORDER,
            text: time_text,
        })
    }
}

/// A user of a block, with the fields that a sort asks for.
pub struct UserRow<'a> {
    view: &'a UserView<'a>,
    columns: &'a [Column<'a>],
    row: usize,
}

impl<'a> UserRow<'a> {
    /// The user in that row, whose values in the fields of a sort are in `columns`.
    pub fn new(view: &'a UserView<'a>, columns: &'a [Column<'a>], row: usize) -> Self {
        Self { view, columns, row }
    }

    /// Number of the user.
    pub fn number(&self) -> u64 {
        self.view.number(self.row)
    }

    /// Id of the user.
    pub fn id(&self) -> Option<RecordId> {
        self.view.id(self.row)
    }
}

impl SortRecord for UserRow<'_> {
    fn sort_value(&self, place: usize) -> Value<'_> {
        let column = self.columns.get(place);
        column.map_or(Value::Null, |column| column.value(self.row))
    }

    fn rowid(&self) -> u64 {
        self.number()
    }
}

fn column_of<'a>(texts: &'a Distinct<'_>) -> Column<'a> {
    match texts {
        Distinct::Same(text) => Column::Same(Value::Text(text)),
        Distinct::Words { words, rows } => {
            let words = words.iter().map(|word| Value::Text(word));
            Column::Words(words.collect(), rows)
        }
        Distinct::Fixed { width, text } => Column::Texts(Texts {
            text,
            ends: Ends::Fixed(*width),
        }),
        Distinct::Each { ends, text } => Column::Texts(Texts {
            text,
            ends: Ends::Each(ends),
        }),
    }
}

fn time_text(ms: i64) -> String {
    let mut text = String::new();
    push_time(&mut text, ms);
    text
}

fn push_time(text: &mut String, ms: i64) {
    if let Ok(at) = Timestamp::from_millisecond(ms) {
        push_date(text, at);
    }
}

#[expect(clippy::cast_precision_loss, reason = "PocketBase's numbers are such")]
fn number<'a>(number: i64) -> Value<'a> {
    Value::Number(number as f64)
}
