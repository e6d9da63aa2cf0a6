// What pages tell, in words and units of the reader, with nothing out of reach: whose clock it is,
// why something failed, what wants attention, and the words that a viewer may read.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "./people.mjs";
import {
  click, enter, findings, keepFailures, openPage, see, seeText, startBrowser, startReceiver,
  startServer,
} from "./world.mjs";

const STATUSES = [400, 403, 404, 405, 406, 409, 422];

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser, server] = await Promise.all([startReceiver(), startBrowser(), startServer()]);
  await server.ask("PATCH", "/api/v1/admin/tenants/default", { timezone: "America/Bogota" });
  const register = (body) => server.ask("POST", "/api/v1/admin/notify/endpoints", body);
  await register({ kind: "webhook", target: `${receiver.url}/till`, timeout: "15s",
    filters: { events: ["client.*"] }, retry: { first: "1s", attempts: 3 } });
  await register({ kind: "email", target: "sala@trattoria.example",
    filters: { events: ["reservation.*"] } });
  for (const [index, status] of STATUSES.entries()) {
    receiver.status = status;
    await server.ask("POST", "/api/v1/events", { event_type: "client.created", data: { status } });
    await until(() => server.ask("GET", "/api/v1/dead-letters"),
      ({ items }) => items.length === index + 1);
  }
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

test("a21_whose_clock_it_is_is_named_where_the_walls_differ", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: server.key });
  await page.emulateTimezone("Europe/Madrid");
  await page.goto(`${server.base}/console/deliveries`);
  await seeText(page, "Europe/Madrid (GMT+", ".zones");
  await seeText(page, "America/Bogota (GMT-5)", ".zones");
  await click(page, ".table .row-link");
  await seeText(page, "Times in this sentence are the business's: America/Bogota", ".drawer .why");
  assert.deepEqual(await findings(page), []);
  await page.emulateTimezone("America/Lima");
  await page.goto(`${server.base}/console/deliveries`);
  await see(page, ".table .row-link");
  await page.waitForFunction(() => document.querySelector(".zones")?.hasAttribute("hidden"));
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_every_cause_that_wants_attention_can_be_reached", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console`);
  await see(page, ".attention details, .attention + details");
  await click(page, ".attention + details summary");
  const hrefs = await page.$$eval(".attention a", (all) => all.map((one) => one.getAttribute("href")));
  for (const status of STATUSES) {
    assert.ok(hrefs.some((href) => href?.includes(`cause=${status}`)), `${status}: ${hrefs}`);
  }
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(complaints, []);
  await close();
});

for (const [language, words] of Object.entries({
  es: ["No hay servidor de correo configurado", "primera espera 1 s", "15 s"],
  pt: ["Nenhum servidor de e-mail está configurado", "primeira espera 1 s", "15 s"],
})) {
  test(`a21_causes_and_spans_are_in_the_readers_language_${language}`, async () => {
    await server.ask("POST", "/api/v1/events", { event_type: "reservation.created", data: {
      reservation_id: `R-${language}`, name: "Ana", party_size: 2, restaurant: "La Trattoria",
      date_time: new Date(Date.now() + 90_000_000).toISOString() } });
    await until(() => server.ask("GET", "/api/v1/dead-letters"),
      ({ items }) => items.some(({ cause }) => cause.startsWith("no mail server")));
    const { page, complaints, close } = await openPage(browser, server, { key: "", language });
    await enter(page, server, "operator", "/console/dead-letters");
    await seeText(page, words[0], ".causes");
    const shown = await page.$eval("main", (one) => one.textContent ?? "");
    assert.ok(!shown.includes("no mail server"), shown);
    await page.goto(`${server.base}/console/endpoints/1`);
    await seeText(page, words[1], ".facts");
    await seeText(page, words[2], ".facts");
    await seeText(page, "Standard Webhooks", ".facts");
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("a21_a_viewer_reads_templates_and_is_offered_nothing_to_try", async () => {
  await server.ask("PATCH", "/api/v1/admin/tenants/default",
    { templates: { "sla.breached": { slack: { en: { text: "Somebody waits: {{ reason }}" } } } } });
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "viewer", "/console/templates/reservation.created~slack~en");
  await see(page, ".detail .preview");
  assert.equal(await page.$("main form, main textarea"), null);
  await page.goto(`${server.base}/console/templates/sla.breached~slack~en`);
  await seeText(page, "Somebody waits: {{ reason }}", ".detail .facts");
  assert.equal(await page.$("main form, main textarea"), null);
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_the_system_shows_what_the_server_measures_of_itself", async () => {
  const { page, complaints, close } = await openPage(browser, server, { width: 390, height: 844 });
  await page.goto(`${server.base}/console/system`);
  await seeText(page, "Inside", "h2");
  for (const said of ["Deliveries that wait", "journal", "on average", "Free on the disk",
    "attempts 0 / "]) await seeText(page, said, ".facts");
  const facts = await page.$$eval(".facts dd", (all) => all.map((one) => one.textContent ?? ""));
  assert.ok(!facts.some((text) => /NaN|undefined|null/.test(text)), facts.join("\n"));
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(complaints, []);
  await close();
});

test("e01_of_what_a_receiver_answered_the_form_is_seen_and_whom_it_is_about_is_not", async () => {
  const { items: [given_up] } = await server.ask("GET", "/api/v1/deliveries?status=dead&code=4xx");
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  for (const role of ["viewer", "operator"]) {
    await enter(page, server, role, `/console/deliveries/${given_up.id}`);
    await seeText(page, "HTTP 4", ".steps");
    const steps = await page.$eval(".steps", (one) => one.textContent ?? "");
    assert.match(steps, /"messages"/);
    assert.deepEqual(await findings(page), []);
  }
  assert.deepEqual(complaints, []);
  await close();
});
