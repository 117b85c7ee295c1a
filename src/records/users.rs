//! Users as superusers make and change them, and others whom rules let do it.

use jiff::Timestamp;
use serde_json::Value;

use super::assign::assign;
use super::autodate::{Stage, stamped};
use super::coerce;
use super::fields::of_record::is_built_in;
use super::form::{FormReader, RecordForm};
use super::patch::RecordPatch;
use super::plan::{Editor, FreshValues, Plan};
use super::problem::FieldProblem;
use super::refusal::Refusal;
use super::schema::{Field, Schema, SeenBy};
use super::token_key;
use super::values::Values;
use crate::domain::{IdType, Kind, OpenId, RecordId, User, UserType};

/// The field that never changes but by a superuser, whatever a rule says.
const OPENID: &str = "openid";

/// Fields that PocketBase's form lets only superusers and managers change.
const MANAGED: [&str; 2] = ["email", "verified"];

/// Fields that the contract asks of users, which they cannot empty.
const KEPT: [&str; 3] = ["users_name", "users_picture", "users_phone"];

/// The user that is asked for. What is not sent and the contract wants full, is filled in.
///
/// # Errors
/// Each field that is wrong: first those of the form, then the values.
pub fn create(plan: &Plan, schema: &Schema, now: Timestamp) -> Result<User, Refusal> {
    let form = plan.form()?;
    let blank = Values::Blank(schema);
    let mut reader = FormReader::new(form, &blank, schema);
    form.passwords().check_new_record(reader.problems());
    reader.refused_by(Refusal::Create)?;
    let id = reader.new_id(plan.fresh.id.clone());
    let password_hash = plan.findings.new_hash(reader.problems());
    for field in needed(plan.editor) {
        if !reader.changes(field) {
            reader.problems().insert(*field, FieldProblem::Blank);
        }
    }
    if !plan.editor.manages() && reader.change("verified") == Some(true.into()) {
        reader.problems().insert("verified", FieldProblem::Mismatch);
    }
    let mut user = unnamed(id, &plan.fresh, now);
    let token_key = match plan.editor {
        Editor::Superuser => {
            reader.refuse_unserved();
            token_key::sent(&mut reader, &plan.fresh.token_key)
        }
        _ => None,
    };
    set_changed(&mut user, &mut reader, plan.editor);
    reader.refused_by(Refusal::Create)?;
    if !reader.changes("users_type") {
        user.user_type = usual_type(user.id_type);
    }
    set_dates(&mut user, schema, Stage::Created, now);
    Ok(User {
        password_hash,
        token_key: token_key.unwrap_or(user.token_key),
        ..user
    })
}

/// Fields that a new user needs. Only superusers say which openid it has: whoever could would be the WeChat user of that openid before
/// they come.
fn needed(editor: Editor) -> &'static [&'static str] {
    if editor.is_superuser() {
        &["openid", "email"]
    } else {
        &["email"]
    }
}

/// A user with an openid of ours, which gets another one from the form.
fn unnamed(id: RecordId, fresh: &FreshValues, now: Timestamp) -> User {
    User {
        verified: false,
        ..User::new(
            id,
            OpenId::from(fresh.conversation),
            IdType::ManagePlatform,
            fresh.conversation,
            fresh.token_key.clone(),
            now,
        )
    }
}

fn usual_type(id_type: IdType) -> UserType {
    match id_type {
        IdType::ManagePlatform => UserType::Registered,
        IdType::WeChat => UserType::Guest,
    }
}

/// The user as it is after the change. Unknown fields are ignored.
///
/// # Errors
/// [`Refusal::NotFound`] for another openid, as a rule would refuse it, and when the old password was right beside another token key; otherwise each field that is wrong: first those of the form, then the values.
pub fn update(
    before: &User,
    plan: &Plan,
    schema: &Schema,
    now: Timestamp,
) -> Result<User, Refusal> {
    let mut after = before.clone();
    match &plan.request.patch {
        RecordPatch::User(patch) => patch.apply(&mut after),
        RecordPatch::Form(form) => fill_in(before, &mut after, form, plan, schema)?,
    }
    if plan.findings.is_outdated(&before.token_key) {
        return Err(Refusal::NotFound);
    }
    let has_other_password = after.password_hash != before.password_hash;
    // By being disabled, so that nothing old is valid again afterwards; by being enabled, because who was brought here disabled
    // came with tokens, too.
    let ends_tokens =
        has_other_password || after.email != before.email || after.status != before.status;
    if ends_tokens && after.token_key == before.token_key {
        after.token_key = plan.fresh.token_key.clone();
    }
    set_dates(&mut after, schema, Stage::Updated, now);
    after.updated = now;
    Ok(after)
}

