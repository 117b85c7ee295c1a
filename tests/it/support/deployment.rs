//! A deployment of the contract on a real PocketBase: its collections as PocketBase's API takes them, its records, and what `bai`
//! answers after a move.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::app::Call;
use crate::support::binary::{Running, bai};
use crate::support::canary::SESSION_KEY;
use crate::support::real_pocketbase::{PocketBase, ROOT};
use crate::support::wechat_stub::{Reply, SESSION, WechatStub};

/// The ids of the collections, which relations name.
pub const COMPANIES: &str = "tblcompany00000";
pub const USERS: &str = "tblauthusers000";

/// The collections that move, by name.
pub const MOVED: [&str; 3] = ["tbl_company", "tbl_auth_users", "_superusers"];

/// The two collections of the contract, as a deployment makes them.
pub struct Collections {
    pub companies: Value,
    pub users: Value,
}

impl Collections {
    /// In the form that the contract's hooks expect.
    pub fn of_the_contract() -> Self {
        Self {
            companies: json!({ "id": COMPANIES, "type": "base", "name": "tbl_company", "viewRule": "@request.auth.id != ''",
                "fields": company_fields(),
                "indexes": ["CREATE UNIQUE INDEX `idx_company_key` ON `tbl_company` (`company_id`)"] }),
            users: json!({ "id": USERS, "type": "auth", "name": "tbl_auth_users",
                "listRule": "id = @request.auth.id", "viewRule": "id = @request.auth.id", "updateRule": "id = @request.auth.id",
                "fields": user_fields(),
                "indexes": [
                    "CREATE UNIQUE INDEX `idx_users_openid` ON `tbl_auth_users` (`openid`)",
                    "CREATE UNIQUE INDEX `idx_users_phone` ON `tbl_auth_users` (`users_phone`) WHERE `users_phone` != ''",
                ],
                "passwordAuth": { "enabled": true, "identityFields": ["email", "openid", "users_phone"] },
                "authAlert": { "enabled": false } }),
        }
    }

    /// Gives the users a field, in place of the one of that name if there is one.
    pub fn user_field(&mut self, field: &Value) {
        put_field(&mut self.users, field);
    }

    /// Gives the companies a field.
    pub fn company_field(&mut self, field: &Value) {
        put_field(&mut self.companies, field);
    }

    /// Takes a field from the users, with its indexes.
    pub fn without_user_field(&mut self, name: &str) {
        fields_of(&mut self.users).retain(|field| field["name"] != name);
        let indexes = self.users["indexes"].as_array_mut().unwrap();
        indexes.retain(|index| !index.as_str().unwrap().contains(&format!("`{name}`")));
        let identities = self.users["passwordAuth"]["identityFields"].as_array_mut();
        identities.unwrap().retain(|identity| *identity != name);
    }

    /// Makes both, companies first.
    pub fn create(&self, pb: &PocketBase, root: &str) {
        for collection in [&self.companies, &self.users] {
            pb.ok("POST", "/api/collections", root, collection);
        }
    }
}

fn fields_of(collection: &mut Value) -> &mut Vec<Value> {
    collection["fields"].as_array_mut().unwrap()
}

fn put_field(collection: &mut Value, field: &Value) {
    let fields = fields_of(collection);
    match fields
        .iter_mut()
        .find(|known| known["name"] == field["name"])
    {
        Some(known) => *known = field.clone(),
        None => fields.push(field.clone()),
    }
}

fn company_fields() -> Vec<Value> {
    let mut fields = vec![
        json!({ "name": "company_id", "type": "text", "max": 64, "required": true }),
        json!({ "name": "company_name", "type": "text", "max": 255 }),
        json!({ "name": "company_type", "type": "text", "max": 255 }),
        json!({ "name": "company_status", "type": "number" }),
    ];
    fields.extend(dates());
    fields
}

fn user_fields() -> Vec<Value> {
    let text = |(name, max): (&str, u32)| json!({ "name": name, "type": "text", "max": max });
    let number = |name: &str| json!({ "name": name, "type": "number" });
    let texts = [
        ("users_convers_id", 255),
        ("users_id", 255),
        ("users_id_number", 255),
        ("users_name", 64),
        ("users_phone", 32),
        ("users_level", 255),
        ("users_picture", 2048),
        ("company_id", 64),
        ("users_parent_id", 255),
        ("users_promo_code", 255),
        ("usergroups_id", 255),
    ];
    let numbers = ["users_status", "users_rank_level", "users_auth_type"];
    let mut fields: Vec<_> = texts.into_iter().map(text).collect();
    fields.extend(numbers.map(number));
    fields.extend([
        json!({ "name": "openid", "type": "text", "max": 128, "required": true }),
        json!({ "name": "users_idtype", "type": "select", "maxSelect": 1, "values": ["WeChat", "ManagePlatform"] }),
        json!({ "name": "users_type", "type": "select", "maxSelect": 1, "values": ["游客", "注册用户"] }),
    ]);
    fields.extend(dates());
    fields
}

