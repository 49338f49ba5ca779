//! Records in log files as CloudTrail delivers them: out of order, late, and some more than once.
//!
//! Source: CloudTrail user guide, "CloudTrail log file examples": files are no ordered stack trace, delivery takes some
//! five minutes with no guarantee, and duplicate events have the same `eventID`.

use std::collections::BTreeMap;

use analytics::trail::record::Record;
use analytics::trail::{Layout, LogFile, Place, log_file, multi_member};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::dice::Dice;

/// Log files that hold every record at least once.
pub fn deliver(records: &[Record], seed: u64) -> Vec<LogFile> {
    let mut dice = Dice::new(seed ^ 0x0de1_17e4);
    let mut files: BTreeMap<(Place, DateTime<Utc>, usize), Vec<Record>> = BTreeMap::new();
    for record in records {
        let copies = if dice.chance(8) { 2 } else { 1 };
        for _ in 0..copies {
            let at = delivered_at(&mut dice, record.event_time());
            let key = (record.place(), at, dice.below(3));
            files.entry(key).or_default().push(record.clone());
        }
    }
    let written = files.into_iter().map(|((place, at, _), mut records)| {
        dice.shuffle(&mut records);
        let layout = match dice.below(3) {
            0 => Layout::Organization("o-exampleorg1".to_owned()),
            _ => Layout::Plain,
        };
        let unique16 = dice.letters(16);
        let write = if dice.chance(10) { multi_member } else { log_file };
        write(&layout, &place, at, &unique16, &records)
    });
    written.collect()
}

/// Most within minutes, some after days.
fn delivered_at(dice: &mut Dice, at: DateTime<Utc>) -> DateTime<Utc> {
    let minutes = if dice.chance(5) { dice.below(4 * 24 * 60) } else { 1 + dice.below(14) };
    let at = at + TimeDelta::minutes(i64::try_from(minutes).expect("minutes are few"));
    at.duration_trunc(TimeDelta::minutes(30)).expect("a time of this century") + TimeDelta::minutes(30)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ec2_life::Life;

    #[test]
    fn every_record_is_delivered_and_some_twice() {
        let life = Life::random(&Place::new("111122223333", "eu-west-1"), 1, 400);
        let files = deliver(&life.records, 1);
        assert_eq!(files, deliver(&life.records, 1));
        assert!(files.len() > 10, "{}", files.len());
        let mut keys: Vec<&String> = files.iter().map(|file| &file.key).collect();
        keys.dedup();
        assert_eq!(keys.len(), files.len());
    }
}
