// @ts-check
// Numbers for axes: round steps, and where along an axis a value or a moment stands.

import { language } from "./i18n.js";

/** Round marks from 0 to at least `top`, about `count` of them. */
export function marks(top, count = 4) {
  if (!(top > 0)) return [0, 1];
  const rough = top / count;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((step) => step >= rough)
    ?? rough;
  const all = [];
  for (let mark = 0; mark < top + step * 0.999; mark += step) all.push(Number(mark.toPrecision(12)));
  return all;
}

/** A moment on an axis that is so many milliseconds long. */
export function momentMark(moment, span) {
  /** @type {Intl.DateTimeFormatOptions} */
  const format = span > 2 * 86_400_000 ? { day: "numeric", month: "short" }
    : span > 10 * 60_000 ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }
      : { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(language(), format).format(new Date(moment));
}
