//! Changes of users that other programs may be told of, as the writes say.

use super::{Record, Write};
use crate::domain::{Status, User, UserEventKind};

/// A change worth telling.
#[derive(Clone, Debug)]
pub struct Notable {
    /// Its kind.
    pub kind: UserEventKind,
    /// The user as the change leaves it; one that is gone, as it was.
    pub user: User,
    /// The user before a change of fields.
    pub before: Option<User>,
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
        user: user.clone(),
        before: None,
    }
}

fn changes_of_user(before: &User, after: &User) -> Vec<Notable> {
    let mut changes = Vec::new();
    if has_other_fields(before, after) {
        changes.push(Notable {
            before: Some(before.clone()),
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

/// Whether anything differs but the status, secrets and `updated`.
fn has_other_fields(before: &User, after: &User) -> bool {
    let expected = User {
        number: after.number,
        status: after.status,
        password_hash: after.password_hash.clone(),
        token_key: after.token_key.clone(),
        updated: after.updated,
        ..before.clone()
    };
    expected != *after
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

    fn told(after: User) -> Vec<&'static str> {
        let changes = changes_of(&Write::update(user(), after));
        changes.iter().map(|change| change.kind.name()).collect()
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
    fn a_change_of_fields_comes_with_the_user_before_and_its_time_is_none() {
        let renamed = User {
            name: "n".into(),
            updated: Timestamp::MAX,
            ..user()
        };
        let changes = changes_of(&Write::update(user(), renamed.clone()));
        assert_eq!(changes[0].kind, UserEventKind::Profile);
        assert_eq!(
            (&changes[0].before, &changes[0].user),
            (&Some(user()), &renamed)
        );
        let own_column = User {
            columns: Some("{}".into()),
            ..user()
        };
        assert_eq!(told(own_column), ["profile"]);
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
        assert_eq!(told(set), ["password"]);
        let signed_out = User {
            token_key: new_key(),
            ..user()
        };
        assert_eq!(told(signed_out), ["signed-out"]);
        let disabled = User {
            token_key: new_key(),
            status: Status::Disabled,
            ..user()
        };
        assert_eq!(told(disabled), ["disabled"]);
    }
}
