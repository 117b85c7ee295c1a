//! Scans of users by their blocks, for lists that look at nothing that the blocks do not have.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::block_pages::{BlockPages, Blocks};
use super::error::ListError;
use super::query::ListQuery;
use super::record_scan::RecordScan;
use super::user_matcher::UserMatcher;
use super::user_view::{UserRow, is_column};
use super::users::Users;
use crate::domain::RecordId;
use crate::error::Error;
use crate::filter::Sort;
use crate::store::user_block::UserBlock;

/// Whether blocks have all that a query looks at.
pub fn is_in_blocks(query: &ListQuery) -> bool {
    query.is_decided_by(is_column)
}

/// Reading of the users that match a query from blocks.
pub struct BlockScan<'a> {
    scan: &'a RecordScan<'a>,
    matcher: UserMatcher<'a>,
    blocks: Blocks,
}

impl<'a> BlockScan<'a> {
    pub fn new(scan: &'a RecordScan<'a>, blocks: Blocks) -> Self {
        Self {
            matcher: UserMatcher::new(scan),
            scan,
            blocks,
        }
    }

    /// Shows each matching user as far as the fields of `sort` go.
    pub fn each_match(
        &self,
        sort: Option<&Sort>,
        mut visit: impl FnMut(&UserRow<'_>),
    ) -> Result<(), ListError> {
        let visit = |user: &UserRow<'_>| {
            visit(user);
            ControlFlow::Continue(())
        };
        self.until(sort, visit)
    }

    /// Ids of the matching users on the page of the query, in the order of their numbers; those behind it are not looked for.
    pub fn first_ids(&self) -> Result<Vec<RecordId>, ListError> {
        let paging = &self.scan.query.paging;
        let mut passed = 0;
        let mut ids = Vec::new();
        let visit = |user: &UserRow<'_>| {
            if paging.contains(passed) {
                ids.extend(user.id());
            }
            passed += 1;
            match passed >= paging.end() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        self.until(None, visit)?;
        Ok(ids)
    }

