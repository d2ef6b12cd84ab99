"""The tests of chapters share some, whose failures pytest is to explain as well."""

import pytest

pytest.register_assert_rewrite("every_chapter")
