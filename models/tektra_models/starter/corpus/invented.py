"""Tools that nobody has seen: verb, noun and parameters drawn freshly for each dialogue, so that only reading helps."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tektra_models.starter.corpus import values, words
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.tasks import Maker, Slot, Task

# The first word gives names and descriptions, the others are how else people say it.
VERB_LINES = """
create|make|add|set up|open
delete|remove|erase|drop|get rid of
get|show|fetch|give me|look up
update|change|edit|modify|adjust
list|show all|give me all|enumerate
find|search|look for|locate|seek
send|deliver|transmit|forward|pass on
start|launch|run|begin|kick off
stop|halt|end|terminate|shut down
check|verify|test|inspect|look at
count|tally|count up|number
convert|turn|transform|change over
compress|shrink|pack|squeeze
upload|put up|push up|transfer
download|pull down|grab|save
schedule|plan|arrange|set a date for
cancel|call off|abort|revoke
book|reserve|order|get me
rename|retitle|give a new name to
print|output|put on paper
merge|combine|join|unite
split|divide up|cut up|separate
sort|order by size|arrange in order|put in order
lock|secure|close up|seal
unlock|release|free|unseal
share|publish|give out|hand out
archive|store away|file away|put away
restore|bring back|recover|undo the deletion of
approve|accept|sign off|confirm
reject|refuse|deny|turn down
assign|allot|hand over|give
measure|gauge|determine the size of
paint|color|draw over
clean|tidy|clear|wash
repair|fix|mend|patch up
water|irrigate|sprinkle
feed|give food to|nourish
play|start playing|put on
record|capture|log|note down
analyze|examine|study|break down
estimate|guess|approximate|work out
rate|score|grade|give a mark to
buy|purchase|acquire|pay for
sell|trade away|put on sale
rotate|turn around|spin
resize|scale|change the size of
render|draw|visualize|plot
deploy|roll out|ship|release to production
restart|reboot|start again
encrypt|scramble|encode|make unreadable
hash|fingerprint|digest
subscribe|sign up for|follow
"""
VERBS = tuple(tuple(line.split("|")) for line in VERB_LINES.strip().splitlines())

NOUNS = words.barred("""
invoice|ticket|user|order|report|account|room|table|playlist|song|image|photo|video|document|note|task|event|meeting
booking|flight|train|parcel|package|shipment|customer|contact|lead|deal|payment|refund|subscription|coupon|product
cart|review|comment|post|article|page|site|server|container|cluster|database|backup|snapshot|branch|commit|issue
pull request|pipeline|job|queue|worker|log|metric|alert|incident|sensor|lamp|door|window|heater|thermostat|camera
robot|drone|car|bike|battery|engine|plant|garden|animal|dog|cat|horse|recipe|meal|menu|workout|patient|appointment
prescription|student|course|exam|lesson|book|loan|member|team|project|contract|employee|shift|salary|expense|budget
warehouse|machine|printer|label|map|route|trip|hotel|city guide|poll|survey|question|game|player|match|score|level
avatar|badge|channel|message|thread|folder|archive|dataset|column|chart|dashboard|model|token|key|password|certificate
domain|address|color palette|font
""")

SAYINGS = (
    "{Verb} {a} {noun}",
    "{Verb} {a} {noun} in the system",
    "Use this to {verb} {a} {noun}",
    "Tool to {verb} {noun}s",
    "{Verb} the given {noun}",
    "{Verb} one {noun} of the user",
    "Lets you {verb} {a} {noun}",
    "{Verb} {noun}s. Returns JSON",
    "{Verb} {a} {noun} and return the result",
)


@dataclass(frozen=True)
class Kind:
    """A kind of parameter: names, JSON type, fresh values, and how a request mentions it."""

    names: tuple[str, ...]
    make: Maker
    mentions: tuple[str, ...]
    type: str = "string"
    description: str = ""


KINDS: tuple[Kind, ...] = (
    Kind(
        ("name", "title", "label"),
        values.phrase,
        ("called {v}", "named {v}", "with the name {v}", "titled {v}", "by the name of {v}", "known as {v}"),
        description="Name",
    ),
    Kind(
        ("id", "identifier", "code", "number", "ref"),
        values.identifier,
        ("{v}", "with id {v}", "number {v}", "with the code {v}", "(id {v})", "id {v}"),
        description="Identifier",
    ),
    Kind(
        ("path", "file", "file_path", "filename"),
        values.path,
        ("from {v}", "in {v}", "at {v}", "using the file {v}", "with {v}", "with the file {v}"),
        description="Path of a file",
    ),
    Kind(
        ("city", "location", "place", "region"),
        values.place,
        ("in {v}", "for {v}", "at {v}", "located in {v}", "near {v}", "around {v}"),
        description="Place",
    ),
    Kind(
        ("user", "person", "owner", "assignee", "customer"),
        values.person,
        ("for {v}", "of {v}", "by {v}", "belonging to {v}", "on behalf of {v}", "owned by {v}"),
        description="A person",
    ),
    Kind(
        ("email", "address", "recipient"),
        values.email,
        ("to {v}", "for {v}", "with the address {v}", "and mail it to {v}", "with email {v}", "going to {v}"),
        description="Mail address",
    ),
    Kind(
        ("url", "link", "website"),
        values.url,
        ("from {v}", "at {v}", "with the link {v}", "using {v}", "on {v}", "pointing to {v}"),
        description="Web address",
    ),
    Kind(
        ("date", "day", "due_date", "deadline"),
        values.date,
        ("on {v}", "for {v}", "by {v}", "dated {v}", "due {v}", "as of {v}"),
        description="Date",
    ),
    Kind(
        ("time", "start_time", "hour"),
        values.clock,
        ("at {v}", "from {v} on", "starting {v}", "around {v}", "for {v}", "at the time {v}"),
        description="Time of day",
    ),
    Kind(
        ("text", "message", "content", "comment", "description"),
        values.sentence,
        ("saying {v}", "with the text {v}", "that says {v}", "reading {v}", "with the message {v}", "and the text {v}"),
        description="Text",
    ),
    Kind(
        ("query", "keyword", "term", "tag", "topic"),
        values.word,
        ("about {v}", "matching {v}", "for {v}", "with the tag {v}", "with the keyword {v}", "on the topic {v}"),
        description="Search word",
    ),
    Kind(
        ("count", "limit", "quantity", "amount", "copies"),
        values.small,
        ("{v} times", "with a limit of {v}", "at most {v}", "in a quantity of {v}", "with count {v}", "up to {v}"),
        "integer",
        "How many",
    ),
    Kind(
        ("price", "value", "rate", "factor", "weight"),
        values.decimal,
        ("at {v}", "for {v}", "worth {v}", "with a value of {v}", "with {v}", "valued at {v}"),
        "number",
        "A number",
    ),
    Kind(
        ("width", "height", "size", "level", "percent", "volume"),
        values.integer,
        ("with size {v}", "at {v}", "set to {v}", "of {v}", "to {v}", "at level {v}"),
        "integer",
        "Size",
    ),
    Kind(
        ("color", "colour"),
        values.color,
        ("in {v}", "colored {v}", "with the color {v}", "in the color {v}", "painted {v}", "of color {v}"),
        description="Color",
    ),
    Kind(
        ("language", "lang"),
        values.language,
        ("in {v}", "for {v}", "into {v}", "with the language {v}", "written in {v}", "using {v}"),
        description="Language",
    ),
    Kind(
        ("folder", "directory", "destination", "output"),
        values.folder,
        ("to {v}", "into {v}", "under {v}", "and put it in {v}", "in the folder {v}", "within {v}"),
        description="Folder",
    ),
)
SPELLED = (
    "with {p} {v}",
    "{p} {v}",
    "with {v} as {p}",
    "{p}: {v}",
    "whose {p} is {v}",
    "and set {p} to {v}",
    "with the {p} {v}",
    "using {v} as the {p}",
    "with {p} = {v}",
    "where the {p} is {v}",
    "({p} {v})",
    "and a {p} of {v}",
)
SWITCHES = ("{p} {v}", "with {p} {v}", "{p} = {v}", "and set {p} to {v}", "with {p} set to {v}", "{p}: {v}")
PLAIN_TYPES: tuple[tuple[str, Maker], ...] = (
    ("string", values.word),
    ("string", values.phrase),
    ("integer", values.integer),
    ("number", values.decimal),
    ("string", values.identifier),
    ("integer", values.small),
    ("string", values.person),
    ("string", values.file_name),
)


def one_of(options: tuple[str, ...]) -> Maker:
    """A maker that picks from a closed set."""
    return lambda random: random.choice(options)


def spelled(name: str) -> str:
    """A parameter's name as one says it."""
    return name.replace("_", " ")


