//! Users as superusers make and change them, and as users change themselves.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::coerce;
use super::form::{FormReader, RecordForm, email, short_enough};
use super::patch::RecordPatch;
use super::plan::{Editor, FreshValues, Plan};
use super::problem::FieldProblem;
use super::refusal::Refusal;
use super::schema::{Field, Schema};
use super::values::{Columns, Values};
use crate::contract::view::{UsersIdtype, UsersType};
use crate::domain::{
    IdType, Invalid, Name, NewUser, OpenId, Phone, Picture, RecordId, ShortText, Status, User,
    UserNumber, UserType,
};
use crate::pb_data::{FIXED_FIELDS, USER_FIELDS};

/// Fields that PocketBase's form lets only superusers change.
const MANAGED: [&str; 2] = ["email", "verified"];

/// The user that a superuser asks for. What PocketBase would leave empty and the contract wants full, is filled in.
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
    for field in ["openid", "email"] {
        if !reader.changes(field) {
            reader.problems().insert(field, FieldProblem::Blank);
        }
    }
    let mut user = unnamed(id, &plan.fresh, now);
    set_changed(&mut user, &mut reader, Editor::Superuser);
    reader.refused_by(Refusal::Create)?;
    if !reader.changes("users_type") {
        user.user_type = usual_type(user.id_type);
    }
    Ok(User {
        password_hash,
        ..user
    })
}

/// A user with an openid of ours, which gets another one from the form.
fn unnamed(id: RecordId, fresh: &FreshValues, now: Timestamp) -> User {
    let new = NewUser::new(
        id,
        OpenId::from(fresh.conversation),
        IdType::ManagePlatform,
        fresh.conversation,
        fresh.token_key.clone(),
        now,
    );
    new.with(|user| user.verified = false)
        .numbered(UserNumber(0))
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
/// [`Refusal::NotFound`] for a protected field of the user's own record, as a rule does, and when the old password was right
/// beside another token key; otherwise each field that is wrong: first those of the form, then the values.
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
    if has_other_password || after.email != before.email || after.status != before.status {
        after.token_key = plan.fresh.token_key.clone();
    }
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
    match plan.editor {
        Editor::Superuser => form.passwords().check_change(reader.problems()),
        Editor::Owner => check_own(before, form, plan, &mut reader)?,
    }
    reader.refused_by(Refusal::Update)?;
    reader.keep_id();
    if let Some(hash) = plan.findings.new_hash(reader.problems()) {
        after.password_hash = Some(hash);
    }
    set_changed(after, &mut reader, plan.editor);
    reader.refused_by(Refusal::Update)
}

/// What PocketBase's rules and form ask of owners.
fn check_own(
    user: &User,
    form: &RecordForm,
    plan: &Plan,
    reader: &mut FormReader<'_>,
) -> Result<(), Refusal> {
    if FIXED_FIELDS.iter().any(|field| reader.changes(field)) {
        return Err(Refusal::NotFound);
    }
    for field in MANAGED {
        if reader.changes(field) {
            reader.problems().insert(field, FieldProblem::Mismatch);
        }
    }
    let is_phone = reader.other_phone(user).is_some();
    let is_old_right = plan.findings.old;
    form.passwords()
        .check_own_change(is_phone, is_old_right, reader.problems());
    Ok(())
}

/// Gives `user` all values that the form changes, and adds to the problems which of them it may not have.
fn set_changed(user: &mut User, reader: &mut FormReader<'_>, editor: Editor) {
    for (field, value) in reader.changed() {
        if let Err(problem) = set(user, field, &value, editor) {
            reader.problems().insert(field.name.clone(), problem);
        }
    }
    if let Some(columns) = own_columns(user, reader) {
        user.columns = Some(columns);
    }
}

/// Gives one of our fields a value. Users cannot empty what the contract asks of them; superusers can.
fn set(user: &mut User, field: &Field, value: &Value, editor: Editor) -> Result<(), FieldProblem> {
    let may_empty = editor == Editor::Superuser;
    let text = || short_enough(field, value);
    match field.name.as_str() {
        "users_name" => user.name = optional(&text()?, may_empty, Name::parse)?.into(),
        "users_picture" => user.picture = optional(&text()?, may_empty, Picture::parse)?.into(),
        "users_phone" => {
            user.phone = optional(&text()?, may_empty, |text| Phone::parse(text).map(Some))?;
        }
        "users_type" => user.user_type = choice(&text()?, UsersType::parse)?,
        "users_idtype" => user.id_type = choice(&text()?, UsersIdtype::parse)?,
        "users_status" => user.status = status(value)?,
        "users_rank_level" => user.rank_level = whole(value)?,
        "users_auth_type" => user.auth_type = whole(value)?,
        "openid" => user.openid = openid(&text()?)?,
        "users_convers_id" => user.conversation_id = text()?,
        "users_id" => user.given_number = Some(text()?).filter(|text| !text.is_empty()),
        "email" => user.email = Some(email(&text()?)?),
        "emailVisibility" => user.email_visibility = coerce::boolean(value),
        "verified" => user.verified = coerce::boolean(value),
        "users_id_number" => user.id_number = short(&text()?)?,
        "users_level" => user.level = short(&text()?)?,
        "company_id" => user.company_id = short(&text()?)?,
        "users_parent_id" => user.parent_id = short(&text()?)?,
        "users_promo_code" => user.promo_code = short(&text()?)?,
        "usergroups_id" => user.group_id = short(&text()?)?,
        _ => {}
    }
    Ok(())
}

/// The value that a text means, or none if it is empty and may be.
fn optional<T: Default>(
    text: &str,
    may_empty: bool,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<T, FieldProblem> {
    if text.is_empty() && may_empty {
        return Ok(T::default());
    }
    Ok(parse(text)?)
}

fn short(text: &str) -> Result<String, FieldProblem> {
    Ok(ShortText::parse(text)?.into())
}

fn openid(text: &str) -> Result<OpenId, FieldProblem> {
    match text {
        "" => Err(FieldProblem::Blank),
        text => OpenId::parse(text).ok_or(FieldProblem::Format),
    }
}

fn choice<T>(word: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, FieldProblem> {
    match word {
        "" => Err(FieldProblem::Blank),
        word => parse(word).ok_or_else(|| FieldProblem::NotAChoice(word.to_owned())),
    }
}

fn whole(value: &Value) -> Result<i64, FieldProblem> {
    value.as_i64().ok_or(FieldProblem::NotWhole)
}

fn status(value: &Value) -> Result<Status, FieldProblem> {
    match whole(value)? {
        0 => Ok(Status::Disabled),
        1 => Ok(Status::Active),
        _ => Err(FieldProblem::Value),
    }
}

/// The columns that are the deployment's own, as JSON, if the form changes any of them.
fn own_columns(user: &User, reader: &mut FormReader<'_>) -> Option<String> {
    let is_own = |field: &&Field| !field.is_hidden && !USER_FIELDS.contains(&field.name.as_str());
    let own: Vec<_> = reader.schema().fields().filter(is_own).collect();
    if !own.iter().any(|field| reader.changes(&field.name)) {
        return None;
    }
    let stored = Columns::new(user.columns.as_deref());
    let mut all: Map<String, Value> = stored.all().clone();
    all.extend(reader.columns(own.into_iter()));
    Some(Value::Object(all).to_string())
}
