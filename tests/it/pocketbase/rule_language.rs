//! The language of PocketBase's rules, against whom and what a real PocketBase let see and change.
//!
//! `tests/real_pocketbase/record_rule_language.py` recorded it.

use std::collections::BTreeMap;

use bai::filter::{
    Budget, Catalog, Context, Error, FieldType, Filter, Look, Record, Records, Request, TooCostly,
    Value,
};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value as Json};

enum Cell {
    Text(String),
    Choice(String),
    Choices(String),
    Number(f64),
    Bool(bool),
}

/// A record of the recording.
struct Row {
    number: u64,
    cells: BTreeMap<String, Cell>,
    is_stored: bool,
}

impl Row {
    fn new(number: usize, json: &Json, fields: &Json, collection: &str) -> Self {
        let fields = fields.as_array().unwrap().iter();
        let mut cells: BTreeMap<String, Cell> = fields
            .filter(|field| field["hidden"] != true)
            .map(|field| {
                let name = field["name"].as_str().unwrap();
                (name.to_owned(), cell(field, &json[name]))
            })
            .collect();
        let id = json["collectionId"].as_str().unwrap_or_default();
        cells.insert("collectionId".to_owned(), Cell::Text(id.to_owned()));
        let name = collection.to_owned();
        cells.insert("collectionName".to_owned(), Cell::Text(name));
        Self {
            number: number as u64,
            cells,
            is_stored: true,
        }
    }
}

fn cell(field: &Json, value: &Json) -> Cell {
    let text = value.as_str().unwrap_or_default().to_owned();
    match field["type"].as_str().unwrap() {
        "number" => Cell::Number(value.as_f64().unwrap_or_default()),
        "bool" => Cell::Bool(value == true),
        "select" | "relation" if field["maxSelect"].as_u64().unwrap_or_default() > 1 => {
            Cell::Choices(match value {
                Json::Array(_) => value.to_string(),
                _ => "[]".to_owned(),
            })
        }
        "select" | "relation" => Cell::Choice(text),
        _ => Cell::Text(text),
    }
}

impl Record for Row {
    fn value(&self, field: &str) -> Value<'_> {
        match self.cells.get(field) {
            Some(Cell::Text(text)) => Value::Text(text),
            Some(Cell::Choice(text)) => Value::Choice(text),
            Some(Cell::Choices(json)) => Value::Choices(json),
            Some(Cell::Number(number)) => Value::Number(*number),
            Some(Cell::Bool(flag)) => Value::Bool(*flag),
            None => Value::Null,
        }
    }

    fn rowid(&self) -> u64 {
        self.number
    }

    fn is_stored(&self) -> bool {
        self.is_stored
    }
}

struct Recorded {
    json: Json,
    rows: BTreeMap<String, Vec<Row>>,
}

const USERS: &str = "tbl_auth_users";

impl Recorded {
    fn read() -> Self {
        let text = include_str!("../../fixtures/rules/language.json");
        let json: Json = serde_json::from_str(text).unwrap();
        let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for (name, records) in json["records"].as_object().unwrap() {
            let fields = &json["collections"][name]["fields"];
            let records = records.as_array().unwrap().iter().enumerate();
            let of_collection = records.map(|(n, record)| Row::new(n, record, fields, name));
            rows.insert(name.clone(), of_collection.collect());
        }
        let superuser = Row::new(0, &json["superuser"], &superuser_fields(), "_superusers");
        rows.insert("_superusers".to_owned(), vec![superuser]);
        Self { json, rows }
    }

    fn table(&self, name: &str) -> &[Json] {
        self.json[name].as_array().unwrap()
    }

    fn context<'a>(&'a self, who: Option<usize>, request: Request<'a>) -> Context<'a> {
        Context {
            auth: who.map(|n| &self.rows[USERS][n] as &dyn Record),
            request,
            records: Some(self),
            ..Context::new(Timestamp::from_second(1_800_000_000).unwrap())
        }
    }

