//! Contrast: the merchant's colour, and shades of it that can be read by day and by night (WCAG 2: at least 4.5 to 1).

use crate::config::Color;

/// Where the merchant has none: a green as WeChat's, dark enough for white letters.
const OURS: Color = Color([0x06, 0x7a, 0x3f]);
const WHITE: Color = Color([255; 3]);
const BLACK: Color = Color([0; 3]);
/// On what letters stand by day and by night, as base.css and this page's style colour it.
const DAY: [Color; 2] = [WHITE, Color([0xf6, 0xf7, 0xf9])];
const NIGHT: [Color; 2] = [Color([0x11, 0x14, 0x18]), Color([0x1b, 0x20, 0x26])];

/// The light that each step of a channel gives (sRGB's curve), in hundred-thousandths.
#[rustfmt::skip]
const LIGHT: [u32; 256] = [
    0, 30, 61, 91, 121, 152, 182, 212, 243, 273, 304, 335, 368, 402, 439, 478, 518, 561, 605, 651, 700, 750, 802, 857, 913, 972, 1_033,
    1_096, 1_161, 1_229, 1_298, 1_370, 1_444, 1_521, 1_600, 1_681, 1_764, 1_850, 1_938, 2_029, 2_122, 2_217, 2_315, 2_416, 2_519, 2_624,
    2_732, 2_843, 2_956, 3_071, 3_190, 3_310, 3_434, 3_560, 3_689, 3_820, 3_955, 4_092, 4_231, 4_374, 4_519, 4_667, 4_817, 4_971, 5_127,
    5_286, 5_448, 5_613, 5_781, 5_951, 6_125, 6_301, 6_480, 6_663, 6_848, 7_036, 7_227, 7_421, 7_619, 7_819, 8_022, 8_228, 8_438, 8_650,
    8_866, 9_084, 9_306, 9_531, 9_759, 9_990, 10_224, 10_462, 10_702, 10_946, 11_193, 11_444, 11_697, 11_954, 12_214, 12_477, 12_744,
    13_014, 13_287, 13_563, 13_843, 14_126, 14_413, 14_703, 14_996, 15_293, 15_593, 15_896, 16_203, 16_513, 16_827, 17_144, 17_465,
    17_789, 18_116, 18_447, 18_782, 19_120, 19_462, 19_807, 20_156, 20_508, 20_864, 21_223, 21_586, 21_953, 22_323, 22_697, 23_074,
    23_455, 23_840, 24_228, 24_620, 25_016, 25_415, 25_818, 26_225, 26_636, 27_050, 27_468, 27_889, 28_315, 28_744, 29_177, 29_614,
    30_054, 30_499, 30_947, 31_399, 31_855, 32_314, 32_778, 33_245, 33_716, 34_191, 34_670, 35_153, 35_640, 36_131, 36_625, 37_124,
    37_626, 38_133, 38_643, 39_157, 39_676, 40_198, 40_724, 41_254, 41_789, 42_327, 42_869, 43_415, 43_966, 44_520, 45_079, 45_641,
    46_208, 46_778, 47_353, 47_932, 48_515, 49_102, 49_693, 50_289, 50_888, 51_492, 52_100, 52_712, 53_328, 53_948, 54_572, 55_201,
    55_834, 56_471, 57_112, 57_758, 58_408, 59_062, 59_720, 60_383, 61_050, 61_721, 62_396, 63_076, 63_760, 64_448, 65_141, 65_837,
    66_539, 67_244, 67_954, 68_669, 69_387, 70_110, 70_838, 71_569, 72_306, 73_046, 73_791, 74_540, 75_294, 76_052, 76_815, 77_582,
    78_354, 79_130, 79_910, 80_695, 81_485, 82_279, 83_077, 83_880, 84_687, 85_499, 86_316, 87_137, 87_962, 88_792, 89_627, 90_466,
    91_310, 92_158, 93_011, 93_869, 94_731, 95_597, 96_469, 97_345, 98_225, 99_110, 100_000,
];

