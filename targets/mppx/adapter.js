// mppx's functions as a conform402 target.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import * as evm from "./evm-operations.js";
import * as mpp from "./mpp-operations.js";

// The package does not export its own manifest.
const { version } = createRequire(import.meta.url)("./node_modules/mppx/package.json");
const operations = { ...mpp.operations, ...evm.operations };

const identity = {
  contract: 1,
  name: "mppx",
  sdk: "mppx",
  version,
  language: "typescript",
  profiles: [],
  capabilities: [],
  operations: Object.keys(operations).sort(),
};

async function evaluations({ operation, inputs }) {
  const call = operations[operation];
  return { results: await Promise.all(inputs.map((given) => evaluate(call, given))) };
}

async function evaluate(call, given) {
  try {
    return { output: await call(given) };
  } catch (error) {
    return { refusal: `${error.name}: ${error.message}` };
  }
}

function send(response, status, body = "", headers = {}) {
  response.writeHead(status, headers).end(body);
}

function sendJson(response, value) {
  send(response, 200, JSON.stringify(value), { "content-type": "application/json" });
}

async function answer(request, response) {
  if (request.url === "/conform402/identity") return sendJson(response, identity);
  if (request.url === "/conform402/evaluations") {
    return sendJson(response, await evaluations(JSON.parse(await text(request))));
  }
  send(response, 404);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    send(response, 500);
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`conform402-adapter http://127.0.0.1:${server.address().port}`);
});
process.stdin.resume().on("end", () => process.exit());
