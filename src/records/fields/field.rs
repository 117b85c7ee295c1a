//! A built-in field: a field that the record's type has a place for, or that every collection of ours has.

use serde_json::{Map, Value as Json, json};

use super::value::{FieldValue, Unfit};
use crate::domain::{
    Email, LongColumn, Name, NumberColumn, Phone, Picture, ShortText, TextColumn, UnionId,
};

/// A built-in field of records of type `R`.
pub struct BuiltInField<R: 'static> {
    /// Name on the wire, in filters and in PocketBase's tables.
    pub name: &'static str,
    /// Type, as PocketBase describes it.
    pub kind: Kind,
    /// Place of the value.
    pub access: Access<R>,
    /// The text that clients may write.
    pub accepts: Accepts,
    /// Whether the value must not be empty.
    pub is_required: bool,
    /// Whether the field belongs to PocketBase rather than to the deployment.
    pub is_system: bool,
    /// Whether only superusers see the value.
    pub is_for_superusers: bool,
    /// Place of the value among the columns of users.
    pub column: Option<BlockColumn>,
}

/// Place of a field among the columns of users.
#[derive(Clone, Copy, Debug)]
pub enum BlockColumn {
    /// A text.
    Text(TextColumn),
    /// A text that only whole users have.
    Long(LongColumn),
    /// The words for 0 and 1.
    Choice(NumberColumn, fn(bool) -> &'static str),
    /// A number.
    Number(NumberColumn),
    /// A boolean.
    Bool(NumberColumn),
    /// A date.
    Date(NumberColumn),
    /// The e-mail address, which follows from other columns.
    Email,
    /// The user's number, or what is shown in its place.
    UserNumber,
}

/// The place of a field's value.
pub enum Access<R: 'static> {
    /// A field of the record's type.
    Typed {
        /// Reads it.
        get: for<'a> fn(&'a R) -> FieldValue<'a>,
        /// Writes it.
        set: fn(&mut R, FieldValue<'_>) -> Result<(), Unfit>,
    },
    /// A secret, which nobody sees and no client writes as a field.
    Secret,
    /// One of the record's columns, which are JSON.
    Column,
}

/// The text that clients may write into a field; an import takes any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Any that is not too long.
    Any,
    /// [`Name`].
    Name,
    /// [`Picture`].
    Picture,
    /// [`ShortText`].
    ShortText,
    /// [`Email`].
    Email,
    /// [`Phone`].
    Phone,
    /// [`UnionId`].
    UnionId,
}

