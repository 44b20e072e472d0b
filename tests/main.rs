//! The one test binary: links once, declares the folders.

mod conformance;
mod differential;
mod properties;
mod rules;
mod simulation;
mod stories;
mod support;
mod tidy;
