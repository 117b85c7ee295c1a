//! The store's suite on a database of its own, each property by itself.

use std::collections::BTreeSet;

use bai::store::suite::{Bench, PROPERTIES};
use bai::store::{Location, Store};

const CACHE: usize = 1 << 20;

async fn holds(name: &str) {
    let property = PROPERTIES.iter().find(|property| property.name == name);
    let store = Store::open(&Location::memory(), CACHE).unwrap();
    let tried = property.unwrap().try_on(&Bench::own(store)).await;
    assert!(tried.is_ok(), "{name}: {}", tried.unwrap_err().0);
}

macro_rules! properties {
    ($($test:ident: $name:literal,)*) => {
        const TESTED: &[&str] = &[$($name),*];
        $(#[tokio::test]
        async fn $test() {
            holds($name).await;
        })*
    };
}

properties! {
    a_record_of_each_kind_is_inserted_changed_and_deleted: "a record of each kind is inserted, changed and deleted",
    a_list_of_writes_is_done_in_its_order: "a list of writes is done in its order",
    a_list_of_writes_is_done_as_a_whole_or_not_at_all: "a list of writes is done as a whole or not at all",
    writes_that_stand_alone_do_not_stop_each_other: "writes that stand alone do not stop each other",
    times_are_kept_in_milliseconds_and_texts_byte_by_byte: "times are kept in milliseconds, and texts byte by byte",
    numbers_are_given_in_the_order_of_creation_and_not_given_again: "numbers are given in the order of creation and not given again",
    a_key_that_is_taken_is_named: "a key that is taken is named",
    a_key_that_was_given_up_may_be_taken: "a key that was given up may be taken",
    a_phone_is_one_in_both_of_its_spellings: "a phone is one in both of its spellings",
    what_is_not_there_is_named: "what is not there is named",
    a_write_that_was_decided_on_an_older_version_is_refused: "a write that was decided on an older version is refused",
    the_last_superuser_stays: "the last superuser stays",
    records_are_found_by_each_of_their_keys: "records are found by each of their keys",
    users_are_found_by_their_e_mail_addresses_given_or_native: "users are found by their e-mail addresses, given or native",
    users_are_found_by_begins_of_their_keys: "users are found by begins of their keys",
    users_are_found_by_their_names: "users are found by their names",
    pages_show_every_record_once_in_each_order: "pages show every record once in each order",
    a_cursor_outlives_its_record: "a cursor outlives its record",
    a_skipped_page_is_counted_by_the_index: "a skipped page is counted by the index",
    blocks_show_every_user_once: "blocks show every user once",
    a_scan_shows_every_user_once: "a scan shows every user once",
    counts_are_exact_after_many_writers_at_once: "counts are exact after many writers at once",
    the_same_openid_by_two_at_once_makes_one_user: "the same openid by two at once makes one user",
    of_many_writes_decided_on_one_version_one_is_done: "of many writes decided on one version one is done",
    the_same_from_two_stores_at_once_makes_one: "the same from two stores at once makes one",
    token_keys_are_kept_and_old_ones_dropped: "token keys are kept, and old ones dropped",
    ended_tokens_rules_and_collections_are_kept: "ended tokens, rules and collections are kept",
    events_are_found_newest_first_by_what_is_asked: "events are found newest first by what is asked",
    an_event_that_repeats_itself_is_counted: "an event that repeats itself is counted",
    events_have_bounds: "events have bounds",
    a_picture_is_its_user_s_and_goes_with_it: "a picture is its user's and goes with it",
    a_picture_that_nothing_leads_to_any_more_goes: "a picture that nothing leads to any more goes",
    the_bytes_of_all_pictures_are_counted_and_bounded: "the bytes of all pictures are counted and bounded",
    a_list_of_writes_that_is_refused_keeps_pictures: "a list of writes that is refused keeps pictures",
    messages_are_written_with_the_changes_that_they_tell_of: "messages are written with the changes that they tell of",
    messages_wait_in_order_until_they_are_removed: "messages wait in order until they are removed",
    changes_come_to_another_store_in_the_order_of_commits_without_holes: "changes come to another store in the order of commits without holes",
}

/// Properties that only several servers can show: they hold on the file for want of them.
const OF_SEVERAL: [&str; 3] = [
    "of two stores at once one delivers",
    "failures are compared and set",
    "eight that open an empty database at once find one",
];

#[test]
fn every_property_has_a_test_and_a_name_of_its_own() {
    let tested: BTreeSet<_> = TESTED.iter().copied().chain(OF_SEVERAL).collect();
    let names: BTreeSet<_> = PROPERTIES.iter().map(|property| property.name).collect();
    assert_eq!(tested, names);
    assert_eq!(names.len(), PROPERTIES.len());
}
