//! Who a person is: the id that Meta gives them for this business, their number, their name; and what
//! changes about them.

use serde_json::Value;

use super::Change;
use super::loose::{Data, event, event_id, list, moment, text};
use crate::id;
use crate::inbound::{Heard, Meaning, Reading, What, clipped};
use crate::lead::Who;
use crate::privacy;

/// Bytes of a name.
const NAME_BYTES_MAX: usize = 200;

/// A person at these places of an item: their number and their id, both of which may be missing.
pub(super) fn who(change: &Change<'_>, item: &Value, phone: &str, user_id: &str) -> Who {
    let (number, id) = (text(item, phone), text(item, user_id));
    let contact = contact(change.value, number.as_deref(), id.as_deref());
    let of_contact = |place: &str| contact.and_then(|contact| text(contact, place));
    let name = of_contact("/profile/name").or_else(|| of_contact("/profile/username"));
    Who {
        user_id: id.or_else(|| of_contact("/user_id")).and_then(user_id_of),
        phone: number.or_else(|| of_contact("/wa_id")).and_then(|n| privacy::phone(&n).ok()),
        name: name.map(|name| clipped(&name, NAME_BYTES_MAX).to_owned()),
        ..Who::default()
    }
}

/// A user id, unless it is too long for one.
fn user_id_of(text: String) -> Option<String> {
    id::checked(&text).ok()
}

/// The contact that is this person; one that stands alone can be nobody else.
fn contact<'a>(value: &'a Value, number: Option<&str>, id: Option<&str>) -> Option<&'a Value> {
    let is_it = |contact: &&Value| {
        let same = |place, wanted: Option<&str>| {
            wanted.is_some() && text(contact, place).as_deref() == wanted
        };
        same("/user_id", id) || same("/wa_id", number)
    };
    let mut all = list(value, "contacts");
    list(value, "contacts").find(is_it).or_else(|| {
        let first = all.next()?;
        let other = |place, wanted: Option<&str>| {
            wanted.is_some_and(|wanted| text(first, place).is_some_and(|found| found != wanted))
        };
        let alone = all.next().is_none();
        (alone && !other("/user_id", id) && !other("/wa_id", number)).then_some(first)
    })
}

/// Who it is, as an event says it: the number leaves as a hash.
pub(super) fn identified(data: Data, who: &Who) -> Data {
    data.with("wa_number", who.phone.clone())
        .with("user_id", who.user_id.clone())
        .with("name", who.name.clone())
}

/// A message of the system: somebody has another number or another id.
pub(super) fn changed(reading: &mut Reading, change: &Change<'_>, item: &Value) {
    let was = who(change, item, "/from", "/from_user_id");
    let number = text(item, "/system/wa_id").or_else(|| text(item, "/system/new_wa_id"));
    let now = Who {
        user_id: text(item, "/system/user_id").and_then(user_id_of),
        phone: number.and_then(|number| privacy::phone(&number).ok()),
        name: was.name.clone(),
        ..Who::default()
    };
    let reason = text(item, "/system/type");
    let id = event_id(text(item, "/id").as_deref(), item);
    let at = moment(item, "/timestamp", change.received_at);
    let data = identified(Data::default().with("message_id", text(item, "/id")), &was)
        .with("change", reason.or_else(|| Some("system".to_owned())))
        .with("new_user_id", now.user_id.clone())
        .with("new", now.phone.clone().map(|phone| serde_json::json!({"wa_number": phone})));
    let event = event("user.changed", id, at, data.0);
    let heard = Heard { who: was, what: What::Changed(now), event };
    reading.add("message.system", Meaning::Heard(Box::new(heard)));
}

/// The field `user_id_update`: people whose ids for this business changed.
pub(super) fn user_ids(reading: &mut Reading, change: &Change<'_>) {
    let mut found = false;
    for item in list(change.value, "user_id_update") {
        found = true;
        let mut was = who(change, item, "/wa_id", "/user_id/previous");
        was.user_id = text(item, "/user_id/previous").and_then(user_id_of);
        let new_id = text(item, "/user_id/current").or_else(|| text(item, "/user_id"));
        let now = Who { user_id: new_id.and_then(user_id_of), ..was.clone() };
        let data = identified(Data::default(), &was)
            .with("change", Some("user_id_update"))
            .with("detail", text(item, "/detail"))
            .with("new_user_id", now.user_id.clone());
        let at = moment(item, "/timestamp", change.received_at);
        let event = event("user.changed", event_id(None, item), at, data.0);
        let heard = Heard { who: was, what: What::Changed(now), event };
        reading.add("user_id_update", Meaning::Heard(Box::new(heard)));
    }
    if !found {
        super::other::read(reading, change);
    }
}

/// The field `user_preferences`: people who want no marketing any more, or want it again.
pub(super) fn preferences(reading: &mut Reading, change: &Change<'_>) {
    let mut found = false;
    for item in list(change.value, "user_preferences") {
        found = true;
        let who = who(change, item, "/wa_id", "/user_id");
        let value = text(item, "/value");
        // Only the word for it means that they want it: any other means, rather, that they do not.
        let wanted = value.as_deref() == Some("resume");
        let data = identified(Data::default(), &who)
            .with("category", text(item, "/category"))
            .with("value", value)
            .with("detail", text(item, "/detail"));
        let at = moment(item, "/timestamp", change.received_at);
        let event = event("preferences.changed", event_id(None, item), at, data.0);
        let heard = Heard { who, what: What::Marketing { wanted }, event };
        reading.add("user_preferences", Meaning::Heard(Box::new(heard)));
    }
    if !found {
        super::other::read(reading, change);
    }
}
