// forge runs a compiler as a command; npm ships solc as JavaScript. This is the part of the command forge uses.
const { readFileSync } = require("node:fs");

module.exports = (solc) => {
  const asked = process.argv.includes("--version");
  process.stdout.write(asked ? `Version: ${solc.version()}\n` : solc.compile(readFileSync(0, "utf8")));
};
