//! What counts, who wins, and what is cleared away.

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

fn merged(n: u8) -> String {
    format!("{MERGED}{n:016x}")
}

async fn lake() -> (tempfile::TempDir, Lake) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lake = Lake::in_folder(folder.path(), true).expect("a lake");
    (folder, lake)
}

async fn enter(lake: &Lake, part: &str) {
    let empty = encode(&TableBuilder::new(&LOG_FILES).finish());
    lake.publish(&Path::from(format!("log_files/{part}.parquet")), empty).await.expect("a file");
}

#[test]
fn a_part_counts_until_it_is_replaced_and_a_merged_one_once_a_state_says_so() {
    let none = Compactions::default();
    assert!(none.counts("a") && !none.counts(&merged(1)) && !none.knows(&merged(1)));
    let now = at("2026-03-04T05:06:07.000008Z");
    let first = none.replacing(&names(["a", "b"]), &merged(1), now, &names(["a", "b", "c"]));
    assert!(!first.counts("a") && !first.counts("b") && first.counts("c") && first.counts(&merged(1)));
    let second = first.replacing(&names([&merged(1), "c"]), &merged(2), now, &names(["b", "c", &merged(1)]));
    assert!(!second.counts(&merged(1)) && second.knows(&merged(1)) && second.counts(&merged(2)));
    assert_eq!((second.replaced_at("a"), second.replaced_at("b")), (None, Some(now)), "a is gone from the ledger");
    assert_eq!(Compactions::decode(2, second.encode()).expect("our own"), second);
    // What no compaction changes: a, b and c, before and after.
    let of = |state: &Compactions, parts: &BTreeSet<String>| state.ingested(parts);
    assert_eq!(of(&none, &names(["a", "b", "c"])), 3);
    assert_eq!((of(&first, &names([&merged(1), "c"])), of(&second, &names([&merged(2)]))), (3, 3));
}

#[test]
fn only_our_own_files_are_states() {
    for (name, expected) in
        [("00000012", Some(12)), ("123456789", Some(123_456_789)), ("12", None), ("mine", None), ("+0000012", None)]
    {
        assert_eq!(number_of(&Path::from(format!("compactions/{name}.parquet"))), expected, "{name}");
    }
}

#[tokio::test]
async fn of_two_that_set_out_from_one_state_the_first_wins_whole() {
    let (_folder, lake) = lake().await;
    for part in ["a", "b", "c", &merged(1), &merged(2)] {
        enter(&lake, part).await;
    }
    assert_eq!(lake.committed().await.expect("a ledger"), names(["a", "b", "c"]));
    let now = at("2026-03-04T05:06:07Z");
    let ledger = lake.ledger().await.expect("a ledger");
    let of = |parts, n| ledger.compactions.replacing(&parts, &merged(n), now, &ledger.present());
    lake.publish_state(&of(names(["a", "b"]), 1)).await.expect("published");
    lake.publish_state(&of(names(["b", "c"]), 2)).await.expect("taken, which is no failure");
    assert_eq!(lake.committed().await.expect("a ledger"), names(["c", &merged(1)]));
    assert!(!lake.compactions().await.expect("a state").knows(&merged(2)));
    let left = names([&merged(2)]);
    assert!(!lake.condemn(&ledger, &left).await.expect("an answer"), "the ledger is of an older state");
    let ledger = lake.ledger().await.expect("a ledger");
    assert!(lake.condemn(&ledger, &left).await.expect("an answer"));
    assert_eq!(lake.committed().await.expect("a ledger"), names(["c", &merged(1)]));
}

#[tokio::test]
async fn what_was_replaced_goes_when_it_is_old_and_the_newest_state_stays() {
    let (_folder, lake) = lake().await;
    for part in ["a", "b", &merged(1)] {
        enter(&lake, part).await;
    }
    lake.prove_exclusive().await.expect("a folder heeds conditions");
    let ledger = lake.ledger().await.expect("a ledger");
    let next = ledger.compactions.replacing(&names(["a", "b"]), &merged(1), Utc::now(), &ledger.present());
    lake.publish_state(&next).await.expect("published");
    assert_eq!(lake.remove_replaced(Duration::from_hours(1)).await.expect("nothing to do"), 0);
    assert_eq!(lake.ledger().await.expect("a ledger").present().len(), 3);
    assert_eq!(lake.remove_replaced(Duration::ZERO).await.expect("removed"), 2);
    let left = lake.ledger().await.expect("a ledger");
    assert_eq!((left.present(), left.committed()), (names([&merged(1)]), names([&merged(1)])));
    assert_eq!(lake.parts("compactions").await.expect("a list").len(), 1);
}

/// A compaction that slept before its commit must not commit what was taken for a dead run's, however slowly that goes.
#[tokio::test]
async fn what_a_dead_compaction_left_goes_and_never_counts_again() {
    let (_folder, lake) = lake().await;
    let left = "0123456789abcdef0123456789abcdef";
    for part in [left, &merged(1)] {
        enter(&lake, part).await;
    }
    let asleep = lake.ledger().await.expect("a ledger");
    let parts = names([left]);
    let removed = crate::ingest::remove_orphans(&lake, Duration::ZERO).await.expect("removed");
    assert_eq!((removed.orphans, removed.replaced), (1, 0));
    let late = asleep.compactions.replacing(&parts, &merged(1), Utc::now(), &asleep.present());
    lake.publish_state(&late).await.expect("taken");
    assert_eq!(lake.committed().await.expect("a ledger"), parts);
    // Other compactions may commit meanwhile: it stays condemned.
    let newest = lake.ledger().await.expect("a ledger");
    // The lake keeps microseconds.
    let now = DateTime::from_timestamp_micros(Utc::now().timestamp_micros()).expect("a time");
    let next = newest.compactions.replacing(&parts, &merged(2), now, &newest.present());
    assert!(next.is_condemned(&merged(1)) && !next.counts(&merged(1)) && next.counts(&merged(2)));
    assert_eq!(Compactions::decode(next.number, next.encode()).expect("our own"), next);
}
