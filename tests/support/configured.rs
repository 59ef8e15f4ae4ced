//! Configurations: what the service makes of some variables, and the program run with them.

use std::collections::HashMap;
use std::process::Command;

use wechat_pay::config::Settings;

pub const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// An entry that will do.
pub const SHOPS_KEY: &str = "shop:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub fn settings(variables: &[(&str, &str)]) -> Result<Settings, String> {
    let variables: HashMap<_, _> = variables.iter().map(|(key, value)| (format!("WECHAT_PAY__{key}"), (*value).to_owned())).collect();
    Settings::from_environment(variables).map_err(|error| error.to_string())
}

/// Credentials that will do, with these changes.
pub fn merchant(changes: &[(&'static str, &'static str)]) -> Result<Settings, String> {
    Settings::from_environment(variables(changes)).map_err(|error| error.to_string())
}

/// The same, as environment variables.
pub fn variables(changes: &[(&'static str, &'static str)]) -> HashMap<String, String> {
    let mut all: HashMap<&str, &str> = [
        ("WECHAT__APPID", "wxd930ea5d5a258f4f"),
        ("WECHAT__MCH_ID", "10000100"),
        ("WECHAT__API_KEY", KEY),
        ("WECHAT__NOTIFY_URL", "https://pay.example.com/wxPay/notify"),
        ("AUTH__MODE", "open"),
    ]
    .into();
    all.extend(changes.iter().copied());
    all.into_iter().map(|(key, value)| (format!("WECHAT_PAY__{key}"), value.to_owned())).collect()
}

/// Runs the program with these variables in an empty directory.
pub fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let directory = tempfile::TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wechat-pay"));
    command.args(arguments).current_dir(&directory).env_clear();
    let is_whole = |name: &str| !name.contains("__") || name.starts_with("WECHAT_PAY");
    command.envs(
        variables.iter().map(|(name, value)| (if is_whole(name) { (*name).to_owned() } else { format!("WECHAT_PAY__{name}") }, value)),
    );
    output_of(&mut command)
}

/// Status, standard output and standard error of a command.
pub fn output_of(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}
