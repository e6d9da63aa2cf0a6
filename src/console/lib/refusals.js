// @ts-check
// What the server refuses something for, in the reader's words, as far as they are known; the server itself
// speaks English. English readers have its own words, which say more.

import { has, language, t, word } from "./i18n.js";

/**
 * How the server says it, and the words for it. What is in brackets is a value that stays as it is.
 * @type {[RegExp, string][]}
 */
const KNOWN = [
  [/^is missing/, "missing"],
  [/^must not be empty/, "empty"],
  [/^unknown field/, "unknown_field"],
  [/^unknown parameter/, "unknown_filter"],
  [/^stands there twice/, "twice"],
  [/^must not contain spaces/, "no_spaces"],
  [/^must not contain (?:line breaks|control)/, "no_controls"],
  [/^(?:'(.*)' )?is not an event type/, "no_type"],
  [/^must be words of letters/, "type_form"],
  [/^the secret has \d+ characters and needs at least (\d+)/, "secret_short"],
  [/^the secret has \d+ characters and may have (\d+)/, "too_long"],
  [/^a secret that begins with (\S+) must go on/, "secret_form"],
  [/^must be a text$/, "text"],
  [/^must be a number and a unit/, "duration"],
  [/^must be at most (\S+?)(?:;|$)/, "too_many"],
  [/^must (?:be|have) (\d+) to (\d+) (?:bytes|visible|printable)/, "length"],
  [/^must (?:be a number from|lie between) (\S+) (?:to|and) (\S+)$/, "from_to"],
  [/^must be a (?:whole )?number of (\d+) or more/, "at_least"],
  [/^must be a second or more/, "a_second"],
  [/^must be a (?:day|date) such as/, "day"],
  [/^must be a time of day/, "time_of_day"],
  [/^must be a phone number/, "phone"],
  [/^'(.*)' is not an IANA time zone/, "zone"],
  [/^must be a share/, "share"],
  [/^must begin before it ends/, "begins_first"],
  [/^must be an object/, "json_object"],
  [/^must be an? (?:list|array)/, "json_list"],
  [/^must be the template's name/, "template_name"],
  [/^must be a (?:code|language) such as/, "language_code"],
  [/^must be Meta's id/, "digits"],
  [/ is not used by |^is for email alone/, "not_used_here"],
  [/^must have no colon/, "no_colon"],
  [/^not an answer to a reminder/, "no_reminder_answer"],
  [/^no reservation of this customer waits/, "nothing_waits"],
  [/^the answer came after the slot/, "answer_late"],
  [/^the handoff is already open/, "already_open"],
  [/^no such (?:conversation|handoff|product|reservation)/, "none_such"],
  [/^must be an email address/, "mail_address"],
  [/^must be the name of who takes it/, "name_of_taker"],
  [/^must be RFC 3339/, "moment"],
  [/^must be a whole number(?: from (.+) to (.+))?$/, "whole_number"],
  [/^must be true or false/, "yes_or_no"],
  [/^must be longer than zero/, "above_zero"],
  [/^must be from (\S+) to (\S+)$/, "from_to"],
  [/^must be one of (.+)$/, "one_of"],
  [/ is not one of (.+)$/, "one_of"],
  [/^(?:must (?:be a text of|have) )?at most (\d+) (?:bytes|characters)/, "too_long"],
  [/^at most (\d+) /, "too_many"],
  [/^must be (\d+) or more/, "at_least"],
  [/characters or more|at least (\d+) characters/, "too_short"],
  [/^a value holds •••/, "hidden"],
  [/no URL|not a URL|relative URL|must be https?|is not a valid url/i, "no_url"],
  [/is not JSON/, "no_json"],
  [/private or reserved address/, "private"],
  [/^this key is not known/, "key_unknown"],
  [/^this link was used before/, "link_used"],
  [/^your session has ended/, "session_over"],
  [/^too many wrong keys/, "too_many_keys"],
  [/^this needs the role (\w+)/, "role_needed"],
  [/^this needs the admin token/, "admin_needed"],
  [/^personal data is shown to the roles/, "no_reveal"],
  [/^the portal has no such page/, "not_in_portal"],
  [/^this request came from a page of another site/, "foreign"],
  [/^(.+) has taken it, since /, "taken"],
  [/^(.+) has taken it over, since /, "taken_over"],
  [/^nobody has taken the conversation over/, "not_taken_over"],
  [/^the conversation is over/, "talk_over"],
  [/^nobody has taken the handoff/, "not_taken"],
  [/^the handoff is not put off/, "not_put_off"],
  [/^no WhatsApp line is configured/, "no_line"],
  [/^the customer's number is not known/, "no_number"],
  [/^the customer last wrote more than 24 hours ago/, "window_over"],
  [/^the customer has not written to this line/, "not_written"],
  [/^a handoff is put off for \d+ days at most/, "put_off_max"],
  [/must be to come, within (\d+) days/, "to_come"],
  [/^the handoff is already replied to/, "replied"],
  [/^the handoff is closed/, "closed"],
  [/^the reservation is (\w+)/, "reservation_is"],
  [/ is no longer set for /, "timer_gone"],
  [/^that moment is past/, "past"],
  [/^a reminder goes out before the slot/, "before_slot"],
  [/^another reminder goes out at this moment/, "same_moment"],
  [/^whether somebody came is seen from the slot on/, "after_slot"],
  [/ cannot be moved: /, "not_moved"],
  [/^these are quiet hours/, "quiet_hours"],
  [/ exists already$/, "exists"],
  [/^the endpoint is disabled/, "disabled"],
  [/^the job has ended/, "job_ended"],
  [/^it is no dead letter any more/, "not_dead"],
  [/^it was cancelled already/, "cancelled_already"],
  [/^it was sent already/, "sent_already"],
  [/^it was given up already/, "given_up"],
  [/^an attempt is under way/, "under_way"],
  [/^it went out together with others/, "in_a_digest"],
  [/^the disk is nearly full/, "disk_full"],
  [/^busy/, "busy"],
];

/** Where the value is a word of ours. */
const OURS = ["reservation_is", "role_needed"];

/**
 * A refusal as its main sentence and, where that is a translation, as the server said it.
 * @param {any} error
 * @returns {{text: string, said: string|null}}
 */
export function refusal(error) {
  const said = String(error?.message ?? error);
  // What did not come from the server is in the reader's words already.
  if (language() === "en" || !error?.status) return { text: said, said: null };
  const general = `common.refusal.${error.status}`;
  const text = told(withoutField(error)) ?? (has(general) ? t(general) : null);
  return text === null ? { text: said, said: null } : { text, said };
}

/** What is said of a field, without its name. @param {any} error */
export function withoutField({ message, field }) {
  const begins = field ? `${field}: ` : "";
  return String(message).startsWith(begins) ? String(message).slice(begins.length) : String(message);
}

/** A text of the server's own in the reader's language, as far as it is known. @param {string} text */
export function ofServer(text) {
  return language() === "en" ? text : told(text) ?? text;
}

function told(text) {
  for (const [pattern, name] of KNOWN) {
    const found = text.match(pattern);
    if (!found || !has(`refusals.${name}`)) continue;
    const [, said = "", other = ""] = found;
    const one = OURS.includes(name)
      ? word(`common.status.${said}`, word(`common.role.${said}`, said)) : said;
    return t(`refusals.${said === "" && has(`refusals.${name}_plain`) ? `${name}_plain` : name}`,
      { one, other });
  }
  return null;
}
