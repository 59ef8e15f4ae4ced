//! The console's cookies. A name that begins with `__Host-` is one that no other host, no page below another path and no plain http can
//! have set.

use axum::http::{HeaderMap, HeaderValue, header};

/// The token of the session.
pub const TOKEN: &str = "__Host-wechat_pay_console";
/// The language that was chosen.
pub const LANGUAGE: &str = "__Host-wechat_pay_console_language";

/// The value of a cookie; two of one name are none.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let mut found = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(known, _)| *known == name).map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Has a browser keep a value for so many seconds; 0: forget it.
pub fn set(headers: &mut HeaderMap, name: &str, value: &str, age: u32) {
    let cookie = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; Secure; SameSite=Strict");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        let of = |text: &'static str| [(header::COOKIE, HeaderValue::from_static(text))].into_iter().collect::<HeaderMap>();
        assert_eq!(cookie(&of("a=b; x=1=2"), "x"), Some("1=2"));
        assert_eq!(cookie(&of("x=1; x=2"), "x"), None);
        assert_eq!(cookie(&of("xx=1"), "x"), None);
    }
}
