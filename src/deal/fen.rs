//! Money as whole fen. The only two places where an amount is text are [`Fen::from_yuan`] and [`Fen::yuan`].

use std::fmt;

/// An amount of money in fen (1 yuan = 100 fen), never negative.
///
/// There is no float in here: `19.9 * 100` is `1989.9999999999998`, and WeChat wants `1990`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(i64);

/// Why a text is not an amount in yuan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidYuan {
    /// Not `^(0|[1-9][0-9]{0,8})(\.[0-9]{1,2}0*)?$`.
    #[error("an amount in yuan has the form 19.90: at most 9 digits, at most 2 decimals, no sign, no exponent, no leading zero")]
    Form,
    /// 0, 0.0 or 0.00.
    #[error("an amount is at least 0.01")]
    Zero,
}

impl Fen {
    /// An amount given in fen; `None` unless it is at least one fen.
    pub fn new(fen: i64) -> Option<Self> {
        (fen > 0).then_some(Self(fen))
    }

    /// Reads an amount in yuan, such as `19.9`, `"19.90"` or `20`, exactly. Zeros behind the second decimal, as decimal types
    /// write them, are no fraction of a fen.
    pub fn from_yuan(text: &str) -> Result<Self, InvalidYuan> {
        let (whole, decimals) = match text.split_once('.') {
            None => (text, ""),
            Some((_, "")) => return Err(InvalidYuan::Form),
            Some((whole, decimals)) => (
                whole,
                decimals.split_at_checked(2).map_or(
                    decimals,
                    |(cents, rest)| {
                        if rest.bytes().all(|b| b == b'0') { cents } else { decimals }
                    },
                ),
            ),
        };
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let whole_is_plain = whole == "0" || !whole.starts_with('0');
        if whole.is_empty() || whole.len() > 9 || decimals.len() > 2 || !digits(whole) || !digits(decimals) || !whole_is_plain {
            return Err(InvalidYuan::Form);
        }
        // At most 9 + 2 digits: no overflow is possible.
        let number = |part: &str| part.bytes().fold(0i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        let cents = match decimals.len() {
            1 => number(decimals) * 10,
            _ => number(decimals),
        };
        Self::new(number(whole) * 100 + cents).ok_or(InvalidYuan::Zero)
    }

    /// Reads what WeChat writes: `^[1-9][0-9]{0,9}$`, in fen.
    pub fn from_total_fee(text: &str) -> Option<Self> {
        let plain = (1..=10).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok().and_then(Self::new)).flatten()
    }

    /// The amount in fen.
    pub fn get(self) -> i64 {
        self.0
    }

    /// The amount in yuan with two decimals: `19.90`.
    pub fn yuan(self) -> String {
        format!("{}.{:02}", self.0 / 100, self.0 % 100)
    }

    /// The same of an amount that may be nothing: `0.00`.
    pub fn yuan_or_nothing(amount: Option<Self>) -> String {
        amount.map_or_else(|| "0.00".to_owned(), Self::yuan)
    }

