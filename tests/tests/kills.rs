//! Lakes that live through kill after kill of all that writes to them, alone and side by side.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use analytics::trail::Place as Where;
use analytics::trail::log_file::{Layout, log_file};
use analytics::trail::noise::noise;
use end_to_end::dice::Dice;
use end_to_end::program::{Program, Running};
use end_to_end::s3_server::Faults;

use crate::faults::{assert_whole, events, first_seed};
use crate::place::Place;

/// Records in each log file.
const RECORDS: usize = 10;
/// Rounds that one lake lives through: in more of them each would only take longer.
const ROUNDS: u32 = 200;
/// The lake is looked at after so many.
const LOOK_EVERY: u32 = 40;

/// So many rounds, of one or two runs each: `BEDROCK_AUDIT_KILLS=5000 cargo test -p end-to-end --test main kills:: -- --nocapture`.
fn kills(usual: u32) -> u32 {
    std::env::var("BEDROCK_AUDIT_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn deliver(place: &Place, n: u32) {
    let here = Where::new("111122223333", "eu-west-1");
    let start: chrono::DateTime<chrono::Utc> = "2026-03-01T00:00:00Z".parse().expect("a time");
    let at = start + chrono::TimeDelta::minutes(i64::from(n) * 97);
    let records = noise(&here, at, RECORDS, u64::from(n));
    place.deliver(&[log_file(&Layout::Plain, &here, at, &format!("killkill{n:08}"), &records)]);
}

fn ingesting(place: &Place) -> Program {
    place.ingesting(&["--events", "all", "--workers", "2"])
}

fn on_the_lake(place: &Place, command: &str) -> Program {
    place.program().args([command, "--lake", &place.lake()])
}

/// What runs, and how long it has taken at most where it was left alone: kills are spread over that.
struct Kinds(BTreeMap<&'static str, Duration>);

impl Kinds {
    fn new(place: &Place) -> Self {
        let mut kinds = Self(BTreeMap::new());
        for kind in ["ingest", "compact", "rebuild"] {
            let begun = Instant::now();
            kinds.begin(place, kind).wait();
            kinds.0.insert(kind, begun.elapsed());
        }
        kinds
    }

    fn begin(&self, place: &Place, kind: &str) -> Running {
        match kind {
            "ingest" => ingesting(place).spawn(),
            other => on_the_lake(place, other).spawn(),
        }
    }

    fn moment(&self, kind: &str, dice: &mut Dice) -> Duration {
        let longest = self.0[kind] + Duration::from_millis(20);
        Duration::from_micros(dice.number() % u64::try_from(longest.as_micros()).expect("a short time"))
    }
}

/// Begins one or two runs and ends each at some moment. How many were still running then.
fn strike(place: &Place, kinds: &Kinds, dice: &mut Dice) -> u32 {
    const KINDS: [&str; 8] = ["ingest", "ingest", "ingest", "ingest", "ingest", "compact", "compact", "rebuild"];
    let wanted = 1 + usize::from(dice.chance(30));
    let running: Vec<_> = (0..wanted)
        .map(|_| {
            let kind = *dice.pick(&KINDS);
            (kind, kinds.begin(place, kind))
        })
        .collect();
    let mut struck = 0;
    for (kind, mut run) in running {
        std::thread::sleep(kinds.moment(kind, dice));
        let is_running = run.is_running();
        struck += u32::from(is_running);
        let outcome = if is_running && dice.chance(20) { run.signal("TERM") } else { run.kill() };
        let is_an_end = [0, 3, -9, -15].contains(&outcome.status);
        assert!(is_an_end && !outcome.stderr.contains("panicked"), "{kind} ended with {outcome:?}");
    }
    struck
}

/// How many runs ended midway in so many rounds.
fn live(place: &Place, rounds: u32, seed: u64) -> u32 {
    let mut dice = Dice::new(seed);
    (0..20).for_each(|n| deliver(place, n));
    let kinds = Kinds::new(place);
    let (mut delivered, mut struck) = (20, 0);
    for round in 1..=rounds {
        if dice.chance(60) {
            deliver(place, delivered);
            delivered += 1;
        }
        struck += strike(place, &kinds, &mut dice);
        if round % LOOK_EVERY == 0 {
            assert_whole(place, &format!("BEDROCK_AUDIT_FAULT_SEED={seed}, after {round} rounds"));
        }
    }
    place.ingest(&["--events", "all", "--orphan-age", "0s"]).expect_status(0);
    on_the_lake(place, "compact").args(["--orphan-age", "0s"]).run().expect_status(0);
    assert_whole(place, "the end");
    let clean = Place::in_folders();
    (0..delivered).for_each(|n| deliver(&clean, n));
    clean.ingest(&["--events", "all"]).expect_status(0);
    let expected = events(&clean);
    assert_eq!(expected.len(), delivered as usize * RECORDS);
    assert_eq!(events(place), expected, "BEDROCK_AUDIT_FAULT_SEED={seed}");
    eprintln!("seed {seed}: {rounds} rounds, {struck} runs ended midway; {delivered} log files, each event once");
    struck
}

fn survives(new_place: fn() -> Place, rounds: u32) {
    let (mut seed, mut struck) = (first_seed(), 0);
    for begun in (0..rounds).step_by(ROUNDS as usize) {
        struck += live(&new_place(), ROUNDS.min(rounds - begun), seed);
        seed = seed.wrapping_add(1);
    }
    eprintln!("{struck} runs ended midway in {rounds} rounds");
    // What was measured beside other work may be many times what a run takes now, so few may be met midway.
    assert!(struck > 0, "no run was ended midway");
}

#[test]
fn a_folder_lake_lives_through_kill_after_kill() {
    survives(Place::in_folders, kills(60));
}

#[test]
fn an_s3_lake_lives_through_kill_after_kill() {
    survives(|| Place::in_s3(Faults::default()), kills(40));
}
