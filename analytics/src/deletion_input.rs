//! What somebody is about to delete, as other programs write it down: pure text in, ids out.
//!
//! | module | what it reads |
//! | --- | --- |
//! | [`terraform`] | a plan, as `terraform show -json` prints it |
//! | [`cloudformation`] | a change set, as `aws cloudformation describe-change-set` prints it |
//! | [`custodian`] | `resources.json`, as Cloud Custodian writes it |
//! | [`list`] | ids, one a line |

pub mod cloudformation;
pub mod custodian;
pub mod list;
pub mod terraform;

use std::collections::BTreeSet;

use config_rule::deletion::subject::{Asked, ResourceId};

/// A text that is not what it was taken for. It reads after the name of its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found}; expected {expected}")]
pub struct BadInput {
    /// What stands there, and where.
    pub found: String,
    /// What should.
    pub expected: String,
}

impl BadInput {
    fn new(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { found: found.into(), expected: expected.into() }
    }
}

/// Something that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Which resource.
    pub what: What,
    /// Who says so: the typed id, or a place in a document.
    pub origin: String,
}

/// What is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A resource that can be looked for.
    Resource(Asked),
    /// Something of which nobody can tell from the document what goes with it.
    Untold {
        /// Its name in the document.
        name: String,
        /// Why not, and what would help.
        why: String,
    },
}

/// What one document says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// What is to be deleted, of what jobs depend on.
    pub deletions: Vec<Deletion>,
    /// Ids of everything that is to be deleted.
    pub going: BTreeSet<String>,
    /// The id of the change set that it is.
    pub change_set_id: Option<String>,
    /// Deletions that the change set of this id tells, where that is given too.
    pub nested: Vec<(Option<String>, Deletion)>,
}

/// All that is to be deleted, each resource once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requested {
    /// In the order in which they were named.
    pub deletions: Vec<Deletion>,
    /// Ids of everything that is to be deleted.
    pub going: BTreeSet<String>,
}

impl Requested {
    /// The ids that can be looked for.
    pub fn ids(&self) -> Vec<ResourceId> {
        let resource = |deletion: &Deletion| match &deletion.what {
            What::Resource(asked) => Some(asked.id.clone()),
            What::Untold { .. } => None,
        };
        self.deletions.iter().filter_map(resource).collect()
    }
}

/// Puts documents together.
pub fn together(documents: Vec<Document>) -> Requested {
    let given: BTreeSet<String> = documents.iter().filter_map(|document| document.change_set_id.clone()).collect();
    let mut requested = Requested::default();
    for document in documents {
        requested.going.extend(document.going);
        let is_untold = |(id, _): &(Option<String>, Deletion)| id.as_ref().is_none_or(|id| !given.contains(id));
        let untold = document.nested.into_iter().filter(is_untold).map(|(_, deletion)| deletion);
        for deletion in document.deletions.into_iter().chain(untold) {
            add(&mut requested.deletions, deletion);
        }
    }
    let ids = requested.ids();
    requested.going.extend(ids.iter().map(ResourceId::to_string));
    requested
}

/// One resource may be named several times; where it is, one of them may tell.
fn add(deletions: &mut Vec<Deletion>, new: Deletion) {
    let What::Resource(asked) = &new.what else {
        deletions.push(new);
        return;
    };
    for known in deletions.iter_mut() {
        let What::Resource(known_asked) = &mut known.what else { continue };
        let fits = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        let is_same = known_asked.id == asked.id
            && fits(&known_asked.region, &asked.region)
            && fits(&known_asked.account_id, &asked.account_id);
        if is_same {
            known_asked.region = known_asked.region.take().or_else(|| asked.region.clone());
            known_asked.account_id = known_asked.account_id.take().or_else(|| asked.account_id.clone());
            if known.origin != new.origin {
                known.origin = format!("{}, {}", known.origin, new.origin);
            }
            return;
        }
    }
    deletions.push(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deletion(id: &str, region: Option<&str>, origin: &str) -> Deletion {
        let id = ResourceId::parse(id).expect("an id");
        let asked = Asked { region: region.map(str::to_owned), ..Asked::by_id(id) };
        Deletion { what: What::Resource(asked), origin: origin.to_owned() }
    }

    #[test]
    fn a_resource_that_is_named_twice_is_asked_about_once_where_it_is() {
        let document = |deletions: Vec<Deletion>| Document { deletions, ..Document::default() };
        let requested = together(vec![
            document(vec![deletion("sg-11111111", None, "argument")]),
            document(vec![deletion("sg-11111111", Some("eu-west-1"), "plan"), deletion("sg-22222222", None, "plan")]),
            document(vec![deletion("sg-11111111", Some("us-east-1"), "other")]),
        ]);
        let expected = [
            deletion("sg-11111111", Some("eu-west-1"), "argument, plan"),
            deletion("sg-22222222", None, "plan"),
            deletion("sg-11111111", Some("us-east-1"), "other"),
        ];
        assert_eq!(requested.deletions, expected);
        assert_eq!(requested.going, ["sg-11111111".to_owned(), "sg-22222222".to_owned()].into());
    }
}
