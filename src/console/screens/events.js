// @ts-check
// Events: everything that happened, found by its words, with what came of it.

import { get, post } from "../lib/api.js";
import { t, word } from "../lib/i18n.js";
import { ofServer } from "../lib/refusals.js";
import { may } from "../lib/session.js";
import { time } from "../lib/time.js";
import { button, pill, tag, twoLines } from "../parts/bits.js";
import { eachThatFits } from "../parts/each.js";
import { exportButton } from "../parts/export.js";
import { period } from "../parts/filters.js";
import { bulk } from "../parts/job.js";
import { listOrItem } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { h, none } from "../lib/dom.js";
import { detail } from "./events/detail.js";

const PATH = "/api/v1/events";
const SOURCES = ["api", "inbound", "customer", "workflow", "digest", "edited", "test"];

/** @param {any} view */
function show(view) {
  const sources = SOURCES.filter((name) => name !== "inbound")
    .map((name) => /** @type {[string, string]} */ ([name, word(`events.source.${name}`)]));
  return listOrItem(view, {
    lead: t("events.lead"),
    actions: (list) => [
      may("operator") && button(t("events.reprocess_many"),
        () => reprocess(query(here()), list.refresh), { symbol: "retry" }),
      exportButton(`${PATH}/export`, () => query(here()), "sereno-events.ndjson"),
    ],
    spec: {
      screen: "events", label: t("common.screen.events"), path: PATH, query,
      load: (asked, signal) => get(PATH, asked, signal), id: (item) => item.event_id,
      columns: columns(), detail, live: ["event"],
      chips: {
        name: "delivery",
        values: ["dead", "failed", "pending",
          "sent"].map((name) => [name, t(`events.delivery.${name}`)]),
      },
      filters: [
        { name: "q", label: t("events.words"), placeholder: t("events.words_hint"), wide: true },
        { name: "type", label: t("events.type"), placeholder: "reservation.*" },
        { name: "source", label: t("events.source"), type: "select", choices: sources },
        {
          name: "pipeline", label: t("events.pipeline"), type: "select",
          choices: [["quarantined", word("common.status.quarantined")]],
        },
        { name: "conversation_id", label: t("events.conversation") },
        { name: "since", label: t("common.period"), type: "period" },
      ],
      empty: () => empty({
        symbol: "events", title: t("events.empty"), text: t("events.empty_text"),
        shell: "sereno send client.created --data '{\"name\": \"Ana\"}'",
      }),
    },
  });
}

const here = () => new URLSearchParams(location.search);

/** @param {URLSearchParams} asked @returns {Record<string, any>} */
function query(asked) {
  const names = ["q", "type", "source", "delivery", "pipeline", "conversation_id", "user_id"];
  const said = Object.fromEntries(names.map((name) => [name, asked.get(name)]));
  return { ...said, ...period(asked) };
}

/** @returns {import("../parts/table.js").Column[]} */
function columns() {
  return [
    {
      label: t("events.type"), link: true, class: "cut",
      cell: (item) => twoLines(item.event_type, item.event_id),
    },
    { label: t("events.about"), class: "cut", phone: "wide", cell: about },
    {
      label: t("events.source"), class: "is-tight", phone: "none",
      cell: (item) => tag(word(`events.source.${item.source}`)),
    },
    { label: t("events.standing"), class: "cut", phone: "wide", cell: standing },
    {
      label: t("events.received"), class: "is-tight", phone: "foot",
      cell: (item) => time(item.received_at, "both"),
    },
  ];
}

/** Whom or what it is about: the entity, or the first telling facts. */
function about(item) {
  const said = ["name", "restaurant", "text", "reason", "product_id", "last_intent", "title"]
    .map((name) => item.data?.[name]).filter((value) => typeof value === "string");
  const entity = item.entity ?? item.data?.conversation_id;
  if (!entity && said.length === 0) return none();
  return twoLines(entity ?? said[0], entity ? said.join(" · ") : said.slice(1).join(" · "));
}

function standing(item) {
  if (item.quarantined) {
    return h("span", { class: "row" }, pill("quarantined"),
      h("span", null, ofServer(item.quarantined.reason)));
  }
  return item.ignored ? h("span", { class: "row" }, pill("ignored"), h("span", null, ofServer(item.ignored)))
    : null;
}

/**
 * Of what the filters choose, what stands aside.
 * @param {any} wanted the filters @param {() => void} done
 */
function reprocess({ type, from, to, pipeline: _, ...others }, done) {
  const title = t("events.reprocess_many");
  const yes = t("events.reprocess_yes");
  const text = (count) => t("events.reprocess_ask", { count });
  // The server chooses many by type and period: what further filters choose goes one by one.
  if (Object.values(others).some(Boolean)) {
    return eachThatFits({ path: PATH, title, yes, text, done,
      query: { type, from, to, ...others, pipeline: "quarantined" },
      name: ({ event_type: of, event_id: id }) => `${of} ${id}`,
      act: ({ event_id: id }, said) =>
        post(`${PATH}/${encodeURIComponent(id)}/reprocess`, said) });
  }
  const body = Object.fromEntries(Object.entries({ type, from, to }).filter(([, value]) => value));
  bulk({ path: `${PATH}/reprocess`, body, done, isJob: false, title, yes, text });
}

export default { words: ["events", "timers"], show };
