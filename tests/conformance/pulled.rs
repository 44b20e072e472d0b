//! The checklist of pulling, row by row with the tests that prove it, as the README shows it.
//!
//! `PREVENTIO_UPDATE=1 cargo test --test main conformance` writes the table into the README.
//! Another module of tests adds its rows by naming its section in [`SECTIONS`].

use std::env;
use std::fs;
use std::path::Path;

use super::orders::ORDERS_SENT;
use crate::ROOT;
use crate::support::conformance::{Done, Row, Section, mistakes, table};

/// Every section, in the order of the README.
const SECTIONS: &[&Section] = &[&BULK, &ORDERS_SENT, &FAULTS];

pub(super) const fn row(
    id: &'static str,
    meaning: &'static str,
    tests: &'static [&'static str],
) -> Row {
    Row {
        id,
        meaning,
        done: Done::Implemented,
        tests,
    }
}

const fn refused(
    id: &'static str,
    meaning: &'static str,
    why: &'static str,
    tests: &'static [&'static str],
) -> Row {
    Row {
        id,
        meaning,
        done: Done::Refused(why),
        tests,
    }
}

const BULK: Section = Section {
    heading: "Bulk Data client",
    rows: &[
        row(
            "B1",
            "the token address is taken from `smart-configuration`, to which no token goes",
            &["a_token_goes_to_the_server_alone_and_is_written_down_nowhere"],
        ),
        row(
            "B2",
            "assertions by ES384 and RS384, for minutes, used once; scopes of SMART 2 or 1",
            &[
                "an_assertion_says_who_we_are_to_whom_for_some_minutes_and_once",
                "a_pulled_group_decides_as_its_export_folder_does",
                "scopes_are_asked_for_in_the_version_the_server_knows",
            ],
        ),
        row(
            "B3",
            "a token is renewed before it expires, and once when it is refused",
            &[
                "a_token_that_expires_while_the_server_prepares_is_renewed",
                "a_token_taken_back_is_renewed_once",
            ],
        ),
        row(
            "B4",
            "a narrower scope is noticed, also one with conditions",
            &[
                "what_the_token_does_not_allow_leaves_residents_undetermined_unless_it_is_meant_so",
                "a_scope_with_conditions_leaves_residents_undetermined",
            ],
        ),
        refused(
            "B5",
            "keys of our own under a public address",
            "the hospital registers the public key, and a second one before a change of keys; the private key is never shown",
            &["the_private_key_is_never_shown"],
        ),
        row(
            "B6",
            "no token goes to another origin",
            &[
                "a_file_that_needs_a_token_on_another_origin_gets_none",
                "a_redirect_and_a_next_page_elsewhere_get_nothing",
                "pages_are_followed_on_the_same_server_only_and_never_in_a_circle",
            ],
        ),
        row(
            "B7",
            "kick-off with `respond-async`; a status address that is missing or relative is told",
            &[
                "an_export_is_asked_for_in_the_form_of_the_guide",
                "each_refusal_says_what_is_wrong",
            ],
        ),
        row(
            "B8",
            "GET with lists, or POST with repeated parameters",
            &[
                "an_export_is_asked_for_in_the_form_of_the_guide",
                "a_group_is_asked_for_by_post_as_the_newest_guide_says",
            ],
        ),
        refused(
            "B9",
            "`_typeFilter`",
            "servers misread it; lines are filtered here by the rules, and an export of nobody does not count as whole",
            &[
                "no_filter_is_asked_for_and_nothing_leniently",
                "an_export_of_nobody_is_not_a_city_without_people",
            ],
        ),
        row(
            "B10",
            "refusals are told in the server's words; 429 at kick-off is waited for",
            &[
                "each_refusal_says_what_is_wrong",
                "every_way_of_saying_not_yet_is_waited_for",
            ],
        ),
        refused(
            "B11",
            "`handling=lenient`",
            "what a server leaves out silently cannot be told from what is not there",
            &["no_filter_is_asked_for_and_nothing_leniently"],
        ),
        row(
            "B12",
            "waits grow, and are never shorter than `Retry-After` in seconds, as date or in milliseconds since 1970, nor absurd",
            &[
                "waits_are_never_shorter_than_the_server_says_and_never_absurd",
                "seconds_and_dates_are_understood_and_nothing_else",
                "the_wait_without_a_word_doubles_up_to_five_minutes_and_is_the_same_each_time",
            ],
        ),
        row(
            "B13",
            "`X-Progress` is told; 200 with `X-Export-Status: 202` is not yet",
            &["every_way_of_saying_not_yet_is_waited_for"],
        ),
        row(
            "B14",
            "`transient` is asked again, other failures end the pull",
            &[
                "every_way_of_saying_not_yet_is_waited_for",
                "each_refusal_says_what_is_wrong",
            ],
        ),
        row(
            "B15",
            "killed at any moment, the same command goes on; an export has a deadline",
            &[
                "each_stage_goes_on_by_itself_after_a_restart",
                "an_export_that_takes_too_long_is_given_up_but_not_one_that_is_here",
            ],
        ),
        row(
            "B16",
            "an export that the server forgot is asked for anew once; redirects stay on the server",
            &[
                "an_export_that_the_server_forgot_is_asked_for_anew_once",
                "a_status_that_has_moved_is_followed_on_the_same_server_only",
            ],
        ),
        row(
            "B17",
            "the server's clock becomes the watermark with the facts, never before",
            &[
                "only_what_changed_is_asked_for_when_told_so",
                "a_file_with_fewer_lines_than_promised_leaves_its_residents_undetermined",
            ],
        ),
        row(
            "B18",
            "where no token is required none is sent",
            &["a_token_goes_to_the_server_alone_and_is_written_down_nowhere"],
        ),
        row(
            "B19",
            "`output`, `deleted`, `error` and `outcome` are read; part of an export is never the whole",
            &[
                "what_the_server_could_not_export_leaves_residents_undetermined_until_it_can",
                "old_and_new_manifests_are_read",
            ],
        ),
        row(
            "B20",
            "what was deleted is taken back; a deleted resident stays on the register, undetermined",
            &[
                "what_the_source_has_deleted_is_taken_back",
                "somebody_in_the_list_of_deleted_stays_on_the_register",
            ],
        ),
        row(
            "B21",
            "several files of a type, pages of a manifest, header lines, files that continue",
            &[
                "pages_of_a_manifest_are_put_together",
                "a_manifest_that_leads_back_to_itself_is_given_up",
                "files_in_parts_and_with_header_lines_are_read_like_any_other",
            ],
        ),
        row(
            "B22",
            "gzip or not, by any name of the type; `count` and `fileSize` are checked",
            &[
                "a_packed_file_is_read_whether_it_is_said_to_be_packed_or_not",
                "files_come_under_any_of_the_names_for_lines",
                "a_file_of_another_size_than_promised_leaves_its_residents_undetermined",
            ],
        ),
        row(
            "B23",
            "any line end; a bad line is set aside, many bad lines are missing data; a file cut off is fetched again",
            &[
                "lines_come_with_any_ending_and_strangers_are_counted",
                "bad_lines_make_nobody_well_however_many_there_are",
                "a_file_that_breaks_off_is_fetched_again",
            ],
        ),
        row(
            "B24",
            "a file that is gone, or whose address has expired, is looked up in the manifest again, then the export is asked for anew",
            &[
                "a_file_that_is_gone_is_looked_for_in_the_manifest_once_more",
                "a_signed_address_that_has_expired_is_had_anew",
                "a_signed_address_that_is_never_good_does_not_keep_the_export_for_ever",
            ],
        ),
        row(
            "B25",
            "of several versions the newest counts; without a time the content tells them apart",
            &["the_newest_of_several_versions_counts_wherever_it_stands"],
        ),
        row(
            "B26",
            "references are relative, absolute, of a version or `urn:uuid`",
            &["references_are_understood_however_they_are_written"],
        ),
        row(
            "B27",
            "the server is told to delete what is stored or cancelled",
            &[
                "every_way_of_saying_not_yet_is_waited_for",
                "an_export_can_be_cancelled",
            ],
        ),
        row(
            "B28",
            "who is new in what changed stays undetermined until everything comes",
            &["whoever_is_new_in_what_changed_waits_until_everything_comes"],
        ),
        row(
            "B29",
            "strangers in a file are counted; an error where resources should be is missing data",
            &[
                "lines_come_with_any_ending_and_strangers_are_counted",
                "an_error_where_resources_should_be_leaves_residents_undetermined",
            ],
        ),
        row(
            "B30",
            "without an export residents are read one by one, with the same facts",
            &[
                "facts_by_search_are_the_facts_of_the_export",
                "a_server_without_export_is_read_resident_by_resident",
                "an_export_that_takes_too_long_is_given_up_for_a_crawl",
            ],
        ),
    ],
};

