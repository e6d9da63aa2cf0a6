// What the console says about verifying a signature is true: its lines are run over real deliveries.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { until } from "./people.mjs";
import { startReceiver, startServer } from "./world.mjs";

const SECRETS = {
  generated: undefined,
  own: "my-own-secret-that-is-longer-than-32-chars",
  encoded: `whsec_${Buffer.alloc(32, 0xfb).toString("base64")}`,
};

let server;
let receiver;
let folder;
let snippets;
before(async () => {
  [receiver, server] = await Promise.all([startReceiver(), startServer()]);
  folder = await mkdtemp(path.join(tmpdir(), "sereno-verify-"));
  const source = await readFile(
    new URL("../../src/console/screens/endpoints/snippets.js", import.meta.url), "utf8");
  ({ SNIPPETS: snippets } = await import(`data:text/javascript,${encodeURIComponent(source)}`));
});
after(() => Promise.all([server?.stop(), receiver?.stop(),
  folder && rm(folder, { recursive: true, force: true })]));

/** How each language is run over a delivery, which is read from a file; it prints true or false. */
const RUNS = {
  "Node.js": [["node"], "verify.mjs", "", `
import { readFileSync } from "node:fs";
const { headers, body } = JSON.parse(readFileSync(process.argv[2]));
console.log(isFromSereno(headers, Buffer.from(body)));`],
  Python: [["python3"], "verify.py", "", `
import json, sys
given = json.load(open(sys.argv[1]))
print(str(is_from_sereno(given["headers"], given["body"].encode())).lower())`],
  PHP: [["php"], "verify.php", "<?php\n", `
$given = json_decode(file_get_contents($argv[1]), true);
echo is_from_sereno($given["headers"], $given["body"]) ? "true" : "false";`],
  Go: [["go", "run"], "verify.go", `package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

`, `

func main() {
	var given struct {
		Headers map[string]string
		Body    string
	}
	text, _ := os.ReadFile(os.Args[1])
	json.Unmarshal(text, &given)
	headers := http.Header{}
	for name, value := range given.Headers {
		headers.Set(name, value)
	}
	fmt.Println(IsFromSereno(headers, []byte(given.Body)))
}`],
};

for (const [kind, chosen] of Object.entries(SECRETS)) {
  test(`a21_the_lines_that_verify_a_signature_are_right_for_a_secret_${kind}`, async () => {
    const made = await server.ask("POST", "/api/v1/admin/notify/endpoints", {
      kind: "webhook", target: `${receiver.url}/${kind}`, secret: chosen });
    const secret = chosen ?? made.secret;
    await server.ask("POST", "/api/v1/events", { event_type: "client.created",
      data: { name: "Ana García", of: kind } });
    const got = await until(async () => receiver.got.find((one) => one.path === `/${kind}`), Boolean);
    for (const [language, [[program, ...words], file, head, rest]] of Object.entries(RUNS)) {
      await writeFile(path.join(folder, file), head + snippets[language] + rest);
      const run = (delivery, key) => {
        const given = path.join(folder, "given.json");
        return writeFile(given, JSON.stringify(delivery)).then(() =>
          execFileSync(program, [...words, path.join(folder, file), given],
            { env: { ...process.env, SERENO_SECRET: key }, encoding: "utf8" }).trim());
      };
      try {
        assert.equal(await run(got, secret), "true", `${language}: ${kind}`);
      } catch (error) {
        // A language that is not on this machine is not asked; Node is what runs this.
        if (error.code === "ENOENT" && program !== "node") continue;
        throw error;
      }
      assert.equal(await run({ ...got, body: `${got.body} ` }, secret), "false", `${language}: forged`);
      assert.equal(await run(got, `${secret.slice(0, -4)}AAA=`), "false", `${language}: another key`);
    }
  });
}
