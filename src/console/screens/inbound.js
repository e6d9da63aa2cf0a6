// @ts-check
// The inbound log: everything that was received, also what was refused, with the reason, and read
// again.

import { get, post } from "../lib/api.js";
import { countOf } from "../lib/counts.js";
import { errorText } from "../lib/causes.js";
import { h, none } from "../lib/dom.js";
import { bytes, t, word } from "../lib/i18n.js";
import { may, tenant } from "../lib/session.js";
import { time } from "../lib/time.js";
import { button, pill, tag, twoLines } from "../parts/bits.js";
import { ask } from "../parts/dialog.js";
import { eachThatFits } from "../parts/each.js";
import { period } from "../parts/filters.js";
import { bulk } from "../parts/job.js";
import { notice, refused } from "../parts/notice.js";
import { offer } from "../parts/offer.js";
import { listOrItem } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { detail } from "./inbound/detail.js";

const PATH = "/api/v1/inbound-log";
const STATUSES = ["refused", "invalid", "quarantined", "pending", "processed"];
/** In which conditions a letter can be read again. */
const AGAIN = ["processed", "invalid", "quarantined"];

/** @param {any} view */
function show(view) {
  return listOrItem(view, {
    lead: t("inbound.lead"),
    actions: (list) => may("operator") && offer((asked) => ofAll(asked, list.refresh)),
    spec: {
      screen: "inbound", label: t("common.screen.inbound"), path: PATH, query,
      load: (asked, signal) => get(PATH, asked, signal), id: (item) => item.id,
      columns: columns(), detail, retry: again,
      deeds: may("operator") ? [deed()] : [], called: ({ source, id }) => `${source} · ${id}`,
      live: ["event"], concerns: ({ source }) => source === "inbound"
        || source === "customer",
      chips: {
        name: "status", count,
        values: STATUSES.map((name) => [name, word(`common.status.${name}`)]),
      },
      filters: [
        { name: "q", label: t("inbound.words"), placeholder: t("inbound.words_hint"), wide: true },
        { name: "source", label: t("inbound.source"), placeholder: "whatsapp" },
        { name: "type", label: t("inbound.type"), placeholder: "message.*" },
        { name: "since", label: t("common.period"), type: "period" },
      ],
      empty: () => empty({
        symbol: "inbound", title: t("inbound.empty"), text: t("inbound.empty_text"),
        shell: `${location.origin}/webhooks/whatsapp/${tenant()}`,
      }),
    },
  });
}

/** @param {URLSearchParams} asked @returns {Record<string, any>} */
function query(asked) {
  const names = ["status", "q", "source", "type"];
  return { ...Object.fromEntries(names.map((name) => [name, asked.get(name)])), ...period(asked) };
}

/** Those that want attention. */
async function count(status) {
  return ["refused", "invalid", "quarantined"].includes(status) ? countOf(PATH, { status }) : null;
}

/** @returns {import("../parts/table.js").Column[]} */
function columns() {
  return [
    { label: t("inbound.status"), class: "is-tight", phone: "top",
      cell: (item) => pill(item.status) },
    {
      label: t("inbound.source"), link: true, class: "cut",
      cell: (item) => twoLines(word(`common.channel.${item.source}`, item.source), item.id),
    },
    {
      label: t("inbound.types"), class: "cut", phone: "wide",
      cell: (item) => item.types.length > 0
        ? h("span", { class: "row-tags" }, item.types.slice(0, 2).map(tag),
          item.types.length > 2 && ` +${item.types.length - 2}`)
        : none(),
    },
    {
      label: t("inbound.reason"), class: "cut", phone: "wide",
      cell: (item) => errorText(item.error) ?? item.note ?? (item.events > 0
        ? h("span", { class: "quiet" }, t("inbound.events_made", { count: item.events })) : null),
    },
    {
      label: t("inbound.size"), class: "is-number is-tight", phone: "none",
      cell: (item) => item.count > 1 ? `${bytes(item.body_bytes)} × ${item.count}`
        : bytes(item.body_bytes),
    },
    {
      label: t("inbound.received"), class: "is-tight", phone: "foot",
      cell: (item) => time(item.received_at, "both"),
    },
  ];
}

const readAgain = ({ id }, said = {}) =>
  post(`${PATH}/${encodeURIComponent(id)}/reprocess`, said);
const mayAgain = ({ status }) => AGAIN.includes(status);

/** @returns {import("../parts/chosen.js").Deed} */
function deed() {
  return { text: t("inbound.reprocess"), symbol: "retry", act: readAgain, fits: mayAgain,
    ask: (count) => t("inbound.many_reprocess", { count }) };
}

/** Asks, then has one read again. */
async function again(item) {
  if (!may("operator") || !mayAgain(item)) return;
  const sure = await ask({ title: t("inbound.reprocess"), yes: t("inbound.reprocess"),
    text: t("inbound.many_reprocess", { count: 1 }) });
  if (sure) await readAgain(item).then(() => notice(t("inbound.reprocessed"), "good"), refused);
}

/** What can be done to all that fits: nothing where it was never kept for reading, or still waits. */
function ofAll(asked, done) {
  const status = asked.get("status") || null;
  if (status && !AGAIN.includes(status)) {
    return h("p", { class: "quiet" }, t(`inbound.never_${status === "pending" ? status : "refused"}`));
  }
  return button(t(status ? "inbound.reprocess_many" : "inbound.reprocess_aside"),
    () => reprocess({ ...query(asked), status: status ?? "quarantined" }, done),
    { symbol: "retry" });
}

function reprocess(wanted, done) {
  const title = t("inbound.reprocess_many");
  const yes = t("inbound.reprocess_yes");
  const text = (count) => t("inbound.reprocess_ask",
    { count, status: word(`common.status.${wanted.status}`).toLowerCase() });
  // A job does not look into bodies: what holds the words is processed one by one.
  if (wanted.q) {
    return eachThatFits({ path: PATH, query: wanted, title, yes, text, done, act: readAgain,
      name: ({ source, id }) => `${source} · ${id}` });
  }
  bulk({ path: `${PATH}/reprocess`, done, title, yes, text,
    body: Object.fromEntries(Object.entries(wanted).filter(([, value]) => value)) });
}

export default { words: ["inbound"], show };
