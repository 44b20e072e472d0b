//! A group read resident by resident: some at once, kept on disk handful by handful.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use super::dispatch::now;
use super::job_folder::JobFolder;
use super::network_pull::{NetworkPullOptions, request, sorted, store};
use super::network_pull_error::NetworkPullError;
use crate::fhir::{Crawl, CrawlClient, CrawlFailure, Deletion, Found, earliest};
use crate::steps::{Access, DataFolder, NetworkReport, PullReport, PullWay};

/// Residents read between one entry in the book of the crawl and the next: what a killed process
/// has to read again at most.
const HANDFUL: usize = 64;
/// Residents read between one word about it and the next.
const TOLD: u64 = 1_024;
/// Residents in a row, as they end, of whom something was given up: then the server fails, and not they.
const MOST_GIVEN_UP: u32 = 8;

/// Pulls resident by resident; goes on with a crawl that is under way.
pub(super) async fn crawled(
    options: &NetworkPullOptions<'_>,
    folder: &JobFolder,
    under_way: Option<Crawl>,
) -> Result<PullReport, NetworkPullError> {
    let client = CrawlClient::new(&options.server, &options.credentials, &options.types, now)?;
    let mut crawl = match under_way {
        Some(crawl) => crawl,
        None => begun(options, folder, &client).await?,
    };
    let members = folder.members()?;
    read_all(options, folder, &Arc::new(client), (&mut crawl, &members)).await?;
    let report = stored(options, folder, &crawl)?;
    folder.forget()?;
    Ok(report)
}

/// Finds out who is to be read, and writes it down.
async fn begun(
    options: &NetworkPullOptions<'_>,
    folder: &JobFolder,
    client: &CrawlClient,
) -> Result<Crawl, NetworkPullError> {
    let missing = client.not_granted().await?;
    let request = request(options, None, missing)?;
    let (members, at) = match &options.members {
        Some(members) => (members.clone(), None),
        None => {
            let found = client.members(&options.group).await??;
            (found.members, found.date)
        }
    };
    let members = sorted(members);
    let n = members.len() as u64;
    let mut crawl = Crawl::new(request, now(), n, at);
    // What is whole of these residents is not whole of the group.
    crawl.listed = options.members.as_ref().map(|_| {
        let digest = Sha256::digest(members.join("\n"));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    });
    crawl.not_searchable = client.not_searchable(&crawl.request.types).await;
    folder.clear()?;
    folder.save_members(&members)?;
    folder.save_crawl(&crawl)?;
    (options.tell)(&format!("reading {n} residents one by one"));
    Ok(crawl)
}

/// Reads those who are left, and puts what comes into the files.
async fn read_all(
    options: &NetworkPullOptions<'_>,
    folder: &JobFolder,
    client: &Arc<CrawlClient>,
    (crawl, members): (&mut Crawl, &[String]),
) -> Result<(), NetworkPullError> {
    let mut types = crawl.request.types.clone();
    types.retain(|kind| !crawl.not_searchable.contains(kind));
    let types: Arc<[String]> = types.into();
    let done = usize::try_from(crawl.done).unwrap_or(usize::MAX);
    let left = members.get(done..).unwrap_or_default();
    let mut writing = folder.writing(&crawl.files)?;
    let mut given_up = 0;
    for handful in left.chunks(HANDFUL) {
        let asked = (handful, &types);
        let found = together(client, asked, options.at_once, &mut given_up).await?;
        if crawl.transaction_time.is_none() {
            let dates = found.iter().map(|found| found.date.clone());
            crawl.transaction_time = dates.fold(None, earliest);
        }
        for (patient, found) in handful.iter().zip(found) {
            for (kind, line) in &found.lines {
                writing.add(kind, line)?;
            }
            if found.is_gone {
                crawl.gone.push(patient.clone());
            } else if !found.missing.is_empty() {
                crawl.lacks(patient, found.missing);
            }
        }
        crawl.files = writing.synced()?;
        let before = crawl.done;
        crawl.done += handful.len() as u64;
        folder.save_crawl(crawl)?;
        if before / TOLD < crawl.done / TOLD {
            let (done, all) = (crawl.done, crawl.members);
            (options.tell)(&format!("{done} of {all} residents read"));
        }
    }
    Ok(())
}

/// Reads some residents, a few at a time; in their order.
async fn together(
    client: &Arc<CrawlClient>,
    (patients, types): (&[String], &Arc<[String]>),
    at_once: usize,
    given_up: &mut u32,
) -> Result<Vec<Found>, NetworkPullError> {
    // Dropped with what it holds when one of them stops: nobody is asked any more then.
    let mut reading = JoinSet::new();
    let mut found: Vec<Found> = vec![Found::default(); patients.len()];
    let mut waiting = patients.iter().cloned().enumerate();
    loop {
        while reading.len() < at_once.max(1) {
            let Some((n, patient)) = waiting.next() else {
                break;
            };
            let (client, types) = (Arc::clone(client), Arc::clone(types));
            reading.spawn(async move { (n, client.resident(&patient, &types).await) });
        }
        match reading.join_next().await {
            None => return Ok(found),
            Some(ended) => {
                let (n, read) = ended.expect("reading a resident never panics");
                let read = read??;
                *given_up = match &read.given_up {
                    Some(last) if MOST_GIVEN_UP <= *given_up + 1 => {
                        let (residents, last) = (MOST_GIVEN_UP, last.clone());
                        return Err(CrawlFailure::Failing { residents, last }.into());
                    }
                    Some(_) => *given_up + 1,
                    None => 0,
                };
                found[n] = read;
            }
        }
    }
}

/// Stores the facts, unless a process that ended since has done so already.
fn stored(
    options: &NetworkPullOptions<'_>,
    folder: &JobFolder,
    crawl: &Crawl,
) -> Result<PullReport, NetworkPullError> {
    let mut data = DataFolder::open(&options.root, Access::Write)?;
    if let Some(report) = data.pull_of(&crawl.id)? {
        return Ok(report);
    }
    let request = &crawl.request;
    let declared = [
        &request.not_granted[..],
        &request.narrowed,
        &crawl.not_searchable,
    ];
    let mut incomplete = declared.concat();
    incomplete.extend(crawl.missing_of_too_many.iter().cloned());
    let lacking: Vec<String> = crawl.missing.iter().map(|(id, _)| id.clone()).collect();
    let gone = crawl.gone.iter().map(|id| Deletion {
        resource_type: "Patient".to_owned(),
        id: id.clone(),
    });
    let gone: Vec<Deletion> = gone.collect();
    let network = NetworkReport {
        job: crawl.id.clone(),
        way: PullWay::Crawl,
        server: request.server.clone(),
        group: request.group.clone(),
        listed: crawl.listed.clone(),
        types: request.types.clone(),
        since: None,
        transaction_time: crawl.transaction_time.clone().unwrap_or_default(),
        incomplete: sorted(incomplete),
        outcomes: 0,
        errors: 0,
        error: None,
        deleted: gone.len() as u64,
    };
    store(options, folder, &mut data, (&network, &gone, &lacking))
}
