//! Records that CloudTrail really delivered.

use std::collections::BTreeMap;
use std::io::Read;

use end_to_end::real_records::log_files;
use flate2::read::MultiGzDecoder;
use schemas::record::{Form, MEMBERS};
use serde_json::Value;

use crate::place::{Place, number, text};

fn document(path: &std::path::Path) -> Value {
    let bytes = std::fs::read(path).expect("a real log file");
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut text = String::new();
        MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip");
        return serde_json::from_str(&text).expect("JSON");
    }
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn every_real_record_is_kept_whole() {
    let Some(files) = log_files() else { return };
    let place = Place::in_folders();
    let mut expected = BTreeMap::new();
    let mut records = 0;
    for (number, path) in files.iter().enumerate() {
        // The folders above differ between machines; a number before the name keeps equal names apart.
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let folder = place.trail_folder().join(number.to_string());
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::copy(path, folder.join(name)).expect("a copy");
        for record in document(path)["Records"].as_array().expect("Records") {
            records += 1;
            expected.insert(record["eventID"].as_str().expect("an eventID").to_owned(), record.clone());
        }
    }
    let ingest = place.ingest(&["--events", "all"]).expect_status(0);
    assert!(ingest.stdout.contains(&format!("objects listed: {}\n", files.len())), "{}", ingest.stdout);
    let ledger = &place.sql("select sum(records) as records, sum(records_kept) as kept, sum(records_duplicate) as duplicates from log_files")[0];
    assert_eq!(number(ledger, "records"), records);
    assert_eq!(number(ledger, "kept") + number(ledger, "duplicates"), records);
    let rows = place.events();
    assert_eq!(rows.len(), expected.len());
    for row in &rows {
        let record = &expected[text(row, "event_id")];
        let mut columns = 0;
        for member in MEMBERS.iter().filter(|member| member.form == Form::Json) {
            let kept = row[member.column]
                .as_str()
                .map(|json| serde_json::from_str::<Value>(json).expect("the record's own JSON"));
            assert_eq!(kept.as_ref(), record.get(member.name), "{} of {}", member.name, text(row, "event_id"));
            columns += usize::from(kept.is_some());
        }
        let named: Vec<&str> = MEMBERS.iter().map(|member| member.name).collect();
        let others = row["other_members"].as_str().map_or(0, |json| {
            let others: Value = serde_json::from_str(json).expect("an object");
            others
                .as_object()
                .expect("an object")
                .iter()
                .filter(|(name, value)| record.get(name.as_str()) == Some(value))
                .count()
        });
        let unnamed =
            record.as_object().expect("a record").keys().filter(|name| !named.contains(&name.as_str())).count();
        assert_eq!(others, unnamed);
        assert!(columns >= 2, "a record has an identity and parameters");
        assert_eq!(text(row, "user_identity_type"), record["userIdentity"]["type"].as_str().unwrap_or_default());
    }
}

#[test]
fn a_real_security_group_has_its_life_rebuilt() {
    let Some(files) = log_files() else { return };
    let place = Place::in_folders();
    std::fs::create_dir_all(place.trail_folder()).expect("a folder");
    for path in files.iter().filter(|path| path.to_string_lossy().contains("invictus-ir")) {
        std::fs::copy(path, place.trail_folder().join(path.file_name().expect("a name"))).expect("a copy");
    }
    place.ingest(&[]).expect_status(0);
    let lives = place
        .sql("select * from security_groups where created_at is not null and deleted_at is not null order by group_id");
    assert!(!lives.is_empty());
    for life in &lives {
        assert!(text(life, "created_at") <= text(life, "deleted_at"), "{life:?}");
        assert!(!text(life, "group_name").is_empty() && text(life, "vpc_id").starts_with("vpc-"), "{life:?}");
        assert!(text(life, "deleted_by").starts_with("arn:aws:"), "{life:?}");
    }
}
