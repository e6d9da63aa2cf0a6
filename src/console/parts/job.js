// @ts-check
// Work on many: counted first, asked for with the count, done to what was counted, and watched until
// its end.

import { h } from "../lib/dom.js";
import { get, post, serverNow } from "../lib/api.js";
import { number, percent, t, word } from "../lib/i18n.js";
import { local } from "../lib/time.js";
import { button, hint, pill } from "./bits.js";
import { decision, openDialog } from "./dialog.js";
import { reasonField } from "./reason.js";
import { failed, bones } from "./states.js";

/** How often a job is asked how far it is. */
const PERIOD_MS = 1_000;

/**
 * Counts what a filter chooses, asks, starts the job and shows how far it comes. What comes in after
 * the count is not meant: `bound` names the field that says so. Where the count has changed by the time
 * that it is confirmed, that is told and asked anew.
 * @param {{path: string, body: any, title: string, text: (count: string) => string, yes: string,
 *   bound?: "to"|"until", danger?: boolean, isJob?: boolean, done?: () => void}} work
 *   `isJob`: whether a job does it, rather than the request itself
 */
export async function bulk({
  path, body: chosen, title, text, yes, bound = "to", danger = false, isJob = true,
  done = () => {},
}) {
  const watching = new AbortController();
  const dialog = openDialog({ title, body: bones(3), closed: () => watching.abort() });
  const at = new Date(serverNow()).toISOString();
  const body = { ...chosen, [bound]: earlier(chosen[bound], at) };
  const step = async (action) => {
    try {
      await action();
    } catch (error) {
      dialog.show(failed(error, () => step(action)), null);
    }
  };
  const reason = reasonField();
  const count = () => post(path, { ...body, dry_run: true });
  const spelled = ({ count, complete }) => number(count) + (complete === false ? "+" : "");

  function question(counted, before = null) {
    const others = counted.refused > 0
      && h("p", { class: "quiet" }, t("common.bulk_refused", { count: counted.refused }));
    if (counted.count === 0) {
      dialog.show([hint(t("common.bulk_none")), others], button(t("common.close"), dialog.close));
      return;
    }
    const { foot, confirm, focus } = decision({ yes, danger }, dialog.close, () => step(() => {
      confirm.disabled = true;
      return begin(counted);
    }));
    dialog.show([
      before && hint(t("common.bulk_changed",
        { before: spelled(before), now: spelled(counted) }), "", "alerts"),
      h("p", null, text(spelled(counted))), others,
      h("p", { class: "quiet" }, t("common.bulk_as_of", { time: local(at) }),
        isJob && ` ${t("common.bulk_how")}`),
      reason.element,
    ], foot);
    focus();
  }

  async function begin(confirmed) {
    const now = await count();
    if (watching.signal.aborted) return;
    if (now.count !== confirmed.count) return question(now, confirmed);
    const begun = await post(path, { ...body, ...reason.said() });
    if (begun.job_id) await watch(dialog, begun.job_id, watching.signal, confirmed);
    else dialog.show(atOnce(begun), button(t("common.close"), dialog.close, { kind: "main" }));
    done();
  }

  await step(async () => question(await count()));
}

/** The earlier of two moments, of which the first may be missing. */
function earlier(one, other) {
  return one && Date.parse(one) < Date.parse(other) ? one : other;
}

/** What came of work that the request itself did. */
function atOnce({ processed = [], quarantined = [], left = 0 }) {
  return h("div", { class: "stack-small" },
    h("div", { class: "row" }, pill(quarantined.length > 0 || left > 0 ? "waiting" : "done",
      { text: t("common.at_once", { done: number(processed.length) }) })),
    quarantined.length > 0 && hint(t("common.at_once_aside", { count: quarantined.length }), "bad"),
    left > 0 && hint(t("common.at_once_left", { count: left })));
}

/** Shows a job in a dialog until it ends, or the dialog is closed: the job goes on then. */
async function watch(dialog, id, signal, confirmed) {
  for (;;) {
    const job = await get(`/api/v1/jobs/${id}`);
    if (signal.aborted) return;
    const runs = job.state === "running";
    const stop = button(t("common.job_cancel"), () => post(`/api/v1/jobs/${id}/cancel`),
      { kind: "danger" });
    const differs = job.state === "done" && confirmed.complete !== false
      && job.matched !== confirmed.count + (confirmed.refused ?? 0);
    dialog.show([jobView(job), differs && hint(t("common.bulk_differs",
      { before: number(confirmed.count), now: number(job.matched - job.refused) }), "", "alerts")], [runs && stop, button(t("common.close"), dialog.close,
      { kind: runs ? "" : "main" })]);
    if (!runs) return;
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  }
}

/** How a job stands. */
export function jobView(job) {
  const known = job.progress !== null;
  const share = job.state === "done" ? 1 : job.progress ?? 0;
  return h("div", { class: "stack-small" },
    h("div", { class: "row" }, pill(job.state), h("span", { class: "strong" },
      word(`common.task.${job.task}`)), h("span", { class: "quiet" }, job.id)),
    h("div", {
      class: ["progress", !known && job.state === "running" && "is-unknown"], role: "progressbar",
      "aria-label": t("common.job_progress"), "aria-valuemin": 0, "aria-valuemax": 100,
      "aria-valuenow": known ? Math.round(share * 100) : null, vars: { "--share": share },
    }, h("span")),
    h("p", { class: "quiet" }, t("common.job_counts", {
      done: job.done, matched: job.matched, share: known ? percent(share, 0) : "…",
    })),
    job.reason && h("p", { class: "quiet" }, t("common.reason"), ": ", job.reason),
    job.error && hint(job.error, "bad"), notDone(job));
}

/** What it could not be done with, the first of them by name. */
function notDone({ skipped = 0, refused = 0, not_done: all = [] }) {
  if (skipped + refused === 0) return null;
  const rest = skipped + refused - all.length;
  return h("details", { class: "not-done", open: refused > 0 },
    h("summary", null, t("common.job_not_done",
      { skipped: number(skipped), refused: number(refused) })),
    h("ul", { class: "mini-list" }, all.map(({ id, why }) => h("li", null,
      h("span", { class: "strong" }, id ?? "–"),
      h("span", { class: "grow quiet" }, word(`common.not_done.${why}`)))),
      rest > 0 && h("li", { class: "quiet" }, t("common.each_more", { count: rest }))));
}
