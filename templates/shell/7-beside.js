// A second run beside the first, on the first one's clock.

import { showIn } from "./5-numbers.js";

export class Beside {
  #figure;
  run = null; // the engine's Figure, where there is a second run

  constructor(figure) {
    this.#figure = figure;
  }

  /** Sets the second run; without one the first stands alone. */
  set(run) {
    this.run?.free();
    this.run = run || null;
  }

  /** Where the second run is drawn. */
  get pictures() {
    return [...this.#figure.querySelector(".figure-beside").children];
  }

  /** Shows what depends on the runs: names, menus, and a place for the second picture. */
  show(first, pictures) {
    const [figure, run] = [this.#figure, this.run];
    const beside = figure.querySelector(".figure-beside");
    const names = figure.querySelectorAll(".figure-run");
    const parts = figure.querySelectorAll(".figure-beside, .figure-run, label:has([data-with-knob]), .said + .said");
    for (const part of parts) part.hidden = !run;
    figure.querySelector("[data-with]").value = run ? run.preset() : "";
    if (!run) return beside.replaceChildren();
    if (!beside.firstChild) beside.append(...pictures.map((svg) => svg.cloneNode()));
    const presets = figure.querySelector("select[data-preset]").options;
    for (const [index, one] of [first, run].entries())
      names[index].querySelector("span").textContent = presets[one.preset()].textContent;
    for (const knob of figure.querySelectorAll("[data-with-knob]"))
      showIn(knob, run.knob(Number(knob.dataset.withKnob)));
  }
}
