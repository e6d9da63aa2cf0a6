// @ts-check
// One conversation: the thread with how ours arrived, what the customer wants, looked at and
// booked.

import { asCurl, get } from "../../lib/api.js";
import { h, put } from "../../lib/dom.js";
import { number, percent, t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { duration, fullTime, time } from "../../lib/time.js";
import { button, channel, copy, facts, id, pill, section, tag, why } from "../../parts/bits.js";
import { keepFresh } from "../../parts/fresh.js";
import { refused } from "../../parts/notice.js";
import { revealButton } from "../../parts/reveal.js";
import { fillWith } from "../../parts/states.js";
import { merged, thread } from "../../parts/thread.js";
import { myName } from "../handoffs/claim.js";
import { composer } from "./compose.js";
import { giveBack, holder, takeOver } from "./hold.js";
import { windowOf } from "./window.js";

/** Lines of the story that the thread already shows by its messages. */
const HIDDEN = ["lead.created"];

/** @param {string} key @param {HTMLElement} box */
export function detail(key, box) {
  const path = `/api/v1/conversations/${encodeURIComponent(key)}`;
  let reveal = null;
  // What it is called in what is told of it: who has it from elsewhere may have another name of it.
  let name = key;
  const reply = composer(path, () => show());
  const show = async () => {
    await fillWith(box, async () => {
      const [found, carried] = await Promise.all([get(path, { reveal, limit: 100 }), factsOf(key)]);
      return { found, carried, person: await personOf(found, reveal).catch(() => null) };
    }, ({ found, carried, person }) => {
      name = found.conversation_id;
      // Whoever writes a reply goes on with it where they were.
      const held = reply.element.contains(document.activeElement) && document.activeElement;
      if (held) queueMicrotask(() => /** @type {HTMLElement} */ (held).focus({ preventScroll: true }));
      reply.update(found);
      return view(found, { carried, person, actions: actions(found), path, reveal, reply: reply.element });
    });
  };
  const actions = (found) => h("div", { class: "row" },
    may("operator") && (found.held_by !== null
      ? button(t("conversations.give_back"), () => giveBack(path, show), { symbol: "out" })
      : found.status === "open" && button(t("conversations.take_over"), () => takeOver(path, show, null),
        { symbol: "person" })),
    may("operator") && found.held_by !== null && found.held_by !== myName()
      && button(t("conversations.take_over_from", { name: found.held_by }),
        () => takeOver(path, show, found.held_by), { symbol: "person" }),
    found.escalated && h("a", { class: "button", href: address("handoffs", found.conversation_id) },
      t("conversations.to_handoff")),
    found.lead_id && h("a", { class: "button", href: address("leads", found.lead_id) },
      t("conversations.to_person")),
    h("a", { class: "button", href: address("events", null, { conversation_id: key }) },
      t("conversations.to_events")),
    button(t("common.copy_curl"), () => copy(asCurl("GET", path)),
      { symbol: "code", kind: "plain" }),
    reveal === null && revealButton(() => {
      reveal = true;
      show();
    }));
  show();
  const concerns = (told) => [key, name].some((id) => told.entity === `conversation/${id}`
    || (told.entity === "conversation" && told.entity_id === id));
  keepFresh(box, concerns, () => {
    // Earlier messages that somebody brought would be gone.
    if (!box.querySelector("[data-earlier]")) show();
  });
}

/**
 * What the events of the messages carry, by their ids: media, places, buttons, the length of calls.
 */
async function factsOf(key) {
  const found = await get("/api/v1/events", { conversation_id: key, limit: 200 }).catch(() => null);
  return new Map((found?.items ?? []).map((event) => [event.event_id, event.data]));
}

/** The person with their story, in which our own messages and their bookings stand. */
async function personOf(found, reveal) {
  const lead = found.lead_id;
  if (!lead) return null;
  const path = `/api/v1/leads/${encodeURIComponent(lead)}`;
  const [person, history] = await Promise.all([get(path, { reveal }),
    get(`${path}/history`, { reveal, limit: 100 })]);
  return { ...person, history: history.items };
}

function view(found, { carried, person, actions, path, reveal, reply }) {
  const begun = Date.parse(found.started_at) - 3_600_000;
  const ended = found.ended_at ? Date.parse(found.ended_at) + 3_600_000 : Infinity;
  // What we sent belongs to the person; what was sent meanwhile was read in this thread.
  const ours = (person?.history ?? []).filter(({ kind, at, conversation_id: of }) =>
    kind === "message_sent" && !of && Date.parse(at) >= begun && Date.parse(at) <= ended);
  const turns = found.history.filter(({ event_type: type }) => !HIDDEN.includes(type));
  const bookings = [...new Set((person?.history ?? []).map((line) => line.reservation_id)
    .filter(Boolean))];
  const lines = merged(found.messages, found.calls, turns, ours);
  const threadBox = h("div", null, thread(lines, { facts: carried }));
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" }, h("h1", null, person?.name ?? found.conversation_id),
        pill(found.status), found.status === "open" && holder(found),
        found.channel === "whatsapp" ? channel("whatsapp") : found.channel && tag(found.channel)),
      id(found.conversation_id)),
    why(found.why, found.why?.next_at && time(found.why.next_at)),
    found.channel === "whatsapp" && found.last_received_at
      && section(t("conversations.window"), windowOf(found, { big: true })),
    actions,
    section(t("conversations.thread"),
      found.next_cursor && earlier(path, found, lines, { box: threadBox, carried, reveal }),
      lines.length > 0 ? threadBox : h("p", { class: "quiet" }, t("conversations.silent"))),
    reply,
    bookings.length > 0 && section(t("conversations.bookings"), h("div", { class: "row" },
      bookings.map((one) => h("a", { class: "button small", href: address("reservations", one) },
        one)))),
    wants(found),
    section(t("conversations.facts"), facts([
      [t("conversations.started"), fullTime(found.started_at)],
      [t("conversations.ended"),
        found.ended_at && [fullTime(found.ended_at), " ",
        word(`conversations.ended_${found.ended_by}`)]],
      [t("conversations.lasted"), found.duration_seconds > 0 && duration(found.duration_seconds * 1_000)],
      [t("conversations.counts"), t("conversations.counts_text", {
        theirs: found.metrics.user_messages, ours: found.metrics.ai_messages,
        people: found.metrics.person_messages ?? 0,
        calls: found.metrics.calls,
      })],
      [t("conversations.held"), found.held_by !== null && [found.held_by, " ", fullTime(found.held_at)]],
      [t("conversations.held_until"), found.held_until && fullTime(found.held_until)],
      [t("conversations.campaign"), found.campaign],
      [t("conversations.entry"), found.entry_point],
      [t("conversations.escalated"),
        found.escalated && [fullTime(found.escalated_at), " ", found.escalation_reason ?? ""]],
      [t("conversations.outcome"), found.resolution.outcome ?? found.resolution.status],
      [t("conversations.score"), found.resolution.satisfaction_score !== null
        && number(found.resolution.satisfaction_score ?? 0)],
      [t("conversations.order"), found.order_id],
    ])));
}

