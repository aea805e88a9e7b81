"""Everyday tools, written by hand: arithmetic, files, and the commonest services."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.tasks import Slot, Task


def plain_number(value: Fraction) -> str:
    """A number as a calculator shows it, at most four decimals."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.4f}".rstrip("0").rstrip(".")


def arithmetic(sign: str, first: str, second: str) -> str:
    """The result of one operation on the texts of two numbers."""
    a, b = Fraction(first), Fraction(second)
    if sign == "/":
        return plain_number(a / b) if b else "undefined"
    return plain_number({"+": a + b, "-": a - b, "*": a * b, "%": a * b / 100}[sign])


WAYS: dict[str, tuple[str, ...]] = {
    "+": (
        "What is {a} + {b}?",
        "Add {a} and {b}.",
        "what's {a} plus {b}",
        "{a}+{b}",
        "Calculate {a} + {b}.",
        "How much is {a} plus {b}?",
        "compute the sum of {a} and {b}",
        "{a} + {b} = ?",
        "Add {b} to {a}.",
        "what do {a} and {b} make together",
        "sum {a} and {b}",
        "Please work out {a} + {b}.",
        "I have {a} and get {b} more, how many is that?",
        "{a} plus {b}",
        "Tell me {a} + {b}.",
    ),
    "-": (
        "What is {a} - {b}?",
        "Subtract {b} from {a}.",
        "what's {a} minus {b}",
        "{a}-{b}",
        "Calculate {a} - {b}.",
        "How much is {a} minus {b}?",
        "compute the difference of {a} and {b}",
        "{a} - {b} = ?",
        "Take {b} away from {a}.",
        "how much is left of {a} without {b}",
        "{a} minus {b}",
        "Please work out {a} - {b}.",
        "I have {a} and spend {b}, what is left?",
        "reduce {a} by {b}",
        "Tell me {a} - {b}.",
    ),
    "*": (
        "What is {a} * {b}?",
        "Multiply {a} by {b}.",
        "what's {a} times {b}",
        "{a}*{b}",
        "Calculate {a} × {b}.",
        "How much is {a} times {b}?",
        "compute the product of {a} and {b}",
        "{a} x {b} = ?",
        "What is {a} multiplied by {b}?",
        "{a} boxes of {b} each, how many in all",
        "{a} times {b}",
        "Please work out {a} * {b}.",
        "multiply {a} and {b}",
        "{a} × {b}",
        "Tell me {a} * {b}.",
        "what is {a} x {b}",
    ),
    "/": (
        "What is {a} / {b}?",
        "Divide {a} by {b}.",
        "what's {a} divided by {b}",
        "{a}/{b}",
        "Calculate {a} / {b}.",
        "How much is {a} divided by {b}?",
        "compute the quotient of {a} and {b}",
        "{a} / {b} = ?",
        "Split {a} among {b} people.",
        "how often does {b} go into {a}",
        "{a} over {b}",
        "Please work out {a} / {b}.",
        "share {a} among {b}",
        "{a} ÷ {b}",
        "Tell me {a} / {b}.",
    ),
    "%": (
        "What is {a}% of {b}?",
        "Calculate {a} percent of {b}.",
        "{a}% of {b}",
        "how much is {a} percent of {b}",
        "Work out {a}% of {b}.",
        "what is {a} per cent of {b}",
        "I need {a}% of {b}.",
        "take {a} percent of {b}",
        "tell me {a}% of {b}",
    ),
}
EXPRESSIONS = {"+": "{a} + {b}", "-": "{a} - {b}", "*": "{a} * {b}", "/": "{a} / {b}", "%": "{b} * {a} / 100"}
SPOKEN = {
    "+": ("{a} + {b} = {result}.", "{a} plus {b} is {result}.", "The sum is {result}.", "It is {result}."),
    "-": ("{a} - {b} = {result}.", "{a} minus {b} is {result}.", "The difference is {result}.", "It is {result}."),
    "*": ("{a} × {b} = {result}.", "{a} times {b} is {result}.", "The product is {result}.", "It is {result}."),
    "/": ("{a} / {b} = {result}.", "{a} divided by {b} is {result}.", "It is {result}."),
    "%": ("{a}% of {b} is {result}.", "It is {result}."),
}
NAMED = {
    "+": (
        ("add", "sum", "add_numbers", "plus"),
        ("Add two numbers", "Return the sum of a and b", "Adds the first number to the second"),
    ),
    "-": (
        ("subtract", "difference", "minus", "subtract_numbers"),
        ("Subtract the second number from the first", "Return a minus b"),
    ),
    "*": (
        ("multiply", "product", "times", "multiply_numbers"),
        ("Multiply two numbers", "Return the product of two numbers"),
    ),
    "/": (("divide", "quotient", "divide_numbers"), ("Divide the first number by the second", "Return a divided by b")),
    "%": (("percent_of", "percentage", "percent"), ("Compute a percentage of a number", "Take a percent of b")),
}
CALCULATOR = (
    "calculator",
    "calculate",
    "calc",
    "evaluate",
    "math",
    "compute",
    "evaluate_expression",
    "do_math",
    "arithmetic",
)
CALCULATOR_SAYS = (
    "Evaluate an arithmetic expression",
    "Calculates the result of a math expression",
    "Compute an expression such as 2 * (3 + 4)",
    "A calculator",
    "Does arithmetic",
    "Evaluate a mathematical expression and return the number",
)
RESULT_FORMS = ("{result}", '{"result": {result}}', "{result}", "= {result}", '{"value": {result}}')


