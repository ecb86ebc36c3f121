// Taking a figure away: as an address, as a frame for another page, as a file.

/** Puts a text into the clipboard and says so on the button; without a clipboard the reader copies from a field. */
export async function copy(button, text) {
  const name = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = name), 2000);
  } catch {
    // Not a secure page, or not allowed.
    const field = button.parentElement.querySelector("input") ?? document.createElement("input");
    Object.assign(field, { readOnly: true, value: text, ariaLabel: name });
    button.after(field);
    field.focus();
    field.select();
  }
}

/** The one tag that shows a figure in another page. */
export function frame(figure, address) {
  const tag = document.createElement("iframe");
  const title = figure.querySelector(".figure-question").textContent;
  Object.assign(tag, { src: address, title, width: "100%", height: figure.offsetHeight + 40, loading: "lazy" });
  return tag.outerHTML;
}

/** Saves a text as a file. */
export function save(text, type, name) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
