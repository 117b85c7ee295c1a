//! Lists of records: who may list which, the filter and the sort of a query, pages, and slots for those that take long.

mod block_pages;
mod block_scan;
mod count;
mod created_scan;
mod early_page;
mod error;
mod evaluate;
mod few;
mod find;
mod list_order;
mod lookup;
mod matcher;
mod named;
mod own_columns;
mod pages;
mod paging;
mod query;
mod record_scan;
mod selection;
mod slots;
mod sorted_scan;
mod top_k;
pub mod user_counts;
mod user_matcher;
mod user_view;
mod users;
mod whole_scan;

pub use self::error::{ListError, ReservedName};
pub use self::lookup::IndexLookup;
pub use self::matcher::Matcher;
pub use self::paging::Paging;
pub use self::query::{ListQuery, ensure_may_list};
pub use self::selection::Selection;
pub use self::slots::ListSlots;
