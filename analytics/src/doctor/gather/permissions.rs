//! What the calls left open, asked of IAM's simulation of the caller's own policies.

use std::collections::BTreeSet;

use config_rule::account::Principal;
use config_rule::controls::job_role_can_use_vpc::PermissionCheck;
use config_rule::facts::{Denied, Fact, Unread};

use super::Reach;
use crate::doctor::actions::{SIMULATE, to_simulate};
use crate::doctor::facts::{Asked, Call, Facts, Simulated};

/// Simulates, where IAM can, and writes the call down.
pub async fn simulate(reach: &Reach<'_>, facts: &mut Facts) -> Asked<Simulated> {
    let Some(identity) = facts.identity.told() else { return Asked::not("nobody told who the caller is") };
    let (arn, role) = match identity.principal() {
        Principal::Root => return Asked::not("the root user may do everything"),
        Principal::Other => return Asked::not("IAM simulates users and roles alone"),
        Principal::User(arn) => (arn, None),
        Principal::Role { name, arn } => (arn, Some(name)),
    };
    let mut checks = to_simulate(facts);
    if checks.is_empty() {
        // Every other action is settled; whether the simulation may be called is not.
        let (actions, resources) = (vec!["sts:GetCallerIdentity"], vec!["*".to_owned()]);
        checks.push(PermissionCheck { actions, resources, context: Vec::new() });
    }
    let mut principal_arn = arn;
    let mut found = ask(reach, &principal_arn, &checks).await;
    // A session's ARN leaves out the path of its role.
    if matches!(found, Fact::Absent)
        && let Some(name) = role
    {
        let call = reach.connection.get_role(&name);
        match reach.bounds.in_time("iam:GetRole", &name, call).await.unwrap_or_else(Fact::Unreadable) {
            Fact::Known(arn) => {
                found = ask(reach, &arn, &checks).await;
                principal_arn = arn;
            }
            Fact::Absent => {}
            // Nothing but this needs iam:GetRole, so its refusal is no finding: the calls themselves were answered.
            Fact::Unreadable(_) => {
                return Asked::not(format!("the path of the role {name} could not be read (iam:GetRole)"));
            }
        }
    }
    let read: Result<BTreeSet<String>, Unread> = match found {
        Fact::Known(denied) => Ok(denied.into_iter().map(|denied| denied.action).collect()),
        Fact::Absent => return Asked::not(format!("IAM knows no {principal_arn}")),
        Fact::Unreadable(unread) => Err(unread),
    };
    facts.calls.push(Call::of(SIMULATE, &read));
    read.map(|denied| Simulated { principal_arn, denied }).into()
}

async fn ask(reach: &Reach<'_>, arn: &str, checks: &[PermissionCheck]) -> Fact<Vec<Denied>> {
    let iam = reach.connection.sources().iam;
    let call = iam.simulate_principal_policy(arn, checks);
    reach.bounds.in_time(SIMULATE, arn, call).await.unwrap_or_else(Fact::Unreadable)
}
