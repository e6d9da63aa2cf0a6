// @ts-check
// Handoffs: customers who wait for a person, the most urgent first and then those who have waited longest.

import { get, post } from "../lib/api.js";
import { countOf } from "../lib/counts.js";
import { h } from "../lib/dom.js";
import { t, word } from "../lib/i18n.js";
import { may } from "../lib/session.js";
import { duration, time } from "../lib/time.js";
import { button, iconButton, pill, twoLines } from "../parts/bits.js";
import { clock } from "../parts/clock.js";
import { period } from "../parts/filters.js";
import { listOrItem } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { act } from "./handoffs/act.js";
import { assignSeveral, giving } from "./handoffs/assign.js";
import { claim, claimSeveral, myName, release, whoIAm } from "./handoffs/claim.js";
import { CLOCK, deadlineOf, detail, headline } from "./handoffs/detail.js";
import { snooze, snoozeSeveral, unsnooze } from "./handoffs/later.js";
import { mark, priorities, prioritizeSeveral } from "./handoffs/priority.js";
import { times } from "./handoffs/times.js";

const PATH = "/api/v1/handoffs";
const STATUSES = ["open", "replied", "closed"];

/** @param {any} view */
function show(view) {
  let made = null;
  return listOrItem(view, {
    lead: t("handoffs.lead"),
    above: view.id === null && times(view.signal),
    actions: (list) => {
      made = list;
      return null;
    },
    spec: {
      screen: "handoffs", label: t("common.screen.handoffs"), path: PATH,
      query, load,
      id: (item) => item.conversation_id, columns: columns(() => made?.refresh()),
      chips: {
        name: "status",
        count: (status) => countOf(PATH, { ...query(here()), status }),
        values: STATUSES.map((status) => [status, word(`handoffs.status_${status}`)]),
      },
      filters: [
        { name: "whose", label: t("handoffs.whose"), type: "select", choices: [
          ["mine", t("handoffs.whose_mine", { name: whoIAm() })],
          ["nobody", t("handoffs.whose_nobody")], ["somebody", t("handoffs.whose_somebody")],
        ] },
        { name: "priority", label: t("handoffs.priority"), type: "select", choices: priorities() },
        { name: "snoozed", label: t("handoffs.snoozed"), type: "select", choices: [
          ["false", t("handoffs.snoozed_no")], ["true", t("handoffs.snoozed_yes")],
        ] },
        { name: "since", label: t("common.period"), type: "period" },
      ],
      live: ["state", "event"], concerns, isSorted: true, detail, empty: nothing,
      deeds: may("operator") ? deeds() : [], called: (item) => item.conversation_id,
    },
  });
}

/** @returns {import("../parts/chosen.js").Deed[]} */
function deeds() {
  const send = (action, more = {}) => ({ conversation_id: id }, said = {}) =>
    post(`${PATH}/${encodeURIComponent(id)}/actions`, { action, ...more, ...said });
  const ask = (what) => (count) => t(`handoffs.many_${what}`, { count });
  // What was said for all of them, before they are begun with.
  const said = { to: "", priority: "", snooze: /** @type {any} */ ({}) };
  const keeping = (name, askSeveral) => (next) => askSeveral((value) => {
    said[name] = value;
    next();
  });
  return [
    { text: t("handoffs.claim"), symbol: "leads", before: claimSeveral, act: (item) => send("claim", { by: myName() })(item),
      ask: (count) => t("handoffs.many_claim", { count, name: myName() }),
      fits: (item) => isFree(item) },
    { text: t("handoffs.release"), act: send("release"), ask: ask("release"), why: true,
      fits: (item) => isTaken(item) },
    { text: t("handoffs.reply"), symbol: "check", act: send("reply"), ask: ask("reply"),
      fits: ({ status }) => status === "open" },
    { text: t("handoffs.close"), symbol: "cross", act: send("close"), ask: ask("close"),
      fits: ({ status }) => status !== "closed" },
    { text: t("handoffs.assign"), symbol: "person", before: keeping("to", assignSeveral),
      act: (item) => send("assign", giving(item, said.to))(item),
      ask: (count) => t("handoffs.many_assign", { count, name: said.to }),
      fits: (item) => item.status !== "closed" && item.claimed_by !== said.to },
    { text: t("handoffs.snooze"), symbol: "pause", before: keeping("snooze", snoozeSeveral),
      act: (item) => send("snooze", said.snooze)(item), ask: ask("snooze"),
      fits: ({ status }) => status === "open" },
    { text: t("handoffs.prioritize"), symbol: "star", before: keeping("priority", prioritizeSeveral),
      act: (item) => send("priority", { priority: said.priority })(item),
      ask: (count) => t("handoffs.many_priority", { count, name: word(`handoffs.priority_${said.priority}`) }),
      fits: ({ status }) => status !== "closed" },
  ];
}

const here = () => new URLSearchParams(location.search);

/** @param {URLSearchParams} asked */
function query(asked) {
  const name = asked.get("whose");
  const known = {
    mine: { claimed_by: whoIAm() }, nobody: { claimed: false }, somebody: { claimed: true },
  };
  // Any other is refused by the API, which says so.
  const whose = name && (Object.hasOwn(known, name) ? known[name] : { claimed: name });
  const [priority, snoozed] = [asked.get("priority"), asked.get("snoozed")];
  return { status: asked.get("status"), ...whose, priority, snoozed, ...period(asked) };
}

