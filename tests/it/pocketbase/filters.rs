//! PocketBase's filter and sort language, against what a real PocketBase answered.

use bai::filter::{
    Block, BlockFilter, Budget, Column, Context, Filter, MAX_LENGTH, Ordered, Record,
    SUPERUSER_ONLY, Sort, Value,
};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

const FIELDS: [&str; 23] = [
    "company_id",
    "created",
    "email",
    "emailVisibility",
    "id",
    "openid",
    "updated",
    "usergroups_id",
    "users_auth_type",
    "users_convers_id",
    "users_id",
    "users_id_number",
    "users_idtype",
    "users_level",
    "users_name",
    "users_parent_id",
    "users_phone",
    "users_picture",
    "users_promo_code",
    "users_rank_level",
    "users_status",
    "users_type",
    "verified",
];

fn is_field(name: &str) -> bool {
    FIELDS.contains(&name)
}

/// A record with PocketBase's zero values where it has nothing.
struct Row {
    number: u64,
    fields: Map<String, Json>,
    is_superuser: bool,
}

impl Record for Row {
    fn value(&self, field: &str) -> Value<'_> {
        match (field, self.fields.get(field).unwrap_or(&Json::Null)) {
            ("users_idtype" | "users_type", value) if !self.is_superuser => {
                Value::Choice(value.as_str().unwrap_or_default())
            }
            (_, Json::String(text)) => Value::Text(text),
            (_, Json::Bool(value)) => Value::Bool(*value),
            (_, Json::Number(number)) => Value::Number(number.as_f64().unwrap()),
            ("verified" | "emailVisibility", _) => Value::Bool(false),
            ("users_status" | "users_rank_level" | "users_auth_type", _) if !self.is_superuser => {
                Value::Number(0.0)
            }
            ("collectionName", _) => Value::Text(if self.is_superuser {
                "_superusers"
            } else {
                "tbl_auth_users"
            }),
            _ if is_field(field) && !self.is_superuser => Value::Text(""),
            _ => Value::Null,
        }
    }

    fn rowid(&self) -> u64 {
        self.number
    }
}

struct Recorded {
    json: Json,
    rows: Vec<Row>,
    superuser: Row,
    now: Timestamp,
}

impl Recorded {
    fn read() -> Self {
        let json: Json =
            serde_json::from_str(include_str!("../../fixtures/filters/recorded.json")).unwrap();
        let columns: Vec<_> = json["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c.as_str().unwrap())
            .collect();
        let row = |(i, values): (usize, &Json)| {
            let fields = columns
                .iter()
                .map(|c| (*c).to_owned())
                .zip(values.as_array().unwrap().iter().cloned());
            Row {
                number: i as u64,
                fields: fields.collect(),
                is_superuser: false,
            }
        };
        let rows = json["records"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(row)
            .collect();
        let superuser = Row {
            number: 0,
            fields: json["superuser"].as_object().unwrap().clone(),
            is_superuser: true,
        };
        let now = json["now"]
            .as_str()
            .unwrap()
            .replace(' ', "T")
            .parse()
            .unwrap();
        Self {
            json,
            rows,
            superuser,
            now,
        }
    }

    fn table(&self, name: &str) -> &[Json] {
        self.json[name].as_array().unwrap()
    }

    /// As the recording writes it: 400, or bit i of the hexadecimal number for record i.
    fn answer(&self, text: &str, context: &Context<'_>, may_see: impl Fn(usize) -> bool) -> Json {
        let Ok(filter) = Filter::parse(text) else {
            return 400.into();
        };
        if filter.check(is_field).is_err() {
            return 400.into();
        }
        let by_blocks = self.found_by_blocks(&filter, context);
        let matches = |i: usize, row| {
            let budget = Budget::new(Budget::EVALUATION);
            let is_match = filter.matches(row, context, &budget).unwrap();
            assert_eq!(is_match, by_blocks[i], "record {i} in its block: {text}");
            is_match
        };
        let found = |i: usize| {
            self.rows
                .get(i)
                .is_some_and(|row| may_see(i) && matches(i, row))
        };
        let digit =
            |n: usize| (0..4).fold(0, |digit, bit| digit | u32::from(found(4 * n + bit)) << bit);
        let digits: String = (0..=self.rows.len() / 4)
            .rev()
            .map(|n| char::from_digit(digit(n), 16).unwrap())
            .collect();
        let hex = digits.trim_start_matches('0');
        if hex.is_empty() {
            "0".into()
        } else {
            hex.into()
        }
    }

    fn found_by_blocks(&self, filter: &Filter, context: &Context<'_>) -> Vec<bool> {
        let filter = BlockFilter::new(filter, *context);
        let blocks = self.rows.chunks(64).flat_map(|rows| {
            let budget = Budget::new(usize::MAX);
            let mask = filter.matches(&Rows(rows), &budget).unwrap();
            (0..rows.len()).map(move |n| mask >> n & 1 == 1)
        });
        blocks.collect()
    }
}

/// Records as a block.
struct Rows<'a>(&'a [Row]);

impl Block for Rows<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn column(&self, field: &str) -> Option<Column<'_>> {
        let values = self.0.iter().map(|row| row.value(field));
        Some(Column::Each(values.collect()))
    }

    fn ordered(&self, field: &str) -> Option<Ordered> {
        let time = |row: &Row| match row.value(field) {
            Value::Text(text) => text.parse::<Timestamp>().unwrap().as_millisecond(),
            other => panic!("{other:?}"),
        };
        let year_1000_to_9999 = -30_610_224_000_000..=253_402_207_199_999;
        matches!(field, "created" | "updated").then(|| Ordered {
            numbers: self.0.iter().map(time).collect(),
            domain: year_1000_to_9999,
            text: |ms| {
                let at = Timestamp::from_millisecond(ms).unwrap();
                at.strftime("%Y-%m-%d %H:%M:%S%.3fZ").to_string()
            },
        })
    }
}

