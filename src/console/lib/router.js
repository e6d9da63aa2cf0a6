// @ts-check
// Addresses: which screen a path means, and filters as the query of that path. Links are plain
// links; a click without a modifier is taken here, everything else is left to the browser.

const BASE = "/console";

/** @type {(route: Route) => void} */
let show = () => {};
/** @type {Set<(query: URLSearchParams) => void>} */
const listeners = new Set();
let shown = "";
/** How long a page that comes back may wait for more of itself, until it is as long as it was. */
const RETURN_MS = 5_000;
const REST_MS = 100;
/** So many looks in a row have to find it where it was: what stood there before may be as long. */
const LOOKS = 8;
/** Where somebody stands is kept no more often than this. */
const KEPT_MS = 500;
/** Ends the way back to where somebody was. */
let returning = new AbortController();
returning.abort();

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
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => arrive(history.state?.scroll ?? 0));
  document.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest?.("a[href]");
    if (!(link instanceof HTMLAnchorElement) || !isPlain(event, link)) return;
    event.preventDefault();
    go(link.href);
  });
  // Where somebody stands on a page is kept with it, for the way back.
  let due = 0;
  addEventListener("scroll", () => {
    due ||= setTimeout(() => {
      due = 0;
      if (returning.signal.aborted) note({ scroll: scrollY });
    }, KEPT_MS);
  }, { passive: true });
  arrive(history.state?.scroll ?? 0);
}

function isPlain(event, link) {
  const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  const ours = link.origin === location.origin && link.pathname.startsWith(BASE);
  const away = link.target === "_blank" || link.hasAttribute("download");
  return !event.defaultPrevented && event.button === 0 && !modified && ours && !away;
}

/** Goes to an address. */
export function go(to) {
  note({ scroll: scrollY });
  history.pushState(null, "", to);
  arrive();
}

/** Keeps something with the present step of the history. */
function note(what) {
  history.replaceState({ ...history.state, ...what }, "");
}

/** Shows the present screen from anew. */
export function again() {
  shown = "";
  arrive();
}

/** @param {number} [scroll] how far down somebody was there */
function arrive(scroll = 0) {
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
  comeBack(scroll);
}

/** Goes down as the page grows, whose rows come one page after the other, unless somebody scrolls. */
function comeBack(scroll) {
  returning.abort();
  if (scroll === 0) return;
  returning = new AbortController();
  const { signal } = returning;
  let looks = 0;
  let height = 0;
  let until = 0;
  const step = () => {
    if (signal.aborted) return;
    const { scrollHeight } = document.documentElement;
    if (scrollHeight > height) until = Date.now() + RETURN_MS;
    height = scrollHeight;
    looks = Math.abs(scrollY - scroll) < 2 ? looks + 1 : 0;
    if (looks > LOOKS || Date.now() > until) return returning.abort();
    scrollTo(0, scroll);
    setTimeout(step, REST_MS);
  };
  for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    addEventListener(kind, () => returning.abort(), { signal, passive: true });
  }
  step();
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
  if (quietly) history.replaceState(history.state, "", to);
  else history.pushState({ scroll: scrollY }, "", to);
  arrive();
}

/**
 * Opens an item beside its list: a step in the history, from which the way back closes it. However many are
 * opened and closed one after the other, it is one step.
 * @param {string} id
 */
export function openBeside(id) {
  setQuery({ open: id }, { quietly: history.state?.isClosed === true });
  note({ isOpened: true, isClosed: false });
}

/** Closes it without a step of its own: the way back must not open it again. */
export function closeBeside() {
  setQuery({ open: null }, { quietly: true });
  note({ isClosed: history.state?.isOpened === true });
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
