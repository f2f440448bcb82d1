"""Writes the reference, a page for each name of the package, from the docstrings.

python crates/python/docs/make.py            # writes the pages
python crates/python/docs/make.py --check    # fails if a page is not what the docstrings say
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from pathlib import Path

import tritrack

FOLDER = Path(__file__).resolve().parent / "reference"
SOURCES = Path(tritrack.__file__).parent
SECTIONS = {"Args": "Arguments", "Attributes": "Attributes", "Returns": "Returns", "Raises": "Errors", "Example": "Example"}
NOTE = "<!-- Written by crates/python/docs/make.py from the docstrings. -->\n"


def public() -> dict[str, ast.AST]:
    """The definition of every public name, by name; those of `tritrack.torch` with its own name before them."""
    wanted = set(tritrack.__all__)
    found: dict[str, ast.AST] = {}
    for path in sorted(SOURCES.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, (ast.ClassDef, ast.FunctionDef)) or node.name.startswith("_"):
                continue
            if path.stem == "torch":
                found[f"torch.{node.name}"] = node
            elif node.name in wanted:
                found[node.name] = node
    return found


def signature(name: str, node: ast.FunctionDef) -> str:
    """The call as Python writes it, an argument a line if it is long."""
    arguments = ast.unparse(node.args)
    arguments = re.sub(r"^(self|cls)(, /)?(, )?", "", arguments)
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{name}({arguments}){result}"
    if len(line) <= 100:
        return line
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(arguments):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append(arguments[start:place].strip())
            start = place + 1
    parts.append(arguments[start:].strip())
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){result}"


def entries(lines: list[str]) -> list[tuple[str, str]]:
    """Names with their texts, as `name: text` with further lines indented."""
    found: list[tuple[str, str]] = []
    for line in lines:
        started = re.match(r"(\w+): (.*)", line)
        if started:
            found.append((started.group(1), started.group(2)))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
    return found


def page_of_docstring(text: str, level: str) -> str:
    """A docstring as Markdown."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for line in inspect.cleandoc(text).splitlines():
        head = line[:-1] if line.endswith(":") else ""
        if head in SECTIONS:
            parts.append((head, []))
        else:
            parts[-1][1].append(line)
    out = []
    for section, lines in parts:
        body = inspect.cleandoc("\n".join(["", *lines])).splitlines()
        if section:
            out.append(f"{level} {SECTIONS[section]}\n")
        if section in ("Args", "Attributes", "Raises"):
            head = "error" if section == "Raises" else "name"
            rows = [f"| `{name}` | {meaning.replace('|', '∣')} |" for name, meaning in entries(body)]
            out.append("\n".join([f"| {head} | |", "|---|---|", *rows]) + "\n")
        elif section == "Example":
            out.append("```python\n" + "\n".join(body) + "\n```\n")
        else:
            out.append("\n".join(body).strip() + "\n")
    return "\n".join(part for part in out if part.strip())


def page(name: str, node: ast.AST) -> str:
    """The page of a function or class."""
    assert isinstance(node, (ast.ClassDef, ast.FunctionDef))
    out = [NOTE, f"# tritrack.{name}\n"]
    short = name.rsplit(".", 1)[-1]
    if isinstance(node, ast.FunctionDef):
        out.append(f"```python\n{signature(short, node)}\n```\n")
    out.append(page_of_docstring(ast.get_docstring(node) or "", "##"))
    members = node.body if isinstance(node, ast.ClassDef) else []
    for member in members:
        if not isinstance(member, ast.FunctionDef) or not (text := ast.get_docstring(member)):
            continue
        if member.name.startswith("_") and member.name not in ("__getitem__", "__iter__", "__len__"):
            continue
        decorators = {ast.unparse(decorator) for decorator in member.decorator_list}
        if "property" in decorators:
            returns = f": {ast.unparse(member.returns)}" if member.returns else ""
            out.append(f"## `{member.name}{returns}`\n")
        else:
            owner = short if decorators & {"classmethod", "staticmethod"} else short.lower()
            out.append(f"## `{member.name}`\n\n```python\n{signature(f'{owner}.{member.name}', member)}\n```\n")
        out.append(page_of_docstring(text, "###"))
    return "\n".join(out).rstrip() + "\n"


def pages() -> dict[str, str]:
    """Every file of the reference with its text."""
    definitions = public()
    texts = {f"{name}.md": page(name, node) for name, node in definitions.items()}
    lines = [NOTE, "# Reference\n", "[The guide](../python.md) goes from one to the next.\n", "| | |", "|---|---|"]
    for name, node in sorted(definitions.items(), key=lambda item: (item[0].startswith("torch."), item[0].lower())):
        first = inspect.cleandoc(ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")  # type: ignore[arg-type]
        lines.append(f"| [`{name}`]({name}.md) | {first} |")
    texts["README.md"] = "\n".join(lines) + "\n"
    return texts


def main() -> None:
    """Writes or checks the pages."""
    texts = pages()
    here = {path.name for path in FOLDER.glob("*.md")}
    if "--check" in sys.argv[1:]:
        stale = [name for name, text in texts.items() if name not in here or (FOLDER / name).read_text(encoding="utf-8") != text]
        stale += sorted(here - texts.keys())
        if stale:
            sys.exit(f"not what the docstrings say: {', '.join(stale)}; run crates/python/docs/make.py")
        return
    FOLDER.mkdir(exist_ok=True)
    for name in here - texts.keys():
        (FOLDER / name).unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
