// The narration, and the code behind it.

/**
 * Says what happened in the step that led here, in the figure's one live region: it is silent unless `aloud`. With a
 * second run both have their line. `gap` is what there is to say about the reader's guess.
 */
export function tell(figure, [run, other], aloud, gap = "") {
  const say = figure.querySelector(".figure-say");
  say.ariaLive = aloud ? "polite" : "off";
  say.ariaAtomic = "true";
  const lines = say.querySelectorAll(".said");
  const write = (line, told, name) => {
    line.querySelector(".time").textContent = [name, told.time()].filter(Boolean).join(" ");
    line.querySelector(".sentence").textContent = told.sentence();
  };
  write(lines[0], run, other && "A");
  if (other) write(lines[1], other, "B");
  say.querySelector(".gap").textContent = gap;
  tellSource(figure, run);
}

/** Says something that is no step, in the same region and without the rest of it. */
export function remark(figure, words) {
  const say = figure.querySelector(".figure-say");
  Object.assign(say, { ariaLive: "polite", ariaAtomic: "false" });
  say.querySelector(".gap").textContent = words;
}

/** The code behind the step: the page's own note on it, where it has one. */
function tellSource(figure, run) {
  const [source, does] = figure.querySelectorAll(".figure-source p");
  const key = run.source_key();
  const note = key && figure.querySelector(`.figure-code [data-src="${CSS.escape(key)}"]`);
  const [place, words] = note ? note.children : [];
  if (place) source.replaceChildren(...place.cloneNode(true).childNodes);
  else source.textContent = run.source();
  does.textContent = words?.textContent ?? "";
  current(figure.querySelector(".figure-code"), note ? [note] : []);
}

/** Says of some parts of `place` that they are the present ones, and of no others. */
export function current(place, parts) {
  for (const part of place?.querySelectorAll("[aria-current]") ?? []) part.removeAttribute("aria-current");
  for (const part of parts) part.setAttribute("aria-current", "step");
}
