// Search: takes a question apart as the index was taken apart, loads the few files that know its words, and lists what they name.

const place = document.querySelector(".search");
const field = place.querySelector("input");
const list = place.querySelector("ol");
const voice = place.querySelector("[role='status']");

/** Results in the list. */
const MOST = 20;
/** What a word says about a page: in the text, often there, in a heading or a tag, in the title. */
const WEIGHTS = [1, 2, 5, 12];
const DIGITS = new Map([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].map((c, n) => [c, n]));
const SIGN = "\\u3005\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const RUNS = new RegExp(`(?:(?=[${SIGN}])[\\p{Alphabetic}\\p{N}])+|(?:(?![${SIGN}])[\\p{Alphabetic}\\p{N}_])+`, "gu");
const SIGNS = new RegExp(`^[${SIGN}]`, "u");

/** The words of a text, as the index has them. */
function words(text) {
  const normal = text.normalize("NFKD").replace(/[\p{M}\u00ad\u200b]+/gu, "").toLowerCase().replaceAll("ς", "σ");
  const found = [];
  for (const run of normal.match(RUNS) ?? []) {
    const letters = [...run];
    if (SIGNS.test(run)) {
      found.push(...(letters.length > 1 ? letters.slice(1).map((sign, n) => letters[n] + sign) : letters));
    } else {
      const word = run.replace(/^_+|_+$/g, "");
      if (word && [...word].length <= 40) found.push(word);
    }
  }
  return found;
}

/** How many letters are wrong, missing, too many or in each other's place; more than `most` is told as Infinity. */
function apart(one, other, most) {
  if (Math.abs(one.length - other.length) > most) return Infinity;
  let [before, last] = [[], Array.from({ length: other.length + 1 }, (_, n) => n)];
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
        row[j] = Math.min(row[j], before[j - 2] + 1);
      }
    }
    if (Math.min(...row) > most) return Infinity;
    [before, last] = [last, row];
  }
  return last.at(-1) > most ? Infinity : last.at(-1);
}

let files = new Map();
/** A file of the index, once. */
function load(name) {
  if (!files.has(name)) {
    const asked = fetch(place.dataset.index + name, { cache: "no-cache" }).then((reply) => {
      if (!reply.ok) throw new Error(`${name}: ${reply.status}`);
      return name.endsWith(".json") ? reply.json() : reply.text();
    });
    asked.catch(() => files.delete(name));
    files.set(name, asked);
  }
  return files.get(name);
}

/** What is thrown when a part of the index is of another build than the rest. */
const OTHER = new Error("the site was built anew");

/** The lines of a part of the index. */
async function lines(name, numbering) {
  const [first, ...rest] = (await load(name)).trimEnd().split("\n");
  if (first !== numbering) throw OTHER;
  return rest;
}

/** Where a word stands: numbers of pages and weights. */
function standing(written) {
  const found = [];
  let [page, value, shift] = [0, 0, 1];
  for (const c of written) {
    const digit = DIGITS.get(c);
    value += (digit % 32) * shift;
    shift *= 32;
    if (digit < 32) {
      page += Math.floor(value / 4);
      found.push([page, WEIGHTS[value % 4]]);
      [value, shift] = [0, 1];
    }
  }
  return found;
}

/** The last place of a sorted list whose value is not behind `word`; words are in the order of their code points. */
function placeOf(list, word) {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (behind(list[middle], word)) to = middle;
    else from = middle + 1;
  }
  return Math.max(0, from - 1);
}

/** Whether a word comes behind another in the index. */
function behind(one, other) {
  const [a, b] = [[...one], [...other]];
  const n = a.findIndex((c, at) => c !== b[at]);
  return n >= 0 && (n >= b.length || a[n].codePointAt(0) > b[n].codePointAt(0));
}

/** Lines of the index that begin with a word, or are that word; at most three files are asked. */
async function known(head, word, whole) {
  const from = placeOf(head.words, word);
  const found = [];
  for (let n = from; n < Math.min(from + 3, head.words.length); n += 1) {
    if (n > from && (whole || !head.words[n].startsWith(word))) break;
    for (const line of await lines(`word/${n}.txt`, head.numbering)) {
      const [at, written] = line.split(" ");
      if (whole ? at === word : at.startsWith(word)) found.push([at, written]);
    }
  }
  return found;
}

/** Words that a mistyped one may be meant for, the nearest. */
async function near(head, word) {
  const most = word.length < 4 ? 0 : word.length < 8 ? 1 : 2;
  let [best, found, before] = [most, [], []];
  if (most === 0) return found;
  for (const line of await lines("near.txt", head.numbering)) {
    const letters = [...before.slice(0, parseInt(line[0], 36)), ...line.slice(1)];
    before = letters;
    const distance = apart(word, letters.join(""), best);
    if (distance < best) found = [];
    if (distance <= best) {
      best = distance;
      found.push(letters.join(""));
    }
  }
  return found.slice(0, 3);
}

