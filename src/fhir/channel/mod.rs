//! The order channel: acts leave as FHIR resources, by the way that fits their kind and the server.
//!
//! FHIR R4, `http.html`: conditional create (`If-None-Exist`), search, and update
//! with `If-Match`. What an answer means for an order is said in the words of
//! `delivery`; nothing here decides to send again.

mod answers;
mod bundle;
mod connection;
mod revoke;
mod ways;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::server::ServerError;
use super::smart::{Credentials, SmartError};
use crate::delivery::{Answer, Found, ServerNews};
use crate::orders::{Action, ActionKind, Order, OrderKey};
use answers::{Sent, waiting};
use bundle::Remote;
use connection::Connection;
use ways::{SearchBy, choose, is_changeable};

pub use ways::{Lacking, Way};

/// Namespace of our orders: by this identifier the other side knows an order again.
pub(super) const ORDERS: &str = "https://preventiojyraa.example.org/fhir/order";
/// Pages of one search; more means that the server does not search for what was asked.
const MAX_PAGES: usize = 200;
const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");

/// Why acts of a kind cannot leave.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The server lacks something.
    #[error("{}", lacking(.0))]
    Lacks(Lacking),
    /// Nobody is named who would read it.
    #[error(
        "`{0}` goes to professionals as {as_what}, and nobody is named who takes it\nhint: `to = [\"PractitionerRole/…\"]` beside `way`; a Task has no Group as its owner", as_what = .1.resource_type()
    )]
    Nobody(&'static str, Way),
    /// The server could not be asked what it can do.
    #[error("cannot ask the server what it can do")]
    Server(#[from] ServerError),
    /// The client could not be set up.
    #[error("cannot set up the client")]
    Setup(#[source] reqwest::Error),
    /// The address is not one.
    #[error("`{0}` is not an http or https address")]
    Address(String),
    /// No token was given, or it could not be read.
    #[error(transparent)]
    Token(#[from] SmartError),
    /// An answer that is not what was asked for.
    #[error("the server did not answer the search for our orders ({0})")]
    Search(String),
}

fn lacking(ways: &[(Way, Vec<String>)]) -> String {
    let told = ways.iter().map(|(way, lacks)| {
        let name = way.resource_type();
        let lacks = lacks.join(", ");
        format!("orders cannot leave as {name}: the server does not declare {lacks}")
    });
    told.collect::<Vec<_>>().join("; ")
}

/// How to reach a server, and by which ways.
#[derive(Debug, Clone)]
pub struct ChannelOptions {
    /// FHIR base address.
    pub base: String,
    /// How the program shows who it is.
    pub credentials: Credentials,
    /// How long a request may take.
    pub request_deadline: Duration,
    /// The ways that may be taken, in their order.
    pub ways: Vec<Way>,
    /// Whether the first that is open is the only one to be taken.
    pub is_first_only: bool,
    /// Whether the server is asked for orders, or never.
    pub reads_back: bool,
    /// How long the server may ask to be left alone.
    pub longest_pause: SignedDuration,
}

/// An order as the other side has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteOrder {
    /// Our key, as the identifier has it.
    pub key: String,
    /// What the other side calls it.
    pub reference: String,
    /// What became of it there.
    pub standing: RemoteStanding,
}

/// What became of something of ours at the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemoteStanding {
    /// Somebody may act on it, or has read it.
    Stands,
    /// It is over: done, ended or taken back.
    Over,
    /// It could not be delivered, and reached nobody.
    Returned,
}

/// An open way to a server.
pub struct FhirChannel {
    connection: Connection,
    way: Way,
    search_by: SearchBy,
    /// Whether the server lets what is there be changed; of one that is never asked it is not known.
    is_changeable: bool,
}

impl FhirChannel {
    /// Opens the ways for which the server declares what they need, in their order, and says what
    /// it lacks for the others.
    ///
    /// # Errors
    ///
    /// [`ChannelError`] when the server cannot be asked, or does not know this program.
    pub async fn open(
        options: &ChannelOptions,
        now: fn() -> Timestamp,
    ) -> Result<(Vec<Self>, Lacking), ChannelError> {
        let declared = super::capabilities(&options.base).await?;
        let (mut open, lacking) = choose(&declared, &options.ways, options.reads_back);
        if options.is_first_only {
            open.truncate(1);
        }
        let mut channels = Vec::new();
        for (way, search_by) in open {
            channels.push(Self {
                connection: Connection::open(options, way, now).await?,
                is_changeable: is_changeable(&declared, way),
                way,
                search_by,
            });
        }
        Ok((channels, lacking))
    }

    /// The way that was chosen.
    #[must_use]
    pub const fn way(&self) -> Way {
        self.way
    }

    /// Whether an act leaves by being written, and not by changing what is there.
    #[must_use]
    pub fn is_written(&self, action: &Action) -> bool {
        self.revoked(action).is_none()
    }

    /// Whether an act can leave this way at all.
    #[must_use]
    pub fn takes(&self, action: &Action) -> bool {
        // What cannot be looked up cannot be taken back by a program.
        self.revoked(action).is_none() || (self.search_by != SearchBy::Never && self.is_changeable)
    }

    /// Gets what every request needs beforehand: a token that is still good for a while. A failure
    /// shows itself when the request is made.
    pub async fn ready(&self) {
        self.connection.ready().await;
    }

    /// Sends an order: creates it unless it is there, or takes another back.
    ///
    /// Taking back is several requests; it goes on as long as `may_go_on` says so.
    pub async fn send(
        &self,
        order: &Order,
        patient_id: &str,
        bytes: &[u8],
        may_go_on: &(dyn Fn() -> bool + Sync),
    ) -> (Answer, ServerNews) {
        match self.revoked(&order.action) {
            Some((placed, keep)) => {
                let key = OrderKey::derive(order.resident, &order.programme, order.round, &placed);
                self.cancel(key, patient_id, keep, may_go_on).await
            }
            None => self.create(order.key(), bytes).await,
        }
    }

    /// Asks whether an order is there, or was taken back.
    pub async fn look_up(&self, order: &Order, patient_id: &str) -> (Found, ServerNews) {
        match self.revoked(&order.action) {
            Some((placed, keep)) => {
                let key = OrderKey::derive(order.resident, &order.programme, order.round, &placed);
                self.look_up_cancelled(key, patient_id, keep).await
            }
            None => self.look_up_created(order.key(), patient_id).await,
        }
    }

    /// Creates a resource unless one with its key is there.
    async fn create(&self, key: OrderKey, bytes: &[u8]) -> (Answer, ServerNews) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, FHIR_JSON);
        let minimal = HeaderValue::from_static("return=minimal");
        headers.insert(HeaderName::from_static("prefer"), minimal);
        // A server that does not search by identifier could not tell what the condition means; of
        // one that is never asked it is not known, and it may heed the condition.
        let is_conditional = match self.search_by {
            SearchBy::Identifier | SearchBy::Never => true,
            SearchBy::Resident(_) => false,
        };
        if is_conditional
            && let Ok(condition) = HeaderValue::from_str(&format!("identifier={ORDERS}|{key}"))
        {
            headers.insert(HeaderName::from_static("if-none-exist"), condition);
        }
        let Some(url) = self.connection.address(self.way.resource_type()) else {
            let retry_at = self.connection.now();
            return (Answer::NotSent { retry_at }, ServerNews::Failed);
        };
        let answer = self
            .connection
            .send(Method::POST, url, headers, Some(bytes));
        match answer.await {
            Sent::Answered {
                status, headers, ..
            } => answers::created(status, &headers, self.connection.moment(), |text| {
                self.connection.reference(self.way, text)
            }),
            Sent::Unsent => {
                let retry_at = self.connection.now();
                (Answer::NotSent { retry_at }, ServerNews::Failed)
            }
            Sent::Silence => (Answer::Silence, ServerNews::Failed),
        }
    }

    async fn look_up_created(&self, key: OrderKey, patient_id: &str) -> (Found, ServerNews) {
        match self.find(key, patient_id).await {
            Err(news) => self.not_told(news),
            Ok(found) => {
                let n_standing = found.iter().filter(|remote| remote.stands()).count();
                // An order that somebody has revoked or completed has arrived all the same.
                let found = match revoke::oldest(&found) {
                    None => Found::Nothing,
                    Some(remote) if remote.standing() == RemoteStanding::Returned => {
                        Found::Returned
                    }
                    Some(remote) if 1 < n_standing => Found::Several {
                        reference: remote.reference(),
                    },
                    Some(remote) => Found::One {
                        reference: remote.reference(),
                    },
                };
                (found, ServerNews::Answered)
            }
        }
    }

    /// Everything of ours that the other side has of this way's type, page by page; false where it
    /// does not find it by identifier and nothing was asked.
    ///
    /// # Errors
    ///
    /// [`ChannelError::Search`] when an answer is missing or not a whole one.
    pub async fn all(&self, mut each: impl FnMut(RemoteOrder)) -> Result<bool, ChannelError> {
        if self.search_by != SearchBy::Identifier {
            return Ok(false);
        }
        let failed = |what: &str| ChannelError::Search(what.to_owned());
        let url = self.connection.address(self.way.resource_type());
        let mut url = url.ok_or_else(|| failed("no address"))?;
        url.query_pairs_mut()
            .append_pair("identifier", &format!("{ORDERS}|"))
            .append_pair("_count", "500");
        let mut next = Some(url);
        while let Some(url) = next {
            let page = self.connection.page(self.way, url.clone()).await;
            let page = page.map_err(|news| failed(&format!("{news:?}")))?;
            for remote in page.found {
                remote.keys().for_each(|key| each(remote.as_order(key)));
            }
            next = self
                .connection
                .next_page(page.next)
                .map_err(|news| failed(&format!("{news:?}")))?;
            if next.as_ref() == Some(&url) {
                return Err(failed("a page is its own next page"));
            }
        }
        Ok(true)
    }

    /// What the other side has under one of our keys.
    ///
    /// # Errors
    ///
    /// [`ChannelError::Search`] when it did not say.
    pub async fn under(
        &self,
        key: OrderKey,
        patient_id: &str,
    ) -> Result<Vec<RemoteOrder>, ChannelError> {
        let found = self.find(key, patient_id).await;
        let found = found.map_err(|news| ChannelError::Search(format!("{news:?}")))?;
        let key = key.to_string();
        Ok(found.iter().map(|remote| remote.as_order(&key)).collect())
    }

    /// What is there under our key, on all pages.
    async fn find(&self, key: OrderKey, patient_id: &str) -> Result<Vec<Remote>, ServerNews> {
        let url = self.connection.address(self.way.resource_type());
        let mut url = url.ok_or(ServerNews::NotAsked)?;
        match self.search_by {
            SearchBy::Identifier => url
                .query_pairs_mut()
                .append_pair("identifier", &format!("{ORDERS}|{key}")),
            SearchBy::Resident(parameter) => url
                .query_pairs_mut()
                .append_pair(parameter, &format!("Patient/{patient_id}")),
            SearchBy::Never => return Err(ServerNews::NotAsked),
        };
        let key = key.to_string();
        let mut found = Vec::new();
        let mut next = Some(url);
        for _ in 0..MAX_PAGES {
            let Some(url) = next else {
                return Ok(found);
            };
            let page = self.connection.page(self.way, url).await?;
            let ours = page.found.into_iter();
            found.extend(ours.filter(|remote| remote.keys().any(|other| other == key)));
            next = self.connection.next_page(page.next)?;
        }
        Err(ServerNews::Failed)
    }

    fn not_told(&self, news: ServerNews) -> (Found, ServerNews) {
        let retry_at = waiting(news, self.connection.moment());
        (Found::NotTold { retry_at }, news)
    }
}

/// Whether somebody named can take what goes to professionals as this resource.
///
/// # Errors
///
/// [`ChannelError::Nobody`].
pub fn somebody_takes(
    kind: ActionKind,
    way: Way,
    to: &[super::authored::To],
) -> Result<(), ChannelError> {
    let is_for_professionals = match kind {
        ActionKind::Laboratory => way == Way::Communication,
        ActionKind::Professional => true,
        ActionKind::Questionnaire | ActionKind::Message => false,
    };
    let is_taken = match way {
        Way::ServiceRequest | Way::Observation => true,
        Way::Communication => !to.is_empty(),
        // The first is the owner.
        Way::Task => to.first().is_some_and(|to| !to.is_group()),
    };
    if is_for_professionals && !is_taken {
        return Err(ChannelError::Nobody(kind.name(), way));
    }
    Ok(())
}
