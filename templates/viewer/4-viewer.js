// The viewer: a dialog over an album's page that shows one photograph after the other.
//
// While it is open the address is that of the photograph's own page. Opening makes one entry of the history and stepping
// changes it, so one step back closes. Without scripts, and for presses that mean a tab or a window, the tiles are links.

import { make, words } from "./1-words.js";
import { Slide } from "./2-slide.js";
import { follow } from "./3-fingers.js";

const kept = 2; // slides on either side that are kept; one of them is loaded ahead
const calm = 150; // milliseconds after which a reader has come to rest

/** What the viewer says in the reader's language. */
const say = document.querySelector(".photos").dataset;

/** A button whose drawing is a line through 16 by 16 units. */
function button(name, line) {
  const made = make("button", `viewer-${name}`);
  made.ariaLabel = say[name];
  made.innerHTML = `<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="${line}"/></svg>`;
  return made;
}

class Viewer {
  #tiles;
  #dialog = make("dialog", "viewer");
  #track = make("div", "viewer-track");
  #place = make("p");
  #voice = make("p", "unseen");
  #previous = button("previous", "M10 2.5 4.5 8l5.5 5.5");
  #next = button("next", "M6 2.5 11.5 8 6 13.5");
  #slides = new Map();
  #at = 0;
  #title = document.title;
  #rest;

