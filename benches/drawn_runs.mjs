// Runs what seeds name, from a bound module: a line of seed and marks for each, or the log of one.
//
//   node drawn_runs.mjs BINDINGS KIND runs FIRST COUNT
//   node drawn_runs.mjs BINDINGS KIND log SEED
//
// KIND is Run, of networks, or DeviceRun, of devices that are given away.

import { createRequire } from "node:module";

const [bindings, kind, what, first, count] = process.argv.slice(2);
const { [kind]: Run } = createRequire(import.meta.url)(bindings);

const lines = [];
if (what === "log") {
  const run = Run.of(BigInt(first));
  for (let at = 0; at < run.length(); at++) lines.push(run.line(at));
} else {
  for (let seed = BigInt(first); seed < BigInt(first) + BigInt(count); seed++) {
    let run;
    try {
      run = Run.of(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error.message}`);
    }
    lines.push([seed, ...run.marks()].join(" "));
    run.free();
  }
}
console.log(lines.join("\n"));
