//! A person writes to the customer of a conversation on the tenant's own WhatsApp line.
//!
//! WhatsApp takes our own words for 24 hours after the customer's last; after that an approved template alone. Here
//! it is decided before anything is accepted, so that whoever writes hears it at once, and not from a dead letter.

use serde_json::{Value, json};

use super::{Context, Conversation};
use crate::effect::{Effect, Rejected, Transition};
use crate::event::BY_PERSON;
use crate::line::WhatsAppTemplate;
use crate::message::{Message, plain};
use crate::policy::Policy;
use crate::window::Window;

/// Characters of a text that a person writes, as many as WhatsApp takes.
pub const TEXT_CHARS_MAX: usize = 4_096;
/// Texts that fill the body of a template at most.
pub const PARAMETERS_MAX: usize = 10;
/// Characters of one of them.
pub const PARAMETER_CHARS_MAX: usize = 200;

/// The channel of conversations on the tenant's own line, and on a platform's.
pub const WHATSAPP: &str = "whatsapp";
/// The event that tells of it, as a platform's tells of what was said there.
pub const SENT: &str = "conversation.message.sent";

/// What a person writes to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The name of who writes.
    pub by: String,
    /// The customer's number, where it is known.
    pub to: Option<String>,
    /// Whether they may be written to freely.
    pub window: Window,
    /// What is written.
    pub words: Words,
}

/// In what form a person writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// In words of their own.
    Free(String),
    /// As an approved template, with what fills its body.
    Template(WhatsAppTemplate, Vec<String>),
}

impl Words {
    fn message(&self) -> Message {
        match self {
            Self::Free(text) => plain(text),
            Self::Template(template, parameters) => {
                let (template, parameters) = (Some(Box::new(template.clone())), parameters.clone());
                Message { parameters, template, ..plain(&self.shown()) }
            }
        }
    }

    /// What stands in the thread; a template's own words are Meta's to know.
    fn shown(&self) -> String {
        match self {
            Self::Free(text) => text.clone(),
            Self::Template(template, parameters) if parameters.is_empty() => {
                format!("[{}]", template.name)
            }
            Self::Template(template, parameters) => {
                format!("[{}] {}", template.name, parameters.join(" · "))
            }
        }
    }

    fn told(&self) -> (&'static str, Value) {
        match self {
            Self::Free(text) => ("text", json!(text)),
            Self::Template(WhatsAppTemplate { name, language }, parameters) => {
                let told = json!({"name": name, "language": language, "parameters": parameters});
                ("template", told)
            }
        }
    }
}

pub(super) fn reply(
    present: &Conversation,
    reply: &Reply,
    ctx: Context<'_>,
) -> Result<Transition<Conversation>, Rejected> {
    if let Some(held) = present.held.as_ref().filter(|held| held.by != reply.by) {
        return Err(held.stands("take it over from them to reply"));
    }
    let to = may_be_told(present, reply, ctx).map_err(Rejected::because)?.to_owned();
    let mut data = present.data();
    let (name, said) = reply.words.told();
    data.insert(name.to_owned(), said);
    data.insert("sent_by".to_owned(), json!(BY_PERSON));
    data.insert("by".to_owned(), json!(reply.by));
    let effects = vec![
        Effect::Emit { event_type: SENT.to_owned(), data },
        Effect::Tell { to, message: reply.words.message() },
    ];
    // That they were written to it hears as of every message, once the message is on its way; one that was over
    // goes on by it, since a person may answer for longer than silence takes.
    Ok(Transition { next: present.clone(), effects })
}

impl Conversation {
    /// The number to which a person may write, if it is known and there is a line; otherwise why they may not,
    /// in whatever form.
    ///
    /// # Errors
    /// It is on another channel, no line is configured, or the number is not known.
    pub fn reached<'a>(
        &self,
        number: Option<&'a str>,
        policy: &Policy,
    ) -> Result<&'a str, &'static str> {
        if self.channel.as_deref() != Some(WHATSAPP) {
            return Err("this conversation is not on WhatsApp: reply where it is");
        }
        let line = policy.settings.whatsapp.as_ref();
        if line.is_none_or(|line| line.access_token.is_empty()) {
            return Err("no WhatsApp line is configured: set whatsapp.phone_number_id and \
                        whatsapp.access_token in the tenant's settings");
        }
        number.ok_or("the customer's number is not known")
    }
}

