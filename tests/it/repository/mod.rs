//! Rules of the repository.

mod tests_layout;
mod tidy;
