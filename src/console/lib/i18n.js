// @ts-check
// Words, numbers and durations in the reader's language. A group of words is a file
// `words/<language>/<group>.js`; `t("deliveries.title")` is the word `title` of the group
// `deliveries`.

import { keep } from "./storage.js";

export const LANGUAGES = ["es", "en", "pt"];

/** @type {Map<string, Record<string, any>>} */
const groups = new Map();

/** The language that is spoken, as `first.js` chose it. */
export function language() {
  return document.documentElement.lang;
}

/** Speaks another language from the next page on. */
export function speak(name) {
  keep("language", name);
  location.reload();
}

/** Loads groups of words; those that are there already cost nothing. */
export async function load(...names) {
  const missing = names.filter((name) => !groups.has(name));
  const read = missing.map((name) => import(`../words/${language()}/${name}.js`));
  (await Promise.all(read)).forEach((module, index) => {
    groups.set(/** @type {string} */ (missing[index]), module.default);
  });
}

/**
 * A text with what stands in braces filled in; of `{one, other}` the form that `count` asks for.
 * @param {string} key
 * @param {Record<string, any>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const found = lookup(key);
  if (found === undefined) {
    console.error(`no words for ${key} in ${language()}`);
    return key;
  }
  let text = found;
  if (typeof found === "object") {
    const form = new Intl.PluralRules(language()).select(Number(values.count));
    text = found[form] ?? found.other;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : String(value);
  });
}

/** The words for what a server names, or that name itself where it is new to us. */
export function word(key, otherwise = key.slice(key.lastIndexOf(".") + 1)) {
  const found = lookup(key);
  return typeof found === "string" ? found : otherwise;
}

/** Whether there are words for it. */
export function has(key) {
  return lookup(key) !== undefined;
}

function lookup(key) {
  const [group, ...rest] = key.split(".");
  return groups.get(group ?? "")?.[rest.join(".")];
}

/** @param {number} value @param {Intl.NumberFormatOptions} [options] */
export function number(value, options) {
  return new Intl.NumberFormat(language(), options).format(value);
}

/** 12,345 as 12.3k: for where there is little room. */
export function short(value) {
  return number(value, { notation: "compact", maximumFractionDigits: 1 });
}

/** A share from 0 to 1 in per cent; a dash where nothing was measured. */
export function percent(share, digits = 1) {
  if (share === null || share === undefined) return "–";
  return number(share, { style: "percent", maximumFractionDigits: digits });
}

/** Bytes for people. */
export function bytes(count) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  // The unit's own short form is an English word in some languages.
  if (count < 1024) return `${number(Math.round(count))} B`;
  const step = Math.min(4, Math.floor(Math.log(count) / Math.log(1024)));
  const unit = units[step];
  const value = count / 1024 ** step;
  return number(value, { style: "unit", unit, maximumFractionDigits: 1 });
}
