// The figure shell: brings the static figures of a page to life.
//
// A figure is complete without this file. Each <sim-figure> holds a picture, its narration, film and text version
// (figure.html). This module upgrades it in place: about one viewport before it is seen the engine (WebAssembly,
// fetched once per page) is opened at the very state that the page shows, so nothing changes until the reader acts.
//
// The engine owns all state: the run, the step, what makes sense now, the drawing, every sentence. The shell turns
// presses into calls and answers into DOM. If anything fails on the way, `data-failed` hides the tools and the
// static figure stands.
//
// For tests and style: `data-live`, `data-failed`, `data-playing`, `data-at`, `data-steps`, `data-state`.

/** How long a step stays when played at 1×, in milliseconds. */
const PERIOD = 1100;
/** Longest movement of a mark from its old place to its new one, in milliseconds. */
const TWEEN = 400;
/** Kinds of ticks as the engine numbers them: class, top and bottom on a scrubber 44 high. */
const TICKS = { 1: ["notification", 13, 31], 2: ["failure", 8, 36], 3: ["reader", 25, 42] };
/** Ways through a run, as buttons (`data-do`) and keys name them. */
const MOVES = {
  first: (figure) => figure.seek(0),
  back: (figure) => figure.back(),
  step: (figure) => figure.step(),
  last: (figure) => figure.seek(figure.steps()),
};

const stillness = matchMedia("(prefers-reduced-motion: reduce)");
const SVG = "http://www.w3.org/2000/svg";

class SimFigure extends HTMLElement {
  #engine = null; // the module's exports
  #figure = null; // the engine's Figure
  #started = null; // promise of #begin, so that it runs once
  #film = ""; // the film strip's HTML
  #timer = 0; // of the next step while playing
  #url = 0; // of the next update of the address

