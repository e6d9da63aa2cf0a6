// Makes the pictures of the README: the demo's story, told to its end, as the console shows it.

import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openPage, see, settle, startBrowser } from "./world.mjs";

const FOLDER = fileURLToPath(new URL("pictures/", import.meta.url));

/** What is pictured: a name, an address, and how it is looked at. */
const PICTURES = [
  ["overview-night", "/console?window=5m", { theme: "night" }],
  ["deliveries", "/console/deliveries", { theme: "night", open: true }],
  ["reservation", "/console/reservations", { theme: "day", open: true }],
  ["integrations", "/console/endpoints", { theme: "day" }],
  ["conversation", "/console/conversations", { theme: "night", open: true }],
  ["phone", "/console", { theme: "night", width: 390, height: 844 }],
];

/** The demo's server with its token, once its story is told. */
function startDemo() {
  const child = spawn(process.env.SERENO_BINARY ?? "sereno", ["demo"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Were it to outlive a picture that fails, whoever reads its output would wait for ever.
  process.once("exit", () => child.kill("SIGTERM"));
  let said = "";
  child.stdout.setEncoding("utf8");
  return new Promise((resolve, reject) => {
    child.stdout.on("data", (text) => {
      said += text;
      const token = said.match(/admin_[A-Za-z0-9_-]{20,}/)?.[0];
      const base = said.match(/stays up at (http:\/\/127\.0\.0\.1:\d+)/)?.[1];
      if (token && base) resolve({ base, admin: token, stop: () => child.kill("SIGTERM") });
    });
    child.once("exit", (code) => reject(new Error(`the demo ended with ${code}: ${said}`)));
  });
}

/** Waits until nothing is on its way any more, or says what still is. */
function whole(page, name, isDone) {
  return page.waitForFunction(isDone).catch(async (error) => {
    const text = await page.evaluate(() => document.body.innerText.replace(/\s+/g, " ").slice(0, 400));
    throw new Error(`${name} did not come to be whole (${error.message}): ${text}`);
  });
}

await mkdir(FOLDER, { recursive: true });
const [server, browser] = await Promise.all([startDemo(), startBrowser()]);
for (const [name, path, { open, ...how }] of PICTURES) {
  const { page, close } = await openPage(browser, server, { width: 1360, height: 860, ...how });
  // A tab keeps the tenant that it began with.
  await page.evaluate(() => sessionStorage.setItem("sereno.tenant", "la-trattoria"));
  await page.goto(server.base + path);
  const isDone = () => document.querySelector(".page h1") !== null
    && !document.querySelector(".bone");
  await whole(page, name, isDone);
  if (open) {
    const isListed = () => document.querySelector(".table .row-link") !== null;
    await whole(page, `${name}'s list`, isListed);
    await page.click(".table .row-link");
    await see(page, ".drawer");
    await whole(page, `${name}, with its drawer`, isDone);
  }
  await settle(page);
  await page.screenshot({ path: `${FOLDER}${name}.png` });
  console.log(`tests/console/pictures/${name}.png`);
  await close();
}
server.stop();
await browser.close();
