// Handoffs that are given to others, put off and made urgent, by row, in the detail and several at once; and how long
// customers waited.

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
  await server.ask("PATCH", "/api/v1/admin/tenants/default", { sla_after: "1h" });
  for (const id of ["C-1", "C-2", "C-3"]) {
    await server.ask("POST", "/api/v1/events", { event_type: "handoff.opened",
      data: { conversation_id: id, reason: `asks ${id}` } });
  }
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop()]);
});

const handoff = (id) => server.ask("GET", `${HANDOFFS}/${id}`);
const rowOf = (id) => `.table tr[data-id="${id}"]`;

/** Waits until the rows stand in this order. */
function order(page, ids) {
  return page.waitForFunction((wanted) => {
    const rows = [...document.querySelectorAll(".table tbody tr[data-id]")];
    return rows.map((row) => row.getAttribute("data-id")).join() === wanted;
  }, {}, ids.join());
}

test("a10_a_handoff_is_put_off_by_its_row_and_taken_up_again", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/handoffs");
  await order(page, ["C-1", "C-2", "C-3"]);
  await click(page, `${rowOf("C-1")} [aria-label="Put off"]`);
  await seeText(page, "The time to answer goes on meanwhile", "dialog");
  await page.select("dialog [name=for]", "4h");
  await press(page, "Put off", "dialog form");
  await seeText(page, "the time to answer goes on all the same", ".notice");
  await order(page, ["C-2", "C-3", "C-1"]);
  await seeText(page, "Put off", rowOf("C-1"));
  const off = await handoff("C-1");
  const hours = (Date.parse(off.snoozed_until) - Date.now()) / 3_600_000;
  assert.ok(hours > 3.9 && hours <= 4, `${hours}`);
  assert.ok(off.timers.some(({ kind }) => kind === "sla"));

  await page.select("[name=snoozed]", "false");
  await order(page, ["C-2", "C-3"]);
  await page.select("[name=snoozed]", "true");
  await order(page, ["C-1"]);
  assert.deepEqual(await findings(page), []);

  // Until a moment of one's own, which may be none that is to come.
  await page.goto(`${server.base}/console/handoffs/C-1`);
  await seeText(page, "It comes back to be answered", ".steps");
  await press(page, "Take it up again", ".detail");
  await press(page, "Put off", ".detail");
  await page.select("dialog [name=for]", "other");
  const until = await see(page, "dialog [name=until]");
  await until.evaluate((input) => (input.value = "2020-01-01T10:00"));
  await press(page, "Put off", "dialog form");
  await seeText(page, "within 7 days", "dialog .field-error");
  await press(page, "Cancel", "dialog form");
  assert.equal((await handoff("C-1")).snoozed_until, null);
  assert.deepEqual(complaints, []);
  await close();
});

test("a10_a_handoff_is_given_to_another_and_made_urgent", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/handoffs/C-3");
  await press(page, "Assign", ".detail");
  await write(page, "To whom", "Luis");
  await press(page, "Assign", "dialog form");
  await seeText(page, "Luis has it: the clock goes on", ".notice");
  await seeText(page, "Luis has taken it", ".detail-head");
  await press(page, "Assign", ".detail");
  await seeText(page, "Luis has it now", "dialog");
  await write(page, "To whom", "Eva");
  await press(page, "Assign", "dialog form");
  await seeText(page, "Eva has taken it", ".detail-head");
  await press(page, "Set priority", ".detail");
  await page.select("dialog [name=priority]", "urgent");
  await press(page, "Save", "dialog form");
  await seeText(page, "Urgent", ".detail-head");
  const given = await handoff("C-3");
  assert.deepEqual([given.claimed_by, given.priority, given.status], ["Eva", "urgent", "open"]);
  assert.deepEqual(await findings(page), []);

  // The most urgent stands on top, and is found by it.
  await page.goto(`${server.base}/console/handoffs`);
  await order(page, ["C-3", "C-1", "C-2"]);
  await page.select("[name=priority]", "urgent");
  await order(page, ["C-3"]);
  assert.equal(new URL(page.url()).searchParams.get("priority"), "urgent");

  // The audit log tells it in words.
  const other = await openPage(browser, server, { key: "", language: "es" });
  await enter(other.page, server, "admin", "/console/audit");
  for (const said of ["Asignó una atención", "de Luis a Eva", "Cambió la prioridad", "Urgente",
    "Aplazó una atención"]) {
    await seeText(other.page, said, ".table tbody tr");
  }
  const rows = await other.page.$eval(".table tbody", (one) => one.textContent ?? "");
  assert.doesNotMatch(rows, /action:/);
  assert.deepEqual([...complaints, ...other.complaints], []);
  await other.close();
  await close();
});

test("a10_several_handoffs_are_given_put_off_and_made_urgent_at_once", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/handoffs");
  const choose = async (ids) => {
    for (const id of ids) await click(page, `${rowOf(id)} .choice input`);
  };
  const finish = async (text, said) => {
    await seeText(page, said, "dialog");
    await press(page, text, "dialog .dialog-foot");
    await press(page, "Close", "dialog .dialog-foot");
  };
  await choose(["C-1", "C-2"]);
  await press(page, "Assign", ".chosen");
  await write(page, "To whom", "Ana");
  await press(page, "Assign", "dialog form");
  await finish("Assign", "Give 2 handoffs to Ana?");
  await choose(["C-1", "C-2"]);
  await press(page, "Set priority", ".chosen");
  await page.select("dialog [name=priority]", "low");
  await press(page, "Save", "dialog form");
  await finish("Set priority", "“Low”");
  await choose(["C-1", "C-2"]);
  await press(page, "Put off", ".chosen");
  await page.select("dialog [name=for]", "24h");
  await press(page, "Put off", "dialog form");
  await finish("Put off", "Put off 2 handoffs?");
  for (const id of ["C-1", "C-2"]) {
    const { claimed_by: by, priority, snoozed_until: until } = await handoff(id);
    assert.deepEqual([by, priority, typeof until], ["Ana", "low", "string"]);
  }
  assert.deepEqual(complaints, []);
  await close();
});

test("b11_how_long_customers_waited_is_drawn_day_by_day", async () => {
  for (const action of ["reply", "close"]) {
    await server.ask("POST", `${HANDOFFS}/C-3/actions`, { action });
  }
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/handoffs");
  await click(page, ".unfolds > summary");
  await seeText(page, "Mean wait from the opening on, by day", ".unfolds h2");
  await click(page, ".unfolds .chart-numbers > summary");
  await page.waitForFunction(() => {
    const cells = [...document.querySelectorAll(".unfolds .chart-table tbody tr:last-child td")];
    return cells.length === 3 && cells.every((cell) => /\d/.test(cell.textContent ?? ""));
  });
  await seeText(page, "until somebody took it", ".unfolds");
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(complaints, []);
  await close();
});