    /// The numbers of the records that match, whether the request is put into the rule before or not.
    fn matching(&self, collection: &str, rule: &Filter, context: &Context<'_>) -> Json {
        let rows = self.rows[collection].iter();
        rows.filter(|row| matches(rule, row, context))
            .map(|row| row.number)
            .collect()
    }

    fn parse(&self, rule: &str, collection: &str) -> Option<Filter> {
        Filter::parse_rule(rule, self, collection).ok()
    }
}

fn matches(rule: &Filter, row: &Row, context: &Context<'_>) -> bool {
    let budget = Budget::new(Budget::EVALUATION);
    let plain = rule.matches(row, context, &budget).unwrap();
    let bound = rule
        .bind(context, &Budget::new(Budget::EVALUATION))
        .unwrap();
    // Only the records, not the request, are asked for by then.
    let later = Context {
        request: Request::default(),
        now: Timestamp::UNIX_EPOCH,
        ..*context
    };
    let after = bound.matches(row, &later, &Budget::new(Budget::EVALUATION));
    assert_eq!(after.unwrap(), plain, "{rule} bound is {bound}");
    plain
}

fn superuser_fields() -> Json {
    let text = |name: &str| serde_json::json!({"name": name, "type": "text"});
    let flag = |name: &str| serde_json::json!({"name": name, "type": "bool"});
    Json::Array(vec![
        text("id"),
        text("email"),
        text("created"),
        text("updated"),
        flag("verified"),
        flag("emailVisibility"),
    ])
}

impl Catalog for Recorded {
    fn users(&self) -> &str {
        USERS
    }

    fn collection(&self, name_or_id: &str) -> Option<&str> {
        let is_it = |name: &&String| {
            name.as_str() == name_or_id
                || self.json["collections"][name.as_str()]["id"] == name_or_id
        };
        self.rows.keys().find(is_it).map(String::as_str)
    }

    fn field(&self, collection: &str, field: &str) -> Option<FieldType> {
        let superusers = superuser_fields();
        let fields = match collection {
            "_superusers" => &superusers,
            name => &self.json["collections"][name]["fields"],
        };
        let field = fields.as_array()?.iter().find(|one| one["name"] == field)?;
        let is_many = field["maxSelect"].as_u64().unwrap_or_default() > 1;
        Some(match field["type"].as_str()? {
            _ if field["hidden"] == true => FieldType::Hidden,
            "number" => FieldType::Number,
            "json" => FieldType::Json,
            "select" => FieldType::Choice { is_many },
            "relation" => FieldType::Relation {
                collection: field["collectionId"].as_str()?.to_owned(),
                is_many,
            },
            _ => FieldType::Plain,
        })
    }
}

