// @ts-check
// Addresses: which screen a path means, and filters as the query of that path. Links are plain
// links; a click without a modifier is taken here, everything else is left to the browser.

const BASE = "/console";

/** @type {(route: Route) => void} */
let show = () => {};
/** @type {Set<(query: URLSearchParams) => void>} */
const listeners = new Set();
let shown = "";

/** @typedef {{screen: string, id: string|null, query: URLSearchParams}} Route */

/** The address of a screen, of an item on it, with filters. */
export function address(screen, id, query = {}) {
  const path = [BASE, screen, id && encodeURIComponent(id)].filter(Boolean).join("/");
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") said.set(name, String(value));
  }
  return said.size > 0 ? `${path}?${said}` : path;
}

/** @returns {Route} */
export function route() {
  const parts = location.pathname.slice(BASE.length).split("/").filter(Boolean);
  const [screen = "overview", id] = parts;
  const query = new URLSearchParams(location.search);
  return { screen, id: id === undefined ? null : decoded(id), query };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Begins to follow addresses. */
export function start(render) {
  show = render;
  addEventListener("popstate", arrive);
  document.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest?.("a[href]");
    if (!(link instanceof HTMLAnchorElement) || !isPlain(event, link)) return;
    event.preventDefault();
    go(link.href);
  });
  arrive();
}

function isPlain(event, link) {
  const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  const ours = link.origin === location.origin && link.pathname.startsWith(BASE);
  const away = link.target === "_blank" || link.hasAttribute("download");
  return !event.defaultPrevented && event.button === 0 && !modified && ours && !away;
}

/** Goes to an address. */
export function go(to) {
  history.pushState(null, "", to);
  arrive();
}

/** Shows the present screen from anew. */
export function again() {
  shown = "";
  arrive();
}

function arrive() {
  const here = location.pathname;
  if (here === shown) {
    const query = new URLSearchParams(location.search);
    for (const listener of listeners) listener(query);
    return;
  }
  shown = here;
  listeners.clear();
  show(route());
  scrollTo(0, 0);
}

/** Is told when the query of the present screen changes, until another screen comes. */
export function onQuery(listener) {
  listeners.add(listener);
}

/**
 * Changes the query of the present address: null takes a name out.
 * @param {Record<string, string|null>} changes
 * @param {{quietly?: boolean}} [how] quietly: without a step back in the history
 */
export function setQuery(changes, { quietly = false } = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  const to = query.size > 0 ? `${location.pathname}?${query}` : location.pathname;
  if (quietly) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  arrive();
}

/** The present address with some of its query changed, for links. */
export function withChanges(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  return query.size > 0 ? `${location.pathname}?${query}` : location.pathname;
}
