"""What agents are examined with: tools that really do something in a folder, a small web and some records.

Each tool has names, descriptions and parameters that training knows, and others that no training dialogue has.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import smolagents  # type: ignore[import-untyped]

OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass
class World:
    """What the tools of one task act on: a folder, the pages of a small web, and some records."""

    folder: Path
    pages: dict[str, str] = field(default_factory=dict)
    found: dict[str, list[str]] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)
    handled: list[str] = field(default_factory=list)

    def at(self, path: str) -> Path:
        """The place of a path inside of the folder, and nowhere else."""
        place = (self.folder / path).resolve()
        if not place.is_relative_to(self.folder):
            raise PermissionError(f"{path} is outside of the folder")
        return place

    def existing(self, path: str) -> Path:
        """The place of a file that is there."""
        place = self.at(path)
        if not place.is_file():
            raise FileNotFoundError(f"{path} does not exist")
        return place

    def put(self, path: str, text: str) -> None:
        """A file that is there from the beginning."""
        place = self.at(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def text(self, path: str) -> str | None:
        """What a file says; None when there is none."""
        place = self.at(path)
        return place.read_text(encoding="utf-8") if place.is_file() else None


def read_file(world: World, path: str) -> str:
    """The text of a file."""
    return world.existing(path).read_text(encoding="utf-8")


def list_files(world: World, path: str) -> str:
    """The names in a folder."""
    place = world.at(path)
    if not place.is_dir():
        raise FileNotFoundError(f"{path} is no folder")
    return "\n".join(sorted(entry.name for entry in place.iterdir()))


def write_file(world: World, path: str, text: str) -> str:
    """A text into a file."""
    world.put(path, text)
    return "ok"


def find_text(world: World, text: str) -> str:
    """The files that hold a text."""
    wanted = text.lower()
    hits = [
        place.relative_to(world.folder).as_posix()
        for place in sorted(world.folder.rglob("*"))
        if place.is_file() and wanted in place.read_text(encoding="utf-8").lower()
    ]
    return "\n".join(hits) or "no matches"


def move_file(world: World, old: str, new: str) -> str:
    """A file to another path."""
    source, target = world.existing(old), world.at(new)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    return "ok"


def delete_file(world: World, path: str) -> str:
    """A file away."""
    world.existing(path).unlink()
    return "ok"


def count_lines(world: World, path: str) -> str:
    """How many lines a file has."""
    return str(len(read_file(world, path).splitlines()))


def value_of(node: ast.expr) -> Any:
    """The value of an arithmetic expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](value_of(node.left), value_of(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -value_of(node.operand)
    raise ValueError("only numbers and + - * / are allowed")


def calculate(world: World, expression: str) -> str:
    """The value of an expression."""
    del world
    return str(value_of(ast.parse(expression, mode="eval").body))


def add(world: World, a: float, b: float) -> str:
    """A sum."""
    del world
    return str(a + b)


def subtract(world: World, a: float, b: float) -> str:
    """A difference."""
    del world
    return str(a - b)


def multiply(world: World, a: float, b: float) -> str:
    """A product."""
    del world
    return str(a * b)


def larger(world: World, a: float, b: float) -> str:
    """The larger number."""
    del world
    return str(max(a, b))


def web_search(world: World, query: str) -> str:
    """Addresses of pages."""
    wanted = query.lower()
    hits = [url for title, urls in world.found.items() if wanted in title or title in wanted for url in urls]
    return "\n".join(hits) or "nothing found"


def web_page(world: World, url: str) -> str:
    """The text of a page."""
    if url not in world.pages:
        raise ConnectionError(f"cannot reach {url}")
    return world.pages[url]


def find_record(world: World, name: str) -> str:
    """The number of a record."""
    if name not in world.records:
        raise ValueError(f"nothing called {name}")
    return world.records[name]


def handle_record(world: World, number: str) -> str:
    """Something done to a record."""
    if number not in world.records.values():
        raise ValueError(f"there is no {number}")
    world.handled.append(number)
    return "ok"


@dataclass(frozen=True)
class Wording:
    """One declaration of a tool: name, description, and (name, type, description) of each parameter."""

    name: str
    says: str
    parameters: tuple[tuple[str, str, str], ...]


def wording(line: str) -> Wording:
    """A declaration written as `name: what it does; parameter type what it is; …`."""
    head, *rest = line.split("; ")
    name, says = head.split(": ", 1)
    parameters = (part.split(" ", 2) for part in rest)
    return Wording(name, says, tuple((parameter, kind, meaning) for parameter, kind, meaning in parameters))


@dataclass(frozen=True)
class RealTool:
    """A tool that really does something, in words that training knows and in words that it does not."""

    run: Callable[..., str]
    familiar: tuple[str, ...]
    unseen: tuple[str, ...]


TOOLS: Mapping[str, RealTool] = {
    "read": RealTool(
        read_file,
        (
            "read_file: Read a file and return its text; path string Path of the file",
            "view_file: Show what a file contains; file string The file",
        ),
        (
            "document_text: Gives back everything written in a document; document string Which document",
            "slurp: Loads a text and hands it over; origin string Where the text lies",
            "tell_content: Says what stands in a file; of_file string The file in question",
        ),
    ),
    "list": RealTool(
        list_files,
        (
            "list_files: List the files in a folder; path string Path of the folder",
            "list_directory: Show what is in a directory; directory string The directory",
        ),
        (
            "folder_entries: Names everything inside of a folder; inside string Which folder",
            "whats_in: Gives all entries of a directory; spot string The directory to look into",
        ),
    ),
    "write": RealTool(
        write_file,
        (
            "write_file: Write text to a file; path string Path of the file; content string The text to write",
            "save_file: Saves content into a file; file string The file; text string Content of the file",
        ),
        (
            "keep_text: Puts words into a file in place of the old; into string Which file; words string The words",
            "jot: Stores some words under a path; path_to string The path; wording string What to store",
        ),
    ),
    "find": RealTool(
        find_text,
        (
            "search_files: Search files for a text; query string Text to look for",
            "find_in_files: Find files that contain a text; text string What to search",
        ),
        (
            "who_mentions: Tells which files mention something; mention string The thing mentioned",
            "locate_words: Gives the paths of all files with certain words; wanted string The words",
        ),
    ),
    "calculate": RealTool(
        calculate,
        (
            "calculator: Evaluate an arithmetic expression; expression string The expression",
            "calculate: Calculates the result of a math expression; formula string What to compute",
        ),
        (
            "work_out: Works out sums, products and differences; problem string Such as 3 * 4",
            "number_crunch: Gives the number that a term comes to; term_text string The term",
        ),
    ),
    "+": RealTool(
        add,
        ("add: Add two numbers; a number The first number; b number The second number",),
        ("put_together: Counts two amounts together; this number One amount; that number The other amount",),
    ),
    "-": RealTool(
        subtract,
        ("subtract: Subtract the second number from the first; a number The first number; b number The second number",),
        ("take_off: Takes one amount off another; whole number What there is; part number What goes off",),
    ),
    "*": RealTool(
        multiply,
        ("multiply: Multiply two numbers; a number The first number; b number The second number",),
        ("so_many_times: Takes an amount several times; amount_of number The amount; often number How often",),
    ),
    "larger": RealTool(
        larger,
        ("maximum: Return the larger of two numbers; a number The first number; b number The second number",),
        ("top_of_two: Says which of two amounts is the higher; this number One amount; that number The other",),
    ),
    "move": RealTool(
        move_file,
        (
            "move_file: Moves a file to another place; source string Source path; destination string Target path",
            "rename_file: Rename a file; old_path string The file to take; new_path string Where it goes",
        ),
        ("carry_over: Gives a file a new path; present string Its path now; future string Its path afterwards",),
    ),
    "delete": RealTool(
        delete_file,
        (
            "delete_file: Delete a file; path string Path of the file",
            "remove_file: Delete a file; file string The file",
        ),
        ("discard: Takes a file away for ever; unwanted string The file that has to go",),
    ),
    "count": RealTool(
        count_lines,
        ("count_lines: Count the lines of a file; path string Path of the file",),
        ("how_long: Tells of how many lines a document consists; document string Which document",),
    ),
    "search": RealTool(
        web_search,
        ("web_search: Search the web; query string What to search for",),
        ("ask_the_net: Gives addresses of pages about something; about string What they are about",),
    ),
    "fetch": RealTool(
        web_page,
        ("fetch_url: Fetch a web page; url string The address",),
        ("page_words: Gives the words of a page; page_address string Address of the page",),
    ),
}
RECORDS = {
    False: (
        "find_{thing}: Find the id of a {thing} by its name; name string Name of the {thing}",
        "{verb}_{thing}: {Verb} the {thing} with this id; id string The id of the {thing}",
    ),
    True: (
        "{thing}_key_of: Tells under which key a {thing} is kept; known_as string What the {thing} is called",
        "{verb}_by_key: Will {verb} the {thing} that is kept under a key; kept_under string Its key",
    ),
}


def real_tool(world: World, real: RealTool, words: Wording) -> Any:
    """The tool for smolagents."""

    class Declared(smolagents.Tool):  # type: ignore[misc]
        name = words.name
        description = words.says
        inputs = {name: {"type": kind, "description": meaning} for name, kind, meaning in words.parameters}  # noqa: RUF012 (smolagents reads it from the class)
        output_type = "string"
        skip_forward_signature_validation = True

        def forward(self, *places: Any, **named: Any) -> str:
            known = {**dict(zip(self.inputs, places, strict=False)), **named}
            return real.run(world, *(known[name] for name, _, _ in words.parameters))

    return Declared()
