// Numbers of the text that are knobs of a figure: they turn with the arrow keys, by dragging or by pressing, and stay in
// step with the figure's own menus.

/** How far a finger goes from one option to the next, in CSS pixels. */
const STRIDE = 24;

class ProseNumber {
  #place;
  #menu; // the figure's own control
  #turn; // what turns the knob
  #own; // what the author wrote, and for which value

  constructor(place, menu, turn) {
    [this.#place, this.#menu, this.#turn] = [place, menu, turn];
    this.#own = { text: place.textContent, value: menu.value };
    const name = menu.closest("label").firstChild.nodeValue.trim();
    const numbers = [...menu.options].map((option) => Number(option.value));
    Object.assign(place, { role: "spinbutton", tabIndex: 0, ariaLabel: name });
    Object.assign(place, { ariaValueMin: Math.min(...numbers), ariaValueMax: Math.max(...numbers) });
    place.title = `${name}: drag, press, or use the arrow keys`;
    place.addEventListener("keydown", (event) => this.#key(event));
    place.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  /** Shows the knob's present value. */
  show() {
    const [option] = this.#menu.selectedOptions;
    const same = option.value === this.#own.value;
    this.#place.textContent = same ? this.#own.text : option.textContent;
    this.#place.ariaValueNow = option.value;
    this.#place.ariaValueText = option.textContent;
  }

  #go(index) {
    const last = this.#menu.options.length - 1;
    const option = this.#menu.options[Math.min(Math.max(index, 0), last)];
    if (!option.selected) this.#turn(Number(option.value));
  }

  #key(event) {
    const [at, last] = [this.#menu.selectedIndex, this.#menu.options.length - 1];
    const { key } = event;
    const to = { ArrowUp: at + 1, ArrowRight: at + 1, ArrowDown: at - 1, ArrowLeft: at - 1, Home: 0, End: last }[key];
    if (to === undefined) return;
    event.preventDefault();
    this.#go(to);
  }

  #drag({ pointerId, clientX, button }) {
    if (button) return;
    const from = this.#menu.selectedIndex;
    let moved = false;
    const move = (event) => {
      const by = Math.round((event.clientX - clientX) / STRIDE);
      moved ||= by !== 0;
      if (moved) this.#go(from + by);
    };
    const over = new AbortController();
    const end = (event) => {
      over.abort();
      // A press without a drag turns to the next option, and from the last to the first.
      if (!moved && event.type === "pointerup") this.#go((from + 1) % this.#menu.options.length);
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
