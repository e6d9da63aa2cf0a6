// @ts-check
// Our icons: lines of one weight on a grid of 24, drawn for this console.

import { s } from "./dom.js";

/** @type {Record<string, string>} */
const PATHS = {
  lantern: "M9 5.5a3 3 0 0 1 6 0M7 8h10M8.2 8 7 18h10L15.8 8M6.5 20.5h11M12 10.5c1.5 1.8 2 2.7 2 3.7a2 2 0 0 1-4 0c0-1 .5-1.9 2-3.7z",
  overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-4H4zM14 8h6V4h-6z",
  deliveries: "M3 12 21 4l-4 16-5-6zM12 14l9-10",
  events: "M13 3 5 14h6l-1 7 8-11h-6z",
  dead: "M4 7h16v13H4zM4 7l2-3h12l2 3M9 13h6M9 16.5h4",
  inbound: "M12 3v11M7.5 9.5 12 14l4.5-4.5M4 15v5h16v-5",
  reservations: "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4M9 15l2 2 4-4",
  handoffs: "M4 18v-4a8 8 0 0 1 16 0v4M4 14h3v5H5a1 1 0 0 1-1-1zM20 14h-3v5h2a1 1 0 0 0 1-1z",
  conversations: "M4 5h16v11H9l-5 4zM8 9h8M8 12h5",
  leads: "M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 21a7.5 7.5 0 0 1 15 0",
  timers: "M12 21a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 9v4l3 2M9 2h6",
  endpoints: "M9 7V3M15 7V3M6 7h12v4a6 6 0 0 1-12 0zM12 17v4",
  templates: "M5 3h10l4 4v14H5zM15 3v4h4M8 12h8M8 16h5",
  tenants: "M4 20V9l8-5 8 5v11M4 20h16M9 20v-5h6v5",
  keys: "M8 15a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 11h9M18 11v4M21 11v3",
  alerts: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4",
  reports: "M4 20h16M7 16v-5M12 16V6M17 16v-8",
  audit: "M9 4h6v3H9zM15 5h4v16H5V5h4M8.5 13l2 2 4-4",
  system: "M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01",
  portal: "M10 4H4v16h6M14 8l4 4-4 4M18 12H9",
  webhook: "M9 8.5a3.5 3.5 0 1 1 5.5 2.8l2.5 4.2M11 11.5 8 17M17 21a3.5 3.5 0 1 0-3.4-4.2H8M8 17a3.5 3.5 0 1 1-3.8-2.6",
  slack: "M9 3v18M15 3v18M3 9h18M3 15h18",
  email: "M3 5h18v14H3zM3 6l9 7 9-7",
  whatsapp: "M4 20l1.3-4A8 8 0 1 1 8.5 19zM9 9c0 3.5 2.5 6 6 6l.8-1.8-2-1-1 .8a4 4 0 0 1-1.8-1.8l.8-1-1-2z",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20 20",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6 6 18",
  failed: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.5v5.5M12 16.3v.01",
  waiting: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
  busy: "M20 12a8 8 0 1 1-2.5-5.8M20 4v4h-4",
  held: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM10 9v6M14 9v6",
  gone: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM6 6l12 12",
  stack: "M4 8l8-4 8 4-8 4zM4 12l8 4 8-4M4 16l8 4 8-4",
  retry: "M4 12a8 8 0 1 1 2.5 5.8M4 20v-4h4",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  code: "M8 7l-5 5 5 5M16 7l5 5-5 5M14 4l-4 16",
  plus: "M12 5v14M5 12h14",
  trash: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.5v15l12-7.5z",
  power: "M12 3v9M6.5 7a8 8 0 1 0 11 0",
  more: "M6 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0zM13 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0zM20 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0z",
  menu: "M4 7h16M4 12h16M4 17h16",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.8 1.8M17.2 17.2 19 19M5 19l1.8-1.8M17.2 6.8 19 5",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
  language: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9s.5-6 3.5-9z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 21a7.5 7.5 0 0 1 15 0",
  out: "M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  down: "M5 9l7 7 7-7",
  star: "M12 3.5l2.6 5.6 6 .7-4.5 4.1 1.3 6L12 16.8 6.6 19.9l1.3-6L3.4 9.8l6-.7z",
  filter: "M4 5h16l-6 7.5V19l-4 1.5v-8z",
  download: "M12 4v11M7.5 11 12 15.5 16.5 11M4 20h16",
  open: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v6M12 7.5v.01",
  help: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.01",
  empty: "M4 13l3-8h10l3 8v6H4zM4 13h5l1 2.5h4l1-2.5h5",
  test: "M9 3h6M10 3v6L4.5 19a1.5 1.5 0 0 0 1.3 2h12.4a1.5 1.5 0 0 0 1.3-2L14 9V3M7.5 15h9",
  calendar: "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
  silence: "M6 17v-6a6 6 0 0 1 9-5.2M18 11v6l2 2H8M10 21h4M4 3l17 18",
  tick: "M5 12.5l4.5 4.5L19 7.5",
  ticks: "M2 12.5l4.5 4.5L15 8M11 15.5l1.5 1.5L22 8",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5v.01",
  voice: "M12 4a2.5 2.5 0 0 0-2.5 2.5V11a2.5 2.5 0 0 0 5 0V6.5A2.5 2.5 0 0 0 12 4zM6 11a6 6 0 0 0 12 0M12 17v4",
  place: "M12 21s-6.5-6-6.5-11a6.5 6.5 0 0 1 13 0c0 5-6.5 11-6.5 11zM12 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  press: "M9 11V5a1.5 1.5 0 0 1 3 0v5l5 1.2c1.3.3 2 1.3 1.8 2.6L18 20H10l-4-6c-.6-1 .6-2.2 1.6-1.5z",
  bag: "M5 8h14l-1 12H6zM9 8V6a3 3 0 0 1 6 0v2",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.5-1.5",
  phone: "M5 4h4l1.5 5-2 1.5a11 11 0 0 0 5 5l1.5-2 5 1.5v4a1 1 0 0 1-1 1A15 15 0 0 1 4 5a1 1 0 0 1 1-1z",
};

/**
 * An icon. Without a title it is only for the eye.
 * @param {string} name
 * @param {string} [title]
 */
export function icon(name, title) {
  const path = PATHS[name] ?? PATHS.info;
  return s("svg", {
    class: "icon", viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": 1.8,
    "stroke-linecap": "round", "stroke-linejoin": "round", role: title ? "img" : null,
    "aria-label": title, "aria-hidden": title ? null : "true",
  }, s("path", { d: path }));
}
