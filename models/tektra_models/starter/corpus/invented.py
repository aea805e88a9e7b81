"""Tools that nobody has seen: verb, noun and parameters drawn freshly for each dialogue, so that only reading helps."""

from __future__ import annotations

from dataclasses import replace

from tektra_models.starter.corpus import values, words
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import put
from tektra_models.starter.corpus.parameters import Parameter, parameter
from tektra_models.starter.corpus.tasks import Maker, Task

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
scan|examine|go through|read
track|follow|trace|keep track of
calculate|compute|work out|figure out
describe|explain|tell me about|give details of
monitor|watch|observe|keep an eye on
connect|link|attach|hook up
move|shift|relocate|bring
copy|duplicate|clone|replicate
replace|swap|substitute|exchange
extract|pull out|take out|get out
apply|put in force|use|activate
enable|turn on|switch on|activate
disable|turn off|switch off|deactivate
mute|silence|quiet|make silent
set|put|fix|change
log|record|write down|note
invite|ask|call in|add
notify|inform|tell|alert
validate|check|verify|test
summarize|sum up|shorten|give a summary of
translate|put|render|turn
generate|create|produce|make
export|save|write out|put out
import|load|bring in|read in
install|set up|put in|add
pause|hold|suspend|interrupt
resume|continue|go on with|carry on with
extend|prolong|lengthen|renew
transfer|move|send|wire
pay|settle|clear|cover
crop|cut|trim|clip
flip|turn over|mirror|reverse
query|ask|search|look into
close|shut|end|finish
reset|clear|set back|start over
tag|label|mark|flag
ban|block|bar|shut out
rent|hire|lease|get
donate|give|contribute|hand
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

ATTRIBUTES = words.barred("""
status|price|balance|size|age|owner|address|schedule|score|rating|history|version|location|capacity|temperature|duration
phone number|opening hours|weight|color|author|date|name|length|height|speed|level|limit|total|cost|weather|forecast
population|capital|value|rate|stock|availability|details|description|members|items|comments|reviews|lyrics|ingredients
calories|departure|arrival|delay|result|progress|temperature|humidity|distance|area|currency|language|email|birthday
salary|role|manager|deadline|priority|label|contents|columns|rows|lines|logs|errors|metrics|usage|uptime|memory|settings
""")
ASKED_OF = (
    "What is the {attr} of {o}?",
    "what's the {attr} of {o}",
    "Tell me the {attr} of {o}.",
    "{attr} of {o}",
    "Show me the {attr} of {o}.",
    "I need the {attr} for {o}",
    "What {attr} does {o} have?",
    "check the {attr} of {o}",
    "give me {o}'s {attr}",
    "How is the {attr} of {o}?",
    "get the {attr} for {o}",
    "Do you know the {attr} of {o}?",
    "{o}: {attr}?",
    "find out the {attr} of {o}",
    "look up the {attr} of {o}",
    "Which {attr} has {o}?",
    "can I see the {attr} of {o}",
    "What about the {attr} of {o}?",
)
TELLS_OF = (
    "{Attr} of a {noun}",
    "Get the {attr} of a {noun}",
    "Returns the {attr} of the {noun}",
    "Look up the {attr} of one {noun}",
    "Tell the {attr} of a {noun}",
    "The current {attr} of a {noun}",
    "Find out a {noun}'s {attr}",
    "Show {attr}",
)
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
    "{Other} {a} {noun}",
    "{Other} the {noun}",
    "{Other} {noun}s of the user",
    "{Verb} {a} {noun} by {p}",
    "{Verb} {a} {noun} with the given {p}",
)


def thing_name(chance: Chance) -> str:
    """What the tool is about: a noun, often with a word before it, now and then made up."""
    roll = chance.random.random()
    if roll < 0.08:
        return chance.value(values.syllables)
    noun = chance.pick(NOUNS)
    return f"{chance.value(values.plain_word)} {noun}" if roll < 0.4 else noun


def article(noun: str) -> str:
    """The fitting indefinite article."""
    return "an" if noun[:1] in "aeiou" else "a"


def requests(chance: Chance, verb: tuple[str, ...], noun: str, mentions: list[tuple[Parameter, bool]]) -> str:
    """One way to ask, with the optional mentions in brackets."""
    asked = verb[0] if chance.odds(0.62) else chance.pick(verb)
    order = chance.sample(mentions, len(mentions)) if chance.odds(0.3) else mentions
    first = order[0][0] if order and not order[0][1] else None
    value = f"{{{first.slot.key}}}" if first else ""
    named = f"{chance.pick((article(noun), 'the', 'the', 'my', 'one', 'that', 'our'))} {noun}"
    roll = chance.random.random()
    if first and first.direct and roll < 0.4:
        named = chance.pick((f"{noun} {value}", f"the {noun} {value}", value, value, value))
        order = order[1:]
    elif roll > 0.94:
        named = chance.pick((f"{noun}s", noun, "it", f"this {noun}"))
    tail = "".join(f"[ {one.mention}]" if optional else f" {one.mention}" for one, optional in order)
    text = f"{asked} {named}{tail}"
    if order and not order[-1][1] and len(order) > 1 and chance.odds(0.12):
        last = order[-1][0].mention
        text = f"{last[:1].upper()}{last[1:]}, {text.removesuffix(' ' + last)}"
    elif len(order) > 1 and chance.odds(0.25):
        text = text.replace(f" {order[-1][0].mention}", f" and {order[-1][0].mention}") if not order[-1][1] else text
    text = text.replace(" : {", ": {").replace("and : {", ": {").replace("and and", "and")
    return chance.pick((f"{text[:1].upper()}{text[1:]}.", text, f"{text[:1].upper()}{text[1:]}"))


