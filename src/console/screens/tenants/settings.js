// @ts-check
// A tenant's settings as forms, one for each section: only what was changed is sent, and what the
// server says of a value stands beside its field.

import { patch } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { has, t } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { tenant } from "../../lib/session.js";
import { forgetSettings } from "../../lib/zone.js";
import { button, hint } from "../../parts/bits.js";
import { ask } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { notice, refused } from "../../parts/notice.js";
import { ELSEWHERE, SECTIONS, at, place, shown, written } from "./fields.js";
import { secretNames } from "./secrets.js";
import { sources } from "./sources.js";

/** @param {string} path @param {any} settings @param {() => Promise<void>} renew shows them anew */
export function settingsForms(path, settings, renew) {
  const save = async (change) => {
    await patch(path, change);
    forgetSettings();
    notice(t("tenants.saved"), "good");
    await renew();
  };
  const made = [
    ...SECTIONS.map((section) => card(section.name, section.symbol, form(section, settings, save))),
    card("sources", "inbound", sources(settings.sources ?? {}, save)),
    card("secrets", "keys", secretNames(settings.secrets ?? [], save)),
    card("templates", "templates", h("p", null, t("tenants.templates_text"), " ", isLookedAt(path)
      && h("a", { href: address("templates") }, t("common.screen.templates")))),
    card("others", "code", others(settings, save)),
  ];
  const nav = made.map((one) => h("a", {
    href: `#${one.id}`, onclick: (event) => {
      // The address is the screen's, not a place in it.
      event.preventDefault();
      one.scrollIntoView();
      one.querySelector("input, select, textarea, button, a")?.focus({ preventScroll: true });
    },
  }, one.querySelector("h2").textContent));
  return h("div", { class: "settings" },
    h("nav", { class: "settings-nav", "aria-label": t("tenants.sections") }, nav),
    h("div", { class: "stack" }, made));
}

/** Whether the tenant of these settings is the one that the other screens show. */
function isLookedAt(path) {
  return path.endsWith(`/${tenant()}`);
}

function card(name, symbol, ...content) {
  const lead = `tenants.section_${name}_text`;
  return h("section", { class: "card stack", id: `set-${name}` },
    h("div", null, h("h2", { class: "row" }, icon(symbol), t(`tenants.section_${name}`)),
      has(lead) && h("p", { class: "quiet" }, t(lead))), content);
}

/** @param {import("./fields.js").Section} section */
function form(section, settings, save) {
  const made = makeForm({
    fields: h("div", { class: "form-grid" },
      section.settings.map((setting) => fieldOf(setting, settings))),
    yes: t("common.save"),
    submit: async () => {
      const change = {};
      for (const setting of section.settings) {
        const value = /** @type {any} */ (made.elements.namedItem(setting.path)).value;
        const before = shown(setting, at(settings, setting.path));
        if (value.trim() !== before) place(change, setting.path, written(setting, value));
      }
      if (Object.keys(change).length === 0) return notice(t("tenants.unchanged"));
      await save(change);
    },
  });
  const root = section.removes;
  if (root && settings[root]) {
    made.lastChild.append(button(t("tenants.remove"), async () => {
      const sure = await ask({
        title: t("tenants.remove"), text: t(`tenants.remove_${section.name}`),
        yes: t("tenants.remove"), danger: true,
      });
      if (sure) await save({ [root]: null }).catch(refused);
    }, { kind: "plain danger" }));
  }
  return made;
}

function fieldOf(setting, settings) {
  const { path, kind, choices, example, words, wide } = setting;
  const hintKey = `tenants.set_hint.${path}`;
  const common = {
    name: path, label: t(`tenants.set.${path}`), wide, hint: has(hintKey) ? t(hintKey) : undefined,
    value: shown(setting, at(settings, path)), placeholder: example,
  };
  if (kind === "choice") {
    return field({ ...common, type: "select",
      choices: choices?.map((name) => [name, t(`${words}${name || "default"}`)]) });
  }
  if (kind === "flag") {
    const choices = [["", t("tenants.flag_default")], ["true", t("common.yes")],
      ["false", t("common.no")]];
    return field({ ...common, type: "select", choices: /** @type {any} */ (choices) });
  }
  if (kind === "secret") {
    return field({ ...common, type: "password", placeholder: t("tenants.secret_kept"),
      autocomplete: "new-password" });
  }
  if (kind === "holidays") return field({ ...common, type: "area", rows: 3 });
  return field({ ...common, ...(kind === "number" ? { inputmode: "decimal" } : {}) });
}

/** Whatever else the server has, as JSON: nothing that can be set is out of reach. */
function others(settings, save) {
  const covered = new Set([...ELSEWHERE, ...SECTIONS.flatMap(({ settings: all }) =>
    all.map(({ path }) => path.split(".")[0]))]);
  const names = [...new Set([...Object.keys(settings).filter((name) => !covered.has(name)),
    "alerts"])];
  return [hint(t("tenants.others_text")), names.map((name) => makeForm({
    fields: field({
      name, label: has(`tenants.set.${name}`) ? t(`tenants.set.${name}`) : name, type: "area",
      rows: 5, class: "code",
      value: settings[name] === undefined ? "" : JSON.stringify(settings[name], null, 2),
      placeholder: "{}",
    }),
    yes: t("common.save"),
    submit: async (said) => {
      let value = null;
      try {
        value = said[name] ? JSON.parse(said[name]) : null;
      } catch (error) {
        const why = /** @type {Error} */ (error).message;
        throw Object.assign(new Error(t("tenants.not_json", { why })), { field: name });
      }
      await save({ [name]: value });
    },
  }))];
}
