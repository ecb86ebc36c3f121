// Drawings in the page: changed as little as possible from one step to the next, and the paint of the scrubber.

/** Kinds of ticks as the engine numbers them: class, top and bottom on a scrubber 44 high. */
const TICKS = [null, ["notification", 13, 31], ["failure", 8, 36], ["reader", 25, 42]];

/** The element that a text describes. */
export function made(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.firstElementChild;
}

/**
 * Makes `old` equal to `fresh`, changing as little as possible. Children with a key are found again by it under the
 * same parent, whatever their order; the others are matched one after the other. `tween` is the time in milliseconds
 * that a mark takes from its old place to its new one.
 */
export function morph(old, fresh, tween) {
  // Most of a picture stays as it is, and the browser sees that faster than a walk through it.
  if (old.isEqualNode(fresh)) return;
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const name of fresh.getAttributeNames()) {
    const [before, value] = [old.getAttribute(name), fresh.getAttribute(name)];
    if (before === value) continue;
    old.setAttribute(name, value);
    if (name === "transform" && tween && keyOf(old)) slide(old, before, value, tween);
  }
  const keyed = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    const match = key ? keyed.get(key) : keyOf(at) ? null : at;
    keyed.delete(key);
    if (match?.nodeName !== wanted.nodeName) {
      old.insertBefore(wanted, at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else old.insertBefore(match, at);
    if (match.nodeType === Node.ELEMENT_NODE) morph(match, wanted, tween);
    else if (match.nodeValue !== wanted.nodeValue) match.nodeValue = wanted.nodeValue;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** What stays the same thing: the engine's key, or what a mark is and where it leads. */
function keyOf(node) {
  const { k, e, n } = node?.dataset ?? {};
  return k ?? (n && `${e} ${n}`);
}

/** Moves a mark from where it was to where it is. The attribute already says where it is. */
function slide(node, before, after, duration) {
  const [from, to] = [before, after].map(translation);
  if (from && to) node.animate([{ transform: from }, { transform: to }], { duration, easing: "ease-in-out" });
}

/** SVG's `translate(3 4)` in the words of CSS; anything else is not moved gradually. */
function translation(text) {
  const [, x, y] = /^translate\((-?[\d.]+)[ ,]+(-?[\d.]+)\)$/.exec(text ?? "") ?? [];
  return x && `translate(${x}px, ${y}px)`;
}

/**
 * The scrubber's paint: how far the run has come, where in it something happens, and faintly the same of the run that
 * the reader left. One path for each kind of tick, however many there are.
 */
export function scrubPaint(run) {
  const width = Math.max(run.steps(), run.left_steps(), 1);
  const paint = (pairs, left) => {
    const paths = [];
    for (let i = 0; i < pairs.length; i += 2) {
      const [, top, bottom] = TICKS[pairs[i + 1]];
      paths[pairs[i + 1]] = `${paths[pairs[i + 1]] ?? ""}M${pairs[i]} ${top}V${bottom}`;
    }
    return paths.map((path, kind) => `<path class="${TICKS[kind][0]}${left}" d="${path}"/>`).join("");
  };
  return made(
    `<svg aria-hidden="true" viewBox="0 0 ${width} 44" preserveAspectRatio="none">${paint(run.left_ticks(), " left")}` +
      `<path class="past" d=""/>${paint(run.ticks(), "")}</svg>`,
  );
}
