//! The tables of built-in fields: for users, companies and superusers one row a field, in PocketBase's order.
//!
//! Everything that names a record's fields takes them from here: the record as JSON, filters and sorts, the collection's
//! description, changes, import and export.

use std::sync::LazyLock;

use super::choice::Choice;
use super::field::{Accepts, Access, BlockColumn, BuiltInField, Kind};
use super::types::FieldType;
use super::value::FieldValue;
use crate::domain::{
    Company, IdType, LongColumn, NumberColumn, Superuser, TextColumn, User, UserType,
};

/// A record type with built-in fields.
pub trait BuiltIn: Sized + 'static {
    /// All fields, in PocketBase's order.
    fn fields() -> &'static [&'static BuiltInField<Self>];

    /// All fields, in the byte order of their names.
    fn fields_by_name() -> &'static [&'static BuiltInField<Self>];

    /// The field of that name.
    fn field(name: &str) -> Option<&'static BuiltInField<Self>>;

    /// The value of the field of that name. It is what `field` and its value are, but without a call through a pointer.
    fn value(&self, name: &str) -> Option<FieldValue<'_>>;
}

/// Implements [`BuiltIn`] for a type by a table: a slice, and a `match` for names, because a list of a million records asks for
/// the fields of each.
macro_rules! built_in_fields {
    ($record:ty { $($name:literal => $field:expr,)* }) => {
        impl BuiltIn for $record {
            fn fields() -> &'static [&'static BuiltInField<Self>] {
                const { &[$(&$field.named($name)),*] }
            }

            fn fields_by_name() -> &'static [&'static BuiltInField<Self>] {
                static SORTED: LazyLock<Vec<&BuiltInField<$record>>> =
                    LazyLock::new(|| sorted(<$record>::fields()));
                &SORTED
            }

            fn field(name: &str) -> Option<&'static BuiltInField<Self>> {
                match name {
                    $($name => Some(const { &$field.named($name) }),)*
                    _ => None,
                }
            }

            fn value(&self, name: &str) -> Option<FieldValue<'_>> {
                match name {
                    $($name => const { &$field.named($name) }.value(self),)*
                    _ => None,
                }
            }
        }
    };
}

/// The place of a value: a field of the record's type.
macro_rules! place {
    ($field:ident) => {
        Access::Typed {
            get: |record: &Self| record.$field.to_value(),
            set: |record: &mut Self, value| {
                record.$field = FieldType::from_value(value)?;
                Ok(())
            },
        }
    };
}

built_in_fields!(User {
    "id" => field(Kind::Id, place!(id)).required().system().column(BlockColumn::Text(TextColumn::Id)),
    "users_convers_id" => field(SHORT, place!(conversation_id)).column(BlockColumn::Long(LongColumn::ConversationId)),
    "users_id" => field(SHORT, USER_NUMBER).column(BlockColumn::UserNumber),
    "users_idtype" => field(select::<IdType>(), place!(id_type)).column(BlockColumn::Choice(NumberColumn::IsOfPlatform, id_type_word)),
    "users_id_number" => short(place!(id_number)).column(BlockColumn::Text(TextColumn::IdNumber)),
    "users_status" => field(Kind::Number, place!(status)).column(BlockColumn::Number(NumberColumn::IsActive)),
    "users_rank_level" => field(Kind::Number, place!(rank_level)).column(BlockColumn::Number(NumberColumn::RankLevel)),
    "users_auth_type" => field(Kind::Number, place!(auth_type)).column(BlockColumn::Number(NumberColumn::AuthType)),
    "users_type" => field(select::<UserType>(), place!(user_type)).column(BlockColumn::Choice(NumberColumn::IsRegistered, user_type_word)),
    "users_name" => field(up_to(64), place!(name)).accepts(Accepts::Name).column(BlockColumn::Text(TextColumn::Name)),
    "users_phone" => field(up_to(32), place!(phone)).accepts(Accepts::Phone).column(BlockColumn::Text(TextColumn::Phone)),
    "users_level" => short(place!(level)).column(BlockColumn::Text(TextColumn::Level)),
    "users_picture" => field(up_to(2048), place!(picture)).accepts(Accepts::Picture).column(BlockColumn::Long(LongColumn::Picture)),
    "openid" => field(up_to(128), place!(openid)).required().column(BlockColumn::Text(TextColumn::OpenId)),
    "company_id" => field(up_to(64), place!(company_id)).accepts(Accepts::ShortText).column(BlockColumn::Text(TextColumn::CompanyId)),
    "users_parent_id" => short(place!(parent_id)).column(BlockColumn::Text(TextColumn::ParentId)),
    "users_promo_code" => short(place!(promo_code)).column(BlockColumn::Text(TextColumn::PromoCode)),
    "usergroups_id" => short(place!(group_id)).column(BlockColumn::Text(TextColumn::GroupId)),
    "unionid" => field(up_to(128), place!(unionid)).for_superusers().accepts(Accepts::UnionId).column(BlockColumn::Long(LongColumn::UnionId)),
    "created" => field(CREATED, place!(created)).column(BlockColumn::Date(NumberColumn::Created)),
    "updated" => field(UPDATED, place!(updated)).column(BlockColumn::Date(NumberColumn::Updated)),
    "password" => field(Kind::Password, Access::Secret).required().system(),
    "tokenKey" => field(Kind::TokenKey, Access::Secret).required().system(),
    "email" => field(Kind::Email, place!(email)).required().system().accepts(Accepts::Email).column(BlockColumn::Email),
    "emailVisibility" => field(Kind::Bool, place!(email_visibility)).system().column(BlockColumn::Bool(NumberColumn::IsEmailVisible)),
    "verified" => field(Kind::Bool, place!(verified)).system().column(BlockColumn::Bool(NumberColumn::IsVerified)),
});

