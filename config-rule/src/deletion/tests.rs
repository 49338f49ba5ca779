//! Cases of the decision, over the good job and network of the controls' cases.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::answer::{Answer, DeletionVerdict, Effect, ReasonCode};
use super::decide;
use super::facts::{
    FinishedJobs, History, Interface, OwnEndpoint, PastDeletion, PastJob, PastUse, ProtectingTag, Seen, Terms,
};
use super::subject::{Asked, ResourceId};
use crate::controls::cases::{self, ACCOUNT, ENDPOINT_GROUP, GROUP, REGION, SUBNET, VPC, known, unread};
use crate::facts::{Fact, JobFacts, Permission, SecurityGroup};

const S3_ENDPOINT: &str = "vpce-0000000000000053a";
const KMS_ENDPOINT: &str = "vpce-000000000000000c5";
/// A group that nothing uses.
const SPARE: &str = "sg-0f0f0f0f0f0f0f0f0";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn asked(id: &str) -> Asked {
    Asked::by_id(ResourceId::parse(id).expect("an id"))
}

fn endpoint(world: &crate::facts::World, id: &str) -> Fact<OwnEndpoint> {
    let endpoints = world.endpoints[VPC].known().expect("the good world knows them");
    let endpoint = endpoints.iter().find(|endpoint| endpoint.id == id).expect("an endpoint").clone();
    let owned = |text: &str| text.to_owned();
    Fact::Known(OwnEndpoint { vpc_id: owned(VPC), owner_id: owned(ACCOUNT), endpoint, ..OwnEndpoint::default() })
}

/// The good world with these jobs, read whole.
fn seen(jobs: Vec<JobFacts>) -> Seen {
    let mut world = cases::world();
    let spare = SecurityGroup {
        id: SPARE.to_owned(),
        name: "spare".to_owned(),
        vpc_id: VPC.to_owned(),
        owner_id: ACCOUNT.to_owned(),
        ..SecurityGroup::default()
    };
    world.security_groups.insert(SPARE.to_owned(), Fact::Known(spare));
    let endpoints = [S3_ENDPOINT, KMS_ENDPOINT].map(|id| (id.to_owned(), endpoint(&world, id)));
    let none = |ids: &[&str]| ids.iter().map(|id| ((*id).to_owned(), Fact::Known(Vec::new()))).collect();
    Seen {
        jobs,
        endpoints: endpoints.into(),
        referring_groups: [GROUP, ENDPOINT_GROUP, SPARE].map(|id| (id.to_owned(), Fact::Known(Vec::new()))).into(),
        interfaces: none(&[GROUP, ENDPOINT_GROUP, SPARE, SUBNET, VPC]),
        world,
        ..Seen::default()
    }
}

fn finished() -> JobFacts {
    let mut job = cases::job();
    job.job.status = "Completed".to_owned();
    job.job.ended_at = Some(at("2026-01-02T00:00:00Z"));
    job
}

fn terms() -> Terms {
    let tag = ProtectingTag { key: "DoNotDelete".to_owned(), value: None };
    Terms { protecting_tags: vec![tag], ..Terms::default() }
}

fn ask(id: &str, seen: &Seen) -> Answer {
    decide(&asked(id), seen, &terms())
}

fn check(case: &str, answer: &Answer, verdict: DeletionVerdict, codes: &[ReasonCode]) {
    let found: Vec<ReasonCode> = answer.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!((answer.verdict(), found.as_slice()), (verdict, codes), "{case}: {answer:?}");
}

#[test]
fn a_group_is_kept_by_running_and_finished_jobs() {
    use DeletionVerdict::{Free, NotFree};
    use ReasonCode::{LastUse, NamedByJob, NothingAgainst, RunningJob};
    check("no job", &ask(GROUP, &seen(vec![])), Free, &[NothingAgainst]);
    check("a job names another", &ask(SPARE, &seen(vec![cases::job()])), Free, &[NothingAgainst]);
    check("outside any VPC", &ask(GROUP, &seen(vec![cases::job_without_vpc()])), Free, &[NothingAgainst]);
    let running = ask(GROUP, &seen(vec![cases::job()]));
    check("running", &running, NotFree, &[RunningJob, LastUse]);
    let text = &running.reasons[0].text;
    assert_eq!(text, "job claims-summary (InProgress, created 2026-01-01T00:00:00Z) names it");
    check("finished", &ask(GROUP, &seen(vec![finished()])), NotFree, &[NamedByJob, LastUse]);
    let ignoring = Terms { finished_jobs: FinishedJobs::Ignore, ..terms() };
    let finished = seen(vec![finished()]);
    let answer = decide(&asked(GROUP), &finished, &ignoring);
    check("finished jobs ignored", &answer, Free, &[NothingAgainst, NamedByJob, LastUse]);
    let running = decide(&asked(GROUP), &seen(vec![cases::job()]), &ignoring);
    check("running jobs are never ignored", &running, NotFree, &[RunningJob, LastUse]);
}

