"""Episodes: tasks of several steps in small worlds, each as a request, the calls with what they give, and the answer.

Who goes through an episode, and how it is written down, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.acts import (
    ERRORS,
    FILES,
    HINTS,
    LARGER_TOOL,
    REFUSALS,
    Act,
    any_tool,
    arguments,
    calculation,
    listed,
    raised,
    read,
    slug,
    tool_for,
    write,
)
from tektra_models.starter.corpus.agent_requests import (
    ACT_ON,
    BOTH,
    IN_FILE,
    LARGER,
    NAMED,
    QUESTION,
    TEXT_OF,
    THEN_CALCULATE,
    THEN_WRITE,
    TOTAL,
    ask,
    in_order,
)
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.everyday import EXPRESSIONS
from tektra_models.starter.corpus.filling import fence, put
from tektra_models.starter.corpus.invented import NOUNS, VERBS
from tektra_models.starter.corpus.noise import polite
from tektra_models.starter.corpus.outcomes import outcome
from tektra_models.starter.corpus.sources import source_of
from tektra_models.starter.corpus.talking import echo, help_turn, small_talk
from tektra_models.starter.corpus.tasks import Shape, Slot, Task, errand
from tektra_models.starter.corpus.world_facts import KNOWN, attribute, count_of, document, new_fact, subject

KEY_LINES = ("{a}: {v}", "{a} = {v}", "{a}={v}", '"{a}": "{v}"', "{a} is {v}")


@dataclass(frozen=True)
class Episode:
    """A task and the right way through it; calls of one round do not wait for each other."""

    request: str
    rounds: Sequence[Sequence[Act]]
    answer: str
    facts: tuple[str, ...] = ()
    extra: tuple[Shape, ...] = ()


def looked_up(chance: Chance) -> Episode:
    """One fact, found and told."""
    fact = new_fact(chance)
    source = source_of(chance, fact)
    return Episode(in_order(chance, fact.question(chance), source.words), source.rounds, fact.value, (fact.value,))


def from_keys(chance: Chance) -> Episode:
    """One value out of a file of settings."""
    form = chance.pick(KEY_LINES)
    path = chance.value(values.path)
    known = {chance.value(attribute): chance.value(chance.pick(KNOWN)) for _ in range(chance.random.randint(2, 4))}
    key = chance.pick(list(known))
    text = "\n".join(put(form, {"a": name, "v": value}) for name, value in known.items())
    question = ask(chance, QUESTION, a=key, n=path)
    return Episode(question, ((read(chance, path, text),),), known[key], (known[key],))


def saved(chance: Chance) -> Episode:
    """One fact, found and written to a file."""
    fact = new_fact(chance)
    source = source_of(chance, fact, short=chance.odds(0.6))
    to = chance.value(values.path)
    request = f"{in_order(chance, fact.question(chance), source.words)} {ask(chance, THEN_WRITE, t=to)}"
    return Episode(request, (*source.rounds, (write(chance, to, fact.value),)), "Done.")


def calculated(chance: Chance) -> Episode:
    """A number, found and calculated with; sometimes the result is written to a file."""
    fact = new_fact(chance, count_of)
    source = source_of(chance, fact, short=chance.odds(0.7))
    sign = chance.pick(tuple(THEN_CALCULATE))
    other = chance.value(count_of)
    worked_out = calculation(chance, sign, fact.value, other)
    result = worked_out.result
    request = f"{in_order(chance, fact.question(chance), source.words)} {ask(chance, THEN_CALCULATE[sign], k=other)}"
    if len(source.rounds) > 1 or chance.odds(0.75):
        return Episode(request, (*source.rounds, (worked_out,)), result, (result,))
    to = chance.value(values.path)
    request += f" {ask(chance, THEN_WRITE, t=to)}"
    return Episode(request, (*source.rounds, (worked_out,), (write(chance, to, result),)), "Done.")


def two_numbers(chance: Chance) -> Episode:
    """Two numbers from two files, added or compared."""
    name = chance.value(attribute)
    one = replace(new_fact(chance, count_of), attribute=name)
    two = replace(new_fact(chance, count_of), attribute=name, form=one.form)
    paths = chance.value(values.path), chance.value(values.path)
    shape = tool_for(chance, FILES["read_file"])
    acts = tuple(
        Act(shape, arguments(shape, path=path), fact.line) for path, fact in zip(paths, (one, two), strict=True)
    )
    known = {"n": one.words, "m": two.words, "p": paths[0], "q": paths[1]}
    if chance.odds(0.6):
        last, ways = calculation(chance, "+", one.value, two.value), TOTAL
    else:
        result = str(max(int(one.value), int(two.value)))
        compare = tool_for(chance, LARGER_TOOL)
        given = arguments(compare, a=one.value, b=two.value)
        last, ways = Act(compare, given, result, inline=True, python=f"max({one.value}, {two.value})"), LARGER
    return Episode(ask(chance, ways, **known), (acts, (last,)), last.result, (last.result,))


def named_file(chance: Chance) -> Episode:
    """A file that names another one, with which something is to be done."""
    family = chance.pick(tuple(NAMED))
    path, other, to = (chance.value(values.path) for _ in range(3))
    shape = tool_for(chance, FILES[family])
    text = chance.pick(("{o}", "The file is {o}", "file: {o}", "{o}", "See {o}")).replace("{o}", other)
    known = {"path": other, **({"to": to} if family == "move_file" else {})}
    act = Act(shape, arguments(shape, **known), chance.pick(("ok", "done", '{"ok": true}', "None")), quiet=True)
    return Episode(ask(chance, NAMED[family], p=path, t=to), ((read(chance, path, text),), (act,)), "Done.")


def act_on(chance: Chance) -> Episode:
    """A thing that is known by its name and handled by its id."""
    verb, noun = chance.pick(VERBS)[0], chance.pick(NOUNS)
    name, known_as = chance.value(subject), chance.value(values.identifier)
    thing = noun.replace(" ", "_")
    key = chance.pick(("id", f"{thing}_id", "code", "number", "ref"))
    find = Task(
        "find",
        (f"find_{thing}", f"get_{thing}_{key}", f"search_{thing}s", f"lookup_{thing}", f"{thing}_by_name"),
        (f"Find the {key} of a {noun} by its name", f"Look up a {noun} by name", f"Returns the {key} of a {noun}"),
        (Slot("name", ("name", "query", "title", noun.split()[0]), (f"Name of the {noun}", "The name")),),
        (),
        (),
    )
    stem = verb.replace(" ", "_")
    do = Task(
        "do",
        (f"{stem}_{thing}", f"{stem}_{thing}", f"{thing}_{stem}"),
        (f"{verb.capitalize()} the {noun} with this {key}", f"{verb.capitalize()} a {noun} by its {key}"),
        (Slot("id", (key,), (f"The {key} of the {noun}", key)),),
        (),
        (),
    )
    finder, doer = tool_for(chance, find), tool_for(chance, do)
    result = chance.pick(("{i}", f'{{"{key}": "{{i}}"}}', f'{{"name": "{{n}}", "{key}": "{{i}}"}}', f"{key}: {{i}}"))
    found = Act(finder, arguments(finder, name=name), put(result, {"i": known_as, "n": name}))
    done = chance.pick(("ok", '{"ok": true}', "done", "success"))
    act = Act(doer, arguments(doer, id=known_as), done, quiet=True)
    request = put(chance.phrasing(ACT_ON), {"V": verb[:1].upper() + verb[1:], "v": verb, "o": noun, "n": fence(name)})
    return Episode(request, ((found,), (act,)), "Done.")


def corrected(chance: Chance) -> Episode:
    """A wrong path: the error names the right one, the folder shows it, or nothing is left but to report."""
    fact = new_fact(chance)
    folder = chance.value(values.folder).rstrip("/")
    right, wrong = slug(chance, fact.subject), slug(chance, fact.subject)
    while wrong == right:
        wrong = f"{right.split('.')[0]}.{chance.pick(('txt', 'md', 'json', 'csv', 'yaml', 'log', 'doc'))}"
    right_path, wrong_path = f"{folder}/{right}", f"{folder}/{wrong}"
    reader = tool_for(chance, FILES["read_file"])
    request = in_order(chance, fact.question(chance), ask(chance, IN_FILE, p=wrong_path))
    first = arguments(reader, path=wrong_path)
    again = Act(reader, arguments(reader, path=right_path), document(chance, fact))
    roll = chance.random.random()
    if roll < 0.35:
        failed = raised(reader, first, chance.pick(HINTS), p=wrong_path, r=right_path)
        return Episode(request, ((failed,), (again,)), fact.value, (fact.value,))
    if roll < 0.7:
        failed = raised(reader, first, chance.pick(ERRORS), p=wrong_path)
        look = listed(chance, folder, right)
        return Episode(request, ((failed,), (look,), (again,)), fact.value, (fact.value,))
    failed = raised(reader, first, chance.pick((*ERRORS, *REFUSALS)), p=wrong_path)
    why = failed.result.removeprefix("Error: ")
    return Episode(request, ((failed,),), f"That did not work: {why}", (why,))


def single(chance: Chance) -> Episode:
    """One errand whose outcome is told, or passed on as it is."""
    shape = any_tool(chance)
    done = errand(chance, shape)
    ended = outcome(chance, done)
    act = Act(shape, done.arguments, ended.result)
    request = polite(chance, done.request)
    if chance.odds(0.3) and ended.result and "\n" not in ended.result:
        request = put(chance.phrasing(TEXT_OF), {"x": request})
        return Episode(request, ((replace(act, inline=True),),), ended.result, (ended.result,))
    return Episode(request, ((act,),), ended.answer, ended.facts)


def both(chance: Chance) -> Episode:
    """Two errands in one request."""
    one, two = single(chance), single(chance)
    first, second = one.rounds[0][0], two.rounds[0][0]
    if first.inline or second.inline or first.shape.task.family == second.shape.task.family:
        return one
    request = put(chance.phrasing(BOTH), {"x": one.request, "y": two.request})
    return Episode(request, ((first, second),), f"{one.answer} {two.answer}", (*one.facts, *two.facts))


def reckoned(chance: Chance) -> Episode:
    """Arithmetic and nothing else."""
    sign = chance.pick(tuple(EXPRESSIONS))
    first, second = chance.value(values.number), chance.value(values.number)
    if sign == "/" and float(second) == 0:
        second = "2"
    act = calculation(chance, sign, first, second)
    request = polite(chance, ask(chance, act.shape.task.phrasings, a=first, b=second))
    return Episode(request, ((act,),), act.result, (act.result,))


def direct(chance: Chance) -> Episode:
    """A request that needs no tool."""
    talk = chance.random.choices((echo, small_talk, help_turn), weights=(60, 25, 15))[0](chance)
    said, check = talk[1]["content"], talk[1]["check"]
    tools = tuple(any_tool(chance) for _ in range(chance.random.choice((1, 1, 2))))
    return Episode(fence(talk[0]["content"]), (), said, check.facts or (said,), extra=tools)


EPISODES: tuple[tuple[Callable[[Chance], Episode], int], ...] = (
    (looked_up, 21),
    (from_keys, 7),
    (saved, 10),
    (calculated, 13),
    (two_numbers, 9),
    (named_file, 6),
    (act_on, 8),
    (corrected, 10),
    (single, 12),
    (both, 6),
    (reckoned, 7),
    (direct, 6),
)


def agent_episode(chance: Chance) -> Episode:
    """Any episode."""
    makers, weights = zip(*EPISODES, strict=True)
    make: Callable[[Chance], Episode] = chance.random.choices(makers, weights=weights)[0]
    return make(chance)
