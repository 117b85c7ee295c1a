//! A block of users as filters and sorts see it: the same values under the same names as of the records.

use std::cell::OnceCell;

use jiff::Timestamp;

use crate::domain::{IdType, OpenId, RecordId, User, UserNumber, UserType};
use crate::filter::{Block, Column, Record, Value};
use crate::records::date::date_text;
use crate::records::fields::choice::Choice;
use crate::store::user_block::{
    Distinct, GIVEN_EMAIL, NATIVE_EMAIL, NumberColumn, Numbers, ROWS, TextColumn, UserRows,
};

/// Place of a field in a block.
#[derive(Clone, Copy)]
enum Place {
    Text(TextColumn),
    /// The words for 0 and 1.
    Choice(NumberColumn, [&'static str; 2]),
    Number(NumberColumn),
    Bool(NumberColumn),
    Date(NumberColumn),
    Email,
    UserNumber,
}

/// Whether blocks have the field of that name.
pub fn is_column(field: &str) -> bool {
    place(field).is_some()
}

fn place(field: &str) -> Option<Place> {
    Some(match field {
        "id" => Place::Text(TextColumn::Id),
        "openid" => Place::Text(TextColumn::OpenId),
        "users_name" => Place::Text(TextColumn::Name),
        "users_phone" => Place::Text(TextColumn::Phone),
        "users_id_number" => Place::Text(TextColumn::IdNumber),
        "users_level" => Place::Text(TextColumn::Level),
        "company_id" => Place::Text(TextColumn::CompanyId),
        "users_parent_id" => Place::Text(TextColumn::ParentId),
        "users_promo_code" => Place::Text(TextColumn::PromoCode),
        "usergroups_id" => Place::Text(TextColumn::GroupId),
        "users_idtype" => {
            let words = [IdType::WeChat.word(), IdType::ManagePlatform.word()];
            Place::Choice(NumberColumn::IsOfPlatform, words)
        }
        "users_type" => {
            let words = [UserType::Guest.word(), UserType::Registered.word()];
            Place::Choice(NumberColumn::IsRegistered, words)
        }
        "users_status" => Place::Number(NumberColumn::IsActive),
        "users_rank_level" => Place::Number(NumberColumn::RankLevel),
        "users_auth_type" => Place::Number(NumberColumn::AuthType),
        "emailVisibility" => Place::Bool(NumberColumn::IsEmailVisible),
        "verified" => Place::Bool(NumberColumn::IsVerified),
        "created" => Place::Date(NumberColumn::Created),
        "updated" => Place::Date(NumberColumn::Updated),
        "email" => Place::Email,
        "users_id" => Place::UserNumber,
        _ => return None,
    })
}

/// A block of users, with what has to be made of it for a filter: that is made when it is asked for.
pub struct UserView<'a> {
    rows: &'a UserRows<'a>,
    first_number: u64,
    texts: [OnceCell<Distinct<'a>>; TextColumn::COUNT],
    created: OnceCell<Vec<String>>,
    updated: OnceCell<Vec<String>>,
    emails: OnceCell<Vec<String>>,
    numbers: OnceCell<Vec<String>>,
}

impl<'a> UserView<'a> {
    /// The users of the block at that place.
    pub fn new(place: u64, rows: &'a UserRows<'a>) -> Self {
        Self {
            rows,
            first_number: place * ROWS,
            texts: std::array::from_fn(|_| OnceCell::new()),
            created: OnceCell::new(),
            updated: OnceCell::new(),
            emails: OnceCell::new(),
            numbers: OnceCell::new(),
        }
    }

    /// Number of the user in that row.
    pub fn number(&self, row: usize) -> u64 {
        self.first_number + self.rows.slot(row)
    }

    /// Id of the user in that row.
    pub fn id(&self, row: usize) -> Option<RecordId> {
        RecordId::parse(self.text(TextColumn::Id, row))
    }

    /// Columns of these fields; of a field that is none, nothing in each row.
    pub fn columns(&self, fields: &[String]) -> Vec<Column<'_>> {
        let column = |field: &String| self.column(field);
        let columns = fields.iter().map(column);
        columns
            .map(|column| column.unwrap_or(Column::Same(Value::Null)))
            .collect()
    }

    fn text(&self, column: TextColumn, row: usize) -> &str {
        self.distinct(column).get(row)
    }

    fn distinct(&self, column: TextColumn) -> &Distinct<'a> {
        self.texts[column as usize].get_or_init(|| self.rows.texts(column).distinct())
    }

