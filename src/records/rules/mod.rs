//! PocketBase's access rules of the collections: read once, and asked below all doors.

mod catalog;
pub mod change;
pub mod check;
mod request_info;
mod rule;
mod subject;
mod surroundings;

use self::catalog::SchemaCatalog;
pub use self::request_info::RequestInfo;
pub use self::rule::Rule;
pub use self::subject::{Subject, SubjectView};
pub use self::surroundings::SurroundingRecords;
use crate::domain::{Collection, Collections, Kind, RuleName, Rules};
use crate::records::schema::Schemas;

/// Rules of the three collections.
#[derive(Clone, Debug)]
pub struct RuleSet {
    users: Rules<Rule>,
    companies: Rules<Rule>,
    superusers: Rules<Rule>,
}

impl RuleSet {
    /// Reads the rules of the collections.
    pub fn new(collections: &Collections, schemas: &Schemas) -> Self {
        let catalog = SchemaCatalog {
            collections,
            schemas,
        };
        let of = |kind| read(collections.of(kind), &catalog);
        Self {
            users: of(Kind::Users),
            companies: of(Kind::Companies),
            superusers: of(Kind::Superusers),
        }
    }

    /// The rules of that collection.
    pub fn of(&self, kind: Kind) -> &Rules<Rule> {
        match kind {
            Kind::Users => &self.users,
            Kind::Companies => &self.companies,
            Kind::Superusers => &self.superusers,
        }
    }
}

fn read(collection: &Collection, catalog: &SchemaCatalog<'_>) -> Rules<Rule> {
    Rules::from_fn(|name| read_or_close(collection, name, catalog))
}

/// The rule of that name. One that can no longer be read lets nobody in but superusers.
fn read_or_close(collection: &Collection, name: RuleName, catalog: &SchemaCatalog<'_>) -> Rule {
    let text = collection.rules.get(name).as_deref();
    check::check(text, collection.kind, catalog).unwrap_or_else(|error| {
        tracing::error!(
            collection = collection.kind.name(),
            rule = name.name(),
            %error,
            "a rule in the database cannot be read: it lets superusers in only until it is set anew"
        );
        Rule::SuperusersOnly
    })
}
