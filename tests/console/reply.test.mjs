// A person replies to a customer from the conversation: in their own words while WhatsApp takes them, as a template
// otherwise; and takes the conversation over from a bot.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connectLine, until, writes } from "./people.mjs";
import {
  click, enter, findings, keepFailures, openPage, press, see, seeText, startBrowser, startReceiver,
  startServer, write,
} from "./world.mjs";

const TALKS = "/api/v1/conversations";

let server;
let browser;
let graph;
before(async () => {
  graph = await startReceiver();
  [browser, server] = await Promise.all([startBrowser(),
    startServer({ SERENO_GRAPH_URL: graph.url })]);
  await connectLine(server);
  await server.ask("PATCH", "/api/v1/admin/tenants/default",
    { whatsapp: { templates: { notice: { name: "aviso", language: "es" } } } });
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), graph?.stop()]);
});

/** Conversations that have had their turn. */
const known = new Set();

/** The conversation of whoever writes, having written so many hours ago. */
async function begun(from, hours = 0) {
  const timestamp = String(Math.floor(Date.now() / 1_000 - hours * 3_600));
  await writes(server, from, "Ana Gil", { type: "text", text: { body: `hola de ${from}` }, timestamp });
  const of = (page) => page.items.find((talk) => !known.has(talk.conversation_id));
  const found = await until(() => server.ask("GET", `${TALKS}?channel=whatsapp`), of);
  const { conversation_id: id } = of(found);
  known.add(id);
  return id;
}

/** Waits until so many of ours stand in the thread, whose texts a session sees masked. */
function ours(page, count) {
  return page.waitForFunction((count) =>
    document.querySelectorAll(".bubble-row.is-ours").length === count, {}, count);
}

const sent = () => graph.got.map(({ body }) => JSON.parse(body));

test("d05_an_operator_replies_in_their_own_words_while_the_window_is_open", async () => {
  const id = await begun("34600000001");
  await server.ask("POST", "/api/v1/events",
    { event_type: "conversation.escalated", data: { conversation_id: id } });
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", `/console/conversations/${id}`);
  await seeText(page, "of the window left", "[data-kept]");
  await write(page, "Your words", "Enseguida la atiendo");
  await write(page, "Your name", "Eva");
  // The customer writes meanwhile: it is seen, and what was begun stays where it was.
  await writes(server, "34600000001", "Ana Gil", { type: "text", text: { body: "¿hay alguien?" } });
  await page.waitForFunction(() => document.querySelectorAll(".bubble-row").length === 2);
  assert.equal(await page.$eval("[data-kept] [name=text]", (one) => one.value), "Enseguida la atiendo");
  assert.deepEqual(await findings(page), []);
  await press(page, "Send", "[data-kept] form");
  await seeText(page, "On its way", ".notice");
  await ours(page, 1);
  await seeText(page, "sent", ".bubble-row.is-ours .bubble-ticks");
  assert.equal(await page.$eval("[data-kept] [name=text]", (one) => one.value), "");
  assert.equal(sent()[0].text.body, "Enseguida la atiendo");
  assert.equal((await server.ask("GET", `/api/v1/handoffs/${id}`)).status, "replied");

  // Nothing said is nothing sent.
  await press(page, "Send", "[data-kept] form");
  await see(page, "[data-kept] .field-error");
  assert.equal(sent().length, 1);
  assert.deepEqual(complaints, []);
  await close();

  const viewer = await openPage(browser, server, { key: "" });
  await enter(viewer.page, server, "viewer", `/console/conversations/${id}`);
  await see(viewer.page, ".thread");
  assert.equal(await viewer.page.$eval("[data-kept]", (one) => /** @type {any} */ (one).hidden), true);
  assert.deepEqual(viewer.complaints, []);
  await viewer.close();
});

