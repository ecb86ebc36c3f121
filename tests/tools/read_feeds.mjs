// Prints what two readers of feeds, rss-parser and feedsmith, make of files: a JSON list, for each file what each reader found,
// as [id, title, date, link] with dates in UTC. `null` stands for a reader that does not know the format. What is wrong with a
// JSON Feed, by its schema, is a third entry.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [schema, tools, ...files] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${tools}/`));
const Ajv = require("ajv/dist/2020").default;
const RssParser = require("rss-parser");
const { parseFeed } = await import(pathToFileURL(require.resolve("feedsmith")));

const valid = new Ajv({ allErrors: true }).compile(JSON.parse(readFileSync(schema)));
const moment = (text) => (text ? new Date(text).toISOString().replace(".000", "") : null);
const row = (id, title, date, link) => [id ?? null, title ?? null, moment(date), link ?? null];

async function rssParser(text) {
  if (text.startsWith("{")) return null;
  const { items } = await new RssParser().parseString(text);
  return items.map(({ guid, id, title, isoDate, link }) => row(guid ?? id, title, isoDate, link));
}

function feedsmith(text) {
  const { format, feed } = parseFeed(text);
  if (format === "atom")
    return (feed.entries ?? []).map(({ id, title, published, links }) =>
      row(id, title?.value ?? title, published, links.find(({ rel }) => rel === "alternate")?.href),
    );
  return (feed.items ?? []).map((item) =>
    format === "json"
      ? row(item.id, item.title, item.date_published, item.url)
      : row(item.guid.value, item.title?.value ?? item.title, item.pubDate, item.link),
  );
}

const told = [];
for (const file of files) {
  const text = readFileSync(file, "utf8");
  const problems = !text.startsWith("{") || valid(JSON.parse(text)) ? [] : valid.errors;
  told.push([await rssParser(text), feedsmith(text), problems.map(({ instancePath, message }) => `${instancePath} ${message}`)]);
}
process.stdout.write(JSON.stringify(told));