fn report(different: &[String], of: usize) {
    assert!(
        different.is_empty(),
        "{} of {of} differ:\n{}",
        different.len(),
        different.join("\n")
    );
}

#[test]
fn filters_find_what_pocketbase_found() {
    let recorded = Recorded::read();
    let context = Context {
        auth: Some(&recorded.superuser),
        is_superuser: true,
        ..Context::new(recorded.now)
    };
    let table = recorded.table("filters");
    assert!(recorded.rows.len() == 500 && table.len() > 900);
    let count = |answer: &Json| match answer.as_str() {
        Some(hex) => hex
            .chars()
            .map(|c| c.to_digit(16).unwrap().count_ones())
            .sum(),
        None => 400,
    };
    let mut different = Vec::new();
    for case in table {
        let text = case[0].as_str().unwrap();
        let ours = recorded.answer(text, &context, |_| true);
        if ours != case[1] {
            different.push(format!(
                "{text:.100?}: ours {}, PocketBase's {}",
                count(&ours),
                count(&case[1])
            ));
        }
    }
    report(&different, table.len());
}

#[test]
fn a_user_finds_what_pocketbase_let_it_find() {
    let recorded = Recorded::read();
    let mut different = Vec::new();
    for case in recorded.table("as_user") {
        let (user, text) = (
            usize::try_from(case[0].as_u64().unwrap()).unwrap(),
            case[1].as_str().unwrap(),
        );
        let context = Context {
            auth: Some(&recorded.rows[user]),
            ..Context::new(recorded.now)
        };
        let ours = if SUPERUSER_ONLY.iter().any(|word| text.contains(word)) {
            403.into()
        } else {
            recorded.answer(text, &context, |i| i == user)
        };
        if ours != case[2] {
            different.push(format!("{text:?}: ours {ours}, PocketBase's {}", case[2]));
        }
    }
    report(&different, recorded.table("as_user").len());
}

#[test]
fn sorts_order_as_pocketbase_does() {
    let recorded = Recorded::read();
    let mut different = Vec::new();
    for case in recorded.table("sorts") {
        let text = case[0].as_str().unwrap();
        let ours: Json = match Sort::parse(text)
            .and_then(|sort| sort.check(is_field).map(|()| sort))
        {
            Err(_) => 400.into(),
            Ok(sort) => {
                let mut order: Vec<usize> = (0..recorded.rows.len()).collect();
                order.sort_by(|a, b| sort.compare_named(&recorded.rows[*a], &recorded.rows[*b], 1));
                let order = order
                    .iter()
                    .map(usize::to_string)
                    .collect::<Vec<_>>()
                    .join(",");
                format!("{:08x}", crc32fast::hash(order.as_bytes())).into()
            }
        };
        if ours != case[1] {
            different.push(format!(
                "{text:.100?}: ours {ours}, PocketBase's {}",
                case[1]
            ));
        }
    }
    report(&different, recorded.table("sorts").len());
}

#[test]
fn what_was_recorded_is_written_and_read_again_to_the_same_tree() {
    let recorded = Recorded::read();
    for case in recorded.table("filters") {
        if let Ok(filter) = Filter::parse(case[0].as_str().unwrap()) {
            let written = filter.to_string();
            if written.len() <= MAX_LENGTH {
                assert_eq!(Filter::parse(&written).unwrap(), filter, "{written}");
            }
        }
    }
}

#[test]
fn random_sorts_are_permutations_that_the_seed_makes() {
    let recorded = Recorded::read();
    let order = |seed| {
        let sort = Sort::parse("@random").unwrap();
        let mut order: Vec<u64> = (0..500).collect();
        order.sort_by(|a, b| {
            sort.compare_named(
                &recorded.rows[usize::try_from(*a).unwrap()],
                &recorded.rows[usize::try_from(*b).unwrap()],
                seed,
            )
        });
        order
    };
    assert_eq!(order(7), order(7));
    assert_ne!(order(7), order(8));
}
