//! Tests of pictures of users: uploads, what is served of them, and how they come and go with their users.

mod browser;
mod fuzz;
mod limits;
mod lives;
mod served;
mod upload;
