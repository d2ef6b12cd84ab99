"""The press: what makes a website, a handout and notebooks of a book of MyST pages.

It knows no book. What differs from book to book stands in the book's `_config.yml`.

execution   run each page once, keep its outputs, know when they are stale
checks      equations, numbers in prose, words for pictures
content     what a page may contain, and what that becomes in each medium
website     frame, formulas, policy, what third parties' markup lacks
handout     LaTeX, the editions, the passes of LuaLaTeX
notebooks   notebooks to download, the bundle, JupyterLab
slides      decks that take from the chapters, as pages of the website
commands    what `make` calls

The modules beside these folders are what they share. `commands.install` runs before
anything is installed, so this file and that folder's import nothing.
"""
