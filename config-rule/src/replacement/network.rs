//! The `vpcConfig` of the new job: the ids that were typed, or what carries the approved network's tag.

use std::collections::BTreeSet;

use crate::facts::{SecurityGroup, Subnet, Tags, VpcConfig};

/// Most subnets of a `vpcConfig` (API Reference, "VpcConfig").
pub const MOST_SUBNETS: usize = 16;

/// Most security groups of a `vpcConfig`.
pub const MOST_GROUPS: usize = 5;

/// Longest id in a `vpcConfig`.
const MOST_ID_CHARS: usize = 32;

/// What was typed. Ids come before the tag, each list for itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Subnets by id; empty: those with the tag.
    pub subnet_ids: Vec<String>,
    /// Groups by id; empty: those with the tag.
    pub security_group_ids: Vec<String>,
    /// Key and value of the tag that approved networks carry.
    pub tag: Option<(String, String)>,
}

impl Wanted {
    /// What cannot be, in words for whoever typed it.
    pub fn check(&self) -> Result<(), String> {
        self.check_list("--subnet-ids", "subnet-", &self.subnet_ids, MOST_SUBNETS)?;
        self.check_list("--security-group-ids", "sg-", &self.security_group_ids, MOST_GROUPS)
    }

    fn check_list(&self, option: &str, prefix: &str, ids: &[String], most: usize) -> Result<(), String> {
        if ids.is_empty() && self.tag.is_none() {
            return Err(format!("{option}: give ids, or --approved-tag KEY=VALUE for a network that carries a tag"));
        }
        if ids.len() > most {
            return Err(format!("{option}: {} ids; a job takes 1 to {most}", ids.len()));
        }
        if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
            return Err(format!("{option}: an id stands there twice"));
        }
        let is_id = |id: &str| {
            let rest = id.strip_prefix(prefix).unwrap_or_default();
            !rest.is_empty() && id.len() <= MOST_ID_CHARS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        match ids.iter().find(|id| !is_id(id)) {
            Some(id) => Err(format!("{option} {id:?}: expected ids such as {prefix}0123456789abcdef0")),
            None => Ok(()),
        }
    }
}

/// What EC2 shows with the tag.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tagged {
    /// Subnets; EC2's filter takes `*` and `?` for anything, so others may be among them.
    pub subnets: Vec<Subnet>,
    /// Groups, likewise.
    pub security_groups: Vec<SecurityGroup>,
    /// The groups of the endpoints in the VPCs of these.
    pub endpoint_group_ids: BTreeSet<String>,
}

/// The network, and what a person should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The `vpcConfig`.
    pub vpc_config: VpcConfig,
    /// One sentence each.
    pub notes: Vec<String>,
}

/// Chooses the network. The error lists what was found.
pub fn choose(wanted: &Wanted, tagged: &Tagged) -> Result<Chosen, String> {
    let Some((key, value)) = &wanted.tag else {
        let (subnet_ids, security_group_ids) = (wanted.subnet_ids.clone(), wanted.security_group_ids.clone());
        return Ok(Chosen { vpc_config: VpcConfig { subnet_ids, security_group_ids }, notes: Vec::new() });
    };
    let carries = |tags: &Tags| tags.get(key) == Some(value);
    let mut subnets: Vec<&Subnet> = tagged.subnets.iter().filter(|subnet| carries(&subnet.tags)).collect();
    let groups = tagged.security_groups.iter().filter(|group| carries(&group.tags));
    // The group of an endpoint lets jobs in; a job that carried it would be let in by itself.
    let (of_endpoints, mut groups): (Vec<&SecurityGroup>, Vec<&SecurityGroup>) =
        groups.partition(|group| tagged.endpoint_group_ids.contains(&group.id));
    subnets.sort_by(|a, b| a.id.cmp(&b.id));
    groups.sort_by(|a, b| a.id.cmp(&b.id));
    let vpc_config = VpcConfig {
        subnet_ids: or_tagged(&wanted.subnet_ids, subnets.iter().map(|subnet| &subnet.id)),
        security_group_ids: or_tagged(&wanted.security_group_ids, groups.iter().map(|group| &group.id)),
    };
    let mut vpc_ids = BTreeSet::new();
    if wanted.subnet_ids.is_empty() {
        vpc_ids.extend(subnets.iter().map(|subnet| &subnet.vpc_id));
    }
    if wanted.security_group_ids.is_empty() {
        vpc_ids.extend(groups.iter().map(|group| &group.vpc_id));
    }
    let fits = (1..=MOST_SUBNETS).contains(&vpc_config.subnet_ids.len())
        && (1..=MOST_GROUPS).contains(&vpc_config.security_group_ids.len());
    if !fits || vpc_ids.len() > 1 {
        return Err(format!(
            "the tag {key}={value} gives no network: expected 1 to {MOST_SUBNETS} subnets and 1 to {MOST_GROUPS} security \
             groups of one VPC in this Region, found subnets {}; security groups {}{}. Tag one network, or give \
             --subnet-ids and --security-group-ids",
            list(subnets.iter().map(|subnet| (&subnet.id, &subnet.vpc_id))),
            list(groups.iter().map(|group| (&group.id, &group.vpc_id))),
            left_out(&of_endpoints).map(|note| format!("; {note}")).unwrap_or_default(),
        ));
    }
    let notes = left_out(&of_endpoints).filter(|_| wanted.security_group_ids.is_empty()).into_iter().collect();
    Ok(Chosen { vpc_config, notes })
}