/** Brings earlier messages, page by page. */
function earlier(path, found, lines, { box, carried, reveal }) {
  let cursor = found.next_cursor;
  let all = lines;
  const more = button(t("conversations.earlier"), async () => {
    more.disabled = true;
    try {
      const page = await get(path, { cursor, reveal, limit: 100 });
      cursor = page.next_cursor;
      all = merged(all, page.messages, page.calls, page.history);
      put(box, thread(all, { facts: carried }));
      box.dataset.earlier = "";
      more.disabled = false;
      more.hidden = !cursor;
    } catch (error) {
      more.disabled = false;
      refused(error);
    }
  }, { kind: "small" });
  return more;
}

/** What the customer wants, what was done, and what they looked at. */
function wants({ intents, actions, products }) {
  if (intents.length + actions.length + products.length === 0) return null;
  const row = (symbol, name, note, at) => h("li", null, h("span", { class: "grow" }, name,
    note && h("span", { class: "quiet" }, ` · ${note}`)), h("span", { class: "quiet" }, symbol),
    time(at));
  return section(t("conversations.wants"), h("ul", { class: "mini-list" },
    intents.map(({ name, confidence, at }) => row(t("conversations.want_intent"), tag(name),
      confidence !== null && percent(confidence, 0), at)),
    products.map(({ sku, name, at }) => row(t("conversations.want_product"), name ?? sku,
      name && sku, at)),
    actions.map(({ name, success, at }) => row(t("conversations.want_action"), tag(name),
      success !== null && t(success ? "common.yes" : "common.no"), at))));
}
