//! Facts of one resource into its answer. No read that failed ever makes it freer.

use std::collections::BTreeMap;

use super::answer::{Answer, Effect, Reason, ReasonCode};
use super::facts::{FinishedJobs, Found, History, Interface, PastJob, Seen, Terms};
use super::needs;
use super::subject::{Asked, ResourceId, ResourceKind};
use crate::facts::{Fact, SecurityGroup, Unread};

/// Whether a resource may be deleted, and why.
pub fn decide(asked: &Asked, seen: &Seen, terms: &Terms) -> Answer {
    let id = &asked.id;
    let reasons = match elsewhere(asked, seen) {
        Some(reason) => vec![reason],
        None => reasons(id, seen, terms),
    };
    Answer { subject: id.to_string(), kind: Some(id.kind().as_str()), reasons }
}

/// That it is where nobody has looked, as far as whoever asks tells where it is.
fn elsewhere(asked: &Asked, seen: &Seen) -> Option<Reason> {
    let read = &seen.world.region;
    if let Some(region) = asked.region.as_ref().filter(|region| *region != read) {
        let text = format!("it is in {region}, and {read} was read: ask again with --region {region}");
        return Some(Reason::new(ReasonCode::OtherRegion, Effect::Unknown, text).about(region));
    }
    let found = seen.found(&asked.id);
    let owner = found.known().map(|found| found.owner_id.as_str()).filter(|owner| !owner.is_empty());
    let of_jobs = Some(seen.world.account_id.as_str()).filter(|account| !account.is_empty());
    let account = asked.account_id.as_deref()?;
    let read = of_jobs.or(owner).filter(|read| *read != account)?;
    let text = format!("it is in account {account}, and {read} was read: ask again with credentials of {account}");
    Some(Reason::new(ReasonCode::OtherAccount, Effect::Unknown, text).about(account))
}

fn reasons(id: &ResourceId, seen: &Seen, terms: &Terms) -> Vec<Reason> {
    let (mut reasons, mut unread) = (Vec::new(), Vec::new());
    let found = seen.found(id);
    match &found {
        Fact::Known(found) => reasons.extend(of_itself(id, found, seen, terms)),
        Fact::Absent => reasons.push(not_found(id, seen)),
        Fact::Unreadable(failed) => unread.push(failed.clone()),
    }
    let endpoint_of = found.known().and_then(|found| found.endpoint_of.as_deref());
    let (of_jobs, failed) = needs::of_jobs(id, endpoint_of, seen, terms);
    reasons.extend(of_jobs);
    unread.extend(failed);
    if id.kind() == ResourceKind::SecurityGroup {
        match seen.referring_groups_of(id.as_str()) {
            Fact::Known(groups) => reasons.extend(groups.iter().filter_map(|group| reference(id, group, terms))),
            Fact::Absent => {}
            Fact::Unreadable(failed) => unread.push(failed),
        }
    }
    // The interfaces of an endpoint are its own, and go with it.
    if id.kind() != ResourceKind::VpcEndpoint {
        match seen.interfaces_of(id.as_str()) {
            Fact::Known(interfaces) => reasons.extend(interfaces.iter().map(|interface| in_use(interface, terms))),
            Fact::Absent => {}
            Fact::Unreadable(failed) => unread.push(failed),
        }
    }
    if let Some(history) = seen.history.get(id.as_str()) {
        let owner = found.known().map(|found| found.owner_id.as_str());
        reasons.extend(of_history(history, owner, seen, terms));
    }
    reasons.extend(unreadable(unread));
    if reasons.iter().all(|reason| reason.effect == Effect::Tells) {
        reasons.push(Reason::new(ReasonCode::NothingAgainst, Effect::Tells, nothing_against(id.kind(), terms)));
    }
    // Stable: jobs stay in the order of their creation.
    reasons.sort_by_key(|reason| reason.code);
    reasons
}

