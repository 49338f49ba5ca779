//! Which parts to merge: decided on their names, days and sizes alone.

/// A committed part, as far as the choice looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// It was made by an earlier compaction.
    pub is_merged: bool,
    /// The first day that it has events of; none where it has no events.
    pub first_day: Option<String>,
    /// The size of its files.
    pub bytes: u64,
}

/// Groups of parts, each to become one. Parts of the same days stand together, so that a day gets few files; a group is no
/// larger than `target`, and parts of more than half of that stay as they are.
///
/// A part that was merged is merged again only with a fresh one: what was compacted once and has got nothing new is left
/// alone, however well its parts would now fit together.
pub fn groups(mut parts: Vec<Candidate>, target: u64) -> Vec<Vec<String>> {
    parts.retain(|part| part.bytes <= target / 2);
    parts.sort_by(|a, b| (&a.first_day, &a.name).cmp(&(&b.first_day, &b.name)));
    let (mut groups, mut bytes) = (Vec::<Vec<Candidate>>::new(), 0);
    for part in parts {
        if groups.is_empty() || bytes + part.bytes > target {
            groups.push(Vec::new());
            bytes = 0;
        }
        bytes += part.bytes;
        groups.last_mut().expect("the first part opens a group").push(part);
    }
    groups.retain(|group| group.len() > 1 && group.iter().any(|part| !part.is_merged));
    groups.into_iter().map(|group| group.into_iter().map(|part| part.name).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(name: &str, day: u32, bytes: u64) -> Candidate {
        let first_day = (day > 0).then(|| format!("2026-03-{day:02}"));
        Candidate { name: name.to_owned(), is_merged: false, first_day, bytes }
    }

    fn merged(name: &str, day: u32, bytes: u64) -> Candidate {
        Candidate { is_merged: true, ..fresh(name, day, bytes) }
    }

    #[test]
    fn parts_that_fit_together_are_merged_in_the_order_of_their_days() {
        for (about, parts, expected) in [
            ("nothing", vec![], vec![]),
            ("one part has nobody to merge with", vec![fresh("a", 1, 10)], vec![]),
            ("two small ones", vec![fresh("a", 1, 10), fresh("b", 2, 10)], vec![vec!["a", "b"]]),
            (
                "those of a day stand together, whatever their names",
                vec![fresh("a", 2, 40), fresh("b", 1, 40), fresh("c", 2, 40), fresh("d", 1, 40)],
                vec![vec!["b", "d"], vec!["a", "c"]],
            ),
            ("a large one stays", vec![fresh("a", 1, 51), fresh("b", 1, 10), fresh("c", 1, 10)], vec![vec!["b", "c"]]),
            ("a group may be as large as the target", vec![fresh("a", 1, 50), fresh("b", 1, 50)], vec![vec!["a", "b"]]),
            (
                "the rest of a group of one stays",
                vec![fresh("a", 1, 50), fresh("b", 1, 50), fresh("c", 1, 50)],
                vec![vec!["a", "b"]],
            ),
            ("without events", vec![fresh("a", 0, 1), fresh("b", 1, 10), fresh("c", 0, 1)], vec![vec!["a", "c", "b"]]),
            ("merged ones are left alone", vec![merged("a", 1, 10), merged("b", 2, 10)], vec![]),
            ("until a fresh one comes", vec![merged("a", 1, 10), fresh("b", 2, 10)], vec![vec!["a", "b"]]),
        ] {
            assert_eq!(groups(parts, 100), expected, "{about}");
        }
    }

    #[test]
    fn the_choice_depends_on_the_parts_alone_and_holds_its_limits() {
        let parts: Vec<Candidate> =
            (0..200).map(|n| fresh(&format!("{n:03}"), 1 + n * 7 % 28, 1 + u64::from(n * 13 % 60))).collect();
        let mut shuffled = parts.clone();
        shuffled.reverse();
        let chosen = groups(parts.clone(), 100);
        assert_eq!(chosen, groups(shuffled, 100));
        let size = |name: &String| parts.iter().find(|part| part.name == *name).expect("one of them").bytes;
        assert!(chosen.len() > 10);
        assert!(chosen.iter().all(|group| group.len() > 1 && group.iter().map(size).sum::<u64>() <= 100));
        let mut names = chosen.concat();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), chosen.concat().len(), "no part is in two groups");
    }
}
