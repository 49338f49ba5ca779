//! `training_data_requires_vpc`: the policies of the buckets that the job reads refuse reads from outside its VPC.
//!
//! - Compliant: for everything that the job reads and that is still there, some Deny statement of the bucket's policy
//!   refuses `s3:GetObject` to the job's role from outside the VPC of its subnets. For a job without a `vpcConfig`, and
//!   for one whose subnets are all deleted, any VPC or endpoint will do: there is none to compare with.
//! - NonCompliant: a bucket has no policy, or none of its statements requires a VPC, or they require other ones,
//!   whatever is unknown of the other buckets.
//! - NotApplicable: the job reads nothing from S3, or none of its buckets exists any more.
//! - Undetermined: a policy could not be read, or a Deny statement that is about VPCs has a part that is not
//!   interpreted here (`NotAction`, another condition key); the job's VPC or its endpoints could not be read, or, in a
//!   shared VPC, are not visible from here; or a location is not of the form `s3://bucket/key`.
//!
//! Not judged: what the role's own policy, an endpoint policy or a resource control policy refuses.

use std::collections::BTreeSet;

use schemas::ids::Arn;

use super::bucket_policy::{self, Answer, Place, Read};
use super::job_private_path::hidden_endpoints;
use super::{About, Severity, detail_of};
use crate::facts::{BucketPolicy, Fact, JobDetail, JobFacts, Unread, World};
use crate::judgement::Judgement;

/// What a person is told about it.
pub const ABOUT: About = About {
    severity: Severity::High,
    why: "No IAM condition keeps a job from being created without a VPC; a bucket policy that refuses reads from \
          outside the VPC makes such a job fail before it has read any training data.",
    fix: "Add a Deny statement for s3:GetObject with StringNotEquals aws:SourceVpc (or aws:SourceVpce) to the bucket's \
          policy, limited to the customization roles by aws:PrincipalArn so that people can still upload.",
    pages: &[
        "Protect your model customization jobs using a VPC",
        "Controlling access from VPC endpoints with bucket policies",
    ],
};

const REMEDY: &str = "deny s3:GetObject in the bucket policy unless aws:SourceVpc is the job's";

/// Judges one job.
pub fn evaluate(job: &JobFacts, world: &World) -> Judgement {
    let detail = match detail_of(job) {
        Ok(detail) => detail,
        Err(judgement) => return judgement,
    };
    if detail.input_s3_uris.is_empty() {
        return Judgement::not_applicable("reads nothing from S3");
    }
    let place = place(detail, world);
    let (mut open, mut unread, mut refused) = (BTreeSet::new(), BTreeSet::new(), 0);
    for uri in &detail.input_s3_uris {
        match judge(uri, job, detail, &place, world) {
            Outcome::Refused => refused += 1,
            Outcome::Open(bucket) | Outcome::Elsewhere(bucket) => drop(open.insert(bucket)),
            Outcome::Gone => {}
            Outcome::Unread(failed) => unread.extend(failed),
        }
    }
    let unread: Vec<Unread> = unread.into_iter().collect();
    if !open.is_empty() {
        let finding = "reads buckets whose policy does not require its VPC:";
        return Judgement { unread, ..Judgement::non_compliant(finding, open.into_iter().collect(), REMEDY) };
    }
    match (unread.as_slice(), refused) {
        ([_, ..], _) => Judgement::undetermined(unread),
        ([], 0) => Judgement::not_applicable("read buckets that do not exist any more"),
        ([], _) => {
            Judgement::compliant(format!("its buckets' policies require a VPC for all that it reads ({refused})"))
        }
    }
}

/// The buckets that the job reads, each once, in order. A location that names none is left out.
pub fn buckets(job: &JobFacts) -> Vec<String> {
    let uris = job.detail.known().map_or(&[][..], |detail| &detail.input_s3_uris);
    let buckets: BTreeSet<&str> = uris.iter().filter_map(|uri| parse(uri)).map(|(bucket, _)| bucket).collect();
    buckets.into_iter().map(str::to_owned).collect()
}