/// The type of a field, with the options that PocketBase has for it.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A text of at most so many characters.
    Text { max: usize },
    /// The id of a record.
    Id,
    /// The key that a record's tokens are bound to.
    TokenKey,
    /// A number.
    Number,
    /// A boolean.
    Bool,
    /// An e-mail address.
    Email,
    /// One of these words.
    Select([&'static str; 2]),
    /// A date that the server sets: at the creation, and perhaps at each change.
    Autodate { on_update: bool },
    /// A password.
    Password,
}

impl<R> BuiltInField<R> {
    /// A field of which nothing is said but its type and its place.
    pub const fn new(kind: Kind, access: Access<R>) -> Self {
        Self {
            name: "",
            kind,
            access,
            accepts: Accepts::Any,
            is_required: false,
            is_system: false,
            is_for_superusers: false,
            column: None,
        }
    }

    /// The same field under this name.
    pub const fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// The same field, which must not be empty.
    pub const fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    /// The same field, which is PocketBase's own.
    pub const fn system(self) -> Self {
        Self {
            is_system: true,
            ..self
        }
    }

    /// The same field, which only superusers see.
    pub const fn for_superusers(self) -> Self {
        Self {
            is_for_superusers: true,
            ..self
        }
    }

    /// The same field, which is there among the columns of users.
    pub const fn column(self, column: BlockColumn) -> Self {
        Self {
            column: Some(column),
            ..self
        }
    }

    /// The same field, of which clients may write only such a text.
    pub const fn accepts(self, accepts: Accepts) -> Self {
        Self { accepts, ..self }
    }

    /// The value in `record`, of a field that has a typed place.
    #[inline]
    pub fn value<'a>(&self, record: &'a R) -> Option<FieldValue<'a>> {
        match self.access {
            Access::Typed { get, .. } => Some(get(record)),
            Access::Secret | Access::Column => None,
        }
    }

    /// Writes `value` into `record`, as an import does: a text is not measured. A field without a typed place stays as it is.
    ///
    /// # Errors
    /// [`Unfit`] when the record cannot have the value; it is as it was then.
    pub fn set(&self, record: &mut R, value: FieldValue<'_>) -> Result<(), Unfit> {
        match self.access {
            Access::Typed { set, .. } => set(record, value),
            Access::Secret | Access::Column => Ok(()),
        }
    }

    /// Whether nobody sees the field.
    pub fn is_hidden(&self) -> bool {
        matches!(self.access, Access::Secret)
    }

    /// PocketBase's description, with its keys in byte order.
    pub fn description(&self) -> Json {
        let kind = self.kind.name();
        let common = json!({
            "help": "",
            "hidden": self.is_hidden() || self.is_for_superusers,
            "id": format!("{kind}{}", crc32fast::hash(self.name.as_bytes())),
            "name": self.name,
            "presentable": false,
            "required": self.is_required,
            "system": self.is_system,
            "type": kind,
        });
        let mut description = Map::new();
        for part in [common, self.kind.options()] {
            description.extend(part.as_object().cloned().unwrap_or_default());
        }
        // PocketBase has no help and nothing to require where nobody writes.
        if let Kind::Autodate { .. } = self.kind {
            description.retain(|key, _| !matches!(key.as_str(), "help" | "required"));
        }
        description.sort_keys();
        Json::Object(description)
    }
}

impl Accepts {
    /// The text as it is kept, of one that a client wrote.
    ///
    /// # Errors
    /// [`Unfit::Invalid`], [`Unfit::Email`], [`Unfit::UnionId`].
    pub fn check(self, text: &str) -> Result<String, Unfit> {
        Ok(match self {
            Self::Any => text.to_owned(),
            Self::Name => Name::parse(text)?.into(),
            Self::Picture => Picture::parse(text)?.into(),
            Self::ShortText => ShortText::parse(text)?.into(),
            Self::Email => Email::parse(text).ok_or(Unfit::Email)?.into(),
            Self::Phone => Phone::parse(text)?.as_str().to_owned(),
            Self::UnionId => UnionId::parse(text).ok_or(Unfit::UnionId)?.into(),
        })
    }
}

impl Kind {
    /// PocketBase's word for the type.
    fn name(self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Id | Self::TokenKey => "text",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Email => "email",
            Self::Select(_) => "select",
            Self::Autodate { .. } => "autodate",
            Self::Password => "password",
        }
    }

    /// The options that PocketBase has for the type.
    fn options(self) -> Json {
        match self {
            Self::Text { max } => text_options(max),
            Self::Id => json!({
                "autogeneratePattern": "[a-z0-9]{15}", "max": 15, "min": 15, "pattern": "^[a-z0-9]+$",
                "primaryKey": true,
            }),
            Self::TokenKey => json!({
                "autogeneratePattern": "[a-zA-Z0-9]{50}", "max": 60, "min": 30, "pattern": "",
                "primaryKey": false,
            }),
            Self::Number => json!({ "max": null, "min": null, "onlyInt": false }),
            Self::Bool => json!({}),
            Self::Email => json!({ "exceptDomains": [], "onlyDomains": [] }),
            Self::Select(words) => json!({ "maxSelect": 1, "values": words }),
            Self::Autodate { on_update } => json!({ "onCreate": true, "onUpdate": on_update }),
            Self::Password => json!({ "cost": 0, "max": 0, "min": 8, "pattern": "" }),
        }
    }
}

fn text_options(max: usize) -> Json {
    json!({ "autogeneratePattern": "", "max": max, "min": 0, "pattern": "", "primaryKey": false })
}
