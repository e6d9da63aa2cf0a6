//! What an endpoint's webhooks are signed with, and how one secret follows another.
//!
//! A rotation keeps the old secret beside the new one for a while: both sign, so the receiver may change
//! over whenever it likes within that time. Nothing signs after its time, whether it still stands on
//! disk or not; it leaves the disk with the endpoint's next change.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sereno_workflows::invalid::{Invalid, read};
use sereno_workflows::time::{Span, Timestamp};

use super::{Endpoint, Kind};
use crate::limits;

/// A secret that was replaced and still signs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousSecret {
    /// The secret.
    pub secret: String,
    /// When it ceases to sign.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for PreviousSecret {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PreviousSecret")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a caller says of a rotation.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rotation {
    /// The new secret; left out, one is generated.
    secret: Option<String>,
    /// How long the old one still signs.
    overlap: Option<Span>,
}

impl Endpoint {
    /// The endpoint with another secret, beside which the present one signs for a while.
    pub fn rotated(&self, body: Map<String, Value>, now: Timestamp) -> Result<Self, Invalid> {
        let Rotation { secret, overlap } = read(Value::Object(body))?;
        if self.config.kind != Kind::Webhook {
            let problem = "only a webhook is signed with a secret that can be rotated";
            return Err(Invalid::new("kind", problem));
        }
        let overlap = overlap.unwrap_or(Span::millis(limits::SECRET_OVERLAP_MS));
        if overlap.0 > limits::SECRET_OVERLAP_MS_MAX {
            return Err(Invalid::new(
                "overlap",
                "must be at most 7d; 0s ends the old secret at once",
            ));
        }
        let scheme = self.config.signature;
        let secret = secret.unwrap_or_else(|| scheme.generate());
        scheme.check(&secret).map_err(|problem| Invalid::new("secret", problem))?;
        if self.secrets.secret.as_ref() == Some(&secret) {
            let problem = "is the present one; leave it out and a new one is generated";
            return Err(Invalid::new("secret", problem));
        }
        let mut next = self.clone();
        let ends_at = now.after(overlap);
        let old = self.secrets.secret.clone();
        let mut previous = self.secrets.previous.clone();
        previous.retain(|old| old.secret != secret);
        for old in &mut previous {
            // What is older still does not outlive what it was followed by.
            old.expires_at = old.expires_at.min(ends_at);
        }
        previous.splice(0..0, old.map(|secret| PreviousSecret { secret, expires_at: ends_at }));
        previous.retain(|old| old.expires_at > now);
        if previous.len() > limits::SECRETS_PREVIOUS_MAX {
            let most = limits::SECRETS_PREVIOUS_MAX;
            let problem = format!(
                "{most} earlier secrets still sign, and one more would end the oldest before its time; \
                 wait, or end them all with 0s"
            );
            return Err(Invalid::new("overlap", problem));
        }
        next.replace_secret(secret, now);
        next.secrets.previous = previous;
        next.forget_expired(now);
        next.config.updated_at = now;
        Ok(next)
    }

    /// Sets another secret; whatever signed before ceases to at once. The present one changes nothing.
    pub(super) fn replace_secret(&mut self, secret: String, now: Timestamp) {
        if self.secrets.secret.as_ref() != Some(&secret) {
            self.secrets.previous.clear();
            self.secrets.secret = Some(secret);
            // What nothing is signed with need not be rotated.
            if self.config.kind == Kind::Webhook {
                self.config.secret_age = self.config.secret_age.renewed(now);
            }
        }
    }

    /// Drops the secrets whose time is over.
    pub fn forget_expired(&mut self, now: Timestamp) {
        self.secrets.previous.retain(|old| old.expires_at > now);
    }

    /// Every secret that signs at this moment, the newest first.
    pub fn signing_secrets(&self, now: Timestamp) -> Vec<String> {
        let previous = self.secrets.previous.iter().filter(|old| old.expires_at > now);
        self.secrets.secret.iter().chain(previous.map(|old| &old.secret)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sereno_workflows::id::EndpointId;

    use super::*;
    use crate::record::EndpointRecord;
    use crate::signature::Scheme;
    use crate::vault::{Vault, generate_key};

    const HOUR: i64 = 3_600_000;

    /// An endpoint as the first version wrote it, when none of this was there.
    fn first() -> Endpoint {
        let vault = Vault::new(&generate_key()).unwrap();
        let config = json!({"kind": "webhook", "target": "https://example.com/hook",
            "enabled": true, "filters": {"events": [], "intents": []}, "headers": {},
            "retry": null, "rate_limit": null, "disable_after": null, "disabled_reason": null,
            "created_at": 7, "updated_at": 9});
        let secrets = json!({"secret": "s0", "auth": null});
        let record = EndpointRecord {
            config: config.to_string().into_bytes(),
            secrets: vault.seal("t/endpoint/3", secrets.to_string().as_bytes()),
        };
        Endpoint::from_record(&"t".parse().unwrap(), EndpointId(3), &record, &vault).unwrap()
    }

    fn rotated(endpoint: &Endpoint, secret: &str, overlap: &str, now: i64) -> Endpoint {
        let secret = secret.repeat(16);
        let body = json!({"secret": secret, "overlap": overlap}).as_object().unwrap().clone();
        endpoint.rotated(body, Timestamp(now)).unwrap()
    }

    fn signing(endpoint: &Endpoint, now: i64) -> Vec<String> {
        let short = |secret: String| secret.chars().take(2).collect();
        endpoint.signing_secrets(Timestamp(now)).into_iter().map(short).collect()
    }

    #[test]
    fn an_endpoint_of_the_first_version_is_read_with_the_age_of_its_secret() {
        let endpoint = first();
        assert_eq!(endpoint.config.secret_age.since, Some(Timestamp(7)));
        assert_eq!(endpoint.config.signature, Scheme::Standard);
        assert_eq!(endpoint.signing_secrets(Timestamp(8)), ["s0"]);
    }

    #[test]
    fn a19_each_old_secret_signs_for_its_own_overlap_and_for_no_longer_than_its_successors() {
        let one = rotated(&first(), "s1", "2h", 0);
        let two = rotated(&one, "s2", "9h", HOUR);
        assert_eq!(signing(&two, HOUR), ["s2", "s1", "s0"]);
        assert_eq!(signing(&two, 2 * HOUR), ["s2", "s1"], "s0 had two hours");
        assert_eq!(signing(&two, 10 * HOUR), ["s2"]);
        let three = rotated(&one, "s3", "30m", HOUR);
        assert_eq!(signing(&three, 3 * HOUR / 2), ["s3"], "and s0 has less now");
        let four = rotated(&two, "s4", "0s", HOUR);
        assert_eq!((signing(&four, HOUR), four.secrets.previous.len()), (vec!["s4".into()], 0));
        assert_eq!(four.config.secret_age.since, Some(Timestamp(HOUR)));
    }

    #[test]
    fn a19_a_secret_that_comes_back_stands_there_once() {
        let back =
            rotated(&rotated(&rotated(&first(), "s1", "9h", 0), "s2", "9h", 1), "s1", "9h", 2);
        assert_eq!(signing(&back, 3), ["s1", "s2", "s0"]);
    }
}
