// Reduces what forge built to what callers need: artifacts.js <forge's output> <our artifacts> <contract>...
const { readFileSync, writeFileSync } = require("node:fs");

// Bindings number overloads in the order of the ABI, and solc's order is not the same from one name to the next.
const shorterOverloadFirst = (a, b) => {
  const [left, right] = [a, b].map(({ type, name = "" }) => `${type} ${name}`);
  return left < right ? -1 : left > right ? 1 : (a.inputs?.length ?? 0) - (b.inputs?.length ?? 0);
};

const [from, to, ...names] = process.argv.slice(2);
for (const contractName of names) {
  const { abi, bytecode, deployedBytecode } = JSON.parse(
    readFileSync(`${from}/${contractName}.sol/${contractName}.json`, "utf8"),
  );
  const artifact = {
    contractName,
    abi: abi.sort(shorterOverloadFirst),
    bytecode: { object: bytecode.object },
    deployedBytecode: { object: deployedBytecode.object },
  };
  writeFileSync(`${to}/${contractName}.json`, JSON.stringify(artifact, null, 2) + "\n");
}
