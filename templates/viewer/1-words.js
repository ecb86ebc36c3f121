// What a photograph's page says, fetched once; and what an element is made with.

const said = new Map();

/** The title of the page at an address, its heading and its caption; fails when the page cannot be had, and is then asked for anew. */
export function words(address) {
  if (!said.has(address)) {
    const page = read(address);
    page.catch(() => said.delete(address));
    said.set(address, page);
  }
  return said.get(address);
}

// A page that says that there is none has no caption, which fails too.
async function read(address) {
  const answer = await fetch(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const caption = page.querySelector(".photo figcaption");
  return { title: page.title, heading: caption.querySelector("h1").textContent, caption: document.adoptNode(caption) };
}

/** An element of a class, or of none. */
export function make(name, className = "") {
  return Object.assign(document.createElement(name), { className });
}
