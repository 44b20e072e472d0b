#[derive(clap::Args)]
pub(super) struct Arguments {}
pub(super) fn run(_: &Arguments) -> super::CommandResult { Ok(super::Outcome::Done) }
