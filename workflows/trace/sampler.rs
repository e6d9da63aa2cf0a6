//! Which traces are recorded, in the words of OpenTelemetry's `OTEL_TRACES_SAMPLER`.

/// Which traces are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampler {
    /// Of those that begin here.
    root: Root,
    /// Whether those that began elsewhere are recorded where they are recorded there.
    follows_parent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    All,
    None,
    /// Those with a number below this, out of 2^63.
    Share(u64),
}

impl Default for Sampler {
    /// `parentbased_always_on`, which is OpenTelemetry's own default.
    fn default() -> Self {
        Self { root: Root::All, follows_parent: true }
    }
}

impl Sampler {
    /// Reads a name and its argument; an error says what is wrong with them.
    pub fn read(name: &str, argument: Option<&str>) -> Result<Self, String> {
        let bare = name.strip_prefix("parentbased_");
        let root = match bare.unwrap_or(name) {
            "always_on" => Root::All,
            "always_off" => Root::None,
            "traceidratio" => share(argument)?,
            _ => {
                return Err(format!(
                    "'{name}' is no sampler: write always_on, always_off, traceidratio, or one of these \
                     behind parentbased_"
                ));
            }
        };
        Ok(Self { root, follows_parent: bare.is_some() })
    }

    /// Whether a trace is recorded; `parent` says whether it is where it came from.
    pub fn samples(&self, trace: &[u8; 16], parent: Option<bool>) -> bool {
        if let Some(parent) = parent.filter(|_| self.follows_parent) {
            return parent;
        }
        match self.root {
            Root::All => true,
            Root::None => false,
            Root::Share(bound) => {
                let [.., a, b, c, d, e, f, g, h] = *trace;
                u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < bound
            }
        }
    }
}

/// Everybody who samples by the same share records the same traces.
fn share(argument: Option<&str>) -> Result<Root, String> {
    let Some(text) = argument else { return Ok(Root::All) };
    let share: f64 = text.trim().parse().map_err(|_| format!("'{text}' is no number"))?;
    if !(0.0..=1.0).contains(&share) {
        return Err(format!("'{text}' is not from 0 to 1"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is from 0 to 2^63"
    )]
    let bound = (share * (1_u64 << 63) as f64) as u64;
    Ok(Root::Share(bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a20_a_parent_decides_unless_it_is_not_asked_and_a_share_is_a_share() {
        let trace = |number: u64| {
            let mut trace = [7; 16];
            trace[8..].copy_from_slice(&number.to_be_bytes());
            trace
        };
        for (name, argument, parent, wanted) in [
            ("parentbased_always_on", None, Some(false), false),
            ("parentbased_always_off", None, Some(true), true),
            ("parentbased_always_on", None, None, true),
            ("always_on", None, Some(false), true),
            ("always_off", None, Some(true), false),
            ("traceidratio", Some("0"), None, false),
            ("traceidratio", Some("1"), None, true),
            ("traceidratio", None, None, true),
        ] {
            let sampler = Sampler::read(name, argument).unwrap();
            assert_eq!(sampler.samples(&trace(u64::MAX), parent), wanted, "{name} {argument:?}");
        }
        let tenth = Sampler::read("parentbased_traceidratio", Some("0.1")).unwrap();
        let drawn = (0..10_000_u64)
            .filter(|n| tenth.samples(&trace(n.wrapping_mul(0x9E37_79B9_7F4A_7C15)), None));
        let count = drawn.count();
        assert!((900..1_100).contains(&count), "{count}");
        for (name, argument) in
            [("jaeger_remote", None), ("traceidratio", Some("2")), ("traceidratio", Some("x"))]
        {
            assert!(Sampler::read(name, argument).is_err(), "{name}");
        }
    }
}
