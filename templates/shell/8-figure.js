// The element <sim-figure>: brings a static figure to life in place.
//
// A figure is complete without this file. Each <sim-figure> holds a picture, its narration, film and text version
// (figure.html). About one viewport before it is seen the engine (WebAssembly, fetched once per page) is opened at the
// very state that the page shows, so nothing changes until the reader acts.
//
// The engine owns all state: the run, the step, what makes sense now, the drawing, every sentence. The shell turns
// presses into calls and answers into DOM. If anything fails on the way, `data-failed` hides the tools and the
// static figure stands.
//
// For tests and style: `data-live`, `data-failed`, `data-playing`, `data-at`, `data-steps`, `data-state`.

import { made, morph, scrubPaint } from "./1-drawing.js";
import { engine } from "./1-engine.js";
import { pull, refuse, stride } from "./2-fields.js";
import { MARKS, light, nameOf, neighbour, pressable, runOf, tellCell } from "./2-marks.js";
import { Order } from "./2-order.js";
import { Guess } from "./3-guess.js";
import { copy, frame, save } from "./4-take.js";
import { numberIn, numbers, showIn } from "./5-numbers.js";
import { current, remark, tell } from "./6-telling.js";
import { Beside } from "./7-beside.js";

/** How long a step stays when played at 1×, in milliseconds. */
const PERIOD = 1100;
/** Longest movement of a mark from its old place to its new one, in milliseconds. */
const TWEEN = 400;
/** Ways through a run, as buttons (`data-do`) and keys name them. */
const MOVES = {
  first: (run) => run.seek(0),
  back: (run) => run.back(),
  step: (run) => run.step(),
  last: (run) => run.seek(run.steps()),
};

const stillness = matchMedia("(prefers-reduced-motion: reduce)");

export class SimFigure extends HTMLElement {
  #engine = null; // the module's exports
  #run = null; // the engine's Figure
  #beside = new Beside(this); // the one that is compared with it
  #guess = null;
  #order = null; // of what the reader may put in order
  #numbers = []; // of the text
  #started = null; // promise of #begin, so that it runs once
  #listed = ""; // the run whose film and text version the page has
  #mark = ""; // the mark that keeps the picture's Tab stop
  #timer = 0; // of the next step while playing
  #url = 0; // of the next update of the address

  constructor() {
    super();
    this.addEventListener("focusin", ({ target }) => this.#focus(target));
    this.addEventListener("pointerdown", (event) => {
      this.start();
      const place = this.#run && event.target.closest("[data-turn]");
      if (place) pull(place, event, (other) => this.#turn(other));
    });
    this.addEventListener("pointerover", ({ target }) => this.#tell(target));
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("input", (event) => this.#input(event));
    this.addEventListener("change", (event) => this.#change(event));
    this.addEventListener("keydown", (event) => this.#key(event));
    // A fold that opens shows what was not drawn while it was shut. The event does not bubble.
    this.addEventListener("toggle", () => this.draw(), true);
  }

  // ---- coming to life

  /** Loads the engine and opens the state that the page shows. Resolves in any case. */
  start() {
    this.#started ??= this.#begin();
    return this.#started;
  }

  async #begin() {
    try {
      this.#engine = await engine(this.dataset.module, this.dataset.wasm);
      if (!this.#open(this.dataset.start)) throw new Error(this.#engine.Figure.why_not(this.dataset.start));
      this.#guess = new Guess(this.$(".figure-guess"), (words) => remark(this, words));
      const list = this.$(".figure-order .order");
      this.#order = list && new Order(list, (words) => this.#reorder(words));
      const knob = (index) => this.#run.knob(index);
      this.#numbers = numbers(this, knob, (index, value) => this.#changed(this.#run.set_knob(index, value)));
      for (const tool of this.querySelectorAll(":disabled")) tool.disabled = false;
      this.#listed = runIn(this.#run.state());
      // Silently: the reader has not done anything yet.
      this.#showRun({ aloud: false });
      this.toggleAttribute("data-live", true);
    } catch (error) {
      this.toggleAttribute("data-failed", true);
      console.error(`figure ${this.id} stays still:`, error);
    }
  }

  $(selector) {
    return this.querySelector(selector);
  }

  #opened(state) {
    return this.#engine.Figure.open(`${this.dataset.figure}=${state.slice(state.indexOf("=") + 1)}`);
  }

  #open(state) {
    const run = this.#opened(state);
    if (!run) return false;
    this.#run?.free();
    this.#run = run;
    return true;
  }

  /**
   * Shows a state named by a link: the part of the fragment after `=`, and perhaps a second one to compare it with.
   * One that names no frame changes nothing.
   */
  async restore(state, other) {
    await this.start();
    if (!this.#run) return;
    if (this.#open(state)) {
      this.pause();
      this.#beside.set(other && this.#opened(other));
      this.#showRun({ aloud: true });
    } else {
      const why = this.#engine.Figure.why_not(`${this.dataset.figure}=${state}`);
      console.warn(`figure ${this.id} stays as it is:`, why);
    }
    const { top, bottom } = this.$(".figure-picture").getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) this.scrollIntoView({ block: "start" });
  }

  /** A run's state as it belongs in the address: the engine knows the figure's name, the page its id. */
  #stated(run) {
    const state = run.state();
    return state.slice(state.indexOf("="));
  }

  #fragment() {
    const other = this.#beside.run;
    return `#${this.id}${this.#stated(this.#run)}${other ? `&with${this.#stated(other)}` : ""}`;
  }

  /** The figure at this state as an address; a figure that has left its page leads back there. */
  #address() {
    return new URL(this.#fragment(), this.dataset.page ?? location.href).href;
  }

  /**
   * Puts the state into the address, once the reader has come to rest: browsers limit how often one may. An address that
   * changed meanwhile stays: it is about to be followed.
   */
  #remember() {
    const { hash } = location;
    clearTimeout(this.#url);
    this.#url = setTimeout(() => {
      if (location.hash === hash) history.replaceState(history.state, "", this.#fragment());
    }, 150);
  }

  // ---- what the reader does

  #focus(target) {
    this.start();
    if (target.matches(MARKS)) this.#choose(target);
    this.#tell(target);
  }

  #tell(target) {
    const cell = target.closest(".figure-picture a");
    if (cell) tellCell(this, cell);
  }

