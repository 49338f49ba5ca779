use super::*;
use crate::pack::manifest::Entry;
use crate::pack::names::object_path;
use crate::pack::sample::{self, A, B, BUCKET, PRIVATE, PUBLIC};
use crate::pack::{Contents, DIGESTS, LOG_FILES, MANIFEST, README, SIGNATURE, SUMS, SigningKey};
use proptest::prelude::*;
use std::sync::LazyLock;

static SIGNED: LazyLock<Files> = LazyLock::new(|| signed(sample::contents(BUCKET)));

fn signed(contents: Contents) -> Files {
    let mut files = sample::files(contents);
    let signature = SigningKey::from_pem(PRIVATE).expect("a key").sign(&files[SUMS]);
    files.insert(SIGNATURE.to_owned(), signature.to_vec());
    files
}

fn trust() -> Trust {
    Trust { public_keys: Some(sample::keys(&A)), signer: Some(VerifyingKey::from_pem(PUBLIC).expect("a key")) }
}

fn told(report: &Report) -> String {
    report.findings.iter().map(|finding| format!("{} {finding}\n", finding.severity.as_str())).collect()
}

/// Whether a finding names the file.
fn names(report: &Report, path: &str) -> bool {
    report.broken().any(|finding| finding.to_string().contains(path))
}

#[test]
fn a_whole_pack_is_whole() {
    let report = check(&SIGNED, &trust());
    assert_eq!(
        told(&report),
        "note facts.jsonl: 1 cited records stand in log files that nothing vouches for; \
         attestation_reason says why\n\
         note inputs.jsonl: of 4 attested log files, 2 have their digest files elsewhere; \
         no cited record stands in them; verify the bucket to prove them too\n"
    );
    let expected = Checked {
        files: SIGNED.len() as u64 - 2,
        bytes: report.checked.bytes,
        facts: 3,
        facts_proven: 2,
        records_in_log_files: 3,
        digests_valid: 2,
        log_files_proven: 2,
        signature: SignatureState::Valid,
    };
    assert_eq!(report.checked, expected);
}

#[test]
fn what_cannot_be_told_is_noted() {
    let mut contents = sample::contents(BUCKET);
    contents.log_files.clear();
    contents.coverage[4].state = "logging_stopped".to_owned();
    contents.coverage[4].event_id = Some("e1".to_owned());
    let report = check(&sample::files(contents), &Trust::default());
    assert!(report.is_whole(), "{}", told(&report));
    for expected in [
        "SHA256SUMS.sig: the pack is not signed",
        "public_keys.json: digest files were verified with the pack's own keys",
        "records.jsonl: 3 cited records stand in log files that are not in the pack",
        "coverage.jsonl line 2: event e1 is named; the record that switched logging off is not in the pack",
    ] {
        assert!(told(&report).contains(expected), "{}", told(&report));
    }
    let unknown = check(&SIGNED, &Trust::default());
    assert_eq!(unknown.checked.signature, SignatureState::NotChecked);
    assert!(told(&unknown).contains("no key to check it with"));
}

#[test]
fn a_copy_is_told_from_the_original() {
    for root in ["s3://copy/of/", "/home/someone/trail/"] {
        let report = check(&signed(sample::contents(root)), &trust());
        assert!(report.is_whole(), "{}", told(&report));
        assert_eq!((report.checked.facts_proven, report.checked.digests_valid), (2, 2));
        assert!(told(&report).contains("2 cited records stand in copies"), "{}", told(&report));
    }
}

#[test]
fn a_digest_without_metadata_is_proven_by_its_successor() {
    let mut contents = sample::contents(BUCKET);
    contents.digest_objects[0].metadata = Default::default();
    let alone = check(&sample::files(contents.clone()), &Trust::default());
    assert!(names(&alone, "it carries no signature"), "{}", told(&alone));
    let successor = &sample::digests(&sample::logs())[1];
    contents.digest_objects.push(sample::digest_object(contents.digests[1].digest_file.clone(), successor));
    let report = check(&sample::files(contents), &Trust::default());
    assert!(report.is_whole(), "{}", told(&report));
    assert_eq!(report.checked.facts_proven, 2);
}

