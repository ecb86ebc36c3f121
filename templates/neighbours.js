// A photograph's own page: arrow keys lead to its neighbours.

const { pathname } = location;

document.addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, metaKey, altKey, shiftKey } = event;
  if (ctrlKey || metaKey || altKey || shiftKey || event.defaultPrevented) return;
  if (target.closest?.("input, select, textarea, audio, video, [contenteditable]")) return;
  const leftward = getComputedStyle(document.body).direction === "rtl" ? "next" : "prev";
  const way = { ArrowLeft: leftward, ArrowRight: leftward === "prev" ? "next" : "prev" }[key];
  document.querySelector(`.neighbours [rel="${way}"]`)?.click();
});

// The album's viewer gave this page's address to the album. Once such an entry of the history is loaded anew it is this page, and
// the browser takes the album's entry for this page under another address.
addEventListener("popstate", () => location.pathname === pathname || location.reload());
