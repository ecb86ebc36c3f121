// Loaded by pages of `genblog serve` only: shows the page again after an edit, and what is wrong while the site has errors.

const events = new EventSource(new URL("events", import.meta.url));

// The server greets each connection with the number of the site that it shows. Another number, now or after the connection
// was lost and came back, means that this page is old.
let shown;
events.addEventListener("site", (event) => {
  shown ??= event.data;
  if (event.data !== shown) location.reload();
});
