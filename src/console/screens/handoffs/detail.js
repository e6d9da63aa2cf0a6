// @ts-check
// One handoff: its clock, why it was opened, who has taken it, what was said before, and what to do.

import { asCurl, get } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { duration, fullTime } from "../../lib/time.js";
import { button, copy, facts, id, pill, section, why } from "../../parts/bits.js";
import { clock } from "../../parts/clock.js";
import { keepFresh } from "../../parts/fresh.js";
import { machine } from "../../parts/machine.js";
import { revealButton } from "../../parts/reveal.js";
import { fillWith } from "../../parts/states.js";
import { thread } from "../../parts/thread.js";
import { timeline } from "../../parts/timeline.js";
import { act } from "./act.js";
import { assign } from "./assign.js";
import { claim, release } from "./claim.js";
import { snooze, unsnooze } from "./later.js";
import { mark, prioritize } from "./priority.js";

/** The words of a clock against the SLA. */
export const CLOCK = { left: "handoffs.clock_left", soon: "handoffs.clock_soon",
  over: "handoffs.clock_over" };

/**
 * What a handoff is called: what the customer wanted last, or else its conversation. Why it was opened
 * is in somebody's words, which stay hidden until they are asked for.
 */
export function headline({ last_intent: intent, conversation_id: conversation }) {
  return intent || conversation;
}

/** Until when a person must reply, if that still counts. */
export function deadlineOf({ timers }) {
  return timers.find(({ kind }) => kind === "sla");
}

/** So many of the latest messages are shown. */
const SAID_MAX = 12;

/** @param {string} key @param {HTMLElement} box @param {() => void} refresh */
export function detail(key, box, refresh) {
  const path = `/api/v1/handoffs/${encodeURIComponent(key)}`;
  let reveal = null;
  const show = () => fillWith(box, async () => {
    const [found, told] = await Promise.all([
      get(path, { reveal }), get("/api/v1/events", { conversation_id: key, limit: 100 })
        .catch(() => null),
    ]);
    return { ...found, lines: said(told?.items ?? []) };
  }, (found) => view(found, actions(found)));
  const done = () => {
    show();
    refresh();
  };
  const actions = (found) => h("div", { class: "row" },
    may("operator") && [
      found.status === "open" && button(t("handoffs.reply"), () => act("reply", path, done),
        { symbol: "check", kind: "main" }),
      found.status !== "closed" && button(t("handoffs.close"), () => act("close", path, done),
        { symbol: "cross" }),
      found.status !== "closed" && (found.claimed_by === null
        ? button(t("handoffs.claim"), () => claim(path, done), { symbol: "leads" })
        : button(t("handoffs.release"), () => release(path, done))),
      found.status !== "closed" && button(t("handoffs.assign"), () => assign(found, path, done),
        { symbol: "person" }),
      found.status === "open" && (found.snoozed_until
        ? button(t("handoffs.unsnooze"), () => unsnooze(path, done), { symbol: "play" })
        : button(t("handoffs.snooze"), () => snooze(path, done), { symbol: "pause" })),
      found.status !== "closed" && button(t("handoffs.prioritize"),
        () => prioritize(found, path, done), { symbol: "star" }),
    ],
    button(t("common.copy_curl"), () => copy(asCurl("GET", path)),
      { symbol: "code", kind: "plain" }),
    reveal === null && revealButton(() => {
      reveal = true;
      show();
    }));
  show();
  const concerns = (told, kind) => (kind === "state"
    ? told.entity === "handoff" && told.entity_id === key : told.data?.conversation_id === key);
  keepFresh(box, concerns, show);
}

/** What was said before, out of the events of the conversation, the oldest first. */
function said(events) {
  const messages = events.filter(({ event_type: type }) =>
    /\.message\.(received|sent)$/.test(type));
  return messages.slice(0, SAID_MAX).reverse().map((event) => ({
    id: event.event_id, event_id: event.event_id, event_type: event.event_type,
    at: event.timestamp, text: event.data.text ?? event.data.content?.text,
    kind: event.event_type.endsWith("sent") ? "message_sent" : "message_received",
  }));
}

