//! The content of a store, as clients know it.

use std::collections::{BTreeMap, BTreeSet};

use bai::domain::User;
use bai::store::{Cursor, Order, Store};
use tokio::runtime::Runtime;

use crate::support::steps::Step;
use crate::support::users::{new_user, now, stored_user, user_id};
use crate::support::waiting::wait;

/// All that the scripts change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The names of the scripts' users, who are told apart by a number.
    users: BTreeMap<usize, String>,
    /// The first bytes of the token keys.
    keys: Vec<u8>,
    /// Users who were there before.
    others: Vec<User>,
}

/// A change that one client asks for.
#[derive(Clone, Debug)]
pub enum Change {
    Insert(usize),
    Rename(usize, &'static str),
    Delete(usize),
}

impl Change {
    pub fn step(&self) -> Step {
        match self {
            Self::Insert(n) => Step::insert(new_user(*n)),
            Self::Delete(n) => Step::delete_user(&user_id(*n)),
            Self::Rename(n, name) => {
                let name = (*name).to_owned();
                Step::change_user(&user_id(*n), |user| user.name = name)
            }
        }
    }

    fn apply(&self, state: &mut State) -> bool {
        match self {
            Self::Insert(n) => state.users.insert(*n, String::new()).is_none(),
            Self::Delete(n) => state.users.remove(n).is_some(),
            Self::Rename(n, name) => state.users.get_mut(n).is_some_and(|user| {
                (*name).clone_into(user);
                true
            }),
        }
    }
}

impl State {
    /// The state after all of `changes`; `None` when one of them is refused.
    pub fn after(&self, changes: &[Change]) -> Option<Self> {
        let mut state = self.clone();
        changes
            .iter()
            .all(|change| change.apply(&mut state))
            .then_some(state)
    }

    pub fn with_key(&self, key: u8) -> Self {
        let mut state = self.clone();
        state.keys.push(key);
        state
    }

    pub fn has(&self, user: usize) -> bool {
        self.users.contains_key(&user)
    }

    /// The number of users.
    pub fn count(&self) -> u64 {
        (self.users.len() + self.others.len()) as u64
    }

    /// Reads the store through every index.
    ///
    /// # Errors
    /// Reads the content of a store; an error says what is wrong with it.
    pub fn read(runtime: &Runtime, store: &Store) -> Result<Self, String> {
        let wrong = |error: bai::store::Error| format!("reading: {error}");
        let mut state = Self::default();
        let oldest_first = Order::UsersByCreated {
            newest_first: false,
        };
        let users = runtime
            .block_on(store.records_after(oldest_first, &Cursor::START, usize::MAX))
            .map_err(wrong)?;
        let count = users.len() as u64;
        for user in users {
            let user = User::try_from(user).map_err(wrong)?;
            match number_of(&user) {
                Some(n) => drop(state.users.insert(n, whole_name(n, user)?)),
                None => state.others.push(user),
            }
        }
        state.keys = wait(store.token_keys())
            .map_err(wrong)?
            .iter()
            .map(|key| key.secret[0])
            .collect();
        let checked = store
            .file()
            .unwrap()
            .check()
            .map_err(|error| format!("checking: {error}"))?
            .users;
        let counted = runtime.block_on(store.count_users()).map_err(wrong)?;
        match BTreeSet::from([count, checked, counted]).len() {
            1 => Ok(state),
            _ => Err(format!(
                "{count} users are found, {checked} are checked, {counted} are counted"
            )),
        }
    }

    /// The differences from each of `others`, in words.
    pub fn differs(&self, others: &[Self]) -> String {
        let others: Vec<String> = others
            .iter()
            .map(|other| self.differs_from(other))
            .collect();
        match others.is_empty() {
            true => "no state fits the answers".to_owned(),
            false => format!("found {}", others.join(" or ")),
        }
    }

    fn differs_from(&self, other: &Self) -> String {
        let users: BTreeSet<usize> = self
            .users
            .keys()
            .chain(other.users.keys())
            .copied()
            .collect();
        let differs = users
            .iter()
            .filter(|n| self.users.get(n) != other.users.get(n));
        let users: Vec<String> = differs
            .map(|n| {
                format!(
                    "user {n}: {:?} for {:?}",
                    self.users.get(n),
                    other.users.get(n)
                )
            })
            .collect();
        let others = if self.others == other.others {
            "the"
        } else {
            "not the"
        };
        format!(
            "[{}], keys {:?} for {:?}, {others} users before",
            users.join(", "),
            self.keys,
            other.keys
        )
    }
}

/// The number of a script's user.
fn number_of(user: &User) -> Option<usize> {
    user.id
        .as_str()
        .strip_prefix('u')
        .filter(|number| number.len() == 14)?
        .parse()
        .ok()
}

/// The name of a user of whom all else is as it was written.
fn whole_name(n: usize, user: User) -> Result<String, String> {
    let name = user.name.clone();
    let number = user.number;
    let rest = User {
        name: String::new(),
        ..user
    };
    if rest == stored_user(n, number) {
        Ok(name)
    } else {
        Err(format!("user {n} is not whole: {rest:?}"))
    }
}

/// Writes of [`Change`]s are stamped with the time at which users are made, so that only the name changes.
pub fn stamp() -> jiff::Timestamp {
    now()
}
