// Handoffs that somebody takes and timers that somebody moves; what is refused, in the reader's words; and the
// whole server for its admin.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  click, enter, findings, keepFailures, openPage, press, see, seeText, startBrowser, startServer,
  write,
} from "./world.mjs";

const HANDOFFS = "/api/v1/handoffs";

let server;
let browser;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer()]);
  for (const id of ["C-1", "C-2", "C-3"]) {
    await server.ask("POST", "/api/v1/events", { event_type: "handoff.opened",
      data: { conversation_id: id, reason: `asks ${id}` } });
  }
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop()]);
});

/** A row of the list by what it says. */
const row = (page, text) => seeText(page, text, ".table tbody tr");

test("a10_an_operator_takes_a_handoff_under_a_name_and_finds_it_again", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/handoffs");
  const first = await row(page, "C-1");
  await (await first.$("td:last-child button")).click();
  await see(page, "dialog [name=by]");
  assert.equal(await page.$eval("[name=by]", (input) => input.value), "", "nobody's name");
  await write(page, "Who takes it", "Ana");
  await press(page, "Take it", "dialog");
  await seeText(page, "the clock goes on", ".notice");
  await seeText(page, "Ana", ".table tbody");
  const taken = await server.ask("GET", `${HANDOFFS}/C-1`);
  assert.deepEqual([taken.claimed_by, taken.status, taken.timers.length], ["Ana", "open", 1]);

  // What is mine, and what waits for somebody.
  await page.select("[name=whose]", "mine");
  await page.waitForFunction(() => document.querySelectorAll(".table tbody tr").length === 1);
  await row(page, "C-1");
  assert.equal(new URL(page.url()).searchParams.get("whose"), "mine");
  await page.select("[name=whose]", "nobody");
  await page.waitForFunction(() => document.querySelectorAll(".table tbody tr").length === 2);
  await row(page, "C-2");

  // It is seen in the detail, and left to the others there.
  await page.goto(`${server.base}/console/handoffs/C-1`);
  await seeText(page, "Ana has taken it", ".detail-head");
  await seeText(page, "Ana has taken it", ".steps");
  assert.deepEqual(await findings(page), []);
  await press(page, "Leave it to others", ".detail");
  await page.type("dialog [name=reason]", "her shift is over");
  await press(page, "Leave it to others", "dialog .dialog-foot");
  await seeText(page, "Take it", ".detail");
  assert.equal((await server.ask("GET", `${HANDOFFS}/C-1`)).claimed_by, null);
  // The name is kept for the next time.
  await press(page, "Take it", ".detail");
  await page.waitForFunction(() => document.querySelector("[name=by]")?.value === "Ana");
  assert.deepEqual(complaints, []);
  await close();
});

test("a10_of_two_with_one_key_one_takes_a_handoff_and_the_other_hears_it", async () => {
  await server.ask("POST", "/api/v1/events", { event_type: "handoff.opened",
    data: { conversation_id: "C-9", reason: "asks" } });
  const tills = await Promise.all([1, 2].map(() => openPage(browser, server, { key: server.key })));
  for (const { page } of tills) {
    await page.goto(`${server.base}/console/handoffs/C-9`);
    await press(page, "Take it", ".detail");
    // What the key is called is nobody's name: each gives their own, here by chance the same.
    const name = await see(page, "dialog [name=by]");
    assert.equal(await name.evaluate((input) => input.value), "");
    await name.type("Ana");
  }
  await press(tills[0].page, "Take it", "dialog form");
  await seeText(tills[0].page, "Taken: the clock goes on", ".notice");
  await press(tills[1].page, "Take it", "dialog form");
  await seeText(tills[1].page, "Ana has taken it, since", ".notice.bad");
  assert.doesNotMatch(await tills[1].page.$eval("body", (body) => body.innerText), /Taken: the/);
  for (const { complaints, close } of tills) {
    assert.deepEqual(complaints, []);
    await close();
  }
  // Several at once are asked for a name too.
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/handoffs?whose=nobody");
  await (await (await row(page, "C-2")).$(".choice input")).click();
  await press(page, "Take it", ".chosen");
  await (await see(page, "dialog [name=by]")).type("Eva");
  await press(page, "Take it", "dialog form");
  await seeText(page, "as Eva", "dialog");
  await press(page, "Cancel", "dialog");
  await server.ask("POST", `${HANDOFFS}/C-9/actions`, { action: "close" });
  assert.deepEqual(complaints, []);
  await close();
});

