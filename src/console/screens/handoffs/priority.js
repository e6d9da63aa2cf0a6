// @ts-check
// How soon a handoff is to be answered: it says who comes first, and moves no clock.

import { post } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { t, word } from "../../lib/i18n.js";
import { askFor } from "../../parts/asking.js";
import { pill } from "../../parts/bits.js";
import { field } from "../../parts/form.js";
import { notice } from "../../parts/notice.js";

/** @type {[string, string][]} The status whose colour each has; an ordinary one stands back. */
const MARKS = [["urgent", "critical"], ["high", "warning"], ["normal", ""], ["low", ""]];

/** Their names, the most urgent first. @returns {[string, string][]} */
export function priorities() {
  return MARKS.map(([name]) => [name, word(`handoffs.priority_${name}`)]);
}

/** A priority as it is shown. @param {string} name */
export function mark(name) {
  const text = word(`handoffs.priority_${name}`, name);
  const status = MARKS.find(([known]) => known === name)?.[1];
  return status ? pill(status, { text }) : h("span", { class: "quiet" }, text);
}

/** @param {any} item @param {string} path @param {() => void} done */
export function prioritize(item, path, done) {
  ask(item.priority, async (priority) => {
    await post(`${path}/actions`, { action: "priority", priority });
    return () => {
      notice(t("handoffs.done_priority"), "good");
      done();
    };
  });
}

/** Asks for one, and goes on with that. @param {(priority: string) => void} next */
export function prioritizeSeveral(next) {
  ask("normal", async (priority) => () => next(priority));
}

/** @param {string} value @param {(priority: string) => Promise<() => void>} act */
function ask(value, act) {
  askFor({
    title: t("handoffs.prioritize"), yes: t("common.save"),
    fields: field({ name: "priority", label: t("handoffs.priority"), type: "select", value,
      choices: priorities() }),
    act: ({ priority }) => act(priority),
  });
}
