//! Deployments whose collections are other than the contract's: each is made on a real PocketBase, moves here and back.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use form_urlencoded::byte_serialize;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::binary::run;
use crate::support::deployment::{
    Collections, MOVED, Moved, by_id, copy_folder, differences, id, openid, password, phone,
    platform_user, wechat_user, with,
};
use crate::support::real_pocketbase::{PocketBase, binary, create_root};

/// The number of the WeChat user, and of the platform user.
pub const WECHAT: usize = 1;
pub const PLATFORM: usize = 2;

/// A deployment, and what is other here than it was there.
pub struct Variation {
    name: &'static str,
    pub collections: Collections,
    /// Collections that do not come, made before the others.
    others: Vec<Value>,
    /// Values over the usual ones; null leaves a field out, here and below.
    company: Value,
    wechat: Value,
    platform: Value,
    /// Changes of the database while PocketBase is stopped.
    sql: &'static str,
    args: &'static [&'static str],
    filters: &'static [&'static str],
    /// Fields that collections get when they are there.
    later_fields: Vec<(&'static str, Value)>,
    /// Whether somebody who could not log in would be let in, so that an import asks first.
    is_to_be_accepted: bool,
    /// Values of a user that are shown otherwise here.
    wechat_here: Value,
    platform_here: Value,
    company_here: Value,
    /// Values that are other in PocketBase after the way back.
    company_back: Value,
    wechat_back: Value,
    platform_back: Value,
    /// The name of something that does not come, which the import tells.
    left_behind: Option<&'static str>,
    /// The name of the company that the platform user's login tells.
    company_name: Option<&'static str>,
    /// Statuses of the logins by openid and by phone.
    logins: (u16, u16),
}

/// A deployment as the hooks expect it.
pub fn usual(name: &'static str) -> Variation {
    Variation {
        name,
        collections: Collections::of_the_contract(),
        others: Vec::new(),
        company: json!({}),
        wechat: json!({}),
        platform: json!({}),
        sql: "",
        args: &[],
        filters: &[],
        later_fields: Vec::new(),
        is_to_be_accepted: false,
        wechat_here: json!({}),
        platform_here: json!({}),
        company_here: json!({}),
        company_back: json!({}),
        wechat_back: json!({}),
        platform_back: json!({}),
        left_behind: None,
        company_name: Some("某公司"),
        logins: (200, 200),
    }
}

/// A deployment with such a field of users.
pub fn field(name: &'static str, field: &Value) -> Variation {
    usual(name).field(field)
}

/// A deployment whose users lack a field.
pub fn lacks(name: &'static str, field: &str) -> Variation {
    let mut variation = usual(name);
    variation.collections.without_user_field(field);
    variation
}

impl Variation {
    pub fn field(mut self, field: &Value) -> Self {
        self.collections.user_field(field);
        self
    }

    pub fn company_field(mut self, field: &Value) -> Self {
        self.collections.company_field(field);
        self
    }

    /// Options of the users' collection.
    pub fn options(mut self, options: &Value) -> Self {
        for (name, value) in options.as_object().unwrap() {
            self.collections.users[name] = value.clone();
        }
        self
    }

    pub fn other(mut self, collection: Value) -> Self {
        self.others.push(collection);
        self
    }

    pub fn company(mut self, values: Value) -> Self {
        self.company = values;
        self
    }

    pub fn wechat(mut self, values: Value) -> Self {
        self.wechat = values;
        self
    }

    pub fn platform(mut self, values: Value) -> Self {
        self.platform = values;
        self
    }

    /// The same value for both users.
    pub fn both(self, values: &Value) -> Self {
        self.wechat(values.clone()).platform(values.clone())
    }

    pub fn sql(mut self, sql: &'static str) -> Self {
        self.sql = sql;
        self
    }

