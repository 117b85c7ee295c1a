//! Rules of the repository.

mod tidy;
