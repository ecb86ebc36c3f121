// Things that a reader puts in order: a list whose items change places by two buttons each, by arrow keys, or by dragging.

export class Order {
  #list;
  #moved; // hears of every move, with words for who does not see it
  #open = true;

  /** Brings a list to life; `moved` is called with a sentence after each move of the reader's. */
  constructor(list, moved) {
    [this.#list, this.#moved] = [list, moved];
    list.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-by]");
      if (button) this.#move(button.closest("li"), Number(button.dataset.by));
    });
    list.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (by) event.preventDefault();
      if (by) this.#move(event.target.closest("li"), by);
    });
    list.addEventListener("pointerdown", (event) => this.#drag(event));
    this.#refresh();
  }

  get #items() {
    return [...this.#list.children];
  }

  /** The items' keys from first to last. */
  get keys() {
    return this.#items.map((item) => item.dataset.key);
  }

  /** Puts the items in this order. */
  lay(keys) {
    if (keys.join() === this.keys.join()) return;
    const items = new Map(this.#items.map((item) => [item.dataset.key, item]));
    this.#list.append(...keys.map((key) => items.get(key)));
    this.#refresh();
  }

  /** Whether the reader may move anything. */
  set open(open) {
    this.#open = open;
    this.#refresh();
  }

  /** Leads the reader to the first button that does something. */
  focus() {
    this.#list.querySelector("[data-by]:not([aria-disabled=true])").focus({ preventScroll: true });
  }

  // Not `disabled`: a button that has the focus must not lose it by being used.
  #refresh() {
    const last = this.#items.length - 1;
    this.#items.forEach((item, place) => {
      const [earlier, later] = item.querySelectorAll("[data-by]");
      earlier.ariaDisabled = String(!this.#open || place === 0);
      later.ariaDisabled = String(!this.#open || place === last);
    });
    this.#list.toggleAttribute("data-open", this.#open);
  }

  /** Moves an item by moving the others round it, so that what has the focus in it keeps it. */
  #shift(item, place) {
    const at = () => this.#items.indexOf(item);
    while (at() > place) item.after(item.previousElementSibling);
    while (at() < place) item.before(item.nextElementSibling);
    this.#refresh();
  }

  #move(item, by) {
    const to = this.#items.indexOf(item) + by;
    if (!this.#open || to < 0 || to >= this.#items.length) return;
    this.#shift(item, to);
    this.#tell(item);
  }

  #tell(item) {
    const name = item.querySelector("span:not(.grip)").textContent;
    this.#moved(`${name}: place ${this.#items.indexOf(item) + 1} of ${this.#items.length}.`);
  }

  /** A finger drags by the grip, since elsewhere it scrolls. */
  #drag({ target, button, pointerId, pointerType }) {
    const item = target.closest("li");
    const free = pointerType === "touch" ? target.closest(".grip") : !target.closest("button");
    if (!this.#open || button || !item || !free) return;
    const before = this.keys;
    const over = new AbortController();
    const move = ({ clientX, clientY }) => {
      const under = this.#items.findIndex((other) => {
        const { left, right, top, bottom } = other.getBoundingClientRect();
        return clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
      });
      if (under >= 0) this.#shift(item, under);
    };
    const end = ({ type }) => {
      over.abort();
      item.classList.remove("held");
      if (type !== "pointerup") this.lay(before);
      else if (before.join() !== this.keys.join()) this.#tell(item);
    };
    item.classList.add("held");
    // The list keeps the pointer: it stays where it is while its items move.
    this.#list.setPointerCapture(pointerId);
    this.#list.addEventListener("pointermove", move, over);
    for (const kind of ["pointerup", "pointercancel"]) this.#list.addEventListener(kind, end, over);
  }
}