function view(found, actions) {
  const due = deadlineOf(found);
  const waits = found.status === "open";
  const until = due?.due_at ?? found.breached_at;
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" }, h("h1", null, headline(found)),
        pill(waits ? "waiting" : found.status, { text: word(`handoffs.status_${found.status}`) }),
        found.breached_at && pill("breached"),
        found.priority !== "normal" && mark(found.priority),
        found.snoozed_until && pill("paused", { text: t("handoffs.snoozed_yes") }),
        found.claimed_by !== null && pill("running",
          { text: t("handoffs.claimed", { name: found.claimed_by }) })),
      id(found.conversation_id)),
    waits && until && clock({ until, from: found.opened_at, words: CLOCK, big: true }),
    why(found.why),
    actions,
    machine({
      label: t("handoffs.machine"), here: found.status,
      been: [found.replied_at && "replied", "open"].filter(Boolean),
      places: [
        { name: "open", label: t("handoffs.status_open"), along: 0, across: 0 },
        { name: "replied", label: t("handoffs.status_replied"), along: 1, across: 0 },
        { name: "closed", label: t("handoffs.status_closed"), along: 2, across: 0 },
      ],
      ways: [
        { from: "open", to: "replied", label: t("handoffs.reply") },
        { from: "replied", to: "closed", label: t("handoffs.close") },
        { from: "open", to: "closed", label: t("handoffs.close"), quiet: true },
      ],
    }),
    section(t("handoffs.story"), timeline(steps(found, due))),
    found.lines.length > 0 && section(t("handoffs.said"), thread(found.lines),
      h("p", null, h("a", { href: address("conversations", found.conversation_id) },
        t("handoffs.to_conversation")))),
    section(t("handoffs.facts"), facts([
      [t("common.reason"), found.reason ?? t("handoffs.no_reason")],
      [t("handoffs.intent"), found.last_intent],
      [t("handoffs.number"), found.wa_number_hash
        && h("span", { class: "code" }, found.wa_number_hash)],
      [t("handoffs.priority"), mark(found.priority)],
      [t("handoffs.opened"), fullTime(found.opened_at)],
      [t("handoffs.claimed_by"), found.claimed_by],
      [t("handoffs.first_claimed"), found.first_claimed_at && fullTime(found.first_claimed_at)],
      [t("handoffs.snoozed"), found.snoozed_until && fullTime(found.snoozed_until)],
      [t("handoffs.replied"), found.replied_at && fullTime(found.replied_at)],
      [t("handoffs.breached"), found.breached_at && fullTime(found.breached_at)],
      [t("handoffs.closed"), found.closed_at && fullTime(found.closed_at)],
      [t("handoffs.events"), h("a",
        { href: address("events", null, { conversation_id: found.conversation_id }) },
        t("handoffs.to_events"))],
    ])));
}

function steps(found, due) {
  const took = (at) => duration(Date.parse(at) - Date.parse(found.opened_at));
  return [
    { status: "info", symbol: "handoffs", title: t("handoffs.step_opened"), at: found.opened_at,
      text: found.reason },
    found.breached_at && { status: "breached", title: t("handoffs.step_breached"),
      at: found.breached_at, took: took(found.breached_at) },
    found.claimed_by !== null && { status: "info", symbol: "leads",
      title: t("handoffs.claimed", { name: found.claimed_by }), at: found.claimed_at,
      took: took(found.claimed_at) },
    found.replied_at && { status: "replied", title: t("handoffs.step_replied"),
      at: found.replied_at, took: took(found.replied_at) },
    found.status === "closed" && { status: "closed", title: t("handoffs.step_closed"),
      ...(found.closed_at && { at: found.closed_at, took: took(found.closed_at) }) },
    found.snoozed_until && { status: "paused", ahead: true, title: t("handoffs.step_back"),
      at: found.snoozed_until },
    due && { status: "waiting", ahead: true, title: t("handoffs.step_due"), at: due.due_at },
  ].filter(Boolean).sort((a, b) => (a.at ?? "~") < (b.at ?? "~") ? -1 : 1);
}