for (const [language, words] of Object.entries({
  es: { claim: "Atender", taken: "Ya atiende Luis.", named: "Debe ser el nombre", none: "Falta este dato." },
  pt: { claim: "Atender", taken: "Luis já atende.", named: "Deve ser o nome", none: "Falta este dado." },
})) {
  test(`a21_what_is_refused_is_said_in_the_readers_language_${language}`, async () => {
    const { page, complaints, close } = await openPage(browser, server, { key: "", language });
    await enter(page, server, "operator", "/console/handoffs/C-3");
    await press(page, words.claim, ".detail");
    await (await see(page, "dialog [name=by]")).type("Ana");
    // Somebody else was quicker.
    await server.ask("POST", `${HANDOFFS}/C-3/actions`, { action: "claim", by: "Luis" });
    await press(page, words.claim, "dialog form");
    const notice = await seeText(page, words.taken, ".notice.bad");
    const said = await notice.$eval("[lang=en]", (one) => one.textContent);
    assert.ok(said.startsWith("Luis has taken it, since 20"), said);
    assert.ok(!(await notice.evaluate((one) => one.textContent)).includes("as things stand"));

    // Beside a field the same, without its name.
    await page.$eval("dialog [name=by]", (input) => {
      input.removeAttribute("maxlength");
      input.value = "x".repeat(101);
    });
    await press(page, words.claim, "dialog form");
    const beside = await see(page, "dialog .field-error");
    const shown = await beside.evaluate((one) => one.textContent);
    assert.ok(shown.includes("must be the name of who takes it"), shown);
    assert.ok(shown.startsWith(words.named), `their own words come first: ${shown}`);

    // What is plainly missing the page says itself.
    await page.$eval("dialog [name=by]", (input) => (input.value = " "));
    await press(page, words.claim, "dialog form");
    const none = await seeText(page, words.none, "dialog .field-error");
    assert.equal(await none.evaluate((one) => one.textContent), words.none);
    assert.deepEqual(await findings(page), []);
    await server.ask("POST", `${HANDOFFS}/C-3/actions`, { action: "release" });
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("a05_a_reminder_is_moved_and_a_deadline_is_not", async () => {
  const slot = new Date(Date.now() + 7 * 86_400_000).toISOString();
  await server.ask("POST", "/api/v1/events", { event_type: "reservation.created",
    data: { reservation_id: "R-1", date_time: slot, wa_number: "+34600000001" } });
  const { items } = await server.ask("GET", "/api/v1/timers?reservation_id=R-1");
  const reminder = items.find(({ kind }) => kind === "reminder.24h");
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", `/console/timers/${encodeURIComponent(reminder.id)}`);
  await press(page, "Move", ".detail");
  const to = new Date(Date.now() + 2 * 86_400_000);
  to.setMilliseconds(0);
  const local = new Date(to.getTime() - to.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  await page.$eval("dialog [name=due_at]", (input, at) => (input.value = at), local);
  await press(page, "Move", "dialog form");
  await seeText(page, "Timer moved", ".notice");
  // The page is that of the timer as it is set now; the old address leads to it.
  const moved = await server.ask("GET", "/api/v1/timers?reservation_id=R-1");
  const next = moved.items.find(({ kind }) => kind === "reminder.24h").id;
  await page.waitForFunction((path) => decodeURIComponent(location.pathname) === path, {},
    `/console/timers/${next}`);
  await press(page, "Move", ".detail");
  await press(page, "Cancel", "dialog form");
  await page.goto(`${server.base}/console/timers/${encodeURIComponent(reminder.id)}`);
  await (await seeText(page, "It is set for another time now", ".detail a, main a")).click();
  await see(page, ".detail .clock");
  assert.equal(Date.parse(moved.items.find(({ kind }) => kind === "reminder.24h").due_at),
    to.getTime());
  // Its history tells it in the reader's language, and as done by hand, whoever it was.
  const other = await openPage(browser, server, { key: "", language: "pt" });
  await enter(other.page, server, "operator", "/console/reservations/R-1");
  await seeText(other.page, "movido à mão", ".steps");
  const history = await other.page.$eval(".steps", (one) => one.textContent ?? "");
  assert.doesNotMatch(history, /\bby\b|reminder|operator/);
  await other.close();
  // One that went is told as made: whether it arrived stands with its delivery.
  const soon = new Date(Date.now() + 86_400_000 + 1_000).toISOString();
  await server.ask("POST", "/api/v1/events", { event_type: "reservation.created",
    data: { reservation_id: "R-2", date_time: soon, wa_number: "+34600000001" } });
  await page.goto(`${server.base}/console/reservations/R-2`);
  await seeText(page, "Reminder 24h: its message was made", ".steps");
  const { items: [sla] } = await server.ask("GET", "/api/v1/timers?conversation_id=C-2");
  await page.goto(`${server.base}/console/timers/${encodeURIComponent(sla.id)}`);
  await seeText(page, "Cancel", ".detail");
  assert.equal(await page.$$eval(".detail button", (all) =>
    all.some((one) => one.textContent?.trim() === "Move")), false);
  assert.deepEqual(complaints.filter((complaint) => !complaint.includes("404")), []);
  await close();
});

test("a20_the_admin_of_the_server_sees_the_whole_of_it_and_keeps_it_as_a_file", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/system`);
  await seeText(page, "The whole server", "h2");
  for (const said of ["Clock of the server", "Timers that are late", "256 of 256"]) {
    await seeText(page, said, ".facts");
  }
  await click(page, ".further-list > summary");
  await seeText(page, "cache_mb", ".facts");
  const facts = await page.$$eval(".facts dd", (all) => all.map((one) => one.textContent ?? ""));
  assert.ok(!facts.some((text) => /NaN|undefined|null/.test(text)), facts.join("\n"));
  await page.evaluate(() => {
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (/** @type {any} */ blob) => {
      blob.text().then((text) => Object.assign(window, { keptFile: text }));
      return make(blob);
    };
  });
  await press(page, "Download for support");
  const kept = await page.waitForFunction(() => /** @type {any} */ (window).keptFile);
  const file = JSON.parse(await kept.jsonValue());
  assert.deepEqual(file.partitions, { held: 256, of: 256 });
  assert.ok(file.configuration.some(({ name }) => name === "cache_mb"));
  assert.ok(!file.configuration.some(({ value }) => String(value).startsWith("/")), "no folders");
  assert.ok(!JSON.stringify(file).includes(server.admin) && !JSON.stringify(file).includes("R-1"));
  assert.deepEqual(await findings(page), []);

  // A tenant's own admin sees what the server measures, and no more.
  const other = await openPage(browser, server, { key: "" });
  await enter(other.page, server, "admin", "/console/system");
  await seeText(other.page, "Inside", "h2");
  assert.equal(await other.page.$$eval("h2", (all) =>
    all.some((one) => one.textContent === "The whole server")), false);
  assert.deepEqual([...complaints, ...other.complaints], []);
  await other.close();
  await close();
});

test("e01_the_audit_log_tells_each_deed_in_its_own_words", async () => {
  const act = (body) => server.ask("POST", `${HANDOFFS}/C-2/actions`, body);
  await act({ action: "claim", by: "Luis" });
  await act({ action: "release", reason: "his shift is over" });
  const channels = { whatsapp: { paused: true } };
  await server.ask("PATCH", "/api/v1/admin/tenants/default",
    { settings: { channels }, reason: "a fault at Meta" });
  const { page, complaints, close } = await openPage(browser, server, { key: "", language: "es" });
  await enter(page, server, "admin", "/console/audit");
  for (const said of ["Se hizo cargo de una atención", "por Luis", "Dejó una atención a otros",
    "his shift is over", "Pausó WhatsApp", "a fault at Meta"]) {
    await seeText(page, said, ".table tbody tr");
  }
  const rows = await page.$eval(".table tbody", (one) => one.textContent ?? "");
  assert.doesNotMatch(rows, /action:|channels\./, "and in no one's else");
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(complaints, []);
  await close();
});
