//! Searchsets of what we sent, read without losing anything of a resource.

use serde_json::Value;

use super::{ORDERS, RemoteOrder, RemoteStanding, Way};

/// One page of a searchset.
pub(super) struct Page {
    /// What it has of the way's type; other resources (an `OperationOutcome` of the search) are passed over.
    pub(super) found: Vec<Remote>,
    /// Where the next page is.
    pub(super) next: Option<String>,
}

impl Page {
    /// Reads a page; `None` when it is not a searchset or one of its resources cannot be
    /// understood: half a page is no answer to "is it there".
    pub(super) fn read(body: &[u8], way: Way) -> Option<Self> {
        let bundle: Value = serde_json::from_slice(body).ok()?;
        if bundle.get("resourceType")?.as_str()? != "Bundle" {
            return None;
        }
        let mut found = Vec::new();
        // `entry` is absent when nothing was found; a `search.mode` may be absent on a match.
        let entries = match bundle.get("entry") {
            None => &[],
            Some(entries) => &entries.as_array()?[..],
        };
        for entry in entries {
            let resource = entry.get("resource")?;
            if resource.get("resourceType")?.as_str()? == way.resource_type() {
                found.push(Remote::read(resource.clone(), way)?);
            }
        }
        let links = bundle.get("link").and_then(Value::as_array);
        let next = links.into_iter().flatten().find_map(|link| {
            let is_next = link.get("relation").and_then(Value::as_str) == Some("next");
            let url = link.get("url").and_then(Value::as_str);
            url.filter(|_| is_next).map(str::to_owned)
        });
        Some(Self { found, next })
    }
}

/// Something of ours as the other side has it, whole. Holds a resident's data: no `Debug`.
pub(super) struct Remote {
    way: Way,
    resource: Value,
}

impl Remote {
    fn read(resource: Value, way: Way) -> Option<Self> {
        resource.get("id")?.as_str()?;
        resource.get("status")?.as_str()?;
        Some(Self { way, resource })
    }

    fn text(&self, field: &str) -> &str {
        let value = self.resource.get(field).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    /// `Type/id`.
    pub(super) fn reference(&self) -> String {
        format!("{}/{}", self.way.resource_type(), self.text("id"))
    }

    /// Whether it still stands: somebody may act on it, or has read it.
    pub(super) fn stands(&self) -> bool {
        self.standing() == RemoteStanding::Stands
    }

    /// What became of it.
    pub(super) fn standing(&self) -> RemoteStanding {
        self.way.standing(self.text("status"))
    }

    pub(super) fn version(&self) -> Option<&str> {
        self.resource.get("meta")?.get("versionId")?.as_str()
    }

    /// Our keys among its identifiers.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let identifiers = self.resource.get("identifier").and_then(Value::as_array);
        identifiers.into_iter().flatten().filter_map(|identifier| {
            let system = identifier.get("system").and_then(Value::as_str);
            let value = identifier.get("value").and_then(Value::as_str);
            value.filter(|_| system == Some(ORDERS))
        })
    }

    /// What reconciliation needs of it, under one of our keys.
    pub(super) fn as_order(&self, key: &str) -> RemoteOrder {
        RemoteOrder {
            key: key.to_owned(),
            reference: self.reference(),
            standing: self.standing(),
        }
    }

    pub(super) fn into_resource(self) -> Value {
        self.resource
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_without_its_mode_is_a_match() {
        let page = |search: &str| {
            let order = r#"{"resourceType":"ServiceRequest","id":"1","status":"active"}"#;
            let bundle = format!(
                r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{order}{search}}}]}}"#
            );
            Page::read(bundle.as_bytes(), Way::ServiceRequest).expect("a page")
        };
        for search in ["", r#","search":{}"#, r#","search":{"mode":"match"}"#] {
            assert_eq!(page(search).found.len(), 1, "{search}");
        }
    }

    #[test]
    fn half_a_page_is_no_answer() {
        for body in [
            "",
            r#"{"resourceType":"OperationOutcome"}"#,
            r#"{"resourceType":"Bundle","entry":[{}]}"#,
            r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"ServiceRequest","id":"1"}}]}"#,
        ] {
            assert!(
                Page::read(body.as_bytes(), Way::ServiceRequest).is_none(),
                "{body}"
            );
        }
    }
}