/** Pages for a question, best first, the words that were found, and those that were taken for others. */
async function ask(question) {
  const head = await load("index.json");
  const asked = words(question);
  const ends = /[\p{Alphabetic}\p{N}\p{M}_]$/u.test(question);
  const scores = new Map();
  const [shown, taken] = [new Set(), []];
  for (const [n, word] of asked.entries()) {
    // The word that is being typed may go on.
    const whole = !(ends && n === asked.length - 1) || (word.length < 2 && !SIGNS.test(word));
    let entries = (await known(head, word, whole)).map(([at, written]) => [at, written, at === word ? 1 : 0.6]);
    if (entries.length === 0) {
      for (const meant of await near(head, word)) {
        for (const [at, written] of await known(head, meant, true)) entries.push([at, written, 0.4]);
      }
      if (entries.length > 0) taken.push([word, entries.map(([at]) => at)]);
    }
    const best = new Map();
    for (const [at, written, likeness] of entries) {
      const pages = standing(written);
      const rare = Math.log(1 + head.pages / pages.length);
      shown.add(at);
      for (const [page, weight] of pages) {
        best.set(page, Math.max(best.get(page) ?? 0, weight * rare * likeness));
      }
    }
    for (const [page, score] of best) {
      const [count, sum] = scores.get(page) ?? [0, 0];
      scores.set(page, [count + 1, sum + score]);
    }
  }
  // Pages with all words come first; of equal ones the newer.
  const order = [...scores].sort(([a, [n, s]], [b, [m, t]]) => m - n || t - s || b - a);
  const all = order.filter(([, [count]]) => count === asked.length);
  return { head, asked, shown, taken, pages: (all.length > 0 ? all : order).map(([page]) => page), some: all.length === 0 };
}

/** A text with the words in it marked. */
function marked(text, shown) {
  const parts = text.split(/([\p{L}\p{N}\p{M}_]+)/u);
  return parts.map((part, n) => {
    if (n % 2 === 0 || !words(part).some((word) => shown.has(word))) return part;
    const mark = document.createElement("mark");
    mark.textContent = part;
    return mark;
  });
}

async function line(head, page, shown) {
  const { numbering, pages } = await load(`page/${Math.floor(page / head.together)}.json`);
  if (numbering !== head.numbering) throw OTHER;
  const [title, href, date, summary] = pages[page % head.together];
  const item = document.createElement("li");
  item.className = "line";
  const [time, link, words] = ["span", "a", "p"].map((name) => document.createElement(name));
  time.className = "ui";
  time.textContent = date;
  link.href = href;
  link.append(...marked(title, shown));
  words.className = "summary ui";
  words.append(...marked(summary, shown));
  item.append(time, link, words);
  return item;
}

/** What the page says in the reader's language. */
const say = JSON.parse(place.dataset.say);

/** A phrase with something in its places. */
const fill = (phrase, places) => phrase.replace(/\{(\w+)\}/g, (all, name) => places[name] ?? all);

/** The plural category of a number; a language that browsers do not know has one form. */
function category(language, n) {
  try {
    return new Intl.PluralRules(language).select(n);
  } catch {
    return "other";
  }
}

let turn = 0;
async function answer(again = false) {
  const mine = (turn += 1);
  const question = field.value;
  try {
    history.replaceState(null, "", question ? `?q=${encodeURIComponent(question)}` : location.pathname);
  } catch {
    // Half a letter, or too many of them for the browser's patience: the address is left behind.
  }
  if (words(question).length === 0) {
    list.replaceChildren();
    voice.textContent = "";
    return;
  }
  try {
    const { head, shown, taken, pages, some, asked } = await ask(question);
    const items = await Promise.all(pages.slice(0, MOST).map((page) => line(head, page, shown)));
    if (mine !== turn) return;
    list.replaceChildren(...items);
    const found = some && asked.length > 1 ? say.some : say.found;
    const told = [fill(found[category(found.language, pages.length)] ?? found.other, { n: pages.length })];
    if (pages.length > MOST) told.push(fill(say.best, { n: MOST }));
    for (const [word, others] of taken) told.push(fill(say.meant, { word, others: others.map((other) => `“${other}”`).join(", ") }));
    voice.textContent = pages.length === 0 ? say.nothing : told.join(" ");
  } catch (problem) {
    if (mine !== turn) return;
    if (problem === OTHER && !again) {
      files = new Map();
      return answer(true);
    }
    voice.textContent = say.failed;
  }
}

/** Arrow keys walk from the field through the results; Escape leads back. */
function walk(event) {
  const stops = [field, ...list.querySelectorAll("a")];
  const at = stops.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Escape: 0 }[event.key];
  if (at < 0 || to === undefined || (event.key === "Escape" && at === 0)) return;
  event.preventDefault();
  stops[Math.min(Math.max(to, 0), stops.length - 1)].focus();
}

field.disabled = false;
field.value = new URLSearchParams(location.search).get("q") ?? "";
field.addEventListener("input", () => answer());
field.form.addEventListener("submit", (event) => {
  event.preventDefault();
  answer();
});
place.addEventListener("keydown", walk);
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || document.activeElement === field) return;
  event.preventDefault();
  field.focus();
});
if (field.value) answer();
else field.focus({ preventScroll: true });
