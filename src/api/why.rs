//! "Why?", in the reader's language and the tenant's time.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde_json::{Value, json};
use sereno_actors::view::TenantView;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::locale::Locale;
use sereno_workflows::why::Reason;

use super::App;
use super::accept::ranges;
use super::error::Problem;

/// The language that a reader asks for: by `?lang=`, else by `Accept-Language`, else the tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader(Option<Locale>);

impl FromRequestParts<Arc<App>> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let Query(pairs) = query.map_err(|error| Problem::malformed(error.body_text()))?;
        let mut asked = pairs.iter().filter(|(name, _)| name == "lang");
        if let Some((name, lang)) = asked.next() {
            if asked.next().is_some() {
                return Err(Invalid::new(name, "stands there twice").into());
            }
            let locale = lang.parse().map_err(|problem: String| Invalid::new("lang", problem))?;
            return Ok(Self(Some(locale)));
        }
        Ok(Self(language(&parts.headers)))
    }
}

impl Reader {
    /// A reason as this reader is told it.
    pub fn told(self, view: &TenantView, reason: &Reason) -> Value {
        let locale = self.0.unwrap_or(view.policy.settings.locale);
        json!(reason.told(locale, &view.policy.zone))
    }

    /// Puts a reason into an answer.
    pub fn add(self, answer: &mut Value, view: &TenantView, reason: &Reason) {
        if let Some(map) = answer.as_object_mut() {
            map.insert("why".to_owned(), self.told(view, reason));
        }
    }
}

/// The language that a request's headers ask for, if we speak one of them.
pub(crate) fn language(headers: &HeaderMap) -> Option<Locale> {
    let header = headers.get(header::ACCEPT_LANGUAGE);
    header.and_then(|value| value.to_str().ok()).and_then(accepted)
}

/// The language that is liked best of those that we speak (RFC 9110, section 12.5.4).
fn accepted(header: &str) -> Option<Locale> {
    let liked = |(language, quality): (&str, f32)| {
        let locale = language.parse::<Locale>().ok()?;
        (quality > 0.0).then_some((locale, quality))
    };
    let all: Vec<(Locale, f32)> = ranges(header).filter_map(liked).collect();
    let best = all.iter().map(|(_, quality)| *quality).fold(0.0_f32, f32::max);
    all.into_iter().find(|(_, quality)| *quality >= best).map(|(locale, _)| locale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f07_the_language_that_is_liked_best_wins() {
        for (header, wanted) in [
            ("en", Some(Locale::En)),
            ("fr-FR, pt-BR;q=0.8, en;q=0.5", Some(Locale::Pt)),
            ("en;q=0.2, es;q=0.9", Some(Locale::Es)),
            ("de, es;q=0", None),
            ("*", None),
            ("en;q=wide", None),
            ("", None),
        ] {
            assert_eq!(accepted(header), wanted, "{header}");
        }
    }
}
