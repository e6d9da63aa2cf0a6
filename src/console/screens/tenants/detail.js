// @ts-check
// One tenant: in the drawer what it is and its keys, on its page its settings, keys, links and its
// end.

import { asCurl, get, remove } from "../../lib/api.js";
import { h, put } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { address, go, onQuery, withChanges } from "../../lib/router.js";
import { chooseTenant, mayChooseTenant, tenant } from "../../lib/session.js";
import { fullTime } from "../../lib/time.js";
import { button, copy, facts, id as idShown, section } from "../../parts/bits.js";
import { ask } from "../../parts/dialog.js";
import { notice, refused } from "../../parts/notice.js";
import { revealButton } from "../../parts/reveal.js";
import { fillWith } from "../../parts/states.js";
import { tabs } from "../../parts/tabs.js";
import { keys } from "./keys.js";
import { linkForm } from "./links.js";
import { settingsForms } from "./settings.js";

const TABS = ["settings", "keys", "links"];
/** It has no tenant without it, and cannot be deleted. */
const FIRST = "default";

const pathOf = (id) => `/api/v1/admin/tenants/${encodeURIComponent(id)}`;

/** In the drawer. @param {string} key @param {HTMLElement} box @param {() => void} refresh */
export function summary(key, box, refresh) {
  fillWith(box, () => get(pathOf(key)), (found) => h("article", { class: "detail" },
    header(found),
    h("div", { class: "row" },
      h("a", { class: "button main", href: address("tenants", key) }, t("tenants.settings")),
      key !== tenant() && mayChooseTenant() && button(t("tenants.look_at"), () => lookAt(key),
        { symbol: "eye" }),
      button(t("common.copy_curl"), () => copy(asCurl("GET", pathOf(key))),
        { symbol: "code", kind: "plain" })),
    section(t("tenants.facts"), facts(factsOf(found))),
    section(t("tenants.keys"), keys(key)),
    deletion(key, refresh)));
}

/** On its own page. @param {string} key @param {any} view */
export function page(key, view) {
  const choice = h("div");
  const body = h("div");
  const box = h("div");
  const chosen = () => {
    const asked = new URLSearchParams(location.search).get("tab") ?? "";
    return TABS.includes(asked) ? asked : "settings";
  };
  let found = null;
  let reveal = null;
  const bring = () => get(pathOf(key), { reveal }, view.signal);
  const renew = async () => {
    found = await bring();
    face();
  };
  const keysFace = () => h("section", { class: "card" }, keys(key));
  const linksFace = () => h("section", { class: "card" }, linkForm(key));
  const settingsFace = () => h("div", { class: "stack" },
    reveal === null && h("div", null, revealButton(() => {
      reveal = true;
      renew().catch(refused);
    })), settingsForms(pathOf(key), found.settings, renew));
  const face = () => {
    put(choice, tabs(t("tenants.tabs"), TABS.map((name) => ({
      text: t(`tenants.${name}`), isHere: name === chosen(),
      href: withChanges({ tab: name === "settings" ? null : name }),
    }))));
    put(body, { settings: settingsFace, keys: keysFace, links: linksFace }[chosen()]?.());
  };
  let shown = "";
  onQuery(() => {
    if (!found || shown === chosen()) return;
    shown = chosen();
    face();
  });
  fillWith(box, bring, (answer) => {
    found = answer;
    shown = chosen();
    view.title(answer.name);
    face();
    return h("article", { class: "detail is-wide" }, header(answer), choice, body,
      deletion(key, () => go(address("tenants"))));
  });
  return box;
}

function header(found) {
  return h("header", { class: "detail-head" }, h("h1", null, found.name), idShown(found.id));
}

function factsOf({ created_at: at, settings }) {
  return [
    [t("tenants.created"), fullTime(at)],
    [t("tenants.set.timezone"), settings.timezone],
    [t("tenants.set.locale"), t(`common.language_${settings.locale}`)],
    [t("tenants.set.reminders"), settings.reminders.join(", ") || t("common.none")],
    [t("tenants.set.sla_after"), settings.sla_after],
    ["WhatsApp", settings.whatsapp?.phone_number_id],
    [t("common.channel.email"), settings.smtp?.host],
  ];
}

/** Its end: for good, so its id is typed. */
function deletion(key, done) {
  if (!mayChooseTenant() || key === FIRST) return null;
  const press = async () => {
    const sure = await ask({
      title: t("tenants.delete"), text: t("tenants.delete_ask", { id: key }),
      yes: t("tenants.delete_yes"),
      danger: true, type: key,
    });
    if (!sure) return;
    await remove(pathOf(key)).then(() => {
      notice(t("tenants.deleted", { id: key }), "good");
      if (tenant() === key) chooseTenant(FIRST);
      done();
    }, refused);
  };
  return section(t("tenants.danger"), h("div", { class: "card danger-card row" },
    h("p", { class: "grow" }, t("tenants.delete_text")),
    button(t("tenants.delete"), press, { kind: "danger", symbol: "trash" })));
}

/** Looks at another tenant from now on. */
function lookAt(id) {
  chooseTenant(id);
  location.assign(address("overview"));
}