test("d05_words_that_were_not_sent_are_there_again_until_they_are", async () => {
  const id = await begun("34600000007");
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", `/console/conversations/${id}`);
  await write(page, "Your words", "Un momento");
  await write(page, "Your name", "Eva");
  const go = async (screen) => click(page, `nav a[href="/console/${screen}"]`);
  await go("timers");
  await seeText(page, "Timers", "h1");
  await page.goBack();
  await see(page, "[data-kept] [name=text]");
  assert.equal(await page.$eval("[data-kept] [name=text]", (one) => one.value), "Un momento");
  assert.equal(await page.$eval("[data-kept] [name=by]", (one) => one.value), "Eva");
  // A page that goes for good asks first.
  const asked = new Promise((resolve) => page.once("dialog", (dialog) => {
    resolve(dialog.type());
    dialog.dismiss();
  }));
  page.reload().catch(() => {});
  assert.equal(await asked, "beforeunload");
  await press(page, "Send", "[data-kept] form");
  await seeText(page, "On its way", ".notice");
  await go("timers");
  await seeText(page, "Timers", "h1");
  await page.goBack();
  await see(page, "[data-kept] [name=text]");
  assert.equal(await page.$eval("[data-kept] [name=text]", (one) => one.value), "");
  assert.deepEqual(complaints, []);
  await close();
});

test("b02_a_thread_says_who_wrote_ours", async () => {
  const id = await begun("34600000008");
  const found = await server.ask("GET", `${TALKS}/${id}`);
  const line = (place, by) => ({ ...found.messages[0], id: `said-${place}`, kind: "message_sent", text: `word ${place}`, by });
  const messages = [{ ...found.messages[0], by: "customer" },
    ...["assistant", "Eva", "person", null].map((by, place) => line(place, by))];
  const told = { ...found, messages, metrics: { ...found.metrics, ai_messages: 1, person_messages: 2 } };
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/conversations");
  await see(page, ".table .row-link");
  await page.setRequestInterception(true);
  page.on("request", (request) => (new URL(request.url()).pathname === `${TALKS}/${id}`
    ? request.respond({ status: 200, contentType: "application/json", body: JSON.stringify(told) })
    : request.continue()));
  await page.goto(`${server.base}/console/conversations/${id}`);
  await seeText(page, "word 3", ".bubble");
  const names = await page.$$eval(".bubble", (all) =>
    all.map((one) => one.querySelector(".bubble-by")?.textContent ?? null));
  assert.deepEqual(names, [null, "Assistant", "Eva", "A person", null]);
  await seeText(page, "1 of the AI, 2 of people", ".facts");
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(complaints, []);
  await close();
});

test("b02_nobody_answers_in_a_conversation_that_is_over", async () => {
  const told = (event_type) => server.ask("POST", "/api/v1/events",
    { event_type, data: { conversation_id: "C-over", channel: "web" } });
  await told("conversation.started");
  await told("conversation.ended");
  await until(() => server.ask("GET", `${TALKS}/C-over`), ({ status }) => status === "ended");
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/conversations?status=ended");
  const row = await see(page, '.table tr[data-id="C-over"]');
  assert.doesNotMatch(await row.evaluate((one) => one.textContent ?? ""), /Bot/);
  assert.deepEqual(complaints, []);
  await close();
});

test("d05_outside_the_window_a_template_is_picked_and_filled", async () => {
  const id = await begun("34600000002", 25);
  const before = sent().length;
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", `/console/conversations/${id}`);
  await seeText(page, "approved templates alone", "[data-kept]");
  assert.equal(await page.$("[data-kept] [name=text]"), null);
  await write(page, "Fills place 1", "Su mesa le espera");
  await press(page, "Send the template", "[data-kept] form");
  await ours(page, 1);
  assert.deepEqual(await findings(page), []);

  // Any other that Meta approved; what cannot be its name is said beside it.
  await page.select("[data-kept] [name=chosen]", "other");
  await write(page, "Its name at Meta", "Hola Otra");
  await write(page, "Its language", "es");
  await press(page, "Send the template", "[data-kept] form");
  await seeText(page, "name at Meta", "[data-kept] .field-error");
  await page.$eval("[data-kept] [name='template.name']", (input) => (input.value = "hola_otra"));
  await page.type("[data-kept] [name='template.parameters']", "Ana\nhoy");
  await press(page, "Send the template", "[data-kept] form");
  await ours(page, 2);
  await until(async () => sent().length, (count) => count === before + 2);
  const [first, second] = sent().slice(before);
  assert.deepEqual([first.type, first.template.name], ["template", "aviso"]);
  assert.deepEqual(second.template.components[0].parameters.map(({ text }) => text), ["Ana", "hoy"]);
  assert.deepEqual(complaints, []);
  await close();
});

