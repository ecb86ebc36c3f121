// Prints what is wrong with style sheets: a JSON list with one text for each mistake. stylelint reads nesting, layers and
// containers, and holds values against their grammar; no rule about taste is on. The Nu HTML checker's CSS is older than all three.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [tools, ...files] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${tools}/`));
const { default: stylelint } = await import(pathToFileURL(require.resolve("stylelint")));

const on = [
  "annotation-no-unknown",
  "at-rule-descriptor-no-unknown",
  "at-rule-descriptor-value-no-unknown",
  "at-rule-no-unknown",
  "at-rule-prelude-no-invalid",
  "color-no-invalid-hex",
  "declaration-property-value-no-unknown",
  "function-calc-no-unspaced-operator",
  "function-no-unknown",
  "keyframe-declaration-no-important",
  "media-feature-name-no-unknown",
  "media-feature-name-value-no-unknown",
  "media-query-no-invalid",
  "named-grid-areas-no-invalid",
  "nesting-selector-no-missing-scoping-root",
  "no-invalid-double-slash-comments",
  "no-invalid-position-at-import-rule",
  "no-invalid-position-declaration",
  "no-unknown-animations",
  "property-no-unknown",
  "selector-anb-no-unmatchable",
  "selector-pseudo-element-no-unknown",
  "selector-type-no-unknown",
  "string-no-newline",
  "syntax-string-no-invalid",
  "unit-no-unknown",
];
const rules = Object.fromEntries(on.map((rule) => [rule, true]));
// Of CSS Overflow 5, younger than the list of what is known.
rules["selector-pseudo-class-no-unknown"] = [true, { ignorePseudoClasses: ["target-current"] }];

const { results } = await stylelint.lint({ files, config: { rules } });
const told = results.flatMap(({ source, warnings, invalidOptionWarnings }) => [
  ...warnings.map(({ line, column, text }) => `${source}:${line}:${column}: ${text}`),
  ...invalidOptionWarnings.map(({ text }) => `${source}: ${text}`),
]);
process.stdout.write(JSON.stringify(told));
