"""The stubs name what the module has, and the command line is there."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import tritrack
from tritrack import _native


def test_the_stubs_name_everything_that_the_module_has():
    tree = ast.parse(Path(tritrack.__file__).with_name("_native.pyi").read_text())
    stubbed: dict[str, set[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            stubbed[node.name] = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            stubbed[node.name] = set()
    found = {name: thing for name, thing in vars(_native).items() if not name.startswith("__")}
    assert set(stubbed) == set(found)
    for name, thing in found.items():
        if inspect.isclass(thing):
            own = {m for m in vars(thing) if not m.startswith("__") or m == "__arrow_c_stream__"}
            assert stubbed[name] == own, name


def test_everything_public_is_documented_with_its_arguments():
    for name in tritrack.__all__:
        thing = getattr(tritrack, name)
        assert inspect.getdoc(thing), name
        members = [(name, thing)]
        if inspect.isclass(thing):
            own = vars(thing).items()
            members += [
                (f"{name}.{n}", getattr(thing, n)) for n, m in own if not n.startswith("_") and callable(getattr(thing, n))
            ]
        for path, member in members:
            if not (inspect.isfunction(member) or inspect.ismethod(member)):
                continue
            documentation = inspect.getdoc(member) or ""
            for argument in inspect.signature(member).parameters:
                if argument not in ("self", "cls", "given") and "workspace" not in argument:
                    assert f"{argument}:" in documentation or path.endswith((".of",)), f"{path}: {argument}"


OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
MODULES = ["tritrack", *(f"tritrack.{name}" for name in ("images", "network", "program", "systems", "technology", "workspace"))]


@pytest.mark.parametrize("module", MODULES)
def test_examples_give_what_they_say(module):
    outcome = doctest.testmod(importlib.import_module(module), optionflags=OPTIONS)
    assert outcome.attempted > 0 and outcome.failed == 0


def test_the_reference_is_what_the_docstrings_say():
    page = Path(__file__).parents[1] / "docs/make.py"
    done = subprocess.run([sys.executable, page, "--check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("section", ["2. One layer", "4. What it costs"])
def test_the_guide_runs_as_it_stands(section):
    guide = (Path(__file__).parents[1] / "docs/python.md").read_text(encoding="utf-8")
    (_, text) = guide.split(f"## {section}", 1)
    block = text.split("```python\n", 1)[1].split("```", 1)[0]
    exec(compile(block, section, "exec"), {"tritrack": tritrack, "Network": tritrack.Network})
