// A classic script, loaded in the head right after the style sheet: it does as the reader has chosen before anything is painted, and
// gives code a button that copies it. What may be chosen stands in its attributes; without them there is nothing to choose.

(() => {
  const page = document,
    me = page.currentScript;
  const { theme: own, themes, say } = me.dataset;
  const [copy, copied, marked] = say?.split("\n") ?? [];
  const sheets = new Map(themes?.split(" ").map((pair) => pair.split(/=(.*)/)));
  const site = page.querySelector("link[rel=stylesheet]");
  let shown = site,
    choice = {};

  const wanted = () => sheets.get(choice.theme) ?? sheets.get(own);

  const recall = () => {
    try {
      choice = { ...JSON.parse(localStorage.genblog) };
    } catch {
      // Nothing was chosen, or nothing is kept here.
    }
    show();
  };

  /** Shows what is chosen. A page is never without style: an old sheet goes when the new one is there. */
  const show = () => {
    page.documentElement.dataset.scheme = choice.scheme ?? "";
    for (const menu of page.querySelectorAll(".switch select")) {
      menu.value = choice[menu.name] ?? "";
      if (menu.selectedIndex < 0) menu.value = own;
    }
    const href = wanted();
    if (shown.getAttribute("href") === href) return;
    if (!page.body) {
      site.remove();
      page.write(`<link rel=stylesheet href="${href}">`);
      shown = me.nextElementSibling;
      shown.onerror = () => shown.replaceWith((shown = site));
      return;
    }
    const next = site.cloneNode();
    next.href = href;
    next.onload = () => {
      if (wanted() !== href) return next.remove();
      shown.remove();
      shown = next;
    };
    shown.after(next);
  };

  if (own) {
    recall();
    addEventListener("storage", recall);
    // Pages that a browser has kept heard nothing meanwhile.
    addEventListener("pageshow", recall);
  }

  addEventListener("DOMContentLoaded", () => {
    const menus = page.querySelector(".switch");
    if (menus) {
      menus.hidden = false;
      show();
      menus.onchange = ({ target }) => {
        choice[target.name] = target.value;
        try {
          localStorage.genblog = JSON.stringify(choice);
        } catch {
          // The choice holds for this page.
        }
        show();
      };
    }
    for (const pre of page.querySelectorAll(".prose pre:not(sim-figure *)")) {
      pre.insertAdjacentHTML(
        "beforebegin",
        "<div class=copyable><button type=button class=copy></button><span class=unseen role=status></span></div>",
      );
      const box = pre.previousElementSibling;
      const [button, voice] = box.children;
      box.prepend(pre);
      const tell = (word) => {
        button.innerText = word;
        voice.innerText = word === copy ? "" : word;
      };
      tell(copy);
      button.onclick = async () => {
        const code = pre.cloneNode(true);
        code.querySelectorAll(".p").forEach((prompt) => prompt.remove());
        try {
          await navigator.clipboard.writeText(code.textContent.replace(/\n$/, ""));
          tell(copied);
        } catch {
          // Not a secure page, or not allowed: the reader's own keys do it.
          getSelection().selectAllChildren(pre);
          tell(marked);
        }
        setTimeout(tell, 3000, copy);
      };
    }
  });
})();