/// The number to which it goes; otherwise why it cannot go.
fn may_be_told<'a>(
    present: &Conversation,
    reply: &'a Reply,
    ctx: Context<'_>,
) -> Result<&'a str, &'static str> {
    let to = present.reached(reply.to.as_deref(), ctx.policy)?;
    match (&reply.words, reply.window) {
        (Words::Template(..), _) | (Words::Free(_), Window::Open) => Ok(to),
        (Words::Free(_), Window::Closed) => {
            Err("the customer last wrote more than 24 hours ago, and WhatsApp then takes approved \
                 templates alone: send a template")
        }
        (Words::Free(_), Window::Unknown) => {
            Err("the customer has not written to this line, and WhatsApp then takes approved \
                 templates alone: send a template")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, What, step};
    use super::*;
    use crate::policy::Settings;
    use crate::time::Timestamp;

    fn policy(settings: Value) -> Policy {
        Policy::new(Settings::from_json(settings).unwrap(), &[])
    }

    fn with_line() -> Policy {
        policy(json!({"whatsapp": {"phone_number_id": "1", "access_token": "t"}}))
    }

    fn talk(channel: &str) -> Conversation {
        let policy = Policy::default();
        let (now, channel) = (Timestamp(0), Some(channel.to_owned()));
        let ctx = Context { id: "c1", now, at: now, policy: &policy, announce: false };
        let what = What::Receive { products: Vec::new(), campaign: None };
        step(None, Command { lead: None, channel, what }, ctx).unwrap().next
    }

    fn written(words: Words, window: Window) -> Reply {
        Reply { by: "Ana".into(), to: Some("+34600000001".into()), window, words }
    }

    fn free(window: Window) -> Reply {
        written(Words::Free("Ya voy".into()), window)
    }

    fn chosen(window: Window) -> Reply {
        let template = WhatsAppTemplate { name: "hola_otra_vez".into(), language: "es".into() };
        written(Words::Template(template, vec!["Ana".into()]), window)
    }

    fn take(
        talk: &Conversation,
        reply: Reply,
        policy: &Policy,
    ) -> Result<Transition<Conversation>, Rejected> {
        let now = Timestamp(60_000);
        let ctx = Context { id: "c1", now, at: now, policy, announce: false };
        let what = What::Reply(Box::new(reply));
        step(Some(talk), Command { lead: None, channel: None, what }, ctx)
    }

    #[test]
    fn d05_a_persons_words_go_while_the_window_is_open_and_a_template_always() {
        let (talk, policy) = (talk(WHATSAPP), with_line());
        for (reply, text) in [
            (free(Window::Open), "Ya voy"),
            (chosen(Window::Closed), "[hola_otra_vez] Ana"),
            (chosen(Window::Unknown), "[hola_otra_vez] Ana"),
        ] {
            let done = take(&talk, reply, &policy).unwrap();
            let [Effect::Emit { event_type, data }, Effect::Tell { to, message }] =
                &done.effects[..]
            else {
                panic!("{:?}", done.effects)
            };
            assert_eq!((event_type.as_str(), to.as_str()), (SENT, "+34600000001"));
            assert_eq!((&data["by"], message.text.as_str()), (&json!("Ana"), text));
            assert_eq!(done.next, talk);
        }
        for (window, reason) in [
            (Window::Closed, "the customer last wrote more than 24 hours ago"),
            (Window::Unknown, "the customer has not written to this line"),
        ] {
            let refused = take(&talk, free(window), &policy).unwrap_err();
            assert!(refused.0.starts_with(reason) && refused.0.contains("template"), "{refused}");
        }
    }

    #[test]
    fn d05_nobody_replies_in_what_another_holds() {
        let (talk, policy) = (talk(WHATSAPP), with_line());
        let now = Timestamp(60_000);
        let ctx = Context { id: "c1", now, at: now, policy: &policy, announce: false };
        let held = |by: &str| {
            let what = What::TakeOver { by: by.to_owned(), from: None, claimed: None };
            step(Some(&talk), Command { lead: None, channel: None, what }, ctx).unwrap().next
        };
        assert!(take(&held("Ana"), free(Window::Open), &policy).is_ok(), "it is who writes");
        let refused = take(&held("Luis"), free(Window::Open), &policy).unwrap_err();
        assert!(refused.0.starts_with("Luis has taken it over, since "), "{refused}");
        assert!(refused.0.ends_with("take it over from them to reply"), "{refused}");
    }

    #[test]
    fn d05_what_is_missing_for_a_reply_is_said() {
        let open = || free(Window::Open);
        let nobody = Reply { to: None, ..open() };
        let half = policy(json!({"whatsapp": {"phone_number_id": "1"}}));
        for (talk, reply, policy, reason) in [
            (talk("web"), open(), with_line(), "this conversation is not on WhatsApp"),
            (talk(WHATSAPP), nobody, with_line(), "the customer's number is not known"),
            (talk(WHATSAPP), open(), half, "no WhatsApp line is configured: set whatsapp."),
            (talk(WHATSAPP), open(), Policy::default(), "no WhatsApp line is configured"),
        ] {
            let refused = take(&talk, reply, &policy).unwrap_err();
            assert!(refused.0.starts_with(reason), "{refused}");
        }
    }
}
