//! The servers that a URL names: one, several, or the several addresses of one name.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::{ConnectOptions, Error};
use tokio::time::timeout;

use crate::resolver::Resolver;

use super::host::Host;
use super::hosts::Hosts;

/// Statements that stay prepared on a connection: more than there are.
pub(super) const STATEMENTS: usize = 200;
/// A name that is not looked up in so long is taken for one that cannot be.
const LOOK_UP: Duration = Duration::from_secs(1);

/// The servers that a URL names, and which of them is used.
#[derive(Clone)]
pub struct Servers {
    options: MySqlConnectOptions,
    /// In the order of the URL, the preferred one first.
    named: Vec<Host>,
    resolver: Resolver,
    /// Where each name with several addresses was when it was last looked up.
    last_found: Arc<Mutex<HashMap<Host, Vec<Host>>>>,
    hosts: Arc<Hosts>,
}

/// What is wrong with a URL is not said: it holds a password.
#[derive(Debug)]
pub struct Malformed;

impl FromStr for Servers {
    type Err = Malformed;

    /// `mysql://user:pass@one:3306,other:3306/db`: everything but host and port is the same for all.
    fn from_str(url: &str) -> Result<Self, Malformed> {
        let (scheme, rest) = url.split_once("://").ok_or(Malformed)?;
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let is_list = hosts.contains(',');
        let mut named: Vec<Host> = Vec::new();
        let mut first = None;
        for host in hosts.split(',') {
            let options: MySqlConnectOptions = format!("{scheme}://{user}{host}{tail}").parse().map_err(|_| Malformed)?;
            if is_list && (host.is_empty() || host.starts_with(':') || options.get_socket().is_some()) {
                return Err(Malformed);
            }
            let host = Host { name: options.get_host().to_owned(), port: options.get_port() };
            if !named.contains(&host) {
                named.push(host);
            }
            first.get_or_insert(options);
        }
        // Beijing time in every session; the SQL mode is set whole in `session`.
        let options = first.ok_or(Malformed)?.timezone(Some("+08:00".to_owned())).pipes_as_concat(false).no_engine_substitution(false);
        let options = options.statement_cache_capacity(STATEMENTS).disable_statement_logging();
        Ok(Self { options, named, resolver: Resolver::new(), last_found: Arc::default(), hosts: Arc::default() })
    }
}

impl Servers {
    /// How each of them is connected to, but for where it is.
    pub fn options(&self) -> &MySqlConnectOptions {
        &self.options
    }

    /// How this one is connected to.
    pub fn at(&self, host: &Host) -> MySqlConnectOptions {
        self.options.clone().host(&host.name).port(host.port)
    }

    /// Which of them is used.
    pub fn hosts(&self) -> &Arc<Hosts> {
        &self.hosts
    }

    /// Whether there may be more than one.
    pub fn may_be_several(&self) -> bool {
        self.named.len() > 1 || self.named.iter().any(|host| self.is_looked_up(host))
    }

    /// Those that there are now, the preferred one first. Each name is looked up once for all workers that wait for it: the driver
    /// would have a thread blocked for each of their tries. One with several addresses that cannot be looked up any more has those that it
    /// had, and of several names one stays in any case: a name server's trouble is no reason to leave a server that is used.
    ///
    /// # Errors
    /// None of the names is known.
    pub async fn known(&self) -> Result<Vec<Host>, Error> {
        let looked_up = join_all(self.named.iter().map(|host| timeout(LOOK_UP, self.addresses(host)))).await;
        let mut known: Vec<Host> = Vec::new();
        let (mut is_any_known, mut unknown) = (false, None);
        for (host, addresses) in self.named.iter().zip(looked_up) {
            let addresses = addresses.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
            match addresses.or_else(|error| self.last_found().get(host).cloned().ok_or(error)) {
                Ok(addresses) => {
                    is_any_known = true;
                    known.extend(addresses);
                }
                Err(error) => {
                    unknown = Some(error);
                    known.push(host.clone());
                }
            }
        }
        match unknown {
            Some(error) if !is_any_known => Err(error.into()),
            _ => Ok(known),
        }
    }

    /// Where this one is, as its name is looked up.
    pub(super) async fn addresses(&self, host: &Host) -> std::io::Result<Vec<Host>> {
        if !self.is_looked_up(host) {
            return Ok(vec![host.clone()]);
        }
        let mut addresses: Vec<_> = self.resolver.look_up(&host.name).await?.into_iter().map(|address| address.ip()).collect();
        // A name server may tell them in another order each time; all instances are to prefer the same one.
        addresses.sort_unstable();
        addresses.dedup();
        // Of a server that must prove its name the name is needed.
        if addresses.len() < 2 || matches!(self.options.get_ssl_mode(), MySqlSslMode::VerifyIdentity) {
            self.last_found().remove(host);
            return Ok(vec![host.clone()]);
        }
        let address = |ip: IpAddr| Host { name: if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }, port: host.port };
        let found: Vec<_> = addresses.into_iter().map(address).collect();
        self.last_found().insert(host.clone(), found.clone());
        Ok(found)
    }

    fn last_found(&self) -> MutexGuard<'_, HashMap<Host, Vec<Host>>> {
        self.last_found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_looked_up(&self, host: &Host) -> bool {
        self.options.get_socket().is_none() && host.name.trim_matches(['[', ']']).parse::<IpAddr>().is_err()
    }
}

