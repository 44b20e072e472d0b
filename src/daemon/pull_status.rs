//! How far each slice is: what is known of it, and what is under way.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::job_folder::wrong;
use super::network_pull_error::NetworkPullError;
use crate::config::SourceTerms;
use crate::fhir::{Crawl, ExportRequest, Job, Stage};
use crate::steps::{Access, DataFolder, SliceKnown, SourceKnown};

/// A pull that is under way; its process may be running or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnderWay {
    /// FHIR base address.
    pub server: String,
    /// The group.
    pub group: String,
    /// How it is asked for: `export` or `crawl`.
    pub way: &'static str,
    /// Where it is.
    pub stage: &'static str,
    /// When it began, in UTC.
    pub began: String,
    /// Files of an export, or residents of a crawl, that are here; none while that is not known.
    pub here: Option<u64>,
    /// Of so many.
    pub of: Option<u64>,
}

/// How far each slice of a data folder is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullStatus {
    /// What is known of each source.
    pub sources: Vec<SourceKnown>,
    /// What pulls over the network have stored, slice by slice.
    pub slices: Vec<SliceKnown>,
    /// What is under way.
    pub under_way: Vec<UnderWay>,
}

/// Reads how far each source and slice is; no server is asked, and what is under way is not disturbed.
/// Of `configured` sources those are named as well that were never pulled.
///
/// # Errors
///
/// When the data folder cannot be read.
pub fn pull_status(
    root: &Path,
    configured: &[(&str, SourceTerms)],
) -> Result<PullStatus, NetworkPullError> {
    let data = DataFolder::open(root, Access::Read)?;
    let (sources, slices) = (data.sources(configured)?, data.slices()?);
    let mut under_way = Vec::new();
    let pulls = root.join("pulls");
    let entries = match fs::read_dir(&pulls) {
        Ok(entries) => entries
            .collect::<Result<Vec<_>, _>>()
            .map_err(wrong("read", &pulls))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(wrong("read", &pulls)(error).into()),
    };
    for entry in entries {
        // What is not there, or not whole yet, is not under way.
        let read = |name: &str| fs::read_to_string(entry.path().join(name)).ok();
        let job = read("job.json").and_then(|text| Job::from_text(&text));
        let crawl = read("crawl.json").and_then(|text| Crawl::from_text(&text));
        under_way.extend(job.as_ref().map(of_export));
        under_way.extend(crawl.as_ref().map(of_crawl));
    }
    under_way.sort_by(|a, b| (&a.server, &a.group).cmp(&(&b.server, &b.group)));
    Ok(PullStatus {
        sources,
        slices,
        under_way,
    })
}

fn of(request: &ExportRequest, began: i64) -> UnderWay {
    let began = jiff::Timestamp::from_second(began).unwrap_or_default();
    UnderWay {
        server: request.server.clone(),
        group: request.group.clone(),
        way: "export",
        stage: "asking",
        began: began.to_string(),
        here: None,
        of: None,
    }
}

fn of_export(job: &Job) -> UnderWay {
    let (stage, manifest) = match &job.stage {
        Stage::Asking { .. } => ("asking", None),
        Stage::Preparing { .. } => ("preparing", None),
        Stage::Fetching { manifest, .. } => ("fetching", Some(manifest)),
        Stage::Fetched { manifest, .. } => ("fetched", Some(manifest)),
        Stage::Closing { .. } => ("closing", None),
    };
    let here = manifest.map(|manifest| {
        let here = manifest.files.iter().filter(|file| file.got.is_some());
        here.count() as u64
    });
    UnderWay {
        stage,
        here,
        of: manifest.map(|manifest| manifest.files.len() as u64),
        ..of(&job.request, job.began)
    }
}

fn of_crawl(crawl: &Crawl) -> UnderWay {
    UnderWay {
        way: "crawl",
        stage: "reading",
        here: Some(crawl.done),
        of: Some(crawl.members),
        ..of(&crawl.request, crawl.began)
    }
}
