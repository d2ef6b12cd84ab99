from every_chapter import *  # noqa: F403

PAGE = "book/intro"
