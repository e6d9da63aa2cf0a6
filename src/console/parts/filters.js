// @ts-check
// What a list is narrowed by: chips with counts, fields, a period, and views that were saved.

import { h, put } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { readable } from "../lib/ids.js";
import { t } from "../lib/i18n.js";
import { setQuery, withChanges } from "../lib/router.js";
import { tenant } from "../lib/session.js";
import { keep, kept } from "../lib/storage.js";
import { dayOf, daysAfter, midnight } from "../lib/zone.js";
import { button, iconButton } from "./bits.js";
import { field } from "./form.js";
import { menu } from "./menu.js";

/**
 * @typedef {{name: string, label: string, type?: "text"|"select"|"period"|"days", wide?: boolean,
 *   choices?: [string, string][]|Promise<[string, string][]>, placeholder?: string}} Filter
 * @typedef {{name: string, values: [string, string][], count?: (value: string) =>
 * Promise<string|null>}} Chips
 */

const PERIODS = { "15m": 900e3, "1h": 3_600e3, "24h": 86_400e3, "7d": 7 * 86_400e3,
  "30d": 30 * 86_400e3 };

/**
 * The moments that a query's period means, as the API takes them.
 * @param {URLSearchParams} query @returns {{from?: string|null, to?: string|null}}
 */
export function period(query) {
  const name = query.get("since");
  // What is no period is no moment either: the API says so.
  if (name && !Object.hasOwn(PERIODS, name)) return { from: name };
  if (name) return { from: new Date(Date.now() - PERIODS[name]).toISOString() };
  return { from: query.get("from"), to: query.get("to") };
}

/** Days from today on, and how many: for what has its moment ahead. */
const DAYS = { today: [0, 1], tomorrow: [1, 1], next_7d: [0, 7], next_30d: [0, 30],
  yesterday: [-1, 1], last_7d: [-7, 7] };

/**
 * The same for days on the wall of a zone.
 * @param {URLSearchParams} query @param {string} timeZone
 * @returns {{from?: string|null, to?: string|null}}
 */
export function days(query, timeZone) {
  const name = query.get("within");
  if (name && !Object.hasOwn(DAYS, name)) return { from: name };
  const [first, count] = DAYS[name ?? ""] ?? [];
  if (first === undefined) return { from: query.get("from"), to: query.get("to") };
  const begins = daysAfter(dayOf(Date.now(), timeZone), first);
  return { from: midnight(begins, timeZone), to: midnight(daysAfter(begins, count), timeZone) };
}

/** The names that a filter has in the query. @param {Filter} filter */
export function namesOf({ name, type }) {
  return type === "period" || type === "days" ? [name, "from", "to"] : [name];
}

/**
 * Chips of one value each: links, so that they can be kept and opened beside.
 * @param {Chips} spec
 */
export function chips(spec, query) {
  const here = query.get(spec.name) ?? "";
  const all = [["", t("common.all")], ...spec.values];
  return h("nav", { class: "chips", "aria-label": t("common.by_status") },
    all.map(([value, text]) => {
    const counted = h("span", { class: "chip-count" });
    if (value !== "" && spec.count) {
      spec.count(value).then((count) => count !== null && put(counted, count), () => {});
    }
    return h("a", {
      class: "chip", href: withChanges({ [spec.name]: value || null, open: null }),
      "aria-current": value === here ? "true" : null,
    }, text, counted);
  }));
}

/** The fields; what is typed goes into the address after a short rest. @param {Filter[]} filters */
export function filterFields(filters, query) {
  return filters.map((filter) => {
    if (filter.type === "period") return periodField(query, filter, Object.keys(PERIODS));
    if (filter.type === "days") return periodField(query, filter, Object.keys(DAYS));
    const { name, label, type, choices, placeholder, wide } = filter;
    const made = field({
      name, label, wide, placeholder,
      value: type === "select" ? query.get(name) ?? "" : readable(query.get(name) ?? ""),
      type: type === "select" ? "select" : "search",
      choices: choices && [["", t("common.any")], ...(Array.isArray(choices) ? choices : [])],
    });
    const input = made.querySelector("input, select");
    if (choices instanceof Promise) choices.then((all) => offer(input, all, query.get(name)));
    let timer = 0;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      const take = () => setQuery({ [name]: input.value.trim(), open: null }, { quietly: true });
      timer = setTimeout(take, type === "select" ? 0 : 350);
    });
    return made;
  });
}

/** Puts choices in that were still on their way when the field was made. */
function offer(select, choices, chosen) {
  select.append(...choices.map(([value, text]) =>
    h("option", { value, selected: value === chosen }, text)));
}

/**
 * A choice of periods by name, or two moments.
 * @param {URLSearchParams} query @param {Filter} filter @param {string[]} periods
 */
function periodField(query, { name, label }, periods) {
  const custom = query.get("from") || query.get("to");
  const choices = [["", t("common.any")],
    ...periods.map((period) => [period, t(`common.period.${period}`)]),
    ["custom", t("common.period.custom")]];
  const made = field({
    name, label, type: "select", choices: /** @type {any} */ (choices),
    value: custom ? "custom" : query.get(name) ?? "",
  });
  const bound = (end, text) => {
    const value = query.get(end);
    const shown = Number.isNaN(Date.parse(value ?? "")) ? "" : localInput(value);
    const one = field({ name: end, label: text, type: "date", value: shown, step: 1 });
    one.querySelector("input").addEventListener("change", (event) => {
      const at = event.target.value;
      setQuery({ [end]: at ? new Date(at).toISOString() : null, [name]: null }, { quietly: true });
    });
    one.hidden = !custom;
    return one;
  };
  const bounds = [bound("from", t("common.from")), bound("to", t("common.to"))];
  made.querySelector("select").addEventListener("change", (event) => {
    const value = event.target.value;
    for (const one of bounds) one.hidden = value !== "custom";
    if (value !== "custom") setQuery({ [name]: value, from: null, to: null }, { quietly: true });
  });
  return [made, bounds];
}

/** A moment as the browser's field for local time wants it. */
export function localInput(moment) {
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** Views that were saved for this list and tenant, and the way to save one more. */
export function savedViews(name) {
  const place = `views.${tenant()}.${name}`;
  const face = { symbol: "star", text: t("common.views"), label: t("common.views") };
  return menu(face, (close) => {
    const views = kept(place, {});
    const change = (next) => {
      keep(place, next);
      close();
    };
    const rows = Object.entries(views).map(([title, query]) => h("div", { class: "row" },
      h("a", { class: "button plain grow", href: `${location.pathname}?${query}`, onclick: close },
        icon("star"), title),
      iconButton("trash", t("common.forget_view", { name: title }), () => {
        const { [title]: _, ...rest } = views;
        change(rest);
      }, { kind: "plain small" })));
    const input = h("input", {
      class: "input", placeholder: t("common.view_name"), "aria-label": t("common.view_name"),
    });
    const save = () => {
      const title = input.value.trim();
      const query = new URLSearchParams(location.search);
      query.delete("open");
      if (title !== "") change({ ...views, [title]: query.toString() });
    };
    input.addEventListener("keydown", (event) => event.key === "Enter" && save());
    return [
      rows.length === 0 && h("p", { class: "menu-note" }, t("common.no_views")), rows,
      h("div", { class: "row" }, h("div", { class: "grow" }, input),
        button(t("common.save"), save)),
    ];
  });
}