fn dates() -> [Value; 2] {
    [
        json!({ "name": "created", "type": "autodate", "onCreate": true }),
        json!({ "name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true }),
    ]
}

/// The id of a record that a test makes.
pub fn id(kind: &str, n: usize) -> String {
    format!("{kind}{n:0>width$}", width = 15 - kind.len())
}

pub fn openid(n: usize) -> String {
    format!("o-Xy_{n:0>20}")
}

pub fn password(n: usize) -> String {
    format!("canary-old-{n}")
}

/// The form of a WeChat user, who is a guest.
pub fn wechat_user(n: usize) -> Value {
    json!({ "id": id("wechat", n), "openid": openid(n), "email": format!("wx{n}@manage.local"), "verified": true,
        "users_idtype": "WeChat", "users_type": "游客", "users_status": 1, "users_id": format!("U17000000{n:0>5}"),
        "users_convers_id": format!("C{n}"), "password": password(n), "passwordConfirm": password(n) })
}

/// The form of a platform user, who has everything that a registration gives.
pub fn platform_user(n: usize) -> Value {
    json!({ "id": id("platform", n), "openid": openid(n), "email": format!("web{n}@example.com"), "verified": true,
        "users_idtype": "ManagePlatform", "users_type": "注册用户", "users_status": 1, "users_id": format!("U17000000{n:0>5}"),
        "users_convers_id": format!("C{n}"), "users_name": format!("用户{n}"), "users_phone": phone(n),
        "users_picture": "https://example.com/a.png", "password": password(n), "passwordConfirm": password(n) })
}

pub fn phone(n: usize) -> String {
    format!("138{n:0>8}")
}

/// A form with other values, and without those that are null.
pub fn with(mut form: Value, values: &Value) -> Value {
    let form_fields = form.as_object_mut().unwrap();
    for (name, value) in values.as_object().unwrap() {
        form_fields.insert(name.clone(), value.clone());
    }
    form_fields.retain(|_, value| !value.is_null());
    form
}

/// Copies the files of a folder into a new one.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Records by id.
pub fn by_id<'a>(records: &'a [Value]) -> BTreeMap<&'a str, &'a Value> {
    let pair = |record: &'a Value| (record["id"].as_str().unwrap(), record);
    records.iter().map(pair).collect()
}

/// The differences of two lists of records, field by field; their order does not matter.
pub fn differences(theirs: &[Value], ours: &[Value]) -> Vec<String> {
    let (theirs, ours) = (by_id(theirs), by_id(ours));
    let mut ids: Vec<_> = theirs.keys().chain(ours.keys()).collect();
    ids.sort_unstable();
    ids.dedup();
    let nobody = json!({});
    let of = |records: &BTreeMap<&str, &Value>, id: &str| {
        records.get(id).copied().unwrap_or(&nobody).clone()
    };
    ids.into_iter()
        .flat_map(|id| field_differences(id, &of(&theirs, id), &of(&ours, id)))
        .collect()
}

fn field_differences(id: &str, theirs: &Value, ours: &Value) -> Vec<String> {
    let names =
        |record: &Value| -> Vec<String> { record.as_object().unwrap().keys().cloned().collect() };
    let mut all = [names(theirs), names(ours)].concat();
    all.sort_unstable();
    all.dedup();
    let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    all.into_iter()
        .filter(|name| theirs.get(name) != ours.get(name))
        .map(|name| {
            let (was, is) = (show(theirs.get(&name)), show(ours.get(&name)));
            format!("{id}.{name} was {was} and is {is}")
        })
        .collect()
}

/// A server on a database that was imported, and a WeChat for which each code is the openid of its user.
pub struct Moved {
    pub server: Running,
    pub root: String,
    /// Answers as long as the server runs.
    _wechat: WechatStub,
}

impl Moved {
    pub fn serve(dir: &Path) -> Self {
        let wechat = WechatStub::start();
        wechat.script(|call| {
            let openid = call.query.get("js_code")?.split('~').next()?;
            let session = json!({ "openid": openid, "session_key": SESSION_KEY });
            (call.path == SESSION).then_some(Reply::Json(session))
        });
        let mut command = bai(dir, &["serve"]);
        command
            .envs(crate::support::binary::real_wechat(&wechat))
            .env("BAI_LIMITS__ENABLED", "false")
            .env("BAI_PASSWORD__LOG_N", "4");
        let server = Running::start(command);
        let login = json!({ "identity": ROOT.0, "password": ROOT.1 });
        let answer = server.post("/api/collections/_superusers/auth-with-password", &login);
        let root = answer.json()["token"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Self {
            server,
            root,
            _wechat: wechat,
        }
    }

    pub fn get(&self, path: &str) -> Value {
        Call::new("GET", &self.server.base, path)
            .bearer(&self.root)
            .send()
            .json()
    }

    /// All records of a collection as a superuser sees them.
    pub fn records(&self, collection: &str) -> Vec<Value> {
        let page = self.get(&format!(
            "/api/collections/{collection}/records?perPage=500"
        ));
        page["items"].as_array().cloned().unwrap_or_default()
    }

    /// The status and the answer of a login through WeChat.
    pub fn wechat_login(&self, openid: &str) -> (u16, Value) {
        let code = json!({ "users_wx_code": format!("{openid}~canary") });
        let answer = self.server.post("/api/wechat/login", &code);
        (answer.status, answer.json())
    }

    /// The status and the answer of a login by phone.
    pub fn platform_login(&self, phone: &str, password: &str) -> (u16, Value) {
        let form = json!({ "users_phone": phone, "password": password });
        let answer = self.server.post("/api/platform/login", &form);
        (answer.status, answer.json())
    }

    /// The status of a login through PocketBase's API.
    pub fn log_in(&self, collection: &str, identity: &str, password: &str) -> u16 {
        let form = json!({ "identity": identity, "password": password });
        let path = format!("/api/collections/{collection}/auth-with-password");
        self.server.post(&path, &form).status
    }

    /// The status of a refresh at the contract's endpoint.
    pub fn refresh(&self, token: &str) -> u16 {
        let call = Call::new("POST", &self.server.base, "/api/system/refresh-token");
        call.bearer(token).send().status
    }

    pub fn stop(self) {
        self.server.signal("-TERM");
        assert!(self.server.wait().0);
    }
}