/// The page's colours as a style sheet: custom properties, by day and by night.
pub fn css(chosen: Option<Color>) -> String {
    let brand = chosen.unwrap_or(OURS);
    let (day, night) = (shade(brand, BLACK, &DAY), shade(brand, WHITE, &NIGHT));
    format!(
        ":root{{--brand:{brand};--on-brand:{on_brand};--accent:{day};--button:{brand};--on-button:{on_brand}}}\n\
         @media(prefers-color-scheme:dark){{:root{{--accent:{night};--button:{brand};--on-button:{on_brand}}}}}\n",
        brand = brand.css(),
        on_brand = on(brand).css(),
        day = day.css(),
        night = night.css(),
    )
}

/// The colour of the page's head, for the bar of a phone's browser.
pub fn head(chosen: Option<Color>) -> String {
    chosen.unwrap_or(OURS).css()
}

/// What is written on a colour: white where that can be read, or else black, which then can.
fn on(color: Color) -> Color {
    if is_readable(WHITE, color) { WHITE } else { BLACK }
}

/// The colour itself, or mixed with so much of the other that it can be read on all of these.
fn shade(color: Color, towards: Color, grounds: &[Color]) -> Color {
    let shades = (0..=16).map(|sixteenths| mixed(color, towards, sixteenths));
    let mut readable = shades.filter(|shade| grounds.iter().all(|ground| is_readable(*shade, *ground)));
    readable.next().unwrap_or(towards)
}

fn mixed(Color(one): Color, Color(other): Color, sixteenths: u16) -> Color {
    let channel = |(one, other): (u8, u8)| {
        let sum = u16::from(one) * (16 - sixteenths) + u16::from(other) * sixteenths;
        u8::try_from(sum / 16).unwrap_or(u8::MAX)
    };
    let [red, green, blue] = one;
    let [more_red, more_green, more_blue] = other;
    Color([(red, more_red), (green, more_green), (blue, more_blue)].map(channel))
}

/// Whether letters of one colour can be read on the other: 4.5 to 1, with WCAG's twentieth for the light of the room.
fn is_readable(one: Color, other: Color) -> bool {
    let (one, other) = (luminance(one) + 5_000, luminance(other) + 5_000);
    10 * one.max(other) >= 45 * one.min(other)
}

/// How bright a colour is to an eye, in hundred-thousandths of white.
fn luminance(Color(channels): Color) -> u32 {
    let [red, green, blue] = channels.map(|channel| LIGHT[usize::from(channel)]);
    (2_126 * red + 7_152 * green + 722 * blue) / 10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those of common contrast checkers: #767676 is the lightest grey that can be read on white.
    #[test]
    fn contrast_is_what_others_calculate() {
        let grey = |step| Color([step; 3]);
        assert!(is_readable(grey(0x76), WHITE) && !is_readable(grey(0x77), WHITE));
        assert!(is_readable(grey(0x75), BLACK) && !is_readable(grey(0x74), BLACK));
        assert!(is_readable(Color([0, 0, 255]), WHITE) && !is_readable(Color([0xff, 0x66, 0]), WHITE));
    }

    #[test]
    fn whatever_the_colour_everything_can_be_read() {
        let steps = || (0..=255).step_by(15);
        for color in steps().flat_map(|red| steps().flat_map(move |green| steps().map(move |blue| Color([red, green, blue])))) {
            assert!(is_readable(on(color), color), "on {color:?}");
            for (towards, grounds) in [(BLACK, DAY), (WHITE, NIGHT)] {
                let shade = shade(color, towards, &grounds);
                assert!(grounds.iter().all(|ground| is_readable(shade, *ground)), "{color:?} became {shade:?}");
            }
        }
    }

    #[test]
    fn a_colour_that_can_be_read_stays_as_it_is() {
        let red = Color([0xc8, 0x10, 0x2e]);
        assert_eq!(shade(red, BLACK, &DAY), red);
        assert!(css(Some(red)).starts_with(":root{--brand:#c8102e;--on-brand:#ffffff;--accent:#c8102e;"));
        assert!(css(Some(Color([0xff, 0xd1, 0]))).contains("--on-brand:#000000"), "black on yellow");
    }

    /// The grounds are written twice: here, and where the pages get theirs.
    #[test]
    fn the_grounds_are_those_of_the_pages() {
        let (day, night) = crate::page::BASE_CSS.split_once("@media (prefers-color-scheme: dark)").unwrap();
        for (style, grounds) in [(day, DAY), (night, NIGHT)] {
            for ground in grounds.map(Color::css) {
                assert!(style.contains(&format!(": {};", ground.replace("#ffffff", "#fff"))), "{ground}");
            }
        }
    }
}
