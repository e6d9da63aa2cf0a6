// @ts-check
// Templates: the words that go out, by event, channel and language, as they would look; a tenant's
// own can be written over the built-in ones.

import { get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { language, t, word } from "../lib/i18n.js";
import { setQuery } from "../lib/router.js";
import { channel, pill, twoLines } from "../parts/bits.js";
import { listOrItem } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { detail } from "./templates/detail.js";

const PATH = "/api/v1/admin/templates";

/** @param {any} view */
function show(view) {
  // All languages at once would say everything three times: the reader's comes first, until another
  // is chosen.
  if (view.id === null && !location.search) setQuery({ locale: language() }, { quietly: true });
  const query = new URLSearchParams(location.search);
  return listOrItem({ ...view, query }, {
    lead: t("templates.lead"),
    spec: {
      screen: "templates", label: t("common.screen.templates"), path: PATH,
      query: (asked) => ({
        from: asked.get("from"), event_type: asked.get("event_type"), channel: asked.get("channel"),
        locale: asked.get("locale"),
      }),
      load: (asked, signal) => get(PATH, asked, signal),
      id: idOf, columns: columns(),
      chips: {
        name: "from", values: [["tenant", t("templates.own")],
          ["built-in", t("templates.built_in")]],
        count: (from) => get(PATH,
          { from, locale: new URLSearchParams(location.search).get("locale"), limit: 1 })
          .then(({ total }) => String(total)),
      },
      filters: [
        { name: "event_type", label: t("templates.event"), wide: true, placeholder: "reservation.created" },
        {
          name: "channel", label: t("templates.channel"), type: "select",
          choices: ["slack", "email", "whatsapp"]
            .map((name) => [name, word(`common.channel.${name}`)]),
        },
        {
          name: "locale", label: t("templates.locale"), type: "select",
          choices: ["es", "en", "pt"].map((name) => [name, t(`common.language_${name}`)]),
        },
      ],
      detail, name: (id) => id.split("~")[0],
      empty: () => empty({ symbol: "templates", title: t("templates.empty"),
        text: t("templates.empty_text") }),
    },
  });
}

function idOf({ event_type: type, channel: of, locale }) {
  return [type, of, locale].join("~");
}

/** @returns {import("../parts/table.js").Column[]} */
function columns() {
  return [
    {
      label: t("templates.event"), link: true, class: "cut",
      cell: ({ event_type: type }) => {
        const name = word(`templates.type.${type}`, type);
        return twoLines(name, name === type ? null : type);
      },
    },
    { label: t("templates.channel"), class: "is-tight", phone: "wide",
      cell: (item) => channel(item.channel) },
    { label: t("templates.locale"), class: "is-tight", phone: "none",
      cell: (item) => t(`common.language_${item.locale}`) },
    { label: t("templates.words"), class: "cut", phone: "wide", cell: textOf },
    {
      label: t("templates.from"), class: "is-tight", phone: "top",
      cell: (item) => (item.from === "tenant"
        ? pill("enabled", { text: t("templates.own") })
          : pill("ignored", { text: t("templates.built_in") })),
    },
  ];
}

function textOf({ template, example }) {
  const text = example?.subject ?? template?.subject ?? template?.text ?? example?.text ?? "";
  return h("span", { class: "quiet", title: text }, text.split("\n")[0]);
}

export default { words: ["templates"], show };
