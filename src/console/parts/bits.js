// @ts-check
// Small things that stand everywhere: pills, tags, channels, copies, hints, facts, tabs of words.

import { h } from "../lib/dom.js";
import { errorText } from "../lib/causes.js";
import { icon } from "../lib/icons.js";
import { t, word } from "../lib/i18n.js";
import { time } from "../lib/time.js";
import { notice } from "./notice.js";
import { zoneNote } from "./zones.js";

/** Tone and icon of what a status means, wherever it stands. */
const TONES = {
  sent: ["good", "check"], done: ["good", "check"], ok: ["good", "check"],
  processed: ["good", "check"], healthy: ["good", "check"], delivered: ["good", "check"],
  read: ["good", "check"], confirmed: ["good", "check"], arrived: ["good", "check"],
  completed: ["good", "check"], open: ["busy", "busy"], enabled: ["good", "check"],
  retrying: ["wait", "retry"], pending: ["busy", "waiting"], running: ["busy", "busy"],
  booked: ["busy", "calendar"], accepted: ["busy", "waiting"], raised: ["bad", "alerts"],
  dead: ["bad", "failed"], failed: ["bad", "failed"], failing: ["bad", "failed"],
  refused: ["bad", "gone"], invalid: ["bad", "failed"], quarantined: ["bad", "failed"],
  breached: ["bad", "failed"], no_show: ["bad", "gone"], critical: ["bad", "alerts"],
  warning: ["wait", "alerts"], info: ["busy", "info"], held: ["wait", "held"],
  collected: ["calm", "stack"], cancelled: ["calm", "gone"], withdrawn: ["calm", "gone"],
  filtered: ["calm", "filter"], disabled: ["calm", "power"], unknown: ["calm", "help"],
  skipped: ["calm", "gone"], ignored: ["calm", "gone"], closed: ["calm", "check"],
  ended: ["calm", "check"], silenced: ["calm", "silence"], replied: ["good", "check"],
  partly: ["wait", "alerts"], waiting: ["wait", "waiting"], paused: ["wait", "pause"], degraded: ["wait", "alerts"],
};

/** The tone of a status: good, bad, wait, busy or calm. */
export function tone(status) {
  return (TONES[status] ?? ["calm"])[0];
}

/** The icon of a status. */
export function markOf(status) {
  return (TONES[status] ?? ["calm", "info"])[1];
}

/**
 * A status as a pill: colour, icon and word.
 * @param {string} status @param {{text?: any, title?: string}} [more]
 */
export function pill(status, { text, title } = {}) {
  return h("span", { class: ["pill", tone(status)], title },
    icon(markOf(status)), text ?? word(`common.status.${status}`));
}

/** A name out of the machine, such as an event's type. */
export function tag(text) {
  return h("span", { class: "tag", title: text }, text);
}

/** A channel with its icon. */
export function channel(kind) {
  const name = kind ?? "gone";
  return h("span", { class: "channel" }, icon(name), word(`common.channel.${name}`));
}

/**
 * A button; `kind` is main, danger, plain, small or more of them.
 * @param {any} text @param {(event?: any) => void} onclick @param {Record<string, any>} [more]
 */
export function button(text, onclick, { symbol, kind = "", title, ...rest } = {}) {
  return h("button", { type: "button", class: ["button", kind], onclick, title, ...rest },
    symbol && icon(symbol), text);
}

/**
 * A button that is only an icon; its words are read aloud and shown as a tip.
 * @param {string} symbol @param {string} text @param {(event?: any) => void} onclick
 * @param {Record<string, any>} [more]
 */
export function iconButton(symbol, text, onclick, { kind = "plain", ...rest } = {}) {
  const attributes = { type: "button", class: ["button icon-only", kind], onclick };
  return h("button", { ...attributes, title: text, "aria-label": text, ...rest }, icon(symbol));
}

/** Copies a text and says so. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notice(t("common.copied"), "good");
  } catch {
    notice(t("common.not_copied"), "bad");
  }
}

/** A button that copies. */
export function copyButton(text, title = t("common.copy")) {
  const press = () => copy(typeof text === "function" ? text() : text);
  return iconButton("copy", title, press, { kind: "plain small" });
}

/** An id that can be copied. */
export function id(text) {
  return h("span", { class: "id" }, text, copyButton(text, t("common.copy_id")));
}

/** A command for a shell, with its copy. */
export function command(text) {
  return h("div", { class: "command" },
    h("pre", { tabindex: 0, role: "region", "aria-label": t("common.command") }, text),
    copyButton(text));
}

/** Somebody: a key by its name, whoever came by a link by its id, or the server's own admin. */
export function whoName(who) {
  return who?.name ?? who?.id ?? t("common.server_admin");
}

/** Who paused a channel, when and why. @param {{at: string, by: any, reason: string|null}} by */
export function pausedBy({ at, by, reason }) {
  const text = t("common.paused_by", { who: whoName(by) });
  return [text, " · ", time(at), reason ? `: ${reason}` : "."];
}

/** What is good to know. */
export function hint(text, kind = "", symbol = kind === "good" ? "check" : "info") {
  return h("div", { class: ["hint-box", kind] }, icon(symbol), h("div", { class: "grow" }, text));
}

/** Pairs of a name and what it is; pairs without a value are left out. */
export function facts(pairs) {
  const said = pairs.filter(([, value]) => ![null, undefined, "", false].includes(value));
  return h("dl", { class: "facts" },
    said.map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

/** A part of a detail under its title. */
export function section(title, ...children) {
  return h("section", { class: "section" }, h("h3", null, title), children);
}

/**
 * Why something stands as it does: the sentence comes from the server, in the reader's language.
 */
export function why(reason, next) {
  if (!reason?.sentence) return null;
  return h("div", { class: "why" }, icon("lantern"),
    h("div", { class: "grow" },
      h("p", null, reason.sentence),
      next && h("p", { class: "next" }, t("common.next"), " ", next),
      zoneNote("common.zone_of_sentence")));
}

/** What went wrong in the reader's language, and under it as the server said it where that differs. */
export function inBoth(error) {
  const text = errorText(error);
  // A status alone says nothing more in another language.
  if (!text || text === error || /^answered \d{3}( [\w' -]+)?(: •••)?$/.test(error)) return text;
  return [text, h("br"), h("span", { class: "quiet small-text", lang: "en" }, error)];
}

/** Two lines in a cell: what it is, and what belongs to it. */
export function twoLines(first, second) {
  return h("span", { class: "cell-two" }, h("span", null, first), h("span", null, second));
}
