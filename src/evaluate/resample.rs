//! Bootstrap replicates on all cores.

use std::panic::resume_unwind;
use std::thread;

use crate::calibration::{OutcomesError, Replicate, Resampling, Rows};

/// How a table is resampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// How many replicates.
    pub replicates: u32,
    /// What they follow from.
    pub seed: u64,
}

/// All replicates, in the order of their numbers whatever the number of threads.
///
/// # Errors
///
/// A table that cannot be resampled: see [`Resampling::new`].
pub fn resample(rows: &Rows, drawn: Drawn, threads: u32) -> Result<Vec<Replicate>, OutcomesError> {
    let resampling = &Resampling::new(rows)?;
    let share = drawn.replicates.div_ceil(threads.max(1)).max(1);
    let replicates = thread::scope(|scope| {
        let mut workers = Vec::new();
        let mut first = 0;
        while first < drawn.replicates {
            let numbers = first..(first + share).min(drawn.replicates);
            first = numbers.end;
            workers.push(scope.spawn(move || {
                let replicate = |number| resampling.replicate(drawn.seed, number);
                numbers.map(replicate).collect::<Vec<_>>()
            }));
        }
        let done = workers.into_iter().map(|worker| worker.join());
        done.flat_map(|replicates| replicates.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    Ok(replicates)
}
