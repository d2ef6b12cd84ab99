"""A plugin that makes every page late, to find tests that hope instead of waiting.

    .venv/bin/python -m pytest -p late -n 2 explorers/playground

Frames, timers and answers of workers come late, in order, however fast the machine is.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

LATE = """
(() => {
  const [frame, unframe] = [requestAnimationFrame, cancelAnimationFrame];
  const [timer, untimer] = [setTimeout, clearTimeout];
  const undo = new Map();
  let last = 0;
  window.requestAnimationFrame = (draw) => {
    const id = ++last;
    const wait = timer(() => {
      const due = frame((time) => undo.delete(id) && draw(time));
      undo.set(id, () => unframe(due));
    }, 120);
    undo.set(id, () => untimer(wait));
    return id;
  };
  window.cancelAnimationFrame = (id) => {
    undo.get(id)?.();
    undo.delete(id);
  };
  window.setTimeout = (run, pause = 0, ...rest) => timer(run, pause + 300, ...rest);
  window.Worker = class extends Worker {
    set onmessage(receive) {
      super.onmessage = (message) => timer(() => receive(message), 150);
    }
  };
})();
"""


@pytest.fixture(scope="session", autouse=True)
def late() -> Iterator[None]:
    """Every page that a test opens is late."""
    prompt = Browser.new_context

    def new_context(browser: Browser, **options: object) -> BrowserContext:
        context = prompt(browser, **options)
        context.add_init_script(LATE)
        return context

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Browser, "new_context", new_context)
        yield
