//! What a FHIR server says it can do, read live from its `CapabilityStatement`.
//!
//! FHIR R4, `http.html#capabilities`: `GET [base]/metadata`. What a site's documents say may be
//! years old; only the live statement decides which ways of talking to it are open.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::http::{NotWhole, client_of, read_body, same_origin_only};

/// A larger statement is refused: real ones are some hundred kilobytes.
const MAX_BYTES: usize = 16 << 20;
/// How long a server may take to answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// Why a server's capabilities could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is not one.
    #[error("`{0}` is not an http or https address")]
    Address(String),
    /// The client could not be set up.
    #[error("cannot set up TLS")]
    Setup(#[source] reqwest::Error),
    /// No answer, or not a whole one.
    #[error("no answer from the server")]
    Unreachable(#[source] reqwest::Error),
    /// An answer that is not 200.
    #[error("the server answered {status}{}", .diagnostics.as_deref().map(|d| format!(": {d}")).unwrap_or_default())]
    Status {
        /// The HTTP status.
        status: StatusCode,
        /// What its `OperationOutcome` says, if it sent one.
        diagnostics: Option<String>,
    },
    /// A redirect to another place.
    #[error("the server redirects to another origin, which is not followed")]
    Redirect,
    /// Too much.
    #[error("the answer is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// Not a `CapabilityStatement`.
    #[error("the answer is not a CapabilityStatement\nhint: is this the FHIR base address?")]
    NotAStatement(#[source] serde_json::Error),
    /// Another FHIR version.
    #[error(
        "the server speaks FHIR {0}, this program speaks R4 (4.0.x)\nhint: servers often have a base address for each version"
    )]
    Version(String),
}

/// What a server declares for one resource type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceCapabilities {
    /// Interactions: `read`, `search-type`, `create`, …
    pub interactions: Vec<String>,
    /// Search parameters.
    pub searches: Vec<String>,
    /// Operations, by name.
    pub operations: Vec<String>,
}

/// What a server declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Software and version, as it calls itself.
    pub software: String,
    /// FHIR version, `4.0.x`.
    pub fhir_version: String,
    /// By resource type.
    pub resources: BTreeMap<String, ResourceCapabilities>,
    /// System-wide operations, by name.
    pub operations: Vec<String>,
}

/// One way of working with a server, and what it lacks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// What one would do.
    pub name: &'static str,
    /// What the server does not declare; empty when the way is open.
    pub lacks: Vec<String>,
}

impl Capabilities {
    fn can(&self, resource: &str, interaction: &str) -> Option<String> {
        let found = self.resources.get(resource);
        let can = found.is_some_and(|r| r.interactions.iter().any(|i| i == interaction));
        (!can).then(|| format!("{interaction} of {resource}"))
    }

    fn has_group_export(&self) -> Option<String> {
        let group = self.resources.get("Group");
        // Named `export` by the Bulk Data guide, `group-export` by its own definition's id.
        let is_export = |name: &String| matches!(name.as_str(), "export" | "group-export");
        let has = group.is_some_and(|g| g.operations.iter().any(is_export))
            || self.operations.iter().any(is_export);
        (!has).then(|| "operation export on Group".to_owned())
    }

    /// Every way of getting data and of placing an order that this program knows of.
    #[must_use]
    pub fn ways(&self) -> Vec<Capability> {
        let way = |name, lacks: Vec<Option<String>>| Capability {
            name,
            lacks: lacks.into_iter().flatten().collect(),
        };
        let searches = ["Patient", "Observation", "Condition", "MedicationRequest"]
            .map(|resource| self.can(resource, "search-type"));
        vec![
            way(
                "get data by bulk export of a group",
                vec![self.has_group_export()],
            ),
            way("get data by search", searches.to_vec()),
            way(
                "order a test as ServiceRequest",
                vec![
                    self.can("ServiceRequest", "create"),
                    self.can("ServiceRequest", "search-type"),
                ],
            ),
            way(
                "ask residents or professionals as Task",
                vec![self.can("Task", "create"), self.can("Task", "search-type")],
            ),
            way(
                "ask residents or professionals as Communication",
                vec![
                    self.can("Communication", "create"),
                    self.can("Communication", "search-type"),
                ],
            ),
            way(
                "write the score as Observation",
                vec![self.can("Observation", "create")],
            ),
            way(
                "read forms as QuestionnaireResponse",
                vec![self.can("QuestionnaireResponse", "search-type")],
            ),
        ]
    }
}

