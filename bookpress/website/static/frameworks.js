// The framework of the tabs and that of the address say the same, whoever changes one.
// sphinx-design's script, which runs later, remembers it and lets all tabs follow.
"use strict";

(() => {
  const set = document.querySelector(".sd-tab-set[data-tags]");
  if (!set) return;
  const group = "framework";
  const ids = [...set.querySelectorAll(":scope > label")].map((label) => label.dataset.syncId);
  const tags = set.dataset.tags.split(" ");
  const asked = () => new URLSearchParams(location.search).get(group);

  /** Write a framework into the address, or take it out. */
  function write(id) {
    const url = new URL(location.href);
    if (id) url.searchParams.set(group, id);
    else url.searchParams.delete(group);
    history.replaceState(history.state, "", url);
  }

  function show(id) {
    for (const label of document.querySelectorAll(`[data-sync-group="${group}"]`)) {
      if (label.dataset.syncId === id) document.getElementById(label.htmlFor).checked = true;
    }
  }

  // A framework may be called by its tag, too, and in any spelling of both.
  const name = asked()?.trim().toLowerCase();
  const known = ids[tags.indexOf(name)] ?? ids.find((id) => id === name);
  if (name !== undefined && known !== asked()) write(known);
  show(known); // here, too, as storage may be closed

  document.addEventListener("change", ({ target }) => {
    const label = target.nextElementSibling;
    if (label?.dataset?.syncGroup === group && asked()) write(label.dataset.syncId);
  });
  addEventListener("popstate", () => show(asked()));
  // A page that the browser has kept may be older than the last choice.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) show(asked() ?? localStorage.getItem(`sphinx-design-tab-id-${group}`));
  });
})();
