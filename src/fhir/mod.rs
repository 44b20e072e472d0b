//! FHIR: the only room that knows FHIR JSON and where codes live in it.
//!
//! # What lives here
//!
//! [`read_line`] turns one NDJSON line into what it says: an entry of the
//! register, submissions for `intake`, or an issue. [`Lines`] cuts export files
//! (plain, gzip, zstd) into blocks of lines; the [`Filter`] of a rule book tells which lines need no
//! parser, because no rule speaks of anything in them. [`capabilities`] asks a server what it can do,
//! [`Tokens`] gets tokens (SMART Backend Services), [`BulkClient`] exports a group, [`CrawlClient`] reads
//! its residents one by one. No decision, no rule, no database.
//!
//! # How the data flows
//!
//! file → [`Lines`] → line → ([`Filter`] →) [`read_line`] → [`Resource`] → `intake::admit`.
//! The other way, [`risk_assessment`] and [`written`] put an assessment and
//! an order into the words of FHIR, and [`FhirChannel`] carries orders:
//! it sends, asks and takes back, and says what an answer means; when to do which
//! is `delivery`'s to say.
//!
//! # Invariants
//!
//! * A bad line is an issue with its place; its neighbours are unharmed.
//! * A filter may cost time, never a fact: what holds a code of the rules, or may hide one, is parsed.
//!   With and without it the facts are the same.
//! * What is present but malformed is never read as absent.
//! * A resource is about exactly one resident, or it is set aside.
//! * A token goes to the origin of the server it is for, and to no other; it is never shown.
//!
//! # Example
//!
//! ```
//! use preventiojyraa::fhir::{IdentityKey, Reading, read_line};
//!
//! let rules = preventiojyraa::rules::shipped().expect("the shipped rules hold");
//! let reading = Reading::new(&rules, IdentityKey::PUBLIC, "example").expect("a known time zone");
//! let issue = read_line(&reading, b"{\"resourceType\":", |_| ()).expect_err("cut off");
//! assert_eq!(issue.code.name(), "cut-off");
//! ```
//!
//! # Why it is so
//!
//! Lines are read with small borrowed structs of our own: the typed model of a
//! FHIR library turns a malformed `value[x]` or `effective[x]` into "absent"
//! without a trace, which would hide an HbA1c. Such a library authors what we
//! send, in a package of its own, and judges it in the tests.

mod answers;
mod asking;
mod authored;
mod bulk;
mod channel;
mod crawl;
mod dates;
mod direct;
mod filter;
mod form;
mod frame;
mod given;
mod http;
mod identity;
mod lines;
mod patient;
mod progress;
mod read;
mod reading;
mod register_entry;
mod retry_after;
mod server;
mod smart;
mod statements;
mod systems;
mod values;
mod wire;

pub use authored::{
    Letter, MeasuredShare, Measurements, NotWritten, To, WITHOUT_PORTAL, Writing, draft, letter,
    measure_report, risk_assessment, written,
};
pub use bulk::{
    Action, BulkClient, BulkError, Call, Deletion, ExportRequest, Failure, Fetch, FileKind, Job,
    ListedFile, Manifest, Next, NotFollowed, Page, Patience, Stage, Told, deletions, told,
};
pub use channel::{
    ChannelError, ChannelOptions, FhirChannel, Lacking, RemoteOrder, RemoteStanding, Way,
    somebody_takes,
};
pub use crawl::{Crawl, CrawlClient, CrawlFailure, CrawledFile, Found, Member, earliest};
pub use filter::{Filter, Glance, line_key};
pub use frame::CODE_BEARING;
pub use given::{Given, operation_outcome, tests_requested};
pub(crate) use http::is_this_machine;
pub use identity::{IdentityKey, NationalId};
pub use lines::{
    Block, FileEnd, Line, LineNumbers, LinePlace, LineProblem, Lines, MAX_LINE_BYTES, Packing,
    ReadBy, is_export_file,
};
pub use read::{MORE_TYPES, TYPES_READ, read_line, read_line_once, salvage_subject};
pub use reading::{FirstCode, OrdersNamed, Reading, Resource, Unmapped};
pub use register_entry::{Link, PatientEntry};
pub use retry_after::wait as retry_after;
pub use server::{Capabilities, Capability, ResourceCapabilities, ServerError, capabilities};
pub use smart::{
    Caller, Callers, Credentials, KeyError, KeysAt, NotBelieved, NotGranted, Right, SmartError,
    Tokens, keys_in,
};
pub use systems::uri;
