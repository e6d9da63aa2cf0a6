// @ts-check
// The frame around every screen: navigation with counts, the bar above, the bar below on a phone.

import { h, put } from "../lib/dom.js";
import { get, remove } from "../lib/api.js";
import { forgetDrafts } from "../lib/drafts.js";
import { countOf } from "../lib/counts.js";
import { icon } from "../lib/icons.js";
import { LANGUAGES, language, speak, t } from "../lib/i18n.js";
import { bind } from "../lib/keyboard.js";
import { listen } from "../lib/live.js";
import { address, go } from "../lib/router.js";
import { chooseTenant, current, isFramed, may, mayChooseTenant, tenant } from "../lib/session.js";
import { keep } from "../lib/storage.js";
import { AT_HAND, GROUPS, seen } from "../screens/catalogue.js";
import { banner } from "./banner.js";
import { button, iconButton } from "./bits.js";
import { openDialog } from "./dialog.js";
import { help } from "./help.js";
import { menu } from "./menu.js";
import { refused } from "./notice.js";
import { failed } from "./states.js";
import { zoneNote } from "./zones.js";

/** How often the counts in the navigation are looked up at most. */
const COUNTS_MS = 15_000;

function mine() {
  return seen(/** @type {any} */ (current()), may);
}

/** @returns {{element: any, page: any, mark: (screen: string) => void}} */
export function shell() {
  const counts = new Map(["dead-letters", "alerts"].map((name) => [name, [badge(), badge()]]));
  const links = mine().map((screen) => ({ screen, link: navLink(screen, counts, 0) }));
  const { portal } = /** @type {any} */ (current());
  // The portal has four screens in all, so all of them are at hand.
  const atHand = mine().filter(({ name }) => portal || AT_HAND.includes(name)).slice(0, 4);
  const tabs = atHand.map((screen) => ({ name: screen.name, link: tab(screen) }));
  const page = h("main", { class: "page", id: "page", tabindex: -1 });
  const nav = h("nav", { class: "nav", "aria-label": t("common.navigation"), id: "nav" },
    h("a", { class: "brand", href: address(mine()[0]?.name) }, icon("lantern"), "Sereno"),
    GROUPS.map((group) => navGroup(group, links.filter(({ screen }) => screen.group === group))));
  const more = h("button", {
    type: "button", "aria-expanded": "false", "aria-controls": "nav", onclick: () => open(),
  }, icon("menu"), t("common.more_screens"), counts.get("dead-letters")?.[1]);
  const below = h("nav", { class: "tabs-below", "aria-label": t("common.at_hand") },
    tabs.map(({ link }) => link), more);
  // Embedded in a customer's own page it has no bar: the page around it has one.
  const element = h("div", { class: ["shell", isFramed() && "is-framed"] },
    h("a", { class: "button main skip", href: "#page" }, t("common.skip")),
    nav, h("div", { class: "content" }, bar(), banner(), page,
      zoneNote("common.zones", "zones quiet")), below);

  function open(wanted = !element.classList.contains("nav-open")) {
    element.classList.toggle("nav-open", wanted);
    more.setAttribute("aria-expanded", String(wanted));
  }
  nav.addEventListener("click", (event) => event.target.closest("a") && open(false));
  page.addEventListener("pointerdown", () => open(false));

  keepCounts(counts);
  for (const { name, key } of mine()) {
    if (key) bind(`g ${key}`, `common.screen.${name}`, () => go(address(name)));
  }
  bind("/", "common.key.search", () => document.getElementById("search")?.focus());
  bind("?", "common.key.help", help);

  const mark = (name) => {
    for (const { screen, link } of links) set(link, screen.name === name);
    for (const { name: tabName, link } of tabs) set(link, tabName === name);
  };
  return { element, page, mark };
}

function navGroup(name, links) {
  return links.length > 0 && h("div", { class: "nav-group" },
    h("div", { class: "nav-title" }, t(`common.group.${name}`)), links.map(({ link }) => link));
}

function set(link, is) {
  if (is) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}

const badge = () => h("span", { class: "nav-count", hidden: true });

function navLink({ name, symbol }, counts, place) {
  return h("a", { class: "nav-link", href: address(name) }, icon(symbol),
    t(`common.screen.${name}`), counts.get(name)?.[place]);
}

function tab({ name, symbol }) {
  return h("a", { href: address(name) }, icon(symbol), h("span", null, t(`common.screen.${name}`)));
}