def free_name(random: Random) -> str:
    """A parameter name without a known meaning."""
    return "_".join(values.word(random) for _ in range(random.choice((1, 1, 2))))


def parameter(chance: Chance, key: str) -> tuple[Slot, Maker, str]:
    """A parameter, its values, and the words that mention it (still with its braces)."""
    roll = chance.random.random()
    if roll < 0.55:
        kind = chance.pick(KINDS)
        name = chance.pick(kind.names)
        mention = chance.phrasing(kind.mentions if chance.odds(0.75) else SPELLED)
        slot = Slot(key, (name,), (kind.description, f"{kind.description} of the thing"), kind.type)
        return slot, kind.make, mention.replace("{p}", spelled(name)).replace("{v}", f"{{{key}}}")
    name = chance.value(free_name)
    if roll < 0.67:
        options = tuple({chance.value(values.word) for _ in range(chance.random.randint(2, 5))})
        mention = chance.phrasing(SPELLED)
        return (
            Slot(key, (name,), (f"The {spelled(name)}",), enum=tuple(sorted(options))),
            one_of(tuple(sorted(options))),
            fit(mention, name, key),
        )
    if roll < 0.75:
        switch = one_of(("on", "off", "yes", "no", "true", "false"))
        return (
            Slot(key, (name,), (f"Whether {spelled(name)}",), "boolean"),
            switch,
            fit(chance.phrasing(SWITCHES), name, key),
        )
    kind_type, make = chance.pick(PLAIN_TYPES)
    return (
        Slot(key, (name,), (f"The {spelled(name)}", spelled(name)), kind_type),
        make,
        fit(chance.phrasing(SPELLED), name, key),
    )


