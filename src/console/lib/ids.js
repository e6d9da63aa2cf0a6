// @ts-check
// Ids as people see them. Of one that stands for a number or an address they see what the mask shows; what
// follows it is the id, sealed, which only addresses and copies need.

/** As long as what is sealed is at least, so that nobody's own words are taken for it. */
const SEALED = /~~[\w-]{38,}/g;

/** A text without what is sealed in it. @param {string} text */
export function readable(text) {
  return text.includes("~~") ? text.replace(SEALED, "") || "•••" : text;
}
