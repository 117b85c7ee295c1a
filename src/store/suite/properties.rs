//! The properties, by name.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::bench::Bench;
use super::outcome::{Failed, Outcome, failed};
use super::{
    avatars, bounds, changes, concurrency, conflicts, events, lists, lookups, messages, openings,
    scans, shared, state, writes,
};

/// Time that a property may take: some wait for another server to hear of something.
const PATIENCE: Duration = Duration::from_mins(1);

/// A property of a store.
pub struct Property {
    /// Its name, in words.
    pub name: &'static str,
    try_on: for<'a> fn(&'a Bench) -> BoxFuture<'a, Outcome>,
}

impl Property {
    /// Whether it holds.
    ///
    /// # Errors
    /// The reason why it does not.
    pub async fn try_on(&self, bench: &Bench) -> Result<(), Failed> {
        let tried = async {
            bench.clear().await?;
            (self.try_on)(bench).await
        };
        let ended = timeout(PATIENCE, tried).await;
        ended.unwrap_or_else(|_| Err(failed(format!("no outcome within {PATIENCE:?}"))))
    }
}

macro_rules! properties {
    ($($name:literal => $function:path,)*) => {
        &[$(Property { name: $name, try_on: |bench| Box::pin($function(bench)) },)*]
    };
}

/// All properties.
pub const PROPERTIES: &[Property] = properties! {
    "a record of each kind is inserted, changed and deleted" => writes::each_kind,
    "a list of writes is done in its order" => writes::list_in_order,
    "a list of writes is done as a whole or not at all" => writes::all_or_nothing,
    "writes that stand alone do not stop each other" => writes::each_by_itself,
    "times are kept in milliseconds, and texts byte by byte" => writes::exact_values,
    "numbers are given in the order of creation and not given again" => writes::numbers,
    "a key that is taken is named" => conflicts::taken_keys,
    "a key that was given up may be taken" => conflicts::given_up_keys,
    "a phone is one in both of its spellings" => conflicts::spellings,
    "what is not there is named" => conflicts::missing,
    "a write that was decided on an older version is refused" => conflicts::older_version,
    "the last superuser stays" => conflicts::last_superuser,
    "records are found by each of their keys" => lookups::keys,
    "users are found by their e-mail addresses, given or native" => lookups::emails,
    "users are found by begins of their keys" => lookups::begins,
    "users are found by their names" => lookups::names,
    "pages show every record once in each order" => lists::pages,
    "a cursor outlives its record" => lists::cursors,
    "a skipped page is counted by the index" => lists::skips,
    "blocks show every user once" => scans::blocks,
    "a scan shows every user once" => scans::scan,
    "counts are exact after many writers at once" => concurrency::exact_counts,
    "the same openid by two at once makes one user" => concurrency::one_user,
    "of many writes decided on one version one is done" => concurrency::one_of_many,
    "the same from two stores at once makes one" => concurrency::two_stores,
    "token keys are kept, and old ones dropped" => state::keys,
    "ended tokens, rules and collections are kept" => state::others,
    "events are found newest first by what is asked" => events::search,
    "an event that repeats itself is counted" => events::repeats,
    "events have bounds" => bounds::of_events,
    "failures are compared and set" => shared::failures,
    "changes come to another store in the order of commits without holes" => changes::order,
    "a picture is its user's and goes with it" => avatars::life,
    "a picture that nothing leads to any more goes" => avatars::released,
    "the bytes of all pictures are counted and bounded" => avatars::bounds,
    "a list of writes that is refused keeps pictures" => avatars::refused_list,
    "messages are written with the changes that they tell of" => messages::with_changes,
    "messages wait in order until they are removed" => messages::order,
    "of two stores at once one delivers" => messages::lease,
    "eight that open an empty database at once find one" => openings::at_once,
};
