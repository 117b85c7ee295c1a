//! The collections in which PocketBase's clients find the records.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{FieldShape, FieldShapes, Kind, RuleChange, RuleName, Rules, ServerKey};

/// A collection as this deployment has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Kind of its records.
    pub kind: Kind,
    /// Its id, which is in every record and token.
    pub id: String,
    /// The fields that an imported collection had, as the text of one JSON array; `None`: ours.
    pub fields: Option<String>,
    /// Secret that signed PocketBase's tokens for this collection, beside the record's token key; `None`: there are none.
    pub token_secret: Option<String>,
    /// Rules by which others than superusers reach its records.
    pub rules: Rules,
    /// Time of creation.
    pub created: Timestamp,
    /// Time of the last change.
    pub updated: Timestamp,
    /// Shapes of the fields, once they were read.
    pub shapes: FieldShapes,
}

/// The three collections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collections {
    /// Users.
    pub users: Collection,
    /// Companies.
    pub companies: Collection,
    /// Superusers.
    pub superusers: Collection,
}

impl Collection {
    /// The fields that an imported collection had; of one that began here, none.
    #[must_use]
    pub fn shapes(&self) -> &[FieldShape] {
        self.shapes.of(self.fields.as_deref())
    }

    /// The columns that the deployment's own dates of creation are in, of a record that is made `now`, as the text of one JSON object.
    #[must_use]
    pub fn columns_of_new(&self, now: Timestamp) -> Option<String> {
        let dates = self.shapes().iter().filter(|field| {
            let is_own = !matches!(field.name.as_str(), "created" | "updated");
            field.is_set_on_create && !field.is_hidden && is_own
        });
        let now = now.strftime("%Y-%m-%d %H:%M:%S%.3fZ").to_string();
        let columns: Map<String, Value> = dates
            .map(|field| (field.name.clone(), now.clone().into()))
            .collect();
        (!columns.is_empty()).then(|| Value::from(columns).to_string())
    }

    /// Sets these rules at that time; those that were other ones before.
    pub fn change_rules(
        &mut self,
        rules: &[(RuleName, Option<String>)],
        at: Timestamp,
    ) -> Vec<RuleChange> {
        let changes = self.rules.change(rules);
        if !changes.is_empty() {
            self.updated = at;
        }
        changes
    }
}

impl Collections {
    /// The collections of a deployment that began here, at `born`.
    #[must_use]
    pub fn new(born: Timestamp) -> Self {
        let collection = |kind: Kind| Collection {
            kind,
            id: kind.standard_id().to_owned(),
            fields: None,
            token_secret: None,
            rules: Rules::default_of(kind),
            created: born,
            updated: born,
            shapes: FieldShapes::default(),
        };
        Self {
            users: collection(Kind::Users),
            companies: collection(Kind::Companies),
            superusers: collection(Kind::Superusers),
        }
    }

    /// The collections of a deployment that began here, as old as its oldest token key.
    #[must_use]
    pub fn of_keys(keys: &[ServerKey]) -> Self {
        let born = keys.iter().map(|key| key.created).min();
        Self::new(born.unwrap_or_default())
    }

    /// The collection of that kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &Collection {
        match kind {
            Kind::Users => &self.users,
            Kind::Companies => &self.companies,
            Kind::Superusers => &self.superusers,
        }
    }

    /// The collection of that kind, to be changed.
    pub fn of_mut(&mut self, kind: Kind) -> &mut Collection {
        match kind {
            Kind::Users => &mut self.users,
            Kind::Companies => &mut self.companies,
            Kind::Superusers => &mut self.superusers,
        }
    }

    /// The collection that a client names, by name in any case or by id.
    #[must_use]
    pub fn find(&self, name_or_id: &str) -> Option<&Collection> {
        let named =
            |c: &&Collection| c.id == name_or_id || c.kind.name().eq_ignore_ascii_case(name_or_id);
        [&self.users, &self.companies, &self.superusers]
            .into_iter()
            .find(named)
    }
}
