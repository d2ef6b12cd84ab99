// What is folded opens when the browser's search or an address leads inside. Browsers do
// so for `<details>`; here they may look into tabs that are not shown, too.
"use strict";

(() => {
  if ("onbeforematch" in document.documentElement) {
    for (const panel of document.querySelectorAll(".sd-tab-content")) {
      const hide = () => panel.setAttribute("hidden", "until-found");
      hide();
      panel.addEventListener("beforematch", () => {
        panel.previousElementSibling.previousElementSibling.checked = true;
        setTimeout(hide); // the browser takes it away; the style shows what is chosen
      });
    }
  }

  // Browsers of before 2025 leave closed what an address leads into.
  function open() {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    let box = place?.closest("details:not([open])");
    if (!box) return;
    for (; box; box = box.parentElement.closest("details")) box.open = true;
    place.scrollIntoView();
  }
  open();
  addEventListener("hashchange", open);
})();
