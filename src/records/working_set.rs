//! Records as the changes of one request leave them, on the way to one commit.

use super::change_request::ChangeRequest;
use super::refusal::{ChangeError, Refusal};
use crate::domain::{Kind, OpenId, Phone, RecordId, Superuser};
use crate::error::Result;
use crate::store::{Conflict, Cursor, Order, Record, Store, Write};

/// The stored records, and the writes that will change them.
pub struct WorkingSet<'a> {
    store: &'a Store,
    writes: Vec<Write>,
}

impl<'a> WorkingSet<'a> {
    /// The stored records as they are.
    pub fn new(store: &'a Store) -> Self {
        Self {
            store,
            writes: Vec::new(),
        }
    }

    /// The store under the writes.
    pub fn store(&self) -> &'a Store {
        self.store
    }

    /// The record that the request names, as the writes so far leave it.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn read(&self, request: &ChangeRequest) -> Result<Option<Record>> {
        let Some(id) = request.record_id() else {
            return Ok(None);
        };
        let kind = request.kind;
        match self.state(kind, &id) {
            State::Untouched => Ok(self.store.record_by_id(kind, &id).await?),
            State::Left(record) => Ok(Some(record.clone())),
            State::Removed => Ok(None),
        }
    }

    /// The records that the writes made or changed, as they leave them.
    pub fn all_left(&self) -> Vec<Record> {
        self.left(|_| true).cloned().collect()
    }

    /// The record as the writes leave it, if they changed it.
    pub fn left_of(&self, record: &Record) -> Option<&Record> {
        match self.state(record.kind(), record.id()) {
            State::Left(left) => Some(left),
            State::Untouched | State::Removed => None,
        }
    }

    /// The records that the writes touched, be it to remove them.
    pub fn touched(&self) -> Vec<(Kind, RecordId)> {
        let touched = self.writes.iter().map(|write| match write {
            Write::Insert(record) | Write::Update { after: record, .. } => record,
            Write::Delete { before } => before,
        });
        touched
            .map(|record| (record.kind(), record.id().clone()))
            .collect()
    }

    /// Adds a write that is not to be committed, whatever it conflicts with.
    pub fn add_provisionally(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Adds a write, if no other record has what only one can have. Of several conflicts, PocketBase names the one that is found
    /// first here.
    ///
    /// # Errors
    /// The conflict as a refusal.
    pub async fn add(&mut self, write: Write) -> Result<(), ChangeError> {
        let conflict = match &write {
            Write::Insert(record) => self.conflict(None, record).await?,
            Write::Update { before, after } => self.conflict(Some(before), after).await?,
            Write::Delete { before } => self.conflict_of_deletion(before).await?,
        };
        if let Some(conflict) = conflict {
            let is_new = matches!(write, Write::Insert(_));
            return Err(Refusal::of(conflict, is_new).into());
        }
        self.writes.push(write);
        Ok(())
    }

    /// The writes, in order.
    pub fn into_writes(self) -> Vec<Write> {
        self.writes
    }

    /// State of a record after the writes: that of the last one about it.
    fn state(&self, kind: Kind, id: &RecordId) -> State<'_> {
        let is_it = |record: &Record| record.kind() == kind && record.id() == id;
        let mut states = self.writes.iter().rev().filter_map(|write| match write {
            Write::Insert(record) | Write::Update { after: record, .. } => {
                is_it(record).then_some(State::Left(record))
            }
            Write::Delete { before } => is_it(before).then_some(State::Removed),
        });
        states.next().unwrap_or(State::Untouched)
    }

    fn is_untouched(&self, kind: Kind, id: &RecordId) -> bool {
        matches!(self.state(kind, id), State::Untouched)
    }

    /// The conflict of a record that is new or has values that it did not have before.
    async fn conflict(&self, before: Option<&Record>, after: &Record) -> Result<Option<Conflict>> {
        let own = before.map(Record::id);
        for key in keys(after) {
            let is_new = !before.is_some_and(|before| key.is_of(before));
            if is_new && self.is_taken(&key, after.kind(), own).await? {
                return Ok(Some(key.conflict()));
            }
        }
        if before.is_none() && self.is_there(after.kind(), after.id()).await? {
            return Ok(Some(Conflict::Id));
        }
        Ok(None)
    }

    async fn conflict_of_deletion(&self, before: &Record) -> Result<Option<Conflict>> {
        match before {
            Record::Superuser(superuser) if self.is_last(superuser).await? => {
                Ok(Some(Conflict::LastSuperuser))
            }
            _ => Ok(None),
        }
    }

    /// Whether a record of this kind has the key, other than the one that is changed.
    async fn is_taken(&self, key: &Key<'_>, kind: Kind, own: Option<&RecordId>) -> Result<bool> {
        let is_other = |record: &Record| key.is_of(record) && Some(record.id()) != own;
        if self.left(is_other).next().is_some() {
            return Ok(true);
        }
        let Some(owner) = stored_owner(self.store, key).await? else {
            return Ok(false);
        };
        // An owner that the writes touched, and that does not have it any more, gave it up.
        Ok(Some(&owner) != own && self.is_untouched(kind, &owner))
    }

    async fn is_there(&self, kind: Kind, id: &RecordId) -> Result<bool> {
        Ok(match self.state(kind, id) {
            State::Untouched => self.store.record_by_id(kind, id).await?.is_some(),
            State::Left(_) => true,
            State::Removed => false,
        })
    }

    /// Whether there is no superuser but this one.
    async fn is_last(&self, superuser: &Superuser) -> Result<bool> {
        let order = Order::ById(Kind::Superusers);
        // So many are enough to find one that is neither this one nor changed by the writes.
        let limit = self.writes.len() + 2;
        let stored = self.store.records_after(order, &Cursor::START, limit);
        let stored = stored.await?;
        let is_other =
            |record: &Record| record.kind() == Kind::Superusers && *record.id() != superuser.id;
        let mut untouched = stored
            .iter()
            .filter(|record| is_other(record))
            .filter(|record| self.is_untouched(Kind::Superusers, record.id()));
        Ok(untouched.next().is_none() && self.left(is_other).next().is_none())
    }

    /// The records that the writes made or changed, as they leave them, if they are wanted.
    fn left(&self, is_wanted: impl Fn(&Record) -> bool) -> impl Iterator<Item = &Record> {
        let results = self.writes.iter().filter_map(|write| match write {
            Write::Insert(record) | Write::Update { after: record, .. } => Some(record),
            Write::Delete { .. } => None,
        });
        results.filter(move |record| is_wanted(record) && self.is_last_result(record))
    }

    fn is_last_result(&self, record: &Record) -> bool {
        match self.state(record.kind(), record.id()) {
            State::Left(last) => std::ptr::eq(last, record),
            State::Untouched | State::Removed => false,
        }
    }
}