    /// Ids of those of the users with these numbers who match, in the same order.
    pub fn matching(&self, numbers: &[u64]) -> Result<Vec<RecordId>, ListError> {
        let blocks = Blocks::of(numbers);
        let mut ids = HashMap::new();
        for page in BlockPages::new(self.scan.store(), &blocks) {
            for block in page.map_err(Error::from)? {
                let mut keep = |user: &UserRow<'_>| {
                    ids.extend(user.id().map(|id| (user.number(), id)));
                    ControlFlow::Continue(())
                };
                let _ = self.visit(&block, None, false, &mut keep)?;
            }
        }
        Ok(numbers.iter().filter_map(|n| ids.remove(n)).collect())
    }

    /// Shows matching users until `visit` has enough.
    fn until(
        &self,
        sort: Option<&Sort>,
        mut visit: impl FnMut(&UserRow<'_>) -> ControlFlow<()>,
    ) -> Result<(), ListError> {
        let last_first = matches!(self.blocks, Blocks::All { last_first: true });
        for page in BlockPages::new(self.scan.store(), &self.blocks) {
            for block in page.map_err(Error::from)? {
                if self.visit(&block, sort, last_first, &mut visit)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn visit(
        &self,
        block: &UserBlock,
        sort: Option<&Sort>,
        last_first: bool,
        visit: &mut impl FnMut(&UserRow<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ListError> {
        let rows = block.rows().map_err(Error::from)?;
        let users = Users::Block(block.place, &rows);
        self.matcher.visit(users, sort, last_first, visit)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use jiff::Timestamp;
    use proptest::prelude::*;
    use serde_json::json;
    use tokio::runtime::Runtime;

    use super::super::early_page::early_page;
    use super::super::find::scan_blocks;
    use super::super::named::NamedUsers;
    use super::super::paging::Paging;
    use super::super::query::{ListQuery, parse_filter};
    use super::super::slots::{ListSlots, SORT_BYTES};
    use super::super::sorted_scan::SortedScan;
    use super::super::whole_scan::is_of_users_alone;
    use super::*;
    use crate::app::App;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::domain::{
        Actor, Collections, IdType, Kind, OpenId, Phone, RecordId, Status, TokenKey, User,
        UserNumber, UserType,
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
                    picture: if shows { format!("https://x.example/{}", n % 1000) } else { String::new() },
                    columns: (n % 4 > 0).then(|| format!(
                        r#"{{"amount":{},"no\u0074e":"a{}","tags":["a","{given}"],"vip":{active}}}"#,
                        n % 3, n % 5
                    )),
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

    /// Fields that blocks do not have, some of them the deployment's own.
    const LONG: [&str; 6] = [
        "users_picture",
        "users_convers_id",
        "vip",
        "note",
        "tags",
        "amount",
    ];

    fn comparison(fields: &[&'static str]) -> impl Strategy<Value = String> + use<> {
        let fields = fields.to_vec();
        let field = move || prop::sample::select(fields.clone());
        let modifier = prop_oneof![6 => Just(""), 1 => Just(":lower"), 1 => Just(":length")];
        let operator = prop::sample::select(vec!["=", "!=", "~", "!~", "<", "<=", ">", ">="]);
        let constant = prop::sample::select(vec![
            "'ann'",
            "'Ann'",
            "'王伟'",
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

    fn query(fields: &[&'static str]) -> impl Strategy<Value = (String, String)> + use<> {
        let filter = proptest::collection::vec((comparison(fields), any::<bool>()), 0..4).prop_map(
            |parts| {
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
            },
        );
        // What indexes answer by themselves, which chance seldom makes.
        let by_index = prop::sample::select(vec![
            "id ~ 'u0%'",
            "users_phone ~ '13%'",
            "openid ~ 'oa%'",
            "email ~ 'u%'",
            "users_name ~ 'an%'",
            "users_name = '王伟'",
        ]);
        let filter = prop_oneof![3 => filter, 1 => by_index.prop_map(str::to_owned)];
        let key = (prop::sample::select(fields.to_vec()), any::<bool>()).prop_map(
            |(field, descending)| format!("{}{field}", if descending { "-" } else { "" }),
        );
        let keys = proptest::collection::vec(key, 1..3).prop_map(|keys| keys.join(","));
        let sort = prop_oneof![
            4 => keys,
            1 => prop::sample::select(vec!["", "created", "-created", "-@rowid", "-created:lower"])
                .prop_map(str::to_owned),
        ];
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
            queries in proptest::collection::vec(query(&fields()), 20),
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
                let (slot, _waiting) = slots.list(Actor::Operator).now_or_never().unwrap().unwrap();
                let scan = RecordScan::new(&app, &schemas, &query, &slot);
                let by_records = SortedScan::with(&scan, 1, SORT_BYTES).page().unwrap();
                let by_blocks = SortedScan::with(&scan, 1, 4_000).by_blocks().page().unwrap();
                prop_assert_eq!(by_records.total, by_blocks.total, "{} by {}", &filter, &sort);
                prop_assert_eq!(&by_records.ids, &by_blocks.ids, "{} by {}", &filter, &sort);
                let named = NamedUsers::of(&app.store, &query);
                let named = runtime.block_on(named).unwrap();
                let total = match &named {
                    NamedUsers::Count(total) => Some(*total),
                    _ => None,
                };
                let by_index = scan_blocks(&scan, named).unwrap();
                prop_assert_eq!(by_records.total, by_index.total, "{} by {}", &filter, &sort);
                prop_assert_eq!(&by_records.ids, &by_index.ids, "{} by {}", &filter, &sort);
                if let Some(few) = runtime.block_on(records.list_few(&query)).unwrap() {
                    let ids: Vec<_> = few.records.iter().map(|user| user.id().clone()).collect();
                    prop_assert_eq!(by_records.total, few.total, "{} by {}", &filter, &sort);
                    prop_assert_eq!(&by_records.ids, &ids, "{} by {}", &filter, &sort);
                }
                let without_total = Paging { skip_total: true, ..paging };
                let query = ListQuery { paging: without_total, ..query };
                let scan = RecordScan::new(&app, &schemas, &query, &slot);
                if let Some(early) = early_page(&scan, total).unwrap() {
                    prop_assert_eq!(by_records.ids, early.ids, "{} by {}", filter, sort);
                }
            }
        }

        #[test]
        fn lists_by_whole_users_are_the_lists_by_records(
            users in proptest::collection::vec(user(), 1..300),
            queries in proptest::collection::vec(query(&[&fields()[..], &LONG].concat()), 20),
            page in 1..4_u64,
        ) {
            let runtime = Runtime::new().unwrap();
            let _entered = runtime.enter();
            let app = runtime.block_on(app_with(users));
            let mut collections = Collections::new(Timestamp::UNIX_EPOCH);
            collections.users.fields = Some(json!([
                {"name": "vip", "type": "bool"},
                {"name": "note", "type": "text"},
                {"name": "tags", "type": "select", "maxSelect": 3, "values": ["a", "7", "c"]},
                {"name": "amount", "type": "number"},
            ]).to_string());
            runtime.block_on(app.store.set_collections(collections)).unwrap();
            runtime.block_on(app.follow_state()).unwrap();
            let records = Records::new(&app);
            let schemas = records.schemas();
            for (filter, sort) in queries {
                let query = ListQuery {
                    access: Access::operator(&records),
                    kind: Kind::Users,
                    paging: Paging { page, per_page: 20, skip_total: false },
                    filter: parse_filter(&filter, schemas.of(Kind::Users), true).unwrap(),
                    sort: (!sort.is_empty()).then(|| Sort::parse(&sort).unwrap()),
                };
                prop_assert!(is_of_users_alone(&query));
                let slots = ListSlots::new();
                let (slot, _waiting) = slots.list(Actor::Operator).now_or_never().unwrap().unwrap();
                let scan = RecordScan::new(&app, &schemas, &query, &slot);
                let by_records = SortedScan::with(&scan, 1, SORT_BYTES).page().unwrap();
                let whole = SortedScan::with(&scan, 1, 4_000).by_whole_users().page().unwrap();
                prop_assert_eq!(by_records.total, whole.total, "{} by {}", &filter, &sort);
                prop_assert_eq!(by_records.ids, whole.ids, "{} by {}", filter, sort);
            }
        }
    }
}
