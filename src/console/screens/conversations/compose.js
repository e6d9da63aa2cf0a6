// @ts-check
// A reply to the customer: in one's own words while WhatsApp takes them, with the time that is left, and as an
// approved template otherwise. It stays the element that it is while the thread above it is shown anew, and what was
// begun in it with it.

import { newKey, postOnce } from "../../lib/api.js";
import { h, put } from "../../lib/dom.js";
import { draftOf, keepDraft, keepName, nameOf } from "../../lib/drafts.js";
import { t, word } from "../../lib/i18n.js";
import { may } from "../../lib/session.js";
import { keep } from "../../lib/storage.js";
import { button, hint } from "../../parts/bits.js";
import { clock } from "../../parts/clock.js";
import { field, makeForm } from "../../parts/form.js";
import { inWords, notice } from "../../parts/notice.js";
import { NAME_MAX, myName } from "../handoffs/claim.js";

const TEXT_MAX = 4_096;
const PARAMETER_MAX = 200;
const OTHER = "other";
const WORDS = { left: "conversations.window_left", soon: "conversations.window_soon",
  over: "conversations.window_over" };

/**
 * @param {string} path the conversation's @param {() => void} done
 * @returns {{element: HTMLElement, update: (found: any) => void}}
 */
export function composer(path, done) {
  const left = h("div");
  const box = h("div");
  const whose = h("div");
  const element = h("section", { class: "section", "data-kept": "" },
    h("h3", null, t("conversations.reply")), whose, left, box);
  const send = sender(path, done);
  let shown = "";

  function update({ channel, reply, last_received_at: from, held_by: by }) {
    element.hidden = !may("operator") || channel !== "whatsapp";
    const { refused, free_until: until, templates } = reply;
    put(left, until && clock({ until, from, words: WORDS }));
    const next = JSON.stringify([refused, until !== null, templates]);
    if (next !== shown) {
      shown = next;
      put(box, refused ? hint(inWords({ message: refused, status: 409 }), "bad")
        : until ? free(send, path) : byTemplate(templates, send, path));
    }
    // What was begun stays, for whoever takes it over.
    const isAnothers = by !== null && by !== myName();
    put(whose, isAnothers && h("div", { class: "row" },
      hint(t("conversations.held_by_another", { name: by }), "bad"),
      button(t("conversations.i_am", { name: by }), () => {
        keep("name", by);
        done();
      }, { kind: "small" })));
    for (const each of box.querySelectorAll("input, textarea, select, button")) {
      /** @type {HTMLInputElement} */ (each).disabled = isAnothers;
    }
    const who = /** @type {HTMLInputElement | null} */ (box.querySelector("[name=by]"));
    if (who && by !== null && !isAnothers) who.value = by;
    if (who) who.oninput = () => keepName(path, who.value);
  }
  return { element, update };
}

/** Sends what was said, under one key until it was taken or something else is said. */
function sender(path, done) {
  let said = "";
  let key = "";
  return async (words, by) => {
    const body = { action: "reply", ...words, ...(by && { by }) };
    const next = JSON.stringify(body);
    if (next !== said) [said, key] = [next, newKey()];
    await postOnce(`${path}/actions`, body, key);
    said = "";
    if (by) keep("name", by);
    keepName(path, "");
    notice(t("conversations.reply_taken"), "good");
    done();
  };
}

/** @param {any} send @param {string} place where what is begun belongs */
function free(send, place) {
  const form = makeForm({
    fields: [field({ name: "text", label: t("conversations.reply_text"), type: "area", rows: 3,
      maxlength: TEXT_MAX, required: true, spellcheck: "true", value: draftOf(place),
      oninput: (event) => keepDraft(place, event.target.value),
      onkeydown: (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      } }), name(place)],
    yes: t("conversations.reply_send"),
    submit: async ({ text, by }) => {
      await send({ text }, by);
      keepDraft(place, "");
      form.elements.text.value = "";
    },
  });
  return form;
}

/** @param {any} templates @param {any} send @param {string} place */
function byTemplate(templates, send, place) {
  const filling = h("div", { class: "stack" });
  const choose = (value) => put(filling, filled(templates[value]));
  const titled = ({ purpose, template, language }) =>
    `${template} · ${language} · ${word(`conversations.purpose_${purpose}`, purpose)}`;
  const choices = templates.map((one, index) => [String(index), titled(one)]);
  const form = makeForm({
    fields: [h("p", { class: "quiet" }, t("conversations.window_closed_text")),
      field({ name: "chosen", label: t("conversations.template"), type: "select",
        choices: [...choices, [OTHER, t("conversations.template_other")]],
        onchange: (event) => choose(event.target.value) }), filling, name(place)],
    yes: t("conversations.template_send"),
    submit: async ({ chosen, by, ...said }) => {
      const known = templates[chosen];
      const lines = known ? Array.from({ length: known.parameters }, (_, place) =>
        said[`template.parameters[${place}]`] ?? "")
        : (said["template.parameters"] ?? "").split("\n").map((line) => line.trim()).filter(Boolean);
      const { template, language } = known
        ?? { template: said["template.name"] ?? "", language: said["template.language"] ?? "" };
      await send({ template: { name: template, language, parameters: lines } }, by);
      choose(chosen);
    },
  });
  choose(choices[0]?.[0] ?? OTHER);
  return form;
}

/** What a template takes; of one that the settings do not name all is asked. */
function filled(known) {
  if (known) {
    return Array.from({ length: known.parameters }, (_, place) => field({
      name: `template.parameters[${place}]`, label: t("conversations.template_fills", { place: place + 1 }),
      maxlength: PARAMETER_MAX, required: true,
    }));
  }
  return [
    field({ name: "template.name", label: t("conversations.template_name"),
      hint: t("conversations.template_name_hint"), placeholder: "hola_otra_vez", required: true }),
    field({ name: "template.language", label: t("conversations.template_language"),
      placeholder: "es", required: true }),
    field({ name: "template.parameters", label: t("conversations.template_parameters"),
      hint: t("conversations.template_parameters_hint"), type: "area", rows: 2 }),
  ];
}

/** @param {string} place */
function name(place) {
  return field({ name: "by", label: t("conversations.reply_by"), hint: t("conversations.reply_by_hint"),
    value: nameOf(place) || myName(), maxlength: NAME_MAX, autocomplete: "name" });
}
