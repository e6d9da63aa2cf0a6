// @ts-check
// Dialogs: questions before something is done, and forms. The browser's own element keeps the focus
// in.

import { h, put, unique } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { button, iconButton } from "./bits.js";

/**
 * Opens a dialog; `body` and `foot` may be put anew by what `show` was given.
 * @param {{title: string, body: any, foot?: any, closed?: () => void}} what
 */
export function openDialog({ title, body, foot, closed = () => {} }) {
  const name = unique("dialog");
  const bodyBox = h("div", { class: "dialog-body" }, body);
  const footBox = h("div", { class: "dialog-foot", hidden: !foot }, foot);
  const element = h("dialog", { class: "dialog", "aria-labelledby": name },
    h("div", { class: "dialog-head" },
      h("h2", { id: name }, title),
      iconButton("cross", t("common.close"), () => element.close())),
    bodyBox, footBox);
  element.addEventListener("close", () => {
    element.remove();
    closed();
  });
  element.addEventListener("click", (event) => {
    if (event.target === element) element.close();
  });
  document.body.append(element);
  element.showModal();
  return {
    element,
    close: () => element.close(),
    show: (nextBody, nextFoot) => {
      put(bodyBox, nextBody);
      footBox.hidden = !nextFoot;
      put(footBox, nextFoot);
      bodyBox.querySelector("input, select, textarea")?.focus();
    },
  };
}

/**
 * The two buttons under a question. Beside what cancels something "Cancel" would say either; and a key that was
 * pressed once too often must not do what cannot be undone.
 * @param {{yes: string, danger: boolean, disabled?: boolean}} what
 * @param {() => void} leave @param {() => void} act
 */
export function decision({ yes, danger, disabled = false }, leave, act) {
  const no = button(t(danger ? "common.leave_as_is" : "common.cancel"), leave);
  const confirm = button(yes, act, { kind: danger ? "main danger" : "main", disabled });
  return { foot: [no, confirm], confirm, focus: () => (danger ? no : confirm).focus() };
}

/**
 * Asks before something is done. `type` demands that a word be typed where it cannot be undone.
 * `more` is a field beside the question.
 * @param {{title: string, text: any, yes: string, danger?: boolean, type?: string, more?: any}}
 * question
 * @returns {Promise<boolean>}
 */
export function ask({ title, text, yes, danger = false, type, more }) {
  return new Promise((resolve) => {
    let answer = false;
    const { foot, confirm, focus } = decision({ yes, danger, disabled: Boolean(type) },
      () => dialog.close(), () => {
        answer = true;
        dialog.close();
      });
    const typed = type && h("input", {
      class: "input", autocomplete: "off",
        "aria-label": t("common.type_to_confirm", { word: type }),
      oninput: (event) => (confirm.disabled = event.target.value.trim() !== type),
    });
    const dialog = openDialog({
      title,
      body: [h("p", null, text), more, type && h("div", { class: "field" },
        h("span", { class: "field-label" }, t("common.type_to_confirm", { word: type })), typed)],
      foot,
      closed: () => resolve(answer),
    });
    if (typed) typed.focus();
    else focus();
  });
}
