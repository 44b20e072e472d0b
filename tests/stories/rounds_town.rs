//! A whole town, some steps at a time: nobody is lost, and nobody is asked twice.

use crate::support::programme::Programme;
use crate::support::site::Dice;

/// Lives through uneven steps, during which things happen to residents and to requests.
fn lives_on(profile: &str, seed: u64) {
    let more = "[sampled_negatives]\nshare = 0.3\napproved_by = \"Dr Test\"\n";
    let mut programme = Programme::of(profile, 200, more);
    let mut dice = Dice::new(seed);
    programme.works();
    for _ in 0..6 {
        for state in ["asked", "ordered", "confirming", "overdue", "below-level"] {
            let all = programme.all_who_are(state);
            if all.is_empty() {
                continue;
            }
            let resident = &all[dice.below(all.len())];
            match dice.below(8) {
                0 => resident.dies(),
                1 => resident.refuses(),
                2 => resident.hides(),
                3 => resident.has_results(8.1, 52.0),
                4 => resident.has_results(5.1, 35.0),
                5 => drop(resident.never_comes().never_answers()),
                6 => drop(resident.comes_after(2).has_result_amended()),
                _ => drop(resident.answers_after(3)),
            }
        }
        let days = 3 + dice.below(40);
        programme.waits(i32::try_from(days).expect("a few"));
        programme.pulls();
        programme.decides();
        programme.faults("seed=4,lost-answer=0.05,status-503=0.05,lost-request=0.05");
        programme.does(&["dispatch", "--for", "500ms"]);
        programme.faults("seed=1");
        programme.delivers();
        programme.everybody_is_accounted_for();
        programme.each_order_is_there_once();
    }
    programme.agrees_with_the_other_side();
    programme.site.is_whole();
}

#[test]
fn in_a_town_behind_apottis_server_everybody_is_in_one_state_and_each_order_is_there_once() {
    lives_on("apotti", 11);
}

#[test]
fn in_a_town_behind_an_open_server_everybody_is_in_one_state_and_each_order_is_there_once() {
    lives_on("open", 12);
}
