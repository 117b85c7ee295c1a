//! Wants: keys that a job wants to be read before it runs.

use super::columns::column_text;
use crate::domain::{NativeEmail, User};
use crate::store::{NewEvent, Record, Write};

/// Keys of columns that a job wants to be read; several may be the same.
#[derive(Clone, Debug, Default)]
pub struct Wants {
    /// Users.
    pub users: UserKeys,
    /// Companies.
    pub companies: Keys,
    /// Superusers.
    pub superusers: Keys,
    /// Failures of logins.
    pub failures: Vec<String>,
    /// Whether the state is wanted.
    pub state: bool,
    /// Events.
    pub events: EventKeys,
    /// Record ids of users whose pictures are wanted.
    pub avatars: Vec<String>,
    /// Whether the lease is wanted.
    pub lease: bool,
}

/// Keys of users.
#[derive(Clone, Debug, Default)]
pub struct UserKeys {
    /// Record ids.
    pub ids: Vec<String>,
    /// Openids.
    pub openids: Vec<String>,
    /// Phones.
    pub phones: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
}

/// Keys of companies or superusers.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Record ids.
    pub ids: Vec<String>,
    /// Company keys, or e-mail addresses.
    pub names: Vec<String>,
}

/// Keys of events.
#[derive(Clone, Debug, Default)]
pub struct EventKeys {
    /// Whether there are events to be written.
    pub any: bool,
    /// Times of those that may be counted once more.
    pub times: Vec<i64>,
    /// Their numbers.
    pub numbers: Vec<i64>,
    /// Origins of parties that get more.
    pub origins: Vec<i16>,
    /// These parties.
    pub parties: Vec<String>,
}

impl Wants {
    /// Keys that the rules of commits look at for these writes.
    pub fn of_writes(writes: &[Write]) -> Self {
        let mut wants = Self::default();
        for write in writes {
            wants.avatars.extend(picture_owner(write));
            match write {
                Write::Insert(record) | Write::Update { after: record, .. } => {
                    wants.add_keys(record);
                }
                Write::Delete { before } => wants.add_id(before),
            }
        }
        wants
    }

    /// Keys that adding these events looks at.
    pub fn of_events(events: &[NewEvent]) -> Self {
        let mut keys = EventKeys {
            any: true,
            ..EventKeys::default()
        };
        for new in events {
            if let Some(id) = new.repeats {
                keys.times.push(id.at_ms);
                keys.numbers.push(super::columns::column_number(id.number));
            }
            if let Some(party) = new.event.party(new.origin) {
                keys.origins.push(new.origin as i16);
                keys.parties.push(party);
            }
        }
        Self {
            events: keys,
            ..Self::default()
        }
    }

    /// Adds what another job wants.
    pub fn add(&mut self, other: &Self) {
        self.users.ids.extend_from_slice(&other.users.ids);
        self.users.openids.extend_from_slice(&other.users.openids);
        self.users.phones.extend_from_slice(&other.users.phones);
        self.users.emails.extend_from_slice(&other.users.emails);
        self.companies.add(&other.companies);
        self.superusers.add(&other.superusers);
        self.failures.extend_from_slice(&other.failures);
        self.avatars.extend_from_slice(&other.avatars);
        self.lease |= other.lease;
        self.state |= other.state;
        self.events.any |= other.events.any;
        self.events.times.extend_from_slice(&other.events.times);
        self.events.numbers.extend_from_slice(&other.events.numbers);
        self.events.origins.extend_from_slice(&other.events.origins);
        self.events.parties.extend_from_slice(&other.events.parties);
    }

    fn add_id(&mut self, record: &Record) {
        let ids = match record {
            Record::User(_) => &mut self.users.ids,
            Record::Company(_) => &mut self.companies.ids,
            Record::Superuser(_) => &mut self.superusers.ids,
        };
        ids.push(record.id().to_string());
    }

    fn add_keys(&mut self, record: &Record) {
        self.add_id(record);
        match record {
            Record::User(user) => self.users.add(user),
            Record::Company(company) => {
                let key = column_text(&company.company_id);
                self.companies.names.push(key.into_owned());
            }
            Record::Superuser(superuser) => {
                let email = column_text(&superuser.email);
                self.superusers.names.push(email.into_owned());
            }
        }
    }
}

/// The user whose picture a write may remove.
fn picture_owner(write: &Write) -> Option<String> {
    match write {
        Write::Update {
            before: Record::User(before),
            after: Record::User(after),
        } if before.picture != after.picture => Some(before.id.to_string()),
        Write::Delete {
            before: Record::User(before),
        } => Some(before.id.to_string()),
        _ => None,
    }
}

impl Keys {
    fn add(&mut self, other: &Self) {
        self.ids.extend_from_slice(&other.ids);
        self.names.extend_from_slice(&other.names);
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.names.is_empty()
    }
}

impl UserKeys {
    fn add(&mut self, user: &User) {
        self.openids.push(user.openid.to_string());
        if let Some(phone) = &user.phone {
            self.phones.push(phone.as_str().to_owned());
            let older = phone.with_trunk_zero();
            self.phones
                .extend(older.map(|older| older.as_str().to_owned()));
        }
        if let Some(email) = &user.email {
            match User::of_native_email(email) {
                Some(NativeEmail::ManagePlatform(openid)) => self.openids.push(openid.to_string()),
                Some(NativeEmail::WeChat(id)) => self.ids.push(id.to_string()),
                None => {}
            }
            self.emails.push(column_text(email).into_owned());
        }
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
            && self.openids.is_empty()
            && self.phones.is_empty()
            && self.emails.is_empty()
    }
}
