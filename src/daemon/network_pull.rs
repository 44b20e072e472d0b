//! Pull over the network: a group's bulk export becomes facts, or what is read resident by resident.
//!
//! Waiting may take days, so the data folder is not held meanwhile: it is opened at the beginning,
//! to refuse at once what could not be stored in the end, and once more when every file is here.

use std::path::PathBuf;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::dispatch::{now, runtime};
use super::job_folder::JobFolder;
use super::network_crawl::crawled;
use super::network_pull_error::NetworkPullError;
use crate::config::SourceTerms;
use crate::fhir::{
    self, Action, BulkClient, CrawlFailure, Credentials, Deletion, ExportRequest, FileKind,
    IdentityKey, Job, Manifest, Next, NotGranted, Patience, ReadBy,
};
use crate::rulebook::Rulebook;
use crate::steps::{
    self, Access, DataFolder, LineReader, NetworkReport, PullOptions, PullReport, PullWay,
};

/// What a pull over the network needs.
pub struct NetworkPullOptions<'a> {
    /// The data folder.
    pub root: PathBuf,
    /// The rules.
    pub rulebook: &'a Rulebook,
    /// FHIR base address.
    pub server: String,
    /// How the program shows who it is.
    pub credentials: Credentials,
    /// The group to export.
    pub group: String,
    /// What the source is called.
    pub source: String,
    /// Resource types to ask for.
    pub types: Vec<String>,
    /// How the data are asked for.
    pub by: PullBy,
    /// The `Patient.id`s of the group, where the server does not say them; for a crawl only.
    pub members: Option<Vec<String>>,
    /// How many residents are read at once by a crawl.
    pub at_once: usize,
    /// Whether only what changed since the last whole pull is asked for; a crawl reads everything.
    pub changed: bool,
    /// Whether the export is asked for by POST.
    pub by_post: bool,
    /// After how many days an export is given up.
    pub days: u32,
    /// After how long this pull ends, so that others may have their turn; what is under way is kept.
    pub within: Option<std::time::Duration>,
    /// The identity key, for a new data folder.
    pub key: Option<IdentityKey>,
    /// The laboratory whose results these are, unless they name another.
    pub laboratory: Option<String>,
    /// What the source is to the programme.
    pub terms: SourceTerms,
    /// Worker threads.
    pub threads: usize,
    /// The day of the pull.
    pub today: Date,
    /// Tells people how it goes.
    pub tell: &'a dyn Fn(&str),
}

/// How the data are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PullBy {
    /// By bulk export; where the server has none, fails at it or takes too long, resident by resident.
    #[default]
    Auto,
    /// By bulk export only.
    Export,
    /// Resident by resident.
    Crawl,
}

/// Pulls a group's export into the data folder; goes on with one that is under way.
///
/// # Errors
///
/// When the server refuses or fails, or the facts cannot be stored; nothing of them is stored then.
pub fn network_pull(options: &NetworkPullOptions<'_>) -> Result<PullReport, NetworkPullError> {
    let since = {
        let data = DataFolder::open(&options.root, Access::Write)?;
        let terms = (&options.source[..], options.terms);
        steps::ready_to_pull(options.rulebook, &data, options.key.as_ref(), terms)?;
        let place = (&options.server[..], &options.group[..]);
        data.watermark(&options.source, place, &options.types)?
    };
    let folder = JobFolder::open(&options.root, &options.source, &options.group)?;
    let pulled = pulled(options, &folder, since);
    let Some(within) = options.within else {
        return runtime()?.block_on(pulled);
    };
    // Storing does not wait for anybody, so that it is never cut off in the middle.
    let in_time = runtime()?.block_on(async { tokio::time::timeout(within, pulled).await });
    match in_time {
        Ok(ended) => ended,
        Err(_elapsed) => {
            // Its facts may be stored, and only the server not told so yet.
            let jobs = [
                folder.job()?.map(|job| job.id),
                folder.crawl()?.map(|crawl| crawl.id),
            ];
            let data = DataFolder::open(&options.root, Access::Read)?;
            for job in jobs.into_iter().flatten() {
                if let Some(report) = data.pull_of(&job)? {
                    return Ok(report);
                }
            }
            Err(NetworkPullError::NotInTime(within.as_secs()))
        }
    }
}

