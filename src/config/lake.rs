//! Where the lake lies.

use std::path::Path;

use super::server::scheme_and_host;
use crate::fhir::is_this_machine;
use crate::lake::Place;

/// A place with absolute paths; what does not go together is told.
pub(super) fn checked(
    place: Place,
    beside: &Path,
    is_trial: bool,
    mistakes: &mut Vec<String>,
) -> Place {
    let mut wrong = |what: &str| mistakes.push(format!("lake: {what}"));
    let is_folder = place.bucket().is_none();
    if let Some((bucket, _)) = place.bucket() {
        let host = place.endpoint.as_deref().map(scheme_and_host);
        match host {
            Some(None) => wrong("`endpoint` is not an http or https address"),
            Some(Some((scheme, host))) => {
                if scheme == "http" && !is_this_machine(host) {
                    wrong("`endpoint` must be https: the lake is about people");
                }
                if is_trial && !is_this_machine(host) {
                    wrong("a trial keeps its lake on this machine (127.0.0.1, ::1, localhost)");
                }
            }
            None if is_trial => wrong("a trial keeps its lake on this machine: `endpoint`"),
            None if place.region.is_none() => {
                wrong("a bucket needs its `region`, or the `endpoint` of the object store");
            }
            None => {}
        }
        if bucket.is_empty() {
            wrong("`at` names no bucket: `s3://BUCKET/PREFIX`");
        }
        if place.access_key_id.is_some() != place.secret_key_file.is_some() {
            wrong("`access_key_id` and `secret_key_file` belong together");
        }
    } else if place.at.contains("://") || place.at.is_empty() {
        wrong("`at` is `s3://BUCKET/PREFIX` or the path of a folder");
    } else if place.endpoint.is_some()
        || place.region.is_some()
        || place.access_key_id.is_some()
        || place.secret_key_file.is_some()
    {
        wrong("a folder has no endpoint, region and key: they belong to `s3://`");
    }
    if !(1..=3_600).contains(&place.give_up_seconds) {
        wrong("`give_up_seconds` is 1 to 3600");
    }
    // What is remembered must mean the same from wherever the program is started.
    let absolute = |path: &Path| {
        let path = beside.join(path);
        std::path::absolute(&path).unwrap_or(path)
    };
    Place {
        at: if is_folder {
            absolute(Path::new(&place.at)).display().to_string()
        } else {
            place.at
        },
        secret_key_file: place.secret_key_file.as_deref().map(absolute),
        ..place
    }
}
