"""The interactive figures: a folder for each, with its class, module, style and tests.

`kit/` holds the JavaScript and the style that they share, `base.py` the class that they
extend, `bundle.py` the step that makes one module of the two. CONTRIBUTING.md tells how
to add a figure. Import each from its own folder, so that a chapter is executed anew
only when a figure of its own has changed: `from explorers.descent import Descent`.
"""
