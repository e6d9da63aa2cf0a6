// @ts-check
// One booking in full: where it stands and where it can go, what is to come, what was said and what
// was done.

import { asCurl, get } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { fullTime, time } from "../../lib/time.js";
import { wall, zone } from "../../lib/zone.js";
import { button, copy, facts, id, pill, section, why } from "../../parts/bits.js";
import { keepFresh } from "../../parts/fresh.js";
import { machine } from "../../parts/machine.js";
import { revealButton } from "../../parts/reveal.js";
import { fillWith } from "../../parts/states.js";
import { thread } from "../../parts/thread.js";
import { timeline } from "../../parts/timeline.js";
import { kindName } from "../timers/kind.js";
import { act } from "./act.js";
import { actionsOf, places, ways } from "./flow.js";
import { been, past } from "./history.js";

/** The icon of each thing that a person may do to a booking. */
export const SYMBOLS = { confirm: "check", arrive: "place", complete: "check", no_show: "gone",
  cancel: "cross", reschedule: "calendar" };

/** @param {string} key @param {HTMLElement} box @param {() => void} refresh */
export function detail(key, box, refresh) {
  const path = `/api/v1/reservations/${encodeURIComponent(key)}`;
  let reveal = null;
  const show = () => fillWith(box, async () => {
    const [found, timeZone] = await Promise.all([get(path, { reveal }), zone()]);
    return { ...found, timeZone, said: await messages(found, reveal).catch(() => null) };
  }, (found) => view(found, actions(found)));
  const done = () => {
    show();
    refresh();
  };

  const actions = (found) => h("div", { class: "row" },
    may("operator") && actionsOf(found.status)
      .map((action, index) => button(t(`reservations.do_${action}`),
      () => act(action, found, path, done),
      { symbol: SYMBOLS[action], kind: action === "cancel" ? "danger" : index === 0 ? "main"
        : "" })),
    button(t("common.copy_curl"), () => copy(asCurl("GET", path)),
      { symbol: "code", kind: "plain" }),
    reveal === null && revealButton(() => {
      reveal = true;
      show();
    }));
  show();
  const about = `reservation/${key}`;
  keepFresh(box, (told) => told.entity === about
    || (told.entity === "reservation" && told.entity_id === key), show);
}

/** What was said to and by the guest: the history of the person with this number. */
async function messages(found, reveal) {
  const hash = found.wa_number_hash;
  if (!hash) return null;
  const { items: [lead] } = await get("/api/v1/leads", { wa_number_hash: hash, limit: 1 });
  if (!lead) return null;
  const { items } = await get(`/api/v1/leads/${encodeURIComponent(lead.lead_id)}/history`,
    { reveal, limit: 60 });
  const lines = items.filter(({ kind }) => ["message_received", "message_sent",
    "call"].includes(kind));
  return { lead, lines: lines.slice(0, 12).reverse() };
}

function view(found, actions) {
  const next = found.timers[0];
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" }, h("h1", null, found.name ?? found.reservation_id),
        pill(found.status)),
      h("p", { class: "detail-lead" }, wall(found.date_time, found.timeZone), " · ",
        time(found.date_time),
        found.party_size !== null && ` · ${t("reservations.people", { count: found.party_size })}`),
      id(found.reservation_id)),
    why(found.why, next && [kindName(next.kind), " · ", time(next.due_at)]),
    machine({
      label: t("reservations.machine"), places: places(), ways: ways(), here: found.status,
      been: been(found.history),
    }),
    actions,
    section(t("reservations.story"), timeline(steps(found))),
    section(t("reservations.messages"), said(found.said)),
    section(t("reservations.facts"), facts([
      [t("reservations.slot"), h("span", { class: "stack-small" }, fullTime(found.date_time),
        h("span", { class: "quiet" },
          `${wall(found.date_time, found.timeZone)} · ${found.timeZone}`))],
      [t("reservations.party"), found.party_size !== null && String(found.party_size)],
      [t("reservations.restaurant"), found.restaurant],
      [t("reservations.notes"), found.notes],
      [t("reservations.email"), found.email],
      [t("reservations.number"),
        found.wa_number_hash && h("span", { class: "code" }, found.wa_number_hash)],
      [t("reservations.intent"), found.intent],
      [t("reservations.locale"), found.locale && t(`common.language_${found.locale}`)],
      [t("reservations.timers"), found.timers.length > 0 && h("a", {
        href: address("timers", null, { reservation_id: found.reservation_id }),
      }, t("reservations.to_timers"))],
      [t("reservations.events"),
        h("a", { href: address("events", null, { q: found.reservation_id }) },
        t("reservations.to_events"))],
    ])));
}

/** What was, and what is to come. */
function steps(found) {
  const told = found.history.map(({ at, what }) => {
    const { title, status, moment } = past(what);
    return { status, title, at, text: moment && wall(moment, found.timeZone) };
  });
  const skipped = found.reminders.filter(({ state }) => state === "skipped")
    .filter(({ name }) => !found.history.some(({ what }) => what.startsWith(`reminder ${name} `)));
  const note = skipped.length > 0 && {
    status: "skipped", title: t("reservations.skipped",
      { names: skipped.map(({ name }) => name).join(", ") }),
    text: t("reservations.skipped_text"),
  };
  const ahead = found.timers.map(({ kind, due_at: at }) => ({
    status: "waiting", ahead: true, title: kindName(kind), at, text: wall(at, found.timeZone),
  }));
  return [...told, note, ...ahead].filter(Boolean);
}

function said(found) {
  if (!found) return h("p", { class: "quiet" }, t("reservations.no_person"));
  const link = h("a", { href: address("leads", found.lead.lead_id) }, t("reservations.to_lead"));
  if (found.lines.length === 0) return h("p", { class: "quiet" }, t("reservations.no_messages"),
    " ", link);
  return [thread(found.lines), h("p", null, link)];
}