/// Asks a server what it can do.
///
/// No credentials are sent: the statement is public by the standard.
///
/// # Errors
///
/// [`ServerError`]; every kind names what the server did.
pub async fn capabilities(base: &str) -> Result<Capabilities, ServerError> {
    let address = metadata_address(base)?;
    let client = client_of(&address)
        .timeout(DEADLINE)
        .redirect(same_origin_only())
        .build()
        .map_err(ServerError::Setup)?;
    // No fhirVersion parameter: some R4 servers refuse any they do not know.
    let accept = HeaderValue::from_static("application/fhir+json");
    let request = client.get(address).header(ACCEPT, accept);
    let mut response = request.send().await.map_err(|error| {
        if error.is_redirect() {
            ServerError::Redirect
        } else {
            ServerError::Unreachable(error)
        }
    })?;
    let (body, whole) = read_body(&mut response, MAX_BYTES).await;
    whole.map_err(|not_whole| match not_whole {
        NotWhole::Broke(error) => ServerError::Unreachable(error),
        NotWhole::TooLarge => ServerError::TooLarge,
    })?;
    if response.status() != StatusCode::OK {
        let diagnostics = diagnostics(&body);
        return Err(ServerError::Status {
            status: response.status(),
            diagnostics,
        });
    }
    read_statement(&body)
}

fn metadata_address(base: &str) -> Result<Url, ServerError> {
    let wrong = || ServerError::Address(base.to_owned());
    let text = format!("{}/metadata", base.trim_end_matches('/'));
    let address = Url::parse(&text).map_err(|_| wrong())?;
    if matches!(address.scheme(), "http" | "https") && address.has_host() {
        Ok(address)
    } else {
        Err(wrong())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    issue: Vec<OutcomeIssue>,
}

#[derive(Deserialize)]
struct OutcomeIssue {
    diagnostics: Option<String>,
}

/// The first diagnostics of an `OperationOutcome`, cut to a line.
fn diagnostics(body: &[u8]) -> Option<String> {
    let outcome: Outcome = serde_json::from_slice(body).ok()?;
    let text = outcome
        .issue
        .into_iter()
        .find_map(|issue| issue.diagnostics)?;
    Some(
        text.lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect(),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    fhir_version: String,
    #[serde(default)]
    software: Option<Software>,
    #[serde(default)]
    rest: Vec<Rest>,
}

#[derive(Deserialize)]
struct Software {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Rest {
    #[serde(default)]
    resource: Vec<Resource>,
    #[serde(default)]
    operation: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    interaction: Vec<Interaction>,
    #[serde(default)]
    search_param: Vec<Named>,
    #[serde(default)]
    operation: Vec<Named>,
}

#[derive(Deserialize)]
struct Interaction {
    code: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

fn read_statement(body: &[u8]) -> Result<Capabilities, ServerError> {
    let statement: Statement = serde_json::from_slice(body).map_err(ServerError::NotAStatement)?;
    if !statement.fhir_version.starts_with("4.0") {
        return Err(ServerError::Version(statement.fhir_version));
    }
    let names = |named: Vec<Named>| named.into_iter().map(|named| named.name).collect();
    let software = statement.software.map_or(String::new(), |software| {
        let parts = [software.name, software.version].into_iter().flatten();
        parts.collect::<Vec<_>>().join(" ")
    });
    let mut resources = BTreeMap::new();
    let mut operations = Vec::new();
    for rest in statement.rest {
        operations.extend(rest.operation.into_iter().map(|named| named.name));
        for resource in rest.resource {
            let capabilities = ResourceCapabilities {
                interactions: resource.interaction.into_iter().map(|i| i.code).collect(),
                searches: names(resource.search_param),
                operations: names(resource.operation),
            };
            resources.insert(resource.kind, capabilities);
        }
    }
    Ok(Capabilities {
        software,
        fhir_version: statement.fhir_version,
        resources,
        operations,
    })
}
