// The guess: whoever has said what will happen sees better what does. Play waits for it, steps do not.

import { Order } from "./2-order.js";

export class Guess {
  #slot;
  #order = null; // the list, where an order is asked for
  #first = []; // and as it lies at first
  #given = null; // the guess, "skipped", or nothing yet
  #setup = ""; // of the run that was guessed at

  /** `slot` is the figure's place for the question; there may be none. `moved` hears of what is put elsewhere. */
  constructor(slot, moved) {
    this.#slot = slot;
    const list = slot?.querySelector(".order");
    if (!list) return;
    this.#order = new Order(list, moved);
    this.#first = this.#order.keys;
  }

  /** Whether the run should not be played before the reader has guessed or declined. */
  get waits() {
    return Boolean(this.#slot) && !this.#slot.hidden && this.#given === null;
  }

  /** Asks anew when the run has another set-up, and not at all where the question does not fit it. */
  renew(run, setup) {
    if (!this.#slot) return;
    if (setup !== this.#setup) this.#set(null);
    this.#setup = setup;
    this.#slot.hidden = !run.asks() || this.#given === "skipped";
  }

  /** Asks anew. */
  reset() {
    this.#setup = "";
  }

  /** Leads the reader to the question. */
  focus() {
    this.#slot.scrollIntoView({ block: "nearest" });
    (this.#order ?? this.#fields[0]).focus({ preventScroll: true });
  }

  get #fields() {
    return this.#slot.querySelectorAll("input");
  }

  /** Takes the reader's answer; `false` when there is none. */
  take() {
    // An order is a digit for each place.
    if (this.#order) {
      this.#set(Number(this.#order.keys.join("")));
      return true;
    }
    const fields = [...this.#fields];
    const field = fields.find((one) => one.checked) ?? fields[0];
    const given = field.type === "radio" ? field.checked : field.value !== "" && field.checkValidity();
    if (given) this.#set(Number(field.value));
    else field.focus();
    return given;
  }

  skip() {
    this.#set("skipped");
    this.#slot.hidden = true;
  }

  #set(given) {
    this.#given = given;
    const open = given === null;
    if (open) this.#order?.lay(this.#first);
    if (this.#order) this.#order.open = open;
    for (const field of this.#fields) {
      field.disabled = !open;
      if (!open) continue;
      field.checked = false;
      if (field.type === "number") field.value = "";
    }
    this.#slot.querySelector(".guess-tools").hidden = !open;
    this.#tell(open ? "" : "Play the run or step to its end to see.");
  }

  #tell(text) {
    const told = this.#slot.querySelector(".guess-told");
    told.textContent = text;
    told.hidden = !text;
    told.classList.remove("known");
  }

  /** At the end of the run says how the guess stands to the answer, and returns that where it is news. */
  compare(run) {
    if (typeof this.#given !== "number" || run.at() < run.steps()) return "";
    const told = this.#slot.querySelector(".guess-told");
    const gap = run.gap(this.#given);
    if (told.textContent === gap) return "";
    this.#tell(gap);
    told.classList.add("known");
    return gap;
  }
}
