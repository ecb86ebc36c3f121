// The engine, as the bindings bring it.

const engines = new Map();

/** The module's exports, initialised: one fetch for all figures of a page. A page of its own brings its engine along. */
export function engine(glue, wasm) {
  if (!engines.has(glue)) {
    const loaded = globalThis.simModule ? Promise.resolve(globalThis.simModule) : import(glue);
    const ready = loaded.then(async (module) => {
      await module.default({ module_or_path: wasm });
      return module;
    });
    engines.set(glue, ready);
  }
  return engines.get(glue);
}
