// @ts-check
// Work on many: counted first, asked for with the count, then watched until its end.

import { h } from "../lib/dom.js";
import { get, post } from "../lib/api.js";
import { number, percent, t, word } from "../lib/i18n.js";
import { button, hint, pill } from "./bits.js";
import { openDialog } from "./dialog.js";
import { failed, bones } from "./states.js";

/** How often a job is asked how far it is. */
const PERIOD_MS = 1_000;

/**
 * Counts what a filter chooses, asks, starts the job and shows how far it comes.
 * @param {{path: string, body: any, title: string, text: (count: string) => string, yes: string,
 *   danger?: boolean, isJob?: boolean, done?: () => void}} work
 *   `isJob`: whether a job does it, rather than the request itself
 */
export async function bulk({
  path, body, title, text, yes, danger = false, isJob = true, done = () => {},
}) {
  const watching = new AbortController();
  const dialog = openDialog({ title, body: bones(3), closed: () => watching.abort() });
  const step = async (action) => {
    try {
      await action();
    } catch (error) {
      dialog.show(failed(error, () => step(action)), null);
    }
  };
  await step(async () => {
    const counted = await post(path, { ...body, dry_run: true });
    if (counted.count === 0) {
      dialog.show(hint(t("common.bulk_none")), button(t("common.close"), dialog.close));
      return;
    }
    const count = number(counted.count) + (counted.complete === false ? "+" : "");
    const start = button(yes, () => step(async () => {
      start.disabled = true;
      const begun = await post(path, body);
      if (begun.job_id) await watch(dialog, begun.job_id, watching.signal);
      else dialog.show(atOnce(begun), button(t("common.close"), dialog.close, { kind: "main" }));
      done();
    }), { kind: danger ? "main danger" : "main" });
    const cancel = button(t("common.cancel"), dialog.close);
    dialog.show([h("p", null, text(count)),
      isJob && h("p", { class: "quiet" }, t("common.bulk_how"))],
      [cancel, start]);
    start.focus();
  });
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
async function watch(dialog, id, signal) {
  for (;;) {
    const job = await get(`/api/v1/jobs/${id}`);
    if (signal.aborted) return;
    const runs = job.state === "running";
    const stop = button(t("common.job_cancel"), () => post(`/api/v1/jobs/${id}/cancel`),
      { kind: "danger" });
    dialog.show(jobView(job), [runs && stop, button(t("common.close"), dialog.close,
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
    job.error && hint(job.error, "bad"));
}
