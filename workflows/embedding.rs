//! Whose pages may show a tenant's portal inside of them: origins, as browsers name them.
//!
//! They end up in `Content-Security-Policy: frame-ancestors`, so each is held to the one form that is
//! nothing but an origin: anything else could say more there than its writer meant.

use crate::invalid::Invalid;

/// Origins, such as `https://partner.example`.
pub type Origins = Vec<String>;

/// The most that a tenant names.
pub const ORIGINS_MAX: usize = 20;

/// Bytes of one of them: a host name has 253 at most.
const ORIGIN_BYTES_MAX: usize = 270;

/// Refuses what is no origin.
pub(crate) fn check(origins: &[String]) -> Result<(), Invalid> {
    if origins.len() > ORIGINS_MAX {
        return Err(Invalid::new("embedding", format!("at most {ORIGINS_MAX} origins")));
    }
    for (index, origin) in origins.iter().enumerate() {
        if !is_origin(origin) {
            let problem = "must be an origin: https://, a host in small letters, perhaps a port, and \
                           nothing behind it; http:// is for localhost and 127.0.0.1 alone";
            return Err(Invalid::new(format!("embedding[{index}]"), problem));
        }
    }
    Ok(())
}

/// What the policy of a page says of who may put it in a frame.
pub fn frame_ancestors(origins: &[String]) -> String {
    match origins {
        [] => "frame-ancestors 'none'".to_owned(),
        some => format!("frame-ancestors {}", some.join(" ")),
    }
}

fn is_origin(text: &str) -> bool {
    let (rest, is_secure) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (None, Some(rest)) => (rest, false),
        (None, None) => return false,
    };
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    let is_part = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !part.is_empty() && part.bytes().all(allowed)
    };
    let is_number = |port: &str| {
        port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port)
    };
    text.len() <= ORIGIN_BYTES_MAX
        && host.split('.').all(is_part)
        && port.is_none_or(is_number)
        && (is_secure || ["localhost", "127.0.0.1"].contains(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e01_what_may_frame_the_portal_is_an_origin_and_nothing_else() {
        for good in [
            "https://a.example",
            "https://a-b.c.example:8443",
            "http://localhost:3000",
            "http://127.0.0.1",
        ] {
            assert_eq!(check(&[good.to_owned()]), Ok(()), "{good}");
        }
        for bad in [
            "",
            "*",
            "https:",
            "https://",
            "https://*.example",
            "https://a.example/",
            "https://a.example/x",
            "https://a..example",
            "https://A.example",
            "https://a.example:0",
            "https://a.example:070",
            "https://a.example:99999",
            "https://user@a.example",
            "https://a.example https://b.example",
            "https://a.example; script-src *",
            "http://a.example",
            "javascript:alert(1)",
            "'self'",
        ] {
            assert!(check(&[bad.to_owned()]).is_err(), "{bad}");
        }
        let many = vec!["https://a.example".to_owned(); ORIGINS_MAX + 1];
        assert!(check(&many).is_err());
    }

    #[test]
    fn e01_without_origins_nobody_may_frame_it() {
        assert_eq!(frame_ancestors(&[]), "frame-ancestors 'none'");
        let two = ["https://a.example".to_owned(), "https://b.example".to_owned()];
        assert_eq!(frame_ancestors(&two), "frame-ancestors https://a.example https://b.example");
    }
}
