// Prints what Lighthouse says of pages of a built site: a JSON list, for each page its scores out of 100 and what the audits behind
// accessibility, best practices and search engines find wrong. The folder is served as hosts do it: compressed, with the headers of
// its `_headers`.

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const [tools, folder, ...paths] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${tools}/`));
const { default: lighthouse } = await import(pathToFileURL(require.resolve("lighthouse")));
const { launch } = await import(pathToFileURL(require.resolve("chrome-launcher")));

const FLAGS = JSON.parse(readFileSync(new URL("chromium.json", import.meta.url), "utf8"));

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".webmanifest": "application/manifest+json",
};
const PICTURES = [".png", ".jpg", ".webp"];

/** The rules of `_headers`: a path, or with `*` the beginning of one, a name and a value. */
function rules() {
  const file = join(folder, "_headers");
  let path;
  return (existsSync(file) ? readFileSync(file, "utf8") : "").split("\n").flatMap((line) => {
    if (!line.startsWith(" ")) {
      path = line;
      return [];
    }
    const [name, value] = line.trim().split(/: (.*)/);
    return [{ path, name, value }];
  });
}

const stated = rules();
const applies = ({ path }, to) => (path.endsWith("*") ? to.startsWith(path.slice(0, -1)) : path === to);

const server = createServer((request, response) => {
  const path = decodeURI(new URL(request.url, "http://localhost").pathname);
  const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
  if (!existsSync(file) || statSync(file).isDirectory()) {
    response.writeHead(404).end();
    return;
  }
  const ending = extname(file);
  response.setHeader("Content-Type", TYPES[ending] ?? "application/octet-stream");
  for (const rule of stated) if (applies(rule, path)) response.setHeader(rule.name, rule.value);
  const bytes = readFileSync(file);
  if (PICTURES.includes(ending)) {
    response.end(bytes);
  } else {
    response.setHeader("Content-Encoding", "br");
    response.end(brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }));
  }
});
await new Promise((listens) => server.listen(0, "127.0.0.1", listens));

const chrome = await launch({ chromeFlags: FLAGS, ignoreDefaultFlags: true });
const told = [];
try {
  for (const path of paths) await look(path);
} finally {
  await chrome.kill();
  server.close();
}
process.stdout.write(JSON.stringify(told));

async function look(path) {
  const url = `http://127.0.0.1:${server.address().port}/${path}`;
  const onlyCategories = ["performance", "accessibility", "best-practices", "seo"];
  const { lhr } = await lighthouse(url, {
    port: chrome.port,
    logLevel: "silent",
    onlyCategories,
    disableFullPageScreenshot: true,
  });
  const scores = Object.values(lhr.categories).map(({ id, score }) => [id, Math.round((score ?? 0) * 100)]);
  // How fast a page is depends on the machine as well.
  const lasting = Object.values(lhr.categories).filter(({ id }) => id !== "performance");
  const wrong = lasting.flatMap(({ id, auditRefs }) =>
    auditRefs
      .map((of) => ({ ...lhr.audits[of.id], weight: of.weight }))
      .filter(({ score, weight }) => weight > 0 && score !== null && score < 1)
      .map((audit) => `${id}: ${audit.title} ${audit.details?.items?.[0]?.node?.snippet ?? ""}`),
  );
  told.push({ path, scores: Object.fromEntries(scores), wrong });
}
