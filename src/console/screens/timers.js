// @ts-check
// Timers: what will happen by itself and when, as a list or as a week on the tenant's wall, with
// the next day's hours above. What is late stands on top, since the earliest comes first.

import { get, post } from "../lib/api.js";
import { h, none, put } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { listen } from "../lib/live.js";
import { onQuery, withChanges } from "../lib/router.js";
import { may } from "../lib/session.js";
import { time } from "../lib/time.js";
import { DAY_AND_HOUR, wall, zone } from "../lib/zone.js";
import { icon } from "../lib/icons.js";
import { pill, twoLines } from "../parts/bits.js";
import { days } from "../parts/filters.js";
import { list } from "../parts/list.js";
import { back, head } from "../parts/page.js";
import { bones, empty, failed } from "../parts/states.js";
import { tabs } from "../parts/tabs.js";
import { day } from "./timers/day.js";
import { detail, mayCancel, remember } from "./timers/detail.js";
import { entityLink } from "./timers/entity.js";
import { kindName, groupOf } from "./timers/kind.js";
import { flat, upTo } from "./timers/plan.js";
import { week } from "./timers/week.js";

const PATH = "/api/v1/timers";
/** The charts look anew no more often than this. */
const PERIOD_MS = 20_000;

/** @param {any} view */
async function show(view) {
  const timeZone = await zone();
  view.title(view.id ?? t("common.screen.timers"));
  if (view.id !== null) {
    const box = h("div");
    detail(view.id, box, () => {});
    return [back("timers"), box];
  }
  const above = h("section", { class: "card" }, bones(4));
  const choice = h("div");
  const below = h("div");
  const isWeek = () => new URLSearchParams(location.search).get("view") === "week";
  let shown = null;
  let rows = null;
  let isFirst = true;

  async function look() {
    try {
      const plan = await upTo(Date.now() + 86_400_000, view.signal);
      if (!above.contains(document.activeElement)) put(above, day(plan, timeZone));
      // What somebody is looking at closely stays the elements that it is.
      const isHeld = below.contains(document.activeElement)
        || document.querySelector("dialog[open]");
      if (shown === "week" && !isFirst && !isHeld) await week(below, timeZone, view.signal);
      isFirst = false;
    } catch (error) {
      if (/** @type {any} */ (error).name !== "AbortError") put(above, failed(error, look));
    }
  }
  function face() {
    const next = isWeek() ? "week" : "list";
    put(choice, views(next));
    if (next === "week") {
      shown = "week";
      return week(below, timeZone, view.signal);
    }
    if (shown === "list") return null;
    shown = "list";
    // One list for as long as the screen is there: what it listens to ends with the screen.
    rows ??= list({ ...view, query: new URLSearchParams(location.search) }, spec(timeZone));
    return put(below, rows);
  }
  const timer = setInterval(() => !document.hidden && look(), PERIOD_MS);
  view.signal.addEventListener("abort", () => clearInterval(timer));
  let due = 0;
  listen(["timer"], {
    told: () => {
      due ||= setTimeout(() => {
        due = 0;
        if (!view.signal.aborted) look();
      }, 5_000);
    },
  }, view.signal);
  onQuery(face);
  face();
  look();
  return [head({ title: t("common.screen.timers"), lead: t("timers.lead", { zone: timeZone }),
    actions: choice }),
    h("div", { class: "stack" }, above, below)];
}

function views(shown) {
  return tabs(t("timers.view"), [
    {
      text: t("timers.view_list"), symbol: "menu", isHere: shown === "list",
      href: withChanges({ view: null, open: null, week: null }),
    },
    {
      text: t("timers.view_week"), symbol: "calendar", isHere: shown === "week",
      href: withChanges({ view: "week", open: null, week: null }),
    },
  ]);
}

function spec(timeZone) {
  return {
    screen: "timers", label: t("common.screen.timers"), path: PATH,
    query: (asked) => ({
      reservation_id: asked.get("reservation_id"), conversation_id: asked.get("conversation_id"),
      ...days(asked, timeZone),
    }),
    load: async (query, signal) => {
      const page = await get(PATH, query, signal);
      flat(page.items).forEach(remember);
      return page;
    },
    id: (item) => item.id, columns: columns(timeZone),
    filters: /** @type {import("../parts/filters.js").Filter[]} */ ([
      { name: "reservation_id", label: t("timers.reservation"), placeholder: "R-1001" },
      { name: "conversation_id", label: t("timers.conversation"), placeholder: "chat-1" },
      { name: "within", label: t("timers.within"), type: "days" },
    ]),
    live: ["timer"], isSorted: true, detail, name: (id) => kindOf(id), deeds: may("operator") ? deeds() : [],
    called: ({ kind, entity_id: of }) => `${kindName(kind)} · ${of}`,
    empty: () => empty({ symbol: "timers", title: t("timers.empty"),
      text: t("timers.empty_text") }),
  };
}

/** @returns {import("../parts/chosen.js").Deed[]} */
function deeds() {
  const act = (what) => ({ id }) => post(`${PATH}/${encodeURIComponent(id)}/${what}`);
  const ask = (what) => (count) => t(`timers.many_${what}`, { count });
  return [
    { text: t("timers.fire"), symbol: "events", act: act("fire"), ask: ask("fire") },
    { text: t("timers.cancel"), symbol: "cross", danger: true, act: act("cancel"),
      ask: ask("cancel"), fits: mayCancel },
  ];
}

/** The kind in an id such as `reservation:R-1:reminder.24h:1769018400000`. */
function kindOf(id) {
  const found = id.match(/(reminder\.[^:]+|[a-z_]+)(:\d+)?$/);
  return found ? kindName(found[1] ?? id) : id;
}

/** @returns {import("../parts/table.js").Column[]} */
function columns(timeZone) {
  return [
    {
      label: t("timers.due"), class: "is-tight", phone: "foot", cell: (item) => (isLate(item)
        ? h("span", { class: "cell-two" }, pill("failed", { text: t("timers.late") }),
          time(item.due_at))
        : twoLines(wall(item.due_at, timeZone, DAY_AND_HOUR), time(item.due_at))),
    },
    {
      label: t("timers.what"), link: true, class: "cut is-told",
      cell: (item) => h("span", { class: "row-target" },
        h("span", { class: `kind-mark ${groupOf(item.kind).tone}` },
          icon(groupOf(item.kind).symbol)),
        twoLines(kindName(item.kind), item.why?.sentence ?? "")),
    },
    { label: t("timers.of"), class: "is-tight is-id", phone: "wide",
      cell: (item) => h("span", { title: item.entity_id }, entityLink(item)) },
    {
      label: t("timers.then"), class: "cut", phone: "none", cell: (item) => (item.then?.length > 0
        ? twoLines(kindName(item.then[0].kind),
          [time(item.then[0].due_at), item.then.length > 1 && ` +${item.then.length - 1}`])
        : none()),
    },
  ];
}

/** The clock is a few milliseconds behind at most; a second late is late. */
function isLate({ due_at: due }) {
  return Date.parse(due) < Date.now() - 1_000;
}

export default { words: ["timers"], show };
