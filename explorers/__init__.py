"""The interactive figures: one Python class and one JavaScript module for each.

`kit/` holds the JavaScript that they share, `base.py` the class that they extend,
`bundle.py` the step that makes one module of the two. CONTRIBUTING.md tells how to add
a figure. Import each from its own file, so that a chapter is executed anew only when
a figure of its own has changed: `from explorers.descent import Descent`.
"""
