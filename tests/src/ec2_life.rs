//! Random lives of one account's network: calls in the order in which EC2 took them, what came of each, and the records
//! that CloudTrail writes of them from some instant on.
//!
//! What came before that instant is as real, but no record tells it: groups and tags older than the logs come about by
//! themselves.
//!
//! Several calls may fall in one second, of which CloudTrail keeps no order. A correct reader puts creations before
//! authorizations and attachments, these before modifications and tags, these before revocations and detachments, and
//! deletions last. Lives keep to that order within a second, and two calls of one kind in one second never touch the
//! same rule, tag or link: an authorization right after the revocation of the same rule, two descriptions of one rule,
//! or a name taken anew in the second of its deletion cannot be told from their opposites, and are not generated.

mod choose;

use std::collections::BTreeSet;

use analytics::trail::record::Record;
use analytics::trail::{Caller, Place};
use chrono::TimeDelta;

use crate::dice::Dice;
use crate::ec2_model::{Answer, CallNumber, Ec2, GroupRef, Mode, Operation, Refusal, Time};
use crate::ec2_records::Writer;

/// One call, and what came of it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its place in the life.
    pub number: CallNumber,
    /// When.
    pub at: Time,
    /// What became of it before EC2 looked at it.
    pub mode: Mode,
    /// Who.
    pub caller: Caller,
    /// What was asked.
    pub operation: Operation,
    /// What came of it.
    pub outcome: Result<Answer, Refusal>,
}

/// A life: the model at its end, with everything before, and the records.
#[derive(Debug)]
pub struct Life {
    /// The account and the Region.
    pub place: Place,
    /// EC2.
    pub ec2: Ec2,
    /// Every call, those before the logs included.
    pub calls: Vec<Call>,
    /// The first instant of which there are records.
    pub logs_begin: Time,
    /// The records, in the order of the calls.
    pub records: Vec<Record>,
    /// Who wrote them, and knows what they tell.
    pub writer: Writer,
    /// Groups that their name alone identifies to a reader: made in the logs by a request without a VPC.
    nameable: BTreeSet<String>,
    /// VPCs that are not deleted, since no record tells which group is their default one.
    kept_vpcs: BTreeSet<String>,
    /// Groups of which an interface's record tells the VPC.
    placed: BTreeSet<String>,
    dice: Dice,
    clock: Time,
    second: Second,
}

/// What has happened in the present second.
#[derive(Debug, Default)]
struct Second {
    phase: usize,
    touched: BTreeSet<String>,
}

/// Lives begin here.
fn beginning() -> Time {
    "2026-01-05T06:00:00Z".parse().expect("a time")
}

impl Life {
    /// A life of so many calls, of which the first fifth is older than the logs.
    pub fn random(place: &Place, seed: u64, calls: usize) -> Self {
        let mut life = Self::new(place, seed, Time::MAX_UTC);
        for number in 0..calls {
            if number == calls / 5 {
                (life.clock, life.second) = (life.clock + TimeDelta::seconds(1), Second::default());
                life.logs_begin = life.clock;
            }
            life.step();
        }
        life
    }

    /// A life without a call, whose logs begin at that time.
    pub fn new(place: &Place, seed: u64, logs_begin: Time) -> Self {
        Self {
            place: place.clone(),
            ec2: Ec2::new(&place.account_id, &place.region),
            calls: Vec::new(),
            logs_begin,
            records: Vec::new(),
            writer: Writer::new(place, seed),
            nameable: BTreeSet::new(),
            kept_vpcs: BTreeSet::new(),
            placed: BTreeSet::new(),
            dice: Dice::new(seed),
            clock: beginning(),
            second: Second::default(),
        }
    }

    /// The last instant of the life.
    pub fn logs_end(&self) -> Time {
        self.calls.last().map_or(self.clock, |call| call.at.max(self.clock))
    }

    /// Whether a record of the call can be among the records.
    pub fn is_visible(&self, call: CallNumber) -> bool {
        self.calls[call].at >= self.logs_begin
    }

    /// The `eventID` of a call; `None` = no record tells of it.
    pub fn event_id(&self, call: CallNumber) -> Option<&str> {
        self.writer.event_id(call)
    }

    fn step(&mut self) {
        let Some(operation) = self.choose() else { return };
        let is_of_ec2 =
            !matches!(operation, Operation::CreateJob { .. } | Operation::TagJob { .. } | Operation::UntagJob { .. });
        let mode = match self.dice.below(100) {
            0..4 if is_of_ec2 => Mode::DryRun,
            4..7 => Mode::Denied,
            _ => Mode::Real,
        };
        let at = self.next_time(mode, &operation);
        // Refusals are part of life.
        let _ = self.make(at, mode, operation);
    }

