//! Records as such, for every door: their fields, what a change may be, and how lists are found.

pub mod audit;
pub mod changes;
pub mod coerce;
pub mod companies;
pub mod form;
pub mod old_password;
pub mod passwords;
pub mod phone_requests;
pub mod places;
pub mod row;
pub mod schema;
pub mod superusers;
pub mod users;

use std::sync::Arc;

use self::places::Places;
use self::schema::Schemas;
use crate::app::App;
use crate::latest::Latest;

/// The records of the three collections.
#[derive(Clone)]
pub struct Records {
    /// The application whose records they are.
    pub app: Arc<App>,
    schemas: Arc<Latest<(usize, Arc<Schemas>)>>,
    /// Places for lists and costly filters.
    pub places: Places,
}

impl Records {
    /// The records of `app`.
    pub fn new(app: &Arc<App>) -> Self {
        let schemas = (app.generation(), Arc::new(Schemas::new(app.collections())));
        Self {
            app: Arc::clone(app),
            schemas: Arc::new(Latest::new(schemas)),
            places: Places::new(),
        }
    }

    /// The fields of the collections, which another database may bring others of.
    pub fn schemas(&self) -> &Arc<Schemas> {
        let generation = self.app.generation();
        if self.schemas.get().0 < generation {
            self.schemas
                .replace((generation, Arc::new(Schemas::new(self.app.collections()))));
        }
        &self.schemas.get().1
    }
}