fn nothing_against(kind: ResourceKind, terms: &Terms) -> String {
    let jobs = match (kind, terms.finished_jobs) {
        (ResourceKind::VpcEndpoint, _) => "no job that is not finished needs it",
        (_, FinishedJobs::Refuse) => "no job names it",
        (_, FinishedJobs::Ignore) => "no job that is not finished names it",
    };
    let uses = match kind {
        ResourceKind::SecurityGroup => ", no rule of a group that stays refers to it, no network interface uses it",
        ResourceKind::Subnet | ResourceKind::Vpc => ", no network interface is in it",
        ResourceKind::VpcEndpoint => "",
    };
    format!("{jobs}{uses}, no tag protects it")
}

fn of_itself(id: &ResourceId, found: &Found, seen: &Seen, terms: &Terms) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for tag in terms.protecting_tags.iter().filter(|tag| tag.is_in(&found.tags)) {
        let value = found.tags.get(&tag.key).map(String::as_str).unwrap_or_default();
        let text = format!("its tag {}={value} protects it", tag.key);
        reasons.push(Reason::new(ReasonCode::ProtectedByTag, Effect::Refuses, text).about(&tag.key));
    }
    if let Some(vpc_id) = &found.default_group_of {
        let text = format!("it is the default group of {vpc_id}, which EC2 deletes with that VPC and never alone");
        reasons.push(Reason::new(ReasonCode::DefaultGroup, Effect::Refuses, text).about(vpc_id));
    }
    let read = &seen.world.account_id;
    if !read.is_empty() && !found.owner_id.is_empty() && *read != found.owner_id {
        let owner = &found.owner_id;
        let what = id.kind().words();
        let text =
            format!("this {what} belongs to account {owner}; the jobs of {read} were read, those of {owner} not");
        reasons.push(Reason::new(ReasonCode::OtherAccount, Effect::Unknown, text).about(owner));
    }
    reasons
}

fn not_found(id: &ResourceId, seen: &Seen) -> Reason {
    let region = &seen.world.region;
    let of_account = match seen.world.account_id.as_str() {
        "" => String::new(),
        account => format!(" of account {account}"),
    };
    let gone = match seen.history.get(id.as_str()) {
        Some(History { deletion: Some(deletion), .. }) => {
            format!("it was deleted {}", deletion.deleted_at.format("%Y-%m-%dT%H:%M:%SZ"))
        }
        Some(_) => "no record of the lake tells of its deletion".to_owned(),
        None => "if it is gone, --lake tells when and through whom".to_owned(),
    };
    let text = format!("not in {region}{of_account}: if it is in another Region, give --region; {gone}");
    Reason::new(ReasonCode::NotFound, Effect::Unknown, text)
}

/// Rules of a group about itself, and of one that goes too, keep nothing.
fn reference(id: &ResourceId, group: &SecurityGroup, terms: &Terms) -> Option<Reason> {
    if group.id == id.as_str() {
        return None;
    }
    let names = |permissions: &[crate::facts::Permission]| {
        permissions.iter().any(|permission| permission.group_ids.iter().any(|named| named == id.as_str()))
    };
    let rules = match (names(&group.ingress), names(&group.egress)) {
        (true, true) => "inbound and outbound rules",
        (true, false) => "inbound rules",
        _ => "outbound rules",
    };
    let (effect, note) = along(terms.together.contains(&group.id));
    let text = format!("{rules} of {} ({}) refer to it{note}", group.id, group.name);
    Some(Reason::new(ReasonCode::ReferencedByGroup, effect, text).about(&group.id))
}

fn in_use(interface: &Interface, terms: &Terms) -> Reason {
    let Interface { id, status, interface_type, .. } = interface;
    let mut text = format!("network interface {id} ({status}, {interface_type}) uses it");
    if let Some(job_arn) = &interface.job_arn {
        text = format!("{text}, made for job {job_arn}");
    }
    if let Some(requester) = &interface.requester_id {
        text = format!("{text}, made by {requester}");
    }
    if !interface.description.is_empty() {
        text = format!("{text}: {}", interface.description);
    }
    let (effect, note) = along(interface.goes_with(&terms.together));
    Reason::new(ReasonCode::InUseByInterface, effect, text + note).about(id)
}