test("b02_a_conversation_is_taken_over_from_the_bot_and_given_back", async () => {
  await server.ask("POST", "/api/v1/events", { event_type: "conversation.started",
    data: { conversation_id: "C-1", channel: "web" } });
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/conversations/C-1");
  await seeText(page, "Bot", ".detail-head .pill");
  await press(page, "Take over", ".detail");
  await write(page, "Who answers from now on", "Eva");
  await press(page, "Take over", "dialog form");
  await seeText(page, "the assistant has been told", ".notice");
  await seeText(page, "Eva", ".detail-head .pill");
  assert.deepEqual(await findings(page), []);
  await page.goto(`${server.base}/console/conversations?held=true`);
  await seeText(page, "Eva", '.table tr[data-id="C-1"]');
  assert.equal(await page.$$eval(".table tbody tr[data-id]", (all) => all.length), 1);
  await page.goto(`${server.base}/console/conversations/C-1`);
  await press(page, "Give back", ".detail");
  await press(page, "Give back", "dialog .dialog-foot");
  await seeText(page, "Bot", ".detail-head .pill");
  assert.equal((await server.ask("GET", `${TALKS}/C-1`)).held_by, null);
  assert.deepEqual(complaints, []);
  await close();
});

test("d05_what_another_holds_is_taken_over_before_it_is_replied_in_and_what_was_begun_stays", async () => {
  const id = await begun("34600000004");
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", `/console/conversations/${id}`);
  await write(page, "Your words", "Enseguida");
  await server.ask("POST", `${TALKS}/${id}/actions`, { action: "take_over", by: "Ana" });
  await seeText(page, "Ana answers here", "[data-kept]");
  const disabled = () => page.$$eval("[data-kept] form :is(textarea, input, button)",
    (all) => all.every((one) => /** @type {any} */ (one).disabled));
  assert.equal(await disabled(), true);
  assert.deepEqual(await findings(page), []);
  await press(page, "Take over from Ana", ".detail");
  await page.$eval("dialog [name=by]", (one) => (one.value = ""));
  await write(page, "Who answers from now on", "Luis");
  await press(page, "Take over from Ana", "dialog form");
  await page.waitForFunction(() => !/** @type {any} */ (document.querySelector("[data-kept] [name=text]")).disabled);
  assert.equal(await page.$eval("[data-kept] [name=text]", (one) => one.value), "Enseguida");
  await press(page, "Send", "[data-kept] form");
  await seeText(page, "On its way", ".notice");
  assert.equal((await server.ask("GET", `${TALKS}/${id}`)).held_by, "Luis");
  assert.deepEqual(complaints, []);
  await close();
});

test("d05_whoever_holds_it_answers_from_another_browser_too", async () => {
  const id = await begun("34600000021");
  await server.ask("POST", `${TALKS}/${id}/actions`, { action: "take_over", by: "Ana" });
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", `/console/conversations/${id}`);
  await press(page, "I am Ana", "[data-kept]");
  await page.waitForFunction(() => {
    const text = /** @type {any} */ (document.querySelector("[data-kept] [name=text]"));
    return text && !text.disabled;
  });
  await write(page, "Your words", "Aquí sigo");
  assert.equal(await page.$eval("[data-kept] [name=by]", (one) => one.value), "Ana");
  // One window, one clock.
  const clocks = await page.$$eval(".detail .clock", (all) => all.map((one) => one.getAttribute("title")));
  assert.equal(clocks.length, 2);
  assert.equal(new Set(clocks).size, 1, `${clocks}`);
  await press(page, "Send", "[data-kept] form");
  await seeText(page, "On its way", ".notice");
  assert.equal((await server.ask("GET", `${TALKS}/${id}`)).held_by, "Ana");
  assert.deepEqual(complaints, []);
  await close();
});