impl Records for Recorded {
    /// Looks up one pin, as a store with indexes does.
    fn visit(
        &self,
        collection: &str,
        pins: &[(&str, &str)],
        look: &mut Look<'_>,
    ) -> Result<bool, TooCostly> {
        let indexed = ["id", "company_id", "openid", "email"];
        let pin = pins.iter().find(|(field, _)| indexed.contains(field));
        for row in &self.rows[collection] {
            let is_pinned = pin.is_none_or(|(field, text)| row.value(field) == Value::Text(text));
            if is_pinned && look(row)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Rules that this server refuses when they are set, though PocketBase takes them.
const REFUSED: [(&str, &str); 8] = [
    (
        "@request.auth.users_name.x = 'Acme'",
        "it fails for every user",
    ),
    (
        "@request.auth.users_name:what = 1",
        "it fails for every user",
    ),
    ("'a' ~ @request.body.tags:each", "it fails for every change"),
    (
        "'a' ?!~ @request.body.tags:each || id != ''",
        "it fails for every change",
    ),
    (
        "strftime('%Y', created) = '2020'",
        "functions are not served",
    ),
    ("tokenKey = ''", "it cannot be asked for"),
    ("password != ''", "it cannot be asked for"),
    ("@request.auth.tokenKey != ''", "it cannot be asked for"),
];

fn is_refused(rule: &str) -> bool {
    REFUSED.iter().any(|(refused, _)| *refused == rule)
}

/// Whether ours is the answer that was recorded, or the refusal of what is not served.
fn is_right(rule: &str, ours: &Json, recorded: &Json) -> bool {
    if is_refused(rule) {
        ours == "refused"
    } else {
        ours == recorded
    }
}

fn report(different: &[String], of: usize) {
    assert!(of > 0);
    assert!(
        different.is_empty(),
        "{} of {of} differ:\n{}",
        different.len(),
        different.join("\n")
    );
}

#[test]
fn rules_show_what_pocketbase_showed() {
    let recorded = Recorded::read();
    let who: Vec<Option<usize>> = serde_json::from_value(recorded.json["who"].clone()).unwrap();
    let query = serde_json::json!({"perPage": "100", "sort": "id"});
    let (method, context) = ("GET", "default");
    let request = Request {
        method,
        context,
        query: query.as_object(),
        ..Request::default()
    };
    let table = recorded.table("lists");
    assert!(table.len() > 300);
    let mut different = Vec::new();
    for case in table {
        let (collection, rule) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
        let ours: Json = match recorded.parse(rule, collection) {
            None => "refused".into(),
            Some(filter) => who
                .iter()
                .map(|who| recorded.matching(collection, &filter, &recorded.context(*who, request)))
                .collect(),
        };
        if !is_right(rule, &ours, &case[2]) {
            different.push(format!(
                "{collection} {rule:?}: ours {ours}, PocketBase's {}",
                case[2]
            ));
        }
    }
    report(&different, table.len());
}

fn object(json: &Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

#[test]
fn rules_ask_of_the_query_and_the_headers_what_pocketbase_asked() {
    let recorded = Recorded::read();
    let mut different = Vec::new();
    for case in recorded.table("requests") {
        let rule = case[0].as_str().unwrap();
        let headers = object(&case[2]).into_iter();
        let headers = headers
            .map(|(name, value)| (header_name(&name), value))
            .collect();
        let query = object(&case[1]);
        let request = Request {
            method: "GET",
            context: "default",
            query: Some(&query),
            headers: Some(&headers),
            body: None,
        };
        let ours: Json = match recorded.parse(rule, USERS) {
            None => "refused".into(),
            Some(filter) => recorded.matching(USERS, &filter, &recorded.context(Some(0), request)),
        };
        if !is_right(rule, &ours, &case[3]) {
            different.push(format!("{case}: ours {ours}"));
        }
    }
    report(&different, recorded.table("requests").len());
}

fn header_name(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// The body in which the modifiers of fields are applied to what `row` has, and values are of the fields' types, as far as the cases
/// need it.
fn resolved(body: &Json, row: &Row) -> Map<String, Json> {
    let mut body = object(body);
    for (name, value) in &mut body {
        match row.cells.get(name) {
            Some(Cell::Number(_)) if !value.is_number() => {
                let text = value.as_str().unwrap_or_default();
                *value = text.parse::<f64>().unwrap_or_default().into();
            }
            Some(Cell::Text(_) | Cell::Choice(_)) if value.is_null() => *value = "".into(),
            Some(Cell::Text(_) | Cell::Choice(_)) if value.is_number() || value.is_boolean() => {
                *value = value.to_string().into();
            }
            Some(Cell::Choices(_)) if value.is_string() => *value = vec![value.take()].into(),
            _ => {}
        }
    }
    if let Some(added) = body.remove("users_rank_level+") {
        let Value::Number(before) = row.value("users_rank_level") else {
            unreachable!("it is a number")
        };
        let sum = before + added.as_f64().unwrap();
        body.insert("users_rank_level".to_owned(), sum.into());
    }
    if let Some(added) = body.remove("tags+") {
        let Value::Choices(before) = row.value("tags") else {
            unreachable!("it is a list")
        };
        let mut tags: Vec<Json> = serde_json::from_str(before).unwrap();
        if !tags.contains(&added) {
            tags.push(added);
        }
        body.insert("tags".to_owned(), tags.into());
    }
    body.insert("stop".to_owned(), "too long".into());
    body
}

#[test]
fn rules_let_change_what_pocketbase_let_change() {
    let recorded = Recorded::read();
    let mut different = Vec::new();
    for case in recorded.table("changes") {
        let rule = case[0].as_str().unwrap();
        let may_change = |filter: &Filter, row: &Row| {
            let body = resolved(&case[1], row);
            let request = Request {
                method: "PATCH",
                context: "default",
                body: Some(&body),
                ..Request::default()
            };
            matches(filter, row, &recorded.context(Some(0), request))
        };
        let ours: Json = match recorded.parse(rule, USERS) {
            None => "refused".into(),
            Some(filter) => recorded.rows[USERS]
                .iter()
                .filter(|row| may_change(&filter, row))
                .map(|row| row.number)
                .collect(),
        };
        if !is_right(rule, &ours, &case[2]) {
            different.push(format!("{case}: ours {ours}"));
        }
    }
    report(&different, recorded.table("changes").len());
}

#[test]
fn rules_let_make_what_pocketbase_let_make() {
    let recorded = Recorded::read();
    let fields = &recorded.json["collections"][USERS]["fields"];
    let mut different = Vec::new();
    for case in recorded.table("creates") {
        let rule = case[0].as_str().unwrap();
        let mut json = case[1].clone();
        json["id"] = "__temp_id__".into();
        json["verified"] = false.into();
        let row = Row {
            is_stored: false,
            ..Row::new(99, &json, fields, USERS)
        };
        let body = resolved(&case[1], &row);
        let request = Request {
            method: "POST",
            context: "default",
            body: Some(&body),
            ..Request::default()
        };
        let ours: Json = match recorded.parse(rule, USERS) {
            None => "refused".into(),
            Some(filter) => matches(&filter, &row, &recorded.context(Some(0), request)).into(),
        };
        if case[2] != ours {
            different.push(format!("{case}: ours {ours}"));
        }
    }
    report(&different, recorded.table("creates").len());
}

/// A rule of some recorded ones.
fn combined(rules: Vec<String>) -> impl Strategy<Value = String> {
    let one = proptest::sample::select(rules).prop_map(|rule| format!("({rule}\n)"));
    one.prop_recursive(3, 6, 3, |inner| {
        let several = proptest::collection::vec(inner, 2..4);
        (several, proptest::sample::select(vec![" && ", " || "]))
            .prop_map(|(rules, join)| format!("({})", rules.join(join)))
    })
}

/// The rules of the users' lists that this server reads.
fn readable(recorded: &Recorded) -> Vec<String> {
    let table = recorded.table("lists").iter();
    let of_users = table.filter(|case| case[0] == USERS);
    let rules = of_users.map(|case| case[1].as_str().unwrap().to_owned());
    rules
        .filter(|rule| recorded.parse(rule, USERS).is_some())
        .collect()
}

#[test]
fn a_rule_with_a_request_put_in_matches_the_same_records_and_pins_none_that_it_lacks() {
    let recorded = Recorded::read();
    let who = proptest::option::of(0..recorded.rows[USERS].len());
    let rules = combined(readable(&recorded));
    let config = ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let checked = runner.run(&(rules, who), |(rule, who)| {
        let request = Request {
            method: "GET",
            context: "default",
            ..Request::default()
        };
        let context = recorded.context(who, request);
        // Together they may join more than a rule may.
        let Some(filter) = recorded.parse(&rule, USERS) else {
            return Err(TestCaseError::reject("too many joins"));
        };
        let bound = filter
            .bind(&context, &Budget::new(Budget::EVALUATION))
            .unwrap();
        for row in &recorded.rows[USERS] {
            let is_match = matches(&filter, row, &context);
            for (field, text) in bound.pins() {
                let has_it = [Value::Text(text), Value::Choice(text), Value::Choices(text)]
                    .contains(&row.value(field));
                prop_assert!(!is_match || has_it);
            }
            prop_assert!(!(is_match && bound.is_nothing()));
            prop_assert!(is_match || !bound.is_everything());
        }
        Ok(())
    });
    checked.unwrap();
}

#[test]
fn the_place_of_what_cannot_be_read_is_told() {
    let recorded = Recorded::read();
    for (rule, at, rest, reason) in [
        (
            "id = 'a' && nope = 1",
            12,
            "nope = 1",
            r#"unknown field "nope""#,
        ),
        (
            "id = 'a' && 1 = nope",
            16,
            "nope",
            r#"unknown field "nope""#,
        ),
        (
            "id = 'a' && (id = 'b' && x.y = 1)",
            25,
            "x.y = 1)",
            r#"unknown field "x.y""#,
        ),
        ("id = 'a' &&", 11, "", "expected a comparison"),
        (
            "id = 'a' & id = 'b'",
            9,
            "& id = 'b'",
            r#"invalid token "&""#,
        ),
        ("id = 'a", 5, "'a", "' without its end"),
        ("(id = 'a'", 0, "(id = 'a'", "( without its end"),
        ("id 'a'", 3, "'a'", "expected an operator"),
        ("id = 张", 5, "张", "unexpected character '张'"),
        ("id = 'a' id = 'b'", 9, "id = 'b'", "expected && or ||"),
        (
            "users_name.x = 1",
            0,
            "users_name.x = 1",
            r#""users_name" is no relation"#,
        ),
        (
            "@collection.nope.id = 1",
            0,
            "@collection.nope.id = 1",
            r#"unknown collection "nope""#,
        ),
        (
            "id:nope = 1",
            0,
            "id:nope = 1",
            r#""id:nope" has a modifier that cannot be used here"#,
        ),
        (
            "@request.query.x:changed = 1",
            0,
            "@request.query.x:changed = 1",
            r#""x:changed" has a modifier that cannot be used here"#,
        ),
        (
            "meta.a = 1",
            0,
            "meta.a = 1",
            r#""meta" has no parts that can be asked for"#,
        ),
        ("now() = 1", 0, "now() = 1", r#"unknown function "now""#),
    ] {
        let error = Filter::parse_rule(rule, &recorded, USERS).unwrap_err();
        assert_eq!((error.at, error.rest.as_str()), (at, rest), "{rule}");
        assert_eq!(error.error.to_string(), reason, "{rule}");
    }
}

#[test]
fn rules_of_more_joins_than_the_limit_are_refused() {
    let recorded = Recorded::read();
    let rule = |joins: usize| {
        let comparisons = (0..joins).map(|n| format!("@collection.{USERS}:a{n}.id ?= id"));
        comparisons.collect::<Vec<_>>().join(" && ")
    };
    assert!(recorded.parse(&rule(16), USERS).is_some());
    let error = Filter::parse_rule(&rule(17), &recorded, USERS).unwrap_err();
    assert_eq!(error.error, Error::TooManyJoins);
}

#[test]
fn a_rule_that_looks_at_too_many_records_is_given_up() {
    let recorded = Recorded::read();
    let text = "@collection.tbl_auth_users.users_name ?= 'x' && @collection.tbl_auth_users:b.users_name ?!= @collection.tbl_auth_users.users_level";
    let filter = recorded.parse(text, USERS).unwrap();
    let context = recorded.context(None, Request::default());
    let row = &recorded.rows[USERS][0];
    assert_eq!(
        filter.matches(row, &context, &Budget::new(512)),
        Err(TooCostly)
    );
    let none = Context {
        records: None,
        ..context
    };
    let budget = Budget::new(Budget::EVALUATION);
    assert_eq!(filter.matches(row, &none, &budget), Err(TooCostly));
}

#[test]
fn a_bound_rule_pins_what_the_request_says() {
    let recorded = Recorded::read();
    let query = object(&serde_json::json!({"id": "abc", "n": 1}));
    let request = Request {
        query: Some(&query),
        ..Request::default()
    };
    let own = recorded.json["records"][USERS][2]["id"].as_str().unwrap();
    for (rule, pins) in [
        ("id = @request.auth.id", vec![("id", own)]),
        (
            "@request.auth.id = id && verified = true",
            vec![("id", own)],
        ),
        (
            "company_id = @request.auth.company_id",
            vec![("company_id", "BOLT")],
        ),
        ("id = @request.query.id", vec![("id", "abc")]),
        ("id = @request.query.n", vec![]),
        ("id = @request.query.nothing", vec![]),
        (
            "id = @request.auth.id || @request.auth.users_rank_level >= 5",
            vec![("id", own)],
        ),
        (
            "id = @request.auth.id || (@collection.tbl_company.owner ?= @request.auth.id && @collection.tbl_company.company_status ?= 7)",
            vec![("id", own)],
        ),
        ("id != @request.auth.id", vec![]),
        ("id:lower = @request.auth.id", vec![]),
    ] {
        let context = recorded.context(Some(2), request);
        let filter = recorded.parse(rule, USERS).unwrap();
        let budget = Budget::new(Budget::EVALUATION);
        assert_eq!(
            filter.bind(&context, &budget).unwrap().pins(),
            pins,
            "{rule}"
        );
    }
}

/// A filter of a client joins nothing: where a rule has one row in mind, as PocketBase has in both, each of its comparisons looks for itself.
#[test]
fn a_filter_of_a_client_compares_items_by_themselves() {
    let recorded = Recorded::read();
    let context = recorded.context(Some(0), Request::default());
    let text = "tags:each ?= 'a' && tags:each ?= 'b'";
    let rule = recorded.parse(text, USERS).unwrap();
    assert_eq!(
        recorded.matching(USERS, &rule, &context),
        serde_json::json!([])
    );
    let has = |row: &Row, tag: &str| match row.value("tags") {
        Value::Choices(json) => json.contains(&format!("\"{tag}\"")),
        _ => false,
    };
    let rows = recorded.rows[USERS].iter();
    let both: Vec<_> = rows
        .filter(|row| has(row, "a") && has(row, "b"))
        .map(|row| row.number)
        .collect();
    assert!(!both.is_empty());
    let filter = Filter::parse(text).unwrap();
    assert_eq!(
        recorded.matching(USERS, &filter, &context),
        serde_json::json!(both)
    );
}

#[test]
fn a_rule_and_a_filter_are_asked_together() {
    let recorded = Recorded::read();
    let context = recorded.context(Some(0), Request::default());
    let rule = recorded
        .parse("id = @request.auth.id || verified = true", USERS)
        .unwrap();
    let filter = Filter::parse("users_name = 'Cat' || users_name = 'Dan'").unwrap();
    let both = rule.and(filter);
    assert_eq!(
        recorded.matching(USERS, &both, &context),
        serde_json::json!([2])
    );
    // A rule may look at an e-mail address that a user's own filter may not.
    let mail = "email = 'u2@example.com'";
    let rule = recorded.parse(mail, USERS).unwrap();
    assert_eq!(
        recorded.matching(USERS, &rule, &context),
        serde_json::json!([2])
    );
    let filter = Filter::parse(mail).unwrap();
    assert_eq!(
        recorded.matching(USERS, &rule.and(filter), &context),
        serde_json::json!([])
    );
}