  constructor() {
    super();
    this.addEventListener("focusin", () => this.start());
    this.addEventListener("pointerdown", () => this.start());
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("input", (event) => this.#input(event));
    this.addEventListener("change", (event) => this.#change(event));
    this.addEventListener("keydown", (event) => this.#key(event));
  }

  connectedCallback() {
    near.observe(this);
    seen.observe(this);
    resized.observe(this);
  }

  disconnectedCallback() {
    this.pause();
    near.unobserve(this);
    seen.unobserve(this);
    resized.unobserve(this);
  }

  // ---- coming to life

  /** Loads the engine and opens the state that the page shows. Resolves in any case. */
  start() {
    this.#started ??= this.#begin();
    return this.#started;
  }

  async #begin() {
    near.unobserve(this);
    try {
      this.#engine = await engine(this.dataset.module, this.dataset.wasm);
      if (!this.#open(this.dataset.start)) throw new Error(this.#engine.Figure.why_not(this.dataset.start));
      for (const tool of this.querySelectorAll(":disabled")) tool.disabled = false;
      // Silently: the reader has not done anything yet.
      this.#showRun({ aloud: false });
      this.toggleAttribute("data-live", true);
    } catch (error) {
      this.toggleAttribute("data-failed", true);
      console.error(`figure ${this.id} stays still:`, error);
    }
  }

  #open(state) {
    const figure = this.#engine.Figure.open(state);
    if (!figure) return false;
    this.#figure?.free();
    this.#figure = figure;
    return true;
  }

  /** Shows a state named by a link: the part of the fragment after `=`. One that names no frame changes nothing. */
  async restore(state) {
    await this.start();
    const wanted = `${this.dataset.figure}=${state}`;
    if (this.#figure && this.#open(wanted)) {
      this.pause();
      this.#showRun({ aloud: true });
    } else if (this.#figure) {
      console.warn(`figure ${this.id} stays as it is:`, this.#engine.Figure.why_not(wanted));
    }
    const picture = this.querySelector(".figure-picture");
    const { top, bottom } = picture.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) this.scrollIntoView({ block: "start" });
  }

  /** The state as it belongs in the address: the engine knows the figure's name, the page its id. */
  #fragment() {
    const state = this.#figure.state();
    return `#${this.id}${state.slice(state.indexOf("="))}`;
  }

  /** Puts the state into the address, once the reader has come to rest: browsers limit how often one may. */
  #remember() {
    clearTimeout(this.#url);
    this.#url = setTimeout(() => history.replaceState(history.state, "", this.#fragment()), 150);
  }

  // ---- what the reader does

  #click(event) {
    const button = event.target.closest("[data-do], [data-act]");
    if (!this.#figure || !button || button.ariaDisabled === "true") return;
    if (button.dataset.act) return this.#changed(this.#figure.act(button.dataset.act));
    switch (button.dataset.do) {
      case "play":
        return this.#timer ? this.pause() : this.play();
      case "reset":
        return this.#changed(this.#open(this.dataset.start));
      case "unfork":
        // The button is about to go: the focus goes to where the reader steps on.
        this.querySelector("[data-do=step]").focus({ preventScroll: true });
        return this.#changed(this.#figure.undo_fork());
      case "copy":
        return this.#copy(button);
      case "svg":
        event.preventDefault();
        return this.#download();
      default:
        return this.#move(button.dataset.do);
    }
  }

  #input({ target }) {
    if (!this.#figure || !target.matches("[data-scrub]")) return;
    this.#figure.seek(Number(target.value));
    this.pause();
    // The range speaks for itself while it is dragged.
    this.#show({ aloud: false });
    this.#remember();
  }

  #change({ target }) {
    if (!this.#figure) return;
    if (target.matches("[data-scrub]")) this.#say(true);
    else if (target.matches("[data-preset]")) this.#changed(this.#figure.set_preset(Number(target.value)));
    else if (target.matches("[data-knob]"))
      this.#changed(this.#figure.set_knob(Number(target.dataset.knob), Number(target.value)));
    else if (target.matches("[data-speed]") && this.#timer) this.play();
  }

  // The tools are plain buttons in Tab order, not an ARIA toolbar: a toolbar would need the arrow keys to go from
  // tool to tool, and here they step, wherever in the figure the focus is.
  #key(event) {
    const { key, target } = event;
    const shortcut = (event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph");
    if (!this.#figure || shortcut || event.metaKey) return;
    if (target.matches("select, [readonly], .figure-rows")) return;
    if (target.matches("[data-scrub]") && /^(Arrow|Home|End|Page)/.test(key)) return;
    if (target.matches("button, summary") && key === " ") return;
    if (key === "ArrowRight") this.#move("step");
    else if (key === "ArrowLeft") this.#move("back");
    else if (key === "Home") this.#move("first");
    else if (key === "End") this.#move("last");
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
    MOVES[where](this.#figure);
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
    const presets = this.querySelector("select[data-preset]").options;
    if (index < presets.length) this.#changed(this.#figure.set_preset(index));
  }

  #faster(by) {
    const speed = this.querySelector("[data-speed]");
    speed.selectedIndex = Math.min(Math.max(speed.selectedIndex + by, 0), speed.options.length - 1);
    if (this.#timer) this.play();
  }

  // ---- playing: one timer, and none when paused, hidden or out of sight

  play() {
    if (this.#figure.at() >= this.#figure.steps()) this.#figure.seek(0);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), this.#period());
    this.toggleAttribute("data-playing", true);
    this.querySelector("[data-do=play]").ariaLabel = "Pause";
    this.#show({ aloud: false });
  }

  #tick() {
    this.#figure.step();
    if (this.#figure.at() >= this.#figure.steps()) this.pause();
    else this.#timer = setTimeout(() => this.#tick(), this.#period());
    this.#show({ aloud: !this.#timer });
  }

  pause() {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.toggleAttribute("data-playing", false);
    this.querySelector("[data-do=play]").ariaLabel = "Play";
    this.#say(true);
    this.#remember();
  }

  #period() {
    return PERIOD / Number(this.querySelector("[data-speed]").value);
  }

  // ---- what the reader sees

  /** Everything that depends on the run, then everything that depends on the step. */
  #showRun({ aloud }) {
    const figure = this.#figure;
    const steps = figure.steps();
    this.querySelector("[data-scrub]").max = steps;
    const paint = this.querySelector(".scrub svg");
    paint.setAttribute("viewBox", `0 0 ${Math.max(steps, 1)} 44`);
    paint.setAttribute("preserveAspectRatio", "none");
    paint.replaceChildren(...ticks(figure.ticks()));
    this.querySelector(".figure-rows tbody").innerHTML = figure.rows();
    // The page has the first film already; a film that stays the same keeps its links, and with them the focus.
    const film = figure.film(`#${this.id}`);
    if (this.#film && film !== this.#film) this.querySelector(".figure-film").innerHTML = film;
    this.#film = film;
    for (const knob of this.querySelectorAll("[data-knob]")) knob.value = figure.knob(Number(knob.dataset.knob));
    this.#showPreset();
    this.#show({ aloud });
  }

  #showPreset() {
    const [, id] = /=v\d+\.([^.]+)/.exec(this.#figure.state()) ?? [];
    const option = this.querySelector(`option[data-id="${CSS.escape(id ?? "")}"]`);
    if (option) option.selected = true;
  }

  #show({ aloud }) {
    const figure = this.#figure;
    const [at, steps] = [figure.at(), figure.steps()];
    this.draw();
    this.#say(aloud);

    const scrub = this.querySelector("[data-scrub]");
    scrub.value = at;
    scrub.ariaValueText = `${at} of ${steps}`;
    this.querySelector(".scrub .past").setAttribute("x2", at);

    // Not `disabled`: a button that has the focus must not lose it by being used.
    this.#able("[data-do=first]", at > 0);
    this.#able("[data-do=back]", at > 0);
    this.#able("[data-do=step]", at < steps);
    for (const button of this.querySelectorAll("[data-act]"))
      button.ariaDisabled = String(!figure.can(button.dataset.act));

    const fragment = this.#fragment();
    mark(this.querySelector(`.figure-rows tr[data-n="${at}"]`), this.querySelector(".figure-rows tr[aria-current]"));
    mark(
      this.querySelector(`.figure-film a[href="${CSS.escape(fragment)}"]`),
      this.querySelector(".figure-film a[aria-current]"),
    );
    this.querySelector(".figure-fork").hidden = !figure.forked();

    this.dataset.at = at;
    this.dataset.steps = steps;
    this.dataset.state = fragment.slice(1);
  }

  #able(selector, can) {
    this.querySelector(selector).ariaDisabled = String(!can);
  }

  /** The narration, which is also the figure's one live region: it is silent while the figure plays. */
  #say(aloud) {
    const say = this.querySelector(".figure-say");
    say.ariaLive = aloud ? "polite" : "off";
    say.querySelector(".time").textContent = this.#figure.time();
    say.querySelector(".sentence").textContent = this.#figure.sentence();
    say.querySelector(".source").textContent = this.#figure.source();
  }

  /** Draws the present frame, wide or narrow as the box shows it; both for the printer. */
  draw(both = false) {
    if (!this.#figure) return;
    const tween = stillness.matches || !this.hasAttribute("data-live") ? 0 : Math.min(TWEEN, this.#period() * 0.8);
    for (const svg of this.querySelectorAll(".figure-picture > svg")) {
      if (!both && !svg.checkVisibility()) continue;
      const holder = document.createElement("template");
      holder.innerHTML = this.#figure.svg(svg.classList.contains("narrow"));
      morph(svg, holder.content.firstElementChild, tween);
    }
  }

  // ---- taking it away

  async #copy(button) {
    const link = new URL(this.#fragment(), location.href).href;
    this.#remember();
    try {
      await navigator.clipboard.writeText(link);
      button.textContent = "Link copied";
      setTimeout(() => (button.textContent = "Copy link"), 2000);
    } catch {
      // No clipboard here (not a secure page, or not allowed): the reader copies from a field.
      const field = this.querySelector(".exports input") ?? document.createElement("input");
      Object.assign(field, { readOnly: true, value: link, ariaLabel: "Link to this state" });
      button.after(field);
      field.focus();
      field.select();
    }
  }

  #download() {
    const url = URL.createObjectURL(new Blob([this.#figure.standalone_svg()], { type: "image/svg+xml" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${this.id}-step-${this.#figure.at()}.svg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }
}

// ---- the engine

const engines = new Map();

/** The bindings of a module, initialised: one fetch for all figures of a page that are in it. */
function engine(glue, wasm) {
  if (!engines.has(glue)) {
    const ready = import(glue).then(async (module) => {
      await module.default({ module_or_path: wasm });
      return module;
    });
    engines.set(glue, ready);
  }
  return engines.get(glue);
}

// ---- the drawing

/**
 * Makes `old` equal to `fresh`, changing as little as possible. Children that carry `data-k` are found again by it
 * under the same parent, whatever their order; the others are matched one after the other.
 */
function morph(old, fresh, tween) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    const before = old.getAttribute(name);
    if (before === value) continue;
    old.setAttribute(name, value);
    if (name === "transform" && tween && keyOf(old)) slide(old, before, value, tween);
  }
  const keyed = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    const match = key ? keyed.get(key) : keyOf(at) ? null : at;
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

function keyOf(node) {
  return node?.getAttribute?.("data-k");
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

/** The scrubber's paint: how far the run has come, and where in it something happens. */
function ticks(pairs) {
  const lines = [line("past", 0, 0, 22, 22)];
  for (let i = 0; i < pairs.length; i += 2) {
    const [name, top, bottom] = TICKS[pairs[i + 1]];
    lines.push(line(name, pairs[i], pairs[i], top, bottom));
  }
  return lines;
}

function line(name, x1, x2, y1, y2) {
  const element = document.createElementNS(SVG, "line");
  for (const [key, value] of Object.entries({ class: name, x1, x2, y1, y2 })) element.setAttribute(key, value);
  return element;
}

function mark(present, past) {
  past?.removeAttribute("aria-current");
  present?.setAttribute("aria-current", "step");
}

// ---- the page: what is near, what is in sight, what the address asks for

const near = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => entry.target.start()),
  { rootMargin: "100% 0px" },
);
const seen = new IntersectionObserver((entries) =>
  entries.filter((entry) => !entry.isIntersecting).forEach((entry) => entry.target.pause()),
);
const resized = new ResizeObserver((entries) => entries.forEach((entry) => entry.target.draw()));

function figures() {
  return document.querySelectorAll("sim-figure");
}

/** The figure and the state that a fragment such as `#ring=v1.burst.n7` names, if it names one. */
function named(hash) {
  // The parser of queries undoes what mail programs do to brackets and colons, and never throws.
  const [[id, state] = []] = new URLSearchParams(hash.slice(1));
  const figure = state && document.getElementById(id);
  return figure instanceof SimFigure ? { figure, state } : null;
}

function follow() {
  const link = named(location.hash);
  link?.figure.restore(link.state);
}

customElements.define("sim-figure", SimFigure);
follow();
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => figures().forEach((figure) => figure.draw(true)));
document.addEventListener("visibilitychange", () => document.hidden && figures().forEach((figure) => figure.pause()));
// Following the same link twice changes no address, yet the reader wants that state again.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (link?.hash === location.hash) follow();
});
