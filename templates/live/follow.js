// Loaded by pages of `genblog serve` only, and before their other modules: shows every edit in the page that is open, in place
// where that can be, and what is wrong while the site has errors.
//
// A browser keeps six connections to a server at most, and an event stream is one for as long as it lasts. So of all pages
// that are open only one listens, the one that holds the lock, and tells the others.

import { Page, Rearranged, site } from "./patch.js";

/** Where the states of figures wait while the page is loaded anew. */
const KEPT = "genblog-kept";

const channel = new BroadcastChannel("genblog");
const address = location.href; // the viewer of albums shows others
const page = new Page(fetched());

// What the server told last. The first event of each connection names the site that is shown; later ones also say from which
// it came, and the addresses of files that are not the same any more.
let latest;
let shown = site(document); // the number that this page has taken in
let working = Promise.resolve();

function learn(event) {
  latest = event;
  working = working.then(() => follow(event));
}

async function follow({ number, before, changed = [] }) {
  const known = [before, number].includes(shown);
  const news = number !== shown;
  shown = number;
  try {
    // What has changed before a number that this page knows nothing of, or before it listened, nobody tells it.
    if (!known || shows(changed)) return reload();
    if (news) await page.take(await fetched());
    document.documentElement.dataset.site = number; // for tests
  } catch (error) {
    if (error instanceof Rearranged) return reload();
    // Without an answer there is nothing to show. Whatever comes next is another state than this page has.
    shown = null;
    console.warn("the page was not followed:", error);
  }
}

/** The page as the server would send it now. */
async function fetched() {
  const answer = await fetch(address, { cache: "no-store" });
  return new DOMParser().parseFromString(await answer.text(), "text/html").documentElement;
}

/** Whether the page shows one of the files at these paths. */
function shows(paths) {
  const named = (element) =>
    [element.src, element.data, element.poster, element.rel === "stylesheet" && element.href]
      .concat(element.srcset?.split(/,\s+/).map((one) => one.split(" ")[0]))
      .filter((address) => address && typeof address === "string")
      .map((address) => new URL(address, document.baseURI).pathname);
  const elements = () => [...document.querySelectorAll("[src], [srcset], [poster], object, link")];
  return paths.length > 0 && elements().some((element) => named(element).some((path) => paths.includes(path)));
}

// ---- when the page cannot be changed in place

/** Loads the page anew. Browsers keep the place that is read; what figures show is kept here. */
function reload() {
  const figures = [...document.querySelectorAll("sim-figure[data-live]")];
  const states = figures.map((figure) => [figure.id, figure.dataset.state.replace(/^[^=]*=/, "")]);
  sessionStorage.setItem(KEPT, JSON.stringify({ path: location.pathname, top: scrollY, states }));
  location.reload();
}

async function restore() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  sessionStorage.removeItem(KEPT);
  if (kept?.path !== location.pathname) return;
  if (kept.states.length > 0) await customElements.whenDefined("sim-figure");
  for (const [id, state] of kept.states) await document.getElementById(id)?.restore?.(state);
  scrollTo({ top: kept.top, behavior: "instant" });
}

// ---- listening

channel.onmessage = ({ data }) => {
  if (data !== "which") learn(data);
  else if (latest) channel.postMessage({ number: latest.number });
};

/** Listens until the page is left. */
function listen() {
  const events = new EventSource(new URL("events", import.meta.url));
  events.addEventListener("site", ({ data }) => {
    const event = JSON.parse(data);
    channel.postMessage(event);
    learn(event);
  });
  return new Promise((left) => {
    addEventListener("pagehide", () => (events.close(), left()), { once: true });
  });
}

/** Takes a turn at listening. There are locks on secure pages only, and this machine's own are secure. */
function join() {
  if (!navigator.locks) return listen();
  navigator.locks.request("genblog-events", listen);
  channel.postMessage("which");
}

restore();
join();
addEventListener("pageshow", ({ persisted }) => persisted && join());
