//! Errors of fields, in PocketBase's codes and words.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::RuleName;
use crate::records::problem::{FieldProblem, FieldProblems};
use crate::records::rules::change::RuleProblem;

/// Error of a field.
#[derive(Clone, Debug)]
pub struct FieldError {
    code: &'static str,
    message: Cow<'static, str>,
    params: Option<Value>,
    /// Of a list, some of whose items are wrong: the parameters are their errors, by their place, and are all there is.
    is_of_items: bool,
}

/// Wrong fields by name, in the order in which PocketBase writes them.
#[derive(Clone, Debug, Default)]
pub struct FieldErrors(BTreeMap<Cow<'static, str>, FieldError>);

impl FieldErrors {
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub fn insert(&mut self, field: impl Into<Cow<'static, str>>, error: FieldError) {
        self.0.insert(field.into(), error);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn json(&self) -> Value {
        self.0
            .iter()
            .map(|(name, error)| (name.clone().into_owned(), error.json()))
            .collect::<Map<_, _>>()
            .into()
    }
}

impl From<Vec<(RuleName, RuleProblem)>> for FieldErrors {
    fn from(problems: Vec<(RuleName, RuleProblem)>) -> Self {
        let errors = problems
            .into_iter()
            .map(|(rule, problem)| (rule.name().into(), problem.into()));
        Self(errors.collect())
    }
}

impl<const N: usize> From<[(&'static str, FieldError); N]> for FieldErrors {
    fn from(errors: [(&'static str, FieldError); N]) -> Self {
        Self(
            errors
                .into_iter()
                .map(|(name, error)| (name.into(), error))
                .collect(),
        )
    }
}

impl FieldError {
    pub const BACKUP_NAME: Self =
        Self::new("validation_match_invalid", "Must be in a valid format.");
    pub const BACKUP_EXISTS: Self = Self::new(
        "validation_backup_name_exists",
        "The backup file name is invalid or already exists.",
    );
    pub const UPLOAD_EXISTS: Self = Self::new(
        "validation_backup_name_exists",
        "Backup file with the specified name already exists.",
    );
    pub const BLANK: Self = Self::new("validation_required", "Cannot be blank.");
    pub const EMAIL: Self = Self::new("validation_is_email", "Must be a valid email address.");
    pub const FORMAT: Self = Self::new("validation_invalid_format", "Invalid value format.");
    pub const MAIL_PASSWORD: Self = Self::new(
        "validation_invalid_password",
        "Missing or invalid auth record password.",
    );
    pub const MAIL_TOKEN: Self = Self::new("validation_invalid_token", "Invalid or expired token.");
    pub const MAIL_TOKEN_CLAIMS: Self = Self::new(
        "validation_invalid_token_claims",
        "Missing email token claim.",
    );
    pub const MAIL_TOKEN_PAYLOAD: Self = Self::new(
        "validation_invalid_token_payload",
        "Invalid token payload - newEmail must be set.",
    );
    pub const MISMATCH: Self = Self::new("validation_values_mismatch", "Values don't match.");
    pub const NOT_A_RULE: Self = Self::new(
        "validation_not_changeable",
        "Of a collection only the access rules can be changed (listRule, viewRule, createRule, updateRule, deleteRule, authRule, manageRule): leave this field out, or send it as GET /api/collections shows it.",
    );
    pub const NOT_IN: Self = Self::new("validation_in_invalid", "Must be a valid value.");
    pub const OWN_EMAIL: Self = Self::new("validation_not_in_invalid", "Must not be in list.");
    pub const VALUE: Self = Self::new("validation_invalid_value", "Invalid value.");

    const fn new(code: &'static str, message: &'static str) -> Self {
        Self {
            code,
            message: Cow::Borrowed(message),
            params: None,
            is_of_items: false,
        }
    }

    /// A list or text that is too long.
    pub fn too_long(max: usize) -> Self {
        Self {
            message: format!("The length must be no more than {max}.").into(),
            params: Some(json!({ "max": max, "min": 0 })),
            ..Self::new("validation_length_too_long", "")
        }
    }

    /// Topics whose filters have too many comparisons; PocketBase has no words for that.
    pub fn too_many_comparisons(max: usize) -> Self {
        Self {
            message: format!("The filters must have no more than {max} comparisons in all.").into(),
            params: Some(json!({ "max": max })),
            ..Self::new("validation_too_many_comparisons", "")
        }
    }

    /// A value that the field cannot hold, in words of ours.
    pub fn value(why: String) -> Self {
        Self {
            message: why.into(),
            ..Self::VALUE
        }
    }

    /// The key of a company that there is not; the code is PocketBase's of a relation.
    pub fn missing_company(why: String) -> Self {
        Self {
            message: why.into(),
            ..Self::new("validation_missing_rel_records", "")
        }
    }

    /// Fields that the collection does not have; PocketBase passes over them.
    pub fn unknown_fields(why: String) -> Self {
        Self {
            message: why.into(),
            ..Self::new("validation_unknown_fields", "")
        }
    }

    /// A file that is not taken, by PocketBase's code for that.
    pub fn file(code: &'static str, why: String, params: Option<Value>) -> Self {
        Self {
            message: why.into(),
            params,
            ..Self::new(code, "")
        }
    }

    /// A file that is no backup of ours.
    pub fn not_a_backup(name: &str) -> Self {
        Self {
            message: format!("\"{name}\" must be a whole database of bai.").into(),
            ..Self::new("validation_invalid_mime_type", "")
        }
    }

    /// A number that is too small.
    pub fn too_small(min: i64) -> Self {
        Self {
            message: format!("Must be no less than {min}.").into(),
            params: Some(json!({ "threshold": min })),
            ..Self::new("validation_min_greater_equal_than_required", "")
        }
    }

    /// A list some of whose items are wrong, if there are any.
    pub fn of_items(items: impl Iterator<Item = (usize, Self)>) -> Option<Self> {
        let errors: BTreeMap<_, _> = items
            .map(|(place, error)| (place.to_string(), error.json()))
            .collect();
        (!errors.is_empty()).then(|| Self {
            params: Some(json!(errors)),
            is_of_items: true,
            ..Self::VALUE
        })
    }

    /// Longer than PocketBase takes for an identity or a password to log in with.
    pub fn length(max: usize) -> Self {
        Self {
            message: format!("The length must be between 1 and {max}.").into(),
            params: Some(json!({ "max": max, "min": 1 })),
            ..Self::new("validation_length_out_of_range", "")
        }
    }

    /// As PocketBase writes it.
    pub fn json(&self) -> Value {
        let mut json = json!({ "code": self.code, "message": self.message });
        match &self.params {
            Some(errors) if self.is_of_items => return errors.clone(),
            Some(params) => json["params"] = params.clone(),
            None => {}
        }
        json
    }
}

/// A date of PocketBase's form in RFC 3339, without zeros at the end of its fraction.
fn rfc3339(date: &str) -> String {
    let date = date.trim_end_matches('Z').replace(' ', "T");
    match date.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => {
            format!("{whole}Z")
        }
        Some(_) => format!("{}Z", date.trim_end_matches('0')),
        None => date + "Z",
    }
}

impl From<RuleProblem> for FieldError {
    fn from(problem: RuleProblem) -> Self {
        let code = match problem {
            RuleProblem::Unreadable(_) => "validation_invalid_rule",
            RuleProblem::Blank => "validation_nil_or_not_empty_required",
            RuleProblem::OfSuperusers => "validation_collection_system_rule_change",
            RuleProblem::NotOfCollection => "validation_not_changeable",
        };
        Self {
            message: problem.to_string().into(),
            ..Self::new(code, "")
        }
    }
}

impl From<FieldProblem> for FieldError {
    fn from(problem: FieldProblem) -> Self {
        let (code, params) = match &problem {
            FieldProblem::Blank => ("validation_required", None),
            FieldProblem::NotAnEmail => ("validation_is_email", None),
            FieldProblem::Format => ("validation_invalid_format", None),
            FieldProblem::Mismatch => ("validation_values_mismatch", None),
            FieldProblem::NotUnique => ("validation_not_unique", None),
            FieldProblem::OldPassword => ("validation_invalid_old_password", None),
            FieldProblem::PrimaryKey => ("validation_pk_change", None),
            FieldProblem::NotWhole => ("validation_only_int_constraint", None),
            FieldProblem::Value => ("validation_invalid_value", None),
            FieldProblem::NotAChoice(value) => {
                ("validation_invalid_value", Some(json!({ "value": value })))
            }
            FieldProblem::TooManyValues { max } => (
                "validation_too_many_values",
                Some(json!({ "maxSelect": max })),
            ),
            FieldProblem::NotANumber => ("validation_not_a_number", None),
            FieldProblem::TooSmall { min } => (
                "validation_min_number_constraint",
                Some(json!({ "min": min })),
            ),
            FieldProblem::TooGreat { max } => (
                "validation_max_number_constraint",
                Some(json!({ "max": max })),
            ),
            FieldProblem::TooEarly { min } => (
                "validation_min_greater_equal_than_required",
                Some(json!({ "threshold": rfc3339(min) })),
            ),
            FieldProblem::TooLate { max } => (
                "validation_max_less_equal_than_required",
                Some(json!({ "threshold": rfc3339(max) })),
            ),
            FieldProblem::ContentSize { max } => (
                "validation_content_size_limit",
                Some(json!({ "maxSize": max })),
            ),
            FieldProblem::JsonSize { max } => (
                "validation_json_size_limit",
                Some(json!({ "maxSize": max })),
            ),
            FieldProblem::EmailDomain => ("validation_email_domain_not_allowed", None),
            FieldProblem::UrlDomain => ("validation_url_domain_not_allowed", None),
            FieldProblem::Latitude => ("validation_invalid_latitude", None),
            FieldProblem::Longitude => ("validation_invalid_longitude", None),
            FieldProblem::NotKept | FieldProblem::NotGenerated => {
                ("validation_not_supported", None)
            }
            FieldProblem::ShortText { min } => (
                "validation_min_text_constraint",
                Some(json!({ "min": min })),
            ),
            // PocketBase tells the limit of a text, and not of a password.
            FieldProblem::TooShort { .. } => ("validation_min_text_constraint", None),
            FieldProblem::TooLong { max } => (
                "validation_max_text_constraint",
                Some(json!({ "max": max })),
            ),
        };
        Self {
            message: problem.to_string().into(),
            params,
            ..Self::new(code, "")
        }
    }
}

impl From<FieldProblems> for FieldErrors {
    fn from(problems: FieldProblems) -> Self {
        let errors = problems.into_iter();
        Self(
            errors
                .map(|(name, problem)| (name, problem.into()))
                .collect(),
        )
    }
}
