// @ts-check
// Integrations: whom notifications go to, whether they arrive there, and everything done to an
// endpoint.

import { get } from "../lib/api.js";
import { nameOf } from "../lib/endpoints.js";
import { h, none } from "../lib/dom.js";
import { percent, short, t, word } from "../lib/i18n.js";
import { may } from "../lib/session.js";
import { time } from "../lib/time.js";
import { button, pill, tag, twoLines } from "../parts/bits.js";
import { icon } from "../lib/icons.js";
import { listOrItem } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { setQuery } from "../lib/router.js";
import { detail } from "./endpoints/detail.js";
import { KINDS, register } from "./endpoints/form.js";
import { stateOf } from "./endpoints/state.js";

const PATH = "/api/v1/admin/notify/endpoints";

/** @param {any} view */
function show(view) {
  const add = (list) => may("admin") && button(t("endpoints.register"),
    () => register((id) => {
      list.refresh();
      setQuery({ open: String(id) });
    }), { symbol: "plus", kind: "main" });
  let made = null;
  return listOrItem(view, {
    lead: t("endpoints.lead"),
    actions: (list) => add((made = list)),
    spec: {
      screen: "endpoints", label: t("common.screen.endpoints"), path: PATH,
      query: () => ({}), load, id: (item) => String(item.id), columns: columns(),
      chips: {
        name: "state",
        values: ["healthy", "degraded", "failing", "unknown", "disabled"]
          .map((state) => [state, word(`common.status.${state}`)]),
      },
      filters: [
        { name: "q", label: t("endpoints.words"), placeholder: "example.com", wide: true },
        {
          name: "kind", label: t("endpoints.kind"), type: "select",
          choices: KINDS.map((kind) => [kind, word(`common.channel.${kind}`)]),
        },
        { name: "event", label: t("endpoints.wants"), wide: true, placeholder: "reservation.created" },
      ],
      live: ["event"], detail,
      concerns: ({ event_type: type }) => type?.startsWith("endpoint.") || type === "test.ping",
      name: (id) => t("endpoints.one", { id: `#${id}` }),
      empty: () => empty({
        symbol: "endpoints", title: t("endpoints.empty"), text: t("endpoints.empty_text"),
        shell: "sereno listen --port 9000",
        action: add({ refresh: () => made?.refresh() }),
      }),
    },
  });
}

/**
 * Endpoints with what the last day says of each; the state is chosen here, since all fit on few
 * pages.
 */
async function load(query, signal) {
  const [page, stats] = await Promise.all([
    get(PATH, { ...query, limit: 200 }, signal),
    get("/api/v1/stats", { window: "1d" }, signal).catch(() => null),
  ]);
  const day = stats?.windows["1d"].deliveries.by_endpoint ?? [];
  const told = new Map(day.map((one) => [one.endpoint_id, one]));
  const asked = new URLSearchParams(location.search);
  const [state, kind, event] = ["state", "kind", "event"].map((name) => asked.get(name));
  const words = asked.get("q")?.toLowerCase() ?? "";
  const items = page.items
    .map((item) => ({ ...item, day: told.get(item.id) ?? null }))
    .filter((item) => (!state || stateOf(item).state === state) && (!kind || item.kind === kind)
      && (!event || takes(item, event))
      && `#${item.id} ${item.target} ${nameOf(item)}`.toLowerCase().includes(words));
  return { ...page, items };
}

/** Whether an endpoint's filters let a type through: it names it, or with `*` how it begins. */
function takes({ filters }, type) {
  const named = filters.events ?? [];
  return named.length === 0 || named.some((one) => (one.endsWith("*")
    ? type.startsWith(one.slice(0, -1)) : one === type));
}

/** @returns {import("../parts/table.js").Column[]} */
function columns() {
  return [
    {
      label: t("endpoints.target"), link: true, class: "cut",
      cell: (item) => h("span", { class: "row-target" }, icon(item.kind),
        twoLines(nameOf(item), `#${item.id} · ${word(`common.channel.${item.kind}`)}`)),
    },
    {
      label: t("endpoints.state"), class: "is-tight is-split", phone: "top", cell: (item) => {
        const { state, reason } = stateOf(item);
        return h("span", { class: "cell-two" }, h("span", null, pill(state)),
          h("span", null, reason));
      },
    },
    { label: t("endpoints.events"), class: "cut", phone: "wide", cell: wants },
    { label: t("endpoints.day"), class: "is-number is-tight", phone: "none", cell: day },
    {
      label: t("endpoints.changed"), class: "is-tight", phone: "none",
      cell: (item) => time(item.updated_at),
    },
  ];
}

/** The first of the types that it wants. */
function wants({ filters }) {
  const types = filters.events ?? [];
  if (types.length === 0) return h("span", { class: "quiet" }, t("endpoints.everything"));
  const rest = types.length - 2;
  return h("span", { class: "row-tags" }, types.slice(0, 2).map(tag), rest > 0 && ` +${rest}`);
}

function day({ day }) {
  if (!day || day.attempts === 0) return none();
  return twoLines(percent(day.success_rate),
    t("endpoints.day_attempts", { count: day.attempts, text: short(day.attempts) }));
}

export default { words: ["endpoints"], show };
