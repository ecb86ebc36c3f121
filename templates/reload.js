// Loaded by pages of `genblog serve` only: shows the page again after an edit, and what is wrong while the site has errors.
//
// A browser keeps six connections to a server at most, and an event stream is one for as long as it lasts. So of all pages
// that are open only one listens, the one that holds the lock, and tells the others.

const channel = new BroadcastChannel("genblog");

// The server greets each connection with the number of the site that it shows. Another number, now or after the connection
// was lost and came back, means that this page is old.
let shown;
let latest;

function learn(number) {
  latest = number;
  shown ??= number;
  if (number !== shown) location.reload();
}

channel.onmessage = ({ data }) => {
  if (data !== "which") learn(data);
  else if (latest) channel.postMessage(latest);
};

/** Listens until the page is left. */
function listen() {
  const events = new EventSource(new URL("events", import.meta.url));
  events.addEventListener("site", ({ data }) => {
    channel.postMessage(data);
    learn(data);
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

join();
addEventListener("pageshow", ({ persisted }) => persisted && join());
