//! Localisation: the two languages that people are spoken to in, and a text that is written in both.

use std::borrow::Cow;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 中文
    Chinese,
    /// English
    English,
}

impl Language {
    /// That of a terminal: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set and not empty decides, as POSIX
    /// has it. Chinese if it begins with `zh`, else English.
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        match ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set) {
            Some(locale) if locale.to_ascii_lowercase().starts_with("zh") => Self::Chinese,
            _ => Self::English,
        }
    }

    /// That of the terminal at which this process was started.
    pub fn of_terminal() -> Self {
        Self::of_locale(|name| std::env::var(name).ok())
    }

    /// As in the attribute `lang`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The one that is not this.
    pub fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }
}

/// A text in both languages: it cannot be made without either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    english: Cow<'static, str>,
    chinese: Cow<'static, str>,
}

/// The same said in English and in Chinese.
pub fn text(english: impl Into<Cow<'static, str>>, chinese: impl Into<Cow<'static, str>>) -> Text {
    Text { english: english.into(), chinese: chinese.into() }
}

/// The same, of texts that are fixed.
pub const fn pair(english: &'static str, chinese: &'static str) -> Text {
    Text { english: Cow::Borrowed(english), chinese: Cow::Borrowed(chinese) }
}

impl Text {
    /// What is the same in both: a message of another program's, a command.
    pub fn untranslated(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        Self { english: text.clone(), chinese: text }
    }

    /// The text in one of them.
    pub fn read(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.chinese,
            Language::English => &self.english,
        }
    }
}

/// How many columns a terminal needs for a text: two for a Chinese character or sign, one for others.
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}') { 2 } else { 1 }).sum()
}

/// The text with blanks behind it, up to so many columns.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// What a terminal does not show but obeys: it moves the cursor, ends a line, or turns the direction of what follows.
pub fn is_obeyed(c: char) -> bool {
    let is_format = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || is_format
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_is_read_in_the_order_of_posix() {
        use Language::{Chinese, English};
        for (variables, language) in [
            (&[][..], English),
            (&[("LANG", "C")], English),
            (&[("LANG", "en_US.UTF-8")], English),
            (&[("LANG", "de_DE.UTF-8")], English),
            (&[("LANG", "zh_CN.UTF-8")], Chinese),
            (&[("LANG", "zh-Hant")], Chinese),
            (&[("LANG", "zh_CN.UTF-8"), ("LC_MESSAGES", "C")], English),
            (&[("LANG", "C"), ("LC_MESSAGES", "zh_TW")], Chinese),
            (&[("LANG", "C"), ("LC_MESSAGES", "C"), ("LC_ALL", "zh_CN.UTF-8")], Chinese),
            (&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C.UTF-8")], English),
            (&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")], Chinese),
            (&[("LANGUAGE", "zh_CN:zh")], English),
        ] {
            let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(Language::of_locale(variable), language, "{variables:?}");
        }
    }

    #[test]
    fn chinese_takes_two_columns() {
        assert_eq!((padded("ok", 4), padded("数据库", 8), padded("数据库", 2)), ("ok  ".into(), "数据库  ".into(), "数据库".into()));
    }
}
