// @ts-check
// Keys: one table of what each does now. Screens add to it while they are shown; fields keep their
// keys.

/** @type {Map<string, {action: () => void, says: string}>} */
const keys = new Map();
let prefix = "";
let timer = 0;

/**
 * Binds a key ("j", "/", "Escape") or a sequence ("g d"), until `signal` ends it.
 * @param {string} key @param {string} says a key of words @param {() => void} action
 * @param {AbortSignal} [signal]
 */
export function bind(key, says, action, signal) {
  const entry = { action, says };
  keys.set(key, entry);
  signal?.addEventListener("abort", () => {
    if (keys.get(key) === entry) keys.delete(key);
  });
}

/** All that are bound, for the help. */
export function bound() {
  return [...keys].map(([key, { says }]) => ({ key, says }));
}

function isTyping(target) {
  return target instanceof HTMLElement
    && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") /** @type {HTMLElement} */ (event.target).blur();
    return;
  }
  const key = prefix === "" ? event.key : `${prefix} ${event.key}`;
  prefix = "";
  clearTimeout(timer);
  if (event.key === "Enter" && event.target !== document.body) return;
  const found = keys.get(key);
  if (found) {
    event.preventDefault();
    found.action();
  } else if (event.key === "g") {
    prefix = "g";
    timer = setTimeout(() => (prefix = ""), 1_200);
  }
});
