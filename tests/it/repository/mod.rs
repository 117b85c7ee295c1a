//! Rules of the repository.

mod sql;
mod tests_layout;
mod tidy;
