//! Any other HMAC: which header, which hash, how it is written and over what is the source's to say.

use sereno_workflows::source::{Encoding, Source};

use super::{Name, Refused, Shown, mac};

pub(super) fn verify<'a>(source: &Source, shown: &Shown<'a>) -> Result<Name<'a>, Refused> {
    let name = source.header.as_deref().unwrap_or_default();
    let signature = shown.header(name)?;
    let timestamp = match &source.timestamp_header {
        Some(header) => {
            let timestamp = shown.header(header)?;
            shown.fresh(header, timestamp)?;
            Some(timestamp)
        }
        None => None,
    };
    let id = source.id_header.as_ref().map(|header| shown.header(header)).transpose()?;
    let bare = match source.prefix.as_deref() {
        Some(prefix) => signature.strip_prefix(prefix).unwrap_or_default(),
        None => signature,
    };
    let given = match source.encoding.unwrap_or_default() {
        Encoding::Hex => mac::from_hex(bare),
        Encoding::Base64 => mac::from_base64(bare),
    };
    let given = given.unwrap_or_default();
    let filled = |text: &str| {
        let text = text.replace("{timestamp}", timestamp.unwrap_or_default());
        // An id comes last: what it says is not read again.
        text.replace("{id}", id.unwrap_or_default())
    };
    let (before, after) = source.signed().split_once("{body}").unwrap_or_default();
    let (before, after) = (filled(before), filled(after));
    let parts = [before.as_bytes(), shown.body, after.as_bytes()];
    let algorithm = source.algorithm.unwrap_or_default();
    let make = |key: &[u8]| mac::of(algorithm, key, &parts);
    if !mac::any(&source.secrets, &given, make) {
        return Err(Refused::wrong(name));
    }
    Ok(match (id, timestamp) {
        (Some(id), _) => Name::Id(id),
        (None, Some(_)) => Name::Timed(given),
        // Without an id or a time, the same bytes may well be sent twice and mean two things.
        (None, None) => Name::Nothing,
    })
}
