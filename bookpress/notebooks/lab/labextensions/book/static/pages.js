/**
 * Shows in a chapter that is open in JupyterLab what jupyterlab-myst cannot: drawings,
 * captions of figures, their numbers, citations. The website's build writes them to
 * `_build/lab/`, one file a chapter. Nothing here touches the notebook's content, and of
 * what React has rendered only attributes change: a mended place keeps its old text, out
 * of sight, and shows the new one as generated content.
 *
 * JupyterLab loads this file as it is; there is nothing to compile.
 */
(() => {
  const style = `
    .myst [data-book] { color: inherit; font-size: 0; }
    .myst [data-book] > svg { display: none; }
    .myst [data-book]::after { content: attr(data-book); font-size: var(--jp-content-font-size1); }
    .myst details[data-book-part] { display: none; }
    .myst .predict > p:first-child::before { content: "Predict. "; font-weight: bold; }
    .book-figure { margin: 1em 0; }
    .book-figure img { background: #fff; display: block; margin-bottom: 0.6em; max-width: 100%; }
    .book-caption { color: inherit; margin: 0.5em 0 1em; }
    .jp-CodeCell > .book-caption {
      margin-left: calc(var(--jp-cell-prompt-width) + var(--jp-cell-collapser-width) + 8px);
    }`;

  /** Where the website's build has put what belongs to a document, or null. */
  const buildOf = (path) => {
    const found = /^(.*?)(?:book|my)\/(.+)\.(?:md|ipynb)$/.exec(path);
    return found && { folder: `${found[1]}_build/`, name: found[2].replaceAll("/", "-") };
  };

  /** A caption from the website: its formulas as MathML, its links as words. */
  const captionOf = (html) => {
    const element = document.createElement("figcaption");
    element.className = "book-caption jp-RenderedHTMLCommon";
    element.innerHTML = html;
    element.querySelectorAll(".katex").forEach((formula) => {
      formula.replaceWith(formula.querySelector("math"));
    });
    element.querySelectorAll("a").forEach((link) => link.replaceWith(...link.childNodes));
    return element;
  };

  const hyphened = (label) => label.toLowerCase().replace(/[^a-z0-9]+/g, "-");

  /** In place of a directive that JupyterLab does not know: a drawing, or a hint. */
  const partOf = (directive, book) => {
    const part = document.createElement("figure");
    part.className = "book-figure";
    const label = /^:name: *(\S+)/m.exec(directive.querySelector("pre")?.textContent)?.[1];
    const figure = book.figures[label];
    if (figure?.picture) {
      const image = document.createElement("img");
      image.src = book.address + figure.picture;
      image.alt = figure.alt;
      part.append(image, captionOf(figure.caption));
    } else {
      const name = directive.querySelector("summary code").textContent;
      part.textContent =
        name === "tikz"
          ? "Here is a drawing. To see it, run make site once and open the chapter again."
          : "This part is on the website only.";
    }
    return part;
  };

  const mend = (root, book) => {
    const show = (place, text) => {
      if (text && place.dataset.book !== text) place.dataset.book = text;
    };
    for (const place of root.querySelectorAll('.myst [title="Citation Not Found"]')) {
      const citation = book.citations[place.textContent] ?? {};
      const group = place.closest(".cite-group");
      const { bracketed = place.textContent, plain = bracketed } = citation;
      const narrative = group?.classList.contains("narrative");
      show(place, narrative ? plain : group ? bracketed : `[${bracketed}]`);
    }
    for (const place of root.querySelectorAll('.myst [title="Cross Reference Not Found"]')) {
      show(place, book.numbers[hyphened(place.textContent)] ?? place.textContent);
    }
    // JupyterLab counts from 1 in each chapter; the book says 3.1.
    for (const link of root.querySelectorAll('.myst a[href^="#"]')) {
      if (/\d/.test(link.textContent)) show(link, book.numbers[link.hash.slice(1)]);
    }
    for (const part of root.querySelectorAll(".myst .book-figure")) {
      if (!part.previousElementSibling?.matches("[data-book-part]")) part.remove();
    }
    for (const title of root.querySelectorAll(".myst details > summary code")) {
      const directive = title.closest("details");
      if (!/Unknown Directive/.test(directive.firstChild.textContent)) continue;
      if (directive.nextElementSibling?.matches(".book-figure")) continue;
      directive.dataset.bookPart = title.textContent;
      directive.after(partOf(directive, book));
    }
  };

  /** Captions of figures that code draws stand in the cells' metadata, unseen. */
  const addCaptions = (cells, book) => {
    for (const cell of cells) {
      const name = cell.model.getMetadata("mystnb")?.figure?.name;
      const figure = book.figures[name];
      if (figure && !cell.node.querySelector(":scope > .book-caption")) {
        cell.node.append(captionOf(figure.caption));
      }
    }
  };

  const follow = async (panel, baseUrl) => {
    const build = buildOf(panel.context?.path ?? "");
    if (!build || !panel.content?.widgets || panel.node.dataset.bookPages) return;
    panel.node.dataset.bookPages = build.name;
    const address = `${baseUrl}files/${encodeURI(build.folder)}`;
    const reply = await fetch(`${address}lab/${encodeURIComponent(build.name)}.json`);
    const known = reply.ok ? await reply.json() : {};
    const book = { figures: {}, citations: {}, numbers: {}, ...known, address };
    let waiting = false;
    const draw = () => {
      waiting = false;
      mend(panel.content.node, book);
      addCaptions(panel.content.widgets, book);
    };
    new MutationObserver(() => {
      if (!waiting) requestAnimationFrame(draw);
      waiting = true;
    }).observe(panel.content.node, {
      attributeFilter: ["href", "title"],
      characterData: true,
      childList: true,
      subtree: true,
    });
    draw();
  };

  const plugin = {
    id: "book:pages",
    autoStart: true,
    activate: (app) => {
      document.head.append(
        Object.assign(document.createElement("style"), { textContent: style }),
      );
      const { baseUrl } = app.serviceManager.serverSettings;
      const look = () => {
        const panel = app.shell.currentWidget;
        panel?.context?.ready.then(() => follow(panel, baseUrl));
      };
      app.shell.currentChanged.connect(look);
      app.restored.then(look);
    },
  };

  // What JupyterLab expects of a packed extension.
  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB.book = {
    init() {},
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