/// A pack changed by someone who makes lengths, hashes and counts fit.
fn check_lie(told_as: &str, lie: impl FnOnce(&mut Contents), file: &str, expected: &str) {
    let mut contents = sample::contents(BUCKET);
    lie(&mut contents);
    let report = check(&sample::files(contents), &Trust { signer: None, ..trust() });
    let found = report.broken().any(|finding| finding.file == file && finding.to_string().contains(expected));
    assert!(found, "{told_as}:\n{}", told(&report));
}

fn forged(contents: &mut Contents, at: usize, edit: impl FnOnce(&mut String)) {
    let text = contents.records[at].record.get().to_owned();
    let mut edited = text;
    edit(&mut edited);
    contents.records[at].record = serde_json::value::RawValue::from_string(edited).expect("JSON");
}

#[test]
fn a_lie_that_hashes_hide_is_told() {
    check_lie(
        "a citation of nothing",
        |pack| pack.verdicts[0].cited_event_id = Some("e9".to_owned()),
        "verdicts.jsonl",
        "it cites event e9",
    );
    check_lie(
        "a verdict taken out",
        |pack| _ = pack.verdicts.remove(1),
        "verdicts.jsonl",
        "2 jobs are judged against job_security_groups_exist; expected 3",
    );
    check_lie(
        "a control taken out",
        |pack| _ = pack.controls.remove(0),
        "verdicts.jsonl",
        "a control of manifest.json",
    );
    check_lie(
        "a citation of another place",
        |pack| pack.verdicts[0].cited_record_index = Some(7),
        "verdicts.jsonl",
        "record 7; expected event",
    );
    check_lie("a fact taken out", |pack| _ = pack.facts.remove(1), "records.jsonl", "expected an event of facts.jsonl");
    check_lie("a record taken out", |pack| _ = pack.records.remove(1), "facts.jsonl", "a record of records.jsonl");
    check_lie(
        "a name changed",
        |pack| pack.facts[0].event_name = "Other".to_owned(),
        "records.jsonl",
        "expected \"Other\"",
    );
    check_lie(
        "a record changed",
        |pack| forged(pack, 0, |text| *text = text.replace("\"eventID\"", "\"eventId\"")),
        "records.jsonl",
        "no eventID",
    );
    check_lie(
        "a word in a record changed",
        |pack| forged(pack, 0, |text| *text = text.replacen("eu-west-1", "eu-west-2", 1)),
        "records.jsonl",
        "expected the record, word for word",
    );
    check_lie(
        "no record",
        |pack| forged(pack, 0, |text| *text = "7".to_owned()),
        "records.jsonl",
        "a CloudTrail record",
    );
    check_lie(
        "a hash changed",
        |pack| pack.facts[0].log_file_sha256 = Some("00".repeat(32)),
        "facts.jsonl",
        "as inputs.jsonl line 1 has it",
    );
    check_lie(
        "a log file told to be attested",
        |pack| pack.facts[2].attestation = "attested".to_owned(),
        "facts.jsonl",
        "no digest file is named",
    );
    check_lie(
        "the digest file taken out",
        |pack| _ = pack.digest_objects.remove(0),
        "facts.jsonl",
        "is not in the pack",
    );
    check_lie(
        "another digest file named",
        |pack| {
            pack.facts[0].digest_file = pack.facts[1].digest_file.clone();
            pack.inputs[0].digest_file = pack.facts[1].digest_file.clone();
        },
        "facts.jsonl",
        "its digest file does not list it",
    );
    check_lie(
        "a log file taken out of the list",
        |pack| _ = pack.inputs.remove(0),
        "facts.jsonl",
        "expected a log file of inputs.jsonl",
    );
    check_lie(
        "a digest file that no row tells of",
        |pack| _ = pack.digests.remove(0),
        &object_path(DIGESTS, &sample::contents(BUCKET).digests[0].digest_file),
        "expected a digest file of digests.jsonl",
    );
}