    /// The same for people, who read `99,999.99` more easily. Never in JSON.
    pub fn grouped(self) -> String {
        let (yuan, digits) = (self.yuan(), (self.0 / 100).to_string().len());
        let mut text = String::with_capacity(yuan.len() + digits / 3);
        for (at, c) in yuan.char_indices() {
            if (1..digits).contains(&at) && (digits - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(c);
        }
        text
    }

    /// The double nearest to the amount in yuan: what the original wrote into `price` and `price_last`.
    /// Read from the text, so it is the same double that a JavaScript `19.9` is.
    pub fn to_price(self) -> f64 {
        self.yuan().parse().unwrap_or(f64::NAN)
    }

    /// Reads a `price` of the original's table: the amount whose nearest double it is, if there is one; else what the
    /// original charged for it, which was `price * 100` as JavaScript calculates that. WeChat takes whole fen only, so a
    /// product that is none was never charged.
    pub fn from_price(price: f64) -> Option<Self> {
        Self::from_yuan(&price.to_string()).ok().or_else(|| Self::new(whole_hundredfold(price)?))
    }
}

/// `price * 100` rounded to the nearest double, as IEEE 754 has it, if that is a whole number of a size that
/// [`Fen::from_yuan`] reads. Calculated on the double's digits, without a float.
fn whole_hundredfold(price: f64) -> Option<i64> {
    const DIGITS: u32 = f64::MANTISSA_DIGITS;
    const LARGEST: u64 = 99_999_999_999;
    let bits = price.to_bits();
    // The sign is the first bit, so a negative number has an exponent beyond these. Neither has what is not finite or too
    // small for a fen.
    let exponent = bits >> (DIGITS - 1);
    if !(1..0x7ff).contains(&exponent) {
        return None;
    }
    let mantissa = (bits & ((1 << (DIGITS - 1)) - 1)) | (1 << (DIGITS - 1));
    let product = mantissa * 100;
    let beyond = (u64::BITS - product.leading_zeros()) - DIGITS;
    let (kept, rest, half) = (product >> beyond, product & ((1 << beyond) - 1), 1 << (beyond - 1));
    let rounded = kept + u64::from(rest > half || (rest == half && kept % 2 == 1));
    // The value is `rounded` times two to the power of this; with so many digits a fen's worth has a negative one.
    let power = i64::try_from(exponent).ok()? - 1075 + i64::from(beyond);
    let halvings = u32::try_from(power.checked_neg()?).ok()?;
    let whole = rounded.checked_shr(halvings)?;
    (rounded.trailing_zeros() >= halvings && whole <= LARGEST).then(|| i64::try_from(whole).ok()).flatten()
}

/// Shows yuan, since that is what people read.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.yuan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_amount_up_to_100_000_yuan_round_trips() {
        for fen in 1..=10_000_000 {
            let amount = Fen(fen);
            assert_eq!(Fen::from_yuan(&amount.yuan()), Ok(amount));
        }
    }

    #[test]
    fn every_amount_survives_the_double_column() {
        for fen in 1..=10_000_000 {
            assert_eq!(Fen::from_price(Fen(fen).to_price()), Some(Fen(fen)));
        }
        assert_eq!(Fen::from_price(99_999_999_999.0), None);
        for junk in [0.0, -0.0, -1.0, 0.001, f64::NAN, f64::INFINITY, 1e300, 19.990_000_000_000_002] {
            assert_eq!(Fen::from_price(junk), None, "{junk}");
        }
    }

    #[test]
    fn a_price_with_noise_is_what_the_original_charged_for_it() {
        assert_eq!((3.0 * 19.9).to_string(), "59.699999999999996");
        assert_eq!(Fen::from_price(3.0 * 19.9), Some(Fen(5970)));
        assert_eq!(Fen::from_price(59.69), Some(Fen(5969)));
        for neighbour in [(3.0_f64 * 19.9).next_down(), 59.7_f64.next_up().next_up()] {
            assert_eq!(Fen::from_price(neighbour), None, "{neighbour}");
        }
        // By the original's formula itself, over prices as shops multiply them.
        let mut noisy = 0;
        for (fen, times) in (1..=20_000).flat_map(|fen| [2, 3, 6, 7, 9, 11].map(|times| (fen, times))) {
            let price = f64::from(fen) / 100.0 * f64::from(times);
            let charged = price * 100.0;
            match Fen::from_price(price) {
                Some(amount) => assert_eq!(amount, Fen(i64::from(fen * times)), "{price}"),
                None => assert_ne!(charged.fract(), 0.0, "{price}"),
            }
            noisy += usize::from(Fen::from_yuan(&price.to_string()).is_err() && charged.fract() == 0.0);
        }
        assert!(noisy > 1000, "{noisy}");
    }

    #[test]
    fn amounts_that_binary_floats_get_wrong_are_exact() {
        let cases = [
            ("19.9", 1990),
            ("19.90", 1990),
            ("19.99", 1999),
            ("0.29", 29),
            ("1.1", 110),
            ("9.8", 980),
            ("8.8", 880),
            ("4.35", 435),
            ("0.3", 30),
        ];
        for (yuan, fen) in cases {
            assert_eq!(Fen::from_yuan(yuan), Ok(Fen(fen)), "{yuan}");
        }
        assert_eq!(Fen::from_yuan("999999999.99"), Ok(Fen(99_999_999_999)));
    }

    #[test]
    fn zeros_behind_the_second_decimal_are_nothing() {
        for (yuan, fen) in [("19.9000", 1990), ("19.900", 1990), ("1.10000000000000000000", 110), ("0.010", 1)] {
            assert_eq!(Fen::from_yuan(yuan), Ok(Fen(fen)), "{yuan}");
        }
        for text in ["19.9001", "19.90 ", "19.90００", "0.0010", "1.0000a", "1.00.0"] {
            assert_eq!(Fen::from_yuan(text), Err(InvalidYuan::Form), "{text}");
        }
    }

    #[test]
    fn people_see_thousands() {
        for (fen, shown) in
            [(1, "0.01"), (99_999, "999.99"), (100_000, "1,000.00"), (9_999_999, "99,999.99"), (99_999_999_999, "999,999,999.99")]
        {
            assert_eq!(Fen(fen).grouped(), shown);
        }
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        let odd = [
            "",
            ".",
            "1.",
            ".5",
            "007",
            "00",
            "01.5",
            "1e3",
            "-1",
            "+1",
            " 1",
            "1 ",
            "0.001",
            "19.999",
            "1.2.3",
            "1,5",
            "１",
            "1_0",
            "NaN",
            "Infinity",
            "1234567890",
            "0x10",
            "1.-1",
            "null",
        ];
        for text in odd {
            assert_eq!(Fen::from_yuan(text), Err(InvalidYuan::Form), "{text}");
        }
        for text in ["0", "0.0", "0.00"] {
            assert_eq!(Fen::from_yuan(text), Err(InvalidYuan::Zero), "{text}");
        }
    }

    #[test]
    fn total_fee_is_a_plain_positive_number_of_fen() {
        assert_eq!(Fen::from_total_fee("1990"), Some(Fen(1990)));
        assert_eq!(Fen::from_total_fee("9999999999"), Some(Fen(9_999_999_999)));
        for text in ["", "0", "+100", "0100", "100.0", "1e2", " 100", "100 ", "１００", "-100", "10000000000", "9223372036854775808"] {
            assert_eq!(Fen::from_total_fee(text), None, "{text}");
        }
    }
}
