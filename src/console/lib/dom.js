// @ts-check
// Makes elements from data without a way to inject: no HTML text, no style text, no script
// addresses. What is read, by eye or by ear, shows no sealed ids.

import { readable } from "./ids.js";

const SVG = "http://www.w3.org/2000/svg";

/** Addresses that may stand in a link: our own, the web's and mail's. */
const SAFE_ADDRESS = /^(\/(?!\/)|#|\?|https?:\/\/|mailto:)/i;

/** Attributes that are read to people. */
const READ = ["title", "aria-label", "placeholder"];

/**
 * @typedef {Node|string|number|null|undefined|false|Array<any>} Child
 */

/** What stands where there is nothing to say: between other cells; a card on a phone leaves it out. */
export const none = () => h("span", { class: "quiet nothing" }, "–");

/**
 * An element: `h("a", {href: "/console", class: "link", onclick: go, vars: {"--x": "1"}}, "text")`.
 * @param {string} tag
 * @param {Record<string, any>|null} [attributes]
 * @param {...Child} children
 * @returns {any}
 */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes ?? {}, children);
}

/**
 * The same for SVG.
 * @param {string} tag
 * @param {Record<string, any>|null} [attributes]
 * @param {...Child} children
 * @returns {any}
 */
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes ?? {}, children);
}

/** Empties an element and puts other children in. */
export function put(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  append(element, children);
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function" && name.startsWith("on")) {
    element.addEventListener(name.slice(2), value);
  } else if (name === "vars") {
    // Set by script, which the policy allows; a style attribute it would refuse.
    for (const [key, text] of Object.entries(value)) element.style.setProperty(key, String(text));
  } else if (name === "class") {
    element.setAttribute("class", Array.isArray(value) ? value.filter(Boolean).join(" ") : value);
  } else if (name === "value" || name === "checked" || name === "selected") {
    element[name] = value;
  } else if (name === "style" || name.startsWith("on") || name === "srcdoc") {
    throw new Error(`the attribute ${name} is not for data`);
  } else if (name === "href" || name === "src") {
    if (SAFE_ADDRESS.test(String(value))) element.setAttribute(name, String(value));
  } else if (READ.includes(name)) {
    element.setAttribute(name, readable(String(value)));
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

const text = (child) => document.createTextNode(readable(String(child)));

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : text(child));
  }
}

let last = 0;

/** An id that no other element of this page has. */
export function unique(prefix = "x") {
  last += 1;
  return `${prefix}-${last}`;
}