def calculations() -> list[Task]:
    """Each operation as an expression for a calculator, and as a tool of its own."""
    made: list[Task] = []
    expression = Slot(
        "expression",
        ("expression", "expr", "formula", "input", "query", "calculation"),
        ("The expression", "Arithmetic expression to evaluate", "What to compute"),
    )
    pair = (
        Slot("a", ("a", "x", "first", "left", "number1", "num1"), ("The first number",), "number"),
        Slot("b", ("b", "y", "second", "right", "number2", "num2"), ("The second number",), "number"),
    )
    makers = {"a": values.number, "b": values.number}
    for sign, ways in WAYS.items():

        def compute(known: Mapping[str, str], sign: str = sign) -> str:
            return arithmetic(sign, known["a"], known["b"])

        results = tuple((form, said) for form in RESULT_FORMS for said in SPOKEN[sign])
        slot = Slot(expression.key, expression.names, expression.descriptions, value=EXPRESSIONS[sign])
        made.append(Task("arithmetic", CALCULATOR, CALCULATOR_SAYS, (slot,), ways, results, makers, compute))
        made.append(Task("arithmetic", *NAMED[sign], pair, ways, results, makers, compute))
    return made


FILE_SLOT = Slot(
    "path", ("path", "file", "file_path", "filename", "filepath", "name"), ("Path of the file", "The file", "File name")
)
FOLDER_SLOT = Slot(
    "path", ("path", "folder", "directory", "dir", "directory_path"), ("Path of the folder", "The directory", "Folder")
)
MOVE_SLOTS = (
    Slot("path", ("source", "src", "from_path", "old_path"), ("The file to take", "Source path")),
    Slot("to", ("destination", "dest", "dst", "to_path", "new_path", "target"), ("Where it goes", "Target path")),
)
DONE = (("ok", "Done."), ('{"ok": true}', "Done."), ("success", "That is done."))

