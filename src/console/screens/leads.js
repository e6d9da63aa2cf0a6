// @ts-check
// Leads: the people who write, call, book and buy, where they came from, and what each wants to
// hear.

import { get } from "../lib/api.js";
import { countOf } from "../lib/counts.js";
import { h, none } from "../lib/dom.js";
import { number, t, word } from "../lib/i18n.js";
import { time } from "../lib/time.js";
import { pill, twoLines } from "../parts/bits.js";
import { listOrItem } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { detail } from "./leads/detail.js";

const PATH = "/api/v1/leads";

/** @param {any} view */
function show(view) {
  return listOrItem(view, {
    lead: t("leads.lead"),
    spec: {
      screen: "leads", label: t("common.screen.leads"), path: PATH,
      query: (asked) => Object.fromEntries(["opted_out", "campaign", "wa_number_hash"]
        .map((name) => [name, asked.get(name)])),
      load: (asked, signal) => get(PATH, asked, signal),
      id: (item) => item.lead_id, columns: columns(),
      chips: {
        name: "opted_out", count: (value) => countOf(PATH, { opted_out: value }),
        values: [["false", t("leads.reachable")], ["true", t("leads.opted_out")]],
      },
      filters: [
        { name: "campaign", label: t("leads.campaign") },
        { name: "wa_number_hash", label: t("leads.number"), wide: true,
          placeholder: "91b4caa57c2c7e87" },
      ],
      live: ["event"],
      concerns: (told) => /^(lead|whatsapp|conversation)\./.test(told.event_type ?? ""),
      isSorted: true, detail, empty: nothing,
    },
  });
}

/** @returns {import("../parts/table.js").Column[]} */
function columns() {
  const count = (name) => ({
    label: t(`leads.${name}`), class: "is-number is-tight", phone: /** @type {const} */ ("none"),
    cell: (item) => (item[name] > 0 ? number(item[name]) : none()),
  });
  return [
    {
      label: t("leads.person"), link: true, class: "cut",
      cell: (item) => twoLines(item.name ?? item.user_ids[0] ?? t("leads.nameless"), item.lead_id),
    },
    {
      label: t("leads.wishes"), class: "is-tight", phone: "top", cell: (item) => (item.opted_out
        ? pill("silenced", { text: t("leads.opted_out") })
          : pill("ok", { text: t("leads.reachable") })),
    },
    {
      label: t("leads.source"), class: "cut", phone: "wide",
      cell: (item) => (item.source || item.campaign
        ? twoLines(word(`common.channel.${item.source}`, item.source ?? "–"), item.campaign ?? "")
        : h("span", { class: "quiet" }, t("leads.only_bookings"))),
    },
    count("messages"), count("conversations"), count("calls"), count("orders"),
    {
      label: t("leads.last_seen"), class: "is-tight", phone: "foot",
      cell: (item) => time(item.last_seen_at, "both"),
    },
  ];
}

function nothing() {
  return empty({
    symbol: "leads", title: t("leads.empty"), text: t("leads.empty_text"),
    shell: "sereno send user.registered --data '{\"user_id\": \"u-1\", \"name\": \"Ana\"}'",
  });
}

export default { words: ["leads", "thread"], show };
