"use strict";
// Adds numbers under the pointer and a zoom to the picture. All else of the page works without it.
(() => {
// Of the picture that is shown; a page that is live gets new ones, which show the same stretch.
let shown = null;
let zoomed = null;
const start = () => {
  if (shown) shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const picture = document.getElementById("picture");
  const table = document.getElementById("numbers");
  if (!picture || !table) return;
  const from = Number(picture.dataset.from);
  const length = Number(picture.dataset.to) - from;
  const width = Number(picture.dataset.width);
  const offset = Number(picture.dataset.offset);
  const plots = [...picture.querySelectorAll("svg.x")];
  const axis = picture.querySelector("svg.axis");
  const whole = [...axis.childNodes];
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const rows = [...table.tBodies[0].rows].map((row) => ({ x: Number(row.dataset.x), row }));
  let view = [0, length];
  let at = null;
  let begun = null;

  const part = (id) => {
    const element = document.createElement("div");
    element.id = id;
    element.hidden = true;
    picture.append(element);
    return element;
  };
  const cursor = part("cursor");
  const drag = part("drag");
  const tip = part("tip");
  tip.setAttribute("role", "status");

  const place = () => {
    const outer = picture.getBoundingClientRect();
    const inner = axis.getBoundingClientRect();
    return { left: inner.left - outer.left, width: inner.width };
  };
  const clock = (x) => {
    const text = new Date((from + x + offset) * 1000).toISOString();
    return length > 172800 ? text.slice(5, 16).replace("T", " ") : text.slice(11, 19);
  };
  const second = (event) => {
    const { left, width: wide } = place();
    const share = (event.clientX - picture.getBoundingClientRect().left - left) / wide;
    return view[0] + Math.min(Math.max(share, 0), 1) * (view[1] - view[0]);
  };
  const pixel = (x) => {
    const { left, width: wide } = place();
    return left + ((x - view[0]) / (view[1] - view[0])) * wide;
  };

  const numbers = (x) => {
    const found = rows.find((row) => row.x <= x && x < row.x + width);
    if (!found) return clock(x) + "\nnothing in the log";
    const cells = [...found.row.cells].map((cell) => cell.textContent);
    return cells.map((text, n) => (n === 0 ? text : text && heads[n] + "  " + text)).filter((text) => text).join("\n");
  };
  const show = (x) => {
    at = x;
    cursor.hidden = tip.hidden = x === null;
    if (x === null) return;
    const left = pixel(x);
    cursor.style.left = left + "px";
    tip.textContent = numbers(x);
    const room = picture.clientWidth - tip.offsetWidth;
    tip.style.left = Math.max(0, left + 14 > room ? left - tip.offsetWidth - 10 : left + 14) + "px";
    tip.style.top = "8px";
  };

  const zoom = (a, b) => {
    const least = Math.min(length, Math.max(4 * width, 4));
    const wide = Math.max(b - a, least);
    a = Math.min(Math.max(0, a), length - wide);
    view = [a, a + wide];
    zoomed = wide < length ? [from + a, from + a + wide] : null;
    for (const plot of plots) plot.setAttribute("viewBox", `${a} 0 ${wide} 100`);
    if (wide === length) return axis.replaceChildren(...whole);
    const ticks = [0, 1, 2, 3, 4].map((n) => {
      const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      text.setAttribute("x", n * 25 + "%");
      text.setAttribute("y", "12");
      text.setAttribute("text-anchor", n === 0 ? "start" : n === 4 ? "end" : "middle");
      text.textContent = clock(Math.round(a + (wide * n) / 4));
      return text;
    });
    axis.replaceChildren(...ticks);
  };

  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    begun = second(event);
    picture.dataset.dragged = "";
    event.preventDefault();
    picture.focus({ preventScroll: true });
  });
  picture.addEventListener("pointermove", (event) => {
    const x = second(event);
    show(x);
    if (begun === null) return;
    drag.hidden = false;
    drag.style.left = pixel(Math.min(begun, x)) + "px";
    drag.style.width = pixel(Math.max(begun, x)) - pixel(Math.min(begun, x)) + "px";
  });
  window.addEventListener("pointerup", (event) => {
    if (begun === null) return;
    const end = second(event);
    if (Math.abs(pixel(end) - pixel(begun)) > 5) zoom(Math.min(begun, end), Math.max(begun, end));
    begun = null;
    delete picture.dataset.dragged;
    drag.hidden = true;
  }, { signal });
  picture.addEventListener("pointerleave", () => begun === null && show(null));
  picture.addEventListener("dblclick", () => zoom(0, length));
  picture.addEventListener("keydown", (event) => {
    const wide = view[1] - view[0];
    const x = at === null ? view[0] + wide / 2 : at;
    const keys = {
      ArrowLeft: () => show(Math.max(0, x - Math.max(width, wide / 100))),
      ArrowRight: () => show(Math.min(length - 1, x + Math.max(width, wide / 100))),
      "+": () => zoom(x - wide / 4, x + wide / 4),
      "-": () => zoom(x - wide, x + wide),
      Escape: () => { zoom(0, length); show(null); },
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
    if (at !== null && (at < view[0] || at > view[1])) zoom(at - wide / 2, at + wide / 2);
  });

  picture.tabIndex = 0;
  picture.setAttribute("role", "group");
  picture.setAttribute("aria-label", "The run as a picture; arrow keys tell its numbers");
  document.getElementById("hint").hidden = false;
  if (zoomed) zoom(zoomed[0] - from, zoomed[1] - from);
};
document.addEventListener("redraw", start);
start();
})();
