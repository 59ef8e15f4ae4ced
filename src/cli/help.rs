//! The help of the command line, in both languages: what a command and each of its arguments is for.

use clap::{Arg, Command};

use crate::language::{Language, Text, pair};

/// A command or an argument, by its name in the description of the command line.
type Entry = (&'static str, Text);

static ABOUT: Text = pair("A self-hosted payment gateway for WeChat Pay", "自己部署的微信支付网关");

static CONFIGURATION: Text = pair(
    "Configuration: config/<profile>.toml with WECHAT_PAY__PROFILE, and WECHAT_PAY__<SECTION>__<KEY> in the environment.
The keys are those of config/default.toml.",
    "配置：config/<profile>.toml（用 WECHAT_PAY__PROFILE 指定），以及环境变量 WECHAT_PAY__<段>__<键>。
配置项见 config/default.toml。",
);

static COMMANDS: [Entry; 19] = [
    (
        "serve",
        pair(
            "Serve front ends and WeChat (the default); with no configuration, on SQLite and the built-in simulator",
            "为前端和微信提供服务（默认命令）；没有任何配置时使用 SQLite 和内置模拟器",
        ),
    ),
    ("simulator", pair("Only the simulator of WeChat, for other programs' tests", "只启动微信模拟器，供其他程序测试用")),
    ("migrate", pair("Bring the database's schema up to date and check it", "把数据库表结构升到最新，并检查它")),
    (
        "check-config",
        pair(
            "Read the configuration, say what is in force and where it comes from, or all that is wrong",
            "读取配置，列出每一项的值和来源，或列出所有错误",
        ),
    ),
    (
        "new-key",
        pair(
            "Draw a key for a back end: print it, and its entry for the configuration. Without --scopes it is one of auth.api_keys",
            "为后端生成一个密钥，打印它和它的配置条目；不写 --scopes 时，是 auth.api_keys 的条目",
        ),
    ),
    (
        "console-user",
        pair(
            "Print the section of a user of the console. The password is read from the terminal, or is the first line of standard input",
            "打印控制台用户的配置段；密码从终端输入，或取标准输入的第一行",
        ),
    ),
    (
        "explain",
        pair(
            "Tell the story of an order, or of a checkout with all its orders, and what comes next; nothing is changed",
            "讲清一个订单（或一个收银单及其全部订单）的经过和接下来会怎样；只读",
        ),
    ),
    (
        "deals",
        pair(
            "List deals, the newest first: today's, or of a range; nothing is changed",
            "列出订单，最新的在前：今天的，或一段时间的；只读",
        ),
    ),
    (
        "takings",
        pair(
            "Sum up what was paid and what went back: today, or in a range of days; nothing is changed",
            "汇总支付与退款：今天的，或一段日期的；只读",
        ),
    ),
    (
        "refund",
        pair(
            "Give a payment or a part of it back, after a question. Exits with 1 when it is refused, with 2 when it could not be asked for",
            "退回一笔支付或其中一部分，执行前会询问。被拒绝时退出码为 1，未能发起时为 2",
        ),
    ),
    (
        "reconcile",
        pair(
            "Hold the books against WeChat's bill of a day: yesterday's unless it is said. What WeChat then confirms by its signature is \
             stored. Exits with 0 when they agree, with 1 when there are open differences, with 2 when it could not be done",
            "与微信某一天的账单对账，默认昨天的；微信签名确认的结果会入账。一致时退出码为 0，有未处理的差异时为 1，未能对账时为 2",
        ),
    ),
    (
        "webhooks",
        pair(
            "List the merchant's endpoints: how deliveries to each stand; or test, resend, resume one",
            "列出各个 webhook 和发送情况；或用 test、resend、resume 处理其中一个",
        ),
    ),
    (
        "test",
        pair(
            "Send an event that tells of nothing (type test), once; nothing is stored. Exits with 1 when it is not taken",
            "发送一个不含内容的事件（类型 test），只发一次，不入库。未被接收时退出码为 1",
        ),
    ),
    (
        "resend",
        pair(
            "Have events delivered once more, and those that happened before the endpoint was configured",
            "重新发送事件，包括配置这个 webhook 之前发生的",
        ),
    ),
    ("resume", pair("Deliver again to an endpoint that was paused by its 410", "恢复向返回过 410 而暂停的 webhook 发送")),
    (
        "doctor",
        pair(
            "Look for what goes wrong in practice, and say what to do about it; nothing is changed. Exits with 1 when something must be mended",
            "检查实际使用中常出的问题，并说明怎么解决；只读。有必须解决的问题时退出码为 1",
        ),
    ),
    ("completions", pair("Print a completion script for a shell", "打印 shell 的自动补全脚本")),
    ("man", pair("Print the manual page", "打印手册页")),
    ("help", pair("Print this message or the help of the given command", "显示本帮助，或某个命令的帮助")),
];

static ARGUMENTS: [Entry; 38] = [
    ("dry_run", pair("Only say what would be done", "只说明会做什么，不执行")),
    ("name", pair("What the key is called in the configuration and in logs", "密钥在配置和日志里的名称")),
    ("user_name", pair("What the user is called", "用户名")),
    ("role", pair("What the user may do: viewer, operator or admin", "用户的角色：viewer、operator 或 admin")),
    ("totp", pair("Draw a secret for an app that shows codes, too", "同时生成动态码应用的密钥")),
    ("scopes", pair("What it may do: pay, refund, read, manage, separated by commas", "可以做什么：pay、refund、read、manage，逗号分隔")),
    ("accounts", pair("Only through these accounts, separated by commas", "只限这些账户，逗号分隔")),
    ("sellers", pair("Only for these sellers, such as 12,100-199", "只限这些商户编号，如 12,100-199")),
    ("order", pair("The order's number: out_trade_no", "订单号：out_trade_no")),
    (
        "number",
        pair(
            "The order's number (out_trade_no), or the checkout's (C and 32 digits)",
            "订单号（out_trade_no），或收银单号（C 加 32 位数字）",
        ),
    ),
    ("refund", pair("How much, in yuan; without it, all that is left", "退多少元；不写则退全部剩余金额")),
    ("reason", pair("What the payer reads of it, at most 80 bytes of UTF-8", "付款人看到的退款原因，最多 80 字节（UTF-8）")),
    (
        "key",
        pair(
            "The Idempotency-Key: the same key is the same refund. Without it one is drawn and printed",
            "Idempotency-Key：同一个 key 就是同一笔退款；不写则生成一个并打印",
        ),
    ),
    ("endpoint", pair("Which endpoint: its name in the configuration", "哪个 webhook：配置里的名称")),
    (
        "since",
        pair(
            "What happened since then: 2026-04-01T12:00:00+08:00, 2026-04-01 (Beijing), or so long ago: 2h",
            "从何时起发生的：2026-04-01T12:00:00+08:00、2026-04-01（北京时间），或多久以来：2h",
        ),
    ),
    ("event", pair("Only this event: evt_…", "只发这个事件：evt_…")),
    ("yes", pair("Do not ask", "不再询问")),
    ("day", pair("Only of this day in Beijing, such as 2026-11-26", "只看北京时间的这一天，如 2026-11-26")),
    (
        "from",
        pair(
            "From this day on, in Beijing, or from a time on, such as 2026-11-26T12:00:00+08:00",
            "从这一天（北京时间）或这个时间起，如 2026-11-26T12:00:00+08:00",
        ),
    ),
    ("to", pair("Up to the end of this day, or up to a time, which is not in it", "到这一天结束为止，或到这个时间为止（不含）")),
    ("from_day", pair("The first day in Beijing, such as 2026-11-01", "第一天（北京时间），如 2026-11-01")),
    ("to_day", pair("The last day, which is in it; without it, today", "最后一天（含）；不写则到今天")),
    (
        "paid",
        pair(
            "By when they were paid, and only paid ones; otherwise by when they were opened",
            "按支付时间，且只看已支付的；不写则按下单时间",
        ),
    ),
    ("status", pair("Only of this status", "只看这种状态")),
    ("seller", pair("Only of this seller", "只看这个商户编号")),
    ("account", pair("Only through this account", "只看走这个账户的")),
    ("limit", pair("How many at most: 100 on a screen, all of them as CSV", "最多多少个：显示时默认 100，CSV 默认全部")),
    ("csv", pair("As CSV, for a spreadsheet", "输出 CSV，供电子表格使用")),
    ("by", pair("By what they are summed up", "按什么汇总")),
    (
        "bill_date",
        pair(
            "Which day's bill, in Beijing, such as 2026-11-25; without it, yesterday's",
            "哪天的账单（北京时间），如 2026-11-25；不写则为昨天",
        ),
    ),
    (
        "bill_account",
        pair("Only of this account; without it, of all (with --file, of default)", "只对这个账户；不写则为全部（用 --file 时为 default）"),
    ),
    (
        "bill_file",
        pair(
            "A bill that was downloaded in the merchant platform, as it is or packed by gzip: it is compared, and neither it nor what differs is kept",
            "从商户平台下载的账单文件（原样或 gzip）：只核对，不保存文件和差异",
        ),
    ),
    ("bill_fetch", pair("Fetch the bill from WeChat again, although it is kept", "重新从微信下载账单，即使已有")),
    ("fetch", pair("Visit the notify URL through its public name", "通过公网域名访问通知地址")),
    ("shell", pair("Which shell's", "哪种 shell")),
    ("command", pair("Which command's; without one, of all of them", "哪个命令；不写则显示全部")),
    ("help", pair("Print help", "显示帮助")),
    ("version", pair("Print version", "显示版本")),
];

static COMMANDS_HEADING: Text = pair("Commands", "命令");
static ARGUMENTS_HEADING: Text = pair("Arguments", "参数");
static OPTIONS_HEADING: Text = pair("Options", "选项");
static WHOLE: Text =
    pair("{name}: {about}\n\nusage: {usage}\n\n{all-args}{after-help}\n", "{name}：{about}\n\n用法：{usage}\n\n{all-args}{after-help}\n");
static OF_A_COMMAND: Text = pair("{about}\n\nUsage: {usage}\n\n{all-args}", "{about}\n\n用法：{usage}\n\n{all-args}");

/// The command line with its help in one language.
pub fn in_language(command: Command, language: Language) -> Command {
    let command = describe(command, language).about(ABOUT.read(language)).help_template(WHOLE.read(language));
    command.after_help(CONFIGURATION.read(language))
}

fn describe(command: Command, language: Language) -> Command {
    let heading = COMMANDS_HEADING.read(language);
    let command = command.help_template(OF_A_COMMAND.read(language)).subcommand_help_heading(heading);
    let command = command.mut_args(|argument| describe_argument(argument, language));
    command.mut_subcommands(|command| {
        let about = known(&COMMANDS, command.get_name(), language);
        describe(command, language).about(about)
    })
}

fn describe_argument(argument: Arg, language: Language) -> Arg {
    let heading = if argument.is_positional() { &ARGUMENTS_HEADING } else { &OPTIONS_HEADING };
    let help = known(&ARGUMENTS, argument.get_id().as_str(), language);
    argument.help(help).help_heading(heading.read(language))
}

fn known(entries: &'static [Entry], name: &str, language: Language) -> &'static str {
    entries.iter().find(|(known, _)| *known == name).map(|(_, text)| text.read(language)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    /// Whether there is a help, and in this language.
    fn is_told(command: &Command, language: Language) {
        let is_right = |help: Option<&clap::builder::StyledStr>| {
            let help = help.map(ToString::to_string).unwrap_or_default();
            let is_chinese = help.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
            !help.is_empty() && is_chinese == (language == Language::Chinese)
        };
        assert!(is_right(command.get_about()), "{} is not told of", command.get_name());
        for argument in command.get_arguments() {
            assert!(is_right(argument.get_help()), "{} is not told of", argument.get_id());
        }
        command.get_subcommands().for_each(|command| is_told(command, language));
    }

    #[test]
    fn every_command_and_argument_is_told_of_in_either_language() {
        for language in [Language::English, Language::Chinese] {
            let mut command = in_language(Cli::command(), language);
            is_told(&command, language);
            command.build();
            command.clone().debug_assert();
            let help = command.render_long_help().to_string();
            let (theirs, others) = if language == Language::Chinese { ("用法", "Usage") } else { ("usage", "用法") };
            assert!(help.contains(theirs) && !help.contains(others), "{help}");
        }
    }
}