/// What goes in the same run does not keep it: EC2 refuses the one until the other is gone.
fn along(is_going: bool) -> (Effect, &'static str) {
    if is_going { (Effect::Tells, " (to be deleted too)") } else { (Effect::Refuses, "") }
}

fn of_history(history: &History, owner: Option<&str>, seen: &Seen, terms: &Terms) -> Vec<Reason> {
    let is_listed = |job: &&PastJob| seen.jobs.iter().any(|listed| listed.job.arn == job.job_arn);
    let read = Some(seen.world.account_id.as_str()).filter(|account| !account.is_empty()).or(owner);
    let jobs = history.jobs.iter().filter(|job| !is_listed(job));
    let mut reasons: Vec<Reason> = jobs.map(|job| past_job(job, read, terms)).collect();
    if let Some(used) = &history.last_use {
        let until = match used.last_ended_at {
            Some(at) => format!("the last one until {}", at.format("%Y-%m-%dT%H:%M:%SZ")),
            None => "of which no record tells the end".to_owned(),
        };
        let made = used.last_made_at.format("%Y-%m-%dT%H:%M:%SZ");
        let text = format!("history: {} interface(s) of jobs used it, made up to {made}, {until}", used.interfaces);
        let at = used.last_ended_at.unwrap_or(used.last_made_at);
        reasons.push(Reason::new(ReasonCode::LastUse, Effect::Tells, text).at(Some(at)));
    }
    if let Some(deletion) = &history.deletion {
        let who = deletion.who.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
        let text = format!("history: it was deleted {}{who}", deletion.deleted_at.format("%Y-%m-%dT%H:%M:%SZ"));
        let reason = Reason::new(ReasonCode::AlreadyDeleted, Effect::Tells, text);
        reasons.push(reason.at(Some(deletion.deleted_at)).by_record(deletion.event_id.as_ref()));
    }
    reasons
}

/// A job that was not listed: of the account that was read it is gone, of another one nobody has looked.
fn past_job(job: &PastJob, read: Option<&str>, terms: &Terms) -> Reason {
    let name = job.job_name.as_ref().unwrap_or(&job.job_arn);
    let named = job.named_at.format("%Y-%m-%dT%H:%M:%SZ");
    let ended = match job.ended_at {
        Some(at) => format!("and was over {}", at.format("%Y-%m-%dT%H:%M:%SZ")),
        None => "and no record tells its end".to_owned(),
    };
    let reason = if read.is_none_or(|read| read == job.account_id) {
        let text = format!("history: job {name} named it {named}, {ended}; Bedrock does not list that job any more");
        Reason::new(ReasonCode::PastJob, Effect::Tells, text)
    } else {
        let effect = match (job.ended_at, terms.finished_jobs) {
            (None, _) => Effect::Unknown,
            (Some(_), FinishedJobs::Refuse) => Effect::Refuses,
            (Some(_), FinishedJobs::Ignore) => Effect::Tells,
        };
        let account = &job.account_id;
        let text = format!("history: job {name} of account {account}, which was not read, named it {named}, {ended}");
        Reason::new(ReasonCode::JobOfOtherAccount, effect, text)
    };
    reason.about(&job.job_arn).at(Some(job.named_at)).by_record(job.event_id.as_ref())
}

/// One reason for all reads that failed in the same way.
fn unreadable(unread: Vec<Unread>) -> Vec<Reason> {
    let mut alike: BTreeMap<(String, String), Vec<Unread>> = BTreeMap::new();
    for failed in unread {
        let reads = alike.entry((failed.action.clone(), failed.cause.clone())).or_default();
        if !reads.contains(&failed) {
            reads.push(failed);
        }
    }
    alike.values().filter_map(|reads| Some(Reason::unreadable(reads.first()?, reads.len() - 1))).collect()
}
