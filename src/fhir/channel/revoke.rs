//! Taking orders back by changing them: `ServiceRequest` with `If-Match`.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, IF_MATCH};
use serde_json::Value;

use super::answers::{Sent, refused_news, waiting};
use super::bundle::Remote;
use super::{FHIR_JSON, FhirChannel};
use crate::delivery::{Answer, Found, ServerNews};
use crate::orders::{Action, Keep, OrderKey};

impl FhirChannel {
    /// The act that another one takes back by changing it, and what is to stay; `None` for an act
    /// that leaves by being written.
    pub(super) fn revoked(&self, action: &Action) -> Option<(Action, Keep)> {
        match action {
            Action::Cancel { test, keep } if self.way.is_revoked() => {
                let placed = Action::Laboratory { test: test.clone() };
                Some((placed, *keep))
            }
            Action::Cancel { .. }
            | Action::Questionnaire
            | Action::RemindQuestionnaire
            | Action::Laboratory { .. }
            | Action::RemindLaboratory
            | Action::Message { .. }
            | Action::Contact { .. } => None,
        }
    }

    /// Takes an order back: revokes what is active under its key, but for what is kept, as long as
    /// `may_go_on` says so.
    pub(super) async fn cancel(
        &self,
        key: OrderKey,
        patient_id: &str,
        keep: Keep,
        may_go_on: &(dyn Fn() -> bool + Sync),
    ) -> (Answer, ServerNews) {
        let found = match self.find(key, patient_id).await {
            // Nothing was changed yet, so it can simply be tried again.
            Err(news) => {
                let retry_at = waiting(news, self.connection.moment());
                return (Answer::NotSent { retry_at }, news);
            }
            Ok(found) => found,
        };
        // The order was acknowledged, so a search that finds nothing has not found it yet.
        if found.is_empty() {
            return (Answer::Silence, ServerNews::Answered);
        }
        for remote in superfluous(found, keep) {
            // Searching took its time: the switch may have been set meanwhile.
            if !may_go_on() {
                let retry_at = self.connection.now();
                return (Answer::NotSent { retry_at }, ServerNews::NotAsked);
            }
            match self.revoke(remote).await {
                Sent::Answered { status, .. } if status.is_success() => {}
                Sent::Answered { status, .. } if refused_news(status).is_some() => {
                    let retry_at = waiting(ServerNews::Failed, self.connection.moment());
                    return (Answer::Later { retry_at }, ServerNews::Wait(retry_at));
                }
                // Somebody else changed it meanwhile, or nobody knows: look again before the next try.
                Sent::Answered { .. } => return (Answer::Silence, ServerNews::Answered),
                Sent::Unsent | Sent::Silence => return (Answer::Silence, ServerNews::Failed),
            }
        }
        (Answer::Accepted { reference: None }, ServerNews::Answered)
    }

    /// Asks whether an order was taken back.
    pub(super) async fn look_up_cancelled(
        &self,
        key: OrderKey,
        patient_id: &str,
        keep: Keep,
    ) -> (Found, ServerNews) {
        match self.find(key, patient_id).await {
            Err(news) => self.not_told(news),
            Ok(found) => {
                let reference = oldest(&found).map(Remote::reference);
                let is_done = !found.is_empty() && superfluous(found, keep).is_empty();
                let found = if is_done {
                    Found::One {
                        reference: reference.unwrap_or_default(),
                    }
                } else {
                    Found::Nothing
                };
                (found, ServerNews::Answered)
            }
        }
    }

    async fn revoke(&self, remote: Remote) -> Sent {
        let Some(url) = self.connection.address(&remote.reference()) else {
            return Sent::Unsent;
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, FHIR_JSON);
        // Without its version it could have been completed meanwhile, and would be un-completed.
        let version = remote.version().map(|version| format!("W/\"{version}\""));
        let Some(version) = version.and_then(|v| HeaderValue::from_str(&v).ok()) else {
            return Sent::Silence;
        };
        headers.insert(IF_MATCH, version);
        let mut resource = remote.into_resource();
        if let Value::Object(fields) = &mut resource {
            fields.insert("status".to_owned(), Value::from(self.way.taken_back()));
        }
        let Ok(bytes) = serde_json::to_vec(&resource) else {
            return Sent::Unsent;
        };
        self.connection
            .send(Method::PUT, url, headers, Some(&bytes))
            .await
    }
}

/// The one that came first, one that stands before the others.
pub(super) fn oldest(found: &[Remote]) -> Option<&Remote> {
    found
        .iter()
        .min_by_key(|remote| (remote.standing(), remote.reference()))
}

/// Those that stand that are not to stay.
fn superfluous(mut found: Vec<Remote>, keep: Keep) -> Vec<Remote> {
    found.retain(Remote::stands);
    found.sort_by_key(Remote::reference);
    match keep {
        Keep::None => found,
        Keep::Oldest => found.split_off(found.len().min(1)),
    }
}
