// @ts-check
// A list with all its habits. How a screen is made:
//
//   export default {
//     words: ["deliveries"],                      // groups in words/<language>/, beside `common`
//     show: (view) => list(view, {...}),          // an element, or a promise of one
//   };
//
// and one line in screens/catalogue.js. `view` holds `id` (the item of a page of its own, or null),
// `query` (filters), `signal` (aborted when another screen comes) and `title(text)`. Whatever a role
// may not do is not made: `may("operator") && button(...)`. Addresses of items come from `address()`.

import { h, put } from "../lib/dom.js";
import { asCurl } from "../lib/api.js";
import { number, t } from "../lib/i18n.js";
import { bind } from "../lib/keyboard.js";
import { listen, reopen } from "../lib/live.js";
import { address, again, onQuery, setQuery } from "../lib/router.js";
import { keep, kept } from "../lib/storage.js";
import { button, copy, iconButton } from "./bits.js";
import { closeDrawer, openDrawer } from "./drawer.js";
import { csv, save } from "./export.js";
import { chips, filterFields, namesOf, savedViews } from "./filters.js";
import { menu } from "./menu.js";
import { failed, noMatch } from "./states.js";
import { table } from "./table.js";

/** Rows that the page holds at most before it asks whether to go on. */
const ROWS_MAX = 1_000;
/** The live tail looks no more often than this. */
const TAIL_MS = 2_000;

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
 *   actions?: any, retry?: (item: any) => void,
 * }} Spec
 * @param {any} view @param {Spec} spec
 */
