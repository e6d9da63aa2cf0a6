// What a restaurant's manager does on a first evening: connects the till's webhook, tries it,
// watches a booking go through, sees it fail, mends it, and gets back what was missed.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  click, keepFailures, openPage, press, see, seeText, startBrowser, startReceiver, startServer,
  write,
} from "./world.mjs";

/** Retries come quickly here, so that a failure is given up while somebody watches. */
const RETRY = { first: "200ms", factor: 1, longest: "200ms", attempts: 2 };

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser, server] = await Promise.all([startReceiver(), startBrowser(), startServer()]);
  await server.ask("PATCH", "/api/v1/admin/tenants/default", { settings: { retry: RETRY } });
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

function booking(id) {
  const date_time = new Date(Date.now() + 3 * 86_400_000).toISOString();
  return {
    event_type: "reservation.created",
    data: { reservation_id: id, date_time, party_size: 4, name: "Ana", wa_number: "+34600000001" },
  };
}

test("a21_a_manager_registers_tests_watches_mends_and_recovers_a_webhook", async () => {
  const { page, complaints, close } = await openPage(browser, server);

  await page.goto(`${server.base}/console/endpoints`);
  await seeText(page, "No integrations yet", ".state");
  await press(page, "Register an integration", ".page-head");
  await see(page, "dialog[open]");

  // What cannot be is said beside its field, and nothing is registered.
  await write(page, "Address that receives (https)", "not an address");
  await press(page, "Register", "dialog");
  await see(page, "dialog .field-error");
  await write(page, "Address that receives (https)", `${receiver.url}/till`);
  await write(page, "Events", "reservation.*");
  await press(page, "Register", "dialog");

  // The secret is shown once.
  const secret = await see(page, "dialog .secret .code");
  assert.match(await secret.evaluate((one) => one.textContent), /^whsec_/);
  await press(page, "I have kept it", "dialog");

  // A test, with what was answered.
  await see(page, ".drawer");
  await press(page, "Test", ".drawer");
  await seeText(page, "It arrived: 200", ".drawer .hint-box");
  assert.equal(JSON.parse(receiver.got[0].body).event_type, "test.ping");

  // A booking goes through while the list of deliveries is looked at.
  await page.goto(`${server.base}/console/deliveries`);
  await seeText(page, "test.ping", ".table");
  await server.ask("POST", "/api/v1/events", booking("R-1"));
  await seeText(page, "reservation.created", ".table tbody");
  await seeText(page, "Delivered", ".table tbody tr:first-child");

  // The till breaks: the delivery is given up, and says why.
  receiver.status = 500;
  await server.ask("POST", "/api/v1/events", booking("R-2"));
  await seeText(page, "Given up", ".table tbody");
  await click(page, '.chip[href*="status=dead"]');
  await seeText(page, "HTTP 500", ".table tbody");
  await click(page, ".table tbody tr .row-link");
  await seeText(page, "It was given up", ".drawer .why");
  await seeText(page, "Attempt 2", ".drawer .steps");
  assert.match(page.url(), /status=dead.*open=msg_|open=msg_.*status=dead/);

  // What happened is found again under its address, on a page of its own too.
  await page.reload();
  await seeText(page, "It was given up", ".drawer .why");

  // The till is mended; one try by hand arrives.
  receiver.status = 200;
  await press(page, "Retry now", ".drawer");
  await seeText(page, "Delivered", ".drawer .detail-head");

  // Another was missed meanwhile: everything since then is sent again, after it was counted.
  receiver.status = 500;
  await server.ask("POST", "/api/v1/events", booking("R-3"));
  await page.goto(`${server.base}/console/dead-letters`);
  await seeText(page, "reservation.created", ".table tbody");
  receiver.status = 200;
  const before = receiver.got.length;
  await page.goto(`${server.base}/console/endpoints/1`);
  await press(page, "Recover", ".detail");
  await press(page, "Count", "dialog");
  await seeText(page, "1 deliveries that did not arrive will be sent", "dialog");
  await press(page, "Send them", "dialog");
  await seeText(page, "Done", "dialog .pill");
  await press(page, "Close", "dialog .dialog-foot");
  assert.equal(receiver.got.length, before + 1);

  await page.goto(`${server.base}/console/dead-letters`);
  await seeText(page, "Nothing was given up", ".state");
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_filters_live_in_the_address_and_keys_move_through_a_list", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await server.ask("POST", "/api/v1/events", [
    { event_type: "client.created", data: { name: "Ana" } },
    { event_type: "client.updated", data: { name: "Benito" } },
  ]);
  await page.goto(`${server.base}/console/events`);
  await seeText(page, "client.updated", ".table tbody");
  await write(page, "Words", "benito");
  await page.waitForFunction(() => location.search.includes("q=benito"));
  await page.waitForFunction(() =>
    document.querySelectorAll(".table tbody tr[data-id]").length === 1);
  await write(page, "Words", "nobody of this name");
  await seeText(page, "Nothing fits these filters", ".state");
  await press(page, "Clear filters", ".state");
  await seeText(page, "client.created", ".table tbody");

  await page.evaluate(() => /** @type {any} */ (document.activeElement)?.blur());
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await see(page, ".drawer");
  const first = new URL(page.url()).searchParams.get("open");
  await page.keyboard.press("k");
  await page.waitForFunction((first) => new URL(location.href).searchParams.get("open") !== first,
    {}, first);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector(".drawer"));
  await page.keyboard.press("?");
  await seeText(page, "Keys", "dialog h2");
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await page.waitForFunction(() => location.pathname === "/console/endpoints");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "search");
  assert.deepEqual(complaints, []);
  await close();
});