const FAULTS: Section = Section {
    heading: "Fault of the stand-in",
    rows: &[
        row(
            "status-429",
            "429, `Retry-After` in seconds",
            &["too_many_requests_are_waited_for_in_seconds"],
        ),
        row(
            "status-429-date",
            "429, `Retry-After` as a date",
            &["too_many_requests_are_waited_for_until_a_date"],
        ),
        row(
            "status-429-millis",
            "429, `Retry-After` in milliseconds since 1970",
            &["too_many_requests_are_waited_for_until_an_instant_in_milliseconds"],
        ),
        row(
            "status-500",
            "a failure that lasts",
            &["a_server_that_fails_for_good_ends_the_pull_with_its_words"],
        ),
        row(
            "status-500-transient",
            "a failure that says it will pass",
            &["a_server_that_fails_and_says_it_will_pass_is_asked_again"],
        ),
        row(
            "status-503",
            "away for a moment",
            &["a_server_that_is_away_is_waited_for"],
        ),
        row(
            "slow",
            "answers late, or drop by drop",
            &["a_file_that_drips_comes_whole"],
        ),
        row(
            "truncated-file, cut-short",
            "a file that ends early",
            &["a_file_that_ends_early_is_fetched_again"],
        ),
        row(
            "wrong-type",
            "a page for people",
            &["a_page_for_people_is_no_answer"],
        ),
        row(
            "partial-manifest",
            "a manifest without a file, and with an error file",
            &["a_manifest_with_an_error_leaves_residents_undetermined"],
        ),
        row(
            "deleted-resources",
            "a resident and an unknown result deleted at the source",
            &["somebody_in_the_list_of_deleted_stays_on_the_register"],
        ),
        row(
            "expired-url",
            "403 for the address of a file",
            &["an_address_that_has_expired_is_looked_up_again"],
        ),
        row(
            "expired-token",
            "401 for a good token",
            &["a_token_that_has_expired_is_renewed_once_for_each_question"],
        ),
        row(
            "replayed-jti",
            "an assertion is said to have been used",
            &["an_assertion_that_is_said_to_be_used_is_told_at_once"],
        ),
        row(
            "redirect-elsewhere, next-elsewhere",
            "a redirect or a next page on another origin",
            &["a_redirect_and_a_next_page_elsewhere_get_nothing"],
        ),
        row(
            "duplicates",
            "lines twice and out of order",
            &["lines_that_come_twice_and_out_of_order_say_the_same"],
        ),
        row(
            "empty-export",
            "an empty 200 for an `$export` that is not there",
            &["an_empty_answer_for_an_export_leads_to_a_crawl"],
        ),
        row(
            "no-mode",
            "entries without `search.mode`",
            &["an_entry_that_does_not_say_that_it_matches_does"],
        ),
        row(
            "no-location",
            "201 without `Location`",
            &["each_fault_does_what_its_name_says"],
        ),
        row(
            "lost-answer",
            "an answer that does not come",
            &["an_answer_that_is_lost_is_asked_for_again"],
        ),
        row(
            "lost-request",
            "a request that does not arrive",
            &["a_request_that_is_lost_is_sent_again"],
        ),
    ],
};

