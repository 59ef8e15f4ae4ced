//! The scene of an H5 order (`scene_info`): which site or app leads its payers to WeChat.

use serde_json::Value;

/// The host that a merchant's H5 pages are registered with: that of the scene's `wap_url`. None for the scene of an app.
pub(super) fn registered_host(scene_info: &str) -> Option<String> {
    let scene: Value = serde_json::from_str(scene_info).ok()?;
    host_of(scene["h5_info"]["wap_url"].as_str()?).map(str::to_owned)
}

/// Whether it is the scene of an H5 payment: JSON with one of WeChat's types, and what belongs to it.
pub(super) fn is_h5(scene_info: &str) -> bool {
    let Ok(scene) = serde_json::from_str::<Value>(scene_info) else { return false };
    let info = &scene["h5_info"];
    let has = |name: &str| info[name].as_str().is_some_and(|text| !text.is_empty());
    match info["type"].as_str() {
        Some("Wap") => info["wap_url"].as_str().and_then(host_of).is_some() && has("wap_name"),
        Some("IOS") => has("app_name") && has("bundle_id"),
        Some("Android") => has("app_name") && has("package_name"),
        _ => false,
    }
}

/// The host of an http(s) address, without its port.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://").or(url.strip_prefix("https://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit('@').next()?;
    let host = match place.split_once(']') {
        Some((address, _)) => address.strip_prefix('[')?,
        None => place.split(':').next()?,
    };
    Some(host).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_has_a_type_and_what_belongs_to_it() {
        for (scene, is_one) in [
            (r#"{"h5_info":{"type":"Wap","wap_url":"https://example.com","wap_name":"腾讯充值"}}"#, true),
            (r#"{"h5_info":{"type":"IOS","app_name":"王者荣耀","bundle_id":"com.tencent.wzryIOS"}}"#, true),
            (r#"{"h5_info":{"type":"Android","app_name":"王者荣耀","package_name":"com.tencent.tmgp.sgame"}}"#, true),
            (r#"{"h5_info":{"type":"Wap","wap_url":"example.com","wap_name":"x"}}"#, false),
            (r#"{"h5_info":{"type":"Wap","wap_url":"https://example.com"}}"#, false),
            (r#"{"h5_info":{"type":"IOS","app_name":"x"}}"#, false),
            (r#"{"h5_info":{"wap_url":"https://example.com","wap_name":"x"}}"#, false),
            (r#"{"h5_info":"Wap"}"#, false),
            ("h5_info", false),
        ] {
            assert_eq!(is_h5(scene), is_one, "{scene}");
        }
    }

    #[test]
    fn a_host_has_no_port() {
        for (url, host) in [
            ("https://example.com", Some("example.com")),
            ("http://127.0.0.1:8360/pay?a=b", Some("127.0.0.1")),
            ("http://[::1]:8360/", Some("::1")),
            ("http://user:word@example.com:80", Some("example.com")),
            ("https://example.com#@other.com", Some("example.com")),
            ("https:///pay", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
