//! Amounts spelled out in Chinese, as on cheques (大写): a zero too many is read before money moves.

use super::Fen;

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
const PLACES: [&str; 4] = ["", "拾", "佰", "仟"];
const GROUPS: [&str; 3] = ["", "万", "亿"];

/// `伍元整`, `壹佰贰拾叁元肆角伍分`.
pub fn spelled(fee: Fen) -> String {
    let (yuan, cents) = (fee.get() / 100, fee.get() % 100);
    let (tenth, hundredth) = (digit(cents / 10), digit(cents % 10));
    let mut words = String::new();
    if yuan > 0 {
        words.push_str(&whole(yuan));
        words.push('元');
    }
    match (tenth, hundredth) {
        (None, None) => {}
        (None, Some(hundredth)) if yuan > 0 => words.extend(['零', hundredth, '分']),
        (tenth, hundredth) => {
            words.extend(tenth.into_iter().flat_map(|tenth| [tenth, '角']));
            words.extend(hundredth.into_iter().flat_map(|hundredth| [hundredth, '分']));
        }
    }
    if hundredth.is_none() {
        words.push('整');
    }
    words
}

/// Nothing for a zero.
fn digit(digit: i64) -> Option<char> {
    usize::try_from(digit).ok().filter(|digit| *digit > 0).and_then(|digit| DIGITS.get(digit).copied())
}

fn whole(yuan: i64) -> String {
    let digits = yuan.to_string();
    let (mut words, mut is_zero, mut is_group) = (String::new(), false, false);
    for (at, byte) in digits.bytes().enumerate() {
        let place = digits.len() - 1 - at;
        match digit(i64::from(byte - b'0')) {
            Some(digit) => {
                words.extend(is_zero.then_some('零'));
                words.push(digit);
                words.push_str(PLACES[place % 4]);
                (is_zero, is_group) = (false, true);
            }
            None => is_zero = true,
        }
        if place.is_multiple_of(4) && std::mem::take(&mut is_group) {
            words.push_str(GROUPS.get(place / 4).copied().unwrap_or("万亿"));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_spelled_as_on_a_cheque() {
        for (fen, words) in [
            (1, "壹分"),
            (50, "伍角整"),
            (500, "伍元整"),
            (505, "伍元零伍分"),
            (1990, "壹拾玖元玖角整"),
            (12_345, "壹佰贰拾叁元肆角伍分"),
            (100_500, "壹仟零伍元整"),
            (1_000_500, "壹万零伍元整"),
            (10_000_000, "壹拾万元整"),
            (10_500_000, "壹拾万零伍仟元整"),
            (12_340_000_000, "壹亿贰仟叁佰肆拾万元整"),
            (10_000_000_001, "壹亿元零壹分"),
            (99_999_999_999, "玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        ] {
            assert_eq!(Fen::new(fen).map(spelled).as_deref(), Some(words), "{fen}");
        }
    }
}
