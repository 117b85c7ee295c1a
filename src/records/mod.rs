//! Records as such, for every door: their fields, what a change may be, and how lists are found.

pub mod audit;
pub mod changes;
pub mod coerce;
pub mod companies;
pub mod filter_record;
pub mod form;
pub mod list;
pub mod old_password;
pub mod passwords;
pub mod phone_requests;
pub mod schema;
pub mod superusers;
pub mod users;

use std::sync::Arc;

use arc_swap::ArcSwap;

use self::list::slots::Places;
use self::schema::Schemas;
use crate::app::App;

/// The records of the three collections.
#[derive(Clone)]
pub struct Records {
    /// The application whose records they are.
    pub app: Arc<App>,
    schemas: Arc<ArcSwap<(usize, Arc<Schemas>)>>,
    /// Places for lists and costly filters.
    pub places: Places,
}

impl Records {
    /// The records of `app`.
    pub fn new(app: &Arc<App>) -> Self {
        let schemas = (app.generation(), Arc::new(Schemas::new(&app.collections())));
        Self {
            app: Arc::clone(app),
            schemas: Arc::new(ArcSwap::from_pointee(schemas)),
            places: Places::new(),
        }
    }

    /// The fields of the collections, which another database may bring others of.
    pub fn schemas(&self) -> Arc<Schemas> {
        let generation = self.app.generation();
        let known = self.schemas.load();
        if known.0 == generation {
            return Arc::clone(&known.1);
        }
        let schemas = Arc::new(Schemas::new(&self.app.collections()));
        self.schemas
            .store(Arc::new((generation, Arc::clone(&schemas))));
        schemas
    }
}