def fit(mention: str, name: str, key: str) -> str:
    """A mention for this parameter."""
    return mention.replace("{p}", spelled(name)).replace("{v}", f"{{{key}}}")


def thing_name(chance: Chance) -> str:
    """What the tool is about: a noun, often with a word before it, sometimes made up."""
    roll = chance.random.random()
    if roll < 0.2:
        return chance.value(values.syllables)
    noun = chance.pick(NOUNS)
    return f"{chance.value(values.word)} {noun}" if roll < 0.5 else noun


def article(noun: str) -> str:
    """The fitting indefinite article."""
    return "an" if noun[:1] in "aeiou" else "a"


def requests(chance: Chance, verb: tuple[str, ...], noun: str, mentions: list[tuple[str, bool]]) -> str:
    """One way to ask, with the optional mentions in brackets."""
    asked = verb[0] if chance.odds(0.6) else chance.pick(verb)
    order = chance.sample(mentions, len(mentions)) if chance.odds(0.3) else mentions
    tail = "".join(f"[ {mention}]" if optional else f" {mention}" for mention, optional in order)
    determiner = chance.pick((article(noun), "the", "the", "my", "one", "that"))
    text = f"{asked} {determiner} {noun}{tail}"
    return chance.pick((f"{text[:1].upper()}{text[1:]}.", text, f"{text[:1].upper()}{text[1:]}"))


def results(noun: str, verb: str) -> tuple[tuple[str, str], ...]:
    """What such a tool gives back, and how to tell it."""
    return (
        ('{"ok": true}', "Done."),
        ('{"status": "{w}"}', f"The status of the {noun} is {{w}}."),
        ('{"id": "{id2}"}', f"Done; the {noun} has the id {{id2}}."),
        ('{"{w}": {m}}', "The {w} is {m}."),
        ('{"count": {n}, "status": "{w}"}', "The count is {n} and the status is {w}."),
        ("{text}", "The tool says: {text}"),
        ('{"name": "{phrase2}", "owner": "{who}"}', "The name is {phrase2} and the owner is {who}."),
        ("{n} {w}", "The result is {n} {w}."),
        ('{"result": "{phrase2}"}', "The result is {phrase2}."),
        ('{"date": "{day}", "place": "{city2}"}', "It is on {day} in {city2}."),
        ("done", f"The {noun} is taken care of."),
        ('{"file": "{f1}"}', "The file is {f1}."),
        ('{"price": {x}, "{w}": "{who}"}', "The price is {x}, and the {w} is {who}."),
    )


def invent(chance: Chance, verb: tuple[str, ...] | None = None, noun: str | None = None) -> Task:
    """A new kind of tool; verb or noun can be given, to make tools that are easily confused."""
    verb, noun = verb or chance.pick(VERBS), noun or thing_name(chance)
    slots: list[Slot] = []
    makers: dict[str, Maker] = {}
    mentions: list[tuple[str, bool]] = []
    for place in range(chance.random.choices((0, 1, 2, 3, 4), weights=(4, 44, 34, 13, 5))[0]):
        slot, make, mention = parameter(chance, f"v{place}")
        optional = place > 0 and chance.odds(0.3)
        slots.append(Slot(slot.key, slot.names, slot.descriptions, slot.type, slot.enum, optional))
        makers[slot.key] = make
        mentions.append((mention, optional))
    stem, object_name = verb[0].replace(" ", "_"), noun.replace(" ", "_")
    names = (f"{stem}_{object_name}", f"{stem}_{object_name}", f"{stem}_{object_name}s", f"{object_name}_{stem}", stem)
    said = {"verb": verb[0], "Verb": verb[0].capitalize(), "noun": noun, "a": article(noun)}
    ways = tuple(requests(chance, verb, noun, mentions) for _ in range(3))
    return Task(
        f"{verb[0]} {noun}",
        names,
        (chance.pick(SAYINGS).format(**said),),
        tuple(slots),
        ways,
        results(noun, verb[0]),
        makers,
    )
