// Marks of a picture: they can be pressed, and what they name lights up wherever it stands.
//
// All marks of a picture are one stop of the Tab key, as ARIA's practices advise for groups: arrows go up and down
// between them, Enter or Space follows the one that has the focus. A map's cells are links instead of buttons, and arrows
// go in all four directions. So they do between places of which one is chosen, and there they choose. Whoever points at
// a mark, at a chart or at a word of the text sees all that have its name.

/** What can be pressed in a picture. */
export const MARKS = "svg [data-n], svg [data-turn], .figure-picture a";

/** Makes the marks of a freshly drawn picture into buttons; `chosen` is the one that keeps the Tab stop. */
export function pressable(svg, chosen) {
  const marks = [...svg.querySelectorAll("[data-n], [data-turn], a")];
  if (!marks.length) return;
  // A picture has no children for a screen reader, a group has.
  svg.setAttribute("role", "group");
  const stop = svg.querySelector("[data-c]") ?? marks.find((mark) => nameOf(mark) === chosen) ?? marks[0];
  for (const mark of marks) {
    const { n, turn, c } = mark.dataset;
    mark.setAttribute("tabindex", mark === stop ? 0 : -1);
    if (!n && !turn) continue;
    mark.setAttribute("role", turn ? "radio" : "button");
    if (turn) mark.setAttribute("aria-checked", c !== undefined);
    // Who speaks to the page names what is seen: the name begins with the words of the mark.
    const words = [...mark.querySelectorAll("text")].map((text) => text.textContent).join(" ");
    const label = mark.dataset.l;
    mark.setAttribute("aria-label", label.includes(words) ? label : `${words}: ${label}`);
  }
}

/** What a mark is called from one step to the next. */
export function nameOf(mark) {
  const { e, n, to } = mark.dataset;
  return n ? `${e} ${n}` : (to ?? mark.ariaLabel);
}

/** The mark that a key leads to from `mark`, if it is a key for that. */
export function neighbour(mark, key) {
  if (!mark.dataset.n) return beside(mark, key);
  const by = { ArrowDown: 1, PageDown: 1, ArrowUp: -1, PageUp: -1 }[key];
  const marks = [...mark.ownerSVGElement.querySelectorAll("[data-n]")];
  return by && marks.at((marks.indexOf(mark) + by) % marks.length);
}

/** The nearest cell in a key's direction: in the same row, or in the next row the nearest. */
function beside(cell, key) {
  const [along, across, by] =
    { ArrowRight: ["x", "y", 1], ArrowLeft: ["x", "y", -1], ArrowDown: ["y", "x", 1], ArrowUp: ["y", "x", -1] }[key] ?? [];
  const here = cell.getBBox();
  let [nearest, least] = [null, Infinity];
  for (const other of by ? cell.ownerSVGElement.querySelectorAll(cell.dataset.turn ? "[data-turn]" : "a") : []) {
    const there = other.getBBox();
    const [away, aside] = [(there[along] - here[along]) * by, Math.abs(there[across] - here[across])];
    if (away <= 0 || (along === "x" && aside > 0)) continue;
    if (away * 1e4 + aside < least) [nearest, least] = [other, away * 1e4 + aside];
  }
  return nearest;
}

/** Says under the picture which cell is pointed at, and leads to such a run, if its figure is in this page. */
export function tellCell(figure, cell) {
  const [words, way] = figure.querySelector(".figure-cell").children;
  words.textContent = cell.ariaLabel;
  way.setAttribute("href", cell.getAttribute("href"));
  way.hidden = !runOf(cell);
}

/** The figure that shows the run behind a cell, if it is in this page. */
export function runOf(cell) {
  return document.getElementById(cell.getAttribute("href").slice(1).split("=")[0]);
}

// ---- light

/** Everything of a figure that has a name of the list: in its pictures and charts, and words about it in the text. */
function named(figure, names) {
  return names.map(CSS.escape).flatMap((name) => {
    const words = [...document.querySelectorAll(`[data-light~="${name}"]`)];
    return [...figure.querySelectorAll(`[data-e="${name}"]`), ...words.filter((word) => figureOf(word) === figure)];
  });
}

/** The figure that a mark stands in, or that a word of the text is about. */
function figureOf(thing) {
  const id = thing.dataset.for ?? /^#([^=]+)/.exec(thing.getAttribute("href"))?.[1];
  return thing.closest("sim-figure") ?? document.getElementById(id ?? "");
}

let pointed = null; // the word or mark that is pointed at
let lit = null; // the figure that is lit, and the names

/** Lights up what `thing` names, if it names something, and puts out what was lit before. */
function point(thing) {
  if (thing === pointed) return;
  pointed = thing;
  for (const one of document.querySelectorAll(".lit")) one.classList.remove("lit");
  const figure = thing && figureOf(thing);
  lit = figure && { figure, names: (thing.dataset.light ?? thing.dataset.e).split(" ") };
  if (lit) light(figure);
}

/** Lights up again what is lit: a fresh drawing knows nothing of it. */
export function light(figure) {
  if (lit?.figure === figure) for (const thing of named(figure, lit.names)) thing.classList.add("lit");
}

export function lighting() {
  const thing = ({ target }) => target.closest?.("[data-light], [data-e]");
  // Where the pointer leaves, the focus still points.
  const rest = () => point(thing({ target: document.activeElement ?? document.body }));
  for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, (event) => point(thing(event)));
  for (const kind of ["pointerout", "focusout"]) document.addEventListener(kind, rest);
}
