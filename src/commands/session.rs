//! Which server a command asks, with which key, and how its answers come back.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Response};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::failure::Failure;
use crate::client::{Client, checked};
use crate::config::DataDirectory;

/// Flags that every command has. Their ids are their own, since a flag that holds for all subcommands would take
/// the value of an argument of the same id.
#[derive(Debug, Args)]
pub(super) struct Reach {
    /// The server, such as https://sereno.example [default: see below]
    #[arg(
        id = "of_server",
        long = "server",
        global = true,
        value_name = "URL",
        help_heading = "Server"
    )]
    server: Option<String>,
    /// A tenant's API key, or the admin token [default: see below]
    #[arg(id = "of_key", long = "key", global = true, value_name = "KEY", help_heading = "Server")]
    key: Option<String>,
    /// Act on this tenant, with the admin token
    #[arg(
        id = "of_tenant",
        long = "tenant",
        global = true,
        value_name = "ID",
        help_heading = "Server"
    )]
    tenant: Option<String>,
    /// The data directory of a server on this machine, for its address and its keys
    #[arg(
        id = "of_data",
        long = "data-dir",
        global = true,
        value_name = "DIR",
        env = "SERENO_DATA",
        default_value = "./sereno-data",
        help_heading = "Server"
    )]
    data: PathBuf,
    /// Print the API's own answer as JSON
    #[arg(id = "as_json", long = "json", global = true, help_heading = "Output")]
    json: bool,
}

/// Whose key a command wants first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// A tenant's own.
    Tenant,
    /// The admin's.
    Admin,
}

/// What may stand in a part of a path as it is.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// A server that is asked.
pub(super) struct Session {
    client: Client,
    /// Whether answers are printed as they are.
    pub(super) json: bool,
    list: &'static str,
}

/// The parameters of a query.
pub(super) type Query = Vec<(&'static str, String)>;

impl Session {
    /// Finds server and key. `list` is the command that lists what there is.
    pub(super) fn open(reach: &Reach, wants: Wants, list: &'static str) -> Result<Self, Failure> {
        let directory = DataDirectory::at(&reach.data);
        let server = server(reach, &directory)?;
        let wants = if reach.tenant.is_some() { Wants::Admin } else { wants };
        let credentials = directory.credentials();
        let kept = match wants {
            Wants::Admin => credentials.admin_token.or(credentials.api_key),
            Wants::Tenant => credentials.api_key.or(credentials.admin_token),
        };
        let key = reach.key.clone().or_else(|| given(wants)).or(kept).ok_or_else(|| {
            let place = reach.data.display();
            Failure::usage(format!(
                "no key: give --key, SERENO_API_KEY or SERENO_ADMIN_TOKEN, or --data-dir of a server on this \
                 machine (looked in {place})"
            ))
        })?;
        let client = Client::new(&server, &key);
        let client = match &reach.tenant {
            Some(tenant) => client.for_tenant(tenant),
            None => client,
        };
        Ok(Self { client, json: reach.json, list })
    }

    /// Reads something.
    pub(super) async fn get(&self, path: &str, query: &Query) -> Result<Value, Failure> {
        self.ask(Method::GET, &with_query(path, query), None).await
    }

    /// Asks for something to be done.
    pub(super) async fn post(
        &self,
        path: &str,
        body: Map<String, Value>,
    ) -> Result<Value, Failure> {
        self.ask(Method::POST, path, Some(Value::Object(body))).await
    }

    /// Changes something.
    pub(super) async fn patch(
        &self,
        path: &str,
        body: Map<String, Value>,
    ) -> Result<Value, Failure> {
        self.ask(Method::PATCH, path, Some(Value::Object(body))).await
    }

    /// Takes something away.
    pub(super) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::DELETE, path, None).await
    }

    /// The same for a reason.
    pub(super) async fn discard(
        &self,
        path: &str,
        body: Map<String, Value>,
    ) -> Result<Value, Failure> {
        self.ask(Method::DELETE, path, Some(Value::Object(body))).await
    }

    /// Reads something long, piece by piece.
    pub(super) async fn stream(&self, path: &str, query: &Query) -> Result<Response, Failure> {
        let path = with_query(path, query);
        let response = self.client.open(Method::GET, &path, None, None).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let bytes = response.bytes().await.map_err(anyhow::Error::from)?;
        Err(self.refused(status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let (status, answer) = self.client.ask(method, path, body.as_ref()).await?;
        if !status.is_success() {
            return Err(self.refused(status.as_u16(), answer));
        }
        if answer.get("ok") != Some(&Value::Bool(true)) {
            let problem = "the answer is not as a sereno's is: is --server right?";
            return Err(Failure::usage(problem));
        }
        Ok(answer)
    }

    fn refused(&self, status: u16, problem: Value) -> Failure {
        Failure::Refused { status, problem, list: self.list, json: self.json }
    }
}

/// An id as a part of a path. Nothing, `.` and `..` are none: whoever reads a URL takes them for a step in it,
/// and in whatever way they are escaped too (WHATWG URL, "double-dot URL path segment").
pub(super) fn segment(id: &str) -> Result<String, Failure> {
    match id {
        "" | "." | ".." => Err(Failure::usage(format!(
            "'{id}' is no id: take it from the list, as it stands there"
        ))),
        id => Ok(utf8_percent_encode(id, PATH).to_string()),
    }
}

fn with_query(path: &str, query: &Query) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(query);
    format!("{path}?{}", encoded.finish())
}