  /** A viewer of what these links show. */
  constructor(tiles) {
    this.#tiles = tiles;
    const [dialog, track] = [this.#dialog, this.#track];
    const bar = make("div", "viewer-bar ui");
    const close = button("close", "M3 3l10 10M13 3 3 13");
    dialog.ariaLabel = document.querySelector("h1").textContent;
    this.#place.ariaHidden = true;
    this.#voice.role = "status";
    close.autofocus = true;
    bar.append(this.#place, this.#previous, this.#next, close);
    dialog.append(bar, track, this.#voice);
    document.body.append(dialog);
    this.#previous.onclick = () => this.#step(-1);
    this.#next.onclick = () => this.#step(1);
    close.onclick = () => dialog.close();
    // Who was in a caption that is gone is nowhere, and keys are heard all the same.
    addEventListener("keydown", (event) => dialog.open && this.#key(event));
    dialog.onclose = () => this.#closed();
    new ResizeObserver(() => this.#fit()).observe(dialog);
    follow(dialog, this);
  }

  /** What is seen. */
  get slide() {
    return this.#slides.get(this.#at);
  }

  /** The way in which the next picture comes from: 1 from the right, -1 from the left. */
  get #way() {
    return getComputedStyle(this.#dialog).direction === "rtl" ? -1 : 1;
  }

  /** Opens at a photograph, or goes to it. */
  show(index) {
    const { open } = this.#dialog;
    if (!open) this.#dialog.showModal();
    this.#still(!open || Math.abs(index - this.#at) > 1);
    this.slide?.fit();
    this.#at = index;
    for (const near of [index, index + 1, index - 1]) this.#load(near);
    for (const [number, { figure }] of this.#slides) {
      figure.inert = number !== index;
      if (Math.abs(number - index) > kept) {
        figure.remove();
        this.#slides.delete(number);
      }
    }
    this.#track.style.setProperty("--at", index * this.#way);
    this.#still(false);
    this.#place.textContent = say.place.replace("{n}", index + 1);
    this.#previous.ariaDisabled = !this.#tiles[index - 1];
    this.#next.ariaDisabled = !this.#tiles[index + 1];
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#tell(index), calm);
  }

  /** Closes, if it is open. */
  close() {
    this.#dialog.close();
  }

  /** The photograph follows a finger to the side; beyond the ends only by a part of the way. */
  drag(x) {
    const further = this.#tiles[this.#at - Math.sign(x) * this.#way];
    this.#move(further ? x : x / 4, 0, true);
  }

  /** The finger is lifted so far from where it began; from `enough` on that means another photograph. */
  drop(x, enough) {
    this.#move(0, 0, false);
    if (Math.abs(x) > enough) this.#step(-Math.sign(x) * this.#way);
  }

  /** The photograph follows a finger down, and the page comes to light behind it. */
  pull(y) {
    this.#move(0, y, true);
  }

  /** The finger that pulled is lifted. */
  release(y, enough) {
    this.#move(0, 0, false);
    if (y > enough) this.close();
  }

  /** Puts the photograph so many CSS pixels beside and below its place. */
  #move(x, y, still) {
    this.#still(still);
    const { style } = this.#dialog;
    style.setProperty("--by", `${x}px`);
    style.setProperty("--down", `${y}px`);
    style.setProperty("--light", Math.min(y / innerHeight, 0.7));
  }

  /** Whether the next moves are seen as movements. */
  #still(still) {
    // Where it stands now is taken note of first.
    void this.#track.offsetWidth;
    this.#dialog.toggleAttribute("data-still", still);
  }

  #load(number) {
    const tile = this.#tiles[number];
    if (!tile || this.#slides.has(number)) return;
    // What is magnified has the whole window.
    const slide = new Slide(tile, () => this.#dialog.toggleAttribute("data-magnified", this.slide.magnified));
    slide.figure.style.setProperty("--number", number);
    this.#slides.set(number, slide);
    this.#track.append(slide.figure);
    slide.sharpen();
  }

  #step(by) {
    if (this.#tiles[this.#at + by]) this.show(this.#at + by);
  }

  #fit() {
    this.slide?.fit();
    for (const slide of this.#slides.values()) slide.sharpen();
  }

  #magnify(times) {
    this.slide.smoothly((slide) => {
      slide.magnify(times, innerWidth / 2, innerHeight / 2);
      slide.rest();
    });
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // What is magnified is moved first, as far as it goes.
    const arrow = (x, y) => (this.slide.magnified && this.slide.pan(-x * 80, -y * 80)) || (x && this.#step(x * this.#way));
    const deeds = {
      ArrowLeft: () => arrow(-1, 0),
      ArrowRight: () => arrow(1, 0),
      Home: () => this.show(0),
      End: () => this.show(this.#tiles.length - 1),
      "+": () => this.#magnify(1.5),
      "-": () => this.#magnify(1 / 1.5),
      0: () => this.#magnify(0),
      ...(this.slide.magnified && { ArrowUp: () => arrow(0, -1), ArrowDown: () => arrow(0, 1) }),
    };
    const deed = deeds[event.key];
    if (deed) event.preventDefault();
    deed?.();
  }

  /** Says what is seen, once the reader has come to rest: aloud, in the address and in the title. */
  async #tell(index) {
    const { href, title } = this.#tiles[index];
    const page = await words(href).catch(() => ({ title: this.#title, heading: title }));
    if (!this.#dialog.open || index !== this.#at) return;
    history.replaceState({ photo: href }, "", href);
    document.title = page.title;
    this.#voice.textContent = `${this.#place.textContent}: ${page.heading}`;
  }

  #closed() {
    clearTimeout(this.#rest);
    document.title = this.#title;
    this.#voice.textContent = "";
    this.#move(0, 0, true);
    this.#track.replaceChildren();
    this.#slides.clear();
    if (history.state?.photo) history.back();
    const tile = this.#tiles[this.#at];
    tile.focus({ preventScroll: true });
    tile.scrollIntoView({ block: "nearest", behavior: "instant" });
  }
}

/** Has presses on the tiles, and steps through the history, open and close a viewer. */
function begin() {
  const tiles = [...document.querySelectorAll(".photos a")].filter((tile) => tile.querySelector("img"));
  const tileOf = ({ target }) => tiles.indexOf(target.closest?.(".photos a"));
  let viewer;
  const show = (index) => (viewer ??= new Viewer(tiles)).show(index);
  document.addEventListener("click", (event) => {
    const index = tileOf(event);
    const own = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button;
    if (index < 0 || own || event.defaultPrevented) return;
    event.preventDefault();
    const { href } = tiles[index];
    // Who closes the viewer is at the tile of the last photograph seen, and not where the page was left.
    history.scrollRestoration = "manual";
    history.pushState({ photo: href }, "", href);
    show(index);
  });
  // The words are there before the picture is.
  document.addEventListener("pointerdown", (event) => {
    const tile = tiles[tileOf(event)];
    if (tile) words(tile.href).catch(() => {});
  });
  addEventListener("popstate", ({ state }) => {
    const index = tiles.findIndex((tile) => tile.href === state?.photo);
    if (index >= 0) return show(index);
    viewer?.close();
  });
  // Who comes back from elsewhere finds the page where it was left.
  addEventListener("pagehide", () => (history.scrollRestoration = "auto"));
}

begin();
