use super::*;
use crate::trail::digest::{Delivery, DigestChain, SignedDigest, Signer, public_keys_json};
use crate::trail::{Layout, LogFile, Place, log_file, noise};
use crate::verify::{Attestation, AttestedLogs, Found, SignatureMetadata, attestation};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;

const BUCKET: &str = "trail-bucket";
const HOURS: u32 = 5;

static A: LazyLock<Signer> = LazyLock::new(|| signer(include_bytes!("../../../../tests/fixtures/digest_key_a.pk8")));
static B: LazyLock<Signer> = LazyLock::new(|| signer(include_bytes!("../../../../tests/fixtures/digest_key_b.pk8")));
static WHOLE: LazyLock<Vec<Listed>> = LazyLock::new(|| listed(&|chain| chain));

fn signer(pkcs8: &[u8]) -> Signer {
    Signer::new(pkcs8).expect("an RSA key")
}

fn hour(hour: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-02-03T00:00:00Z".parse().expect("a time");
    start + TimeDelta::hours(hour)
}

fn keys(signers: &[&Signer]) -> PublicKeys {
    let listed: Vec<_> = signers.iter().map(|signer| (*signer, hour(-24)..hour(24))).collect();
    PublicKeys::from_json(public_keys_json(&listed).as_bytes()).expect("keys")
}

/// A digest object as it lies in a bucket or a folder.
#[derive(Debug, Clone)]
struct Listed {
    digest: SignedDigest,
    bucket: Option<String>,
    key: String,
    object: Result<Vec<u8>, String>,
    metadata: SignatureMetadata,
}

impl Listed {
    fn new(digest: SignedDigest) -> Self {
        let metadata = digest.metadata();
        let metadata = SignatureMetadata::of(metadata.iter().map(|(name, value)| (*name, value.as_str())));
        let (key, object) = (digest.file.key.clone(), Ok(digest.file.bytes.clone()));
        Self { digest, bucket: Some(BUCKET.to_owned()), key, object, metadata }
    }

    fn fetch(&self) -> FetchedDigest {
        let object = self.object.as_deref().map_err(String::clone);
        FetchedDigest::new(self.bucket.as_deref(), &self.key, object, self.metadata.clone())
    }

    fn edit(&mut self, edit: impl FnOnce(&mut serde_json::Value)) {
        self.object = Ok(self.digest.clone().edited(edit).file.bytes);
    }

    /// Edits the digest and signs it again.
    fn forge(&mut self, signer: &Signer, edit: impl FnOnce(&mut serde_json::Value)) {
        *self = Self::new(self.digest.clone().edited(edit).signed_by(signer));
    }
}

/// One log file in the middle of each hour.
fn logs() -> Vec<LogFile> {
    let place = Place::new("111122223333", "eu-west-1");
    let log = |at| log_file(&Layout::Plain, &place, at, "WMiHxZgr5Hdd6UDc", &noise(&place, at, 1, 1));
    (0..i64::from(HOURS)).map(|number| log(hour(number) + TimeDelta::minutes(30))).collect()
}

