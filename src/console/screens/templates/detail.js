// @ts-check
// One template: its words at the left, what they come to at the right, with data that can be
// changed.

import { asCurl, get, patch, post } from "../../lib/api.js";
import { h, put } from "../../lib/dom.js";
import { LANGUAGES, t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { may, tenant } from "../../lib/session.js";
import { forgetSettings } from "../../lib/zone.js";
import { button, channel, copy, facts, hint, pill, section, tag } from "../../parts/bits.js";
import { ask } from "../../parts/dialog.js";
import { field, showProblem, values } from "../../parts/form.js";
import { notice, refused } from "../../parts/notice.js";
import { fillWith, state } from "../../parts/states.js";
import { preview } from "./preview.js";

/** How long nobody must have typed before the preview is made anew. */
const REST_MS = 400;
/** Templates are written for these. */
const CHANNELS = ["slack", "email", "whatsapp"];
const PREVIEW = "/api/v1/admin/templates/preview";

/**
 * @param {string} key event type, channel and language with `~` between
 * @param {HTMLElement} box
 * @param {() => void} refresh
 */
export function detail(key, box, refresh) {
  const [event_type = "", kind = "", locale = ""] = key.split("~");
  const of = { event_type, channel: kind, locale };
  if (!CHANNELS.includes(kind) || !LANGUAGES.includes(locale) || !event_type.includes(".")) {
    return put(box, state({ symbol: "templates", title: t("templates.none"), text: t("templates.none_text") },
      h("a", { class: "button", href: address("templates") }, t("templates.to_all"))));
  }
  const show = () => fillWith(box, async () => {
    const { items } = await get("/api/v1/admin/templates",
      { event_type, channel: kind, locale, limit: 10 });
    return items.find((item) => item.event_type === event_type && item.from === "tenant")
      ?? items.find((item) => item.event_type === event_type) ?? { ...of, from: "built-in" };
  }, (found) => view(found, of, () => {
    show();
    refresh();
  }));
  show();
}

function view(found, of, done) {
  const isOwn = found.from === "tenant";
  const shown = h("div", { class: "stack-small" });
  // To try words out is work, which a viewer does not do.
  const mayTry = may("operator");
  const form = mayTry && editor(found, of, shown, done);
  const example = !mayTry && found.example && preview(of.channel, found.example);
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" },
        h("h1", null, word(`templates.type.${of.event_type}`, of.event_type)),
        isOwn ? pill("enabled", { text: t("templates.own") })
          : pill("ignored", { text: t("templates.built_in") })),
      h("div", { class: "row" }, tag(of.event_type), channel(of.channel),
        h("span", { class: "quiet" }, t(`common.language_${of.locale}`)))),
    mayTry ? section(t("templates.preview"), shown)
      : example && section(t("templates.preview"), example),
    mayTry ? section(t(isOwn ? "templates.source" : "templates.write_own"),
      h("p", { class: "quiet" }, may("admin") ? !isOwn && t("templates.write_own_text")
        : t("templates.try_text")), form)
      : isOwn && section(t("templates.source"), source(found.template)));
}

/** The words of a template as they are kept. */
function source(template = {}) {
  const names = ["subject", "text", "html"].filter((name) => template[name]);
  return facts(names.map((name) => [t(`templates.field_${name}`),
    h("span", { class: "pre" }, template[name])]));
}

function editor(found, of, shown, done) {
  const { template = {} } = found;
  const mayWrite = may("admin");
  const isMail = of.channel === "email";
  const area = (name, value, rows) => field({
    name: `template.${name}`, label: t(`templates.field_${name}`), type: "area", rows,
    class: "code", value: value ?? "",
    placeholder: name === "text" ? "{{ name }}, {{ date_time|datetime }}" : "",
  });
  const form = h("form", { class: "stack", novalidate: true },
    isMail && field({ name: "template.subject", label: t("templates.field_subject"),
      value: template.subject ?? "" }),
    area("text", template.text, 5), isMail && area("html", template.html, 7),
    h("details", null, h("summary", null, t("templates.data")),
      h("div", { class: "further" }, field({
        name: "data", label: t("templates.data_label"), type: "area", rows: 7, class: "code",
        hint: t("templates.data_hint"), placeholder: "{}",
      }))),
    mayWrite && h("div", { class: "row" },
      h("button", { class: "button main" }, t("templates.save")),
      found.from === "tenant" && button(t("templates.back"), () => giveBack(of, done),
        { kind: "danger" }),
      button(t("common.copy_curl"), () => copy(asCurl("POST", PREVIEW, { body: of })),
        { symbol: "code", kind: "plain" })));
  let timer = 0;
  let asked = 0;
  const look = async () => {
    const turn = (asked += 1);
    try {
      const body = request(of, values(form));
      const made = await post(PREVIEW, body);
      if (turn !== asked) return;
      clear(form);
      put(shown, preview(of.channel, made));
    } catch (error) {
      if (turn !== asked) return;
      const said = /** @type {any} */ (error);
      if (said.field) showQuietly(form, said);
      else put(shown, hint(said.message, "bad", "failed"));
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, REST_MS);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const { template } = request(of, values(form));
      if (!template) throw Object.assign(new Error(t("templates.no_text")),
        { field: "template.text" });
      await write(of, template);
      notice(t("templates.saved"), "good");
      done();
    } catch (error) {
      showProblem(form, error);
    }
  });
  look();
  return form;
}

/**
 * What is asked for: the words in the form where there are any, else the tenant's or the built-in
 * ones.
 */
function request(of, said) {
  const text = said["template.text"];
  const body = { ...of };
  if (text) {
    body.template = { text };
    for (const name of ["subject",
      "html"]) if (said[`template.${name}`]) body.template[name] = said[`template.${name}`];
  }
  if (!said.data) return body;
  try {
    return { ...body, data: JSON.parse(said.data) };
  } catch (error) {
    throw Object.assign(new Error(/** @type {Error} */ (error).message), { field: "data" });
  }
}

/** The tenant's templates are among its settings. */
async function write({ event_type: type, channel: kind, locale }, template) {
  try {
    await patch(`/api/v1/admin/tenants/${encodeURIComponent(tenant())}`,
      { templates: { [type]: { [kind]: { [locale]: template } } } });
    forgetSettings();
  } catch (error) {
    const said = /** @type {any} */ (error);
    const end = said.field?.match(/(subject|text|html)$/)?.[1];
    throw Object.assign(said, { field: end ? `template.${end}` : said.field });
  }
}

async function giveBack(of, done) {
  const sure = await ask({ title: t("templates.back"), text: t("templates.back_ask"),
    yes: t("templates.back"), danger: true });
  if (!sure) return;
  await write(of, null).then(() => {
    notice(t("templates.given_back"), "good");
    done();
  }, refused);
}

/** A problem beside its field, without taking the focus from where somebody writes. */
function showQuietly(form, error) {
  const writes = document.activeElement;
  showProblem(form, error);
  if (writes instanceof HTMLElement && form.contains(writes)) writes.focus();
}

function clear(form) {
  for (const old of form.querySelectorAll(".field-error")) old.remove();
  for (const old of form.querySelectorAll("[aria-invalid]")) old.removeAttribute("aria-invalid");
}
