//! Of the addresses to listen on.

use std::net::SocketAddr;

use crate::language::{Text, pair, text};

use super::{Trouble, trouble};

pub fn free(listen: SocketAddr) -> Text {
    text(format!("{listen} is free: no service is running here"), format!("{listen} 空闲：本机没有服务在运行"))
}

pub fn ours(listen: SocketAddr, instance: &str) -> Text {
    text(format!("{listen} is served by this service, instance {instance}"), format!("{listen} 由本服务监听，实例 {instance}"))
}

pub fn simulators_is_taken(listen: SocketAddr) -> Trouble {
    trouble(
        text(format!("{listen}, for the simulator, is taken"), format!("模拟器的地址 {listen} 已被占用")),
        pair("set simulator.listen, or stop the program that listens there", "修改 simulator.listen，或停掉占用它的程序"),
    )
}

pub fn not_of_this_machine(listen: SocketAddr) -> Trouble {
    trouble(
        text(format!("{listen} is no address of this machine"), format!("{listen} 不是本机的地址")),
        pair("check server.listen", "检查 server.listen"),
    )
}

pub fn forbidden(listen: SocketAddr) -> Trouble {
    trouble(
        text(format!("{listen} may not be listened on"), format!("没有权限监听 {listen}")),
        pair("take a port above 1023, behind a proxy", "改用 1023 以上的端口，前面放代理"),
    )
}

pub fn failing(listen: SocketAddr, error: &std::io::Error) -> Trouble {
    trouble(Text::untranslated(format!("{listen}: {error}")), pair("check server.listen", "检查 server.listen"))
}

pub fn strangers(listen: SocketAddr) -> Trouble {
    trouble(
        text(
            format!("{listen} is taken by something that is not this service with this API key"),
            format!("{listen} 被别的程序占用，或者是用其他密钥启动的本服务"),
        ),
        pair(
            "find out which program listens there (ss -ltnp); a service that was started with another key must be restarted",
            "用 ss -ltnp 查是哪个程序；如果是用其他密钥启动的本服务，请重启它",
        ),
    )
}
