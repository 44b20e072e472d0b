//! What several folders of tests need.

pub(crate) mod acting;
pub(crate) mod browser;
pub(crate) mod cards;
pub(crate) mod conformance;
pub(crate) mod daily;
pub(crate) mod dice;
pub(crate) mod draw;
pub(crate) mod earlier_ledgers;
pub(crate) mod exporter;
pub(crate) mod places;
pub(crate) mod population;
pub(crate) mod programme;
pub(crate) mod provider;
pub(crate) mod pulling;
pub(crate) mod rules;
pub(crate) mod served;
pub(crate) mod shipped;
pub(crate) mod signer;
pub(crate) mod site;
pub(crate) mod snapshots;
pub(crate) mod town;
pub(crate) mod world;
