// The page about feeds: beside each address a button that copies it. Without scripts the address is there to be marked.

const voice = document.querySelector(".addresses ~ [role='status']");

for (const link of document.querySelectorAll(".addresses a")) {
  const format = link.closest("dd").previousElementSibling.textContent;
  const button = document.createElement("button");
  const words = document.createElement("span");
  const rest = document.createElement("span");
  button.type = "button";
  words.textContent = "Copy";
  rest.className = "unseen";
  rest.textContent = ` the address of ${format}`;
  button.append(words, rest);
  let calm;
  /** Says what came of it, on the button and aloud; for a while, so that the next press can be heard too. */
  const tell = (word, sentence) => {
    words.textContent = word;
    voice.textContent = sentence;
    clearTimeout(calm);
    calm = setTimeout(() => {
      words.textContent = "Copy";
      voice.textContent = "";
    }, 4000);
  };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link.textContent);
      tell("Copied", `The address of ${format} is copied.`);
    } catch {
      // Not a secure page, or not allowed: the reader's own keys do it.
      getSelection().selectAllChildren(link);
      tell("Marked", `The address of ${format} is marked, to be copied by hand.`);
    }
  });
  link.after(button);
}