#[test]
fn subnets_and_vpcs_are_kept_by_the_jobs_in_them() {
    use DeletionVerdict::{CannotTell, Free, NotFree};
    use ReasonCode::{LastUse, NothingAgainst, RunningJob, Unreadable};
    let good = seen(vec![cases::job()]);
    for id in [SUBNET, VPC] {
        check(id, &ask(id, &good), NotFree, &[RunningJob, LastUse]);
        check(id, &ask(id, &seen(vec![])), Free, &[NothingAgainst]);
    }
    let mut by_group = good.clone();
    by_group.world.subnets.insert(SUBNET.to_owned(), Fact::Unreadable(unread()));
    check("one id is enough", &ask(VPC, &by_group), NotFree, &[RunningJob, LastUse]);
    by_group.world.security_groups.insert(GROUP.to_owned(), Fact::Absent);
    check("which VPC is not known", &ask(VPC, &by_group), CannotTell, &[Unreadable]);
    let mut elsewhere = good;
    known(&mut elsewhere.world.subnets, SUBNET).vpc_id = "vpc-1".to_owned();
    known(&mut elsewhere.world.security_groups, GROUP).vpc_id = "vpc-1".to_owned();
    check("in another VPC", &ask(VPC, &elsewhere), Free, &[NothingAgainst]);
}

#[test]
fn an_endpoint_is_kept_by_running_jobs_that_have_no_other() {
    use DeletionVerdict::{CannotTell, Free, NotFree};
    use ReasonCode::{NeededByJob, NothingAgainst, Unreadable};
    let good = seen(vec![cases::job()]);
    for id in [S3_ENDPOINT, KMS_ENDPOINT] {
        let answer = ask(id, &good);
        check(id, &answer, NotFree, &[NeededByJob]);
        assert!(answer.reasons[0].text.contains("(job_private_path)"), "{answer:?}");
        check(id, &ask(id, &seen(vec![finished()])), Free, &[NothingAgainst]);
    }
    let no_key = cases::job_with(|detail| detail.customer_key = None);
    check("KMS without a key", &ask(KMS_ENDPOINT, &seen(vec![no_key])), Free, &[NothingAgainst]);
    let mut two = good.clone();
    let endpoints = known(&mut two.world.endpoints, VPC);
    let mut second = endpoints[0].clone();
    second.id = "vpce-00000000000000999".to_owned();
    endpoints.push(second);
    check("there is another", &ask(S3_ENDPOINT, &two), Free, &[NothingAgainst]);
    let mut hidden = good.clone();
    hidden.world.endpoints.clear();
    check("endpoints unreadable", &ask(S3_ENDPOINT, &hidden), CannotTell, &[Unreadable]);
    let mut elsewhere = good;
    known(&mut elsewhere.world.subnets, SUBNET).vpc_id = "vpc-1".to_owned();
    check("in another VPC", &ask(S3_ENDPOINT, &elsewhere), Free, &[NothingAgainst]);
}

#[test]
fn rules_interfaces_and_tags_keep_a_group() {
    use DeletionVerdict::{Free, NotFree};
    use ReasonCode::{DefaultGroup, InUseByInterface, NothingAgainst, ProtectedByTag, ReferencedByGroup};
    let rule = Permission { group_ids: vec![SPARE.to_owned()], ..cases::https() };
    let group = |id: &str| SecurityGroup { id: id.to_owned(), ingress: vec![rule.clone()], ..SecurityGroup::default() };
    let mut referred = seen(vec![]);
    referred.referring_groups.insert(SPARE.to_owned(), Fact::Known(vec![group(SPARE)]));
    check("by itself", &ask(SPARE, &referred), Free, &[NothingAgainst]);
    referred.referring_groups.insert(SPARE.to_owned(), Fact::Known(vec![group(GROUP)]));
    check("by another", &ask(SPARE, &referred), NotFree, &[ReferencedByGroup]);
    let together = Terms { together: [GROUP.to_owned()].into(), ..terms() };
    let answer = decide(&asked(SPARE), &referred, &together);
    check("by one that goes too", &answer, Free, &[NothingAgainst, ReferencedByGroup]);

    let mut used = seen(vec![]);
    let description = format!("VPC Endpoint Interface {KMS_ENDPOINT}");
    let interface = Interface { id: "eni-1".to_owned(), description, ..Interface::default() };
    used.interfaces.insert(SPARE.to_owned(), Fact::Known(vec![interface]));
    check("an interface", &ask(SPARE, &used), NotFree, &[InUseByInterface]);
    let together = Terms { together: [KMS_ENDPOINT.to_owned()].into(), ..terms() };
    check(
        "whose endpoint goes too",
        &decide(&asked(SPARE), &used, &together),
        Free,
        &[NothingAgainst, InUseByInterface],
    );

    let mut tagged = seen(vec![]);
    known(&mut tagged.world.security_groups, SPARE).tags.insert("DoNotDelete".to_owned(), "yes".to_owned());
    check("a tag", &ask(SPARE, &tagged), NotFree, &[ProtectedByTag]);
    let tag = ProtectingTag { key: "DoNotDelete".to_owned(), value: Some("true".to_owned()) };
    let other_value = Terms { protecting_tags: vec![tag], ..Terms::default() };
    check("of another value", &decide(&asked(SPARE), &tagged, &other_value), Free, &[NothingAgainst]);
    let mut default = seen(vec![]);
    known(&mut default.world.security_groups, SPARE).name = "default".to_owned();
    check("a default group", &ask(SPARE, &default), NotFree, &[DefaultGroup]);
}