fn or_tagged<'a>(typed: &[String], tagged: impl Iterator<Item = &'a String>) -> Vec<String> {
    if typed.is_empty() { tagged.cloned().collect() } else { typed.to_vec() }
}

fn list<'a>(found: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let found: Vec<String> = found.map(|(id, vpc_id)| format!("{id} ({vpc_id})")).collect();
    if found.is_empty() { "none".to_owned() } else { found.join(", ") }
}

fn left_out(of_endpoints: &[&SecurityGroup]) -> Option<String> {
    let ids: Vec<&str> = of_endpoints.iter().map(|group| group.id.as_str()).collect();
    (!ids.is_empty()).then(|| format!("{} left out, since VPC endpoints carry it", ids.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn tags(value: &str) -> Tags {
        [("network".to_owned(), value.to_owned())].into()
    }

    fn subnet(id: &str, vpc_id: &str, value: &str) -> Subnet {
        Subnet { id: id.to_owned(), vpc_id: vpc_id.to_owned(), tags: tags(value), ..Subnet::default() }
    }

    fn group(id: &str, vpc_id: &str, value: &str) -> SecurityGroup {
        SecurityGroup { id: id.to_owned(), vpc_id: vpc_id.to_owned(), tags: tags(value), ..SecurityGroup::default() }
    }

    fn by_tag() -> Wanted {
        Wanted { tag: Some(("network".to_owned(), "jobs*".to_owned())), ..Wanted::default() }
    }

    fn tagged() -> Tagged {
        Tagged {
            subnets: vec![subnet("subnet-2", "vpc-1", "jobs*"), subnet("subnet-1", "vpc-1", "jobs*")],
            security_groups: vec![group("sg-1", "vpc-1", "jobs*"), group("sg-2", "vpc-1", "jobs*")],
            endpoint_group_ids: ["sg-2".to_owned()].into(),
        }
    }

    #[test]
    fn the_tag_gives_subnets_and_groups_but_not_those_of_endpoints() {
        let chosen = choose(&by_tag(), &tagged()).expect("a network");
        assert_eq!(chosen.vpc_config.subnet_ids, ["subnet-1", "subnet-2"]);
        assert_eq!(chosen.vpc_config.security_group_ids, ["sg-1"]);
        assert_eq!(chosen.notes, ["sg-2 left out, since VPC endpoints carry it"]);
        let wanted = Wanted { security_group_ids: owned(&["sg-9"]), ..by_tag() };
        let chosen = choose(&wanted, &tagged()).expect("a network");
        assert_eq!((chosen.vpc_config.security_group_ids, chosen.notes), (owned(&["sg-9"]), Vec::new()));
    }

    #[test]
    fn what_gives_no_network_is_listed() {
        let check = |change: &dyn Fn(&mut Tagged), expected: &str| {
            let mut tagged = tagged();
            change(&mut tagged);
            let error = choose(&by_tag(), &tagged).expect_err("no network");
            assert!(error.contains(expected), "{error}");
        };
        check(&|tagged| tagged.subnets.clear(), "found subnets none; security groups sg-1 (vpc-1); sg-2 left out");
        check(&|tagged| tagged.security_groups[0].vpc_id = "vpc-2".to_owned(), "sg-1 (vpc-2)");
        let both = |tagged: &mut Tagged| tagged.endpoint_group_ids.extend(["sg-1".to_owned()]);
        check(&both, "security groups none");
        // EC2 takes the star of the value for anything.
        check(&|tagged| tagged.subnets.iter_mut().for_each(|subnet| subnet.tags = tags("jobs-old")), "subnets none");
        let many = |tagged: &mut Tagged| {
            tagged.subnets = (0..17).map(|number| subnet(&format!("subnet-{number}"), "vpc-1", "jobs*")).collect();
        };
        check(&many, "subnet-16 (vpc-1)");
    }

    #[test]
    fn ids_that_were_typed_are_within_the_limits_of_the_api() {
        let check = |subnets: &[&str], groups: &[&str], expected: &str| {
            let wanted = Wanted { subnet_ids: owned(subnets), security_group_ids: owned(groups), tag: None };
            let found = wanted.check().err().unwrap_or_default();
            assert!(if expected.is_empty() { found.is_empty() } else { found.contains(expected) }, "{found}");
        };
        check(&["subnet-0a1b2c3d"], &["sg-0a1b2c3d"], "");
        check(&["subnet-1"], &[], "--security-group-ids: give ids, or --approved-tag KEY=VALUE");
        check(&[], &["sg-1"], "--subnet-ids: give ids");
        check(&["subnet-1"], &["sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "sg-6"], "6 ids; a job takes 1 to 5");
        check(&["subnet-1", "subnet-1"], &["sg-1"], "twice");
        check(&["sg-1"], &["sg-1"], "expected ids such as subnet-0123456789abcdef0");
        check(&["subnet-1"], &["sg-1 "], "expected ids such as sg-");
        assert_eq!(by_tag().check(), Ok(()));
    }
}
