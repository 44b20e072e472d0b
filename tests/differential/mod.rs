//! The same question answered twice, by ways that share no code.
//!
//! Agreement shows that two readings of the form came out the same in code. It
//! cannot show that the reading is right: both were written from one reading
//! of the form, so a mistake there, or in the form itself, is in both.
//! The form's own boundary cases are in `tests/rules/findrisc.rs`.

mod age;
mod exhaustive;
mod levels;
mod missing_models;
mod questions;
pub(crate) mod random;
mod second_findrisc;
mod second_models;
