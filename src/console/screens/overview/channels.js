// @ts-check
// Each channel with its success; one that is paused says so, by whom, since when and why. Operators
// pause it and let it go on here.

import { post } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { percent, short, t, word } from "../../lib/i18n.js";
import { current, may } from "../../lib/session.js";
import { duration } from "../../lib/time.js";
import { forgetSettings } from "../../lib/zone.js";
import { button, channel, pausedBy, pill } from "../../parts/bits.js";
import { ask } from "../../parts/dialog.js";
import { notice, refused } from "../../parts/notice.js";
import { reasonField } from "../../parts/reason.js";

const NAMES = ["whatsapp", "webhook", "slack", "email"];

/**
 * @param {{by_channel: Record<string, any>}} deliveries what was counted
 * @param {{channel: string, paused_by_hand: any}[]} paused those by which nothing goes out
 * @param {() => void} changed
 */
export function channels({ by_channel: all }, paused, changed) {
  const pauseOf = (name) => paused.find((one) => one.channel === name);
  const isPaused = (name) => pauseOf(name) !== undefined;
  const mayPause = may("operator") && !current()?.portal;
  // Whoever may pause a channel may do so before anything went out by it.
  const names = NAMES.filter((name) => all[name]?.attempts > 0 || isPaused(name) || mayPause);
  if (names.length === 0) return h("p", { class: "quiet" }, t("overview.nothing"));
  return h("ul", { class: "attention" }, names.map((name) => {
    const { attempts = 0, success_rate: share = null, latency } = all[name] ?? {};
    const by = pauseOf(name)?.paused_by_hand;
    return h("li", null, h("div", { class: "grow stack-small" },
      h("div", { class: "row" }, channel(name), isPaused(name) && pill("paused"),
        h("span", { class: "grow" }),
        h("span", { class: "strong" }, percent(share)),
        h("span", { class: "quiet" }, t("overview.channel_note", {
          count: attempts, text: short(attempts), p95: duration(latency?.p95_ms ?? null),
        })),
        mayPause && toggle(name, isPaused(name), changed)),
      by && h("p", { class: "quiet small-text" }, pausedBy(by)),
      h("div", { class: "meter good", vars: { "--share": share ?? 0 } }, h("span"))));
  }));
}

function toggle(name, isPaused, changed) {
  const channel = word(`common.channel.${name}`);
  const deed = t(isPaused ? "overview.resume" : "overview.pause", { channel });
  const text = t(isPaused ? "overview.resume_word" : "overview.pause_word");
  return button(text, async () => {
    const reason = reasonField();
    const sure = isPaused || await ask({ title: deed, yes: deed,
      text: t("overview.pause_ask", { channel }), more: reason.element });
    if (!sure) return;
    const path = `/api/v1/channels/${name}/${isPaused ? "resume" : "pause"}`;
    await post(path, reason.said()).then(() => {
      forgetSettings();
      notice(t(isPaused ? "overview.resumed" : "overview.paused", { channel }), "good");
      changed();
    }, refused);
  }, { symbol: isPaused ? "play" : "pause", kind: "plain small", "aria-label": deed });
}