fn listed(arrange: &dyn Fn(DigestChain<'static>) -> DigestChain<'static>) -> Vec<Listed> {
    static PLACE: LazyLock<Place> = LazyLock::new(|| Place::new("111122223333", "eu-west-1"));
    let delivery = Delivery { layout: &Layout::Plain, place: &PLACE, trail: "main", bucket: BUCKET };
    arrange(DigestChain::new(delivery, hour(0), HOURS, &A)).sign(&logs()).into_iter().map(Listed::new).collect()
}

/// Verifies the digests in several orders, which must not matter.
fn verify(listed: &[Listed], keys: &PublicKeys) -> ChainReport {
    let mut digests: Vec<FetchedDigest> = listed.iter().map(Listed::fetch).collect();
    let report = verify_chain(digests.clone(), keys, None);
    digests.reverse();
    assert_eq!(verify_chain(digests.clone(), keys, None), report);
    digests.rotate_left(listed.len() / 2);
    assert_eq!(verify_chain(digests, keys, None), report);
    report
}

/// Statuses by their initials, oldest first.
fn initials(report: &ChainReport) -> String {
    let initial = |verdict: &DigestVerdict| verdict.status.as_str()[..1].to_ascii_uppercase();
    report.verdicts.iter().map(initial).collect()
}

/// Whole digests with one damage planted.
fn check(told: &str, plant: impl FnOnce(&mut Vec<Listed>), expected: &str, reason: &str) {
    let mut listed = WHOLE.clone();
    plant(&mut listed);
    let report = verify(&listed, &keys(&[&A, &B]));
    assert_eq!(initials(&report), expected, "{told}: {:#?}", report.verdicts);
    let odd = report.verdicts.iter().find(|verdict| verdict.status != DigestStatus::Valid);
    let told_reason = odd.map(|verdict| verdict.reason.as_str()).unwrap_or_default();
    assert!(told_reason.contains(reason), "{told}: {told_reason}");
    for verdict in &report.verdicts {
        assert_eq!(verdict.attests.len(), usize::from(verdict.status == DigestStatus::Valid), "{told}");
    }
}

#[test]
fn one_damage_is_one_verdict() {
    check("nothing", |_| (), "VVVVV", "");
    check("a log taken out", |all| all[2].edit(|digest| digest["logFiles"] = json!([])), "VVIVV", "changed or forged");
    check(
        "a time changed",
        |all| all[4].edit(|digest| digest["digestEndTime"] = json!("2026-02-03T05:00:01Z")),
        "VVVVI",
        "changed or forged",
    );
    check("signed by another key", |all| all[4].forge(&B, |_| ()), "VVVVI", "does not fit");
    check(
        "signed by another key, with a successor",
        |all| all[2].forge(&B, |_| ()),
        "VVIVV",
        "not the one that the valid",
    );
    check("no signature but text", |all| all[4].metadata.signature = Some("x".to_owned()), "VVVVI", "not hexadecimal");
    check(
        "an unknown key named",
        |all| all[4].edit(|digest| digest["digestPublicKeyFingerprint"] = json!("ab12")),
        "VVVVU",
        "public key ab12 is not among those given; aws cloudtrail list-public-keys --region eu-west-1",
    );
    check(
        "another algorithm",
        |all| all[3].metadata.signature_algorithm = Some("none".to_owned()),
        "VVVIV",
        "\"none\"",
    );
    check(
        "another algorithm inside",
        |all| all[4].forge(&A, |digest| digest["digestSignatureAlgorithm"] = json!("none")),
        "VVVVI",
        "\"none\"",
    );
    check("no algorithm", |all| all[1].metadata.signature_algorithm = None, "VIVVV", "not signature-algorithm");
    check(
        "cut off",
        |all| all[1].object = all[1].object.clone().map(|bytes| bytes[..99].to_vec()),
        "VIVVV",
        "cannot be decompressed",
    );
    check("unzipped under its name", |all| all[1].object = Ok(b"{}".to_vec()), "VIVVV", "is not gzip");
    check("a member lost", |all| all[0].edit(|digest| *digest = json!({"logFiles": []})), "IVVVV", "missing field");
    check(
        "not to be read",
        |all| all[2].object = Err("AccessDenied".to_owned()),
        "VVUVV",
        "could not be read: AccessDenied",
    );
    check(
        "another bucket",
        |all| all[4].bucket = Some("copy".to_owned()),
        "VVVVI",
        "moved from its original location s3://trail-bucket/AWSLogs/",
    );
    check("another folder", |all| all[4].key = format!("old/{}", all[4].key), "VVVVI", "moved");
    check(
        "another folder, and the place empty",
        |all| all[2].key = format!("old/{}", all[2].key),
        "VVMIVV",
        "it is not there",
    );
}

#[test]
fn a_lost_signature_is_taken_from_the_next_digest() {
    fn copied(all: &mut [Listed]) {
        for copy in all {
            copy.metadata = SignatureMetadata::default();
            copy.bucket = None;
            copy.key = format!("evidence/2026/{}", copy.key);
        }
    }
    check("metadata of an older one", |all| all[1].metadata = SignatureMetadata::default(), "VVVVV", "");
    check("metadata of the newest", |all| all[4].metadata = SignatureMetadata::default(), "VVVVU", "no newer digest");
    check(
        "metadata of two",
        |all| all[3..].iter_mut().for_each(|one| one.metadata = SignatureMetadata::default()),
        "VVVVU",
        "no newer",
    );
    check("a copy", |all| copied(all), "VVVVU", "carries no signature");
    check(
        "a copy without folders",
        |all| {
            copied(all);
            all.iter_mut()
                .for_each(|copy| copy.key = copy.digest.file.key.rsplit('/').next().expect("a name").to_owned());
        },
        "VVVVU",
        "carries no signature",
    );
    check(
        "a copy of copies",
        |all| {
            copied(all);
            let again = all.clone();
            all.extend(again.into_iter().map(|copy| Listed { key: format!("more/{}", copy.key), ..copy }));
        },
        "VVVVVVVVUU",
        "carries no signature",
    );
    check(
        "a copy, edited",
        |all| {
            copied(all);
            all[2].edit(|digest| digest["logFiles"] = json!([]));
        },
        "VVIVU",
        "the valid digest evidence/2026/AWSLogs/",
    );
    check(
        "a copy, edited below the newest",
        |all| {
            copied(all);
            all[3].edit(|digest| digest["logFiles"] = json!([]));
        },
        "VVVIU",
        "one of the two was changed",
    );
    check(
        "a copy, its chain cut",
        |all| {
            copied(all);
            all[3].edit(|digest| digest["previousDigestSignature"] = json!("00"));
        },
        "VVUIU",
        "only invalid digests",
    );
    check(
        "a copy in another folder",
        |all| {
            copied(all);
            all[3].key = all[3].key.replace("2026/02/03", "2026/02/04");
        },
        "VVVMIU",
        "names it as the digest before it",
    );
}

#[test]
fn a_deleted_digest_is_missing_with_what_it_covered() {
    let missing = |deleted: std::ops::Range<usize>, since| {
        let mut listed = WHOLE.clone();
        listed.drain(deleted);
        let digests = listed.iter().map(Listed::fetch).collect();
        let report = verify_chain(digests, &keys(&[&A]), since);
        let missing: Vec<_> = report.with_status(DigestStatus::Missing).cloned().collect();
        assert_eq!(report.with_status(DigestStatus::Valid).count() + missing.len(), report.verdicts.len());
        let period = |one: &DigestVerdict| (one.started_at, one.ended_at, one.key == WHOLE[one_before(one)].key);
        missing.iter().map(period).collect::<Vec<_>>()
    };
    assert_eq!(missing(2..3, None), [(Some(hour(2)), Some(hour(3)), true)]);
    assert_eq!(missing(1..3, None), [(Some(hour(1)), Some(hour(3)), true)], "two neighbours");
    assert_eq!(missing(0..2, None), [(None, Some(hour(2)), true)], "nothing older");
    assert_eq!(missing(0..2, Some(hour(2))), [(None, Some(hour(2)), true)], "it ends when the listing begins");
    assert_eq!(missing(0..2, Some(hour(3))), [], "before the listing");
    assert_eq!(missing(4..5, None), [], "nobody names the newest");
}

/// The index of the digest that ends when a missing one's period does.
fn one_before(missing: &DigestVerdict) -> usize {
    let hours = missing.ended_at.expect("an end") - hour(1);
    usize::try_from(hours.num_hours()).expect("an hour of the chain")
}

#[test]
fn a_restart_is_a_gap_and_no_fault() {
    let report = verify(&listed(&|chain| chain.stopped(1..3)), &keys(&[&A]));
    assert_eq!(initials(&report), "VVV");
    let [gap] = report.gaps.as_slice() else { panic!("{:?}", report.gaps) };
    assert_eq!((gap.from, gap.until), (hour(1), hour(3)));
    assert!(gap.to_string().starts_with("no log files were delivered between 2026-02-03T01:00:00Z and"), "{gap}");
    assert_eq!(report.covered(), [hour(0)..hour(1), hour(3)..hour(5)]);
    assert_eq!(verify(&WHOLE, &keys(&[&A])).gaps, []);
    assert_eq!(verify(&listed(&|chain| chain.stopped(2..2)), &keys(&[&A])).gaps, [], "no hour was lost");
}

#[test]
fn what_an_invalid_digest_hides_is_not_covered() {
    let mut hidden = WHOLE.clone();
    hidden[3].edit(|digest| digest["logFiles"] = json!([]));
    hidden.remove(2);
    let report = verify(&hidden, &keys(&[&A]));
    assert_eq!(initials(&report), "VVIV", "an invalid digest's word for the one before it counts for nothing");
    assert_eq!(report.covered(), [hour(0)..hour(2), hour(4)..hour(5)]);
}

#[test]
fn keys_change_and_each_digest_needs_its_own() {
    let rotated = listed(&|chain| chain.rotated(2, &B));
    assert_eq!(initials(&verify(&rotated, &keys(&[&A, &B]))), "VVVVV");
    let report = verify(&rotated, &keys(&[&A]));
    assert_eq!(initials(&report), "VVUUU");
    assert!(report.verdicts[2].reason.contains(&B.fingerprint()), "{}", report.verdicts[2].reason);
    let retired = PublicKeys::from_json(A.public_keys_json(hour(-24)..hour(1)).as_bytes()).expect("keys");
    let report = verify(&WHOLE, &retired);
    assert_eq!(initials(&report), "VVUUU", "in use until 01:00, both ends included");
    assert!(report.verdicts[2].reason.contains("was not in use"), "{}", report.verdicts[2].reason);
}

#[test]
fn backfill_is_a_chain_apart() {
    let backfilled = listed(&|chain| chain.backfilled(hour(20)));
    let both = WHOLE.iter().chain(&backfilled).map(Listed::fetch).collect();
    let reports = verify_chains(both, &keys(&[&A]), None);
    assert_eq!(reports.iter().map(initials).collect::<Vec<_>>(), ["VVVVV", "VVVVV"]);
    let is_backfill = |report: &ChainReport| report.chain.as_ref().map(|chain| chain.is_backfill);
    assert_eq!(reports.iter().map(is_backfill).collect::<Vec<_>>(), [Some(false), Some(true)]);

    let early = PublicKeys::from_json(A.public_keys_json(hour(-24)..hour(18)).as_bytes()).expect("keys");
    assert_eq!(initials(&verify(&backfilled, &early)), "UUUUU", "signed at 20:00, give or take an hour");
    let mut undated = backfilled;
    undated[1].metadata.backfill_generation_timestamp = None;
    undated[2].metadata = SignatureMetadata::default();
    assert_eq!(initials(&verify(&undated, &keys(&[&A]))), "VIVVV");
}

#[test]
fn a_log_of_another_account_is_told() {
    let mut foreign = WHOLE.clone();
    foreign[4].forge(&A, |digest| digest["awsAccountId"] = json!("444455556666"));
    let report = verify(&foreign, &keys(&[&A]));
    assert_eq!(initials(&report), "VVVVV");
    assert_eq!(report.verdicts[4].foreign_log_files, [report.verdicts[4].attests[0].object.clone()]);
    assert_eq!(report.verdicts[3].foreign_log_files, Vec::<String>::new());
}

#[test]
fn a_log_file_is_held_against_valid_digests_only() {
    let mut damaged = WHOLE.clone();
    damaged[1].edit(|digest| digest["logFiles"][0]["hashValue"] = json!("00"));
    let reports = [verify(&damaged, &keys(&[&A]))];
    let attested = AttestedLogs::of(&reports);
    let logs = logs();
    let state = |bucket, key: &str, found| {
        attestation(attested.expected(bucket, key).map(|vouched| vouched.log), found).as_str()
    };
    let expected = attested.expected(Some(BUCKET), &logs[0].key).expect("a digest lists it");
    assert_eq!(expected.digest.key, WHOLE[0].key);
    let found = || Found::Sha256(expected.log.hash.clone());
    assert_eq!(state(Some(BUCKET), &logs[0].key, found()), "attested");
    assert_eq!(state(None, &format!("copy/{}", logs[0].key), found()), "attested");
    assert_eq!(state(Some("other"), &logs[0].key, found()), "not_attested");
    assert_eq!(state(Some(BUCKET), &logs[1].key, found()), "not_attested", "its digest is invalid");
    assert_eq!(state(Some(BUCKET), &logs[2].key, Found::Missing), Attestation::Missing.as_str());
    assert_eq!(state(Some(BUCKET), &logs[2].key, Found::Sha256("00".to_owned())), "mismatch");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_gives_the_same_verdicts(
        order in Just((0..WHOLE.len()).collect::<Vec<_>>()).prop_shuffle(),
        bare in proptest::collection::vec(any::<bool>(), WHOLE.len()),
        edited in proptest::collection::vec(any::<bool>(), WHOLE.len()),
        deleted in 0..WHOLE.len(),
    ) {
        let mut listed = WHOLE.clone();
        for (index, one) in listed.iter_mut().enumerate() {
            if bare[index] {
                one.metadata = SignatureMetadata::default();
            }
            if edited[index] {
                one.edit(|digest| digest["previousDigestSignature"] = json!("00"));
            }
        }
        let digests = |order: &[usize]| {
            order.iter().filter(|&&index| index != deleted).map(|&index| listed[index].fetch()).collect()
        };
        let keys = keys(&[&A]);
        let sorted: Vec<usize> = (0..listed.len()).collect();
        let report = verify_chain(digests(&sorted), &keys, None);
        prop_assert_eq!(&verify_chain(digests(&order), &keys, None), &report);
        for (index, one) in listed.iter().enumerate().filter(|(index, _)| *index != deleted) {
            let status = report.verdicts.iter().find(|verdict| verdict.key == one.key).map(|verdict| verdict.status);
            let is_valid = status == Some(DigestStatus::Valid);
            prop_assert!(!(edited[index] && is_valid), "an edited digest vouches for nothing");
            prop_assert!(edited[index] || bare[index] || is_valid, "a whole one with its metadata is valid");
        }
    }

    #[test]
    fn any_bytes_have_a_verdict(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        key in "[0-9A-Za-z_./-]{0,40}",
        text in ".{0,20}",
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut listed = WHOLE.clone();
        listed[0].object = Ok(bytes);
        listed[1].key = key;
        listed[2].metadata.signature = Some(text.clone());
        listed[3].edit(|digest| {
            let members = digest.as_object_mut().expect("an object");
            let at = at.index(members.len());
            *members.values_mut().nth(at).expect("an index below the length") = json!(text);
        });
        if let Ok(object) = &mut listed[4].object {
            let at = at.index(object.len());
            object[at] = byte;
        }
        let digests = listed.iter().map(Listed::fetch).collect();
        prop_assert!(verify_chain(digests, &keys(&[&A]), None).verdicts.len() >= listed.len());
    }
}
