//! Which log files make a part. Only the files decide, never the machine, so every run over them makes the same parts.

use super::keep::Keep;
use crate::store::Listed;

/// No part is larger, in bytes of log files as stored, so that a killed run loses little and memory stays bounded.
const fn largest(keep: Keep) -> u64 {
    match keep {
        Keep::Audit => 64 << 20,
        Keep::All => 32 << 20,
    }
}

/// Smaller parts would make more files than they save time.
const SMALLEST: u64 = 1 << 20;

/// Enough parts to keep many workers busy to the end.
const PARTS_WANTED: u64 = 32;

/// Cuts the files, by day of delivery, into parts. Files of one day stand together, so that a part touches few dates.
pub fn parts(mut files: Vec<Listed>, keep: Keep) -> Vec<Vec<Listed>> {
    files.sort_by(|a, b| (a.object.day, &a.log_file).cmp(&(b.object.day, &b.log_file)));
    let total: u64 = files.iter().map(|file| file.bytes).sum();
    let target = (total / PARTS_WANTED).clamp(SMALLEST, largest(keep));
    let (mut parts, mut bytes) = (Vec::<Vec<Listed>>::new(), target);
    for file in files {
        if bytes >= target {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += file.bytes;
        parts.last_mut().expect("the first file opens a part").push(file);
    }
    // Within a part the first copy of an event is kept: that of the first log file by name, as in the view `events`.
    parts.iter_mut().for_each(|part| part.sort_by(|a, b| a.log_file.cmp(&b.log_file)));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::object_key::ObjectKey;

    fn file(day: u32, name: &str, bytes: u64) -> Listed {
        let key = format!("AWSLogs/123456789012/CloudTrail/eu-west-1/2026/03/{day:02}/{name}.json.gz");
        Listed { object: ObjectKey::parse(&key), log_file: key.clone(), key, etag: String::new(), bytes }
    }

    #[test]
    fn parts_depend_on_the_files_alone() {
        let files: Vec<Listed> = (0..40).map(|n| file(1 + n % 4, &format!("f{n}"), 400_000)).collect();
        let mut shuffled = files.clone();
        shuffled.reverse();
        let names = |parts: Vec<Vec<Listed>>| -> Vec<Vec<String>> {
            parts.into_iter().map(|part| part.into_iter().map(|file| file.log_file).collect()).collect()
        };
        let planned = names(parts(files, Keep::Audit));
        assert_eq!(planned, names(parts(shuffled, Keep::Audit)));
        assert_eq!(planned.concat().len(), 40);
        assert!(planned.len() > 10 && planned.iter().all(|part| part.len() <= 3));
        assert!(parts(Vec::new(), Keep::All).is_empty());
    }
}
