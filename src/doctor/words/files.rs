//! Of the users who can read files.

use std::fmt::Display;
use std::path::Path;

use crate::language::{Text, pair, text};

use super::{Trouble, trouble};

pub fn can_be_made(file: &Path) -> Text {
    text(format!("{} can be made by this user", file.display()), format!("当前用户可以创建 {}", file.display()))
}

pub fn cannot_be_written(error: &impl Display) -> Trouble {
    trouble(
        Text::untranslated(error.to_string()),
        pair(
            "run this as the service's user; if it is, chown the file and its folder to it",
            "请以运行服务的用户执行本命令；如果已经是，用 chown 把文件及其目录交给该用户",
        ),
    )
}

pub fn secrets_are_closed(count: usize) -> Text {
    text(format!("{count} with secrets, none of them open to everybody"), format!("有 {count} 个存放机密的文件，都不是所有人可读"))
}

pub fn secrets_are_open(files: &str) -> Trouble {
    trouble(
        text(format!("everybody on this machine can read secrets in {files}"), format!("本机所有用户都能读到 {files} 里的机密")),
        Text::untranslated(format!("chmod 600 {files}")),
    )
}

pub fn deals_are_open(file: &Path, directory: &Path) -> Trouble {
    trouble(
        text(
            format!("everybody on this machine can read the deals in {}", file.display()),
            format!("本机所有用户都能读到 {} 里的订单", file.display()),
        ),
        Text::untranslated(format!("chmod 700 {}", directory.display())),
    )
}

pub fn deals_are_closed(file: &Path) -> Text {
    text(
        format!("{} is this user's to write, and not everybody's to read", file.display()),
        format!("{} 当前用户可写，且不是所有人可读", file.display()),
    )
}
