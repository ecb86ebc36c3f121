// Knobs as numbers: in a figure's own fields, and in the text, where they turn with the arrow keys, by dragging or by
// pressing, and stay in step with the figure's menus and fields.

/** How far a finger goes from one option to the next, in CSS pixels. */
const STRIDE = 24;

/** Bytes of a frame of memory: a field for frames takes an address, too. */
const FRAME = 4096;

/**
 * The number that a field says and the knob can be, in decimal or, after `0x`, in hexadecimal; `undefined` when it says
 * none. A menu has no others.
 */
export function numberIn({ value, dataset }) {
  const said = value.trim() ? Number(value) : NaN;
  if (!dataset.most) return said;
  const named = (dataset.named ?? "").split(" ").filter(Boolean).map(Number);
  const offered = (number) => (number >= dataset.least && number <= dataset.most) || named.includes(number);
  const wanted = Number.isInteger(said) ? [said, ...("frames" in dataset ? [Math.floor(said / FRAME)] : [])] : [];
  return wanted.find(offered);
}

/** Shows a knob's value in its menu or field. */
export function showIn(control, value) {
  // A number beyond the field's range has a name, and is best known by its digits.
  control.value = value > Number(control.dataset.most) ? `0x${value.toString(16)}` : value;
  if (control.dataset.most) control.ariaInvalid = "false";
}

/** The value so many turns on from another, at most the first or last. */
function turned(control, from, by) {
  const between = (number, least, most) => Math.min(Math.max(number, least), most);
  if (control.options) {
    const values = [...control.options].map((option) => Number(option.value));
    return values[between(values.indexOf(from) + by, 0, values.length - 1)];
  }
  const { least, most, stride } = control.dataset;
  return between(from + by * Number(stride), Number(least), Number(most));
}

/** An arrow key in a field for frames, for which browsers have none that counts: turns it, and says whether it did. */
export function stride({ key, target }) {
  const by = { ArrowUp: 1, ArrowDown: -1 }[key];
  if (!by || !("frames" in target.dataset)) return false;
  showIn(target, turned(target, numberIn(target) ?? 0, by));
  return target.dispatchEvent(new Event("change", { bubbles: true }));
}

class ProseNumber {
  #place;
  #menu; // the figure's own control
  #turn; // what turns the knob
  #own; // what the author wrote, and for which value

  constructor(place, menu, turn) {
    [this.#place, this.#menu, this.#turn] = [place, menu, turn];
    this.#own = { text: place.textContent, value: this.#value };
    const name = menu.closest("label").firstChild.nodeValue.trim();
    const end = (by) => turned(menu, this.#value, by);
    Object.assign(place, { role: "spinbutton", tabIndex: 0, ariaLabel: name });
    Object.assign(place, { ariaValueMin: end(-Infinity), ariaValueMax: end(Infinity) });
    place.title = `${name}: drag, press, or use the arrow keys`;
    place.addEventListener("keydown", (event) => this.#key(event));
    place.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  get #value() {
    return Number(this.#menu.value);
  }

  /** Shows the knob's present value. */
  show() {
    const text = this.#menu.selectedOptions?.[0].textContent ?? this.#menu.value;
    this.#place.textContent = this.#value === this.#own.value ? this.#own.text : text;
    this.#place.ariaValueNow = this.#value;
    this.#place.ariaValueText = text;
  }

  /** Turns from a value; `false` when it is the last in that direction. */
  #go(from, by) {
    const to = turned(this.#menu, from, by);
    if (to !== this.#value) this.#turn(to);
    return to !== from;
  }

  #key(event) {
    const { key } = event;
    const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[key];
    if (by === undefined) return;
    event.preventDefault();
    this.#go(this.#value, by);
  }

  #drag({ pointerId, clientX, button }) {
    if (button) return;
    const from = this.#value;
    let moved = false;
    const move = (event) => {
      const by = Math.round((event.clientX - clientX) / STRIDE);
      moved ||= by !== 0;
      if (moved) this.#go(from, by);
    };
    const over = new AbortController();
    const end = (event) => {
      over.abort();
      // A press without a drag turns to the next value, and from the last to the first.
      if (!moved && event.type === "pointerup") this.#go(from, 1) || this.#go(from, -Infinity);
    };
    this.#place.setPointerCapture(pointerId);
    this.#place.addEventListener("pointermove", move, over);
    for (const kind of ["pointerup", "pointercancel"]) this.#place.addEventListener(kind, end, over);
  }
}

/** The numbers of the text that are knobs of this figure, brought to life. `turn` takes a knob's index and its value. */
export function numbers(figure, turn) {
  const places = document.querySelectorAll(`.knob[data-for="${CSS.escape(figure.id)}"]`);
  return [...places].map((place) => {
    const index = Number(place.dataset.knob);
    return new ProseNumber(place, figure.querySelector(`[data-knob="${index}"]`), (value) => turn(index, value));
  });
}
