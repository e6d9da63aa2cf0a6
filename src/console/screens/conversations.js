// @ts-check
// Conversations: who is being talked to, on which channel, and for how long our own words may still
// be used.

import { get } from "../lib/api.js";
import { countOf } from "../lib/counts.js";
import { h, none } from "../lib/dom.js";
import { number, t, word } from "../lib/i18n.js";
import { time } from "../lib/time.js";
import { channel, pill, tag, twoLines } from "../parts/bits.js";
import { period } from "../parts/filters.js";
import { listOrItem } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { detail } from "./conversations/detail.js";
import { holder } from "./conversations/hold.js";
import { windowOf } from "./conversations/window.js";

const PATH = "/api/v1/conversations";

/** @param {any} view */
function show(view) {
  return listOrItem(view, {
    lead: t("conversations.lead"),
    spec: {
      screen: "conversations", label: t("common.screen.conversations"), path: PATH, query,
      load: (asked, signal) => get(PATH, asked, signal),
      id: (item) => item.conversation_id, columns: columns(),
      chips: {
        name: "status",
        count: (status) => countOf(PATH, { ...query(here()), status }),
        values: ["open", "ended"].map((status) => [status, word(`common.status.${status}`)]),
      },
      filters: [
        { name: "channel", label: t("conversations.channel"), placeholder: "whatsapp" },
        { name: "lead_id", label: t("conversations.person"), placeholder: "lead_…" },
        { name: "held", label: t("conversations.held"), type: "select", choices: [
          ["false", t("conversations.held_bot")], ["true", t("conversations.held_human")],
        ] },
        { name: "since", label: t("common.period"), type: "period" },
      ],
      live: ["state", "event"], concerns, isSorted: true, detail, empty: nothing,
    },
  });
}

const here = () => new URLSearchParams(location.search);

/** @param {URLSearchParams} asked */
function query(asked) {
  const [status, channel, lead_id, held] = ["status", "channel", "lead_id", "held"]
    .map((name) => asked.get(name));
  return { status, channel, lead_id, held, ...period(asked) };
}

function concerns(told, kind) {
  return kind === "state" ? told.entity === "conversation"
    : told.entity?.startsWith("conversation/")
    || /^(conversation|whatsapp)\./.test(told.event_type ?? "");
}

/** @returns {import("../parts/table.js").Column[]} */
function columns() {
  return [
    { label: t("conversations.status"), class: "is-tight", phone: "top",
      cell: (item) => pill(item.status) },
    {
      label: t("conversations.conversation"), link: true, class: "cut is-broad",
      cell: (item) => twoLines(item.conversation_id, item.lead_id ?? t("conversations.nobody")),
    },
    {
      label: t("conversations.channel"), class: "is-tight when-wide", phone: "none",
      cell: (item) => (item.channel === "whatsapp" ? channel("whatsapp") : item.channel ?? none()),
    },
    { label: t("conversations.held"), class: "is-tight when-room", phone: "foot",
      cell: (item) => (item.status === "open" ? holder(item) : none()) },
    {
      label: t("conversations.intent"), class: "cut", phone: "wide",
      cell: (item) => (item.last_intent || item.escalated || item.order_id
        ? h("span", { class: "row-tags" }, item.last_intent && tag(item.last_intent),
          item.escalated && pill("waiting", { text: t("conversations.escalated") }),
          item.order_id && pill("ok", { text: t("conversations.ordered") }))
        : none()),
    },
    {
      label: t("conversations.messages"), class: "is-number is-tight when-room", phone: "none",
      cell: (item) => number(item.message_count),
    },
    { label: t("conversations.window"), class: "is-tight", phone: "wide",
      cell: (item) => windowOf(item) },
    {
      label: t("conversations.last"), class: "is-tight", phone: "foot",
      cell: (item) => time(latest(item), "both"),
    },
  ];
}

function latest({ last_received_at: received, last_sent_at: sent, started_at: started }) {
  return [received, sent, started].filter(Boolean).sort().at(-1);
}

function nothing() {
  return empty({
    symbol: "conversations", title: t("conversations.empty"), text: t("conversations.empty_text"),
    shell: "sereno send conversation.started --data '{\"conversation_id\": \"C-1\", "
      + "\"user_id\": \"u-1\", \"channel\": \"web\"}'",
  });
}

export default { words: ["conversations", "thread"], show };
