//! The guard before every page: whose session it is, and what its user may do as this instance is configured.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use percent_encoding::percent_decode_str;

use crate::console::Console;
use crate::console::done::see_other;
use crate::console::refusal::Refusal;
use crate::console::visitor::Visitor;
use crate::listener::Peer;
use crate::page::Language;

use super::cookie::{self, cookie};
use super::language::{keep, language};
use super::origin::is_foreign;
use super::token::Token;

/// Lets those through that are logged in, and leads the others to the login.
pub async fn guard(State(console): State<Arc<Console>>, mut request: Request, next: Next) -> Response {
    let (language, is_chosen) = language(request.uri(), request.headers());
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let asked = Asked::of(&console, &request, language);
    let visitor = match visitor(&console, asked).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) if looks => return see_other(&login_for(request.uri())),
        Ok(None) => return Refusal::LoggedOut.bare(language, console.is_simulated),
        Err(refusal) => return refusal.bare(language, console.is_simulated),
    };
    tracing::Span::current().record("user", &visitor.name);
    if !looks && is_foreign(request.headers()) {
        return Refusal::Foreign.page(&visitor, &console);
    }
    // A path of no text leads to no page.
    if percent_decode_str(request.uri().path()).decode_utf8().is_err() {
        return Refusal::NotFound.page(&visitor, &console);
    }
    request.extensions_mut().insert(visitor);
    let mut response = next.run(request).await;
    if is_chosen {
        keep(language, response.headers_mut());
    }
    response
}

/// From where a request comes.
pub fn address_of(console: &Console, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>().map(|peer| console.proxies.client(peer.0.ip(), request.headers()));
    peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// The token that a browser shows.
pub fn token_of(headers: &HeaderMap) -> Option<Token> {
    Token::read(cookie(headers, cookie::TOKEN)?)
}

/// What is known of a request before its session is.
struct Asked {
    token: Option<Token>,
    language: Language,
    address: IpAddr,
    /// The page that is asked for, or that a form was in.
    uri: Uri,
    /// Where a refusal leads back to.
    back: String,
    /// What was done before it, as its own address says.
    done: Option<String>,
}

impl Asked {
    fn of(console: &Console, request: &Request, language: Language) -> Self {
        let (token, address) = (token_of(request.headers()), address_of(console, request));
        let page = form_page(request);
        let back = page.as_ref().map_or_else(|| "/".to_owned(), Uri::to_string);
        let query = request.uri().query().unwrap_or_default();
        let done = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "done").map(|(_, done)| done.into_owned());
        Self { token, language, address, back, done, uri: of_ours(page.unwrap_or_else(|| request.uri().clone())) }
    }
}

/// A session is its user's: one that the configuration of this instance does not know, or knows by another password, has none.
async fn visitor(console: &Console, Asked { token, language, address, uri, back, done }: Asked) -> Result<Option<Visitor>, Refusal> {
    let Some(token) = token else { return Ok(None) };
    let Some(session) = console.gateway.session(&token.hash()).await? else { return Ok(None) };
    let user = console.settings.user(&session.user).filter(|user| user.password.digest() == session.password_hash);
    let Some(user) = user else { return Ok(None) };
    let query = uri.query().unwrap_or_default();
    Ok(Some(Visitor {
        name: user.name.clone(),
        role: user.role,
        csrf: token.of_forms(),
        language,
        address,
        path: uri.path().to_owned(),
        query: without_the_frame_s(query),
        back,
        done,
    }))
}

/// The page in which a form that is posted was: the one that the browser tells, if it is one of this console, or the first one.
fn form_page(request: &Request) -> Option<Uri> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let from = header(header::REFERER).and_then(|from| from.parse::<Uri>().ok());
    let from = from.filter(|from| from.authority().is_some_and(|from| header(header::HOST) == Some(from.as_str())));
    let page = from.and_then(|from| from.path_and_query().cloned()).map_or(Uri::from_static("/"), Uri::from);
    (*request.method() == Method::POST).then_some(of_ours(page))
}

/// A link to a path that begins with two strokes leads to another host.
fn of_ours(uri: Uri) -> Uri {
    if uri.path().starts_with("//") { Uri::from_static("/") } else { uri }
}

/// A query without what is the frame's own.
fn without_the_frame_s(query: &str) -> String {
    let own = |part: &&str| !["lang=", "done="].iter().any(|name| part.starts_with(name)) && !part.is_empty();
    query.split('&').filter(own).collect::<Vec<_>>().join("&")
}

/// The login that leads back to the page that was wanted.
fn login_for(uri: &Uri) -> String {
    match uri.path_and_query().map_or("/", |wanted| wanted.as_str()) {
        "/" => "/login".to_owned(),
        wanted => format!("/login?{}", form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish()),
    }
}
