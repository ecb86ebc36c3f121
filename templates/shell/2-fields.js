// What only some pages have: knobs that are numbers to write, and places to choose in a picture. A page without either loads
// a shell without this file.

/** Bytes of a frame of memory: a field for frames takes an address, too. */
const FRAME = 4096;

/**
 * The number that a field says and the knob can be, in decimal or, after `0x`, in hexadecimal; `undefined` when it says
 * none.
 */
export function written({ value, dataset }) {
  const read = value.trim() ? Number(value) : NaN;
  const named = (dataset.named ?? "").split(" ").filter(Boolean).map(Number);
  const offered = (number) => (number >= dataset.least && number <= dataset.most) || named.includes(number);
  const wanted = Number.isInteger(read) ? [read, ...("frames" in dataset ? [Math.floor(read / FRAME)] : [])] : [];
  return wanted.find(offered);
}

/** A value as its field says it: a frame beyond the field's range has a name, and is best known by its digits. */
export function said({ dataset }, value) {
  return dataset.frames !== undefined && value > Number(dataset.most) ? `0x${value.toString(16)}` : value;
}

/** Writes a value into a field. */
export function write(field, value) {
  field.value = said(field, value);
  field.ariaInvalid = "false";
}

/** Marks a field that says no number that can be had, and returns what to say of it. */
export function refuse(field) {
  field.ariaInvalid = "true";
  return `${field.value || "Nothing"} is none of them: ${field.title}.`;
}

/** The value so many turns of a field on from another, at most the first or last. */
export function strides({ dataset }, from, by) {
  const { least, most, stride } = dataset;
  return Math.min(Math.max(from + by * stride, least), most);
}

/** An arrow key in a field for frames, for which browsers have none that counts: turns it, and says whether it did. */
export function stride({ key, target }) {
  const by = { ArrowUp: 1, ArrowDown: -1 }[key];
  if (!by || target.dataset.frames === undefined) return false;
  write(target, strides(target, written(target) ?? 0, by));
  return target.dispatchEvent(new Event("change", { bubbles: true }));
}

/**
 * From a place that can be chosen the choice can be pulled on to others, and `choose` takes each that is reached. A finger
 * scrolls instead, and chooses by a tap.
 */
export function pull(at, { pointerId, pointerType, button }, choose) {
  if (button || pointerType === "touch") return;
  const svg = at.ownerSVGElement;
  const over = new AbortController();
  const move = ({ clientX, clientY }) => {
    const under = document.elementFromPoint(clientX, clientY)?.closest("[data-turn]");
    if (!under || under === at || under.ownerSVGElement !== svg) return;
    // From here on it is no press any more.
    svg.setPointerCapture(pointerId);
    at = under;
    choose(at);
  };
  svg.addEventListener("pointermove", move, over);
  for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, () => over.abort(), over);
}