/// Without user and password.
impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.options.get_database().unwrap_or_default();
        let places: Vec<_> = match self.options.get_socket() {
            Some(socket) => vec![socket.display().to_string()],
            None => self.named.iter().map(Host::to_string).collect(),
        };
        write!(f, "MySQL database {database} at {}", places.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str) -> Option<String> {
        url.parse::<Servers>().ok().map(|servers| servers.to_string())
    }

    #[test]
    fn a_url_names_one_server_or_several() {
        for (url, expected) in [
            ("mysql://till:pass@db/pay", "MySQL database pay at db:3306"),
            ("mysql://till:p,a@ss@a:3307,b/pay?ssl-mode=DISABLED", "MySQL database pay at a:3307, b:3306"),
            ("mariadb://a,b,c/pay", "MySQL database pay at a:3306, b:3306, c:3306"),
            ("mysql://till:pass@[::1]:3307,10.0.0.1/pay", "MySQL database pay at [::1]:3307, 10.0.0.1:3306"),
            ("mysql://till:pass@a,a:3306/pay", "MySQL database pay at a:3306"),
            ("mysql://till:pass@localhost/pay?socket=/run/db", "MySQL database pay at /run/db"),
        ] {
            assert_eq!(told(url).as_deref(), Some(expected), "{url}");
        }
        for malformed in
            ["mysql://u:p@a,/pay", "mysql://u:p@,a/pay", "mysql://u:p@a,:3307/pay", "mysql://u:p@a:x,b/pay", "mysql://a,b/pay?socket=/s"]
        {
            assert_eq!(told(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn all_are_reached_as_the_same_user() {
        let servers: Servers = "mysql://till:p%2Fq@a:1,b:2/pay".parse().unwrap();
        for host in &servers.named {
            let options = servers.at(host);
            let place = (options.get_host(), options.get_port(), options.get_username(), options.get_database());
            assert_eq!(place, (host.name.as_str(), host.port, "till", Some("pay")));
        }
    }

    fn three(_: &str) -> std::io::Result<Vec<std::net::SocketAddr>> {
        Ok(["10.0.0.3", "10.0.0.1", "[fd00::1]", "10.0.0.1"].map(|ip| format!("{ip}:0").parse().unwrap()).into())
    }

    #[tokio::test]
    async fn the_addresses_of_a_name_are_a_list_in_one_order() {
        let known = async |url: &str| {
            let servers = Servers { resolver: Resolver::with(three), ..url.parse().unwrap() };
            servers.known().await.unwrap().iter().map(Host::to_string).collect::<Vec<_>>()
        };
        assert_eq!(known("mysql://db:3307/pay").await, ["10.0.0.1:3307", "10.0.0.3:3307", "[fd00::1]:3307"]);
        assert_eq!(known("mysql://10.0.0.9/pay").await, ["10.0.0.9:3306"]);
        assert_eq!(known("mysql://10.0.0.9,db/pay").await.len(), 4);
        assert_eq!(known("mysql://db/pay?ssl-mode=VERIFY_IDENTITY").await, ["db:3306"], "its certificate has the name");
    }

    #[tokio::test]
    async fn a_name_that_cannot_be_looked_up_stays_among_several() {
        let unknown = |name: &str| if name == "gone" { Err(std::io::ErrorKind::NotFound.into()) } else { three(name) };
        let servers = Servers { resolver: Resolver::with(unknown), ..("mysql://gone,10.0.0.9/pay".parse().unwrap()) };
        let names = ["gone", "10.0.0.9"].map(|name| Host { name: name.into(), port: 3306 });
        assert_eq!(servers.known().await.unwrap(), names);
        let servers = Servers { resolver: Resolver::with(unknown), ..("mysql://gone/pay".parse().unwrap()) };
        assert!(servers.known().await.is_err());
    }

    #[tokio::test]
    async fn a_name_that_cannot_be_looked_up_any_more_has_the_addresses_that_it_had() {
        for url in ["mysql://db/pay", "mysql://db,10.0.0.9/pay"] {
            let servers = Servers { resolver: Resolver::with(three), ..url.parse().unwrap() };
            let found = servers.known().await.unwrap();
            let silent = |_: &str| Err(std::io::ErrorKind::NotFound.into());
            let servers = Servers { resolver: Resolver::with(silent), ..servers };
            assert_eq!(servers.known().await.unwrap(), found);
        }
    }
}