FILE_TASKS: tuple[Task, ...] = (
    Task(
        "read_file",
        ("read_file", "open_file", "get_file", "cat", "file_read", "load_file", "view_file", "read_text"),
        (
            "Read a file and return its text",
            "Returns the contents of a file",
            "Read the text of a file",
            "Show what a file contains",
        ),
        (FILE_SLOT,),
        (
            "Read {path}.",
            "Show me {path}",
            "What is in {path}?",
            "open {path}",
            "What does {path} say?",
            "show me the contents of {path}",
            "print the file {path}",
            "Give me the text of {path}.",
            "what's in the file {path}",
            "cat {path}",
            "Read the file {path} to me.",
            "What does the file {path} contain?",
            "view {path}",
            "I want to see {path}.",
            "look into {path}",
            "tell me what {path} says",
            "display {path}",
            "Let me see what is in {path}.",
        ),
        (
            ("{text}", "{path} says: {text}"),
            ("{text}", "The file contains: {text}"),
            ("{phrase2}", "In {path} stands: {phrase2}"),
            ('{"content": "{text}"}', "{path} contains: {text}"),
            ("", "{path} is empty."),
        ),
        {"path": values.path},
    ),
    Task(
        "write_file",
        ("write_file", "save_file", "create_file", "file_write", "put_file", "write_text", "save_text"),
        ("Write text to a file", "Create a file with the given text", "Saves content into a file", "Write a file"),
        (
            FILE_SLOT,
            Slot("text", ("content", "text", "contents", "data", "body"), ("The text to write", "Content of the file")),
        ),
        (
            "Write {text} to {path}.",
            "Save {text} in {path}",
            "create a file {path} with the text {text}",
            "put {text} into {path}",
            "Write a file {path} that says {text}",
            "Make {path} with the content {text}",
            "store {text} as {path}",
            "Create {path} containing {text}",
            "write {text} into the file {path}",
            "save the text {text} to {path}",
            "new file {path}: {text}",
            "I want {text} written to {path}.",
        ),
        (
            ("ok", "{path} is written."),
            ("wrote {n} bytes", "I wrote {n} bytes to {path}."),
            ('{"ok": true}', "The text is saved in {path}."),
            ('{"bytes": {m}}', "{path} is saved, {m} bytes."),
        ),
        {"path": values.path, "text": values.phrase},
    ),
    Task(
        "append_file",
        ("append_file", "append_to_file", "add_line", "append_text"),
        ("Add text to the end of a file", "Append a line to a file", "Appends text to an existing file"),
        (FILE_SLOT, Slot("text", ("text", "line", "content", "data"), ("The text to add", "Line to append"))),
        (
            "Append {text} to {path}.",
            "Add {text} to the end of {path}",
            "add the line {text} to {path}",
            "append the text {text} to the file {path}",
            "put {text} at the end of {path}",
            "Add a line to {path}: {text}",
            "extend {path} with {text}",
            "attach {text} to {path}",
            "add to {path} the line {text}",
        ),
        (("ok", "The line was added to {path}."), *DONE),
        {"path": values.path, "text": values.phrase},
    ),
    Task(
        "list_files",
        ("list_files", "list_directory", "ls", "list_dir", "show_folder", "dir", "browse_folder", "get_files"),
        ("List the files in a folder", "Returns the names of all files in a directory", "Show what is in a directory"),
        (FOLDER_SLOT,),
        (
            "List the files in {path}.",
            "What files are in {path}?",
            "show me the folder {path}",
            "ls {path}",
            "which files are in {path}",
            "What is in the folder {path}?",
            "list {path}",
            "Show the contents of the directory {path}.",
            "what's inside {path}",
            "give me all files in {path}",
            "Which files does {path} have?",
            "see what is in the {path} folder",
            "browse {path}",
            "look at the directory {path}",
        ),
        (
            ("{f1}\n{f2}\n{f3}", "{path} holds {f1}, {f2} and {f3}."),
            ('["{f1}", "{f2}"]', "There are two files: {f1} and {f2}."),
            ('{"files": ["{f1}", "{f2}", "{f3}"]}', "The files are {f1}, {f2} and {f3}."),
            ("{f1}", "There is one file: {f1}."),
            ("[]", "The folder {path} is empty."),
            ("{f1}, {f2}", "In {path} are {f1} and {f2}."),
        ),
        {"path": values.folder},
    ),
    Task(
        "delete_file",
        ("delete_file", "remove_file", "rm", "erase_file", "unlink", "trash_file"),
        ("Delete a file", "Removes a file from disk", "Delete the given file for good"),
        (FILE_SLOT,),
        (
            "Delete {path}.",
            "remove {path}",
            "Erase the file {path}",
            "get rid of {path}",
            "rm {path}",
            "Throw away {path}.",
            "please delete the file {path}",
            "I do not need {path} any more, delete it",
            "trash {path}",
            "remove the file {path}",
            "delete the file {path}",
            "wipe {path}",
        ),
        (
            ("ok", "{path} is deleted."),
            ("deleted {path}", "{path} was deleted."),
            ('{"deleted": true}', "The file {path} is gone."),
        ),
        {"path": values.path},
    ),
    Task(
        "move_file",
        ("move_file", "rename_file", "mv", "rename", "relocate_file"),
        ("Move or rename a file", "Moves a file to another place", "Rename a file"),
        MOVE_SLOTS,
        (
            "Move {path} to {to}.",
            "Rename {path} to {to}",
            "mv {path} {to}",
            "rename the file {path} as {to}",
            "put {path} at {to}",
            "Move the file {path} to {to}",
            "change the name of {path} to {to}",
            "relocate {path} to {to}",
            "{path} should be called {to}",
        ),
        (("ok", "{path} is now {to}."), ('{"ok": true}', "I moved {path} to {to}."), *DONE),
        {"path": values.path, "to": values.path},
    ),
    Task(
        "copy_file",
        ("copy_file", "cp", "duplicate_file", "file_copy"),
        ("Copy a file", "Makes a copy of a file at another path", "Duplicate a file"),
        MOVE_SLOTS,
        (
            "Copy {path} to {to}.",
            "cp {path} {to}",
            "make a copy of {path} called {to}",
            "duplicate {path} as {to}",
            "Copy the file {path} to {to}",
            "Make a copy of {path} at {to}",
            "back up {path} to {to}",
            "copy {path} over to {to}",
            "I need {path} copied to {to}.",
        ),
        (("ok", "{path} was copied to {to}."), ('{"ok": true}', "There is a copy at {to}."), *DONE),
        {"path": values.path, "to": values.path},
    ),
    Task(
        "search_files",
        ("search_files", "find_files", "grep", "find_in_files", "search_text", "file_search"),
        ("Search files for a text", "Find files that contain a text", "Search a folder for a word"),
        (
            Slot("query", ("query", "pattern", "text", "term", "search"), ("Text to look for", "What to search")),
            Slot(
                "path",
                ("path", "folder", "directory", "root"),
                ("Where to search", "Folder to search in"),
                optional=True,
            ),
        ),
        (
            "Search the files for {query}[ in {path}].",
            "Find all files that contain {query}[ in {path}]",
            "grep for {query}[ in {path}]",
            "which files mention {query}[ in {path}]?",
            "look for {query} in the files[ under {path}]",
            "In which files is {query}[ under {path}]?",
            "find {query} in my files[ in {path}]",
            "where is {query} written[ in {path}]?",
            "search for files with {query}[ in {path}]",
        ),
        (
            ("{f1}: line {n}", "It is in {f1}, line {n}."),
            ('["{f1}", "{f2}"]', "Found in {f1} and {f2}."),
            ("no matches", "Nothing was found."),
            ("{f1}\n{f2}", "These files mention it: {f1} and {f2}."),
        ),
        {"query": values.word, "path": values.folder},
    ),
    Task(
        "make_folder",
        ("create_folder", "make_directory", "mkdir", "create_directory", "new_folder"),
        ("Create a folder", "Make a new directory", "Creates a directory"),
        (FOLDER_SLOT,),
        (
            "Create a folder {path}.",
            "make a directory {path}",
            "mkdir {path}",
            "I need a new folder called {path}",
            "new folder {path}",
            "Make the folder {path}",
            "create the directory {path}",
            "add a folder {path}",
            "set up a directory named {path}",
        ),
        (("ok", "The folder {path} is there."), ("created", "{path} was created."), *DONE),
        {"path": values.folder},
    ),
    Task(
        "file_size",
        ("file_size", "get_file_info", "file_info", "stat_file", "size_of"),
        ("Get the size of a file", "Returns size and date of a file", "Tell how big a file is"),
        (FILE_SLOT,),
        (
            "How big is {path}?",
            "What is the size of {path}?",
            "size of {path}",
            "how large is the file {path}",
            "Tell me the size of {path}.",
            "How many bytes is {path}?",
            "when was {path} changed and how big is it",
            "check the size of {path}",
            "give me the file size of {path}",
        ),
        (
            ("{m}", "{path} has {m} bytes."),
            ('{"size": {m}}', "{path} is {m} bytes large."),
            ("{n} KB", "The file has {n} KB."),
        ),
        {"path": values.path},
    ),
    Task(
        "count_lines",
        ("count_lines", "line_count", "wc", "count_words_in_file"),
        ("Count the lines of a file", "Returns how many lines a file has"),
        (FILE_SLOT,),
        (
            "How many lines does {path} have?",
            "Count the lines in {path}",
            "line count of {path}",
            "count lines of {path}",
            "how long is {path} in lines",
            "How many lines are in {path}?",
            "number of lines in {path}",
            "tell me how many lines {path} has",
        ),
        (
            ("{m}", "{path} has {m} lines."),
            ('{"lines": {m}}', "There are {m} lines in {path}."),
            ("{n} lines", "It has {n} lines."),
        ),
        {"path": values.path},
    ),
)
