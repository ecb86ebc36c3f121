// Knobs as numbers: in a figure's own menus and fields, and in the text, where they turn with the arrow keys, by dragging
// or by pressing, and stay in step with the figure.

import { said, strides, write, written } from "./2-fields.js";

/** How far a finger goes from one option to the next, in CSS pixels. */
const STRIDE = 24;

/** The number that a menu or field says and the knob can be; `undefined` when a field says none. */
export function numberIn(control) {
  return control.options ? Number(control.value) : written(control);
}

/** Shows a knob's value in its menu or field. */
export function showIn(control, value) {
  if (control.options) control.value = value;
  else write(control, value);
}

/** The value so many turns on from another, at most the first or last. */
function turned(control, from, by) {
  if (!control.options) return strides(control, from, by);
  const values = [...control.options].map((option) => Number(option.value));
  return values[Math.min(Math.max(values.indexOf(from) + by, 0), values.length - 1)];
}

class ProseNumber {
  #place;
  #menu; // the figure's own control
  #knob; // what tells the knob's value: a field may hold anything while it is written in
  #turn; // what turns the knob
  #own; // what the author wrote, and for which value

  constructor(place, menu, knob, turn) {
    [this.#place, this.#menu, this.#knob, this.#turn] = [place, menu, knob, turn];
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
    return this.#knob();
  }

  /** Shows the knob's present value. */
  show() {
    const text = this.#menu.selectedOptions?.[0].textContent ?? said(this.#menu, this.#value);
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

/**
 * The numbers of the text that are knobs of this figure, brought to life. `knob` tells a knob's value by its index, and
 * `turn` takes both.
 */
export function numbers(figure, knob, turn) {
  const places = document.querySelectorAll(`.knob[data-for="${CSS.escape(figure.id)}"]`);
  return [...places].map((place) => {
    const index = Number(place.dataset.knob);
    const control = figure.querySelector(`[data-knob="${index}"]`);
    return new ProseNumber(place, control, () => knob(index), (value) => turn(index, value));
  });
}
