// @ts-check
// Reservations: who comes when, how each stands, what it waits for, and what a person may do to it.

import { get, post } from "../lib/api.js";
import { countOf } from "../lib/counts.js";
import { h, none } from "../lib/dom.js";
import { number, t, word } from "../lib/i18n.js";
import { may } from "../lib/session.js";
import { time } from "../lib/time.js";
import { wall, zone } from "../lib/zone.js";
import { pill, twoLines } from "../parts/bits.js";
import { days } from "../parts/filters.js";
import { listOrItem } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { SYMBOLS, detail } from "./reservations/detail.js";
import { actionsOf } from "./reservations/flow.js";
import { past } from "./reservations/history.js";
import { kindName } from "./timers/kind.js";

const PATH = "/api/v1/reservations";
const STATUSES = ["booked", "confirmed", "arrived", "completed", "no_show", "cancelled"];

/** @param {any} view */
async function show(view) {
  const timeZone = await zone();
  const query = (asked) => ({ status: asked.get("status"), ...days(asked, timeZone) });
  return listOrItem(view, {
    lead: t("reservations.lead"),
    spec: {
      screen: "reservations", label: t("common.screen.reservations"), path: PATH,
      query, load,
      id: (item) => item.reservation_id, columns: columns(timeZone),
      chips: {
        name: "status", count: (status) => countOf(PATH, { ...query(here()), status }),
        values: STATUSES.map((status) => [status, word(`common.status.${status}`)]),
      },
      filters: [
        { name: "within", label: t("reservations.day"), type: "days" },
        { name: "id", label: t("reservations.id"), placeholder: "R-1001" },
      ],
      live: ["state", "event"], concerns, isSorted: true, detail, empty: nothing,
      deeds: may("operator") ? deeds() : [],
      called: (item) => [item.name, item.reservation_id].filter(Boolean).join(" · "),
    },
  });
}

/**
 * What a kitchen that closes, or a door that opens, asks of many bookings at once.
 * @returns {import("../parts/chosen.js").Deed[]}
 */
function deeds() {
  return ["confirm", "arrive", "no_show", "cancel"].map((action) => ({
    text: t(`reservations.do_${action}`), symbol: SYMBOLS[action], danger: action === "cancel",
    fits: ({ status }) => actionsOf(status).includes(action),
    act: ({ reservation_id: id }) => post(`${PATH}/${encodeURIComponent(id)}/actions`, { action }),
    ask: (count) => t(`reservations.many_${action}`, { count }),
  }));
}

const here = () => new URLSearchParams(location.search);

/** A page; or, where an id is asked for, that one alone, which the API finds by its path. */
export async function load(query, signal) {
  const id = here().get("id");
  if (!id) return get(PATH, query, signal);
  const found = await get(`${PATH}/${encodeURIComponent(id)}`, {}, signal).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
  const at = Date.parse(found?.date_time);
  const fits = found && (!query.status || found.status === query.status)
    && !(at < Date.parse(query.from)) && !(at >= Date.parse(query.to));
  return { items: fits ? [found] : [], next_cursor: null };
}

function concerns(told, kind) {
  return kind === "state" ? told.entity === "reservation"
    : told.entity?.startsWith("reservation/") || told.event_type?.startsWith("reservation.");
}

/** @returns {import("../parts/table.js").Column[]} */
function columns(timeZone) {
  return [
    {
      label: t("reservations.status"), class: "is-tight", phone: "top",
      cell: (item) => pill(item.status),
    },
    {
      label: t("reservations.guest"), link: true, class: "cut",
      cell: (item) => twoLines(item.name ?? t("reservations.nobody"), item.reservation_id),
    },
    {
      label: t("reservations.slot"), class: "is-tight", phone: "wide",
      cell: (item) => twoLines(wall(item.date_time, timeZone), time(item.date_time)),
    },
    {
      label: t("reservations.party"), class: "is-number is-tight", phone: "none",
      cell: (item) => (item.party_size === null ? none()
        : number(item.party_size)),
    },
    { label: t("reservations.next"), class: "is-tight", phone: "wide", cell: nextStep },
    { label: t("reservations.last"), class: "cut", phone: "none", cell: lastEvent },
    {
      label: t("reservations.restaurant"), class: "cut", phone: "none",
      cell: (item) => item.restaurant ?? none(),
    },
  ];
}

function nextStep({ timers: [first] }) {
  if (!first) return h("span", { class: "quiet nothing" }, t("reservations.no_next"));
  return twoLines(kindName(first.kind), time(first.due_at));
}

function lastEvent({ history }) {
  const last = history.at(-1);
  return last ? twoLines(past(last.what).title, time(last.at)) : none();
}

function nothing() {
  return empty({
    symbol: "reservations", title: t("reservations.empty"), text: t("reservations.empty_text"),
    shell: "sereno send reservation.created --data '{\"reservation_id\": \"R-1\", "
      + "\"date_time\": \"2027-01-20T20:00:00\", \"party_size\": 4, \"name\": \"Ana\"}'",
  });
}

export default { words: ["reservations", "timers", "thread"], show };