/// Pulls by the way that is asked for, or goes on by the one that is under way.
async fn pulled(
    options: &NetworkPullOptions<'_>,
    folder: &JobFolder,
    since: Option<String>,
) -> Result<PullReport, NetworkPullError> {
    let (job, crawl) = (folder.job()?, folder.crawl()?);
    if let Some(crawl) = crawl {
        if options.by == PullBy::Export {
            return Err(NetworkPullError::OtherJob("reading by search".to_owned()));
        }
        resumed(options, &crawl.request)?;
        return crawled(options, folder, Some(crawl)).await;
    }
    if options.by == PullBy::Crawl {
        if job.is_some() {
            return Err(NetworkPullError::OtherJob("bulk export".to_owned()));
        }
        return crawled(options, folder, None).await;
    }
    let failure = match exported(options, folder, (job, since)).await {
        Err(NetworkPullError::Export(failure)) => failure,
        ended => return ended,
    };
    if options.by == PullBy::Export || !failure.leaves_a_crawl() {
        return Err(failure.into());
    }
    (options.tell)(&format!(
        "note: {failure}\nreading resident by resident instead"
    ));
    match crawled(options, folder, None).await {
        Err(NetworkPullError::Crawl(crawl @ CrawlFailure::Members(_))) => {
            Err(NetworkPullError::Neither {
                export: failure,
                crawl,
            })
        }
        ended => ended,
    }
}

/// Pulls by bulk export.
async fn exported(
    options: &NetworkPullOptions<'_>,
    folder: &JobFolder,
    (job, since): (Option<Job>, Option<String>),
) -> Result<PullReport, NetworkPullError> {
    let client = client(options)?;
    let job = match job {
        Some(job) => {
            resumed(options, &job.request)?;
            job
        }
        None => {
            let missing = client.not_granted().await?;
            let since = since.filter(|_| options.changed);
            Job::new(request(options, since, missing)?, now())
        }
    };
    let driver = Driver {
        options,
        folder,
        client: &client,
    };
    let id = job.id.clone();
    match driver.drive(client.go_on(job)).await? {
        Some(report) => Ok(report),
        // Its facts were stored by a process that was killed before it could close the export.
        None => {
            let data = DataFolder::open(&options.root, Access::Read)?;
            data.pull_of(&id)?.ok_or(NetworkPullError::GivenUp)
        }
    }
}

/// Gives an export up that is under way, here and at the server; says whether there was one.
///
/// # Errors
///
/// When the folder of the job cannot be used, or no token is given.
pub fn cancel_pull(options: &NetworkPullOptions<'_>) -> Result<bool, NetworkPullError> {
    drop(DataFolder::open(&options.root, Access::WriteExisting)?);
    let folder = JobFolder::open(&options.root, &options.source, &options.group)?;
    if folder.crawl()?.is_some() {
        // The server knows nothing of it.
        folder.forget()?;
        return Ok(true);
    }
    let Some(job) = folder.job()? else {
        return Ok(false);
    };
    let client = client(options)?;
    let driver = Driver {
        options,
        folder: &folder,
        client: &client,
    };
    let next = client.give_up(job);
    runtime()?.block_on(driver.drive(next))?;
    Ok(true)
}

fn client(options: &NetworkPullOptions<'_>) -> Result<BulkClient, NetworkPullError> {
    let patience = Patience { days: options.days };
    let credentials = &options.credentials;
    let client = BulkClient::new(&options.server, credentials, &options.types, patience, now);
    Ok(client?)
}

/// What is asked for, of what the token allows.
pub(super) fn request(
    options: &NetworkPullOptions<'_>,
    since: Option<String>,
    missing: NotGranted,
) -> Result<ExportRequest, NetworkPullError> {
    let mut types = options.types.clone();
    types.retain(|kind| !missing.unreadable.contains(kind));
    if types.is_empty() {
        return Err(NetworkPullError::NothingGranted);
    }
    for (kinds, how) in [
        (&missing.unreadable, "read"),
        (&missing.narrowed, "read all of"),
    ] {
        if !kinds.is_empty() {
            (options.tell)(&format!(
                "note: the server does not let this client {how} {}; residents of this source stay undetermined\nhint: `--types` without them says that this is meant to be so",
                kinds.join(", ")
            ));
        }
    }
    Ok(ExportRequest {
        server: options.server.clone(),
        group: options.group.clone(),
        types,
        not_granted: missing.unreadable,
        narrowed: missing.narrowed,
        since,
        by_post: options.by_post,
    })
}

/// Whether what is under way was asked for with the same words.
pub(super) fn resumed(
    options: &NetworkPullOptions<'_>,
    request: &ExportRequest,
) -> Result<(), NetworkPullError> {
    let asked = request.types.iter().chain(&request.not_granted);
    let mut asked: Vec<&String> = asked.collect();
    let mut wanted: Vec<&String> = options.types.iter().collect();
    asked.sort();
    wanted.sort();
    let other = if request.server != options.server {
        Some("another server")
    } else if asked != wanted {
        Some("other resource types")
    } else if request.since.is_some() && !options.changed {
        Some("`--changed`")
    } else {
        None
    };
    if let Some(other) = other {
        return Err(NetworkPullError::OtherJob(other.to_owned()));
    }
    (options.tell)("going on with what is under way");
    Ok(())
}

struct Driver<'a> {
    options: &'a NetworkPullOptions<'a>,
    folder: &'a JobFolder,
    client: &'a BulkClient,
}