    pub fn args(mut self, args: &'static [&'static str]) -> Self {
        self.args = args;
        self
    }

    /// A field that a collection gets when it is there.
    pub fn later_field(mut self, collection: &'static str, field: Value) -> Self {
        self.later_fields.push((collection, field));
        self
    }

    /// An import asks before it goes on.
    pub fn asks(mut self) -> Self {
        self.is_to_be_accepted = true;
        self
    }

    /// Filters that find the same users here as there.
    pub fn filters(mut self, filters: &'static [&'static str]) -> Self {
        self.filters = filters;
        self
    }

    pub fn wechat_here(mut self, values: Value) -> Self {
        self.wechat_here = values;
        self
    }

    pub fn platform_here(mut self, values: Value) -> Self {
        self.platform_here = values;
        self
    }

    pub fn both_here(self, values: &Value) -> Self {
        self.wechat_here(values.clone())
            .platform_here(values.clone())
    }

    pub fn company_here(mut self, values: Value) -> Self {
        self.company_here = values;
        self
    }

    /// The import tells that something of this name does not come.
    pub fn names(mut self, name: &'static str) -> Self {
        self.left_behind = Some(name);
        self
    }

    pub fn company_back(mut self, values: Value) -> Self {
        self.company_back = values;
        self
    }

    pub fn both_back(self, values: &Value) -> Self {
        self.wechat_back(values.clone())
            .platform_back(values.clone())
    }

    pub fn wechat_back(mut self, values: Value) -> Self {
        self.wechat_back = values;
        self
    }

    pub fn platform_back(mut self, values: Value) -> Self {
        self.platform_back = values;
        self
    }

    pub fn company_name(mut self, name: Option<&'static str>) -> Self {
        self.company_name = name;
        self
    }

    pub fn logins(mut self, wechat: u16, platform: u16) -> Self {
        self.logins = (wechat, platform);
        self
    }

    /// Fills a PocketBase, and asks it about all that moves.
    fn fill(&self, data: &Path) -> Answers {
        let pb = PocketBase::start_binary(&binary(), data);
        let root = pb.root();
        self.create_collections(&pb, &root);
        self.create_records(&pb, &root);
        pb.stop();
        if !self.sql.is_empty() {
            let db = Connection::open(data.join("data.db")).unwrap();
            db.execute_batch(self.sql).unwrap();
        }
        let pb = PocketBase::start_binary(&binary(), data);
        let answers = Answers {
            records: MOVED.map(|collection| pb.records(collection, &root)),
            found: self.found(|path| pb.ok("GET", path, &root, &json!({}))),
        };
        pb.stop();
        answers
    }

    fn create_collections(&self, pb: &PocketBase, root: &str) {
        for collection in &self.others {
            pb.ok("POST", "/api/collections", root, collection);
        }
        self.collections.create(pb, root);
        for (collection, field) in &self.later_fields {
            let path = format!("/api/collections/{collection}");
            let mut description = pb.ok("GET", &path, root, &json!({}));
            description["fields"]
                .as_array_mut()
                .unwrap()
                .push(field.clone());
            pb.ok("PATCH", &path, root, &description);
        }
    }

    fn create_records(&self, pb: &PocketBase, root: &str) {
        let create = |collection: &str, form: Value, values: &Value| {
            let path = format!("/api/collections/{collection}/records");
            pb.ok("POST", &path, root, &with(form, values));
        };
        if self.collections.companies["type"] != "view" {
            let company = json!({ "id": id("company", 1), "company_id": "c-1", "company_name": "某公司", "company_status": 1 });
            create("tbl_company", company, &self.company);
        }
        create("tbl_auth_users", wechat_user(WECHAT), &self.wechat);
        let platform = with(platform_user(PLATFORM), &json!({ "company_id": "c-1" }));
        create("tbl_auth_users", platform, &self.platform);
    }

    /// The ids of the users whom each filter finds.
    fn found(&self, get: impl Fn(&str) -> Value) -> Vec<Value> {
        let ids = |filter: &&str| {
            let answer = get(&format!(
                "/api/collections/tbl_auth_users/records?filter={}",
                byte_serialize(filter.as_bytes()).collect::<String>()
            ));
            let mut ids: Vec<_> = answer["items"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|record| record["id"].to_string())
                .collect();
            ids.sort_unstable();
            json!({ "filter": filter, "status": answer["status"], "ids": ids })
        };
        self.filters.iter().map(ids).collect()
    }

    /// Moves a deployment here and back; what was not as it should be.
    fn faults(&self, base: &Path) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        copy_folder(base, &dir.path().join("pb_data"));
        let there = self.fill(&dir.path().join("pb_data"));
        let mut faults = Vec::new();
        if self.is_to_be_accepted {
            faults.extend(fault_unless_asked(dir.path(), self.args));
        }
        match self.move_there_and_back(dir.path()) {
            Err(said) => faults.push(said),
            Ok(said) => {
                let is_named = self.left_behind.is_none_or(|name| said.contains(name));
                faults.extend((!is_named).then(|| format!("not named: {said}")));
                faults.extend(self.faults_here(dir.path(), &there));
                faults.extend(self.faults_back(&dir.path().join("back"), &there));
            }
        }
        faults
    }

    /// The output of the import, or that of the command that failed.
    fn move_there_and_back(&self, dir: &Path) -> Result<String, String> {
        let accept: &[&str] = if self.is_to_be_accepted {
            &["--accept"]
        } else {
            &[]
        };
        let import = [&["import", "pocketbase", "pb_data"], self.args, accept].concat();
        let said = output_of(dir, &import)?;
        output_of(dir, &["export", "pocketbase", "back"])?;
        Ok(said)
    }

    fn faults_here(&self, dir: &Path, there: &Answers) -> Vec<String> {
        let moved = Moved::serve(dir);
        let over = [&self.company_here, &self.wechat_here, &self.platform_here];
        let mut faults = there.differences(over, |collection| moved.records(collection));
        let found = self.found(|path| moved.get(path));
        let pairs = there
            .found
            .iter()
            .zip(&found)
            .filter(|(there, here)| there != here);
        faults.extend(pairs.map(|(there, here)| format!("{there} there, {here} here")));
        let (wechat, _) = moved.wechat_login(&openid(WECHAT));
        let (platform, answer) = moved.platform_login(&phone(PLATFORM), &password(PLATFORM));
        if (wechat, platform) != self.logins {
            faults.push(format!("logins: {wechat} and {platform}: {answer}"));
        }
        let company = &answer["meta"]["data"]["user"]["company"];
        if platform == 200 && company["company_name"].as_str() != self.company_name {
            faults.push(format!("company: {company}"));
        }
        moved.stop();
        faults
    }

    fn faults_back(&self, back: &Path, there: &Answers) -> Vec<String> {
        let pb = PocketBase::start_binary(&binary(), back);
        let root = pb.root();
        let over = [&self.company_back, &self.wechat_back, &self.platform_back];
        let faults = there.differences(over, |collection| pb.records(collection, &root));
        let mut faults: Vec<_> = faults
            .into_iter()
            .map(|fault| format!("back: {fault}"))
            .collect();
        for collection in MOVED {
            let path = format!("/api/collections/{collection}");
            let schema = pb.ok("GET", &path, &root, &json!({}));
            let (status, answer) = pb.call("PATCH", &path, &root, &schema);
            if status != 200 {
                faults.push(format!("{collection} cannot be saved: {answer}"));
            }
        }
        pb.stop();
        faults
    }
}

