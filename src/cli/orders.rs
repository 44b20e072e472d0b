//! `preventio orders`

use preventiojyraa::ledger::{AuditAct, Review};
use preventiojyraa::steps::{Access, DataFolder, WaitingOrders};

use super::{
    CommandResult, DataArguments, Outcome, RulesArguments, account, filled, print, share_in_words,
    show,
};

/// Look through orders before they leave, approve or hold them, and undo it
///
/// On a channel with `mode = "reviewed"` no order leaves before somebody has approved it; on any
/// channel an order that is held stays until it is approved. Whatever a person says, each order is
/// decided about again just before it leaves.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    List(ListArguments),
    Approve(ReviewArguments),
    Hold(ReviewArguments),
    Undo(UndoArguments),
}

/// Take back what was said about orders in one act, of all that have not left
///
/// What was said before holds again. What has left already is told, and is not reached by it.
///
/// Example: preventio orders undo 7 --by "Maija Meikäläinen" --data data
#[derive(clap::Args)]
struct UndoArguments {
    #[command(flatten)]
    data: DataArguments,
    /// The number of the act, as `orders approve` and `orders hold` tell it
    #[arg(value_name = "ACT")]
    act: u64,
    /// Who takes it back
    #[arg(long, value_name = "NAME")]
    by: String,
}

/// List orders that have not left, oldest decision first
///
/// A line for each: key, act, resident, day of the decision, last day for leaving or that the resident's
/// turn to be asked is waited for, and what somebody has said about it; of an order that is held, how many
/// newer statements about the resident have come since: what was right by older data may not be any more.
/// `preventio explain RESIDENT` says why it was decided.
///
/// Example: preventio orders list --data data
#[derive(clap::Args)]
struct ListArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// Only tests of those below the action level who were drawn by lot
    #[arg(long)]
    drawn: bool,
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

/// Say what is to become of orders
///
/// Examples: preventio orders approve 9f86d081884c7d659a2feaa0c55ad015 --by "Maija Meikäläinen" --data data,
/// preventio orders hold --all --by "Maija Meikäläinen" --reason "texts change" --data data
#[derive(clap::Args)]
struct ReviewArguments {
    #[command(flatten)]
    data: DataArguments,
    /// The orders' keys, as `orders list` shows them
    #[arg(
        value_name = "KEY",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    keys: Vec<String>,
    /// All orders that have not left
    #[arg(long)]
    all: bool,
    /// Who takes the responsibility
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "not given")]
    reason: String,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::List(arguments) => {
            let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
            let rulebook = arguments.rules.load()?;
            let mut waiting = data.waiting_orders(&rulebook)?;
            if arguments.drawn {
                waiting.orders.retain(|order| order.drawn_e9.is_some());
            }
            let n = waiting.orders.len().to_string();
            data.audit(&account(), AuditAct::ListedOrders, None, &n)?;
            show(&waiting, arguments.json, render)?;
            Ok(Outcome::Done)
        }
        Command::Approve(arguments) => review(arguments, Review::Approved),
        Command::Hold(arguments) => review(arguments, Review::Held),
        Command::Undo(arguments) => undo(arguments),
    }
}

fn undo(arguments: &UndoArguments) -> CommandResult {
    let expected = "the name of the person who takes it back";
    let by = filled("--by", &arguments.by, expected)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let back = data.take_back_review(arguments.act, None, by)?;
    let mut said = format!(
        "Taken back by {by}: {} {}.\n",
        back.orders,
        orders(back.orders)
    );
    if 0 < back.had_left {
        said.push_str(&format!(
            "{} {} had left already.\n",
            back.had_left,
            orders(back.had_left)
        ));
    }
    if 0 < back.said_since {
        let n = back.said_since;
        said.push_str(&format!(
            "About {n} {} something else was said since.\n",
            orders(n)
        ));
    }
    print(&said)?;
    Ok(Outcome::Done)
}

const fn orders(n: u64) -> &'static str {
    if n == 1 { "order" } else { "orders" }
}

fn review(arguments: &ReviewArguments, review: Review) -> CommandResult {
    let expected = "the name of the person who takes the responsibility";
    let by = filled("--by", &arguments.by, expected)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let reason = arguments.reason.trim();
    let (reviewed, on_their_way) = if arguments.all {
        let all = data.review_all(review, by, reason)?;
        (all.reviewed, all.on_their_way)
    } else {
        (data.review(&arguments.keys, review, by, reason)?, 0)
    };
    let n = reviewed.news;
    let mut said = format!("{n} {} {} by {by}.\n", orders(n), review.name());
    if 0 < on_their_way {
        let were = if on_their_way == 1 { "was" } else { "were" };
        said.push_str(&format!(
            "{on_their_way} {} {were} on the way already.\n",
            orders(on_their_way)
        ));
    }
    if let Some(act) = reviewed.act {
        said.push_str(&format!(
            "`preventio orders undo {act}` takes it back until they have left.\n"
        ));
    }
    print(&said)?;
    Ok(Outcome::Done)
}

fn render(waiting: &WaitingOrders) -> String {
    if waiting.orders.is_empty() {
        return "No order waits to leave.\n".to_owned();
    }
    let mut text = String::new();
    for order in &waiting.orders {
        let review = order.review.unwrap_or("not looked at");
        let since = match order.told_since_held {
            None | Some(0) => String::new(),
            Some(1) => "; 1 newer statement since, look again".to_owned(),
            Some(n) => format!("; {n} newer statements since, look again"),
        };
        let leaves = match &order.send_by {
            Some(day) => format!("leaves by {day}"),
            None => "waits for their turn".to_owned(),
        };
        let drawn = order
            .drawn_e9
            .map(|share| format!("  drawn by lot ({})", share_in_words(share)));
        let drawn = drawn.unwrap_or_default();
        text.push_str(&format!(
            "{}  {}  {}  decided {}, {leaves}{drawn}  {review}{since}\n",
            order.key, order.act, order.resident, order.decided_on
        ));
    }
    text
}