built_in_fields!(Company {
    "id" => field(Kind::Id, place!(id)).required().system(),
    "company_id" => field(up_to(64), place!(company_id)).required(),
    "company_name" => field(SHORT, Access::Column),
    "company_type" => field(SHORT, Access::Column),
    "company_status" => field(Kind::Number, Access::Column),
    "created" => field(CREATED, place!(created)),
    "updated" => field(UPDATED, place!(updated)),
});

built_in_fields!(Superuser {
    "id" => field(Kind::Id, place!(id)).required().system(),
    "password" => field(Kind::Password, Access::Secret).required().system(),
    "tokenKey" => field(Kind::TokenKey, Access::Secret).required().system(),
    "email" => field(Kind::Email, SUPERUSER_EMAIL).required().system().accepts(Accepts::Email),
    "emailVisibility" => field(Kind::Bool, place!(email_visibility)).system(),
    "verified" => field(Kind::Bool, place!(verified)).system(),
    "created" => field(CREATED, place!(created)).system(),
    "updated" => field(UPDATED, place!(updated)).system(),
});

fn id_type_word(is_of_platform: bool) -> &'static str {
    match is_of_platform {
        true => IdType::ManagePlatform.word(),
        false => IdType::WeChat.word(),
    }
}

fn user_type_word(is_registered: bool) -> &'static str {
    match is_registered {
        true => UserType::Registered.word(),
        false => UserType::Guest.word(),
    }
}

const SHORT: Kind = up_to(255);
const CREATED: Kind = Kind::Autodate { on_update: false };
const UPDATED: Kind = Kind::Autodate { on_update: true };

/// The number that clients see; none given means the one that the store gave.
const USER_NUMBER: Access<User> = Access::Typed {
    get: |user| match &user.given_number {
        Some(number) => FieldValue::Text(number),
        None => FieldValue::UserNumber(user.number),
    },
    set: |user, value| {
        user.given_number = FieldType::from_value(value)?;
        Ok(())
    },
};

const SUPERUSER_EMAIL: Access<Superuser> = Access::Typed {
    get: |superuser| FieldValue::Text(&superuser.email),
    set: |superuser, value| {
        superuser.email = String::from(value.full_text()?);
        Ok(())
    },
};

const fn field<R>(kind: Kind, access: Access<R>) -> BuiltInField<R> {
    BuiltInField::new(kind, access)
}

const fn up_to(max: usize) -> Kind {
    Kind::Text { max }
}

const fn short(access: Access<User>) -> BuiltInField<User> {
    field(SHORT, access).accepts(Accepts::ShortText)
}

const fn select<T: Choice>() -> Kind {
    Kind::Select([T::WORDS[0].1, T::WORDS[1].1])
}