def results(noun: str) -> tuple[tuple[str, str], ...]:
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
        ('{"id": "{id2}", "{w}": {x}, "date": "{day}"}', "The id is {id2}, the {w} is {x} and the date is {day}."),
        ('{"items": ["{f1}", "{f2}"]}', "There are {f1} and {f2}."),
        ("{who}, {city2}, {m}", "It is {who}, {city2}, {m}."),
        ('{"{w}": "{phrase2}", "time": "{time2}"}', "The {w} is {phrase2} and the time is {time2}."),
    )


def inquiry(chance: Chance) -> Task:
    """A new kind of tool that tells one thing about another: the balance of an account, the delay of a train."""
    noun, attribute = thing_name(chance), chance.pick(ATTRIBUTES)
    asked_for = parameter(chance, "v0", "get", noun)
    while asked_for.slot.type in {"boolean", "array"} or asked_for.slot.enum:
        asked_for = parameter(chance, "v0", "get", noun)
    more = parameter(chance, "v1", "get", noun) if chance.odds(0.3) else None
    if more and more.slot.names[0] == asked_for.slot.names[0]:
        more = None
    optional = chance.odds(0.6)
    thing, about = noun.replace(" ", "_"), attribute.replace(" ", "_")
    last = thing.rpartition("_")[2]
    names = (
        f"{thing}_{about}",
        f"get_{thing}_{about}",
        f"{about}_of_{last}",
        f"lookup_{about}",
        f"{last}_{about}",
        about,
    )
    said = {"attr": attribute, "Attr": attribute.capitalize(), "noun": noun}
    ways = []
    for _ in range(3):
        direct = chance.pick(("{v0}", "{v0}", f"{noun} {{v0}}", f"the {noun} {{v0}}", f"{last} {{v0}}"))
        text = put(chance.phrasing(ASKED_OF), {"attr": attribute, "o": direct})
        if more:
            tail = f"[ {more.mention}]" if optional else f" {more.mention}"
            text = f"{text.rstrip('?.')}{tail}{chance.pick(('', '?'))}"
        ways.append(text)
    slots = (asked_for.slot, *((replace(more.slot, optional=optional),) if more else ()))
    makers: dict[str, Maker] = {"v0": asked_for.make, **({"v1": more.make} if more else {})}
    told = (
        ('{"{a}": {m}}', f"The {attribute} is {{m}}."),
        ("{m}", f"The {attribute} is {{m}}."),
        ("{phrase2}", f"The {attribute} is {{phrase2}}."),
        ('{"{a}": "{w}", "{w2}": {x}}', f"The {attribute} is {{w}}."),
        ("{who}", f"The {attribute}: {{who}}."),
        ('{"{a}": "{phrase2}"}', f"The {attribute} of the {noun} is {{phrase2}}."),
    )
    results_of = tuple((result.replace("{a}", about).replace("{w2}", "value"), answer) for result, answer in told)
    description = chance.pick(TELLS_OF).format(**said)
    return Task(f"get {noun} {attribute}", names, (description,), slots, tuple(ways), results_of, makers)


def invent(chance: Chance, verb: tuple[str, ...] | None = None, noun: str | None = None) -> Task:
    """A new kind of tool; verb or noun can be given, to make tools that are easily confused."""
    if verb is None and noun is None and chance.odds(0.22):
        return inquiry(chance)
    verb, noun = verb or chance.pick(VERBS), noun or thing_name(chance)
    mentions: list[tuple[Parameter, bool]] = []
    for place in range(chance.random.choices((0, 1, 2, 3, 4), weights=(4, 38, 34, 17, 7))[0]):
        made = parameter(chance, f"v{place}", verb[0], noun)
        for _ in range(3):
            if made.slot.names[0] not in {known.slot.names[0] for known, _ in mentions}:
                break
            made = parameter(chance, f"v{place}", verb[0], noun)
        mentions.append((made, place > 0 and chance.odds(0.35)))
    slots = tuple(replace(made.slot, optional=optional) for made, optional in mentions)
    makers: dict[str, Maker] = {made.slot.key: made.make for made, _ in mentions}
    stem, object_name = verb[0].replace(" ", "_"), noun.replace(" ", "_")
    last = object_name.rpartition("_")[2]
    names = (
        f"{stem}_{object_name}",
        f"{stem}_{object_name}",
        f"{stem}_{object_name}",
        f"{stem}_{last}",
        f"{stem}_{object_name}s",
        f"{object_name}_{stem}",
        stem,
        f"{verb[1].replace(' ', '_')}_{last}",
    )
    said = {"verb": verb[0], "Verb": verb[0].capitalize(), "noun": noun, "a": article(noun)}
    said |= {"Other": chance.pick(verb).capitalize(), "p": slots[0].names[0].replace("_", " ") if slots else "name"}
    ways = tuple(requests(chance, verb, noun, mentions) for _ in range(3))
    descriptions = (chance.pick(SAYINGS).format(**said),)
    return Task(f"{verb[0]} {noun}", names, descriptions, slots, ways, results(noun), makers)