    /// Makes a call at a time, and writes its record.
    #[allow(clippy::missing_errors_doc, reason = "the error is what EC2 answers")]
    pub fn make(&mut self, at: Time, mode: Mode, operation: Operation) -> Result<Answer, Refusal> {
        let number = self.calls.len();
        let outcome = self.ec2.call(number, at, mode, &operation);
        let caller = choose::caller(&mut self.dice, &self.place.account_id);
        let call = Call { number, at, mode, caller, operation, outcome: outcome.clone() };
        if at >= self.logs_begin {
            let record = self.writer.write(&self.ec2, &call);
            self.records.push(record);
        }
        if outcome.is_ok() {
            self.learn(&call);
        }
        self.calls.push(call);
        outcome
    }

    fn learn(&mut self, call: &Call) {
        match (&call.operation, &call.outcome) {
            (Operation::CreateSecurityGroup { vpc_id: None, .. }, Ok(Answer::Made(id)))
                if call.at >= self.logs_begin =>
            {
                self.nameable.insert(id.clone());
            }
            (Operation::CreateNetworkInterface { group_ids, .. }, _) if call.at >= self.logs_begin => {
                self.placed.extend(group_ids.iter().cloned());
            }
            _ => (),
        }
    }

    /// The present second, where the call fits into it; else a later one.
    fn next_time(&mut self, mode: Mode, operation: &Operation) -> Time {
        let (phase, touched) = (phase(operation), self.touched(operation));
        let is_moot = mode != Mode::Real;
        let fits = phase > self.second.phase
            || (phase == self.second.phase && touched.iter().all(|name| !self.second.touched.contains(name)));
        if self.dice.chance(35) && (fits || is_moot) {
            if !is_moot {
                if phase > self.second.phase {
                    self.second.touched.clear();
                }
                self.second.phase = phase;
                self.second.touched.extend(touched);
            }
            return self.clock;
        }
        self.second = Second { phase, touched };
        let seconds = if self.dice.chance(50) { 1 + self.dice.below(5) } else { 1 + self.dice.below(900) };
        self.clock += TimeDelta::seconds(i64::try_from(seconds).expect("seconds are few"));
        self.clock
    }

    /// Names for what a call may change: two calls that share one do not go in either order.
    fn touched(&self, operation: &Operation) -> BTreeSet<String> {
        let group = |group: &GroupRef| self.ec2.resolve(group).unwrap_or_default();
        let tags = |ids: &[String]| ids.iter().map(|id| format!("tags of {id}")).collect();
        match operation {
            Operation::Authorize { group: one, .. }
            | Operation::Revoke { group: one, .. }
            | Operation::Describe { group: one, .. } => BTreeSet::from([group(one)]),
            Operation::RevokeById { group_id, .. }
            | Operation::Modify { group_id, .. }
            | Operation::DescribeById { group_id, .. } => BTreeSet::from([group_id.clone()]),
            Operation::CreateTags { resource_ids, .. } | Operation::DeleteTags { resource_ids, .. } => {
                tags(resource_ids)
            }
            Operation::TagJob { arn, .. } | Operation::UntagJob { arn, .. } => BTreeSet::from([arn.clone()]),
            // Names, links and routes: one such call of a kind a second is enough.
            _ => BTreeSet::from(["the network".to_owned()]),
        }
    }
}

/// The place of a call in the order within a second.
fn phase(operation: &Operation) -> usize {
    match operation {
        Operation::CreateVpc { .. }
        | Operation::CreateDefaultVpc
        | Operation::CreateSubnet { .. }
        | Operation::CreateRouteTable { .. }
        | Operation::CreateInternetGateway
        | Operation::CreateVpcEndpoint(_)
        | Operation::CreateNetworkInterface { .. }
        | Operation::CreateSecurityGroup { .. }
        | Operation::CreateJob { .. } => 0,
        Operation::Authorize { .. }
        | Operation::AssociateRouteTable { .. }
        | Operation::AttachInternetGateway { .. }
        | Operation::CreateRoute { .. } => 1,
        Operation::Modify { .. }
        | Operation::Describe { .. }
        | Operation::DescribeById { .. }
        | Operation::ModifyVpcEndpoint(_)
        | Operation::ReplaceRoute { .. }
        | Operation::ReplaceRouteTableAssociation { .. }
        | Operation::CreateTags { .. }
        | Operation::TagJob { .. } => 2,
        Operation::Revoke { .. }
        | Operation::RevokeById { .. }
        | Operation::DeleteTags { .. }
        | Operation::UntagJob { .. }
        | Operation::DisassociateRouteTable { .. }
        | Operation::DetachInternetGateway { .. }
        | Operation::DeleteRoute { .. } => 3,
        Operation::DeleteVpc { .. }
        | Operation::DeleteSubnet { .. }
        | Operation::DeleteRouteTable { .. }
        | Operation::DeleteVpcEndpoints { .. }
        | Operation::DeleteNetworkInterface { .. }
        | Operation::DeleteSecurityGroup { .. } => 4,
    }
}