/** Whether it waits for somebody to take it. */
function isFree({ status, claimed_by: by }) {
  return status !== "closed" && by === null;
}

/** Whether somebody has it, who may leave it to the others. */
function isTaken({ status, claimed_by: by }) {
  return status !== "closed" && by !== null;
}

/** Those that wait first, the most urgent on top: the API puts all of them in order, page by page. */
const load = (query, signal) => get(PATH, { ...query, order: "clock" }, signal);

function concerns(told, kind) {
  return kind === "state" ? told.entity === "handoff"
    : /^(handoff|sla|incident)\./.test(told.event_type ?? "");
}

/** @returns {import("../parts/table.js").Column[]} */
function columns(refresh) {
  return [
    { label: t("handoffs.clock"), class: "is-tight", phone: "top", cell: clockOf },
    {
      label: t("handoffs.conversation"), link: true, class: "cut is-told",
      cell: (item) => h("span", { class: "row-tags" },
        twoLines(headline(item), item.last_intent && item.conversation_id),
        // Where there is no room for its column, one that is not to wait for its turn says so here.
        h("span", { class: "unless-huge" },
          item.status !== "closed" && item.priority !== "normal" && mark(item.priority))),
    },
    { label: t("handoffs.status"), class: "is-tight when-room", phone: "none", cell: statusOf },
    { label: t("handoffs.priority"), class: "is-tight when-huge", phone: "foot",
      cell: ({ priority }) => priority !== "normal" && mark(priority) },
    {
      label: t("handoffs.claimed_by"), class: "is-tight", phone: "foot",
      cell: (item) => (item.claimed_by === null ? h("span", { class: "quiet nothing" }, t("handoffs.whose_nobody"))
        : twoLines(h("span", { class: "person", title: item.claimed_by }, item.claimed_by),
          time(item.claimed_at))),
    },
    {
      label: t("handoffs.snoozed"), class: "is-tight when-huge", phone: "foot",
      cell: ({ snoozed_until: until }) => until && time(until, "both"),
    },
    {
      label: t("handoffs.opened"), class: "is-tight when-wide", phone: "foot",
      cell: (item) => time(item.opened_at, "both"),
    },
    {
      label: t("handoffs.act"), class: "is-tight is-acts", phone: "wide", cell: (item) => may("operator")
        && actionsOf(item, refresh),
    },
  ];
}

/** The clock of those that wait, and how long it took for the others. */
export function clockOf(item) {
  const due = deadlineOf(item);
  if (item.status === "open" && due) return clock({ until: due.due_at, from: item.opened_at,
    words: CLOCK });
  if (item.status === "open") return clock({ until: item.breached_at ?? item.opened_at,
    words: CLOCK });
  if (!item.replied_at) return h("span", { class: "quiet" }, t("handoffs.never_replied"));
  const took = duration(Date.parse(item.replied_at) - Date.parse(item.opened_at));
  return twoLines(took, t(item.breached_at ? "handoffs.took_late" : "handoffs.took"));
}

function statusOf(item) {
  const text = word(`handoffs.status_${item.status}`);
  // One that is late still waits: that it is late says more.
  const isLate = item.status === "open" && item.breached_at;
  if (item.snoozed_until) {
    return twoLines(pill(isLate ? "breached" : "paused", { text: t("handoffs.snoozed_yes") }),
      h("span", { class: "unless-huge" }, time(item.snoozed_until)));
  }
  if (isLate) return pill("breached");
  return pill(item.status === "open" ? "waiting" : item.status, { text });
}

function actionsOf(item, done) {
  const path = `${PATH}/${encodeURIComponent(item.conversation_id)}`;
  return h("span", { class: "row nowrap" },
    item.status === "open" && isFree(item) && button(t("handoffs.claim"), () => claim(path, done),
      { kind: "small" }),
    isTaken(item) && button(t("handoffs.release_short"), () => release(path, done),
      { kind: "small", title: t("handoffs.release"), "aria-label": t("handoffs.release") }),
    item.status === "open" && (item.snoozed_until
      ? iconButton("play", t("handoffs.unsnooze"), () => unsnooze(path, done), { kind: "small" })
      : iconButton("pause", t("handoffs.snooze"), () => snooze(path, done), { kind: "small" })),
    item.status === "open" && button(t("handoffs.reply"), () => act("reply", path, done),
      { kind: "small main", symbol: "check" }),
    // Its word would not fit beside the two others in every language.
    item.status !== "closed" && iconButton("cross", t("handoffs.close"),
      () => act("close", path, done), { kind: "small" }));
}

function nothing() {
  return empty({
    symbol: "handoffs", title: t("handoffs.empty"), text: t("handoffs.empty_text"),
    shell: "sereno send handoff.opened --data '{\"conversation_id\": \"C-1\", "
      + "\"reason\": \"asks for a person\"}'",
  });
}

export default { words: ["handoffs", "timers", "thread"], show };
