//! The tables of a new database, as PocketBase 0.40 makes them.

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::super::Error;
use super::super::records::FIXED_FIELDS;
use super::super::source_tables::Field;
use super::Lifetimes;
use super::new_row::random_text;
use crate::domain::{Collection, Kind};
use crate::random::Random;
use crate::records::date::date_text;

const SYSTEM: &str = include_str!("../fresh/system.sql");

/// Characters of the secrets that PocketBase makes.
const SECRET_LEN: usize = 50;

/// A table that is there, and empty.
pub struct NewTable {
    pub fields: Vec<Field>,
    /// The statement that inserts a value for each field.
    pub insertion: String,
}

/// What PocketBase has beside our collections.
pub fn make_system(db: &Connection) -> Result<(), Error> {
    Ok(db.execute_batch(SYSTEM)?)
}

impl NewTable {
    pub fn make(
        db: &Connection,
        collection: &Collection,
        lifetimes: Lifetimes,
        random: &Random,
    ) -> Result<Self, Error> {
        let name = collection.kind.name();
        let text = collection
            .fields
            .as_deref()
            .unwrap_or(standard_fields(collection.kind));
        let fields: Vec<Field> = serde_json::from_str(text).unwrap_or_default();
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if fields.is_empty() || !fields.iter().all(|field| is_name(&field.name)) {
            let reason = format!("the fields of {name} cannot be date_text");
            return Err(Error::Unfit {
                path: "the database".into(),
                reason,
            });
        }
        let columns: Vec<_> = fields.iter().map(definition).collect();
        db.execute_batch(&format!("CREATE TABLE `{name}` ({})", columns.join(", ")))?;
        let indexes = indexes(collection, &fields);
        for index in &indexes {
            db.execute_batch(index)?;
        }
        let [list, view, update] = rules(collection.kind, &fields);
        let row = "INSERT INTO `_collections` (id, system, type, name, fields, indexes, listRule, viewRule, updateRule,
            options, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let kind = if collection.kind == Kind::Companies {
            "base"
        } else {
            "auth"
        };
        let options = options(collection, lifetimes, random)?.to_string();
        let (created, updated) = (date_text(collection.created), date_text(collection.updated));
        let is_system = collection.kind == Kind::Superusers;
        let indexes = Value::from(indexes).to_string();
        db.execute(
            row,
            params![
                collection.id,
                is_system,
                kind,
                name,
                text,
                indexes,
                list,
                view,
                update,
                options,
                created,
                updated
            ],
        )?;
        let names: Vec<_> = fields
            .iter()
            .map(|field| format!("`{}`", field.name))
            .collect();
        let marks = vec!["?"; fields.len()].join(", ");
        let insertion = format!(
            "INSERT INTO `{name}` ({}) VALUES ({marks})",
            names.join(", ")
        );
        Ok(Self { fields, insertion })
    }
}

fn standard_fields(kind: Kind) -> &'static str {
    match kind {
        Kind::Users => include_str!("../fresh/tbl_auth_users.json"),
        Kind::Companies => include_str!("../fresh/tbl_company.json"),
        Kind::Superusers => include_str!("../fresh/_superusers.json"),
    }
}

/// The column of a field.
fn definition(field: &Field) -> String {
    let definition = match field.r#type.as_str() {
        _ if field.name == "id" => {
            "TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL"
        }
        "number" => "NUMERIC DEFAULT 0 NOT NULL",
        "bool" => "BOOLEAN DEFAULT FALSE NOT NULL",
        "json" => "JSON DEFAULT NULL",
        "geoPoint" => r#"JSON DEFAULT '{"lon":0,"lat":0}' NOT NULL"#,
        _ if field.is_json() => "JSON DEFAULT '[]' NOT NULL",
        _ => "TEXT DEFAULT '' NOT NULL",
    };
    format!("`{}` {definition}", field.name)
}

