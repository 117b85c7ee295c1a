//! Records as such, for every door: their fields, what a change may be, and how lists are found.
//!
//! # Changes
//! A door reads what it is asked into a [`plan::ChangeRequest`]: a JSON body becomes a [`form::RecordForm`], a command becomes a
//! [`patch::UserPatch`]. [`Records::change`] and [`Records::change_all`] do the rest; [`Records::create`], [`Records::update`],
//! [`Records::delete`], [`Records::set_password`], [`Records::set_enabled`] and [`Records::release_phone`] are the same for one
//! record. A change that may not be made is a [`refusal::Refusal`], which each door puts into its own words; its `Display` is one
//! line for a person.
//!
//! `plan` (rights and passwords) -> `decision` (a pure function of record, plan and time) -> `working_set` (what the changes of a
//! request leave, and uniqueness) -> `changes` (one commit, decided again when others were faster) -> `audit`.

pub mod access;
mod assign;
mod audit;
mod autodate;
mod bulk;
pub mod changes;
mod check;
pub mod coerce;
pub mod collection;
mod companies;
mod constraints;
pub mod date;
mod decision;
mod edit;
pub mod fields;
pub mod filter_record;
pub mod form;
pub mod list;
pub mod passwords;
pub mod patch;
mod phone_requests;
pub mod plan;
pub mod problem;
pub mod refusal;
pub mod requester;
pub mod schema;
pub mod summary;
mod superusers;
mod token_key;
mod users;
mod values;
pub mod view;
mod working_set;

use std::sync::Arc;

use arc_swap::ArcSwap;

use self::list::ListSlots;
use self::schema::Schemas;
use crate::app::App;

/// The records of the three collections.
#[derive(Clone)]
pub struct Records {
    /// The application whose records they are.
    pub app: Arc<App>,
    schemas: Arc<ArcSwap<(usize, Arc<Schemas>)>>,
    /// Slots for lists and costly filters.
    pub list_slots: ListSlots,
}

impl Records {
    /// The records of `app`.
    pub fn new(app: &Arc<App>) -> Self {
        let schemas = (app.generation(), Arc::new(Schemas::new(&app.collections())));
        Self {
            app: Arc::clone(app),
            schemas: Arc::new(ArcSwap::from_pointee(schemas)),
            list_slots: ListSlots::new(),
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
