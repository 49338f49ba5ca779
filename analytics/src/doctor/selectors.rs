//! Whether a trail's event selectors let through what the history is made of: calls that write, to Bedrock, EC2 and
//! CloudTrail (CloudTrail API Reference, "EventSelector", "AdvancedEventSelector").

/// The services whose writing calls the history needs: jobs, their network, and whether the trail itself was changed.
pub const NEEDED_SOURCES: [&str; 3] = ["bedrock.amazonaws.com", "ec2.amazonaws.com", "cloudtrail.amazonaws.com"];

/// A trail's selectors, of one of the two sorts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selectors {
    /// Basic ones; an event that one of them admits is logged.
    Basic(Vec<BasicSelector>),
    /// Advanced ones, likewise.
    Advanced(Vec<AdvancedSelector>),
}

/// A basic selector, as far as management events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicSelector {
    /// `All`, `WriteOnly` or `ReadOnly`.
    pub read_write_type: String,
    /// Whether it admits management events.
    pub includes_management_events: bool,
    /// Sources whose management events it leaves out.
    pub excluded_sources: Vec<String>,
}

/// An advanced selector: every field must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvancedSelector {
    /// Its fields.
    pub fields: Vec<FieldSelector>,
}

/// What an advanced selector asks of one field. One of the positive conditions must hold, and every negative one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSelector {
    /// `eventCategory`, `readOnly`, `eventSource`, ...
    pub field: String,
    /// It is one of these,
    pub equals: Vec<String>,
    /// or begins with one of these,
    pub starts_with: Vec<String>,
    /// or ends with one of these.
    pub ends_with: Vec<String>,
    /// It is none of these,
    pub not_equals: Vec<String>,
    /// begins with none of these,
    pub not_starts_with: Vec<String>,
    /// and ends with none of these.
    pub not_ends_with: Vec<String>,
}

/// What becomes of a source's writing calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passage {
    /// None of them is logged.
    Dropped,
    /// Some are: it depends on something else than their source.
    Partly,
    /// All are logged.
    Logged,
}

impl Selectors {
    /// What becomes of a source's writing calls.
    pub fn passage(&self, source: &str) -> Passage {
        let best = match self {
            Self::Basic(all) => all.iter().map(|selector| selector.passage(source)).max(),
            Self::Advanced(all) => all.iter().map(|selector| selector.passage(source)).max(),
        };
        best.unwrap_or(Passage::Dropped)
    }

    /// The needed sources of which that becomes.
    pub fn needed(&self, passage: Passage) -> Vec<&'static str> {
        NEEDED_SOURCES.into_iter().filter(|source| self.passage(source) == passage).collect()
    }
}

impl BasicSelector {
    fn passage(&self, source: &str) -> Passage {
        let is_excluded = self.excluded_sources.iter().any(|excluded| excluded == source);
        let admits_writes = ["All", "WriteOnly"].contains(&self.read_write_type.as_str());
        if self.includes_management_events && admits_writes && !is_excluded {
            Passage::Logged
        } else {
            Passage::Dropped
        }
    }
}

impl AdvancedSelector {
    fn passage(&self, source: &str) -> Passage {
        let is_of_management = self.fields.iter().any(|field| field.field == "eventCategory");
        let of_field = |field: &FieldSelector| match field.field.as_str() {
            "eventCategory" => field.admits("Management"),
            "readOnly" => field.admits("false"),
            "eventSource" => field.admits(source),
            "eventType" => field.admits("AwsApiCall"),
            // Which calls it leaves out cannot be told from the source alone: the name, the caller.
            _ => Passage::Partly,
        };
        let least = self.fields.iter().map(of_field).min();
        if is_of_management { least.unwrap_or(Passage::Dropped) } else { Passage::Dropped }
    }
}