/// The buckets that the job reads whose policy requires a VPC or endpoint that is not the job's, so that its reads would
/// be refused.
pub fn shut_out(job: &JobFacts, world: &World) -> Vec<String> {
    let Some(detail) = job.detail.known() else { return Vec::new() };
    let place = place(detail, world);
    let judged = detail.input_s3_uris.iter().map(|uri| judge(uri, job, detail, &place, world));
    let elsewhere = judged.filter_map(|outcome| match outcome {
        Outcome::Elsewhere(bucket) => Some(bucket),
        _ => None,
    });
    elsewhere.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Bucket and key of `s3://bucket/key`; the key may be empty.
fn parse(uri: &str) -> Option<(&str, &str)> {
    let path = uri.strip_prefix("s3://")?;
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (!bucket.is_empty() && bucket.bytes().all(is_name)).then_some((bucket, key))
}

/// Where the job reads from.
fn place(detail: &JobDetail, world: &World) -> Place {
    let mut place = Place::default();
    for id in detail.vpc_config.iter().flat_map(|network| &network.subnet_ids) {
        let subnet = match world.subnet(id) {
            Fact::Known(subnet) => subnet,
            Fact::Absent => continue,
            Fact::Unreadable(unread) => {
                place.vpcs_unread.push(unread.clone());
                place.endpoints_unread.push(unread);
                continue;
            }
        };
        place.vpc_ids.insert(subnet.vpc_id.clone());
        place.endpoints_unread.extend(hidden_endpoints(subnet, world));
        match world.endpoints_of(&subnet.vpc_id) {
            Fact::Known(endpoints) => place.endpoint_ids.extend(endpoints.iter().map(|endpoint| endpoint.id.clone())),
            Fact::Absent => {}
            Fact::Unreadable(unread) => place.endpoints_unread.push(unread),
        }
    }
    place.is_anywhere = place.vpc_ids.is_empty() && place.vpcs_unread.is_empty();
    place
}

/// What is known of one location.
enum Outcome {
    Refused,
    /// The bucket and what its policy lacks.
    Open(String),
    /// The bucket and the other networks that its policy requires.
    Elsewhere(String),
    Gone,
    Unread(Vec<Unread>),
}

fn judge(uri: &str, job: &JobFacts, detail: &JobDetail, place: &Place, world: &World) -> Outcome {
    let not_read = |resource: &str, cause: String| {
        let (action, resource) = ("s3:GetBucketPolicy".to_owned(), resource.to_owned());
        Outcome::Unread(vec![Unread { action, resource, cause }])
    };
    let Some((bucket, key)) = parse(uri) else {
        return not_read(uri, "the location is not of the form s3://bucket/key".to_owned());
    };
    let document = match world.bucket_policy(bucket) {
        Fact::Known(BucketPolicy::Document(document)) => document,
        Fact::Known(BucketPolicy::None) => return Outcome::Open(format!("{bucket} (no bucket policy)")),
        Fact::Absent => return Outcome::Gone,
        Fact::Unreadable(unread) => return Outcome::Unread(vec![unread]),
    };
    let partition = Arn::parse(&job.job.arn).map_or("aws", |arn| arn.partition);
    let read = Read {
        object_arn: format!("arn:{partition}:s3:::{bucket}/{key}"),
        is_folder: key.is_empty() || key.ends_with('/'),
        role_arn: detail.role_arn.as_deref(),
        account_id: &world.account_id,
        place,
    };
    let answers = match bucket_policy::answers(document, &read) {
        Ok(answers) => answers,
        Err(error) => return not_read(bucket, format!("the policy is not understood: {error}")),
    };
    let label = answers.iter().rev().find(|(_, answer)| matches!(answer, Answer::NotInterpreted(_)));
    let label = label.map_or_else(String::new, |(label, _)| label.clone());
    match bucket_policy::best(answers.into_iter().map(|(_, answer)| answer)) {
        Answer::Refuses => Outcome::Refused,
        Answer::Silent => Outcome::Open(bucket.to_owned()),
        Answer::RequiresOther(ids) => Outcome::Elsewhere(format!("{bucket} (requires {})", ids.join(" or "))),
        Answer::NotInterpreted(what) => not_read(bucket, format!("{what} of statement {label} is not interpreted")),
        Answer::Unread(unread) => Outcome::Unread(unread),
    }
}

#[cfg(test)]
mod tests {
    use schemas::control::Verdict::{self, Compliant, NonCompliant, NotApplicable, Undetermined};
    use serde_json::{Value, json};

    use super::super::cases::{self, ACCOUNT, BUCKET, ROLE, SUBNET, VPC, known, unread};
    use super::*;
    use crate::facts::Subnet;

    fn check_in(case: &str, job: &JobFacts, world: &World, expected: Verdict) -> Judgement {
        let judgement = evaluate(job, world);
        assert_eq!(judgement.verdict, expected, "{case}: {}", judgement.reason());
        judgement
    }

    /// The good world with this policy of the bucket.
    fn with(policy: Fact<BucketPolicy>) -> World {
        let mut world = cases::world();
        world.bucket_policies.insert(BUCKET.to_owned(), policy);
        world
    }

    /// The good statement with these elements changed; null removes one.
    fn statement(changes: &Value) -> Value {
        let mut statement = json!({
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": format!("arn:aws:s3:::{BUCKET}/*"),
            "Condition": {"StringNotEquals": {"aws:SourceVpc": VPC}},
        });
        let elements = statement.as_object_mut().expect("an object");
        for (element, value) in changes.as_object().expect("an object") {
            elements.insert(element.clone(), value.clone());
        }
        elements.retain(|_, value| !value.is_null());
        statement
    }

    fn document(statements: &Value) -> World {
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        with(Fact::Known(BucketPolicy::Document(document)))
    }

    fn check(changes: &Value, expected: Verdict) -> Judgement {
        check_in(&changes.to_string(), &cases::job(), &document(&statement(changes)), expected)
    }

    fn reading(uris: &[&str]) -> JobFacts {
        cases::job_with(|detail| detail.input_s3_uris = uris.iter().map(|&uri| uri.to_owned()).collect())
    }

    #[test]
    fn policies() {
        let job = cases::job();
        check_in("good", &job, &cases::world(), Compliant);
        let judgement = check_in("none", &job, &with(Fact::Known(BucketPolicy::None)), NonCompliant);
        assert_eq!(judgement.resources, [format!("{BUCKET} (no bucket policy)")]);
        check_in("no statement", &job, &document(&json!([])), NonCompliant);
        check_in("bucket gone", &job, &with(Fact::Absent), NotApplicable);
        check_in("unreadable", &job, &with(Fact::Unreadable(unread())), Undetermined);
        check_in("never asked for", &reading(&["s3://another/x"]), &cases::world(), Undetermined);
        for text in ["", "{}", "[]", "not JSON", r#"{"Statement":[{"Effect":"Maybe"}]}"#] {
            check_in(text, &job, &with(Fact::Known(BucketPolicy::Document(text.to_owned()))), Undetermined);
        }
        let others = json!([statement(&json!({"Effect": "Allow"})), statement(&json!({"Sid": "Good"}))]);
        check_in("one of several", &job, &document(&others), Compliant);
    }

    #[test]
    fn principals_actions_and_resources() {
        for (changes, expected) in [
            (json!({"Principal": {"AWS": "*"}}), Compliant),
            (json!({"Principal": {"AWS": ["arn:aws:iam::444455556666:root", ROLE]}}), Compliant),
            (json!({"Principal": {"AWS": "arn:aws:iam::444455556666:root"}}), NonCompliant),
            (json!({"Principal": {"AWS": ACCOUNT}}), Undetermined),
            (json!({"Principal": {"Service": "bedrock.amazonaws.com"}}), NonCompliant),
            (json!({"Principal": null, "NotPrincipal": {"AWS": "arn:aws:iam::444455556666:root"}}), Undetermined),
            (json!({"Action": ["s3:PutObject", "S3:get*"]}), Compliant),
            (json!({"Action": "*"}), Compliant),
            (json!({"Action": "s3:PutObject"}), NonCompliant),
            (json!({"Action": null, "NotAction": "s3:PutObject"}), Undetermined),
            (json!({"Resource": ["arn:aws:s3:::other/*", "*"]}), Compliant),
            (json!({"Resource": format!("arn:aws:s3:::{BUCKET}/*.jsonl")}), Compliant),
            (json!({"Resource": format!("arn:aws:s3:::{BUCKET}/train.jsonl")}), Compliant),
            (json!({"Resource": format!("arn:aws:s3:::{BUCKET}")}), NonCompliant),
            (json!({"Resource": format!("arn:aws:s3:::{BUCKET}/other/*")}), NonCompliant),
            (json!({"Resource": format!("arn:aws-cn:s3:::{BUCKET}/*")}), NonCompliant),
            (json!({"Resource": format!("arn:aws:s3:::{BUCKET}/${{aws:PrincipalTag/x}}/*")}), Undetermined),
            (json!({"Effect": "Allow"}), NonCompliant),
            (json!({"Unheard": "of"}), Undetermined),
        ] {
            check(&changes, expected);
        }
    }

    #[test]
    fn conditions() {
        let (endpoint, other) = ("vpce-0000000000000053a", "vpc-00000000000000bad");
        for (condition, expected) in [
            (json!({"StringNotEquals": {"AWS:sourceVPC": [other, VPC]}}), Compliant),
            (json!({"StringNotEqualsIfExists": {"aws:SourceVpc": VPC}}), Compliant),
            (json!({"StringNotEqualsIgnoreCase": {"aws:SourceVpc": VPC.to_uppercase()}}), Compliant),
            (json!({"StringNotLike": {"aws:SourceVpc": "vpc-*"}}), Compliant),
            (json!({"StringNotEquals": {"aws:SourceVpce": endpoint}}), Compliant),
            (json!({"StringNotEquals": {"aws:SourceVpc": other, "aws:SourceVpce": endpoint}}), Compliant),
            (json!({"StringNotEquals": {"aws:SourceVpc": other}, "Null": {"aws:SourceVpce": "true"}}), Compliant),
            (json!({"NotIpAddress": {"aws:VpcSourceIp": "10.0.0.0/16"}}), Compliant),
            (json!({"Null": {"aws:SourceVpce": true}}), Compliant),
            (json!({"Null": {"aws:SourceVpc": "false"}}), NonCompliant),
            (json!({"StringNotEquals": {"aws:SourceVpc": other}}), NonCompliant),
            (json!({"StringNotEquals": {"aws:SourceVpc": "vpc-*"}}), NonCompliant),
            (json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}), NonCompliant),
            (json!({"StringEquals": {"aws:SourceVpc": other}}), NonCompliant),
            (json!({"Bool": {"aws:SecureTransport": "false"}}), NonCompliant),
            (json!({}), NonCompliant),
            (json!({"StringEqualsIfExists": {"aws:SourceVpc": VPC}}), Undetermined),
            (json!({"ForAnyValue:StringNotEquals": {"aws:SourceVpc": VPC}}), Undetermined),
            (json!({"StringNotEquals": {"aws:VpceAccount": ACCOUNT}}), Undetermined),
            (json!({"StringNotEquals": {"aws:SourceVpc": VPC}, "Bool": {"aws:ViaAWSService": false}}), Undetermined),
        ] {
            check(&json!({"Condition": condition}), expected);
        }
    }

    #[test]
    fn a_statement_may_be_limited_to_roles() {
        let (jobs, admin) = ("arn:aws:iam::111122223333:role/Bedrock*", "arn:aws:iam::111122223333:role/Admin");
        for (operator, value, expected) in [
            ("ArnLike", jobs, Compliant),
            ("ArnEquals", jobs, Compliant),
            ("StringLike", jobs, Compliant),
            ("StringEquals", ROLE, Compliant),
            ("StringEquals", jobs, NonCompliant),
            ("ArnLike", admin, NonCompliant),
            ("ArnNotLike", admin, Compliant),
            ("ArnNotEquals", ROLE, NonCompliant),
            ("Bool", ROLE, Undetermined),
        ] {
            let vpc = json!({"aws:SourceVpc": VPC});
            check(&json!({"Condition": {"StringNotLike": vpc, operator: {"aws:PrincipalArn": value}}}), expected);
        }
    }

    #[test]
    fn what_is_wrong_or_unclear_is_named() {
        let requires = check(&json!({"Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}), NonCompliant);
        assert_eq!(requires.resources, [format!("{BUCKET} (requires vpc-1)")]);
        let condition = json!({"StringNotEquals": {"aws:SourceVpc": VPC}, "Bool": {"aws:ViaAWSService": "false"}});
        for (sid, label) in [(json!("Outside"), "Outside"), (Value::Null, "number 1")] {
            let unclear = check(&json!({"Sid": sid, "Condition": condition}), Undetermined);
            let cause = format!("aws:ViaAWSService of statement {label} is not interpreted");
            assert_eq!((unclear.unread[0].resource.as_str(), &unclear.unread[0].cause), (BUCKET, &cause));
        }
    }

    #[test]
    fn locations() {
        let world = cases::world();
        let folder = format!("s3://{BUCKET}/folder/");
        check_in("nothing", &reading(&[]), &world, NotApplicable);
        check_in("a folder", &reading(&[&folder]), &world, Compliant);
        check_in("a whole bucket", &reading(&[&format!("s3://{BUCKET}")]), &world, Compliant);
        let exact = document(&statement(&json!({"Resource": format!("arn:aws:s3:::{BUCKET}/folder/")})));
        check_in("a folder's own key is not what is below it", &reading(&[&folder]), &exact, NonCompliant);
        check_in("malformed", &reading(&["https://example.com/x"]), &world, Undetermined);
        let job = reading(&["s3://b/2", "s3://a/1", "s3://b/1", "s3:///x", "s3://a:b/x", "c"]);
        assert_eq!(buckets(&job), ["a", "b"]);
        assert!(buckets(&JobFacts { detail: Fact::Absent, ..job }).is_empty());
    }

    #[test]
    fn a_bucket_known_to_be_open_decides_whatever_is_unknown_of_others() {
        let job = reading(&[&format!("s3://{BUCKET}/x"), "s3://denied/x", "s3://gone/x"]);
        let mut world = cases::world();
        world.bucket_policies.insert("denied".to_owned(), Fact::Unreadable(unread()));
        world.bucket_policies.insert("gone".to_owned(), Fact::Absent);
        check_in("one refuses, one unread, one gone", &job, &world, Undetermined);
        world.bucket_policies.insert("gone".to_owned(), Fact::Known(BucketPolicy::None));
        let judgement = check_in("one open", &job, &world, NonCompliant);
        assert_eq!((judgement.resources.len(), judgement.unread.len()), (1, 1));
    }

    #[test]
    fn the_place_of_the_job() {
        let by = |key: &str, id: &str| document(&statement(&json!({"Condition": {"StringNotEquals": {key: id}}})));
        let (other, job) = (by("aws:SourceVpc", "vpc-1"), cases::job());
        check_in("any VPC will do outside one", &cases::job_without_vpc(), &other, Compliant);
        let change = |mut world: World, subnet: Fact<Subnet>| {
            world.subnets.insert(SUBNET.to_owned(), subnet);
            world
        };
        check_in("any VPC will do when nothing is left", &job, &change(other.clone(), Fact::Absent), Compliant);
        check_in("its VPC is unread", &job, &change(other, Fact::Unreadable(unread())), Undetermined);
        let elsewhere = by("aws:SourceVpce", "vpce-1");
        check_in("another endpoint", &job, &elsewhere, NonCompliant);
        check_in("endpoints unread", &job, &World { endpoints: Default::default(), ..elsewhere.clone() }, Undetermined);
        let mut shared = elsewhere;
        known(&mut shared.subnets, SUBNET).owner_id = "444455556666".to_owned();
        check_in("endpoints of a shared VPC are hidden", &job, &shared, Undetermined);
    }
}
