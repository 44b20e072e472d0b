//! Reading a group resident by resident, where a server has no bulk export or is too slow with it.
//!
//! HL7 FHIR R4, `http.html#read`, `search.html`, `bundle.html`: the group says who its members are;
//! each of them is read, and searched for in every resource type, page after page.
//! [`Conversation`] and `step` are the machine without IO about one group or one resident, [`CrawlClient`]
//! asks for it, [`Crawl`] is what is kept on disk between one handful of residents and the next.
//!
//! What comes is written as the lines that an export would have: from then on nothing differs.
//! A search that cannot be answered about one resident leaves that resident undetermined, and
//! nobody else.
//!
//! Left out: `_lastUpdated` (a crawl reads everything; what is known is recognised), `_include`,
//! several residents in one search (Epic takes one), `_count` larger than a server likes.

mod client;
mod conversation;
mod job;
mod page;
mod raw;
#[cfg(test)]
mod tests;

pub use client::{CrawlClient, Member};
pub use conversation::{CrawlFailure, Found, earliest};
pub use job::{Crawl, CrawledFile};
