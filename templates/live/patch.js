// Changes an open page into what the server would send now, and touches nothing else: what scripts and the reader have made of
// the rest stays, and so do the place that is read, the focus and every figure's state.
//
// Three trees are walked together: the page as it was sent, as it would be sent now, and as it is. Where the first two agree,
// the third is left alone, whatever it has become.

/** Thrown where something has changed that scripts have changed, too, or that only runs when a page is loaded. */
export class Rearranged extends Error {}

/** Scripts of this type say what the page is about, and do nothing. */
const DATA = "application/ld+json";

/** More pairs of children than this are not compared with each other; they are taken in their order. */
const PAIRS = 40_000;

export class Page {
  #sent; // promise of the page as it was sent
  #live = new WeakMap(); // nodes of pages that were sent, and what has become of them

  /** The page as it is when no script has run that waits for the whole of it; `sent` is a promise of how it was sent. */
  constructor(sent) {
    const first = document.documentElement.cloneNode(true);
    this.#pair(first, (node) => node, document.documentElement);
    this.#sent = sent.then((page) => {
      // What is sent now may be a page of another site already.
      if (site(page) !== site(first)) throw new Rearranged();
      this.#pair(page, (node) => this.#live.get(node), first);
      return page;
    });
    // Whoever takes in a version is told.
    this.#sent.catch(() => {});
  }

  /** Takes in another version of the page. */
  async take(next) {
    const sent = await this.#sent;
    if (site(sent) === site(next)) return;
    this.#patch(sent, next);
    this.#sent = Promise.resolve(next);
    // A page is never without style: an old sheet goes when the new one is there.
    const styles = [...document.querySelectorAll("link[data-new][href]")];
    await Promise.all(styles.map((style) => new Promise((there) => (style.onload = style.onerror = there))));
    for (const old of document.querySelectorAll("link[data-old]")) old.remove();
    for (const style of styles) delete style.dataset.new;
  }

  /** Notes what has become of a node and all below it, told by a tree that has the same shape but for what scripts did to it. */
  #pair(node, become, twin) {
    this.#live.set(node, become(twin));
    const [nodes, twins] = [[...node.childNodes], [...twin.childNodes]];
    // Where scripts run, what is in <noscript> is one text, and in a page that is only parsed it is elements.
    if (node.nodeName === "NOSCRIPT") return;
    const alike = nodes.length === twins.length && nodes.every((one, index) => one.nodeName === twins[index].nodeName);
    const pairs = alike ? nodes.map((one, index) => [one, twins[index]]) : paired(nodes, twins);
    for (const [one, other] of pairs) if (one && other) this.#pair(one, become, other);
  }

  /** Notes that what a node has become is what an equal one of the next version is. */
  #keep(before, after) {
    this.#pair(after, (node) => this.#live.get(node), before);
  }

  #patch(before, after) {
    if (same(before, after)) return this.#keep(before, after);
    const live = this.#live.get(before);
    // What runs has run, and what a script has taken out of the page is not what the reader sees.
    if (!live?.isConnected || runs(before)) throw new Rearranged();
    this.#live.set(after, live);
    if (before.nodeName === "NOSCRIPT") {
      live.textContent = after.innerHTML;
    } else if (before.nodeName === "TEMPLATE") {
      throw new Rearranged();
    } else if (!(before instanceof Element)) {
      if (live.nodeValue !== before.nodeValue) throw new Rearranged();
      live.nodeValue = after.nodeValue;
    } else {
      this.#attributes(before, after, live);
      this.#children(before, after, live);
    }
  }

  #attributes(before, after, live) {
    const names = new Set([...before.getAttributeNames(), ...after.getAttributeNames()]);
    const changed = [...names].filter((name) => before.getAttribute(name) !== after.getAttribute(name));
    // What is told by attributes how to begin has begun.
    if (changed.length > 0 && after.localName.includes("-")) throw new Rearranged();
    for (const name of changed) {
      if (live.getAttribute(name) !== before.getAttribute(name)) throw new Rearranged();
      const value = after.getAttribute(name);
      if (value === null) live.removeAttribute(name);
      else live.setAttribute(name, value);
    }
  }

  #children(before, after, live) {
    // From the last to the first: what a new child comes before is there already.
    for (const [old, fresh] of paired([...before.childNodes], [...after.childNodes]).reverse()) {
      if (old && fresh) this.#patch(old, fresh);
      else if (old) this.#remove(this.#live.get(old));
      else this.#insert(fresh, live);
    }
  }

  #remove(live) {
    if (!live?.isConnected || runs(live)) throw new Rearranged();
    if (isStyle(live)) live.dataset.old = "";
    else live.remove();
  }

  /** Puts a node before what has become of its next sibling, which is there already. */
  #insert(node, parent) {
    if (runs(node) || node.querySelector?.(`script:not([type="${DATA}"]), sim-figure, .knob`)) throw new Rearranged();
    const next = node.nextSibling && this.#live.get(node.nextSibling);
    if (node.nextSibling && next?.parentNode !== parent) throw new Rearranged();
    const made = document.importNode(node, true);
    this.#pair(node, (one) => one, made);
    if (isStyle(made)) made.dataset.new = "";
    parent.insertBefore(made, next);
  }
}

