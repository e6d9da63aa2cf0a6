//! Where a tenant's webhooks are posted: one address in the two forms that its way needs.

use std::sync::Arc;

use http::Uri;
use url::Url;

/// An address that HTTP can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    url: Url,
    uri: Uri,
}

impl Address {
    /// Of a target that HTTP can ask for; the others have another form.
    pub fn of(target: &str) -> Option<Arc<Self>> {
        Self::try_from(Url::parse(target).ok()?).ok().map(Arc::new)
    }

    /// As it was written, brought to one form: what is judged, and shown.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// As a request names it.
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl TryFrom<Url> for Address {
    type Error = String;

    /// Some of what a URL may hold stands in no request.
    fn try_from(url: Url) -> Result<Self, String> {
        let uri = Uri::try_from(url.as_str());
        let uri = uri.map_err(|error| format!("the target cannot be asked for over HTTP: {error}"));
        Ok(Self { uri: uri?, url })
    }
}
