//! Evaluation of a query over users that are looked at together.

use std::ops::ControlFlow;

use super::error::ListError;
use super::own_columns::OwnColumns;
use super::record_scan::RecordScan;
use super::user_view::{UserRow, UserView};
use super::users::Users;
use crate::filter::{Block as _, BlockFilter, Budget, Mask, Sort};

/// Filter of a query, ready for some users after the other.
pub struct UserMatcher<'a> {
    scan: &'a RecordScan<'a>,
    filter: Option<BlockFilter<'a>>,
    own: OwnColumns<'a>,
}

impl<'a> UserMatcher<'a> {
    pub fn new(scan: &'a RecordScan<'a>) -> Self {
        Self {
            scan,
            filter: scan.block_filter(),
            own: scan.own_columns(),
        }
    }

    /// Shows the users who match, as far as the fields of `sort` go, until `visit` has enough; from the last one on, if asked.
    pub fn visit(
        &self,
        users: Users<'_>,
        sort: Option<&Sort>,
        last_first: bool,
        visit: &mut impl FnMut(&UserRow<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ListError> {
        let view = UserView::new(users, &self.own);
        self.scan.slot.steps(users.len())?;
        let mut mask = self.matches(&view)?;
        if mask == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        let columns = sort.map_or_else(Vec::new, |sort| view.sort_columns(sort));
        while mask != 0 {
            let row = match last_first {
                true => mask.ilog2() as usize,
                false => mask.trailing_zeros() as usize,
            };
            mask &= !(1 << row);
            if visit(&UserRow::new(&view, &columns, row)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn matches(&self, view: &UserView<'_>) -> Result<Mask, ListError> {
        let budget = Budget::new(Budget::EVALUATION * view.count().max(1));
        match &self.filter {
            Some(filter) => Ok(filter.matches(view, &budget)?),
            None => Ok(Mask::MAX >> (Mask::BITS as usize - view.count().clamp(1, 64))),
        }
    }
}
