// The frame of a page: its side columns on a narrow screen, contents that tell where the
// reader is, the search dialog, boxes that scroll, and text laid out bit by bit.
(() => {
  const find = (selector) => document.querySelector(selector);

  // A dialog is closed by Escape, by a click beside it and by a link in it.
  const closes = (dialog) => {
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      dialog.close();
    });
    dialog.addEventListener("click", ({ target, clientX: x, clientY: y }) => {
      const { left, right, top, bottom } = dialog.getBoundingClientRect();
      const outside = x < left || x > right || y < top || y > bottom;
      if ((target === dialog && outside) || target.closest("a")) dialog.close();
    });
  };

  // Side columns: what is in one stands in a dialog as long as that is open.
  for (const side of ["primary", "secondary"]) {
    const column = find(`#pst-${side}-sidebar`);
    const dialog = find(`#pst-${side}-sidebar-modal`);
    const button = find(`.${side}-toggle`);
    if (!column || !dialog || !button) continue;
    button.addEventListener("click", () => {
      dialog.append(...column.childNodes);
      dialog.showModal();
    });
    dialog.addEventListener("close", () => column.append(...dialog.childNodes));
    closes(dialog);
  }

  // Search: the field of the page where it has one, else the dialog.
  const dialog = find("#pst-search-dialog");
  const search = () => {
    const field = find("article form.bd-search input");
    if (field) field.focus();
    else dialog.showModal();
  };
  closes(dialog);
  find(".search-button__button").addEventListener("click", search);
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    if (event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else search();
  });

  // Chapters: the list is where it was on the page before, or shows the present one.
  const chapters = find("#pst-primary-sidebar");
  const place = "sidebar-scroll-top";
  const before = sessionStorage.getItem(place);
  if (before !== null) chapters.scrollTop = Number(before);
  addEventListener("pagehide", () => sessionStorage.setItem(place, chapters.scrollTop));

  // Contents: the section at the top of the window is marked.
  const links = new Map();
  for (const link of document.querySelectorAll("#pst-page-toc-nav a[href^='#']")) {
    const section = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    const heading = section?.querySelector("h1, h2, h3, h4, h5, h6") ?? section;
    if (heading) links.set(heading, link);
  }
  const mark = (marked) => {
    for (const link of links.values()) {
      const here = link === marked;
      link.classList.toggle("active", here);
      if (here) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const spy = new IntersectionObserver(
    (changes) => {
      const seen = changes.filter((change) => change.isIntersecting).pop();
      if (seen) mark(links.get(seen.target));
    },
    { rootMargin: `-${find("#pst-header").offsetHeight}px 0px -70% 0px` },
  );
  for (const heading of links.keys()) spy.observe(heading);

  // What is wider than its column scrolls; the keyboard must then be able to reach it.
  const wide = new ResizeObserver((changes) => {
    for (const { target: box } of changes) {
      box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1;
    }
  });
  const boxes = "pre, .formula-box, .cell_output > .output, .pst-scrollable-table-container";
  for (const box of document.querySelectorAll(boxes)) wide.observe(box);

  if (location.protocol === "file:") {
    find("#downloads > p[hidden]")?.removeAttribute("hidden");
  }

  // Blocks away from the window are not laid out at first (book.css). Once the page is
  // there they are, a few at a time, so that the scroll bar tells the truth.
  const root = document.documentElement;
  const waiting = [...document.querySelectorAll(".bd-article section > *")].filter(
    (block) =>
      !block.closest("[hidden]") && getComputedStyle(block).contentVisibility === "auto",
  );
  const slice = 6; // ms; four times as long on a slow phone
  const next = window.requestIdleCallback ?? ((task) => setTimeout(task, 30));
  const layOut = () => {
    const end = performance.now() + slice;
    while (waiting.length && performance.now() < end) {
      const block = waiting.shift();
      block.classList.add("laid-out");
      block.getBoundingClientRect();
    }
    if (waiting.length) next(layOut);
    else root.dataset.laidOut = "";
  };
  addEventListener("load", () => next(layOut));
})();
