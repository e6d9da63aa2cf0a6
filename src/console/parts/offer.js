// @ts-check
// What is offered for all that the filters choose: it is made anew whenever they change, since what
// can be done depends on them.

import { h, put } from "../lib/dom.js";
import { onQuery } from "../lib/router.js";

/** @param {(query: URLSearchParams) => any} make */
export function offer(make) {
  const box = h("span", { class: "offer" });
  const draw = (query) => put(box, make(query));
  onQuery(draw);
  draw(new URLSearchParams(location.search));
  return box;
}