/** Keeps the counts true: at first, and when something of their kind happens. */
function keepCounts(counts) {
  const look = async (name, path, query) => {
    try {
      const found = await countOf(path, query);
      for (const badge of counts.get(name)) {
        badge.hidden = found === null || found === "0";
        put(badge, found);
      }
    } catch {
      // Counts are a courtesy; the screens themselves say what is wrong.
    }
  };
  const all = () => {
    const shown = mine().map(({ name }) => name);
    if (shown.includes("dead-letters")) look("dead-letters", "/api/v1/dead-letters", {});
    if (shown.includes("alerts")) look("alerts", "/api/v1/alerts", { state: "raised" });
  };
  let due = 0;
  const told = (kind, data) => {
    // Of events only alerts change a count; deliveries change dead letters when they end.
    if (kind === "event" && !data.event_type?.startsWith("alert.")) return;
    if (kind === "delivery" && !["dead", "sent", "cancelled"].includes(data.status)) return;
    due ||= setTimeout(() => {
      due = 0;
      all();
    }, COUNTS_MS);
  };
  all();
  listen(["delivery", "event"], { told }, new AbortController().signal);
}

function bar() {
  const input = h("input", {
    class: "input", id: "search", type: "search", placeholder: t("common.search"),
    "aria-label": t("common.search"), autocomplete: "off", spellcheck: "false",
  });
  const search = h("form", { class: "bar-search", role: "search" },
    icon("search"), input, h("kbd", { "aria-hidden": "true" }, "/"));
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text !== "") go(found(text));
    input.blur();
  });
  return h("header", { class: "bar" }, tenantChoice(), search, h("div", { class: "grow" }),
    themeButton(), languageMenu(), whoMenu());
}

/** An id goes to its page; anything else is looked for in the events. */
function found(text) {
  if (/^msg_[0-9a-z]+$/.test(text)) return address("deliveries", text);
  if (/^evt_[0-9a-z]+$/.test(text)) return address("events", text);
  if (/^conv_[0-9a-z]+$/.test(text)) return address("conversations", text);
  if (/^lead_[0-9a-z]+$/.test(text)) return address("leads", text);
  return address("events", null, { q: text });
}

function tenantChoice() {
  const name = h("span", { class: "name", title: t("common.tenant") }, tenant());
  const box = h("div", { class: "bar-tenant" }, icon("tenants"), name);
  if (!mayChooseTenant()) return box;
  get("/api/v1/admin/tenants", { limit: 500 }).then(({ items }) => {
    if (!items.some((item) => item.id === tenant())) chooseTenant(items[0]?.id ?? "default");
    const choose = h("select", {
      "aria-label": t("common.tenant"),
      onchange: (event) => {
        chooseTenant(event.target.value);
        location.assign(location.pathname.split("/").slice(0, 3).join("/"));
      },
    }, items.map(({ id }) => h("option", { value: id, selected: id === tenant() }, id)));
    name.replaceWith(choose);
  }, refused);
  return box;
}

function themeButton() {
  const root = document.documentElement;
  const isDay = () => root.dataset.theme === "day"
    || (!root.dataset.theme && matchMedia("(prefers-color-scheme: light)").matches);
  const made = iconButton(isDay() ? "moon" : "sun", t("common.theme"), () => {
    const next = isDay() ? "night" : "day";
    root.dataset.theme = next;
    keep("theme", next);
    put(made, icon(next === "day" ? "moon" : "sun"));
  });
  return made;
}

function languageMenu() {
  const face = { symbol: "language", text: language().toUpperCase(), label: t("common.language") };
  return menu(face, () => LANGUAGES.map((name) => button(t(`common.language_${name}`),
    () => speak(name),
    { kind: "plain", lang: name, symbol: name === language() ? "check" : "right" })));
}

function whoMenu() {
  const { role, portal } = /** @type {any} */ (current());
  const text = t(portal ? "common.role.portal" : `common.role.${role}`);
  return menu({ symbol: "person", label: t("common.who", { role: text }) }, (close) => [
    h("p", { class: "menu-note" }, t("common.who", { role: text })),
    button(t("common.help"), () => { close(); help(); }, { symbol: "help", kind: "plain" }),
    h("a", { class: "button plain", href: "/docs/", target: "_blank", rel: "noopener" },
      icon("code"), t("common.docs")),
    button(t("common.sign_out"), () => { close(); signOut(); }, { symbol: "out", kind: "plain" }),
  ]);
}

/** Whoever leaves has to know whether the session has ended: on a shared machine the next one is in. */
async function signOut() {
  try {
    await remove("/api/v1/session");
  } catch (error) {
    if (/** @type {any} */ (error).status !== 401) return stillIn(error);
  }
  forgetDrafts();
  location.assign("/console");
}

function stillIn(error) {
  const dialog = openDialog({
    title: t("common.still_in"),
    body: failed(error, () => {
      dialog.close();
      signOut();
    }),
  });
}
