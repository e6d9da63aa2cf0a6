// @ts-check
// One timer: what it is for, when it fires and why, what follows, and firing it now, moving or
// cancelling it.

import { asCurl, get, post } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { address, again, setQuery } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { fullTime, time } from "../../lib/time.js";
import { wall, zone } from "../../lib/zone.js";
import { button, copy, facts, id, pill, section, why } from "../../parts/bits.js";
import { clock } from "../../parts/clock.js";
import { ask } from "../../parts/dialog.js";
import { notice, refused } from "../../parts/notice.js";
import { fillWith } from "../../parts/states.js";
import { timeline } from "../../parts/timeline.js";
import { entityLink } from "./entity.js";
import { kindName } from "./kind.js";
import { mayMove, move } from "./move.js";
import { flat } from "./plan.js";

const CLOCK = { left: "timers.clock_left", soon: "timers.clock_soon", over: "timers.clock_over" };
/**
 * Timers that were seen: where one is gone, they know when what it was for is set now.
 * @type {Map<string, any>}
 */
const seen = new Map();

/** Keeps a timer that a list showed. */
export function remember(timer) {
  if (seen.size > 5_000) seen.clear();
  seen.set(timer.id, timer);
}

/** @param {string} key @param {HTMLElement} box @param {() => void} refresh */
export function detail(key, box, refresh) {
  const bring = async () => ({ timer: await find(key), timeZone: await zone() });
  fillWith(box, bring, ({ timer, timeZone }) => {
    if (!timer) return gone(key);
    const done = (text, moved) => {
      seen.delete(key);
      notice(text, "good");
      refresh();
      // One that was moved goes by another name, and is what whoever moved it wants to see.
      if (moved) return follow(moved.id);
      box.replaceChildren(gone(key));
    };
    return view(timer, timeZone, actions(timer, done));
  });
}

/** The timer, or nothing where it is set no more: then what is to come may hold what took its place. */
async function find(key) {
  try {
    return await get(`/api/v1/timers/${encodeURIComponent(key)}`);
  } catch (error) {
    if (![400, 404].includes(/** @type {any} */ (error).status)) throw error;
    seen.delete(key);
    const { items } = await get("/api/v1/timers", { limit: 500 });
    flat(items).forEach(remember);
    return null;
  }
}

/** To a timer, in the drawer or on its page, wherever the one before it was looked at. */
function follow(id) {
  const isOpen = new URLSearchParams(location.search).has("open");
  if (isOpen) return setQuery({ open: id }, { quietly: true });
  history.replaceState(null, "", address("timers", id));
  again();
}

/** What was looked for is no more; that which it was for may be set for another time. */
function gone(key) {
  const kind = key.slice(0, key.lastIndexOf(":") + 1);
  const next = [...seen.values()].find(({ id }) => kind !== "" && id.startsWith(kind));
  return h("div", { class: "stack-small" }, h("p", { class: "quiet" }, t("timers.gone")),
    next && h("p", null, h("a", { href: address("timers", next.id) }, t("timers.now_set"), " ",
      time(next.due_at, "local"))));
}

/** What cannot be cancelled: it would only be set again. */
const LASTING = ["alerts", "viewers", "signal"];

/** Whether cancelling it would hold. */
export function mayCancel({ kind }) {
  return !LASTING.includes(kind);
}

function actions(timer, done) {
  const path = `/api/v1/timers/${encodeURIComponent(timer.id)}`;
  const act = (what, danger) => async () => {
    const sure = await ask({
      title: t(`timers.${what}`),
      text: t(`timers.ask_${what}`, { name: kindName(timer.kind), of: timer.entity_id }),
      yes: t(`timers.${what}`), danger,
    });
    if (sure) await post(`${path}/${what}`).then(() => done(t(`timers.done_${what}`)), refused);
  };
  return h("div", { class: "row" },
    may("operator") && [
      button(t("timers.fire"), act("fire", false), { symbol: "events", kind: "main" }),
      mayMove(timer) && button(t("timers.move"),
        () => move(timer, (moved) => done(t("timers.done_move"), moved)), { symbol: "calendar" }),
      mayCancel(timer) && button(t("timers.cancel"), act("cancel", true),
        { symbol: "cross", kind: "danger" }),
    ],
    button(t("common.copy_curl"), () => copy(asCurl("POST", `${path}/fire`)),
      { symbol: "code", kind: "plain" }));
}

function view(timer, timeZone, actions) {
  const isLate = Date.parse(timer.due_at) < Date.now() - 1_000;
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" }, h("h1", null, kindName(timer.kind)),
        isLate && pill("failed", { text: t("timers.late") })),
      id(timer.id)),
    clock({ until: timer.due_at, words: CLOCK, big: true }),
    why(timer.why),
    actions,
    section(t("timers.facts"), facts([
      [t("timers.due"), h("span", { class: "stack-small" }, fullTime(timer.due_at),
        h("span", { class: "quiet" }, `${wall(timer.due_at, timeZone)} · ${timeZone}`))],
      [t("timers.of"), entityLink(timer)],
    ])),
    timer.then?.length > 0 && section(t("timers.afterwards"), timeline(timer.then.map((next) => ({
      status: "waiting", ahead: true, title: kindName(next.kind), at: next.due_at,
      text: next.why?.sentence,
    })))));
}
