//! Membership of a deal's seller in a set of sellers, as a condition: the set is bound as one text.

use crate::deal::Sellers;

/// The powers of ten up to the largest number of a seller.
const SCALES: [i64; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// The ranges as blocks of numbers that are alike but for their last digits, separated by commas: 1234x1 is the one, 12x100 are 1200 to 1299.
/// What a range comes to is some blocks of each scale, so that one text says what needs no table in any engine.
pub fn set(sellers: &Sellers) -> String {
    let mut blocks = Vec::new();
    for range in sellers.ranges() {
        let (mut first, last) = (*range.start(), *range.end());
        while first <= last {
            let begins = |scale: &&i64| first % **scale == 0 && first + **scale - 1 <= last;
            let scale = SCALES.iter().rev().find(begins).copied().unwrap_or(1);
            blocks.push(format!("{}x{scale}", first / scale));
            first += scale;
        }
    }
    blocks.join(",")
}

/// Whether a row's `merchant_id` is in the [`set`] that is bound to the condition's `?`.
pub fn is_in_set(is_mysql: bool) -> String {
    let scales = SCALES.map(|scale| format!("SELECT {scale} AS scale")).join(" UNION ALL ");
    let is_in_block = if is_mysql {
        "FIND_IN_SET(CONCAT(merchant_id DIV scale, 'x', scale), ?) > 0"
    } else {
        "INSTR(',' || ? || ',', ',' || (merchant_id / scale) || 'x' || scale || ',') > 0"
    };
    format!("EXISTS (SELECT 1 FROM ({scales}) scales WHERE {is_in_block})")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Sellers {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_are_told_in_blocks() {
        for (sellers, told) in [("7", "7x1"), ("12,100-199", "12x1,1x100"), ("98-111", "98x1,99x1,10x10,110x1,111x1"), ("", "")] {
            assert_eq!(set(&of(sellers)), told, "{sellers}");
        }
        assert!(set(&of("1-2147483647")).len() < 2_000);
    }

    proptest! {
        #[test]
        fn a_seller_is_in_a_block_if_and_only_if_it_is_in_the_set(first in 1_i64..100_000, length in 0_i64..20_000, other in 200_000_i64..=2_147_483_000) {
            let sellers = of(&format!("{first}-{},{other}-{}", first + length, other + 600));
            let blocks = set(&sellers);
            let is_in = |seller: i64| SCALES.iter().any(|scale| blocks.split(',').any(|block| block == format!("{}x{scale}", seller / scale)));
            for seller in [-1, 0, first - 1, first, first + length / 2, first + length, first + length + 1, other - 1, other, other + 600, other + 601] {
                prop_assert_eq!(is_in(seller), sellers.contains(seller), "{}", seller);
            }
        }
    }
}
