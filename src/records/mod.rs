//! Records as such, for every door: their fields, what a change may be, and how lists are found.
//!
//! # Changes
//! A door reads what it is asked into a [`change_request::ChangeRequest`]: a JSON body becomes a [`form::RecordForm`], a command becomes a
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
pub mod change_request;
pub mod changed_fields;
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
pub mod login_rule;
pub mod names;
pub mod passwords;
pub mod patch;
mod phone_requests;
pub mod plan;
pub mod problem;
pub mod reader;
pub mod refusal;
pub mod requester;
mod rights;
pub mod rules;
pub mod schema;
mod stand_in;
pub mod summary;
mod superusers;
mod token_key;
mod users;
mod values;
pub mod view;
mod visibility;
mod working_set;

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use self::list::ListSlots;
use self::list::user_counts::CountedUsers;
use self::rules::RuleSet;
use self::schema::Schemas;
use crate::app::App;
use crate::domain::Collections;

/// The records of the three collections.
#[derive(Clone)]
pub struct Records {
    /// The application whose records they are.
    pub app: Arc<App>,
    compiled: Arc<ArcSwapOption<Compiled>>,
    /// Slots for lists and costly filters.
    pub list_slots: ListSlots,
    counted_users: Arc<CountedUsers>,
}

/// Collections, and what was made of their texts.
struct Compiled {
    collections: Arc<Collections>,
    schemas: Arc<Schemas>,
    rules: Arc<RuleSet>,
}

impl Compiled {
    fn new(collections: Arc<Collections>) -> Self {
        let schemas = Schemas::new(&collections);
        Self {
            rules: Arc::new(RuleSet::new(&collections, &schemas)),
            schemas: Arc::new(schemas),
            collections,
        }
    }
}

impl Records {
    /// The records of `app`.
    pub fn new(app: &Arc<App>) -> Self {
        Self {
            app: Arc::clone(app),
            compiled: Arc::default(),
            list_slots: ListSlots::new(),
            counted_users: Arc::default(),
        }
    }

    /// The fields of the collections, which another database may bring others of.
    pub fn schemas(&self) -> Arc<Schemas> {
        Arc::clone(&self.compiled().schemas)
    }

    /// The rules of the collections as they are now.
    pub fn rules(&self) -> Arc<RuleSet> {
        Arc::clone(&self.compiled().rules)
    }

    /// The collections as they are now, compiled anew when they have changed.
    fn compiled(&self) -> Arc<Compiled> {
        let collections = self.app.collections();
        match self.compiled.load_full() {
            Some(known) if Arc::ptr_eq(&known.collections, &collections) => known,
            _ => {
                let compiled = Arc::new(Compiled::new(collections));
                self.compiled.store(Some(Arc::clone(&compiled)));
                compiled
            }
        }
    }
}
