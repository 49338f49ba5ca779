//! Hours into ranges.

use chrono::TimeDelta;

use super::contents::CoverageHour;
use super::rows::CoverageRange;

/// Joins hours on end that say the same. An hour that is told twice counts once.
pub fn ranges(mut hours: Vec<CoverageHour>) -> Vec<CoverageRange> {
    hours.sort();
    hours.dedup();
    let mut ranges: Vec<CoverageRange> = Vec::new();
    for hour in hours {
        match ranges.last_mut().filter(|last| continues(last, &hour)) {
            Some(last) => {
                last.until = hour.hour + TimeDelta::hours(1);
                last.hours += 1;
                last.log_files += hour.log_files;
            }
            None => ranges.push(alone(hour)),
        }
    }
    ranges
}

fn continues(last: &CoverageRange, hour: &CoverageHour) -> bool {
    let of_last = (&last.account_id, &last.aws_region, last.until, &last.state, &last.event_id);
    of_last == (&hour.account_id, &hour.aws_region, hour.hour, &hour.state, &hour.event_id)
}

fn alone(hour: CoverageHour) -> CoverageRange {
    CoverageRange {
        from: hour.hour,
        until: hour.hour + TimeDelta::hours(1),
        account_id: hour.account_id,
        aws_region: hour.aws_region,
        state: hour.state,
        hours: 1,
        log_files: hour.log_files,
        event_id: hour.event_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(region: &str, hour: u32, state: &str) -> CoverageHour {
        CoverageHour {
            account_id: "111122223333".to_owned(),
            aws_region: region.to_owned(),
            hour: format!("2026-02-03T{hour:02}:00:00Z").parse().expect("a time"),
            state: state.to_owned(),
            log_files: 2,
            event_id: None,
        }
    }

    #[test]
    fn hours_on_end_that_say_the_same_are_one_range() {
        let hours = vec![
            hour("b", 1, "gap"),
            hour("a", 3, "gap"),
            hour("a", 1, "gap"),
            hour("a", 0, "gap"),
            hour("a", 0, "gap"),
            hour("a", 4, "attested"),
            CoverageHour { event_id: Some("e".to_owned()), ..hour("a", 5, "attested") },
        ];
        let told: Vec<String> = ranges(hours)
            .iter()
            .map(|r| {
                format!(
                    "{} {} {}+{} {} {}",
                    r.aws_region,
                    r.state,
                    r.from.format("%H"),
                    r.hours,
                    r.until.format("%H"),
                    r.log_files
                )
            })
            .collect();
        assert_eq!(
            told,
            ["a gap 00+2 02 4", "a gap 03+1 04 2", "a attested 04+1 05 2", "a attested 05+1 06 2", "b gap 01+1 02 2"]
        );
    }
}
