// @ts-check
// WhatsApp's window: for 24 hours after the customer last wrote, our own words are taken; then
// approved templates alone.

import { h, none } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { pill } from "../../parts/bits.js";
import { clock } from "../../parts/clock.js";

const WINDOW_MS = 24 * 3_600_000;
/** Nothing is sent in the last minute, in which it might close on the way. */
const MARGIN_MS = 60_000;
const WORDS = { left: "conversations.window_left", soon: "conversations.window_soon",
  over: "conversations.window_over" };

/** @param {any} talk @param {{big?: boolean}} [how] */
export function windowOf(talk, { big = false } = {}) {
  if (talk.channel !== "whatsapp" || !talk.last_received_at) return none();
  const until = talk.reply?.free_until ? Date.parse(talk.reply.free_until)
    : Date.parse(talk.last_received_at) + WINDOW_MS - MARGIN_MS;
  if (until <= Date.now()) {
    return big ? h("p", { class: "quiet" }, t("conversations.window_closed_text"))
      : pill("skipped", { text: t("conversations.window_over") });
  }
  const words = big ? WORDS : { ...WORDS, left: "conversations.window_short" };
  return clock({ until: new Date(until).toISOString(), from: talk.last_received_at, words, big });
}
