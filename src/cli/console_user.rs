//! `wechat-pay console-user NAME [--role viewer] [--totp]`

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;
use tokio::task::spawn_blocking;

use crate::auth::{PasswordHash, Totp};
use crate::chance::Chance;
use crate::deal::{AccountId, Role};
use crate::language::{Language, Text, pair};

use super::silent::Silent;
use super::words::{or_as_variables, typed_twice};
use super::{Failure, Outcome, fits_a_variable, say};

/// Characters of a password at least: shorter ones are found, however slowly each is tried.
const SHORTEST: usize = 8;

/// Who is to use the console.
#[derive(Args)]
pub struct NewUser {
    #[arg(id = "user_name", value_name = "NAME")]
    name: String,
    #[arg(long, default_value_t = Role::Operator)]
    role: Role,
    #[arg(long)]
    totp: bool,
}

/// Prints the section of a user whose password is read from the terminal, or the first line of standard input.
pub async fn console_user(wish: NewUser, language: Language) -> Outcome {
    if !AccountId::is_name(&wish.name) {
        return Err(Failure(vec![pair(
            "a user's name has 1 to 32 characters of a-z 0-9 _ - and begins with a letter",
            "用户名为 1 到 32 个 a-z 0-9 _ -，以字母开头",
        )]));
    }
    let password = password(language).await?;
    if password.chars().count() < SHORTEST {
        return Err(Failure(vec![pair("a password has at least 8 characters", "密码至少 8 个字符")]));
    }
    let hash = spawn_blocking(move || PasswordHash::of(&password, &Chance::System)).await?;
    let hash = hash.ok_or_else(|| Failure(vec![pair("a password has at most 1024 bytes", "密码最多 1024 字节")]))?;
    let secret = wish.totp.then(|| Totp::draw(&Chance::System));
    say(&section(&wish, &hash.to_string(), secret.as_deref(), language));
    Ok(ExitCode::SUCCESS)
}

async fn password(language: Language) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return line().await;
    }
    let typed = prompted(&pair("Password: ", "密码："), language).await?;
    let again = prompted(&pair("The same again: ", "再输入一次："), language).await?;
    if typed == again { Ok(typed) } else { Err(Failure(vec![typed_twice()])) }
}

/// A line that is not shown while it is typed. Whatever ends the command, the terminal shows again what is typed.
async fn prompted(words: &Text, language: Language) -> Result<String, Failure> {
    let _silent = Silent::begin()?;
    let _ = write!(io::stderr(), "{}", words.read(language));
    let typed = line().await;
    let _ = writeln!(io::stderr());
    typed
}

/// Not here: a signal must still end the command.
async fn line() -> Result<String, Failure> {
    let read = || {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    };
    let line = spawn_blocking(read).await??;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The user's section, and the same as variables, in quotes that keep a shell from the dollars of the hash.
fn section(NewUser { name, role, .. }: &NewUser, hash: &str, secret: Option<&str>, language: Language) -> String {
    let values = [("password", Some(hash)), ("role", Some(role.as_str())), ("totp", secret)];
    let written = |line: &dyn Fn(&str, &str) -> String| {
        let given = values.iter().filter_map(|(key, value)| Some((*key, (*value)?)));
        given.map(|(key, value)| line(key, value)).collect::<Vec<_>>().join("\n")
    };
    let mut text = format!("[console.users.{name}]\n{}\n", written(&|key, value| format!("{key} = \"{value}\"")));
    if fits_a_variable(name) {
        let variable =
            |key: &str, value: &str| format!("WECHAT_PAY__CONSOLE__USERS__{}__{}='{value}'", name.to_uppercase(), key.to_uppercase());
        text = format!("{text}\n{}\n{}\n", or_as_variables().read(language), written(&variable));
    }
    let app = pair("For the app that shows codes, as a link or as a QR code of it:", "供动态码应用使用的链接（可转成二维码）：");
    let link = secret.map(|secret| format!("\n{}\n{}\n", app.read(language), Totp::link(secret, name)));
    text + &link.unwrap_or_default()
}
