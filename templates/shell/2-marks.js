// Marks of a picture: they can be pressed, and what they name lights up wherever it stands.
//
// All marks of a picture are one stop of the Tab key, as ARIA's practices advise for groups: arrows go up and down
// between them, Enter or Space follows the one that has the focus. Whoever points at a mark, at a chart or at a word of
// the text sees all that have its name.

/** Makes the marks of a freshly drawn picture into buttons; `chosen` is the one that keeps the Tab stop. */
export function pressable(svg, chosen) {
  const marks = [...svg.querySelectorAll("[data-n]")];
  if (!marks.length) return;
  // A picture has no children for a screen reader, a group has.
  svg.setAttribute("role", "group");
  const stop = marks.find((mark) => nameOf(mark) === chosen) ?? marks[0];
  for (const mark of marks) {
    mark.setAttribute("role", "button");
    // Who speaks to the page names what is seen: the name begins with the words of the mark.
    const words = [...mark.querySelectorAll("text")].map((text) => text.textContent).join(" ");
    const label = mark.dataset.l;
    mark.setAttribute("aria-label", label.includes(words) ? label : `${words}: ${label}`);
    mark.setAttribute("tabindex", mark === stop ? 0 : -1);
  }
}

/** What a mark is called from one step to the next. */
export function nameOf(mark) {
  return `${mark.dataset.e} ${mark.dataset.n}`;
}

/** The mark that a key leads to from `mark`, if it is a key for that. */
export function neighbour(mark, key) {
  const by = { ArrowDown: 1, PageDown: 1, ArrowUp: -1, PageUp: -1 }[key];
  const marks = [...mark.ownerSVGElement.querySelectorAll("[data-n]")];
  return by && marks.at((marks.indexOf(mark) + by) % marks.length);
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
