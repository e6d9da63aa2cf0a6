// @ts-check
// Causes of failure in the reader's words, as far as they are known; others as the server says
// them.

import { has, language, t } from "./i18n.js";
import { span } from "./time.js";

/** How the server begins what it says, and the words for it; what is in brackets is its time or name. */
const KNOWN = /** @type {[RegExp, string][]} */ ([
  [/^no connection to the mail server was free/, "mail_busy"],
  [/^no connection within (.+)$/, "no_connection_within"],
  [/^no connection: the name is not found/, "name_unknown"],
  [/^no connection: TLS failed/, "tls_failed"],
  [/^no connection: refused/, "refused"],
  [/^no connection/, "no_connection"],
  [/^no answer within (.+)$/, "no_answer"],
  [/^no mail server is configured/, "no_mail_server"],
  [/^the mail server did not finish within (.+)$/, "mail_late"],
  [/^the mail server ended with (\d+)/, "mail_ended"],
  [/^the connection broke: the answer is not HTTP/, "not_http"],
  [/^the connection broke/, "broke"],
  [/^not Slack's answer/, "not_slack"],
  [/^Slack says (\w+)/, "slack_says"],
  [/^answered (\d+)[,:].*redirect/, "redirect"],
  [/^the token endpoint/, "token"],
  [/^the endpoint was deleted/, "deleted"],
  [/^the endpoint is disabled/, "disabled"],
  [/^the channel is paused/, "paused"],
  [/^the endpoint's certificates/, "certificates"],
  [/^the target .* is .*, a private or reserved address/, "private"],
  [/is no longer kept/, "not_kept"],
  [/^what it says is no longer true/, "outdated"],
  [/^cancelled by hand/, "by_hand"],
  [/^(?:the header )?([A-Z]\S*-\S+) is missing$/, "signature_missing"],
  [/^([A-Z]\S*) (?:is not|was not made) over these bytes/, "signature_wrong"],
  [/^the line has no app_secret/, "no_app_secret"],
]);

/** @param {string} cause a status, or a few words */
export function causeName(cause) {
  if (/^\d{5,6}$/.test(cause)) return codeName(cause);
  return /^\d{3}$/.test(cause) ? statusName(cause) : told(cause) ?? cause;
}

/** A code of Meta's with what it means, where that is known. @param {string} code */
function codeName(code) {
  const key = `common.meta.${code}`;
  return has(key) ? `Meta ${code} · ${t(key)}` : `Meta ${code}`;
}

/** A status of HTTP with what it means. @param {string} status */
function statusName(status) {
  const key = [`common.http.${status}`, `common.http.${status[0]}xx`].find(has);
  return key ? `HTTP ${status} · ${t(key)}` : `HTTP ${status}`;
}

/**
 * What went wrong, in the reader's language where it is known. English readers have the server's own
 * words, which say more.
 * @param {string|null|undefined} error
 */
export function errorText(error) {
  if (!error || language() === "en") return error ?? null;
  const answered = error.match(/^answered (\d{3})\b/);
  return told(error) ?? (answered ? statusName(answered[1]) : error);
}

function told(text) {
  for (const [pattern, name] of KNOWN) {
    const found = text.match(pattern);
    if (found) return t(`common.cause.${name}`, { time: span((found[1] ?? "").replace(" ", "")),
      name: found[1] ?? "" });
  }
  return null;
}
