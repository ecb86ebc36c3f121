// Times the `main` of a module for wasm32: prints the nanoseconds of each run as a JSON list, after one that does not count.
//
//   node time.mjs MODULE RUNS

import { readFileSync } from "node:fs";

const [path, runs] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(path));

function run() {
  // A fresh instance has fresh memory, as a page has.
  const { main } = new WebAssembly.Instance(module).exports;
  const start = process.hrtime.bigint();
  main(0, 0);
  return Number(process.hrtime.bigint() - start);
}

run();
console.log(JSON.stringify(Array.from({ length: Number(runs) }, run)));
