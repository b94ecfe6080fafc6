"use strict";
// Keeps a page that is served up to date: where the run has gone on, the parts that changed are taken from the page as it is now.
(() => {
  const status = document.getElementById("live");
  const parts = new Map();
  let busy = false;
  let again = false;

  const say = (text) => { if (status.textContent !== text) status.textContent = text; };
  const key = (part) => part.id || part.getAttribute("aria-labelledby");
  const focusable = (part) => [...part.querySelectorAll("a, button, input, select, summary, [tabindex]")];
  // Nothing is taken from under who reads on: a selection, or a drag over the picture.
  const isInUse = () => !getSelection().isCollapsed || document.querySelector("[data-dragged]") !== null;

  const replace = (old, fresh) => {
    const folds = [...old.querySelectorAll("details")].map((fold) => fold.open);
    const focused = focusable(old).indexOf(document.activeElement);
    [...fresh.querySelectorAll("details")].forEach((fold, n) => { fold.open = folds[n] || false; });
    old.replaceWith(fresh);
    return focused;
  };

  const apply = (page) => {
    document.title = page.title;
    const main = document.querySelector("main");
    const wanted = new Map([...page.querySelector("main").children].map((part) => [key(part), part]));
    for (const part of [...main.children]) if (!wanted.has(key(part))) part.remove();
    const refocus = [];
    const put = (name, old, fresh, insert) => {
      const html = fresh.outerHTML;
      if (old && (parts.get(name) === html || "kept" in old.dataset)) return old;
      parts.set(name, html);
      const part = document.importNode(fresh, true);
      if (old) refocus.push([part, replace(old, part)]);
      else insert(part);
      return part;
    };
    put("verdict", document.querySelector("header"), page.querySelector("header"));
    let before = null;
    for (const [name, fresh] of wanted) {
      const old = [...main.children].find((part) => key(part) === name);
      before = put(name, old, fresh, (part) => (before ? before.after(part) : main.prepend(part)));
    }
    document.dispatchEvent(new Event("redraw"));
    for (const [part, n] of refocus) if (n >= 0) focusable(part)[n]?.focus({ preventScroll: true });
  };

  const update = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      while (isInUse()) await new Promise((resolve) => setTimeout(resolve, 300));
      const answer = await fetch("/", { redirect: "error" });
      if (!answer.ok) throw new Error(answer.statusText);
      apply(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      say("not up to date: the page cannot be loaded");
    }
    busy = false;
    if (again) { again = false; update(); }
  };

  const source = new EventSource("/live");
  source.addEventListener("open", () => say("live"));
  source.addEventListener("error", () => say("not connected: this is how it stood last"));
  source.addEventListener("change", update);
  source.addEventListener("end", () => {
    source.close();
    update();
    say("the run is over");
  });
})();