/// What a PocketBase answered: records of each collection, and whom filters find.
struct Answers {
    records: [Vec<Value>; 3],
    found: Vec<Value>,
}

impl Answers {
    /// What is other in the records than it was, or than what is expected instead of the company's and both users' values.
    fn differences(&self, over: [&Value; 3], read: impl Fn(&str) -> Vec<Value>) -> Vec<String> {
        let pairs = MOVED.iter().zip(&self.records);
        let of = |(collection, theirs): (&&str, &Vec<Value>)| {
            let ours = read(collection);
            differences(&expected(theirs, &ours, over), &ours)
        };
        pairs.flat_map(of).collect()
    }
}

/// Records with the values that are expected instead; `"*"` is whatever text there is, and null no field at all.
fn expected(theirs: &[Value], ours: &[Value], over: [&Value; 3]) -> Vec<Value> {
    let ids = [
        id("company", 1),
        id("wechat", WECHAT),
        id("platform", PLATFORM),
    ];
    let mut records = theirs.to_vec();
    for record in &mut records {
        let Some(n) = ids.iter().position(|id| record["id"] == id.as_str()) else {
            continue;
        };
        let our = by_id(ours)
            .get(ids[n].as_str())
            .copied()
            .cloned()
            .unwrap_or_default();
        for (name, value) in over[n].as_object().unwrap() {
            let is_any = *value == "*" && our[name].as_str().is_some_and(|text| !text.is_empty());
            let value = if is_any { &our[name] } else { value };
            let fields = record.as_object_mut().unwrap();
            match value {
                Value::Null => drop(fields.remove(name)),
                _ => drop(fields.insert(name.clone(), value.clone())),
            }
        }
    }
    records
}

/// The output of a command; if it fails, with the list of what did not come.
fn output_of(dir: &Path, args: &[&str]) -> Result<String, String> {
    let (output, out, err) = run(dir, args);
    let said = format!("{args:?}: {out}{err}");
    let report = fs::read_to_string(dir.join("bai.redb.import.tsv")).unwrap_or_default();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said + &report)
    }
}

/// An import opens what was closed only when it is told to, and makes nothing before.
fn fault_unless_asked(dir: &Path, args: &[&str]) -> Option<String> {
    let args = [&["import", "pocketbase", "pb_data"], args].concat();
    let (output, out, err) = run(dir, &args);
    let is_asked =
        !output.status.success() && err.contains("--accept") && !dir.join("bai.redb").exists();
    (!is_asked).then(|| format!("it does not ask: {out}{err}"))
}

/// Moves all, four at once.
pub fn assert_all_move(variations: Vec<Variation>) {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().join("base");
    create_root(&binary(), &base);
    let left = Mutex::new(variations);
    let faults = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(variation) = left.lock().unwrap().pop() else {
                return;
            };
            let found = catch_unwind(AssertUnwindSafe(|| variation.faults(&base)));
            let found = found.unwrap_or_else(|_| vec!["it panicked, see above".to_owned()]);
            let lines = found
                .iter()
                .map(|fault| format!("{}: {fault}", variation.name));
            faults.lock().unwrap().extend(lines);
        }
    };
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A field of texts.
pub fn text(name: &str) -> Value {
    json!({ "name": name, "type": "text" })
}

pub fn number(name: &str) -> Value {
    json!({ "name": name, "type": "number" })
}

pub fn select(name: &str, values: &[&str], most: usize) -> Value {
    json!({ "name": name, "type": "select", "maxSelect": most, "values": values })
}

pub fn relation(name: &str, collection: &str, most: usize) -> Value {
    json!({ "name": name, "type": "relation", "collectionId": collection, "maxSelect": most })
}

/// A collection that does not come.
pub fn groups() -> Value {
    json!({ "id": "groups000000000", "type": "base", "name": "groups", "fields": [text("title")] })
}