fn sorted<R>(fields: &[&'static BuiltInField<R>]) -> Vec<&'static BuiltInField<R>> {
    let mut fields = fields.to_vec();
    fields.sort_unstable_by_key(|field| field.name);
    fields
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::super::value::Unfit;
    use super::*;
    use crate::domain::{Invalid, OpenId, RecordId, Status, TokenKey, UserNumber};

    fn user() -> User {
        let id = RecordId::parse("qs1c5qev8o3hjvu").unwrap();
        let openid = OpenId::parse("o_1").unwrap();
        let key = TokenKey::new([9; 16]);
        User {
            number: UserNumber(1),
            ..User::new(
                id,
                openid,
                IdType::WeChat,
                Uuid::nil(),
                key,
                Timestamp::UNIX_EPOCH,
            )
        }
    }

    #[test]
    fn each_row_is_found_under_its_name_and_under_no_other() {
        let names: Vec<_> = User::fields().iter().map(|field| field.name).collect();
        assert_eq!(names.len(), 26);
        for name in names {
            assert_eq!(User::field(name).unwrap().name, name);
        }
        assert!(User::field("users_nam").is_none());
        assert!(Superuser::fields_by_name().is_sorted_by_key(|field| field.name));
    }

    #[test]
    fn what_is_written_is_read() {
        let mut user = user();
        for (name, value) in [
            ("users_status", FieldValue::Number(0)),
            ("users_type", FieldValue::Text("注册用户")),
            ("users_phone", FieldValue::Text("13800138000")),
            ("users_promo_code", FieldValue::Text("p")),
            ("users_id", FieldValue::Text("U1795")),
            ("unionid", FieldValue::Text("u_1")),
            ("verified", FieldValue::Bool(false)),
            ("updated", FieldValue::Date(Timestamp::MAX)),
        ] {
            let field = User::field(name).unwrap();
            field.set(&mut user, value).unwrap();
            assert_eq!(field.value(&user), Some(value), "{name}");
            assert_eq!(BuiltIn::value(&user, name), Some(value), "{name}");
        }
        assert_eq!(user.status, Status::Disabled);
        assert_eq!(user.user_type, UserType::Registered);
    }

    #[test]
    fn the_number_is_its_text_unless_another_is_given() {
        let mut user = user();
        let field = User::field("users_id").unwrap();
        assert_eq!(field.value(&user), Some(FieldValue::Text("U0000000001")));
        field.set(&mut user, FieldValue::Text("U7")).unwrap();
        field.set(&mut user, FieldValue::Text("")).unwrap();
        assert_eq!(user.given_number, None);
    }

    #[test]
    fn a_value_that_does_not_fit_changes_nothing() {
        let before = user();
        for (name, value, why) in [
            ("users_status", FieldValue::Number(2), Unfit::Status),
            ("users_status", FieldValue::Text("1"), Unfit::Type),
            ("users_type", FieldValue::Text("nobody"), Unfit::Choice),
            ("users_phone", FieldValue::Text("12"), Invalid::Phone.into()),
            ("openid", FieldValue::Text(""), Invalid::Empty.into()),
            ("openid", FieldValue::Text("a b"), Unfit::OpenId),
            ("id", FieldValue::Text("short"), Unfit::RecordId),
        ] {
            let mut user = before.clone();
            let field = User::field(name).unwrap();
            assert_eq!(field.set(&mut user, value), Err(why), "{name}");
            assert_eq!(user, before);
        }
    }

    #[test]
    fn fields_are_described_as_pocketbase_describes_them() {
        assert_eq!(
            Company::field("id").unwrap().description().to_string(),
            concat!(
                r#"{"autogeneratePattern":"[a-z0-9]{15}","help":"","hidden":false,"id":"text3208210256","max":15,"#,
                r#""min":15,"name":"id","pattern":"^[a-z0-9]+$","presentable":false,"primaryKey":true,"#,
                r#""required":true,"system":true,"type":"text"}"#
            )
        );
        assert_eq!(
            Superuser::field("created")
                .unwrap()
                .description()
                .to_string(),
            concat!(
                r#"{"hidden":false,"id":"autodate2990389176","name":"created","onCreate":true,"onUpdate":false,"#,
                r#""presentable":false,"system":true,"type":"autodate"}"#
            )
        );
        assert_eq!(
            User::field("password").unwrap().description().to_string(),
            concat!(
                r#"{"cost":0,"help":"","hidden":true,"id":"password901924565","max":0,"min":8,"name":"password","#,
                r#""pattern":"","presentable":false,"required":true,"system":true,"type":"password"}"#
            )
        );
    }
}