#[test]
fn forged_digests_and_log_files_are_told() {
    let digest = |pack: &mut Contents, signer: &'static crate::trail::digest::Signer, account: &str| {
        let (chain, at) = (sample::digests(&[]), 0);
        let row = &pack.inputs[0];
        let log = serde_json::json!({
            "s3Bucket": "trail", "s3Object": row.log_file.trim_start_matches(BUCKET), "hashValue": row.sha256,
            "hashAlgorithm": "SHA-256", "newestEventTime": null, "oldestEventTime": null,
        });
        let forged = chain[at].clone().edited(|digest| {
            digest["logFiles"] = serde_json::json!([log]);
            digest["awsAccountId"] = serde_json::json!(account);
            digest["digestPublicKeyFingerprint"] = serde_json::json!(signer.fingerprint());
        });
        let name = pack.digest_objects[0].digest_file.clone();
        pack.digest_objects[0] = sample::digest_object(name, &forged.signed_by(signer));
        pack.public_keys[0].der = signer.public_key_der().to_vec();
        pack.public_keys[0].fingerprint = signer.fingerprint();
    };
    check_lie("signed by another", |pack| digest(pack, &B, "111122223333"), "facts.jsonl", "is not among those given");
    check_lie("signed by another", |pack| digest(pack, &B, "111122223333"), "digests.jsonl", "unverifiable");
    check_lie("of another account", |pack| digest(pack, &A, "444455556666"), "facts.jsonl", "of another account");
    let log_file = object_path(LOG_FILES, &sample::contents(BUCKET).log_files[0].log_file);
    let cut = |pack: &mut Contents| pack.log_files[0].bytes.truncate(99);
    check_lie("a log file cut off", cut, &log_file, "it cannot be decompressed");
    let other = |pack: &mut Contents| pack.log_files[0].bytes = pack.log_files[1].bytes.clone();
    check_lie("another log file", other, &log_file, "its document has SHA-256");
    check_lie("another log file", other, "records.jsonl", "expected the record, word for word");
}

#[test]
fn a_manifest_that_lies_is_told() {
    let lie = |edit: &dyn Fn(&mut crate::pack::manifest::Manifest), expected: &str| {
        let mut files = SIGNED.clone();
        sample::reseal(&mut files, edit);
        let report = check(&files, &Trust::default());
        let found = report.broken().any(|finding| finding.file == MANIFEST && finding.to_string().contains(expected));
        assert!(found, "{expected}:\n{}", told(&report));
        assert!(!check(&files, &trust()).is_whole(), "the signature is of another SHA256SUMS");
    };
    lie(&|manifest| manifest.counts.jobs = 4, "counts.jobs is 4; expected 3, by the lines");
    lie(
        &|manifest| _ = manifest.counts.log_files.remove("attested"),
        "counts.log_files.attested is nothing; expected 4",
    );
    lie(&|manifest| manifest.format_version = 2, "of form 2; expected");
    lie(&|manifest| manifest.queries[0].sha256.clear(), "of another hash");
    lie(&|manifest| manifest.files.retain(|file| file.path != README), "it does not list README.txt");
    lie(&|manifest| manifest.files.push(manifest.files[0].clone()), "is listed twice");
    let misplaced = |entry: &mut Entry| entry.object = Some("s3://trail/other".to_owned());
    lie(
        &|manifest| manifest.files.iter_mut().filter(|file| file.object.is_some()).for_each(misplaced),
        "the path that follows",
    );
}

