//! Scan of all users by their blocks, for lists that look at nothing that the blocks do not have.

use tokio::runtime::Handle;

use super::error::ListError;
use super::query::ListQuery;
use super::record_scan::RecordScan;
use super::user_view::{UserRow, UserView, is_column};
use crate::domain::Kind;
use crate::error::Error;
use crate::filter::{Block as _, BlockFilter, Budget, Filter, Mask, Sort};
use crate::store::user_block::UserBlock;

/// Blocks that are read at once, each time in a snapshot of its own.
const PAGE: usize = 128;

/// Whether blocks have all that a query looks at.
pub fn is_in_blocks(query: &ListQuery) -> bool {
    let has_filter = |filter: &Filter| filter.needs_only(is_column);
    let is_sorted_by = |field: &str| is_column(field) && query.access.sorts_as_stored(field);
    let has_sort = |sort: &Sort| sort.fields().all(is_sorted_by);
    query.kind == Kind::Users
        && query.filter.as_ref().is_none_or(has_filter)
        && query.sort.as_ref().is_none_or(has_sort)
}

/// Reading of the users that match a query from their blocks.
pub struct BlockScan<'a> {
    scan: &'a RecordScan<'a>,
    filter: Option<BlockFilter<'a>>,
}

impl<'a> BlockScan<'a> {
    pub fn new(scan: &'a RecordScan<'a>) -> Self {
        Self {
            filter: scan.block_filter(),
            scan,
        }
    }