test("b02_who_has_a_conversation_by_what_leaves_instead_of_its_number_sees_what_happens_in_it", async () => {
  const number = "34600000023";
  await server.ask("POST", "/api/v1/events", { event_type: "conversation.started",
    data: { conversation_id: number, wa_number: `+${number}`, channel: "web" } });
  const { conversation_id: hash } = await server.ask("GET", `${TALKS}/${number}`);
  assert.match(hash, /^[0-9a-f]{16}$/);
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", `/console/conversations/${hash}`);
  await seeText(page, "Bot", ".detail-head .pill");
  await server.ask("POST", `${TALKS}/${number}/actions`, { action: "take_over", by: "Ana" });
  await seeText(page, "Ana", ".detail-head .pill");
  assert.deepEqual(complaints, []);
  await close();
});

test("d05_who_was_slower_is_told_who_has_it_and_asked_anew", async () => {
  const id = await begun("34600000022");
  await server.ask("POST", `${TALKS}/${id}/actions`, { action: "take_over", by: "Luis" });
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", `/console/conversations/${id}`);
  await press(page, "Take over from Luis", ".detail");
  await write(page, "Who answers from now on", "Ana");
  await server.ask("POST", `${TALKS}/${id}/actions`, { action: "take_over", by: "Eva", from: "Luis" });
  await press(page, "Take over from Luis", "dialog form");
  await seeText(page, "Eva was faster", ".notice");
  await press(page, "Take over from Eva", "dialog form");
  await seeText(page, "the assistant has been told", ".notice");
  assert.equal((await server.ask("GET", `${TALKS}/${id}`)).held_by, "Ana");
  assert.equal(complaints.filter((one) => !/409/.test(one)).length, 0, `${complaints}`);
  await close();
});

test("b02_what_is_mine_in_another_window_is_not_asked_for_again_and_whose_handoff_it_is_is_told", async () => {
  const id = await begun("34600000024");
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", `/console/conversations/${id}`);
  await press(page, "Take over", ".detail");
  await write(page, "Who answers from now on", "Ana");
  await server.ask("POST", `${TALKS}/${id}/actions`, { action: "take_over", by: "Ana" });
  await press(page, "Take over", "dialog form");
  await seeText(page, "the assistant has been told", ".notice");
  assert.equal(await page.$("dialog[open]"), null);
  assert.equal((await server.ask("GET", `${TALKS}/${id}`)).held_by, "Ana");

  const other = await begun("34600000025");
  await server.ask("POST", "/api/v1/events", { event_type: "conversation.escalated", data: { conversation_id: other } });
  await server.ask("POST", `/api/v1/handoffs/${other}/actions`, { action: "claim", by: "Mia" });
  await enter(page, server, "operator", `/console/conversations/${other}`);
  await press(page, "Take over", ".detail");
  await press(page, "Take over", "dialog form");
  await seeText(page, "Mia", ".notice");
  await press(page, "Take over from Mia", "dialog form");
  await seeText(page, "the assistant has been told", ".notice");
  const handoff = await server.ask("GET", `/api/v1/handoffs/${other}`);
  assert.equal(handoff.claimed_by, "Ana");
  assert.equal(complaints.filter((one) => !/409/.test(one)).length, 0, `${complaints}`);
  await close();
});

test("d05_without_a_line_it_says_what_to_set", async () => {
  const bare = await startServer();
  await bare.ask("POST", "/api/v1/events", { event_type: "conversation.started",
    data: { conversation_id: "C-1", channel: "whatsapp", user: { id: "u-1", phone: "+34600000003" } } });
  const { page, complaints, close } = await openPage(browser, bare, { key: "", language: "es" });
  await enter(page, bare, "operator", "/console/conversations/C-1");
  const told = await seeText(page, "No hay línea de WhatsApp", "[data-kept]");
  assert.match(await told.evaluate((one) => one.textContent ?? ""), /whatsapp\.access_token/);
  assert.deepEqual(complaints, []);
  await close();
  await bare.stop();
});