#[test]
fn many_findings_are_counted() {
    let mut contents = sample::contents(BUCKET);
    let verdict = contents.verdicts[0].clone();
    contents.controls.retain(|control| control.control == verdict.control);
    contents.verdicts = (0..1000)
        .map(|number| crate::pack::Verdict { cited_event_id: Some(format!("e{number:04}")), ..verdict.clone() })
        .collect();
    let report = check(&sample::files(contents), &Trust::default());
    let of_file: Vec<_> = report.broken().filter(|finding| finding.file == "verdicts.jsonl").collect();
    assert_eq!(of_file.len(), 21);
    assert_eq!(of_file[0].line, Some(1));
    assert_eq!(of_file[20].to_string(), "verdicts.jsonl: 980 more of the kind; expected none");
}

#[test]
fn a_changed_line_is_named() {
    let mut files = SIGNED.clone();
    let facts = files.get_mut("facts.jsonl").expect("facts");
    let second = facts.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    facts[second] = b'[';
    let report = check(&files, &trust());
    assert!(told(&report).contains("broken facts.jsonl line 2: "), "{}", told(&report));
    let mut files = SIGNED.clone();
    let verdicts = String::from_utf8(files["verdicts.jsonl"].clone()).expect("text");
    let mut lines: Vec<&str> = verdicts.lines().collect();
    lines.swap(3, 8);
    files.insert("verdicts.jsonl".to_owned(), lines.join("\n").into_bytes());
    let report = check(&files, &trust());
    assert!(told(&report).contains("verdicts.jsonl line 5: a line that belongs before"), "{}", told(&report));
}

#[test]
fn what_is_gone_is_told() {
    for path in SIGNED.keys() {
        let mut files = SIGNED.clone();
        files.remove(path);
        let report = check(&files, &trust());
        assert!(names(&report, path), "{path}:\n{}", told(&report));
    }
    assert!(!check(&Files::new(), &Trust::default()).is_whole());
}

proptest! {
    #[test]
    fn a_changed_byte_is_told(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let path = file.get(&SIGNED.keys().collect::<Vec<_>>()).to_string();
        let mut files = SIGNED.clone();
        let bytes = files.get_mut(&path).expect("a file");
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let report = check(&files, &trust());
        prop_assert!(names(&report, &path), "{}:\n{}", path, told(&report));
        let unsigned = check(&files, &Trust::default());
        prop_assert!(path == SIGNATURE || names(&unsigned, &path), "{}:\n{}", path, told(&unsigned));
    }

    #[test]
    fn an_added_file_is_told(name in "[a-z/.]{1,20}") {
        prop_assume!(!SIGNED.contains_key(&name));
        let mut files = SIGNED.clone();
        files.insert(name.clone(), Vec::new());
        let report = check(&files, &trust());
        prop_assert!(report.broken().any(|finding| finding.file == name), "{}", told(&report));
    }

    #[test]
    fn any_bytes_are_a_pack_or_reasons(
        file in any::<prop::sample::Index>(),
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), "[\\[\\]{}\",:a-z0-9 \n]{0,200}".prop_map(String::into_bytes)],
    ) {
        let path = file.get(&SIGNED.keys().collect::<Vec<_>>()).to_string();
        let mut files = SIGNED.clone();
        if files.insert(path.clone(), bytes.clone()) != Some(bytes) {
            prop_assert!(names(&check(&files, &trust()), &path));
        }
        if ![MANIFEST, SUMS].contains(&path.as_str()) {
            sample::reseal(&mut files, |_| ());
            check(&files, &Trust::default());
        }
    }

    #[test]
    fn any_manifest_entry_is_taken(path in ".{0,30}", object in ".{0,30}", sha256 in ".{0,70}", bytes in any::<u64>()) {
        let mut files = SIGNED.clone();
        sample::reseal(&mut files, |manifest| {
            manifest.files.push(Entry { path, bytes, sha256, object: Some(object), metadata: Default::default() });
        });
        prop_assert!(!check(&files, &Trust::default()).is_whole());
    }
}