  /** Gives a mark the picture's Tab stop. */
  #choose(mark) {
    this.#mark = nameOf(mark);
    for (const other of mark.ownerSVGElement.querySelectorAll("[tabindex]")) other.setAttribute("tabindex", -1);
    mark.setAttribute("tabindex", 0);
  }

  #click(event) {
    const cell = event.target.closest(".figure-picture a");
    // A finger points by touching: it finds the way under the picture. And a cell whose run is not here leads nowhere.
    if (cell && (event.pointerType === "touch" || !runOf(cell))) event.preventDefault();
    const button = event.target.closest("[data-do], [data-act], [data-turn], [data-n]:not(tr)");
    if (!this.#run || !button || button.ariaDisabled === "true") return;
    const { act, n, turn } = button.dataset;
    if (turn) return this.#turn(button);
    if (act) return this.#changed(this.#run.act(act));
    if (n) return this.#move((run) => run.seek(Number(n)));
    switch (button.dataset.do) {
      case "play":
        return this.#timer ? this.pause() : this.play();
      case "reset":
        this.#guess.reset();
        this.#beside.set(null);
        return this.#changed(this.#open(this.dataset.start));
      case "unfork":
        this.#leave();
        return this.#changed(this.#run.undo_fork());
      case "forget":
        this.#leave();
        return this.#changed(this.#run.forget_left());
      case "alone":
        this.#leave();
        this.#beside.set(null);
        return this.#changed();
      case "guess":
        if (this.#guess.take()) this.#settled();
        return;
      case "skip":
        this.#guess.skip();
        return this.#settled();
      case "copy":
        this.#remember();
        return copy(button, this.#address());
      case "embed":
        return copy(button, frame(this, new URL(this.#fragment(), this.dataset.alone).href));
      case "svg":
        event.preventDefault();
        return save(this.#run.standalone_svg(), "image/svg+xml", `${this.id}-step-${this.#run.at()}.svg`);
      case "csv":
        event.preventDefault();
        return save(this.#run.csv(), "text/csv", `${this.id}.csv`);
      default:
        return this.#move(MOVES[button.dataset.do]);
    }
  }

  /** Turns a knob to the place that a mark stands for: that of the run which is drawn there. */
  #turn(mark) {
    const run = mark.closest(".figure-beside") ? this.#beside.run : this.#run;
    const [index, value] = [mark.dataset.turn, mark.dataset.to].map(Number);
    // A choice that is made already does not start the run again.
    if (run.knob(index) === value) return;
    const svg = mark.ownerSVGElement;
    const focused = svg.contains(document.activeElement);
    this.#changed(run.set_knob(index, value));
    // What had the focus may have been drawn anew.
    if (focused) svg.querySelector("[data-c]").focus({ preventScroll: true });
  }

  /** The run has another order. */
  #reorder(words) {
    this.#changed(this.#run.set_order(this.#order.keys.join("")));
    remark(this, words);
  }

  /** A field or menu says another value of a knob; what is none is said to be none. */
  #set(run, index, field) {
    const value = numberIn(field);
    if (value === undefined) remark(this, refuse(field));
    else this.#changed(run?.set_knob(index, value));
  }

  /** A button is about to go: the focus goes to where the reader steps on. */
  #leave() {
    this.$("[data-do=step]").focus({ preventScroll: true });
  }

  /** The question is out of the way. */
  #settled() {
    this.$("[data-do=play]").focus({ preventScroll: true });
    this.#show({ aloud: true });
  }

  #input({ target }) {
    if (!this.#run || !target.matches("[data-scrub]")) return;
    this.#run.seek(Number(target.value));
    this.pause();
    // The range speaks for itself while it is dragged.
    this.#show({ aloud: false });
    this.#remember();
  }

  #change({ target }) {
    if (!this.#run) return;
    const { scrub, preset, knob, with: other, withKnob, speed } = target.dataset;
    const value = Number(target.value);
    if (scrub !== undefined) this.#say(true);
    else if (preset !== undefined) this.#changed(this.#run.set_preset(value));
    else if (knob) this.#set(this.#run, Number(knob), target);
    else if (other !== undefined) this.#compare(target.value);
    else if (withKnob) this.#set(this.#beside.run, Number(withKnob), target);
    else if (speed !== undefined && this.#timer) this.play();
  }

  // The tools are plain buttons in Tab order, not an ARIA toolbar: a toolbar would need the arrow keys to go from
  // tool to tool, and here they step, wherever in the figure the focus is.
  #key(event) {
    const { key, target } = event;
    const shortcut = (event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph");
    if (!this.#run || shortcut || event.metaKey) return;
    if (target.matches(MARKS)) {
      const presses = !target.matches("a") && (key === "Enter" || key === " ");
      if (presses) target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
      const mark = neighbour(target, key);
      if (mark?.dataset.turn) this.#turn(mark);
      else mark?.focus();
      // At the edge of a map an arrow does nothing: there it does not step.
      if (mark || presses || (!target.dataset.n && key.startsWith("Arrow"))) return event.preventDefault();
    }
    if (target.matches("[data-scrub]")) {
      if (/^(Arrow|Home|End|Page)/.test(key)) return;
    } else if (target.matches("input")) {
      // Digits and arrows are the field's own.
      if (target.dataset.frames !== undefined && stride(event)) return event.preventDefault();
      // Enter is used up by a guess: the focus moves on to a button.
      if (key !== "Enter" || target.readOnly || target.dataset.stride) return;
      event.preventDefault();
      return this.$("[data-do=guess]").click();
    }
    if (target.matches("select, .figure-rows")) return;
    if (target.matches("button, summary") && key === " ") return;
    if (key === "ArrowRight") this.#move(MOVES.step);
    else if (key === "ArrowLeft") this.#move(MOVES.back);
    else if (key === "Home") this.#move(MOVES.first);
    else if (key === "End") this.#move(MOVES.last);
    else if (key === " ") this.#timer ? this.pause() : this.play();
    else if (key === "[") this.#faster(-1);
    else if (key === "]") this.#faster(1);
    else if (/^[1-9]$/.test(key)) this.#preset(Number(key) - 1);
    else return;
    event.preventDefault();
  }

  /** The reader goes to another step of the same run. */
  #move(where) {
    this.pause();
    where(this.#run);
    this.#show({ aloud: true });
    this.#remember();
  }

  /** The run itself is another one now; `false` says that the engine refused. */
  #changed(done) {
    if (done === false) return;
    this.pause();
    this.#showRun({ aloud: true });
    this.#remember();
  }

  #preset(index) {
    const presets = this.$("select[data-preset]").options;
    if (index < presets.length) this.#changed(this.#run.set_preset(index));
  }

  /** Takes a preset for the second run: the text of its number, or nothing. */
  #compare(preset) {
    const run = preset && this.#opened(this.dataset.start);
    if (run) run.set_preset(Number(preset));
    this.#beside.set(run);
    this.#changed();
  }

  #faster(by) {
    const speed = this.$("[data-speed]");
    speed.selectedIndex = Math.min(Math.max(speed.selectedIndex + by, 0), speed.options.length - 1);
    if (this.#timer) this.play();
  }

  // ---- playing: one timer, and none when paused, hidden or out of sight

  play() {
    if (this.#guess.waits) return this.#guess.focus();
    if (this.#run.at() >= this.#run.steps()) this.#run.seek(0);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), this.#period());
    this.toggleAttribute("data-playing", true);
    this.$("[data-do=play]").ariaLabel = "Pause";
    this.#show({ aloud: false });
  }

  #tick() {
    this.#run.step();
    if (this.#run.at() >= this.#run.steps()) this.#rest();
    else this.#timer = setTimeout(() => this.#tick(), this.#period());
    this.#show({ aloud: !this.#timer });
    if (!this.#timer) this.#remember();
  }

  pause() {
    if (!this.#timer) return;
    this.#rest();
    this.#say(true);
    this.#remember();
  }

  #rest() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.toggleAttribute("data-playing", false);
    this.$("[data-do=play]").ariaLabel = "Play";
  }

  #period() {
    return PERIOD / Number(this.$("[data-speed]").value);
  }

  // ---- what the reader sees

  /** Everything that depends on the run, then everything that depends on the step. */
  #showRun({ aloud }) {
    const run = this.#run;
    const [steps, left] = [run.steps(), run.left_steps()];
    this.$("[data-scrub]").max = steps;
    this.$(".scrub").style.setProperty("--share", left > steps ? steps / left : 1);
    morph(this.$(".scrub svg"), scrubPaint(run), 0);
    if (this.#listed !== runIn(run.state())) {
      this.#listed = runIn(run.state());
      this.$(".figure-rows tbody").innerHTML = run.rows();
      // A film that stays the same keeps its links, and with them the focus.
      const film = this.$(".figure-film");
      if (film) morph(film, made(`<ol class="${film.className}">${run.film(`#${this.id}`)}</ol>`), 0);
    }
    for (const knob of this.querySelectorAll("[data-knob]")) showIn(knob, run.knob(Number(knob.dataset.knob)));
    this.#order?.lay([...run.order()]);
    for (const number of this.#numbers) number.show();
    this.$("select[data-preset]").value = run.preset();
    // The part of the state that says how the run was set up: preset, knobs and order.
    this.#guess.renew(run, /=v\d+\.[^.]+(\.[ko][^.]+)*/.exec(run.state())[0]);
    this.$(".figure-fork").hidden = !run.forked();
    this.#beside.show(run, this.#pictures);
    this.#show({ aloud });
  }

  #show({ aloud }) {
    const run = this.#run;
    const [at, steps] = [run.at(), run.steps()];
    this.#beside.run?.follow(run);
    this.draw();
    this.#say(aloud, this.#guess.compare(run));

    const scrub = this.$("[data-scrub]");
    scrub.value = at;
    scrub.ariaValueText = `${at} of ${steps}`;
    this.$(".scrub .past").setAttribute("d", `M0 22H${at}`);

    // Not `disabled`: a button that has the focus must not lose it by being used.
    this.#able("[data-do=first]", at > 0);
    this.#able("[data-do=back]", at > 0);
    this.#able("[data-do=step]", at < steps);
    for (const button of this.querySelectorAll("[data-act]")) button.ariaDisabled = String(!run.can(button.dataset.act));
    this.$("[data-do=play]").title = this.#guess.waits ? "Guess or skip, then play (Space)" : "Play (Space)";

    const rows = this.$(".figure-rows");
    current(rows, rows.querySelectorAll(`tr[data-n="${at}"]`));
    const shown = CSS.escape(`#${this.id}${this.#stated(run)}`);
    current(this.$(".figure-film"), this.querySelectorAll(`.figure-film a[href="${shown}"]`));

    this.dataset.at = at;
    this.dataset.steps = steps;
    this.dataset.state = this.#fragment().slice(1);
  }

  #able(selector, can) {
    this.$(selector).ariaDisabled = String(!can);
  }

  #say(aloud, gap) {
    tell(this, [this.#run, this.#beside.run], aloud, gap);
  }

  get #pictures() {
    return [...this.$(".figure-picture").children];
  }

  /** Draws the present frame, wide or narrow as the box shows it; both for the printer. */
  draw(both = false) {
    const [run, other] = [this.#run, this.#beside.run];
    if (!run) return;
    const tween = stillness.matches || !this.hasAttribute("data-live") ? 0 : Math.min(TWEEN, this.#period() * 0.8);
    const redraw = (svgs, drawn, time) => {
      for (const svg of svgs) {
        if (!both && !svg.checkVisibility()) continue;
        const fresh = made(drawn(svg.classList.contains("narrow")));
        pressable(fresh, this.#mark);
        morph(svg, fresh, time);
      }
    };
    redraw(this.#pictures, (narrow) => run.svg(narrow), tween);
    if (other) redraw(this.#beside.pictures, (narrow) => other.svg(narrow), tween);
    const chart = (narrow) => (other ? run.chart_beside(narrow, other) : run.chart(narrow));
    redraw(this.querySelectorAll(".figure-chart svg"), chart, 0);
    light(this);
  }
}

/** The part of a state that says which run it is, whatever the step. */
function runIn(state) {
  return state.replace(/\.n\d+(\.e\d+)?$/, "");
}
