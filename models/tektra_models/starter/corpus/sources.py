"""Sources: the places where a fact stands, the words that say where it is, and the calls that get it."""

from __future__ import annotations

from dataclasses import dataclass

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.acts import FILES, SERVICE, Act, arguments, listed, read, slug, tool_for
from tektra_models.starter.corpus.agent_requests import BY_SEARCH, IN_FILE, IN_FOLDER, ON_WEB, ask
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import put
from tektra_models.starter.corpus.world_facts import Fact, document


@dataclass(frozen=True)
class Source:
    """How a fact is come by: the words that say where it is, and the calls that get it."""

    words: str
    rounds: tuple[tuple[Act, ...], ...]


def source_of(chance: Chance, fact: Fact, *, short: bool = False) -> Source:
    """A place where the fact stands: a named file, a folder, somewhere in the files, or on the web."""
    kind = chance.random.choices((in_file, in_folder, by_search, on_web), weights=(34, 24, 22, 20))[0]
    return (in_file if short else kind)(chance, fact)


def in_file(chance: Chance, fact: Fact) -> Source:
    """The fact is in a file whose path is known."""
    path = chance.value(values.path)
    return Source(ask(chance, IN_FILE, p=path), ((read(chance, path, document(chance, fact)),),))


def in_folder(chance: Chance, fact: Fact) -> Source:
    """The fact is in that file of a folder which bears the subject's name."""
    folder = chance.value(values.folder)
    wanted = slug(chance, fact.subject)
    path = f"{folder.rstrip('/')}/{wanted}"
    return Source(
        ask(chance, IN_FOLDER, p=folder),
        ((listed(chance, folder, wanted),), (read(chance, path, document(chance, fact)),)),
    )


def by_search(chance: Chance, fact: Fact) -> Source:
    """The fact is in a file that a search for the subject finds."""
    path = chance.value(values.path)
    shape = tool_for(chance, FILES["search_files"])
    found = chance.pick(("{p}", "{p}: line {n}", "{p}:{n}", '["{p}"]', "found in {p}"))
    result = put(found, {"p": path, "n": chance.value(values.small)})
    search = Act(shape, arguments(shape, query=fact.subject), result)
    return Source(chance.phrasing(BY_SEARCH), ((search,), (read(chance, path, document(chance, fact)),)))


def on_web(chance: Chance, fact: Fact) -> Source:
    """The fact is on a page that a search for the subject finds."""
    search, fetch = tool_for(chance, SERVICE["search"]), tool_for(chance, SERVICE["fetch"])
    url = chance.value(values.url)
    found = chance.pick(("{u}", "{n}: {u}", "1. {n} - {u}", '[{"title": "{n}", "url": "{u}"}]', "{n}\n{u}"))
    result = put(found, {"n": fact.subject, "u": url})
    wanted = {slot.key: fact.subject for slot in search.task.slots if not slot.optional}
    target = {slot.key: url for slot in fetch.task.slots if not slot.optional}
    return Source(
        chance.phrasing(ON_WEB),
        (
            (Act(search, arguments(search, **wanted), result),),
            (Act(fetch, arguments(fetch, **target), document(chance, fact)),),
        ),
    )