const BEGIN: &str = "<!-- conformance: written by the tests -->\n";
const END: &str = "<!-- end of conformance -->\n";

#[test]
fn every_row_names_tests_that_are_there() {
    let mistakes = mistakes(Path::new(ROOT), SECTIONS);
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn every_rule_of_the_checklist_has_its_row() {
    let ids: Vec<String> = BULK.rows.iter().map(|row| row.id.to_owned()).collect();
    let all: Vec<String> = (1..=30).map(|n| format!("B{n}")).collect();
    assert_eq!(ids, all);
}

#[test]
fn the_readme_shows_what_the_tests_prove() {
    let path = Path::new(ROOT).join("README.md");
    let readme = fs::read_to_string(&path).expect("there is a README");
    let (before, rest) = readme.split_once(BEGIN).expect("the table has a beginning");
    let (shown, after) = rest.split_once(END).expect("the table has an end");
    let table = table(SECTIONS);
    if env::var_os("PREVENTIO_UPDATE").is_some() {
        let text = format!("{before}{BEGIN}{table}\n{END}{after}");
        fs::write(&path, text).expect("the README can be written");
        return;
    }
    assert_eq!(
        shown.trim(),
        table.trim(),
        "hint: PREVENTIO_UPDATE=1 writes it"
    );
}
