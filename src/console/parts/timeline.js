// @ts-check
// What happened one after the other, and what is still to come.

import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { time } from "../lib/time.js";
import { markOf, tone } from "./bits.js";

/**
 * @typedef {{status: string, title: any, at?: string|null, took?: string|null, text?: any, more?:
 * any,
 *   ahead?: boolean, symbol?: string}} Step
 * @param {Step[]} steps
 */
export function timeline(steps) {
  return h("ol", { class: "steps" }, steps.map((step) =>
    h("li", { class: ["step", step.ahead && "is-ahead"] },
      h("span", { class: ["step-mark", !step.ahead && tone(step.status)] },
        icon(step.symbol ?? markOf(step.status))),
      h("div", { class: "stack-small" },
        h("div", { class: "step-line" },
          h("span", { class: "strong" }, step.title),
          h("span", { class: "end" },
            step.took, step.took && step.at && " · ", step.at && time(step.at, "local"),
            step.at && " · ", step.at && time(step.at))),
        step.text && h("div", { class: "step-text" }, step.text),
        step.more))));
}
