//! Scan of all users as they are stored, for lists that look at something that blocks do not have.

use std::ops::ControlFlow;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use tokio::runtime::Handle;

use super::error::ListError;
use super::query::ListQuery;
use super::record_scan::RecordScan;
use super::user_matcher::UserMatcher;
use super::user_view::UserRow;
use super::users::Users;
use crate::domain::RecordId;
use crate::error::Error;
use crate::filter::{MOST_RECORDS, Sort};
use crate::store::{self, ScannedUsers, Store};

/// Users that are read at once, each time in a snapshot of its own.
const PAGE: usize = 4 * MOST_RECORDS;
/// Pages that are read ahead.
const AHEAD: usize = 2;

/// Whether a look at each user alone decides the query.
pub fn is_of_users_alone(query: &ListQuery) -> bool {
    query.is_decided_by(|_| true)
}

/// Reading of the users that match a query from all of them, or from those with some ids.
pub struct WholeScan<'a> {
    scan: &'a RecordScan<'a>,
    matcher: UserMatcher<'a>,
    ids: Option<Vec<RecordId>>,
}

impl<'a> WholeScan<'a> {
    /// Scan of all users.
    pub fn new(scan: &'a RecordScan<'a>) -> Self {
        Self {
            matcher: UserMatcher::new(scan),
            scan,
            ids: None,
        }
    }

    /// Scan of these users.
    pub fn of_ids(scan: &'a RecordScan<'a>, ids: Vec<RecordId>) -> Self {
        Self {
            ids: Some(ids),
            ..Self::new(scan)
        }
    }

    /// Shows each matching user as far as the fields of `sort` go.
    pub fn each_match(
        &self,
        sort: Option<&Sort>,
        mut visit: impl FnMut(&UserRow<'_>),
    ) -> Result<(), ListError> {
        match &self.ids {
            Some(ids) => ids
                .chunks(PAGE)
                .try_for_each(|ids| self.visit(&self.read(ids)?, sort, &mut visit)),
            None => self.each_page(|page| self.visit(page, sort, &mut visit)),
        }
    }

    /// Shows the matching users of a page.
    fn visit(
        &self,
        page: &ScannedUsers,
        sort: Option<&Sort>,
        visit: &mut impl FnMut(&UserRow<'_>),
    ) -> Result<(), ListError> {
        let users = page.users().map_err(Error::from)?;
        for users in users.chunks(MOST_RECORDS) {
            let users = Users::Whole(users);
            let _ = self.matcher.visit(users, sort, false, &mut |user| {
                visit(user);
                ControlFlow::Continue(())
            })?;
        }
        Ok(())
    }

    fn read(&self, ids: &[RecordId]) -> Result<ScannedUsers, ListError> {
        let read = self.scan.store().scanned_users_by_ids(ids);
        Ok(Handle::current().block_on(read).map_err(Error::from)?)
    }

    /// Shows the pages of all users. Another thread reads ahead.
    fn each_page(
        &self,
        mut visit: impl FnMut(&ScannedUsers) -> Result<(), ListError>,
    ) -> Result<(), ListError> {
        let (store, runtime) = (self.scan.store(), Handle::current());
        thread::scope(|scope| {
            let (sender, pages) = mpsc::sync_channel(AHEAD);
            scope.spawn(move || read_pages(store, &runtime, &sender));
            pages
                .into_iter()
                .try_for_each(|page| visit(&page.map_err(Error::from)?))
        })
    }
}

/// Sends all pages, until nobody wants more or one cannot be read.
fn read_pages(
    store: &Store,
    runtime: &Handle,
    sender: &SyncSender<Result<ScannedUsers, store::Error>>,
) {
    let mut last: Option<RecordId> = None;
    loop {
        let read = runtime.block_on(store.scanned_users(last.as_ref(), PAGE));
        let (page, next) = match read {
            Ok((page, next)) => (Ok(page), next),
            Err(error) => (Err(error), None),
        };
        last = next;
        if sender.send(page).is_err() || last.is_none() {
            return;
        }
    }
}
