// @ts-check
// A list with all its habits. How a screen is made:
//
//   export default {
//     words: ["deliveries"],                      // groups in words/<language>/, beside `common`
//     show: (view) => list(view, {...}),          // an element, or a promise of one
//   };
//
// and one line in screens/catalogue.js. `view` holds `id` (the item of a page of its own, or null),
// `query` (filters), `signal` (aborted when another screen comes) and `title(text)`. Whatever a
// role may not do is not made: `may("operator") && button(...)`. Addresses of items come from
// `address()`.

import { h, put } from "../lib/dom.js";
import { number, t } from "../lib/i18n.js";
import { bind } from "../lib/keyboard.js";
import { address, closeBeside, onQuery, openBeside, setQuery } from "../lib/router.js";
import { button, iconButton } from "./bits.js";
import { chosen } from "./chosen.js";
import { closeDrawer, openDrawer } from "./drawer.js";
import { chips, filterFields, namesOf } from "./filters.js";
import { failed, noMatch, notYet, wrongFilter } from "./states.js";
import { table } from "./table.js";
import { tail } from "./tail.js";
import { shownColumns, tools } from "./tools.js";

/** Rows that the page holds at most before it asks whether to go on. */
const ROWS_MAX = 1_000;
/**
 * A page may hold few or none while there are more: so many are asked for until a few are found.
 */
const PAGES_MAX = 8;
const FEW = 10;
/** The most that the API gives at once. */
const PAGE_MAX = 500;
const PAGE_MIN = 50;
/** Rows that are asked for in the place of so many: no less than one page of the screen. */
const fit = (rows) => Math.min(PAGE_MAX, Math.max(rows, PAGE_MIN));
/** The counts on the chips are looked up anew no more often than this. */
const COUNTS_MS = 20_000;

/**
 * @typedef {{
 *   screen: string, label: string, path: string,
 *   query: (query: URLSearchParams) => Record<string, any>,
 *   load: (query: Record<string, any>, signal?: AbortSignal) => Promise<any>,
 *   id: (item: any) => string, columns: import("./table.js").Column[],
 *   chips?: import("./filters.js").Chips, filters?: import("./filters.js").Filter[],
 *   detail: (id: string, box: HTMLElement, refresh: () => void) => void,
 *   name?: (id: string) => any, empty: () => any,
 *   live?: string[], concerns?: (told: any, kind: string) => boolean,
 *   isSorted?: boolean, actions?: any, retry?: (item: any) => void,
 *   deeds?: import("./chosen.js").Deed[], called?: (item: any) => string,
 * }} Spec `isSorted`: what is new may stand anywhere, not on top alone
 * @param {any} view @param {Spec} spec
 */
