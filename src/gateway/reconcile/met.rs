//! Which of our rows a bill has, by their numbers in the table: a bit each, since a day's rows stand close together.

use std::collections::BTreeMap;

/// Numbers of one block.
const BLOCK: usize = 1 << 16;
const WORDS: usize = BLOCK / 64;

/// A set of numbers.
#[derive(Default)]
pub struct Met(BTreeMap<i64, Box<[u64; WORDS]>>);

impl Met {
    /// Adds one; `false`: it was there.
    pub fn add(&mut self, id: i64) -> bool {
        let (block, word, bit) = place(id);
        let Some(word) = self.0.entry(block).or_insert_with(|| Box::new([0; WORDS])).get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Whether it is one of them.
    pub fn has(&self, id: i64) -> bool {
        let (block, word, bit) = place(id);
        self.0.get(&block).and_then(|block| block.get(word)).is_some_and(|word| word & bit != 0)
    }
}

fn place(id: i64) -> (i64, usize, u64) {
    let at = usize::try_from(id.rem_euclid(BLOCK as i64)).unwrap_or_default();
    (id.div_euclid(BLOCK as i64), at / 64, 1 << (at % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_has_what_was_added_and_nothing_else(ids in prop::collection::vec(prop_oneof![-3..70_000i64, any::<i64>()], 0..200), other: i64) {
            let mut met = Met::default();
            for (at, id) in ids.iter().enumerate() {
                prop_assert_eq!(met.add(*id), !ids[..at].contains(id));
            }
            prop_assert!(ids.iter().all(|id| met.has(*id)));
            prop_assert_eq!(met.has(other), ids.contains(&other));
        }
    }
}
