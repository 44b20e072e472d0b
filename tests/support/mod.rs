//! What several folders of tests need.

pub(crate) mod core;
pub(crate) mod site;
pub(crate) mod world;
