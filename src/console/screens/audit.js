// @ts-check
// The audit log: who did what to what, and when. It is only ever added to.

import { get } from "../lib/api.js";
import { h, none, put } from "../lib/dom.js";
import { has, t, word } from "../lib/i18n.js";
import { address, go } from "../lib/router.js";
import { fullTime, time } from "../lib/time.js";
import { facts, tag, twoLines, whoName } from "../parts/bits.js";
import { period } from "../parts/filters.js";
import { head } from "../parts/page.js";
import { list } from "../parts/list.js";
import { payload } from "../parts/payload.js";
import { empty } from "../parts/states.js";

const PATH = "/api/v1/audit";

/** Entries that were listed: there is no path for one alone. @type {Map<string, any>} */
const seen = new Map();

/** @param {any} view */
function show(view) {
  // An entry has no page of its own: it opens beside the list.
  if (view.id !== null) return go(address("audit", null, { open: view.id }));
  view.title(t("common.screen.audit"));
  return [head({ title: t("common.screen.audit"), lead: t("audit.lead") }), list(view, {
    screen: "audit", label: t("common.screen.audit"), path: PATH,
    query: (asked) => ({ who: asked.get("who"), action: asked.get("action"), ...period(asked) }),
    load: async (asked, signal) => {
      const page = await get(PATH, asked, signal);
      for (const item of page.items) seen.set(item.id, item);
      return page;
    },
    id: (item) => item.id, columns: columns(),
    filters: [
      { name: "who", label: t("audit.who") },
      { name: "action", label: t("audit.action"), placeholder: "endpoint.*" },
      { name: "since", label: t("common.period"), type: "period" },
    ],
    detail: (id, box) => put(box, entry(seen.get(id))),
    name: (id) => (seen.has(id) ? deedOf(seen.get(id)) : id),
    empty: () => empty({ symbol: "audit", title: t("audit.empty"), text: t("audit.empty_text") }),
  })];
}

/** So many letters of a link's id tell whom it let in; they are called so wherever they act. */
const LINK_END = 4;

/** Who it was: a key by its name, whoever came by a link as they are called, or the server's own admin. */
function whoOf({ who, role }) {
  if (who?.kind === "link" && role) return `${role} ${who.id.slice(-LINK_END)}`;
  return whoName(who);
}

/** What was done: as closely as the entry says it. */
function deedOf({ action, detail, subject }) {
  if (["channel.pause", "channel.resume"].includes(action)) {
    return t(`audit.did.${action}`, { channel: word(`common.channel.${subject}`) });
  }
  const [, channel, isPaused] = /^channels\.(\w+)\.paused: (\w+)$/.exec(detail ?? "") ?? [];
  if (channel) {
    return t(`audit.did.channel.${isPaused === "true" ? "pause" : "resume"}`,
      { channel: word(`common.channel.${channel}`) });
  }
  const [, verb] = /^action: (\w+)/.exec(detail ?? "") ?? [];
  return word(`audit.did.${action}.${verb}`, word(`audit.did.${action}`, action));
}

/** @returns {import("../parts/table.js").Column[]} */
function columns() {
  return [
    { label: t("audit.at"), class: "is-tight", phone: "foot",
      cell: (item) => time(item.at, "both") },
    {
      label: t("audit.action"), link: true, class: "cut is-broadest",
      cell: deedOf,
    },
    {
      label: t("audit.subject"), class: "cut", phone: "wide",
      cell: (item) => (item.subject ? tag(item.subject) : none()),
    },
    {
      label: t("audit.who"), class: "is-tight", phone: "top",
      cell: (item) => twoLines(whoOf(item), word(`common.role.${item.role}`, item.role ?? "")),
    },
    { label: t("audit.detail"), class: "cut", phone: "wide", cell: detailOf },
  ];
}

function detailOf({ action, detail, reason }) {
  const said = withoutDeed(action, typeof detail === "string" ? detail
    : detail && JSON.stringify(detail));
  const [, from, to] = /^from: (\S+), to: (\S+)$/.exec(said ?? "") ?? [];
  if (from && to) return twoLines(time(from, "local"), ["→ ", time(to, "local")]);
  if (reason) return twoLines(reason, said || null);
  return said ? h("span", null, said) : none();
}

/** What an entry says beside what was done, where that has words of its own. */
function withoutDeed(action, said) {
  // How long is not written down: that it was asked for says nothing.
  if (action === "alert.silence" && said === "for") return null;
  if (/^channels\.\w+\.paused: \w+$/.test(said ?? "")) return null;
  const [, verb, more] = /^action: (\w+)(?:, (.+))?$/.exec(said ?? "") ?? [];
  if (!verb || !has(`audit.did.${action}.${verb}`)) return said;
  return more ? beside(more) : null;
}

/** What stands beside a deed: who has it by then, until when, or how urgent it is. @param {string} said */
function beside(said) {
  const [, by, before] = /^by: (.+?)(?:, from: (.+))?$/.exec(said) ?? [];
  if (by) return before ? t("audit.taken_from", { name: by, from: before }) : t("audit.taken_by", { name: by });
  const [, name, from] = /^to: (.+?)(?:, from: (.+))?$/.exec(said) ?? [];
  if (name) return from ? t("audit.given_from", { name, from }) : t("audit.given_to", { name });
  const [, until] = /^until: (\S+)$/.exec(said) ?? [];
  if (until) return ["→ ", time(until, "local")];
  const [, priority] = /^priority: (\w+)$/.exec(said) ?? [];
  return priority ? word(`handoffs.priority_${priority}`) : said;
}

/** One entry in full. */
function entry(found) {
  if (!found) return h("p", { class: "quiet" }, t("audit.gone"));
  const { at, who, role, by, address, action, subject, detail, reason, status } = found;
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" }, h("h1", null, deedOf(found))),
    facts([
      [t("audit.at"), fullTime(at)],
      [t("audit.who"), h("span", null, whoOf(found),
        who?.id && h("span", { class: "quiet" }, ` · ${who.id}`))],
      [t("audit.role"), role && word(`common.role.${role}`, role)],
      [t("audit.by"), by && t(`audit.by_${by}`)],
      [t("audit.address"), address],
      [t("audit.action"), tag(action)],
      [t("audit.subject"), subject && tag(subject)],
      [t("common.reason"), reason],
      [t("audit.outcome"), status === null ? t("audit.unknown") : status && `HTTP ${status}`],
    ]),
    detail !== null && detail !== undefined && detail !== "" && payload(detail, t("audit.detail")));
}

export default { words: ["audit", "handoffs"], show };
