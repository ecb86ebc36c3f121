// The page: which figures are near, which are in sight, what the address asks for.

import { lighting } from "./2-marks.js";
import { SimFigure } from "./8-figure.js";

// About one viewport before a figure is seen its engine is loaded.
const near = new IntersectionObserver(
  (entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      near.unobserve(target);
      target.start();
    }
  },
  { rootMargin: "100% 0px" },
);
const seen = new IntersectionObserver((entries) =>
  entries.filter((entry) => !entry.isIntersecting).forEach((entry) => entry.target.pause()),
);
const resized = new ResizeObserver((entries) => entries.forEach((entry) => entry.target.draw()));

function figures() {
  return document.querySelectorAll("sim-figure");
}

/** Shows what a fragment such as `#ring=v1.burst.n7&with=v1.stops.n0` names, if it names a figure's state. */
function follow() {
  // The parser of queries undoes what mail programs do to brackets and colons, and never throws.
  const named = new URLSearchParams(location.hash.slice(1));
  const [[id, state] = []] = named;
  const figure = state && document.getElementById(id);
  if (figure instanceof SimFigure) figure.restore(state, named.get("with"));
}

customElements.define("sim-figure", SimFigure);
for (const figure of figures()) for (const observer of [near, seen, resized]) observer.observe(figure);
lighting();
follow();
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => figures().forEach((figure) => figure.draw(true)));
document.addEventListener("visibilitychange", () => document.hidden && figures().forEach((figure) => figure.pause()));
// Following the same link twice changes no address, yet the reader wants that state again.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (link?.hash === location.hash) follow();
});