#[test]
fn a_load_balancer_or_instance_that_goes_takes_its_interface_along() {
    let going = [
        "i-1".to_owned(),
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188".to_owned(),
    ];
    let interface = |description: &str, instance: Option<&str>| Interface {
        description: description.to_owned(),
        instance_id: instance.map(str::to_owned),
        ..Interface::default()
    };
    assert!(interface("ELB app/front/50dc6c495c0c9188", None).goes_with(&going.clone().into()));
    assert!(interface("", Some("i-1")).goes_with(&going.clone().into()));
    for (description, instance) in
        [("ELB app/back/50dc6c495c0c9188", None), ("front", None), ("", Some("i-2")), ("", None)]
    {
        assert!(!interface(description, instance).goes_with(&going.clone().into()), "{description} {instance:?}");
    }
}

#[test]
fn what_is_not_there_or_elsewhere_cannot_be_told() {
    use DeletionVerdict::{CannotTell, NotFree};
    use ReasonCode::{LastUse, NotFound, OtherAccount, OtherRegion, RunningJob};
    let mut gone = seen(vec![]);
    gone.world.security_groups.insert(GROUP.to_owned(), Fact::Absent);
    let answer = ask(GROUP, &gone);
    check("not found", &answer, CannotTell, &[NotFound]);
    assert!(answer.reasons[0].text.contains("not in eu-west-1") && answer.reasons[0].text.contains("--region"));
    gone.jobs.push(cases::job());
    check("but a job names it", &ask(GROUP, &gone), NotFree, &[RunningJob, NotFound, LastUse]);

    let here = seen(vec![cases::job()]);
    let place = |region: &str, account: &str| Asked {
        region: Some(region.to_owned()),
        account_id: Some(account.to_owned()),
        ..asked(SPARE)
    };
    check("Region", &decide(&place("us-east-1", ACCOUNT), &here, &terms()), CannotTell, &[OtherRegion]);
    check("account", &decide(&place(REGION, "444455556666"), &here, &terms()), CannotTell, &[OtherAccount]);
    assert_eq!(decide(&place(REGION, ACCOUNT), &here, &terms()).verdict(), DeletionVerdict::Free);
    let mut shared = here;
    known(&mut shared.world.security_groups, SPARE).owner_id = "444455556666".to_owned();
    check("of another owner", &ask(SPARE, &shared), CannotTell, &[OtherAccount]);
}

#[test]
fn the_history_adds_and_never_frees() {
    use DeletionVerdict::{CannotTell, Free, NotFree};
    use ReasonCode::{AlreadyDeleted, JobOfOtherAccount, LastUse, NotFound, NothingAgainst};
    let past = |account: &str, ended_at: Option<DateTime<Utc>>| PastJob {
        job_arn: format!("arn:aws:bedrock:{REGION}:{account}:model-customization-job/x/1"),
        job_name: Some("old".to_owned()),
        account_id: account.to_owned(),
        named_at: at("2025-01-01T00:00:00Z"),
        ended_at,
        event_id: Some("event-1".to_owned()),
    };
    let with = |history: History| {
        let mut seen = seen(vec![]);
        seen.history = BTreeMap::from([(SPARE.to_owned(), history)]);
        seen
    };
    let of = |job: PastJob| with(History { jobs: vec![job], ..History::default() });
    check("nothing", &ask(SPARE, &with(History::default())), Free, &[NothingAgainst]);
    check("not listed any more", &ask(SPARE, &of(past(ACCOUNT, None))), Free, &[NothingAgainst, ReasonCode::PastJob]);
    let (other, ended) = ("444455556666", Some(at("2025-01-02T00:00:00Z")));
    check("another account", &ask(SPARE, &of(past(other, None))), CannotTell, &[JobOfOtherAccount]);
    check("another account, over", &ask(SPARE, &of(past(other, ended))), NotFree, &[JobOfOtherAccount]);
    let ignoring = Terms { finished_jobs: FinishedJobs::Ignore, ..terms() };
    let answer = decide(&asked(SPARE), &of(past(other, ended)), &ignoring);
    check("and ignored", &answer, Free, &[NothingAgainst, JobOfOtherAccount]);

    let last_use = PastUse { interfaces: 2, last_made_at: at("2025-01-01T00:00:00Z"), last_ended_at: None };
    let used = with(History { last_use: Some(last_use), ..History::default() });
    check("used", &ask(SPARE, &used), Free, &[NothingAgainst, LastUse]);
    let deletion = PastDeletion { deleted_at: at("2025-02-01T00:00:00Z"), who: Some("ann".to_owned()), event_id: None };
    let mut gone = with(History { deletion: Some(deletion), ..History::default() });
    gone.world.security_groups.insert(SPARE.to_owned(), Fact::Absent);
    let answer = ask(SPARE, &gone);
    check("deleted", &answer, CannotTell, &[NotFound, AlreadyDeleted]);
    assert!(answer.reasons[1].text.contains("2025-02-01T00:00:00Z by ann"), "{answer:?}");
}