fn fill_in(
    before: &User,
    after: &mut User,
    form: &RecordForm,
    plan: &Plan,
    schema: &Schema,
) -> Result<(), Refusal> {
    let stored = Values::of_user(before);
    let mut reader = FormReader::new(form, &stored, schema);
    if !plan.editor.is_superuser() && reader.changes(OPENID) {
        return Err(Refusal::NotFound);
    }
    if plan.editor.manages() {
        form.passwords().check_change(reader.problems());
    } else {
        check_unmanaged(before, form, plan, &mut reader);
    }
    reader.refused_by(Refusal::Update)?;
    reader.keep_id();
    if let Some(hash) = plan.findings.new_hash(reader.problems()) {
        after.password_hash = Some(hash);
    }
    if plan.editor.is_superuser() {
        set_token_key(after, &mut reader, plan);
    }
    set_changed(after, &mut reader, plan.editor);
    reader.refused_by(Refusal::Update)
}

/// Of owners PocketBase ignores hidden fields, and so it is here.
fn set_token_key(after: &mut User, reader: &mut FormReader<'_>, plan: &Plan) {
    reader.refuse_unserved();
    if let Some(key) = token_key::sent(reader, &plan.fresh.token_key) {
        after.token_key = key;
    }
}

/// Checks that PocketBase's form makes of whoever is no manager.
fn check_unmanaged(user: &User, form: &RecordForm, plan: &Plan, reader: &mut FormReader<'_>) {
    for field in MANAGED {
        if reader.changes(field) {
            reader.problems().insert(field, FieldProblem::Mismatch);
        }
    }
    let is_own_phone = plan.editor == Editor::Owner && reader.other_phone(user).is_some();
    let is_old_right = plan.findings.old;
    form.passwords()
        .check_own_change(is_own_phone, is_old_right, reader.problems());
}

/// Gives `user` all values that the form changes, and adds to the problems which of them it may not have.
fn set_changed(user: &mut User, reader: &mut FormReader<'_>, editor: Editor) {
    for (field, value) in reader.changed() {
        let is_kept = field.name == OPENID || field.seen_by == SeenBy::Superusers;
        if is_kept && !editor.is_superuser() {
            continue;
        }
        if let Err(problem) = set(user, field, &value, editor) {
            reader.problems().insert(field.name.clone(), problem);
        }
    }
    if let Some(columns) = own_columns(reader) {
        user.columns = Some(columns);
    }
}

/// Nobody but superusers can empty what the contract asks of users.
fn set(user: &mut User, field: &Field, sent: &Value, editor: Editor) -> Result<(), FieldProblem> {
    let is_kept = !editor.is_superuser() && KEPT.contains(&field.name.as_str());
    if is_kept && coerce::text(sent).is_empty() {
        return Err(FieldProblem::Blank);
    }
    assign(user, field, sent)
}

/// The columns that are the deployment's own, as JSON, if the user is new or the form changes any of them.
fn own_columns(reader: &mut FormReader<'_>) -> Option<String> {
    let own: Vec<_> = reader
        .schema()
        .fields()
        .filter(|field| is_own(field))
        .collect();
    let is_new = reader.is_new() && !own.is_empty();
    if !is_new && !own.iter().any(|field| reader.changes(&field.name)) {
        return None;
    }
    let columns = reader.columns(own.into_iter());
    Some(Value::Object(columns).to_string())
}

/// Sets the dates of the deployment's own that are the server's to set.
fn set_dates(user: &mut User, schema: &Schema, stage: Stage, now: Timestamp) {
    let columns = user.columns.as_deref();
    if let Some(columns) = stamped(columns, (Kind::Users, schema), stage, now) {
        user.columns = Some(columns);
    }
}

fn is_own(field: &Field) -> bool {
    !field.is_hidden() && !is_built_in(Kind::Users, &field.name)
}
