// @ts-check
// Dead letters: deliveries that were given up, grouped by their cause, and what is done about them.

import { get } from "../lib/api.js";
import { causeName } from "../lib/causes.js";
import { endpointChoices, endpointNames } from "../lib/endpoints.js";
import { h } from "../lib/dom.js";
import { t, word } from "../lib/i18n.js";
import { address } from "../lib/router.js";
import { may } from "../lib/session.js";
import { time } from "../lib/time.js";
import { button, channel, twoLines } from "../parts/bits.js";
import { ask } from "../parts/dialog.js";
import { exportButton } from "../parts/export.js";
import { period } from "../parts/filters.js";
import { refused } from "../parts/notice.js";
import { listOrItem } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { tryAgain } from "./deliveries/again.js";
import { causes, many } from "./letters/causes.js";
import { detail } from "./letters/detail.js";

const PATH = "/api/v1/dead-letters";
const FAULTS = ["receiver", "configuration", "system"];

/** @param {any} view */
function show(view) {
  const { names, ready } = endpointNames();
  const choices = endpointChoices();
  let refresh = () => {};
  const groups = view.id === null ? causes(view, () => refresh()) : null;
  return listOrItem(view, {
    lead: t("letters.lead"),
    above: groups?.element,
    actions: (list) => {
      refresh = () => {
        list.refresh();
        groups?.look();
      };
      return [
        may("operator") && button(t("letters.retry_all"), () => many("retry", body(), refresh),
          { symbol: "retry" }),
        exportButton(`${PATH}/export`, () => query(here()), "sereno-dead-letters.ndjson"),
      ];
    },
    spec: {
      screen: "dead-letters", label: t("common.screen.dead-letters"), path: PATH, query,
      load: async (asked, signal) => (await Promise.all([get(PATH, asked, signal), ready]))[0],
      id: (item) => item.id,
      columns: columns(names), live: ["delivery"],
      concerns: ({ status }) => ["dead", "sent", "cancelled"].includes(status),
      detail: (id, box, done) => detail(id, box, () => { done(); groups?.look(); }),
      retry: (item) => again(item, refresh),
      chips: {
        name: "fault",
        values: FAULTS.map((name) => [name, word(`common.fault.${name}`)]),
      },
      filters: [
        { name: "cause", label: t("letters.cause"), wide: true },
        { name: "endpoint_id", label: t("letters.endpoint"), type: "select", choices },
        { name: "event_type", label: t("letters.event_type"), placeholder: "sla.breached" },
        { name: "since", label: t("common.period"), type: "period" },
      ],
      empty: () => empty({
        symbol: "lantern", title: t("letters.empty"), text: t("letters.empty_text"),
        action: h("a", { class: "button", href: address("deliveries") }, t("letters.empty_action")),
      }),
    },
  });
}

/** Asks, then tries one again. */
async function again({ id, event_type: type }, done) {
  if (!may("operator")) return;
  const sure = await ask({ title: t("letters.retry"), yes: t("letters.retry"),
    text: t("deliveries.retry_ask", { type }) });
  if (!sure) return;
  await tryAgain(`${PATH}/${encodeURIComponent(id)}`, t("letters.retried")).then(done, refused);
}

const here = () => new URLSearchParams(location.search);

/** @param {URLSearchParams} asked @returns {Record<string, any>} */
function query(asked) {
  const names = ["cause", "fault", "endpoint_id", "event_type"];
  return { ...Object.fromEntries(names.map((name) => [name, asked.get(name)])), ...period(asked) };
}

/** The filters as the body of work on many. */
function body() {
  const { endpoint_id: endpoint, ...rest } = query(here());
  const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value));
  return endpoint ? { ...said, endpoint_id: Number(endpoint) } : said;
}

/** @returns {import("../parts/table.js").Column[]} */
function columns(names) {
  return [
    {
      label: t("letters.event"), link: true, class: "cut",
      cell: (item) => twoLines(item.event_type, item.id),
    },
    {
      label: t("letters.to"), class: "cut", phone: "wide",
      cell: (item) => twoLines(channel(item.channel), item.endpoint_id === 0
        ? t("common.customers") : names.get(item.endpoint_id) ?? `#${item.endpoint_id}`),
    },
    {
      label: t("letters.cause"), class: "cut", phone: "wide",
      cell: (item) => twoLines(causeName(item.cause), item.handed_on
        ? t("deliveries.handed_on") : word(`common.fault.${item.fault}`)),
    },
    { label: t("letters.attempts"), class: "is-number is-tight", phone: "none",
      cell: (item) => item.attempts },
    { label: t("letters.dead"), class: "is-tight", phone: "foot",
      cell: (item) => time(item.dead_at, "both") },
    { label: t("letters.expires"), class: "is-tight", phone: "none",
      cell: (item) => time(item.expires_at) },
  ];
}

export default { words: ["letters", "deliveries", "overview"], show };
