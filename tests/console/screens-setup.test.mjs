// What an admin does: tenants with their settings and keys, the words that go out, and the end of a
// tenant.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "./people.mjs";
import {
  keepFailures, openPage, press, see, seeText, startBrowser, startServer, write,
} from "./world.mjs";

let server;
let browser;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer()]);
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop()]);
});

test("e01_a_tenant_is_made_set_up_given_keys_and_deleted", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/tenants`);
  await press(page, "New tenant");
  await write(page, "Id", "la-trattoria");
  await write(page, "Name", "La Trattoria");
  await press(page, "Create", "dialog");
  const key = await (await see(page, "dialog .secret .code")).evaluate((element) =>
    element.textContent);
  assert.match(key, /^sk_/);
  await press(page, "I have it");
  await seeText(page, "La Trattoria", "h1");

  await write(page, "Time to reply", "five minutes");
  await pressIn(page, "set-handoffs", "Save");
  await see(page, "#set-handoffs .field-error");
  await write(page, "Time to reply", "10m");
  await pressIn(page, "set-handoffs", "Save");
  await seeText(page, "Saved", ".notice");
  const read = () => fetch(`${server.base}/api/v1/admin/tenants/la-trattoria`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const { settings } = await (await read()).json();
  assert.equal(settings.sla_after, "10m");

  await press(page, "Keys", ".chips");
  await press(page, "New key");
  await write(page, "Name", "till");
  await press(page, "Make the key", "dialog");
  await see(page, "dialog .secret");
  await press(page, "I have it");
  await seeText(page, "till", ".mini-list");
  const row = await page.waitForFunction(() => [...document.querySelectorAll(".mini-list li")]
    .find((one) => one.textContent?.includes("till"))?.querySelector(".danger"));
  await row.asElement().click();
  await press(page, "Revoke", "dialog");
  await page.waitForFunction(() =>
    !document.querySelector(".mini-list")?.textContent?.includes("till"));

  await press(page, "Delete tenant");
  const really = await page.waitForFunction(() => [...document.querySelectorAll("dialog .button")]
    .find((one) => one.textContent === "Delete for good"));
  assert.equal(await really.evaluate((element) => element.disabled), true, "its id is typed first");
  await page.type("dialog .input", "la-trattoria");
  await press(page, "Delete for good", "dialog");
  await seeText(page, "is deleted", ".notice");
  await until(read, ({ status }) => status === 401);
  assert.deepEqual(complaints, []);
  await close();
});

/** Presses a button in the section with this id. */
function pressIn(page, id, text) {
  return press(page, text, `#${id}`);
}

test("f08_words_of_ones_own_are_seen_before_they_are_kept_and_can_be_given_back", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  const kept = async () => {
    const { items } = await server.ask("GET", "/api/v1/admin/templates?from=tenant");
    return items;
  };
  await page.goto(`${server.base}/console/templates/reservation.created~slack~es`);
  await seeText(page, "Nueva reserva", ".preview");
  await write(page, "Text", "Mesa de {{ party_size }}: {{ nobody }}");
  await seeText(page, "Mesa de 4", ".preview");
  await seeText(page, "nobody", ".hint-box");
  assert.deepEqual(await kept(), []);
  await press(page, "Save as our words");
  await seeText(page, "Own", ".pill");
  assert.equal((await kept()).length, 1);

  await write(page, "Text", "{{ party_size");
  await see(page, ".field-error");
  await press(page, "Back to the built-in words");
  await press(page, "Back to the built-in words", "dialog");
  await seeText(page, "Built-in", ".pill");
  assert.deepEqual(await kept(), []);
  assert.deepEqual(complaints, []);
  await close();
});
