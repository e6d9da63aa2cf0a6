// What the server says in English is told in the reader's words: why a message was not followed, and what does not
// fit in a form.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connectLine, until, writes } from "./people.mjs";
import {
  click, enter, keepFailures, openPage, see, seeText, startBrowser, startReceiver, startServer,
} from "./world.mjs";

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser] = await Promise.all([startReceiver(), startBrowser()]);
  server = await startServer({ SERENO_GRAPH_URL: receiver.url });
  await connectLine(server);
  await writes(server, "34600000001", "Ana", { type: "text", text: { body: "hola, una pregunta" } });
  await until(() => server.ask("GET", "/api/v1/events?type=whatsapp.message.received"),
    ({ items }) => items.length > 0);
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

for (const [language, ignored, spaces, type, short] of [
  ["es", "No responde a ningún recordatorio", "No puede tener espacios",
    "«type!!» no es un tipo de evento", "El secreto es demasiado corto: 32 caracteres o más"],
  ["pt", "Não responde a nenhum lembrete", "Não pode ter espaços",
    "“type!!” não é um tipo de evento", "O segredo é curto demais: 32 caracteres ou mais"],
]) {
  test(`a21_what_the_server_says_is_told_in_the_readers_words_${language}`, async () => {
    const { page, complaints, close } = await openPage(browser, server, { key: "", language });
    await enter(page, server, "admin", "/console/events");
    await seeText(page, ignored, ".table td");
    await page.goto(`${server.base}/console/endpoints`);
    await click(page, ".page-head .button.main, .state .button.main");
    const fill = async (name, text) => {
      const field = await see(page, `dialog [name="${name}"]`);
      await field.click({ count: 3 });
      await field.type(text);
    };
    const problem = async (text) => {
      await page.$eval("dialog form", (form) => /** @type {any} */ (form).requestSubmit());
      await seeText(page, text, "dialog .field-error");
    };
    await fill("target", "https://example.com/a b");
    await problem(spaces);
    await fill("target", "https://example.com/hook");
    await fill("filters.events", "type!!");
    await problem(type);
    await fill("filters.events", "client.*");
    await page.$eval("dialog details:has([name=secret])", (one) => one.setAttribute("open", ""))
      .catch(() => {});
    await fill("secret", "short");
    await problem(short);
    assert.deepEqual(complaints, []);
    await close();
  });
}
