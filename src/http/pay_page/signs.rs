//! Icons: one for each word that the page says of a payment, large or small on the page and as the tab's favicon.

/// Word, colour of the disc, what is drawn on it in white.
const SIGNS: [(&str, &str, &str); 10] = [
    ("waiting", "#2f6db5", "M24 13v12l8 5"),
    ("paying", "#2f6db5", "M17 12h14v24H17zM22 32h4"),
    ("failed", "#c8372d", "M24 12v14M24 34v1"),
    ("offline", "#a86400", "M24 12v14M24 34v1"),
    ("paid", "#069a4d", "M14 25l7 7 13-15"),
    ("refunded", "#2f6db5", "M33 30H15m7-7l-7 7 7 7M15 18h18"),
    ("expired", "#66707c", "M24 13v12l8 5"),
    ("closed", "#66707c", "M16 16l16 16M32 16L16 32"),
    ("taken", "#a86400", "M24 13v12l8 5"),
    ("trouble", "#a86400", "M24 12v14M24 34v1"),
];

/// All of them as `<svg>`; the style shows the one of the present word, and the script takes its favicon along.
pub fn all() -> String {
    let sign = |(word, color, path): &(&str, &str, &str)| {
        let icon = icon(word);
        format!(
            "<svg class=\"sign {word}\" viewBox=\"0 0 48 48\" aria-hidden=\"true\" data-icon=\"{icon}\">\
             <circle cx=\"24\" cy=\"24\" r=\"24\" fill=\"{color}\"/><path d=\"{path}\"/></svg>"
        )
    };
    SIGNS.iter().map(sign).collect()
}

/// A word's favicon as a data URI.
pub fn icon(word: &str) -> String {
    let Some((_, color, path)) = SIGNS.iter().find(|(known, ..)| *known == word) else { return "data:,".to_owned() };
    let color = color.replace('#', "%23");
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http%3A//www.w3.org/2000/svg' viewBox='0 0 48 48'%3E\
         %3Ccircle cx='24' cy='24' r='24' fill='{color}'/%3E\
         %3Cpath d='{path}' fill='none' stroke='%23fff' stroke-width='4.5' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"
    )
}