fn indexes(collection: &Collection, fields: &[Field]) -> Vec<String> {
    let (id, name) = (&collection.id, collection.kind.name());
    let has = |column: &str| fields.iter().any(|field| field.name == column);
    let index = |kind: &str, index: &str, column: &str, condition: &str| {
        has(column)
            .then(|| format!("CREATE {kind} `idx_{index}` ON `{name}` (`{column}`){condition}"))
    };
    let unless_empty = |column: &str| format!(" WHERE `{column}` != ''");
    let auth = [
        index("UNIQUE INDEX", &format!("tokenKey_{id}"), "tokenKey", ""),
        index(
            "UNIQUE INDEX",
            &format!("email_{id}"),
            "email",
            &unless_empty("email"),
        ),
    ];
    let own = match collection.kind {
        Kind::Users => vec![
            index("UNIQUE INDEX", "tbl_auth_users_openid", "openid", ""),
            // SQLite cannot use the partial index below for "users_phone = ?".
            index("INDEX", "tbl_auth_users_phone", "users_phone", ""),
            index(
                "UNIQUE INDEX",
                "tbl_auth_users_phone_u",
                "users_phone",
                &unless_empty("users_phone"),
            ),
        ],
        Kind::Companies => {
            vec![index(
                "UNIQUE INDEX",
                "tbl_company_company_id",
                "company_id",
                &unless_empty("company_id"),
            )]
        }
        Kind::Superusers => Vec::new(),
    };
    own.into_iter().chain(auth).flatten().collect()
}

/// Who may list, view and update; creating and deleting is for superusers.
fn rules(kind: Kind, fields: &[Field]) -> [Option<String>; 3] {
    let oneself = "id = @request.auth.id".to_owned();
    match kind {
        Kind::Users => {
            let kept = FIXED_FIELDS
                .iter()
                .filter(|name| fields.iter().any(|field| field.name == **name));
            let kept = kept.map(|name| format!(" && @request.body.{name}:changed = false"));
            let update = kept.fold(oneself.clone(), |rule, part| rule + &part);
            [Some(oneself.clone()), Some(oneself), Some(update)]
        }
        Kind::Companies => [None, Some("@request.auth.id != ''".to_owned()), None],
        Kind::Superusers => [None, None, None],
    }
}

fn options(collection: &Collection, lifetimes: Lifetimes, random: &Random) -> Result<Value, Error> {
    let (identities, lifetime): (&[&str], _) = match collection.kind {
        Kind::Users => (&["email", "openid", "users_phone"], lifetimes.user),
        Kind::Superusers => (&["email"], lifetimes.superuser),
        Kind::Companies => return Ok(json!({})),
    };
    let token = |secs: u64| -> Result<Value, Error> {
        Ok(json!({ "secret": random_text(random, SECRET_LEN)?, "duration": secs }))
    };
    let mut auth_token = token(lifetime.as_secs())?;
    if let Some(secret) = &collection.token_secret {
        auth_token["secret"] = secret.as_str().into();
    }
    let mail =
        |subject: &str, body: &str| json!({ "subject": subject, "body": format!("<p>{body}</p>") });
    let link = |page: &str, text: &str| {
        format!("<a href=\"{{APP_URL}}/_/#/auth/{page}/{{TOKEN}}\">{text}</a>")
    };
    Ok(json!({
        "authRule": "",
        "manageRule": null,
        "authAlert": {
            "enabled": false,
            "emailTemplate": mail("Login to {APP_NAME} from another place", "There was a login from: {ALERT_INFO}"),
        },
        "oauth2": {
            "providers": [],
            "mappedFields": { "id": "", "name": "", "username": "", "avatarURL": "" },
            "enabled": false,
        },
        "passwordAuth": { "enabled": true, "identityFields": identities },
        "mfa": { "enabled": false, "duration": 600, "rule": "" },
        "otp": {
            "enabled": false,
            "duration": 180,
            "length": 8,
            "emailTemplate": mail("Password for {APP_NAME}", "Your password for one login is {OTP}"),
        },
        "authToken": auth_token,
        "passwordResetToken": token(1800)?,
        "emailChangeToken": token(1800)?,
        "verificationToken": token(86_400)?,
        "fileToken": token(180)?,
        "verificationTemplate": mail("Confirm your address for {APP_NAME}", &link("confirm-verification", "Confirm")),
        "resetPasswordTemplate": mail("New password for {APP_NAME}", &link("confirm-password-reset", "Set it")),
        "confirmEmailChangeTemplate": mail("Your new address for {APP_NAME}", &link("confirm-email-change", "Confirm")),
    }))
}
