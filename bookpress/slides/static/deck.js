// A deck in the browser: reveal.js, steps of pictures and explorers, the speaker's window.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const query = new URLSearchParams(location.search);
  const isSpeaker = query.has("speaker");
  const slides = [...document.querySelectorAll(".slides > section")];
  const find = (selector) => document.querySelector(selector);
  if (query.has("framework")) document.body.classList.add("one-framework");
  for (const place of document.querySelectorAll(".explorer")) {
    place.dataset.preventSwipe = "";
  }

  // Steps ------------------------------------------------------------------------------

  /** Show of each part on a slide what its last visible step says. */
  function showSteps() {
    for (const part of Reveal.getCurrentSlide().querySelectorAll("[data-of].deck-part")) {
      const seen = part.parentElement.querySelectorAll(":scope > .fragment.visible");
      const { share, state } = JSON.parse((seen[seen.length - 1] ?? part).dataset.of);
      if (share !== undefined) part.style.setProperty("--share", share);
      // What is as the last step left it stays as the lecturer's hand has left it.
      if (state === undefined || part.dataset.shown === String(seen.length)) continue;
      part.dataset.shown = String(seen.length);
      const event = new CustomEvent("explorer-state", { detail: state });
      part.querySelector(".explorer")?.dispatchEvent(event);
    }
  }

  // Keys -------------------------------------------------------------------------------

  /** Whether a key means what has the focus, and not the slides. */
  function stays(event) {
    const inside = (selector) => event.target.closest?.(selector);
    if (inside(".explorer, .sd-tab-set")) return true;
    return inside("a, button") && ["Enter", " "].includes(event.key);
  }

  const release = () => document.activeElement?.blur();
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !event.target.closest?.(".explorer, .sd-tab-set")) return;
      release();
      event.stopPropagation();
    },
    true,
  );
  // A tab chosen by hand does not keep the keys.
  document.addEventListener("pointerup", ({ target }) => {
    if (target.closest?.(".sd-tab-set > label")) setTimeout(release);
  });

  // The bar ----------------------------------------------------------------------------

  function showPlace() {
    const at = slides.indexOf(Reveal.getCurrentSlide());
    const number = find(".deck-number");
    number.textContent = `${at + 1} / ${slides.length}`;
    number.href = `#/${slides[at].id}`;
  }

  const does = {
    speaker: openSpeaker,
    overview: () => Reveal.toggleOverview(),
    full: () => document.documentElement.requestFullscreen?.(),
    restart: () => {
      start = Date.now();
      showTimes();
    },
  };
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-do]");
    if (!button) return;
    button.blur();
    does[button.dataset.do]();
  });

  // The speaker's window ---------------------------------------------------------------

  // Two windows of one deck follow one another by messages, which pass between pages
  // from the disk, too.
  let other = isSpeaker ? window.opener : null;
  let last = "";
  let later = 0;
  let start = Date.now();

  function openSpeaker() {
    if (isSpeaker) return;
    const url = new URL(location.href);
    url.searchParams.set("speaker", "");
    other = window.open(url, `speaker ${location.pathname}`, "popup,width=1360,height=800");
  }

  function tell() {
    const state = Reveal.getState();
    const text = JSON.stringify(state);
    if (text === last) return;
    last = text;
    other?.postMessage({ deck: location.pathname, state }, "*");
  }

  addEventListener("message", ({ data, source }) => {
    if (data?.deck !== location.pathname) return;
    other = source;
    if (data.hello) {
      last = "";
      tell();
    } else {
      last = JSON.stringify(data.state);
      Reveal.setState(data.state);
    }
  });

  function showNotes() {
    const now = Reveal.getCurrentSlide();
    const next = slides[slides.indexOf(now) + 1];
    const notes = [...now.querySelectorAll("aside.notes")];
    find(".deck-said").replaceChildren(
      ...notes.flatMap((note) => [...note.cloneNode(true).childNodes]),
    );
    find(".deck-next-name").textContent = next?.querySelector("h2").textContent ?? "the end";
    // Explorers are drawn once reveal.js has made room for them.
    clearTimeout(later);
    later = setTimeout(() => {
      find(".deck-next").replaceChildren(...(next ? [picture(next)] : []));
    }, 300);
  }

  /** A slide as it stands, small and dead. */
  function picture(slide) {
    const copy = slide.cloneNode(true);
    copy.removeAttribute("hidden");
    copy.style.display = "flex";
    copy.classList.remove("past", "present", "future");
    for (const part of copy.querySelectorAll("script, aside")) part.remove();
    for (const part of [copy, ...copy.querySelectorAll("[id], [name]")]) {
      part.removeAttribute("id");
      part.removeAttribute("name");
    }
    const [frame, room] = ["reveal", "slides bd-content"].map((names) => {
      const box = document.createElement("div");
      box.className = names;
      return box;
    });
    room.append(copy);
    frame.append(room);
    frame.style.scale = String(find(".deck-next").clientWidth / 1280);
    return frame;
  }

  function showTimes() {
    const at = slides.indexOf(Reveal.getCurrentSlide());
    const planned = (count) =>
      slides.slice(0, count).reduce((sum, { dataset }) => sum + Number(dataset.minutes), 0);
    const spent = Math.floor((Date.now() - start) / 60000);
    const clock = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const say = (name, text) => {
      find(`[data-time="${name}"]`).textContent = text;
    };
    say("clock", clock);
    say("spent", `${spent} min gone`);
    say("plan", `this slide until ${planned(at + 1)} of ${planned(slides.length)}`);
  }

  // Start ------------------------------------------------------------------------------

  const showAll = () => {
    showSteps();
    showPlace();
    if (isSpeaker) showNotes();
    if (isSpeaker) showTimes();
    tell();
  };

  if (isSpeaker) {
    document.body.classList.add("is-speaker");
    find(".deck-speaker").hidden = false;
    setInterval(showTimes, 5000);
  }
  for (const happens of ["slidechanged", "fragmentshown", "fragmenthidden"]) {
    Reveal.on(happens, showAll);
  }
  for (const happens of ["overviewshown", "overviewhidden", "paused", "resumed"]) {
    Reveal.on(happens, tell);
  }
  Reveal.on("slidechanged", () => {
    if (document.activeElement?.closest(".slides")) release();
  });
  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    maxScale: 4,
    center: false,
    controls: false,
    display: "flex",
    hash: true,
    keyboardCondition: (event) => !stays(event),
    pdfSeparateFragments: false,
    progress: false,
    scrollActivationWidth: null,
    showNotes: query.has("print-pdf") && query.has("notes") ? "separate-page" : false,
    transition: "none",
    viewDistance: 2,
  }).then(() => {
    // A deck is text to be read, not a program with keys of its own.
    find(".reveal").removeAttribute("role");
    Reveal.addKeyBinding({ keyCode: 83, key: "S", description: "Speaker's window" }, openSpeaker);
    Reveal.addKeyBinding({ keyCode: 68, key: "D", description: "Light or dark" }, () =>
      find(".book-theme").click(),
    );
    showAll();
    if (isSpeaker) other?.postMessage({ deck: location.pathname, hello: true }, "*");
  });
});
