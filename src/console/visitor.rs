//! Who looks at a page.

use std::net::IpAddr;

use crate::deal::{AuditAction, NewAudit, Role};
use crate::page::Language;

use super::Console;

/// Who looks, made by the guard anew for each request: what a user may is looked up each time, in the configuration that this instance
/// was started with.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The user's name.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// What a form of this session has to bring back. It is of the token and tells nothing of it.
    pub csrf: String,
    /// In which language the page speaks.
    pub language: Language,
    /// From where the user comes.
    pub address: IpAddr,
    /// The path of the page; of what was posted, that of the page with the form.
    pub path: String,
    /// Its query, without what is the frame's.
    pub query: String,
    /// Where a refusal leads back to.
    pub back: String,
    /// What was done just now, as the address says it that [`done`](super::done()) makes.
    pub done: Option<String>,
}

impl Visitor {
    /// The row of the trail of what this user does now.
    pub fn audit(&self, console: &Console, action: AuditAction) -> NewAudit {
        NewAudit {
            user: self.name.clone(),
            role: self.role,
            action,
            order_id: None,
            subject: None,
            detail: None,
            address: self.address.to_string(),
            at: console.gateway.now(),
        }
    }

    /// What each form that posts has in it.
    pub fn csrf_field(&self) -> String {
        format!("<input type=\"hidden\" name=\"csrf\" value=\"{}\">", self.csrf)
    }

    /// Whether the user may change anything, so that buttons are shown.
    pub fn may_act(&self) -> bool {
        self.role.may_act()
    }
}
