//! Changes of users that other programs may be told of, as the writes say.

use serde_json::{Map, Value};

use super::{Record, Write};
use crate::domain::{Status, User, UserEventKind};

/// A change worth telling.
#[derive(Clone, Debug)]
pub struct Notable {
    /// Its kind.
    pub kind: UserEventKind,
    /// Names of the fields that changed, of a profile.
    pub changed: Vec<String>,
    /// The user as the change leaves it; one that is gone, as it was.
    pub user: User,
}

/// The changes that a write makes: several, when a user is disabled and gets another name at once.
pub fn changes_of(write: &Write) -> Vec<Notable> {
    match write {
        Write::Insert(Record::User(user)) => vec![notable(UserEventKind::Registration, user)],
        Write::Delete {
            before: Record::User(user),
        } => vec![notable(UserEventKind::Deleted, user)],
        Write::Update {
            before: Record::User(before),
            after: Record::User(after),
        } => changes_of_user(before, after),
        _ => Vec::new(),
    }
}

fn notable(kind: UserEventKind, user: &User) -> Notable {
    Notable {
        kind,
        changed: Vec::new(),
        user: user.clone(),
    }
}

fn changes_of_user(before: &User, after: &User) -> Vec<Notable> {
    let mut changes = Vec::new();
    let changed = changed_fields(before, after);
    if !changed.is_empty() {
        changes.push(Notable {
            changed,
            ..notable(UserEventKind::Profile, after)
        });
    }
    let others = [status_change(before, after), secret_change(before, after)];
    changes.extend(
        others
            .into_iter()
            .flatten()
            .map(|kind| notable(kind, after)),
    );
    changes
}

fn status_change(before: &User, after: &User) -> Option<UserEventKind> {
    match (before.status, after.status) {
        (Status::Active, Status::Disabled) => Some(UserEventKind::Disabled),
        (Status::Disabled, Status::Active) => Some(UserEventKind::Enabled),
        _ => None,
    }
}

/// A password that is hashed anew at a login keeps the token key; one that is set does not. Whoever is disabled is out anyway.
fn secret_change(before: &User, after: &User) -> Option<UserEventKind> {
    if before.token_key == after.token_key {
        return None;
    }
    match before.password_hash == after.password_hash {
        false => Some(UserEventKind::Password),
        true if before.status == after.status => Some(UserEventKind::SignedOut),
        true => None,
    }
}

/// Names of the fields that differ, as PocketBase's API has them, but for the status, `updated` and secrets.
fn changed_fields(before: &User, after: &User) -> Vec<String> {
    let fields = [
        ("openid", before.openid != after.openid),
        (
            "users_convers_id",
            before.conversation_id != after.conversation_id,
        ),
        ("users_idtype", before.id_type != after.id_type),
        ("users_rank_level", before.rank_level != after.rank_level),
        ("users_auth_type", before.auth_type != after.auth_type),
        ("users_type", before.user_type != after.user_type),
        ("users_name", before.name != after.name),
        ("users_phone", before.phone != after.phone),
        ("users_picture", before.picture != after.picture),
        ("users_id_number", before.id_number != after.id_number),
        ("users_level", before.level != after.level),
        ("company_id", before.company_id != after.company_id),
        ("users_parent_id", before.parent_id != after.parent_id),
        ("users_promo_code", before.promo_code != after.promo_code),
        ("usergroups_id", before.group_id != after.group_id),
        ("users_id", before.given_number != after.given_number),
        ("email", before.email != after.email),
        (
            "emailVisibility",
            before.email_visibility != after.email_visibility,
        ),
        ("verified", before.verified != after.verified),
    ];
    let named = fields.into_iter().filter(|(_, is_other)| *is_other);
    let named = named.map(|(name, _)| name.to_owned());
    let own = changed_columns(before.columns.as_deref(), after.columns.as_deref());
    named.chain(own).collect()
}

/// Names of the own columns that differ.
fn changed_columns(before: Option<&str>, after: Option<&str>) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let (before, after) = (columns(before), columns(after));
    let mut names: Vec<_> = before.keys().chain(after.keys()).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| before.get(name) != after.get(name));
    names
}

fn columns(text: Option<&str>) -> Map<String, Value> {
    let read = text.and_then(|text| serde_json::from_str(text).ok());
    read.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{IdType, OpenId, RecordId, TokenKey};

    fn user() -> User {
        let user = User::new(
            RecordId::parse("qs1c5qev8o3hjvu").unwrap(),
            OpenId::parse("o_1").unwrap(),
            IdType::WeChat,
            Uuid::nil(),
            TokenKey::new([9; 16]),
            Timestamp::UNIX_EPOCH,
        );
        User {
            password_hash: Some("a".into()),
            columns: Some(r#"{"a":1,"b":2}"#.into()),
            ..user
        }
    }

    fn told(after: User) -> Vec<(&'static str, Vec<String>)> {
        let changes = changes_of(&Write::update(user(), after));
        let told = changes.into_iter();
        told.map(|change| (change.kind.name(), change.changed))
            .collect()
    }

    #[test]
    fn a_new_user_and_one_who_is_gone_are_told() {
        let kinds = |write: Write| -> Vec<_> {
            changes_of(&write)
                .iter()
                .map(|change| change.kind)
                .collect()
        };
        assert_eq!(kinds(Write::insert(user())), [UserEventKind::Registration]);
        assert_eq!(kinds(Write::delete(user())), [UserEventKind::Deleted]);
    }

    #[test]
    fn fields_that_changed_are_named_and_their_time_is_no_change() {
        let renamed = User {
            name: "n".into(),
            picture: "p".into(),
            updated: Timestamp::MAX,
            columns: Some(r#"{"b":3,"a":1,"c":1}"#.into()),
            ..user()
        };
        let names = ["users_name", "users_picture", "b", "c"].map(str::to_owned);
        assert_eq!(told(renamed), [("profile", names.to_vec())]);
        let touched = User {
            updated: Timestamp::MAX,
            ..user()
        };
        assert!(told(touched).is_empty());
    }

    #[test]
    fn what_ends_tokens_is_told_by_its_cause() {
        let new_key = || TokenKey::new([1; 16]);
        let hashed_anew = User {
            password_hash: Some("b".into()),
            ..user()
        };
        assert!(told(hashed_anew.clone()).is_empty());
        let set = User {
            token_key: new_key(),
            ..hashed_anew
        };
        assert_eq!(told(set), [("password", vec![])]);
        let signed_out = User {
            token_key: new_key(),
            ..user()
        };
        assert_eq!(told(signed_out), [("signed-out", vec![])]);
        let disabled = User {
            token_key: new_key(),
            status: Status::Disabled,
            ..user()
        };
        assert_eq!(told(disabled), [("disabled", vec![])]);
    }
}
