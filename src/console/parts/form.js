// @ts-check
// Fields of forms: a label, a hint, and what the server said of it, tied together for readers by
// ear too.

import { h, unique } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icons.js";
import { withoutField } from "../lib/refusals.js";
import { button } from "./bits.js";
import { inWords, refused } from "./notice.js";

/**
 * @typedef {{name: string, label: string, hint?: string, type?: string, value?: any,
 *   choices?: [string, string][], required?: boolean, placeholder?: string, wide?: boolean,
 *   rows?: number, autocomplete?: string, [more: string]: any}} Field
 */

/**
 * A field by its description; `type` is text, password, select, area, check or date.
 * @param {Field} description
 */
export function field({ name, label, hint, type = "text", choices, wide, ...rest }) {
  const id = unique(name);
  const hintId = hint ? `${id}-hint` : null;
  const common = { id, name, "aria-describedby": hintId, ...rest };
  if (type === "check") {
    return h("label", { class: "check", "data-field": name },
      h("input", { type: "checkbox", ...common, checked: Boolean(rest.value), value: "on" }),
      h("span", null, label, hint && h("span", { id: hintId, class: "field-hint" }, " ", hint)));
  }
  return h("div", { class: ["field", wide && "wide"], "data-field": name },
    h("label", { for: id }, label), control(type, common, choices),
    hint && h("span", { id: hintId, class: "field-hint" }, hint));
}

function control(type, common, choices) {
  if (type === "select") {
    const { value, ...rest } = common;
    const shown = choices.map(([key, text]) =>
      h("option", { value: key, selected: key === String(value ?? "") }, text));
    return h("select", rest, shown);
  }
  if (type === "area") return h("textarea", { spellcheck: "false", ...common });
  const kind = type === "date" ? "datetime-local" : type;
  return h("input", { class: "input", type: kind, autocomplete: "off", ...common });
}

/** What stands in a form, by name; empty texts are left out. */
export function values(form) {
  const found = {};
  for (const element of form.elements) {
    if (!element.name || element.disabled || element.closest("[hidden]")) continue;
    if (element.type === "checkbox") found[element.name] = element.checked;
    else if (element.type === "radio") {
      if (element.checked) found[element.name] = element.value;
    } else if (element.value.trim() !== "") found[element.name] = element.value.trim();
  }
  return found;
}

/** Shows what the server said beside the field it named, or else as a notice. */
export function showProblem(form, error) {
  clearProblems(form);
  const path = error?.field ?? "";
  const box = boxOf(form, path);
  if (!box) return refused(error);
  const input = box.querySelector("input, select, textarea");
  input?.setAttribute("aria-invalid", "true");
  box.append(h("span", { class: "field-error", role: "alert" }, icon("failed"),
    // Its name stands above it.
    h("span", null, inWords({ ...error, message: withoutField(error), status: error.status }))));
  input?.focus();
}

/**
 * The field that a path names, or that which holds it: `filters.events[0]` is in `filters.events`.
 */
function boxOf(form, path) {
  for (let name = path; name !== ""; name = name.replace(/(^|[.[])[^.[]*$/, "")) {
    const box = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (box && !box.closest("[hidden]")) return box;
  }
  return null;
}

function clearProblems(form) {
  for (const old of form.querySelectorAll(".field-error")) old.remove();
  for (const old of form.querySelectorAll("[aria-invalid]")) old.removeAttribute("aria-invalid");
}

/**
 * A form whose submission calls the server once, with its button busy meanwhile.
 * @param {{fields: any, submit: (values: any) => Promise<void>, yes: string, cancel?: () => void}}
 * what
 */
export function makeForm({ fields, submit, yes, cancel }) {
  const send = h("button", { class: "button main" }, yes);
  const form = h("form", { class: "stack", novalidate: true }, fields,
    h("div", { class: "row" }, send, cancel && button(t("common.cancel"), cancel)));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearProblems(form);
    // What is plainly not there the server need not say, whose words are English.
    const missing = [...form.elements].find((element) => element.required && !element.disabled
      && element.type !== "checkbox" && element.value.trim() === "" && !element.closest("[hidden]"));
    if (missing) {
      return showProblem(form, { message: t("common.field_missing"), field: missing.name });
    }
    send.disabled = true;
    try {
      await submit(values(form));
    } catch (error) {
      showProblem(form, error);
    } finally {
      send.disabled = false;
    }
  });
  return form;
}
