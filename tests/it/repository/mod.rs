//! Rules of the repository.

mod links;
mod sql;
mod tests_layout;
mod tidy;
mod translations;