/**
 * Old and new children side by side, alone where they have no other: those that are equal, as many as keep their order, and
 * between them those of one kind.
 */
function paired(olds, news) {
  const before = [];
  const after = [];
  while (olds.length && news.length && same(olds[0], news[0])) before.push([olds.shift(), news.shift()]);
  while (olds.length && news.length && same(olds.at(-1), news.at(-1))) after.unshift([olds.pop(), news.pop()]);
  const between = [];
  let [run, fresh] = [[], []];
  const close = () => {
    const last = Math.max(run.length, fresh.length);
    for (let index = 0; index < last; index++) {
      const [old, made] = [run[index], fresh[index]];
      if (old && made && isKind(old, made)) between.push([old, made]);
      else between.push(...(old ? [[old, null]] : []), ...(made ? [[null, made]] : []));
    }
    [run, fresh] = [[], []];
  };
  for (const [old, made] of aligned(olds, news)) {
    if (old && made) {
      close();
      between.push([old, made]);
    } else if (old) run.push(old);
    else fresh.push(made);
  }
  close();
  return [...before, ...between, ...after];
}

/** The longest common subsequence of two lists, with what lies between. */
function aligned(olds, news) {
  if (olds.length * news.length > PAIRS) return [...olds.map((old) => [old, null]), ...news.map((made) => [null, made])];
  const equal = olds.map((old) => news.map((made) => same(old, made)));
  const length = Array.from({ length: olds.length + 1 }, () => new Array(news.length + 1).fill(0));
  for (let i = olds.length - 1; i >= 0; i--) {
    for (let j = news.length - 1; j >= 0; j--) {
      length[i][j] = equal[i][j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
    }
  }
  const pairs = [];
  let [i, j] = [0, 0];
  while (i < olds.length || j < news.length) {
    if (i < olds.length && j < news.length && equal[i][j]) pairs.push([olds[i++], news[j++]]);
    else if (j >= news.length || (i < olds.length && length[i + 1][j] >= length[i][j + 1])) pairs.push([olds[i++], null]);
    else pairs.push([null, news[j++]]);
  }
  return pairs;
}

function same(before, after) {
  const hides = ["NOSCRIPT", "TEMPLATE"].includes(before.nodeName) && before.nodeName === after.nodeName;
  if (hides) return before.innerHTML === after.innerHTML;
  return before.isEqualNode(after);
}

/** Whether one can become the other by attributes and children. */
function isKind(old, made) {
  return old.nodeName === made.nodeName && old.id === made.id && !isStyle(old);
}

function runs(node) {
  return node.nodeName === "SCRIPT" && node.type !== DATA;
}

function isStyle(node) {
  return node.localName === "link" && node.rel === "stylesheet";
}

/** The number of the site that a page is of: the server writes it into each. */
export function site(page) {
  return page.querySelector("meta[name='genblog-site']")?.content;
}
