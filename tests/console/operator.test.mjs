// What an operator does on a bad night: sees what was given up and why, mends it by the group,
// changes one by hand, throws one away, and keeps an alert quiet while it is being seen to.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  click, keepFailures, openPage, press, see, seeText, startBrowser, startReceiver, startServer,
  write,
} from "./world.mjs";

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser, server] = await Promise.all([startReceiver(), startBrowser(), startServer()]);
  receiver.status = 500;
  await server.ask("POST", "/api/v1/admin/notify/endpoints", {
    kind: "webhook", target: `${receiver.url}/crm`, filters: { events: ["client.*"] },
    retry: { first: "100ms", attempts: 1 },
  });
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

async function fail(...names) {
  const events = names.map((name) => ({ event_type: "client.created", data: { name } }));
  await server.ask("POST", "/api/v1/events", events);
}

/** Waits until so many rows stand in the table. */
function rows(page, count) {
  return page.waitForFunction((count) =>
    document.querySelectorAll(".table tbody tr[data-id]").length === count, {}, count);
}

test("e06_dead_letters_are_seen_by_cause_and_retried_changed_or_discarded", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await fail("Ana", "Benito", "Carla");
  await page.goto(`${server.base}/console/dead-letters`);
  await seeText(page, "HTTP 500", ".cause h2");
  await rows(page, 3);

  // One is thrown away, after a question.
  await click(page, ".table .row-link");
  await seeText(page, "It was given up", ".drawer .why");
  await press(page, "Discard", ".drawer");
  await press(page, "Discard", "dialog");
  await seeText(page, "Discarded", ".drawer .hint-box");
  await page.keyboard.press("Escape");
  await rows(page, 2);

  // One goes out with other data; what is no JSON is said beside the field.
  receiver.status = 200;
  await click(page, ".table .row-link");
  await press(page, "Edit and retry", ".drawer");
  await write(page, "Data (JSON)", "{");
  await press(page, "Send", "dialog");
  await seeText(page, "This is not JSON", "dialog .field-error");
  await page.evaluate(() => {
    const field = /** @type {HTMLTextAreaElement} */ (document.querySelector("dialog textarea"));
    field.value = '{"name": "Dora"}';
  });
  await press(page, "Send", "dialog");
  await seeText(page, "It goes out as a new event", ".drawer .hint-box");
  await page.keyboard.press("Escape");

  // What is left of the cause is retried at once, after it was counted.
  await press(page, "Retry", ".cause");
  await seeText(page, "deliveries will be tried again", "dialog");
  await press(page, "Retry them", "dialog");
  await seeText(page, "Done", "dialog .pill");
  await press(page, "Close", "dialog .dialog-foot");
  await page.waitForFunction(() => !document.querySelector(".cause"));
  const sent = receiver.got.map(({ body }) => JSON.parse(body).data.name);
  assert.ok(sent.includes("Dora"), `${sent}`);
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_an_endpoints_secret_is_rotated_and_it_is_disabled_and_deleted_on_purpose", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/endpoints/1`);
  await press(page, "More actions", ".detail");
  await press(page, "Rotate the secret", ".menu-sheet");
  await press(page, "Rotate", "dialog");
  const secret = await see(page, "dialog .secret .code");
  assert.match(await secret.evaluate((one) => one.textContent), /^whsec_/);
  await press(page, "I have kept it", "dialog");
  await seeText(page, "Previous secret", ".facts");

  await press(page, "Disable", ".detail");
  await press(page, "Disable", "dialog");
  await seeText(page, "Disabled", ".detail-head .pill");
  await press(page, "Enable", ".detail");
  await page.waitForFunction(() => !document.querySelector(".detail-head .pill")?.textContent
    ?.includes("Disabled"));

  // Deleting asks for its number, and nothing happens without it.
  await press(page, "More actions", ".detail");
  await press(page, "Delete the integration", ".menu-sheet");
  const isBarred = await page.$eval("dialog .button.danger", (one) =>
    /** @type {HTMLButtonElement} */ (one).disabled);
  assert.ok(isBarred);
  await (await see(page, "dialog .input")).type("#1");
  await press(page, "Delete", "dialog");
  await page.waitForFunction(() => location.pathname === "/console/endpoints");
  await seeText(page, "No integrations yet", ".state");
  // What is shown anew at the moment of its deletion is gone.
  assert.deepEqual(complaints.filter((complaint) => !complaint.includes("404")), []);
  await close();
});

test("e07_an_alert_is_silenced_for_a_while_and_speaks_again", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/alerts`);
  await seeText(page, "Dead letters pile up", ".alert");
  await press(page, "Silence", ".alert");
  await press(page, "For 1 hour", ".menu-sheet");
  await seeText(page, "Silenced until", ".alert");
  await press(page, "Let it speak", ".alert");
  await page.waitForFunction(() => !document.body.textContent?.includes("Silenced until"));
  assert.deepEqual(complaints, []);
  await close();
});
