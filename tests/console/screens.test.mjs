// Each screen by day and by night, wide and as narrow as a phone: nothing that axe finds serious,
// nothing that goes beyond the edge, no complaint of the browser. And the words of all languages
// are the same ones.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { SCREENS } from "../../src/console/screens/catalogue.js";
import {
  findings, keepFailures, openPage, see, startBrowser, startReceiver, startServer,
} from "./world.mjs";

const WIDTHS = [["wide", 1280, 860], ["phone", 390, 844]];

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser, server] = await Promise.all([startReceiver(), startBrowser(), startServer()]);
  await fill();
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

/** Something of each kind for the screens to show. */
async function fill() {
  const at = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
  for (const target of [`${receiver.url}/good`, "http://127.0.0.1:9/nobody"]) {
    await server.ask("POST", "/api/v1/admin/notify/endpoints", {
      kind: "webhook", target, filters: { events: ["reservation.*", "handoff.*"] },
      retry: { first: "100ms", attempts: 1 },
    });
  }
  await server.ask("POST", "/api/v1/events", [
    ...["Ana", "Benito", "Carla"].map((name, index) => ({
      event_type: "reservation.created",
      data: {
        reservation_id: `R-${index}`, date_time: at(index + 1), party_size: 2 + index, name,
        wa_number: `+3460000000${index}`,
      },
    })),
    { event_type: "handoff.opened", data: { conversation_id: "C-1", reason: "wants a person" } },
    {
      event_type: "conversation.started",
      data: { conversation_id: "C-2", user_id: "u-1", channel: "whatsapp" },
    },
  ]);
}

for (const theme of ["day", "night"]) {
  for (const [size, width, height] of WIDTHS) {
    test(`by_${theme}_${size}`, async (all) => {
      const { page, complaints, close } = await openPage(browser, server, { theme, width, height });
      for (const { name } of SCREENS) {
        await all.test(`a21_${name}_is_for_everybody_by_${theme}_${size}`, async () => {
          complaints.length = 0;
          await look(page, name);
          assert.deepEqual(complaints, []);
        });
      }
      await close();
    });
  }
}

/** Goes to a screen as a link does, and into the first item of its list. */
async function look(page, name) {
  await page.evaluate((path) => {
    const link = document.createElement("a");
    link.href = path;
    document.body.append(link);
    link.click();
    link.remove();
  }, `/console/${name}`);
  await page.waitForFunction((name) => document.querySelector(`.nav-link[href="/console/${name}"]`)
    ?.hasAttribute("aria-current") && document.querySelector(".page h1")
    && !document.querySelector(".page[inert], .page .bone"), {}, name);
  assert.deepEqual(await findings(page), []);
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth
    - document.documentElement.clientWidth);
  assert.ok(beyond <= 0, `${beyond} px beyond the edge`);

  const row = await page.$(".table .row-link");
  if (!row) return;
  await row.click();
  await see(page, ".drawer");
  await page.waitForFunction(() => !document.querySelector(".drawer .bone"));
  assert.deepEqual(await findings(page), []);
  await page.keyboard.press("Escape");
}

test("a21_nobody_gets_in_without_a_key", async () => {
  const { page, close } = await openPage(browser, server, { key: "" });
  await page.goto(`${server.base}/console/deliveries`);
  await see(page, "[name=key]");
  assert.deepEqual(await findings(page), []);
  await (await see(page, "[name=key]")).type("sk_wrong");
  await page.keyboard.press("Enter");
  await see(page, ".field-error, .notice.bad");
  await close();
});

test("f08_all_languages_have_the_same_words", async () => {
  const words = fileURLToPath(new URL("../../src/console/words/", import.meta.url));
  const read = async (language, file) => (await import(`${words}${language}/${file}`)).default;
  for (const file of await readdir(`${words}en`)) {
    const english = await read("en", file);
    for (const language of ["es", "pt"]) {
      const other = await read(language, file);
      assert.deepEqual(Object.keys(other).sort(), Object.keys(english).sort(),
        `${language}/${file}`);
      for (const [key, text] of Object.entries(english)) {
        const holes = (value) => [...new Set(JSON.stringify(value).match(/\{\w+\}/g) ?? [])].sort();
        assert.deepEqual(holes(other[key]), holes(text), `${language}/${file}: ${key}`);
      }
    }
  }
});