fn server(reach: &Reach, directory: &DataDirectory) -> anyhow::Result<String> {
    let named = reach.server.clone().map(|url| ("--server", url));
    let named = named.or_else(|| variable("SERENO_URL")).or_else(|| variable("SERENO_PUBLIC_URL"));
    if let Some((name, url)) = named {
        return checked(name, url);
    }
    if let Some((name, listen)) = variable("SERENO_LISTEN") {
        let Ok(listen) = listen.parse::<SocketAddr>() else {
            bail!("{name}: must be an address and a port such as 127.0.0.1:8080");
        };
        if listen.port() != 0 {
            return Ok(format!("http://{}", reachable(listen)));
        }
    }
    Ok(directory.address().unwrap_or_else(|| "http://127.0.0.1:8080".to_owned()))
}

/// Where a server that listens there can be reached on this machine.
fn reachable(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    listen
}

/// The key in the environment.
fn given(wants: Wants) -> Option<String> {
    let names = match wants {
        Wants::Tenant => ["SERENO_API_KEY", "SERENO_KEY", "SERENO_ADMIN_TOKEN"],
        Wants::Admin => ["SERENO_ADMIN_TOKEN", "SERENO_API_KEY", "SERENO_KEY"],
    };
    names.into_iter().find_map(|name| variable(name)).map(|(_, key)| key)
}

fn variable(name: &'static str) -> Option<(&'static str, String)> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).map(|value| (name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_part_of_a_path_whatever_stands_in_it() {
        for (id, wanted) in [
            ("msg_01", "msg_01"),
            ("reservation:R-1:no_show:17", "reservation:R-1:no_show:17"),
            ("a/b?c#d", "a%2Fb%3Fc%23d"),
            ("...", "..."),
            ("%2e%2e", "%252e%252e"),
            ("ñ 1", "%C3%B1%201"),
        ] {
            assert_eq!(segment(id).unwrap(), wanted);
        }
        for id in ["", ".", ".."] {
            assert!(segment(id).is_err(), "{id}");
        }
        let query = vec![("event_type", "a b&c".to_owned()), ("limit", "5".to_owned())];
        assert_eq!(with_query("/x", &query), "/x?event_type=a+b%26c&limit=5");
        assert_eq!(with_query("/x", &Vec::new()), "/x");
    }

    #[test]
    fn a_server_that_listens_everywhere_is_reached_here() {
        for (listen, wanted) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), wanted);
        }
    }
}