/// State of a record after the writes.
enum State<'a> {
    /// Nothing.
    Untouched,
    /// They make or change it: this is how.
    Left(&'a Record),
    /// They remove it.
    Removed,
}

/// A value that only one record can have.
enum Key<'a> {
    UserEmail(&'a str),
    Phone(&'a Phone),
    OpenId(&'a OpenId),
    CompanyId(&'a str),
    SuperuserEmail(&'a str),
}

impl Key<'_> {
    /// Whether the record has it.
    fn is_of(&self, record: &Record) -> bool {
        match (self, record) {
            (Self::UserEmail(email), Record::User(user)) => user.email.as_deref() == Some(email),
            (Self::Phone(phone), Record::User(user)) => user.phone.as_ref() == Some(phone),
            (Self::OpenId(openid), Record::User(user)) => user.openid == **openid,
            (Self::CompanyId(key), Record::Company(company)) => company.company_id == *key,
            (Self::SuperuserEmail(email), Record::Superuser(superuser)) => {
                superuser.email == *email
            }
            _ => false,
        }
    }

    fn conflict(&self) -> Conflict {
        match self {
            Self::UserEmail(_) | Self::SuperuserEmail(_) => Conflict::Email,
            Self::Phone(_) => Conflict::Phone,
            Self::OpenId(_) => Conflict::OpenId,
            Self::CompanyId(_) => Conflict::CompanyId,
        }
    }
}

/// The values of a record that only one can have, in the order in which conflicts are told.
fn keys(record: &Record) -> Vec<Key<'_>> {
    match record {
        Record::User(user) => {
            let email = user.email.as_deref().map(Key::UserEmail);
            let phone = user.phone.as_ref().map(Key::Phone);
            let openid = Key::OpenId(&user.openid);
            email.into_iter().chain(phone).chain([openid]).collect()
        }
        Record::Company(company) if company.company_id.is_empty() => Vec::new(),
        Record::Company(company) => vec![Key::CompanyId(&company.company_id)],
        Record::Superuser(superuser) => vec![Key::SuperuserEmail(&superuser.email)],
    }
}

/// The id of the stored record that has the key.
async fn stored_owner(store: &Store, key: &Key<'_>) -> Result<Option<RecordId>> {
    Ok(match key {
        Key::UserEmail(email) => store.user_by_email(email).await?.map(|user| user.id),
        Key::Phone(phone) => store.user_by_phone(phone).await?.map(|user| user.id),
        Key::OpenId(openid) => store.user_by_openid(openid).await?.map(|user| user.id),
        Key::CompanyId(key) => store
            .company_by_company_id(key)
            .await?
            .map(|company| company.id),
        Key::SuperuserEmail(email) => store
            .superuser_by_email(email)
            .await?
            .map(|superuser| superuser.id),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{IdType, TokenKey, User};
    use crate::store::Location;

    fn user(n: u8, phone: &str) -> User {
        let id = RecordId::from_random([n; 30]);
        let openid = OpenId::parse(&format!("o_{n}")).unwrap();
        let key = TokenKey::new([n]);
        let now = Timestamp::UNIX_EPOCH;
        let conversation = uuid::Uuid::from_u128(u128::from(n));
        User {
            phone: Phone::parse(phone).ok(),
            ..User::new(id, openid, IdType::WeChat, conversation, key, now)
        }
    }

    fn with_phone(user: &User, phone: &str) -> Write {
        let mut after = user.clone();
        after.phone = Phone::parse(phone).ok();
        Write::update(user.clone(), after)
    }

    fn refusal(outcome: Result<(), ChangeError>) -> Option<Refusal> {
        match outcome {
            Ok(()) => None,
            Err(ChangeError::Refused(refusal)) => Some(refusal),
            Err(ChangeError::Failed(error)) => panic!("{error}"),
        }
    }

    const A: &str = "13800138001";
    const B: &str = "13800138002";

    async fn store_with(users: &[&User]) -> Store {
        let store = Store::open(&Location::memory(), 1 << 20).unwrap();
        let inserts = users.iter().map(|user| Write::insert((*user).clone()));
        store.commit(inserts.collect()).await.unwrap();
        store
    }

    #[tokio::test]
    async fn two_users_may_swap_phones_in_one_request_if_one_gives_its_own_up_first() {
        let (a, b) = (user(1, A), user(2, B));
        let store = store_with(&[&a, &b]).await;
        let mut set = WorkingSet::new(&store);
        let taken = refusal(set.add(with_phone(&a, B)).await).unwrap();
        assert!(taken.is_taken_phone());
        for write in [with_phone(&a, ""), with_phone(&b, A)] {
            assert_eq!(refusal(set.add(write).await), None);
        }
        let none = User { phone: None, ..a };
        assert_eq!(refusal(set.add(with_phone(&none, B)).await), None);
        assert!(store.commit(set.into_writes()).await.is_ok());
    }

    #[tokio::test]
    async fn of_two_new_users_with_one_phone_the_second_is_refused() {
        let store = store_with(&[]).await;
        let mut set = WorkingSet::new(&store);
        assert_eq!(refusal(set.add(Write::insert(user(1, A))).await), None);
        let taken = refusal(set.add(Write::insert(user(2, A))).await).unwrap();
        assert!(matches!(&taken, Refusal::Create(_)) && taken.is_taken_phone());
        let same_id = refusal(set.add(Write::insert(user(1, B))).await).unwrap();
        assert_eq!(same_id.to_string(), "email: Value must be unique.");
    }

    #[tokio::test]
    async fn the_last_superuser_stays_whatever_else_a_request_does() {
        let superuser = |n: u8| Superuser {
            id: RecordId::from_random([n; 30]),
            number: 0,
            email: format!("{n}@example.com"),
            email_visibility: false,
            verified: true,
            password_hash: String::new(),
            token_key: TokenKey::new([n]),
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        };
        let store = store_with(&[]).await;
        let first_two = [1, 2].map(|n| Write::insert(superuser(n)));
        store.commit(first_two.into()).await.unwrap();
        let mut set = WorkingSet::new(&store);
        assert_eq!(refusal(set.add(Write::delete(superuser(1))).await), None);
        let last = set.add(Write::delete(superuser(2))).await;
        assert_eq!(refusal(last), Some(Refusal::LastSuperuser));
        assert_eq!(refusal(set.add(Write::insert(superuser(3))).await), None);
        assert_eq!(refusal(set.add(Write::delete(superuser(2))).await), None);
        assert!(store.commit(set.into_writes()).await.is_ok());
    }
}
