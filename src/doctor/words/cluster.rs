//! Of several servers of one database, and of the cluster that they may be.

use std::fmt::Display;

use crate::language::{Text, pair, text};
use crate::store::{Cluster, NodeState};

use super::{Trouble, trouble};

pub fn synced(cluster: &Cluster) -> Text {
    let Cluster { node, size, .. } = cluster;
    text(format!("node {node} of a cluster of {size} is synced"), format!("集群共 {size} 个节点，当前节点 {node} 已同步"))
}

pub fn few_nodes(cluster: &Cluster) -> Trouble {
    let Cluster { node, size, .. } = cluster;
    trouble(
        text(
            format!("node {node} is synced, and sees a cluster of {size}: of fewer than three none may be lost"),
            format!("节点 {node} 已同步，但集群只有 {size} 个节点：少于三个时，失去任何一个都会停止服务"),
        ),
        pair(
            "bring the missing nodes back, or add some (the third may be garbd, which keeps no data)",
            "恢复缺少的节点，或增加节点（第三个可以是不存数据的 garbd）",
        ),
    )
}

pub fn unwell(cluster: &Cluster) -> Trouble {
    let remedy = match cluster.standing {
        NodeState::WithoutQuorum => pair(
            "bring the other nodes or the network back; if they are gone for good, see \"Reset the quorum\" in Galera's documentation, on the node that knows most",
            "恢复其他节点或网络；如果它们回不来，按 Galera 文档“重置仲裁”，在数据最新的节点上操作",
        ),
        NodeState::Refusing => pair(
            "SET GLOBAL wsrep_reject_queries = NONE, or see the node's log",
            "执行 SET GLOBAL wsrep_reject_queries = NONE，或查看该节点的日志",
        ),
        NodeState::Desynced => pair("SET GLOBAL wsrep_desync = OFF", "执行 SET GLOBAL wsrep_desync = OFF"),
        NodeState::Donor | NodeState::Joining | NodeState::Synced => pair(
            "wait until it is synced; name another node first in database.url if that takes long",
            "等它同步完成；如果要很久，在 database.url 里把其他节点放到前面",
        ),
    };
    trouble(
        text(
            format!("{} ({})", cluster.standing.trouble().unwrap_or_default(), cluster.node),
            format!("节点 {}：{}", cluster.node, chinese(cluster.standing)),
        ),
        remedy,
    )
}

pub fn server_well(place: &str) -> Text {
    text(format!("{place} can be used"), format!("{place} 可用"))
}

pub fn server_away(place: &str, error: &impl Display) -> Trouble {
    trouble(
        text(format!("{place} is away: {error}"), format!("{place} 连不上：{error}")),
        pair("bring it back: until then there is one less to turn to", "恢复它：在此之前少一个可切换的数据库"),
    )
}

pub fn server_read_only(place: &str) -> Trouble {
    trouble(
        text(format!("{place} is read-only"), format!("{place} 是只读的")),
        pair("nothing, if it is a standby: it is used once it takes changes", "如果是备库则无需处理：它可写之后才会被使用"),
    )
}

pub fn server_unwell(place: &str, standing: NodeState) -> Trouble {
    trouble(
        text(format!("{place}: {}", standing.trouble().unwrap_or_default()), format!("{place}：{}", chinese(standing))),
        pair("it is not used while it refuses changes; see the node's log", "它拒绝写入期间不会被使用；请查看该节点的日志"),
    )
}

fn chinese(standing: NodeState) -> &'static str {
    match standing {
        NodeState::Synced => "已同步",
        NodeState::Donor => "正在向其他节点或备份提供数据",
        NodeState::Desynced => "已被设为不同步，可能落后于其他节点",
        NodeState::Joining => "正在追赶集群",
        NodeState::WithoutQuorum => "与集群多数失去联系",
        NodeState::Refusing => "拒绝查询",
    }
}