export function list(view, spec) {
  const names = [spec.chips?.name, ...(spec.filters ?? []).flatMap(namesOf)].filter(Boolean);
  let query = view.query;
  let items = [];
  let cursor = null;
  // Whether the server looked at all there are, where it puts them in order for the list.
  let isWhole = true;
  let asked = null;
  let loading = new AbortController();
  let countedAt = 0;

  const several = (spec.deeds ?? []).length > 0 ? chosen(spec.deeds ?? [], {
    items: () => items, id: spec.id, name: spec.called ?? spec.id, table: () => rows.element,
    refresh: () => refresh(),
  }) : null;
  const rows = table({
    ...spec, columns: [several?.column, ...shownColumns(spec)].filter((one) => one !== undefined),
    open: openBeside,
  });
  const chipBox = h("div");
  const tableBox = h("div", { class: "table-box" }, rows.element);
  const stateBox = h("div");
  const foot = h("div", { class: "list-foot" });
  const fieldBox = h("div", { class: "filter-fields" });
  const clearBox = h("div", { class: "filter-extra" });
  const live = tail(spec, refresh, view.signal);
  const toggle = button(t("common.filters"), () => fields.classList.toggle("is-open"),
    { symbol: "filter", kind: "phone-only" });
  const fields = h("div", { class: "filters" }, fieldBox, clearBox, h("div", { class: "end" },
    spec.filters && toggle, live.element,
    tools(spec, { items: () => items, params: () => params(), reload: () => load() })));

  const filtersNow = () => names.map((name) => query.get(name) ?? "").join("\n");
  const isFiltered = () => names.some((name) => query.get(name));
  const params = () => spec.query(query);
  const openId = () => query.get("open");
  const clear = () => setQuery(Object.fromEntries(names.map((name) => [name, null])));

  function draw(fresh) {
    tableBox.hidden = items.length === 0;
    rows.show(items, { fresh, openId: openId() });
    several?.draw();
    put(stateBox, items.length === 0 && (cursor ? notYet(() => load(true))
      : isFiltered() ? noMatch(clear) : spec.empty()));
    const more = cursor && items.length > 0 && button(t("common.more"), () => load(true));
    put(foot, more, items.length > 0 && t("common.shown", { count: items.length }),
      items.length > 0 && (!isWhole || !cursor)
        && ` · ${t(isWhole ? "common.end" : "common.not_all")}`);
  }

  async function load(more = false) {
    loading.abort();
    loading = new AbortController();
    asked = filtersNow();
    if (!more) {
      rows.skeleton();
      tableBox.hidden = false;
      put(stateBox);
      put(foot);
      live.taken();
    }
    try {
      const found = await pages(more ? cursor : null, loading.signal);
      const known = new Set(more ? items.map(spec.id) : []);
      const others = found.items.filter((item) => !known.has(spec.id(item)));
      items = more ? [...items, ...others] : found.items;
      cursor = found.next;
      isWhole = found.isWhole;
      draw();
    } catch (error) {
      if (/** @type {any} */ (error).name === "AbortError") return;
      tableBox.hidden = items.length === 0 || !more;
      const isWrong = isFiltered() && [400, 422].includes(/** @type {any} */ (error).status);
      put(stateBox, isWrong ? wrongFilter(error, clear) : failed(error, () => load(more)));
    }
  }

  /** A page, and those after it until a few items are found. */
  async function pages(from, signal) {
    const all = [];
    let next = from;
    let isAll = true;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer = await spec.load({ ...params(), cursor: next }, signal);
      all.push(...answer.items);
      next = answer.next_cursor;
      isAll = answer.complete !== false;
      if (!next || all.length >= FEW) break;
    }
    return { items: all, next, isWhole: isAll };
  }

  /** As many rows as are shown, and where that was all there are, more: in few requests, since it is done often. */
  async function again(count) {
    const shown = Math.min(cursor === null ? count + PAGE_MIN : count, ROWS_MAX);
    let answer = await spec.load({ ...params(), limit: fit(shown) }, view.signal);
    const all = [...answer.items];
    for (let page = 1; page < PAGES_MAX && answer.next_cursor && all.length < shown; page += 1) {
      const more = { ...params(), limit: fit(shown - all.length), cursor: answer.next_cursor };
      answer = await spec.load(more, view.signal);
      all.push(...answer.items);
    }
    return { ...answer, items: all };
  }

  /**
   * Takes in what came and what changed: of a list with the newest on top there, and rows further down stay;
   * of any other all that is shown is looked up anew.
   */
  async function refresh() {
    live.taken();
    const wanted = filtersNow();
    const before = new Set(items.map(spec.id));
    try {
      const answer = await (spec.isSorted ? again(before.size) : spec.load(params(), view.signal));
      // Other filters were chosen meanwhile, and their rows are on the way.
      if (wanted !== filtersNow()) return;
      // So were more rows, which it did not ask for.
      if (spec.isSorted && items.length > before.size) return refresh();
      const last = answer.items.at(-1);
      const place = last ? items.findIndex((item) => spec.id(item) === spec.id(last)) : -1;
      // Where nothing of the old page is left, the rows between are not known: begin anew.
      const isNew = spec.isSorted || place < 0;
      items = isNew ? answer.items : [...answer.items, ...items.slice(place + 1)];
      if (isNew) cursor = answer.next_cursor;
      if (spec.isSorted) isWhole = answer.complete !== false;
      const came = answer.items.map(spec.id).filter((id) => before.size > 0 && !before.has(id));
      draw(new Set(came));
      const isHeld = chipBox.contains(document.activeElement);
      if (!isHeld && Date.now() - countedAt > COUNTS_MS) drawChips();
    } catch {
      // The list stays as it is; the next news tries again.
    }
  }

  function sync(next) {
    query = next;
    if (asked === filtersNow()) {
      rows.show(items, { openId: openId() });
    } else {
      drawChips();
      // Fields in which somebody types stay the elements that they are.
      if (!fieldBox.contains(document.activeElement)) {
        put(fieldBox, filterFields(spec.filters ?? [], query));
      }
      put(clearBox, isFiltered() && iconButton("cross", t("common.clear_filters"), clear));
      load();
    }
    drawer();
  }

  function drawChips() {
    if (!spec.chips) return;
    const isHeld = chipBox.contains(document.activeElement);
    countedAt = Date.now();
    put(chipBox, chips(spec.chips, query));
    if (isHeld) /** @type {any} */ (chipBox.querySelector("[aria-current]"))?.focus();
  }

  let shownId = null;
  function drawer() {
    const id = openId();
    if (id === shownId) return;
    const before = shownId;
    shownId = id;
    if (!id) {
      closeDrawer();
      // Whoever went through several comes back to the one that was looked at last.
      for (const row of rows.element.querySelectorAll("tr[data-id]")) {
        if (row.dataset.id === before) row.querySelector(".row-link")?.focus({ preventScroll: true });
      }
      return;
    }
    const box = openDrawer({
      title: spec.name?.(id) ?? id, href: address(spec.screen, id),
      closed: closeBeside,
    });
    spec.detail(id, box, refresh);
  }

  /** To the row above or below, which the drawer follows if it is open. */
  function move(by) {
    const links = [...rows.element.querySelectorAll(".row-link")];
    const here = links.findIndex((link) => link.closest("tr").matches(":focus-within, .is-open"));
    const next = links[Math.max(0, Math.min(links.length - 1, here + by))];
    if (!next) return;
    if (openId()) setQuery({ open: next.closest("tr").dataset.id }, { quietly: true });
    next.focus();
  }

  function keys() {
    bind("j", "common.key.down", () => move(1), view.signal);
    bind("k", "common.key.up", () => move(-1), view.signal);
    bind("Escape", "common.key.close", () => openId() && closeBeside(), view.signal);
    const here = () => openId()
      ?? document.activeElement?.closest("tr[data-id]")?.getAttribute("data-id");
    const row = () => items.find((item) => spec.id(item) === here());
    if (several) {
      bind("x", "common.key.choose", () => row() && several.toggle(spec.id(row())), view.signal);
    }
    if (spec.retry) bind("r", "common.key.retry", () => row() && spec.retry?.(row()), view.signal);
  }

  const watcher = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting) && cursor && items.length < ROWS_MAX
      && items.length > 0) load(true);
  }, { rootMargin: "300px" });
  watcher.observe(foot);
  view.signal.addEventListener("abort", () => {
    watcher.disconnect();
    loading.abort();
    closeDrawer();
  });

  keys();
  onQuery(sync);
  sync(query);
  const top = spec.filters ? [chipBox, fields] : h("div", { class: "list-top" }, chipBox, fields);
  const box = h("div", { class: "list" }, top, live.newRows, tableBox, stateBox, foot,
    several?.bar);
  return Object.assign(box, { refresh, count: () => number(items.length) });
}
