// @ts-check
// What was said, as a thread: the customer's bubbles at the left, ours at the right with how they
// arrived, calls and turns of the story between them.

import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { errorText } from "../lib/causes.js";
import { t, word } from "../lib/i18n.js";
import { address } from "../lib/router.js";
import { duration, time } from "../lib/time.js";

/** Kinds that stand between the bubbles, each with its icon. */
const TURNS = {
  call: "phone", reservation: "reservations", handoff: "handoffs", conversation: "conversations",
  order: "bag", person: "leads",
};

/**
 * @param {any[]} lines of a history, the oldest first
 * @param {{facts?: Map<string, any>}} [more] `facts`: the data of their events, by id
 */
export function thread(lines, { facts = new Map() } = {}) {
  let day = "";
  return h("ol", { class: "thread" }, lines.map((line) => {
    const date = new Date(line.at).toDateString();
    const isNew = date !== day;
    day = date;
    return [isNew && h("li", { class: "thread-day" }, h("span", null, dayOf(line.at))),
      line.kind in TURNS ? turn(line, facts.get(line.event_id))
        : bubble(line, facts.get(line.event_id))];
  }));
}

function dayOf(at) {
  const options = { weekday: "long", day: "numeric", month: "long" };
  return new Intl.DateTimeFormat(document.documentElement.lang,
    /** @type {any} */ (options)).format(new Date(at));
}

function bubble(line, data) {
  const isOurs = line.kind === "message_sent";
  const text = textOf(line, data);
  return h("li", { class: ["bubble-row", isOurs && "is-ours"] },
    h("div", { class: "bubble" },
      h("span", { class: "unseen" }, t(isOurs ? "thread.ours" : "thread.theirs")),
      isOurs && line.by && h("p", { class: "bubble-by" }, authorOf(line.by)),
      carried(data), text && h("p", { class: "bubble-text" }, text),
      !text && !data && h("p", { class: "quiet" }, t("thread.no_text")),
      h("div", { class: "bubble-foot" }, h("span", { class: "bubble-links" }, links(line, isOurs)),
        time(line.at, "local"),
        line.delivery && ticks(line.delivery))));
}

/** Who wrote ours: the assistant, or somebody by their name. @param {string} by */
function authorOf(by) {
  return ["assistant", "person"].includes(by) ? t(`thread.by_${by}`) : by;
}

/** The words, unless they only name what is carried, as the history does of what has none. */
function textOf(line, data) {
  // A history names what has no words by its kind, and that name is masked like any text.
  if (data?.type && data.text === undefined && data.content === undefined) return null;
  const kinds = ["image", "video", "audio", "document", "sticker", "location", "reaction",
    "contacts"];
  // The line first: what was revealed is in it, while events of a list stay masked.
  const said = line.text ?? data?.text ?? data?.content?.text;
  return kinds.includes(said) ? null : said;
}

/** What a message carries beside its words: media, a place, a button that was pressed, products. */
function carried(data) {
  if (!data) return null;
  const chip = (symbol, text) => h("span", { class: "bubble-chip" }, icon(symbol),
    h("span", null, text));
  const { media, location, reaction, button: pressed, interactive, referral, contacts } = data;
  const isVoice = media?.mime_type?.startsWith("audio/");
  const mediaKind = media && (isVoice ? "voice" : media.mime_type?.startsWith("image/") ? "image"
    : "document");
  const product = data.referred_product ?? data.context?.referred_product;
  return [
    referral && chip("star",
      t("thread.campaign", { name: referral.headline ?? referral.source_id ?? "" })),
    media && chip(mediaKind === "document" ? "templates" : mediaKind,
      `${word(`thread.media_${mediaKind}`)} · ${media.filename ?? media.mime_type ?? ""}`),
    location && chip("place", [location.name, location.address].filter(Boolean).join(", ")
      || `${location.latitude}, ${location.longitude}`),
    reaction && chip("star",
      t(reaction.removed ? "thread.reaction_gone" : "thread.reaction",
      { emoji: reaction.emoji ?? "" })),
    (pressed || interactive) && chip("press", t("thread.button")),
    product && chip("bag", product.product_retailer_id ?? product.sku ?? ""),
    contacts && chip("person", t("thread.contacts", { count: contacts.length })),
  ];
}

/** How ours arrived: one mark and one word for it. */
function ticks(delivery) {
  const { id, status, provider_status: provider, provider_error: trouble } = delivery;
  const failed = provider === "failed" || ["dead", "cancelled", "withdrawn"].includes(status);
  const state = failed ? (status === "withdrawn" ? "withdrawn" : "failed")
    : ["delivered", "read", "played"].includes(provider) ? provider
      : status === "sent" ? "sent" : "waiting";
  const marks = { failed: "failed", withdrawn: "gone", delivered: "ticks", read: "ticks",
    played: "ticks", sent: "tick", waiting: "waiting" };
  const why = trouble ? `${trouble.code} ${trouble.title ?? trouble.message ?? ""}`
    : errorText(delivery.error_message);
  return [h("a", { class: ["bubble-ticks", `is-${state}`], href: address("deliveries", id),
    title: why },
    icon(marks[state]), t(`thread.tick_${state}`)),
  failed && why && h("span", { class: "bubble-why" }, why)];
}

/** The ways to the event, and to the letter as the provider sent it. */
function links(line, isOurs) {
  const small = (href, symbol, text) =>
    h("a", { class: "bubble-link", href, title: text, "aria-label": text }, icon(symbol));
  const isLetter = !isOurs && line.event_type?.startsWith("whatsapp.");
  return [line.event_id && small(address("events", line.event_id), "events", t("thread.event")),
    isLetter && small(address("inbound", null, { q: line.event_id }), "inbound",
      t("thread.letter"))];
}

/** A turn of the story: a call, a booking, a handoff, an order. */
function turn(line, data) {
  const long = data?.duration_seconds;
  const about = {
    reservation: line.reservation_id
      && h("a", { href: address("reservations", line.reservation_id) }, line.reservation_id),
    handoff: line.conversation_id && h("a", { href: address("handoffs", line.conversation_id) },
      t("thread.handoff")),
    order: line.order_id,
  }[line.kind];
  const isBad = line.event_type === "whatsapp.call.missed"
    || line.event_type === "whatsapp.call.failed";
  return h("li", { class: ["thread-turn", isBad && "is-bad"] }, icon(TURNS[line.kind]),
    h("span", null, line.event_id
      ? h("a", { class: "turn-name", href: address("events", line.event_id) }, nameOf(line))
        : nameOf(line),
    about && [" · ", about], long ? ` · ${duration(long * 1_000)}` : null),
    time(line.at, "local"));
}

function nameOf({ event_type: type, kind }) {
  return type ? word(`thread.turn.${type}`, type) : t(`thread.kind_${kind}`);
}

/**
 * Messages and turns of several lists in one, each once, the oldest first.
 * @param {any[][]} lists
 */
export function merged(...lists) {
  const all = new Map(lists.flat().map((line) => [line.id, line]));
  return [...all.values()].sort((a, b) =>
    (a.at === b.at ? (a.id < b.id ? -1 : 1) : a.at < b.at ? -1 : 1));
}