    fn texts(&self, column: TextColumn) -> Column<'_> {
        match self.distinct(column) {
            Distinct::Same(text) => Column::Same(Value::Text(text)),
            Distinct::Words { words, rows } => {
                let words = words.iter().map(|word| Value::Text(word));
                Column::Words(words.collect(), rows)
            }
            texts @ (Distinct::Fixed { .. } | Distinct::Each { .. }) => {
                self.each(|row| Value::Text(texts.get(row)))
            }
        }
    }

    fn numbers_as<'b>(
        &'b self,
        column: NumberColumn,
        value: impl Fn(i64) -> Value<'b>,
    ) -> Column<'b> {
        match self.rows.numbers(column) {
            Numbers::Same(number) => Column::Same(value(*number)),
            numbers @ Numbers::Each { .. } => self.each(|row| value(numbers.get(row))),
        }
    }

    fn each<'b>(&'b self, value: impl Fn(usize) -> Value<'b>) -> Column<'b> {
        Column::Each((0..self.rows.len()).map(value).collect())
    }

    fn dates(&self, column: NumberColumn) -> Column<'_> {
        let made = match column {
            NumberColumn::Created => &self.created,
            _ => &self.updated,
        };
        let dates = self.made(made, |row| date(self.rows.numbers(column).get(row)));
        self.each(|row| Value::Text(&dates[row]))
    }

    fn made<'b>(
        &self,
        made: &'b OnceCell<Vec<String>>,
        make: impl Fn(usize) -> String,
    ) -> &'b [String] {
        made.get_or_init(|| (0..self.rows.len()).map(make).collect())
    }

    fn email(&self, row: usize) -> String {
        match self.rows.numbers(NumberColumn::EmailOrigin).get(row) {
            GIVEN_EMAIL => self.text(TextColumn::Email, row).to_owned(),
            NATIVE_EMAIL => self.native_email(row).unwrap_or_default(),
            _ => String::new(),
        }
    }

    fn native_email(&self, row: usize) -> Option<String> {
        let id_type = match self.rows.numbers(NumberColumn::IsOfPlatform).get(row) {
            0 => IdType::WeChat,
            _ => IdType::ManagePlatform,
        };
        let openid = OpenId::parse(self.text(TextColumn::OpenId, row))?;
        Some(User::native_email(id_type, &openid, &self.id(row)?))
    }

    fn user_number(&self, row: usize) -> String {
        match self.text(TextColumn::GivenNumber, row) {
            "" => UserNumber(self.number(row)).to_string(),
            given => given.to_owned(),
        }
    }
}

impl Block for UserView<'_> {
    fn count(&self) -> usize {
        self.rows.len()
    }

    fn column(&self, field: &str) -> Option<Column<'_>> {
        Some(match place(field)? {
            Place::Text(column) => self.texts(column),
            Place::Choice(column, words) => self.numbers_as(column, |number| {
                Value::Choice(words[usize::from(number != 0)])
            }),
            Place::Number(column) => self.numbers_as(column, number),
            Place::Bool(column) => self.numbers_as(column, |number| Value::Bool(number != 0)),
            Place::Date(column) => self.dates(column),
            Place::Email => {
                let emails = self.made(&self.emails, |row| self.email(row));
                self.each(|row| Value::Text(&emails[row]))
            }
            Place::UserNumber => {
                let numbers = self.made(&self.numbers, |row| self.user_number(row));
                self.each(|row| Value::Text(&numbers[row]))
            }
        })
    }
}

/// A user of a block, with the fields that a sort asks for.
pub struct UserRow<'a> {
    view: &'a UserView<'a>,
    fields: &'a [String],
    columns: &'a [Column<'a>],
    row: usize,
}

impl<'a> UserRow<'a> {
    /// The user in that row, whose values in `fields` are in `columns`.
    pub fn new(
        view: &'a UserView<'a>,
        fields: &'a [String],
        columns: &'a [Column<'a>],
        row: usize,
    ) -> Self {
        Self {
            view,
            fields,
            columns,
            row,
        }
    }

    /// Id of the user.
    pub fn id(&self) -> Option<RecordId> {
        self.view.id(self.row)
    }
}

impl Record for UserRow<'_> {
    fn value(&self, field: &str) -> Value<'_> {
        let place = self.fields.iter().position(|name| name == field);
        let column = place.and_then(|place| self.columns.get(place));
        column.map_or(Value::Null, |column| column.value(self.row))
    }

    fn rowid(&self) -> u64 {
        self.view.number(self.row)
    }
}

fn date(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), date_text)
}

#[expect(clippy::cast_precision_loss, reason = "PocketBase's numbers are such")]
fn number<'a>(number: i64) -> Value<'a> {
    Value::Number(number as f64)
}
