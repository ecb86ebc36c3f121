// One photograph of the viewer: a copy of its tile's picture above the words of its page, and how far it is magnified.

import { make, words } from "./1-words.js";

const least = 0.7; // pulled together with two fingers; let go, it fits again
const most = 3; // or as many times as gives the file's own pixels

export class Slide {
  /** What the viewer shows. */
  figure = make("figure");
  #image;
  #frame = make("div", "viewer-frame");
  #sizes; // what the tile says of its width
  #width = 0; // CSS pixels that the picture is loaded for; none as long as it is the tile's
  #ready; // whether what the tile shows is there, or will not be waited for
  #pixels; // the largest file's width
  #place = { scale: 1, x: 0, y: 0 };
  #changed; // hears of every change of size or place

  /** Copies the picture of a tile, so that what is loaded shows at once. */
  constructor(tile, changed) {
    this.#changed = changed;
    const shown = tile.querySelector("img");
    this.#frame.append(tile.querySelector("picture, img").cloneNode(true));
    this.#image = this.#frame.querySelector("img");
    const [width, height] = ["width", "height"].map((side) => Number(shown.getAttribute(side)) || 1);
    this.#sizes = shown.sizes;
    this.#pixels = Math.max(width, ...[...shown.srcset.matchAll(/ (\d+)w/g)].map(([, wide]) => Number(wide)));
    this.#image.loading = "eager";
    this.#image.draggable = false;
    this.#image.addEventListener("load", () => {
      this.#ready = true;
      this.sharpen();
    });
    this.#image.addEventListener("error", () => {
      this.#ready = true;
      this.#soften();
      this.sharpen();
    });
    this.#ready = !shown.complete;
    this.figure.style.setProperty("--ratio", width / height);
    this.figure.style.setProperty("--pixels", `${this.#pixels}px`);
    this.figure.append(this.#frame);
    this.#tell(tile);
  }

  async #tell(tile) {
    const caption = await words(tile.href).then(
      (page) => page.caption.cloneNode(true),
      () => Object.assign(make("figcaption"), { textContent: tile.title }),
    );
    this.figure.append(caption);
    // What scrolls must be within reach of the keyboard.
    new ResizeObserver(() => (caption.tabIndex = caption.scrollHeight > caption.clientHeight ? 0 : -1)).observe(caption);
  }

  /** Has the browser choose the file for the width at which the picture is seen; never a smaller one than before. */
  sharpen() {
    const width = Math.ceil(this.#image.offsetWidth * Math.max(this.#place.scale, 1));
    if (this.#ready && this.#sizes && width > this.#width) this.#load(width, `${width}px`);
  }

  /** The large file is missing: the tile's is better than none. */
  #soften() {
    if (this.#width && this.#image.sizes !== this.#sizes) this.#load(Infinity, this.#sizes);
  }

  #load(width, sizes) {
    this.#width = width;
    for (const one of this.#frame.querySelectorAll("source, img")) one.sizes = sizes;
  }

  /** Whether it is larger than it fits. */
  get magnified() {
    return this.#place.scale > 1;
  }

  /** Magnifies so many times, such that what is seen at a point of the window stays there. */
  magnify(times, x, y) {
    const { scale } = this.#place;
    const limit = Math.max(most, this.#pixels / this.#image.offsetWidth);
    const next = Math.min(Math.max(scale * times, least), limit);
    const [middleX, middleY] = this.#middle();
    const away = (point, middle, shift) => point - middle - ((point - middle - shift) * next) / scale;
    this.#put(next, away(x, middleX, this.#place.x), away(y, middleY, this.#place.y));
  }

  /** Moves what is magnified; returns whether there was anywhere to go. */
  pan(x, y) {
    const before = this.#place;
    this.#put(before.scale, before.x + x, before.y + y);
    return before.x !== this.#place.x || before.y !== this.#place.y;
  }

  /** As large as it fits, unless it is magnified. */
  rest() {
    if (!this.magnified) this.fit();
  }

  /** As large as it fits. */
  fit() {
    this.#put(1, 0, 0);
  }

  /** Has a change of size be seen as a movement, for readers who like movements. */
  smoothly(change) {
    const look = () => ({ transform: this.#image.style.transform || "none" });
    const before = look();
    change(this);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.#image.animate([before, look()], { duration: 200, easing: "ease-out" });
  }

  /** Where the middle of the picture is when it fits. */
  #middle() {
    const { x, y, width, height } = this.#frame.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  }

  /** A side that is longer than the window covers it, and a shorter one stays within. */
  #put(scale, x, y) {
    const { offsetWidth: width, offsetHeight: height, style } = this.#image;
    const within = (shift, middle, side, room) => {
      const edge = middle - (side * scale) / 2;
      const free = room - side * scale;
      return Math.min(Math.max(edge + shift, Math.min(0, free)), Math.max(0, free)) - edge;
    };
    const [middleX, middleY] = this.#middle();
    if (scale > 1) {
      x = within(x, middleX, width, innerWidth);
      y = within(y, middleY, height, innerHeight);
    }
    this.#place = { scale, x, y };
    style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
    this.sharpen();
    this.#changed();
  }
}
