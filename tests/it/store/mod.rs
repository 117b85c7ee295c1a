//! Tests of the store: operations, power cuts, failing disks, damaged files, kills.

mod commit;
mod crash;
mod damage;
mod durability;
mod faults;
mod file;
mod flips;
mod model;
mod operations;
mod suite;
