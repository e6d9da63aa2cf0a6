// @ts-check
// A line under the bar for what concerns every screen: the server takes nothing, a channel is paused, the
// session ends soon.

import { h, put } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { t, word } from "../lib/i18n.js";
import { watchStream } from "../lib/live.js";
import { address } from "../lib/router.js";
import { current } from "../lib/session.js";
import { time } from "../lib/time.js";
import { pausedChannels, watchSettings } from "../lib/zone.js";
import { pausedBy } from "./bits.js";

const PERIOD_MS = 60_000;
/** While the server does not answer, or takes nothing, it is asked so often. */
const TROUBLE_MS = 3_000;
/** A server that has not answered by then does not. */
const PATIENCE_MS = 10_000;
/** A session that ends within so long is told of. */
const SOON_MS = 10 * 60_000;

/** The place of the line, which looks after itself, and tells the page when the server is there again. */
export function banner() {
  const box = h("div", { role: "status" });
  let due = 0;
  let asked = 0;
  let isIll = false;
  const look = async () => {
    clearTimeout(due);
    due = setTimeout(look, PERIOD_MS);
    if (document.hidden) return;
    const mine = (asked += 1);
    const [problem, paused] = await Promise.all([readiness(), pausedChannels()]);
    if (mine !== asked) return;
    if (problem) {
      clearTimeout(due);
      due = setTimeout(look, TROUBLE_MS);
    } else if (isIll) {
      dispatchEvent(new Event("sereno-back"));
    }
    isIll = problem !== null;
    const ends = current()?.expires_at;
    const isSoon = ends && Date.parse(ends) - Date.now() < SOON_MS;
    put(box, problem && line(problem), paused.map(pause), isSoon && line([t("common.session_ends"), " ", time(ends)]));
  };
  watchSettings(look);
  watchStream(() => asked > 0 && look());
  // The first look can wait until there is something to see.
  due = setTimeout(look, 2_000);
  return box;
}

/** Why the server takes no events, if it does not. */
async function readiness() {
  try {
    const response = await fetch("/readyz", { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) return null;
    const { detail } = await response.json();
    return t("common.not_ready", { why: detail ?? response.statusText });
  } catch {
    return t("common.no_answer");
  }
}

/** That a channel is paused, with the way to what it holds. */
function pause({ channel, paused_by_hand: by }) {
  return line([t("common.channel_paused", { channel: word(`common.channel.${channel}`) }), " ",
    by && [pausedBy(by), " "],
    h("a", { href: address("deliveries", null, { status: "held", channel }) }, t("common.see_held"))]);
}

function line(text) {
  return h("div", { class: "banner" }, icon("alerts"), h("span", null, text));
}