impl Driver<'_> {
    /// Does what the machine says until it is over.
    async fn drive(&self, next: Next) -> Result<Option<PullReport>, NetworkPullError> {
        let (mut job, actions) = next;
        let mut todo = actions.into_iter();
        let mut report = None;
        loop {
            // Each list of actions ends with one that leads to the next list, or with the end.
            let Some(action) = todo.next() else {
                return Ok(report);
            };
            let next = match action {
                Action::Save => {
                    self.folder.save(&job)?;
                    continue;
                }
                Action::Tell(text) => {
                    (self.options.tell)(&text);
                    continue;
                }
                Action::Clear => {
                    self.folder.clear()?;
                    continue;
                }
                Action::Forget => {
                    self.folder.forget()?;
                    continue;
                }
                Action::Ended(None) => return Ok(report),
                Action::Ended(Some(failure)) => return Err(failure.into()),
                Action::WaitUntil(until) => {
                    let wait = until.duration_since(now()).max(SignedDuration::ZERO);
                    tokio::time::sleep(std::time::Duration::try_from(wait).unwrap_or_default())
                        .await;
                    self.client.go_on(job)
                }
                Action::Ask(call) => self.client.ask(job, &call).await?,
                Action::Fetch(fetch) => {
                    let into = self.folder.folder(fetch.kind)?;
                    let coming = self.folder.coming()?;
                    self.client.fetch(job, &fetch, &coming, &into).await?
                }
                Action::Store => {
                    let manifest = job.fetched().cloned();
                    if let Some(manifest) = manifest {
                        report = Some(self.stored(&job, &manifest)?);
                    }
                    self.client.stored(job)
                }
            };
            job = next.0;
            todo = next.1.into_iter();
        }
    }

    /// Stores the facts, unless a process that ended since has done so already.
    fn stored(&self, job: &Job, manifest: &Manifest) -> Result<PullReport, NetworkPullError> {
        let mut data = DataFolder::open(&self.options.root, Access::Write)?;
        if let Some(report) = data.pull_of(&job.id)? {
            return Ok(report);
        }
        self.folder.keep_only(&manifest.files)?;
        let mut told = fhir::Told::default();
        let mut deleted = Vec::new();
        let mut not_understood = 0;
        for file in &manifest.files {
            let Some(path) = self.folder.file(file) else {
                continue;
            };
            match file.kind {
                // What went wrong may be said where resources should be.
                FileKind::Output => {
                    told.errors += file.got.as_ref().map_or(0, |got| got.errors);
                }
                FileKind::Outcome => {
                    fhir::told(&path, &mut told).map_err(NetworkPullError::Told)?;
                }
                FileKind::Deleted => {
                    let more = fhir::deletions(&path, &mut deleted);
                    not_understood += more.map_err(NetworkPullError::Told)?;
                }
            }
        }
        // As of when something was deleted is the instant of the export: without it nothing is taken back.
        if !deleted.is_empty() && manifest.transaction_time.parse::<Timestamp>().is_err() {
            not_understood += 1;
        }
        let request = &job.request;
        let mut incomplete = [&request.not_granted[..], &request.narrowed].concat();
        // What went wrong at the server does not say with which type.
        if 0 < told.errors || 0 < not_understood {
            incomplete.extend(request.types.iter().cloned());
        }
        let differing = manifest.files.iter().filter(|file| file.differs());
        for file in differing {
            match file.kind {
                FileKind::Output if !file.resource_type.is_empty() => {
                    incomplete.push(file.resource_type.clone());
                }
                // What such a file would have said may have been about any type.
                FileKind::Output | FileKind::Outcome | FileKind::Deleted => {
                    incomplete.extend(request.types.iter().cloned());
                }
            }
        }
        let network = NetworkReport {
            job: job.id.clone(),
            way: PullWay::Export,
            server: request.server.clone(),
            group: request.group.clone(),
            listed: None,
            types: request.types.clone(),
            since: request.since.clone(),
            transaction_time: manifest.transaction_time.clone(),
            incomplete: sorted(incomplete),
            outcomes: told.outcomes,
            errors: told.errors,
            error: told.code,
            deleted: deleted.len() as u64,
        };
        store(
            self.options,
            self.folder,
            &mut data,
            (&network, &deleted, &[]),
        )
    }
}

/// Each name once.
pub(super) fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}

/// Stores the facts of the files that have come.
pub(super) fn store(
    options: &NetworkPullOptions<'_>,
    folder: &JobFolder,
    data: &mut DataFolder,
    (network, deleted, lacking): (&NetworkReport, &[Deletion], &[String]),
) -> Result<PullReport, NetworkPullError> {
    let report = steps::pull(
        options.rulebook,
        data,
        &PullOptions {
            from: &folder.folder(FileKind::Output)?,
            source: &options.source,
            key: options.key.clone(),
            threads: options.threads,
            reader: LineReader::default(),
            read_by: ReadBy::default(),
            today: options.today,
            at: now().to_string(),
            laboratory: options.laboratory.as_deref(),
            terms: options.terms,
            network: Some(network),
            deleted,
            lacking,
        },
    )?;
    Ok(report)
}
