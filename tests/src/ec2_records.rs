//! The records that CloudTrail writes of the model's calls, each in an encoding chosen at random among those that are
//! known or to be expected, and the log files that they are delivered in.
//!
//! | what varies | why |
//! | --- | --- |
//! | lists in `items` or in `item` | EC2 uses both, even in one record |
//! | wrapped, PascalCase, a list of one as its element | EC2's newer operations |
//! | the flat form of a permission | the parameters from before `ipPermissions` |
//! | a group by its name | what the API takes in the default VPC |
//! | no rules in the response of an authorization | records from before rules had ids (July 2021) |
//! | no rules in the response of a revocation | records of 2023 |
//! | numbers and booleans as text | pipelines that copy records |
//! | a request left out, its response kept | CloudTrail leaves out what is over 100 KB, each by itself |
//!
//! The writer also keeps account of what its records tell, so that a comparison expects of a reader what can be known.

pub mod delivery;
mod json;
mod network;
mod rules;
mod tags;

use std::collections::{BTreeMap, BTreeSet};

use analytics::trail::Place;
use analytics::trail::record::Record;
use schemas::record::{BEDROCK, EC2};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::ec2_life::Call;
use crate::ec2_model::{CallNumber, Ec2, Group, Operation, Rule, Time};

/// What the records written so far tell of rules, by the rules' ids.
#[derive(Debug, Default)]
pub struct Told {
    /// Since when a reader can tell what a rule allows.
    pub specs: BTreeMap<String, Time>,
    /// Rules whose id stands in a record beside what they allow.
    pub ids: BTreeSet<String>,
    /// Rules whose peer's account stands in a record.
    pub peer_accounts: BTreeSet<String>,
    /// Rules whose peer is known by its name only.
    pub peer_names: BTreeMap<String, String>,
    /// Rules older than the logs that a record ends and tells: group, rule, and the call.
    pub ends: Vec<(String, Rule, CallNumber)>,
}

/// Writes records.
#[derive(Debug)]
pub struct Writer {
    place: Place,
    dice: Dice,
    event_ids: BTreeMap<CallNumber, String>,
    /// What its records have told.
    pub told: Told,
}

/// The choices for one record.
#[derive(Debug, Clone, Copy)]
struct Style {
    singular: bool,
    textual: bool,
    wrapped: bool,
    with_rules: bool,
    flat: bool,
    without_request: bool,
}

/// A request and its response, before the choices that touch every value.
struct Body {
    event_name: String,
    request: Value,
    response: Value,
}

impl Body {
    fn new(event_name: &str, request: Value, response: Value) -> Self {
        Self { event_name: event_name.to_owned(), request, response }
    }

    /// Of an operation that answers only that it was done.
    fn done(event_name: &str, request: Value) -> Self {
        Self::new(event_name, request, json!({ "_return": true }))
    }
}

impl Writer {
    /// A writer whose choices the seed determines.
    pub fn new(place: &Place, seed: u64) -> Self {
        let dice = Dice::new(seed ^ 0x0005_eed0_f4ec_04d5);
        Self { place: place.clone(), dice, event_ids: BTreeMap::new(), told: Told::default() }
    }

    /// The `eventID` of a call that it has written.
    pub fn event_id(&self, call: CallNumber) -> Option<&str> {
        self.event_ids.get(&call).map(String::as_str)
    }

    /// Whether a call that names a rule of a group by its id alone tells a reader which of the group's rules it is: the
    /// id was told beside the rule; or no record has told the rule, while every rule that was told has its id told too.
    /// The rules that come with a default group are not told, but a reader knows them all the same.
    pub fn is_clear_by_id(&self, group: &Group, rule_id: &str) -> bool {
        let told = &self.told;
        let is_foreign = || {
            !group.is_default
                && !told.specs.contains_key(rule_id)
                && group.rules.iter().all(|rule| !told.specs.contains_key(&rule.id) || told.ids.contains(&rule.id))
        };
        told.ids.contains(rule_id) || is_foreign()
    }

    /// The record of a call, written right after it.
    pub fn write(&mut self, ec2: &Ec2, call: &Call) -> Record {
        let style = self.style();
        let body = match &call.operation {
            Operation::CreateTags { .. }
            | Operation::DeleteTags { .. }
            | Operation::CreateJob { .. }
            | Operation::TagJob { .. }
            | Operation::UntagJob { .. } => tags::body(ec2, call),
            Operation::CreateSecurityGroup { .. }
            | Operation::DeleteSecurityGroup { .. }
            | Operation::Authorize { .. }
            | Operation::Revoke { .. }
            | Operation::RevokeById { .. }
            | Operation::Modify { .. }
            | Operation::Describe { .. }
            | Operation::DescribeById { .. } => rules::body(self, ec2, call, style),
            _ => network::body(&mut self.dice, ec2, call),
        };
        self.record(call, body, style)
    }

    fn style(&mut self) -> Style {
        Style {
            singular: self.dice.chance(20),
            textual: self.dice.chance(15),
            wrapped: self.dice.chance(50),
            with_rules: self.dice.chance(60),
            flat: self.dice.chance(50),
            without_request: self.dice.chance(5),
        }
    }

    fn record(&mut self, call: &Call, body: Body, style: Style) -> Record {
        let source =
            if body.event_name.ends_with("Job") || body.event_name.ends_with("Resource") { BEDROCK } else { EC2 };
        let (mut request, mut response) = (body.request, body.response);
        let request_id = self.uuid();
        if source == EC2 {
            json::add_request_id(&mut response, &request_id);
            for value in [&mut request, &mut response] {
                if style.singular {
                    json::singular(value);
                }
                if style.textual {
                    json::textual(value);
                }
            }
        }
        let event_id = self.uuid();
        self.event_ids.insert(call.number, event_id.clone());
        let record = Record::new(&self.place, &call.caller, call.at, source, &body.event_name, request, response);
        let record = match &call.outcome {
            Ok(_) => record,
            Err(refusal) if source == BEDROCK => record.refused("AccessDeniedException", &refusal.message),
            Err(refusal) => record.refused(refusal.code, &refusal.message),
        };
        record.with("requestID", Value::from(request_id)).with("eventID", Value::from(event_id))
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.dice.number(), self.dice.number());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }
}