impl FieldSelector {
    fn admits(&self, value: &str) -> Passage {
        let is_any = |all: &[String], holds: &dyn Fn(&str) -> bool| all.iter().any(|one| holds(one));
        let equals = |one: &str| value == one;
        let starts = |one: &str| value.starts_with(one);
        let ends = |one: &str| value.ends_with(one);
        let asks_nothing = self.equals.is_empty() && self.starts_with.is_empty() && self.ends_with.is_empty();
        let is_wanted = asks_nothing
            || is_any(&self.equals, &equals)
            || is_any(&self.starts_with, &starts)
            || is_any(&self.ends_with, &ends);
        let is_unwanted = is_any(&self.not_equals, &equals)
            || is_any(&self.not_starts_with, &starts)
            || is_any(&self.not_ends_with, &ends);
        if is_wanted && !is_unwanted { Passage::Logged } else { Passage::Dropped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEDROCK: &str = "bedrock.amazonaws.com";

    fn basic(read_write_type: &str, includes_management_events: bool, excluded: &[&str]) -> Selectors {
        Selectors::Basic(vec![BasicSelector {
            read_write_type: read_write_type.to_owned(),
            includes_management_events,
            excluded_sources: excluded.iter().map(ToString::to_string).collect(),
        }])
    }

    fn equals(field: &str, value: &str) -> FieldSelector {
        FieldSelector { field: field.to_owned(), equals: vec![value.to_owned()], ..FieldSelector::default() }
    }

    fn not_equals(field: &str, value: &str) -> FieldSelector {
        FieldSelector { field: field.to_owned(), not_equals: vec![value.to_owned()], ..FieldSelector::default() }
    }

    fn advanced(all: &[&[FieldSelector]]) -> Selectors {
        Selectors::Advanced(all.iter().map(|fields| AdvancedSelector { fields: fields.to_vec() }).collect())
    }

    #[test]
    fn basic_selectors_must_admit_writes_of_the_source() {
        for (selectors, expected) in [
            (basic("All", true, &["kms.amazonaws.com"]), Passage::Logged),
            (basic("WriteOnly", true, &[]), Passage::Logged),
            (basic("ReadOnly", true, &[]), Passage::Dropped),
            (basic("All", false, &[]), Passage::Dropped),
            (basic("All", true, &[BEDROCK]), Passage::Dropped),
            (Selectors::Basic(Vec::new()), Passage::Dropped),
        ] {
            assert_eq!(selectors.passage(BEDROCK), expected, "{selectors:?}");
        }
    }

    #[test]
    fn of_an_advanced_selector_every_field_must_fit_and_of_several_one() {
        let management = || equals("eventCategory", "Management");
        let no_ec2 = advanced(&[&[management(), not_equals("eventSource", "ec2.amazonaws.com")]]);
        assert_eq!(no_ec2.needed(Passage::Dropped), ["ec2.amazonaws.com"]);
        for (selectors, expected) in [
            (advanced(&[&[management()]]), Passage::Logged),
            (advanced(&[&[management(), equals("readOnly", "false")]]), Passage::Logged),
            (advanced(&[&[management(), equals("readOnly", "true")]]), Passage::Dropped),
            (advanced(&[&[management(), not_equals("eventSource", "kms.amazonaws.com")]]), Passage::Logged),
            (advanced(&[&[management(), equals("eventSource", "ec2.amazonaws.com")]]), Passage::Dropped),
            (advanced(&[&[management(), not_equals("eventName", "GetModelCustomizationJob")]]), Passage::Partly),
            (advanced(&[&[equals("eventCategory", "Data")]]), Passage::Dropped),
            (advanced(&[&[equals("eventCategory", "Data")], &[management()]]), Passage::Logged),
            (advanced(&[&[equals("readOnly", "false")]]), Passage::Dropped),
            (advanced(&[]), Passage::Dropped),
        ] {
            assert_eq!(selectors.passage(BEDROCK), expected, "{selectors:?}");
        }
    }
}