#[test]
fn reads_that_failed_alike_are_one_reason() {
    let mut jobs = vec![cases::job(), cases::job(), cases::job()];
    for (number, job) in jobs.iter_mut().enumerate() {
        job.detail = Fact::Unreadable(crate::facts::Unread { resource: format!("job-{number}"), ..unread() });
    }
    let answer = ask(SPARE, &seen(jobs));
    check("three", &answer, DeletionVerdict::CannotTell, &[ReasonCode::Unreadable]);
    assert!(answer.reasons[0].text.contains("on job-0 and 2 more: "), "{answer:?}");
    assert_eq!(answer.reasons[0].effect, Effect::Unknown);
}

#[test]
fn what_was_not_gathered_is_unreadable() {
    for id in [GROUP, SUBNET, VPC, S3_ENDPOINT] {
        assert_eq!(ask(id, &Seen::default()).verdict(), DeletionVerdict::CannotTell, "{id}");
    }
}

/// Makes one of the reads fail that an answer about this id rests on.
fn fail(seen: &mut Seen, id: &str, which: u8) {
    let failed = unread();
    match which {
        0 => seen.unread_lists.push(failed),
        1 => seen.jobs.push(JobFacts { detail: Fact::Unreadable(failed), ..cases::job() }),
        2 if id.starts_with("sg-") => drop(seen.referring_groups.insert(id.to_owned(), Fact::Unreadable(failed))),
        3 if !id.starts_with("vpce-") => drop(seen.interfaces.insert(id.to_owned(), Fact::Unreadable(failed))),
        _ => match id.split('-').next() {
            Some("sg") => drop(seen.world.security_groups.insert(id.to_owned(), Fact::Unreadable(failed))),
            Some("subnet") => drop(seen.world.subnets.insert(id.to_owned(), Fact::Unreadable(failed))),
            Some("vpc") => drop(seen.world.vpcs.insert(id.to_owned(), Fact::Unreadable(failed))),
            _ => drop(seen.endpoints.insert(id.to_owned(), Fact::Unreadable(failed))),
        },
    }
}

proptest! {
    #[test]
    fn nothing_is_free_where_a_read_failed(
        id in proptest::sample::select(vec![GROUP, SPARE, SUBNET, VPC, S3_ENDPOINT, KMS_ENDPOINT]),
        job in 0_u8..4,
        failures in proptest::collection::vec(0_u8..5, 1..4),
        ignores in any::<bool>(),
        goes_too in any::<bool>(),
        is_known_to_history in any::<bool>(),
    ) {
        let jobs = match job {
            0 => vec![],
            1 => vec![cases::job_without_vpc()],
            2 => vec![finished()],
            _ => vec![cases::job(), finished()],
        };
        let mut seen = seen(jobs);
        if is_known_to_history {
            seen.history.insert(id.to_owned(), History::default());
        }
        let mut terms = terms();
        if ignores {
            terms.finished_jobs = FinishedJobs::Ignore;
        }
        if goes_too {
            terms.together.insert(id.to_owned());
        }
        let before = decide(&asked(id), &seen, &terms).verdict();
        for which in failures {
            fail(&mut seen, id, which);
        }
        let after = decide(&asked(id), &seen, &terms).verdict();
        prop_assert_ne!(after, DeletionVerdict::Free);
        // A failed read of what kept it may leave it unknown, and what was free is never refused for it.
        prop_assert!(before != DeletionVerdict::Free || after == DeletionVerdict::CannotTell);
    }
}
