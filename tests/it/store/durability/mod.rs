//! Nothing acknowledged is lost: power cuts and I/O errors, each outcome sorted into acknowledged, refused and unknown,
//! and held against what is there afterwards. (crash.rs kills the real binary; flips.rs changes bytes.)

mod cuts;
mod errors;
