//! The cookie of a session, and whether a request that carries it came from our own pages.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use sereno_actors::limits;
use url::{Host, Url};

const NAME: &str = "sereno_session";

/// Where browsers find the server.
#[derive(Debug, Clone)]
pub struct Public {
    /// Its URL, without a slash at the end.
    pub url: String,
    /// The origin of that.
    origin: String,
    /// Whether that is https, so that cookies are for that alone.
    pub is_secure: bool,
    /// Whether browsers keep a cookie that is for https alone when it comes from there: they trust this machine's
    /// own names as they trust https, so a portal inside another page can be tried out before there is a certificate.
    is_trusted: bool,
}

impl Public {
    /// The server is found there.
    pub fn new(url: &Url) -> Self {
        let is_secure = url.scheme() == "https";
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        Self {
            url: url.as_str().trim_end_matches('/').to_owned(),
            origin: url.origin().ascii_serialization(),
            is_secure,
            is_trusted: is_secure || is_here,
        }
    }

    /// The cookie that begins a session; `framed` where it must work inside the pages of others.
    pub(super) fn begin(&self, value: &str, framed: bool) -> HeaderValue {
        self.header(value, limits::access::SESSION_MS / 1_000, framed)
    }

    /// The cookie that takes one away.
    pub(super) fn end(&self, framed: bool) -> HeaderValue {
        self.header("", 0, framed)
    }

    fn header(&self, value: &str, seconds: u64, framed: bool) -> HeaderValue {
        let place = match (framed && self.is_trusted, self.is_secure) {
            // A browser keeps a partitioned cookie for each page that shows the frame, apart from our own.
            (true, _) => "SameSite=None; Secure; Partitioned",
            (false, true) => "SameSite=Strict; Secure",
            (false, false) => "SameSite=Strict",
        };
        let text = format!("{NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; {place}");
        HeaderValue::try_from(text).expect("base64 and constants")
    }

    /// Whether a request was made by a page of somebody else, as far as its browser says.
    pub(super) fn is_foreign(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let fetched = text("sec-fetch-site");
        let by_site = fetched.is_some_and(|site| !["same-origin", "none"].contains(&site));
        let by_origin = text("origin").is_some_and(|origin| {
            let host = origin.parse::<Uri>().ok();
            let host = host.as_ref().and_then(Uri::authority).map(|host| host.as_str());
            let is_own = host.is_some() && host == text("host");
            !is_own && !origin.eq_ignore_ascii_case(&self.origin)
        });
        by_site || by_origin
    }
}

/// The session's cookie, where nothing else says who calls.
pub(super) fn of(headers: &HeaderMap) -> Option<&str> {
    if headers.contains_key(header::AUTHORIZATION) {
        return None;
    }
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(url: &str) -> Public {
        Public::new(&url.parse().unwrap())
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn f05_a_cookie_is_kept_from_scripts_and_from_other_sites() {
        let plain = public("http://10.0.0.1:8080/");
        let text = |value: HeaderValue| value.to_str().unwrap().to_owned();
        let strict = "sereno_session=x; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict";
        assert_eq!(text(plain.begin("x", false)), strict);
        assert_eq!(text(plain.begin("x", true)), strict, "nobody frames what is not https");
        let secure = public("https://sereno.example/");
        assert_eq!(text(secure.begin("x", false)), format!("{strict}; Secure"));
        assert!(text(secure.begin("x", true)).ends_with("SameSite=None; Secure; Partitioned"));
        assert!(text(secure.end(false)).starts_with("sereno_session=; Path=/; Max-Age=0"));
        for here in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            assert_eq!(text(public(here).begin("x", false)), strict, "{here}");
            let framed = text(public(here).begin("x", true));
            assert!(framed.ends_with("SameSite=None; Secure; Partitioned"), "{here}: {framed}");
        }
    }

    #[test]
    fn f05_a_request_of_somebody_elses_page_is_known_as_such() {
        let public = public("https://sereno.example");
        let host = ("host", "inner:8080");
        for (sent, is_foreign) in [
            (&[] as &[(&'static str, &str)], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("origin", "https://sereno.example")], false),
            (&[("origin", "http://inner:8080"), host], false),
            (&[("origin", "https://evil.example"), host], true),
            (&[("origin", "https://sereno.example.evil.example"), host], true),
            (&[("origin", "https://sereno.example:444"), host], true),
            (&[("origin", "null"), host], true),
            (&[("origin", ""), host], true),
            (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin"), host], true),
        ] {
            assert_eq!(public.is_foreign(&headers(sent)), is_foreign, "{sent:?}");
        }
    }

    #[test]
    fn f05_the_cookie_counts_only_where_nothing_else_says_who_calls() {
        for (sent, found) in [
            (&[] as &[(&'static str, &str)], None),
            (&[("cookie", "sereno_session=abc")], Some("abc")),
            (&[("cookie", "a=1; sereno_session=abc; b=2")], Some("abc")),
            (&[("cookie", "a=1"), ("cookie", "sereno_session=abc")], Some("abc")),
            (&[("cookie", "xsereno_session=abc")], None),
            (&[("cookie", "sereno_sessions=abc")], None),
            (&[("cookie", "sereno_session=abc"), ("authorization", "Bearer x")], None),
        ] {
            assert_eq!(of(&headers(sent)), found, "{sent:?}");
        }
    }
}
