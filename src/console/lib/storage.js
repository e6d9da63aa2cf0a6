// @ts-check
// What this browser keeps of its own: theme, language, saved views. Never data, never a key.

/** @param {string} name @param {any} [otherwise] */
export function kept(name, otherwise = null) {
  try {
    const text = localStorage.getItem(`sereno.${name}`);
    if (text === null) return otherwise;
    return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
  } catch {
    return otherwise;
  }
}

/** @param {string} name @param {any} value */
export function keep(name, value) {
  try {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    if (value === null) localStorage.removeItem(`sereno.${name}`);
    else localStorage.setItem(`sereno.${name}`, text);
  } catch {
    // A browser that keeps nothing still works; it only forgets.
  }
}

/** What this tab alone keeps, over a reload too. @param {string} name @returns {string|null} */
export function keptHere(name) {
  try {
    return sessionStorage.getItem(`sereno.${name}`);
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} value */
export function keepHere(name, value) {
  try {
    sessionStorage.setItem(`sereno.${name}`, value);
  } catch {
    // As above: it is forgotten at the next reload.
  }
}
