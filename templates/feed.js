// The page about feeds: beside each address a button that copies it. Without scripts the address is there to be marked.

const voice = document.querySelector(".addresses ~ [role='status']");
const say = JSON.parse(document.querySelector(".addresses").dataset.say);

for (const link of document.querySelectorAll(".addresses a")) {
  const format = link.closest("dd").previousElementSibling.textContent;
  const button = document.createElement("button");
  const of = (phrase) => phrase.replaceAll("{format}", format);
  button.type = "button";
  button.textContent = say.copy;
  button.ariaLabel = of(say.of);
  let calm;
  /** Says what came of it, on the button and aloud; for a while, so that the next press can be heard too. */
  const tell = (word, sentence) => {
    button.textContent = word;
    button.ariaLabel = voice.textContent = sentence;
    clearTimeout(calm);
    calm = setTimeout(() => {
      button.textContent = say.copy;
      button.ariaLabel = of(say.of);
      voice.textContent = "";
    }, 4000);
  };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link.textContent);
      tell(say.copied, of(say.is_copied));
    } catch {
      // Not a secure page, or not allowed: the reader's own keys do it.
      getSelection().selectAllChildren(link);
      tell(say.marked, of(say.is_marked));
    }
  });
  link.after(button);
}