export function list(view, spec) {
  const names = [spec.chips?.name, ...(spec.filters ?? []).flatMap(namesOf)].filter(Boolean);
  let query = view.query;
  let items = [];
  let cursor = null;
  let asked = null;
  let loading = new AbortController();
  let paused = false;
  let waiting = 0;

  const hidden = kept(`columns.${spec.screen}`, []);
  const columns = spec.columns.filter((column) => column.link || !hidden.includes(column.label));
  const rows = table({ ...spec, columns, open: (id) => setQuery({ open: id }) });
  const chipBox = h("div");
  const newRows = h("div", { class: "new-rows", "aria-live": "polite" });
  const tableBox = h("div", { class: "table-box" }, rows.element);
  const stateBox = h("div");
  const foot = h("div", { class: "list-foot" });
  const fieldBox = h("div", { class: "filter-fields" });
  const clearBox = h("div", { class: "filter-extra" });
  const tools = h("div", { class: "end" });
  const fields = h("div", { class: "filters" }, fieldBox, clearBox, tools);
  const tail = h("span", { class: "live" });

  const filtersNow = () => names.map((name) => query.get(name) ?? "").join("\n");
  const isFiltered = () => names.some((name) => query.get(name));
  const params = () => spec.query(query);
  const openId = () => query.get("open");
  const clear = () => setQuery(Object.fromEntries(names.map((name) => [name, null])));

  function draw(fresh) {
    tableBox.hidden = items.length === 0;
    rows.show(items, { fresh, openId: openId() });
    put(stateBox, items.length === 0 && !cursor && (isFiltered() ? noMatch(clear) : spec.empty()));
    const more = cursor && button(t("common.more"), () => load(true));
    put(foot, more, items.length > 0 && t("common.shown", { count: items.length }),
      !cursor && items.length > 0 && ` · ${t("common.end")}`);
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
      waiting = 0;
      showWaiting();
    }
    try {
      const answer = await spec.load({ ...params(), cursor: more ? cursor : null }, loading.signal);
      items = more ? [...items, ...answer.items] : answer.items;
      cursor = answer.next_cursor;
      draw();
    } catch (error) {
      if (/** @type {any} */ (error).name === "AbortError") return;
      tableBox.hidden = items.length === 0 || !more;
      put(stateBox, failed(error, () => load(more)));
    }
  }

  /** Takes in what came at the top, and what changed there; rows further down stay. */
  async function refresh() {
    waiting = 0;
    showWaiting();
    try {
      const answer = await spec.load(params(), view.signal);
      const before = new Set(items.map(spec.id));
      const last = answer.items.at(-1);
      const place = last ? items.findIndex((item) => spec.id(item) === spec.id(last)) : -1;
      // Where nothing of the old page is left, the rows between are not known: begin anew.
      const isWhole = place < 0;
      items = isWhole ? answer.items : [...answer.items, ...items.slice(place + 1)];
      if (isWhole) cursor = answer.next_cursor;
      const came = answer.items.map(spec.id).filter((id) => before.size > 0 && !before.has(id));
      draw(new Set(came));
    } catch {
      // The list stays as it is; the next news tries again.
    }
  }

  function showWaiting() {
    const text = t("common.new_rows", { count: waiting });
    put(newRows, waiting > 0 && button(text, refresh, { symbol: "retry", kind: "small main" }));
  }

  function follow() {
    let due = 0;
    const told = (kind, data) => {
      if (kind !== "gap" && spec.concerns && !spec.concerns(data, kind)) return;
      waiting += 1;
      if (paused || scrollY > 300) return showWaiting();
      if (due) return;
      due = setTimeout(() => {
        due = 0;
        if (!view.signal.aborted) refresh();
      }, TAIL_MS);
    };
    const state = (now) => {
      tail.dataset.state = paused ? "paused" : now;
      const press = () => {
        paused = !paused;
        state(now);
        if (!paused && waiting > 0) refresh();
      };
      put(tail, h("span", { class: "live-dot" }),
        now === "off"
          ? button(t("common.live_off"), () => { reopen(); refresh(); }, { kind: "plain small" })
          : button(t(paused ? "common.live_paused" : "common.live"), press, {
            kind: "plain small", symbol: paused ? "play" : "pause", "aria-pressed": String(paused),
            title: t(paused ? "common.live_resume" : "common.live_pause"),
          }));
    };
    listen(spec.live, { told, state }, view.signal);
  }

  function bar() {
    const curl = () => copy(asCurl("GET", spec.path, { query: params() }));
    const name = `sereno-${spec.screen}`;
    const further = menu({ symbol: "more", label: t("common.further") }, (close) => {
      const act = (action) => () => { close(); action(); };
      return [
        button(t("common.copy_curl"), act(curl), { symbol: "code", kind: "plain" }),
        button("CSV", act(() => save(`${name}.csv`, csv(items), "text/csv")),
          { symbol: "download", kind: "plain" }),
        button("JSON", act(() => save(`${name}.json`, JSON.stringify(items, null, 2),
          "application/json")), { symbol: "download", kind: "plain" }),
        columnChoice(spec, hidden),
      ];
    });
    const toggle = button(t("common.filters"), () => fields.classList.toggle("is-open"),
      { symbol: "filter", kind: "phone-only" });
    return [spec.filters && toggle, spec.live && tail, savedViews(spec.screen),
      iconButton("retry", t("common.reload"), () => load()), further];
  }

  function sync(next) {
    query = next;
    if (asked === filtersNow()) {
      rows.show(items, { openId: openId() });
    } else {
      if (spec.chips) put(chipBox, chips(spec.chips, query));
      // Fields in which somebody types stay the elements that they are.
      if (!fieldBox.contains(document.activeElement)) {
        put(fieldBox, filterFields(spec.filters ?? [], query));
      }
      put(clearBox, isFiltered() && iconButton("cross", t("common.clear_filters"), clear));
      load();
    }
    drawer();
  }

  let shownId = null;
  function drawer() {
    const id = openId();
    if (id === shownId) return;
    shownId = id;
    if (!id) return closeDrawer();
    const box = openDrawer({
      title: spec.name?.(id) ?? id, href: address(spec.screen, id),
      closed: () => setQuery({ open: null }),
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
    bind("Escape", "common.key.close", () => openId() && setQuery({ open: null }), view.signal);
    if (!spec.retry) return;
    bind("r", "common.key.retry", () => {
      const here = document.activeElement?.closest("tr[data-id]")?.getAttribute("data-id");
      const item = items.find((item) => spec.id(item) === (openId() ?? here));
      if (item) spec.retry?.(item);
    }, view.signal);
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
  put(tools, bar());
  onQuery(sync);
  if (spec.live) follow();
  sync(query);
  const top = spec.filters ? [chipBox, fields] : h("div", { class: "list-top" }, chipBox, fields);
  const box = h("div", { class: "list" }, top, newRows, tableBox, stateBox, foot);
  return Object.assign(box, { refresh, count: () => number(items.length) });
}

/** Which columns are shown; kept in this browser. */
function columnChoice(spec, hidden) {
  const boxes = spec.columns.filter((column) => !column.link).map(({ label }) => h("label",
    { class: "check" }, h("input", {
      type: "checkbox", checked: !hidden.includes(label), onchange: (event) => {
        const others = hidden.filter((one) => one !== label);
        keep(`columns.${spec.screen}`, event.target.checked ? others : [...others, label]);
        again();
      },
    }), h("span", null, label)));
  return h("details", { class: "menu-note" }, h("summary", null, t("common.columns")),
    h("div", { class: "stack-small further" }, boxes));
}