    /// Shows each matching user as far as `fields` go.
    pub fn each_match(
        &self,
        fields: &[String],
        mut visit: impl FnMut(&UserRow<'_>),
    ) -> Result<(), ListError> {
        let mut from = 0;
        loop {
            let blocks = self.read(from)?;
            for block in &blocks {
                self.visit(block, fields, &mut visit)?;
            }
            match blocks.last() {
                Some(last) if blocks.len() == PAGE => from = last.place + 1,
                _ => return Ok(()),
            }
        }
    }

    fn read(&self, from: u64) -> Result<Vec<UserBlock>, ListError> {
        let blocks = self.scan.store().user_blocks(from, PAGE);
        Ok(Handle::current().block_on(blocks).map_err(Error::from)?)
    }

    fn visit(
        &self,
        block: &UserBlock,
        fields: &[String],
        visit: &mut impl FnMut(&UserRow<'_>),
    ) -> Result<(), ListError> {
        let rows = block.rows().map_err(Error::from)?;
        let view = UserView::new(block.place, &rows);
        self.scan.slot.steps(rows.len())?;
        let mut mask = self.matches(&view)?;
        if mask != 0 {
            let columns = view.columns(fields);
            while mask != 0 {
                let row = mask.trailing_zeros() as usize;
                visit(&UserRow::new(&view, &columns, row));
                mask &= mask - 1;
            }
        }
        Ok(())
    }

    fn matches(&self, view: &UserView<'_>) -> Result<Mask, ListError> {
        let budget = Budget::new(Budget::EVALUATION * view.count().max(1));
        match &self.filter {
            Some(filter) => Ok(filter.matches(view, &budget)?),
            None => Ok(Mask::MAX >> (Mask::BITS as usize - view.count().clamp(1, 64))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use jiff::Timestamp;
    use proptest::prelude::*;
    use tokio::runtime::Runtime;

    use super::super::lookup::users_by_begin;
    use super::super::paging::Paging;
    use super::super::query::ListQuery;
    use super::super::slots::{ListSlots, SORT_BYTES};
    use super::super::sorted_scan::SortedScan;
    use super::*;
    use crate::app::App;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::domain::{
        Actor, IdType, OpenId, Phone, RecordId, Status, TokenKey, User, UserNumber, UserType,
    };
    use crate::random::Random;
    use crate::records::Records;
    use crate::records::access::Access;
    use crate::records::fields::tables::BuiltIn as _;
    use crate::store::{Location, Write};

    fn fields() -> Vec<&'static str> {
        let names = User::fields().iter().map(|field| field.name);
        names.filter(|name| is_column(name)).collect()
    }

    fn user() -> impl Strategy<Value = User> {
        let identity = (any::<u32>(), any::<bool>(), 0..3_u8, 0..100_000_i64);
        let texts = (
            prop_oneof![
                Just(""),
                Just("王伟"),
                Just("Ann"),
                Just("ann_b%"),
                Just("999")
            ],
            prop_oneof![Just(""), Just("c1"), Just("c2")],
            prop_oneof![4 => Just(""), 1 => Just("7")],
        );
        let numbers = (
            0..3_i64,
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
            0..2_i64,
        );
        (identity, texts, numbers).prop_map(
            |(
                (n, is_wechat, email, ms),
                (name, company, given),
                (rank, active, guest, shows, late),
            )| {
                let id = RecordId::parse(&format!("u{n:014}")).unwrap();
                let (openid, id_type) = match is_wechat {
                    true => (
                        format!("oA{n}_{}", "x".repeat(28)[..20].to_owned()),
                        IdType::WeChat,
                    ),
                    false => (
                        uuid::Uuid::from_u128(u128::from(n)).to_string(),
                        IdType::ManagePlatform,
                    ),
                };
                let created = Timestamp::from_millisecond(1_795_000_000_000 + ms).unwrap();
                let key = TokenKey::new([7; 16]);
                let openid = OpenId::parse(&openid).unwrap();
                let user = User::new(id, openid, id_type, uuid::Uuid::nil(), key, created);
                User {
                    name: name.into(),
                    company_id: company.into(),
                    given_number: Some(given.to_owned()).filter(|text| !text.is_empty()),
                    rank_level: rank - 1,
                    status: if active {
                        Status::Active
                    } else {
                        Status::Disabled
                    },
                    user_type: if guest {
                        UserType::Guest
                    } else {
                        UserType::Registered
                    },
                    email_visibility: shows,
                    phone: (n % 3 > 0)
                        .then(|| Phone::parse(&format!("13{:09}", n % 1_000_000_000)).unwrap()),
                    email: match email {
                        0 => None,
                        1 => Some(format!("{n}@example.com")),
                        _ => user.email.clone(),
                    },
                    updated: Timestamp::from_millisecond(1_795_000_000_000 + ms + late).unwrap(),
                    ..user
                }
            },
        )
    }

    fn comparison() -> impl Strategy<Value = String> {
        let field = || prop::sample::select(fields());
        let modifier = prop_oneof![6 => Just(""), 1 => Just(":lower"), 1 => Just(":length")];
        let operator = prop::sample::select(vec!["=", "!=", "~", "!~", "<", "<=", ">", ">="]);
        let constant = prop::sample::select(vec![
            "'ann'",
            "'Ann%'",
            "'王'",
            "'999'",
            "'13%'",
            "'oa%'",
            "'u0%'",
            "'%@example.com'",
            "'c1'",
            "''",
            "null",
            "1",
            "0",
            "true",
            "'游客'",
            "'WeChat'",
            "'2026-11-18 18:27:2'",
            "'U000000000%'",
            "'_nn'",
            "@now",
        ])
        .prop_map(str::to_owned);
        let right = prop_oneof![6 => constant, 1 => field().prop_map(str::to_owned)];
        (field(), modifier, operator, right).prop_map(|(field, modifier, operator, right)| {
            format!("{field}{modifier} {operator} {right}")
        })
    }

    fn query() -> impl Strategy<Value = (String, String)> {
        let filter =
            proptest::collection::vec((comparison(), any::<bool>()), 0..4).prop_map(|parts| {
                parts
                    .into_iter()
                    .fold(String::new(), |text, (comparison, is_all)| {
                        match text.as_str() {
                            "" => comparison,
                            text => format!(
                                "({text}) {} {comparison}",
                                if is_all { "&&" } else { "||" }
                            ),
                        }
                    })
            });
        let key =
            (prop::sample::select(fields()), any::<bool>()).prop_map(|(field, descending)| {
                format!("{}{field}", if descending { "-" } else { "" })
            });
        let sort = proptest::collection::vec(key, 1..3).prop_map(|keys| keys.join(","));
        (filter, sort)
    }

    async fn app_with(users: Vec<User>) -> Arc<App> {
        let location = Location::memory();
        let config = Config::default();
        let app = App::new(config, &location, Clock::System, Random::seeded(1))
            .await
            .unwrap();
        let inserted = app
            .store
            .commit_each(users.into_iter().map(Write::insert).collect())
            .await
            .unwrap();
        // Some are changed and some removed, so that blocks have holes and other values than at first.
        for record in inserted.into_iter().flatten() {
            let user = User::try_from(record).unwrap();
            match user.number {
                UserNumber(number) if number % 7 == 0 => {
                    drop(app.store.commit(vec![Write::delete(user)]).await.unwrap());
                }
                UserNumber(number) if number % 5 == 0 => {
                    let changed = User {
                        name: "changed".into(),
                        phone: None,
                        ..user.clone()
                    };
                    app.store.update(user, changed).await.unwrap();
                }
                _ => {}
            }
        }
        app
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn lists_by_blocks_are_the_lists_by_records(
            users in proptest::collection::vec(user(), 1..150),
            queries in proptest::collection::vec(query(), 20),
            page in 1..4_u64,
        ) {
            let runtime = Runtime::new().unwrap();
            let _entered = runtime.enter();
            let app = runtime.block_on(app_with(users));
            let records = Records::new(&app);
            let paging = Paging { page, per_page: 20, skip_total: false };
            for (filter, sort) in queries {
                let access = Access::operator(&records);
                let schemas = Arc::clone(access.schemas());
                let query = ListQuery::parse(access, Kind::Users, paging, &filter, &sort);
                let Ok(query) = query else { continue };
                prop_assert!(is_in_blocks(&query), "{} {}", filter, sort);
                let slots = ListSlots::new();
                let slot = slots.list(Actor::Operator).now_or_never().unwrap().unwrap();
                let scan = RecordScan::new(&app, &schemas, &query, &slot);
                let by_records = SortedScan::new(&scan, false, 1, SORT_BYTES).page().unwrap();
                let by_blocks = SortedScan::new(&scan, false, 1, 4_000).by_blocks().page().unwrap();
                prop_assert_eq!(by_records.total, by_blocks.total, "{} by {}", &filter, &sort);
                prop_assert_eq!(&by_records.ids, &by_blocks.ids, "{} by {}", &filter, &sort);
                let named = users_by_begin(&app.store, Kind::Users, query.filter.as_ref());
                if let Some(ids) = runtime.block_on(named).unwrap() {
                    let by_ids = SortedScan::new(&scan, false, 1, 4_000).by_ids(ids).page().unwrap();
                    prop_assert_eq!(by_records.total, by_ids.total, "{} by {}", &filter, &sort);
                    prop_assert_eq!(by_records.ids, by_ids.ids, "{} by {}", filter, sort);
                }
            }
        }
    }
}
