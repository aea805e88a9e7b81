"""Parameters of invented tools: what they may be called, what values they take, and how a request mentions them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tektra_models.starter.corpus import values, words
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.tasks import Maker, Slot


@dataclass(frozen=True)
class Kind:
    """A kind of parameter: names, words that may stand before a name, fresh values, mentions and descriptions."""

    names: tuple[str, ...]
    make: Maker
    mentions: tuple[str, ...]
    descriptions: tuple[str, ...]
    type: str = "string"
    before: tuple[str, ...] = ()
    direct: bool = False  # the value may follow the noun without any word between them


@dataclass(frozen=True)
class Parameter:
    """A parameter of one tool, the maker of its values, and its mention with the value in braces."""

    slot: Slot
    make: Maker
    mention: str
    direct: bool = False


def listed(random: Random) -> str:
    """Several values, as a list that `typed` can split."""
    make = random.choice((values.word, values.word, values.person, values.identifier, values.file_name))
    return ", ".join({make(random): None for _ in range(random.randint(2, 3))})


def amount(random: Random) -> str:
    """A sum of money."""
    return values.decimal(random) if random.random() < 0.5 else values.integer(random)


def host(random: Random) -> str:
    """A host name or an address."""
    if random.random() < 0.7:
        return values.domain(random)
    return ".".join(str(random.randint(1, 254)) for _ in range(4))


def handle(random: Random) -> str:
    """A name as computers have them: web-01, user_service, main."""
    parts = [values.word(random) for _ in range(random.choice((1, 1, 2)))]
    tail = random.choice(("", "", f"-{random.randint(1, 99):02}", str(random.randint(1, 9))))
    return random.choice(("-", "_", "-")).join(parts) + tail


def code(random: Random) -> str:
    """What things are numbered with: a number plate, a version, a hash, an account, a colour in hexadecimal."""
    letters = "".join(random.choices("ABCDEFGHKLMNPRSTUVWXYZ", k=random.randint(1, 3)))
    digits = str(random.randint(10, 99999))
    return random.choice(
        (
            f"{letters}-{random.choice('ABCDEFGHK')}{random.choice('LMNPRST')} {random.randint(1, 9999)}",
            f"{random.randint(1, 99)}-{random.randint(10**5, 10**9)}",
            f"v{random.randint(0, 20)}.{random.randint(0, 30)}.{random.randint(0, 9)}",
            f"{random.randint(0, 20)}.{random.randint(0, 30)}.{random.randint(0, 9)}",
            "".join(random.choices("0123456789abcdef", k=7)),
            "#" + "".join(random.choices("0123456789abcdef", k=6)),
            f"{values.word(random)[: random.randint(2, 4)]}_{digits}",
            f"{letters}{digits}",
            f"{letters[0]}-{digits}",
            f"{letters}{random.randint(10, 99)} {random.randint(1000, 9999)} {random.randint(1000, 9999)}",
        )
    )


def moment(random: Random) -> str:
    """A day with a time, as people write it."""
    day = random.choice((values.date, values.date, values.day))(random)
    return random.choice(
        (f"{day} {values.clock(random)}", f"{day} {values.clock(random)}", f"{values.clock(random)} {day}")
    )


def period(random: Random) -> str:
    """A span of time as people write it."""
    return random.choice(("today", "yesterday", "last week", "this month", "last month", "this year", "Q1", "Q3"))


def phone(random: Random) -> str:
    """A telephone number."""
    return f"+{random.randint(1, 99)}{random.randint(100, 999)}{random.randint(1000, 9999999)}"


KINDS: tuple[Kind, ...] = (
    Kind(
        ("name", "title", "label", "display_name", "headline"),
        values.phrase,
        ("called {v}", "named {v}", "with the name {v}", "titled {v}", "by the name of {v}", "known as {v}"),
        ("Name", "Name of the {noun}", "What to call it", "The {noun}'s name", "Title"),
        before=("", "", "new", "full", "project", "team", "{noun}", "{noun}"),
    ),
    Kind(
        ("id", "id", "identifier", "code", "number", "ref", "reference", "no", "key"),
        values.identifier,
        ("{v}", "with id {v}", "number {v}", "with the code {v}", "(id {v})", "id {v}", "{v}", "#{v}"),
        ("Identifier", "ID of the {noun}", "The {noun}'s number", "Which {noun}", "Reference code", "{Noun} ID"),
        before=("", "{noun}", "{noun}", "{noun}", "order", "item", "customer"),
        direct=True,
    ),
    Kind(
        ("id", "number", "no", "pid", "index", "version", "port", "year", "row", "page"),
        values.integer,
        ("{v}", "number {v}", "with number {v}", "{p} {v}", "#{v}", "with the {p} {v}", "{v}"),
        ("Number of the {noun}", "The {spelled}", "Which {noun}", "Numeric {spelled}"),
        "integer",
        ("", "", "{noun}"),
        direct=True,
    ),
    Kind(
        ("name", "service", "host", "branch", "target", "source", "device", "server", "id", "table", "app", "repo"),
        handle,
        ("{v}", "{p} {v}", "on {v}", "of {v}", "for {v}", "in {v}", "on the {p} {v}", "from {v}"),
        ("Name of the {spelled}", "The {spelled}", "Which {spelled}", "The {spelled} to {verb}", "{Spelled} name"),
        before=("", "", "", "{noun}", "target", "source"),
        direct=True,
    ),
    Kind(
        ("path", "file", "file_path", "filename", "input_file", "source", "image_path", "document"),
        values.path,
        ("from {v}", "in {v}", "at {v}", "using the file {v}", "with {v}", "with the file {v}", "{v}", "the file {v}"),
        ("Path of a file", "The file", "Path to the {noun}", "File to {verb}", "Input file", "Where the {noun} is"),
        before=("", "", "", "{noun}", "input"),
        direct=True,
    ),
    Kind(
        ("folder", "directory", "destination", "output_dir", "target_dir", "output", "workspace"),
        values.folder,
        ("to {v}", "into {v}", "under {v}", "and put it in {v}", "in the folder {v}", "within {v}", "in {v}"),
        ("Folder", "Where it goes", "Target folder", "The directory to use", "Output directory"),
    ),
    Kind(
        ("city", "location", "place", "region", "destination", "origin", "station", "airport", "town"),
        values.place,
        ("in {v}", "for {v}", "at {v}", "located in {v}", "near {v}", "around {v}", "in {v}"),
        ("Place", "The city", "Name of the {spelled}", "Where", "City to {verb} in", "The {spelled}"),
        before=("", "", "", "delivery", "home"),
    ),
    Kind(
        ("to", "destination", "arrival", "to_city", "to_station", "end"),
        values.place,
        ("to {v}", "going to {v}", "heading to {v}", "with destination {v}", "bound for {v}", "to {v}"),
        ("Where to", "Destination", "The place to go to", "Arrival place"),
    ),
    Kind(
        ("from", "origin", "departure", "from_city", "from_station", "start"),
        values.place,
        ("from {v}", "starting in {v}", "leaving from {v}", "out of {v}", "departing from {v}", "from {v}"),
        ("Where from", "Origin", "The place to start from", "Departure place"),
    ),
    Kind(
        ("user", "person", "owner", "assignee", "customer", "author", "employee", "name", "artist", "guest", "patient"),
        values.person,
        ("for {v}", "of {v}", "by {v}", "belonging to {v}", "on behalf of {v}", "owned by {v}", "{p} {v}", "to {v}"),
        ("A person", "Name of the {spelled}", "Who", "The {spelled}", "Person to {verb} for", "Full name"),
        before=("", "", "", "{noun}"),
    ),
    Kind(
        ("email", "address", "recipient", "email_address", "to", "contact"),
        values.email,
        ("to {v}", "for {v}", "with the address {v}", "and mail it to {v}", "with email {v}", "going to {v}"),
        ("Mail address", "Email of the user", "Email address", "Where to send it", "The recipient's address"),
        before=("", "", "user", "customer"),
    ),
    Kind(
        ("url", "link", "website", "endpoint", "address", "feed", "webhook"),
        values.url,
        ("from {v}", "at {v}", "with the link {v}", "using {v}", "on {v}", "pointing to {v}", "{v}", "for {v}"),
        ("Web address", "URL", "The address of the {noun}", "Link", "Full URL to {verb}"),
        before=("", "", "", "{noun}", "target"),
        direct=True,
    ),
    Kind(
        ("domain", "host", "hostname", "server", "ip", "site"),
        host,
        ("for {v}", "on {v}", "of {v}", "at {v}", "{v}", "from {v}", "under {v}"),
        ("Domain name", "The host", "Host name or address", "Which site", "Server to {verb}"),
        direct=True,
    ),
    Kind(
        ("date", "day", "due_date", "deadline", "start_date", "end_date", "check_in", "since"),
        values.date,
        ("on {v}", "for {v}", "by {v}", "dated {v}", "due {v}", "as of {v}", "on {v}", "since {v}"),
        ("Date", "Date as YYYY-MM-DD", "When", "The {spelled}", "Day of the {noun}"),
        before=("", "", "", "{noun}"),
    ),
    Kind(
        ("day", "date", "when", "weekday"),
        values.day,
        ("on {v}", "for {v}", "{v}", "by {v}", "this {v}", "next {v}"),
        ("Day", "When", "Day of the {noun}", "Which day"),
    ),
    Kind(
        ("start", "end", "when", "datetime", "start_time", "new_time", "departure", "until", "at"),
        moment,
        ("on {v}", "at {v}", "to {v}", "for {v}", "{v}", "by {v}", "from {v}", "until {v}"),
        ("Date and time", "When", "The new time", "Start of the {noun}", "The {spelled}"),
        before=("", "", "new", "{noun}"),
    ),
    Kind(
        (
            "version",
            "tag",
            "license_plate",
            "isbn",
            "sku",
            "serial",
            "hash",
            "commit",
            "color_code",
            "tracking_number",
            "account",
            "iban",
            "invoice_number",
            "code",
            "id",
        ),
        code,
        ("{v}", "with {p} {v}", "{p} {v}", "for {v}", "as {v}", "of {v}", "to {v}", "on {v}"),
        ("The {spelled}", "{Spelled} of the {noun}", "Which {noun}", "The {noun}'s {spelled}", "{Spelled}"),
        before=("", "", "", "{noun}"),
        direct=True,
    ),
    Kind(
        ("period", "range", "time_range", "month", "timeframe"),
        period,
        ("for {v}", "of {v}", "from {v}", "over {v}", "covering {v}", "{v}"),
        ("Period", "Time range", "Which period", "The {spelled}"),
    ),
    Kind(
        ("time", "start_time", "hour", "at", "end_time"),
        values.clock,
        ("at {v}", "from {v} on", "starting {v}", "around {v}", "for {v}", "at the time {v}", "at {v}"),
        ("Time of day", "When", "Time as HH:MM", "The {spelled}"),
    ),
    Kind(
        ("text", "message", "content", "comment", "description", "body", "note", "reason", "question", "summary"),
        values.sentence,
        (
            "saying {v}",
            "with the text {v}",
            "that says {v}",
            "reading {v}",
            "with the message {v}",
            "and the text {v}",
            ": {v}",
            "with the {p} {v}",
        ),
        ("Text", "What to say", "The {spelled}", "Text of the {noun}", "Body"),
        before=("", "", "", "{noun}"),
    ),
    Kind(
        ("query", "keyword", "term", "tag", "topic", "subject", "search", "genre", "category", "ingredient", "product"),
        values.word,
        ("about {v}", "matching {v}", "for {v}", "tagged {v}", "with the keyword {v}", "on {v}", "with {v}", "{p} {v}"),
        ("Search word", "What to look for", "The {spelled}", "{Spelled} to {verb} by", "The {noun}'s {spelled}"),
    ),
    Kind(
        ("query", "search_term", "q", "text", "pattern", "phrase"),
        values.phrase,
        ("about {v}", "matching {v}", "for {v}", "with the words {v}", "that mention {v}", "containing {v}"),
        ("Search words", "What to look for", "The {spelled}", "Text to find"),
    ),
    Kind(
        (
            "count",
            "limit",
            "quantity",
            "amount",
            "copies",
            "guests",
            "people",
            "replicas",
            "seats",
            "number",
            "servings",
        ),
        values.small,
        (
            "{v} times",
            "with a limit of {v}",
            "at most {v}",
            "in a quantity of {v}",
            "for {v} {p}",
            "up to {v}",
            "with {v} {p}",
            "{v} {p}",
        ),
        ("How many", "Number of {spelled}", "The {spelled}", "Maximum number", "How many to {verb}"),
        "integer",
        ("", "", "", "max", "num", "min"),
    ),
    Kind(
        ("minutes", "seconds", "hours", "days", "weeks", "months", "years", "nights"),
        values.small,
        ("for {v} {p}", "within {v} {p}", "in {v} {p}", "{v} {p}", "of {v} {p}", "at most {v} {p}", "after {v} {p}"),
        ("How long, in {spelled}", "Number of {spelled}", "Length in {spelled}", "Duration"),
        "integer",
        ("", "", "", "max", "duration", "timeout", "delay"),
    ),
    Kind(
        ("price", "amount", "total", "value", "budget", "cost", "fee", "salary"),
        amount,
        (
            "at {v}",
            "for {v} euros",
            "worth {v}",
            "of {v} dollars",
            "of {v}",
            "over {v}",
            "for ${v}",
            "up to {v}",
            "with a {p} of {v}",
        ),
        ("Amount of money", "The {spelled}", "How much", "{Spelled} in euros", "Sum"),
        "number",
        ("", "", "", "max", "min", "total"),
    ),
    Kind(
        ("rate", "factor", "weight", "temperature", "distance", "score", "threshold", "speed", "length", "scale"),
        values.decimal,
        ("at {v}", "by {v}", "with a {p} of {v}", "with {v}", "to {v}", "of {v}", "{p} {v}", "by a factor of {v}"),
        ("The {spelled}", "A number", "{Spelled} to use", "Value"),
        "number",
        ("", "", "", "max", "min", "target"),
    ),
    Kind(
        (
            "weight_kg",
            "distance_km",
            "amount_ml",
            "width_px",
            "height_cm",
            "temperature_c",
            "size_mb",
            "power_watts",
            "angle_degrees",
        ),
        values.integer,
        ("of {v} {u}", "{v} {u}", "at {v} {u}", "to {v} {u}", "with {v} {u}", "by {v} {u}"),
        ("The {spelled}", "How much, in {u}", "Value in {u}"),
        "number",
    ),
    Kind(
        (
            "width",
            "height",
            "size",
            "level",
            "percent",
            "volume",
            "brightness",
            "quality",
            "angle",
            "priority",
            "depth",
        ),
        values.integer,
        ("to {p} {v}", "at {v}", "set to {v}", "of {v}", "to {v}", "at {p} {v}", "with {p} {v}", "{p} {v}", "to {v}%"),
        ("The {spelled}", "{Spelled} to set", "New {spelled}", "{Spelled} of the {noun}"),
        "integer",
        ("", "", "", "new", "target"),
    ),
    Kind(
        ("color", "colour", "background", "theme_color"),
        values.color,
        ("in {v}", "colored {v}", "with the color {v}", "in the color {v}", "painted {v}", "to {v}"),
        ("Color", "The {spelled}", "Color of the {noun}"),
    ),
    Kind(
        ("language", "lang", "target_language", "locale"),
        values.language,
        ("in {v}", "for {v}", "into {v}", "with the language {v}", "written in {v}", "to {v}"),
        ("Language", "The {spelled}", "Language to {verb} in"),
    ),
    Kind(
        ("currency", "currency_code"),
        values.currency,
        ("in {v}", "to {v}", "with currency {v}", "paid in {v}", "using {v}", "into {v}"),
        ("Currency", "Currency code"),
    ),
    Kind(
        ("phone", "phone_number", "number", "mobile"),
        phone,
        ("to {v}", "with the number {v}", "at {v}", "for {v}", "phone {v}", "on {v}"),
        ("Telephone number", "The number", "Phone"),
    ),
    Kind(
        ("tags", "items", "names", "files", "members", "attendees", "labels", "recipients", "keywords"),
        listed,
        ("with the {p} {v}", "with {v}", "for {v}", "{p}: {v}", "of {v}", "{p} {v}"),
        ("List of {spelled}", "The {spelled}", "Several {spelled}"),
        "array",
    ),
)
UNITS = {
    "weight_kg": "kg",
    "distance_km": "km",
    "amount_ml": "ml",
    "width_px": "px",
    "height_cm": "cm",
    "temperature_c": "degrees",
    "size_mb": "MB",
    "power_watts": "watts",
    "angle_degrees": "degrees",
}
# Sets of choices as real tools have them: names, the choices, and how a request names one.
CHOICES: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("priority", "severity", "urgency", "importance"),
        ("low", "normal", "high", "urgent"),
        ("with {v} {p}", "{p} {v}", "with the {p} {v}", "at {v} {p}", "{v} {p}", "as {v} {p}"),
    ),
    (
        ("priority", "severity", "level"),
        ("minor", "major", "critical"),
        ("with {v} {p}", "{p} {v}", "as {v}", "marked {v}", "{v} {p}", "with {p} {v}"),
    ),
    (
        ("format", "output_format", "type", "file_type"),
        ("json", "csv", "xml", "yaml"),
        ("as {v}", "in {v} format", "in {v}", "to {v}", "as a {v} file", "with format {v}"),
    ),
    (
        ("format", "image_format", "type"),
        ("png", "jpg", "webp", "svg"),
        ("as {v}", "in {v} format", "to {v}", "as a {v}", "with the format {v}", "in {v}"),
    ),
    (
        ("size", "option"),
        ("small", "medium", "large"),
        ("in {v}", "with size {v}", "in size {v}", "{v} {p}", "of {v} size", "size {v}"),
    ),
    (
        ("order", "sort", "direction"),
        ("ascending", "descending"),
        ("in {v} order", "{v}", "sorted {v}", "with {p} {v}", "in {v} {p}", "{p} {v}"),
    ),
    (
        ("status", "state"),
        ("open", "closed", "pending", "resolved"),
        ("with status {v}", "that are {v}", "to {v}", "as {v}", "marked as {v}", "with the {p} {v}"),
    ),
    (
        ("unit", "units", "scale"),
        ("celsius", "fahrenheit", "kelvin"),
        ("in {v}", "in degrees {v}", "using {v}", "with {v}", "as {v}", "with unit {v}"),
    ),
    (("unit", "units"), ("metric", "imperial"), ("in {v} units", "in {v}", "using {v} units", "with {v} units")),
    (
        ("environment", "env", "stage"),
        ("dev", "staging", "production"),
        ("to {v}", "in {v}", "on {v}", "in the {v} {p}", "for {v}", "on the {v} environment"),
    ),
    (
        ("mode", "speed", "method"),
        ("fast", "normal", "slow"),
        ("in {v} {p}", "with {p} {v}", "at {v} {p}", "{p} {v}", "in the {v} {p}", "using the {v} {p}"),
    ),
    (
        ("role", "permission", "access"),
        ("viewer", "editor", "admin"),
        ("as {v}", "with {p} {v}", "as an {v}", "with the {p} {v}", "to {v}", "with {v} {p}"),
    ),
    (
        ("frequency", "interval", "repeat", "period"),
        ("hourly", "daily", "weekly", "monthly"),
        ("{v}", "on a {v} basis", "with {p} {v}", "repeated {v}", "every time {v}", "{p} {v}"),
    ),
    (
        ("travel_class", "class", "seat_class"),
        ("economy", "business", "first"),
        ("in {v} class", "in {v}", "with {v} class", "{v} class", "class {v}", "flying {v}"),
    ),
    (
        ("direction", "side", "position"),
        ("left", "right", "up", "down"),
        ("to the {v}", "{v}", "on the {v}", "towards the {v}", "with {p} {v}", "{p} {v}"),
    ),
    (
        ("channel", "via", "method", "transport"),
        ("email", "sms", "push"),
        ("by {v}", "via {v}", "through {v}", "using {v}", "over {v}", "with {v}"),
    ),
    (("shipping", "delivery", "carrier"), ("standard", "express", "overnight"), ("by {v}", "with {v} {p}", "{v} {p}")),
    (("state", "power", "status", "action"), ("on", "off"), ("{v}", "to {v}", "switched {v}", "turned {v}")),
)
FLAGS = (
    "recursive",
    "force",
    "verbose",
    "public",
    "private",
    "notify",
    "dry_run",
    "archived",
    "urgent",
    "overwrite",
    "encrypted",
    "anonymous",
    "draft",
    "breakfast",
    "insurance",
    "gift_wrap",
    "include_hidden",
    "include_images",
    "include_archived",
    "send_email",
    "keep_original",
    "lowercase",
    "grayscale",
    "pinned",
    "read_only",
    "shuffle",
)
# What is to be done as well, and what something is to be: said by the very words, and then true.
DEEDS = (
    "notify guests",
    "send email",
    "keep original",
    "skip weekends",
    "overwrite existing",
    "add captions",
    "use cache",
    "show details",
    "hide prices",
    "remove background",
    "create backup",
    "ring bell",
    "delete files",
    "lock doors",
    "print receipt",
    "include photos",
    "inform owner",
    "restart service",
)
QUALITIES = (
    "draft",
    "private",
    "public",
    "urgent",
    "open",
    "active",
    "unread",
    "internal",
    "unique",
    "anonymous",
    "recurring",
    "hidden",
    "paid",
    "vegetarian",
    "silent",
    "recursive",
    "compressed",
    "favorite",
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
    ("string", handle),
)
FLAG_DESCRIPTIONS = ("Whether {spelled}", "Set to true for {spelled}", "{Spelled} or not", "Use {spelled}")


def one_of(options: tuple[str, ...]) -> Maker:
    """A maker that picks from a closed set."""
    return lambda random: random.choice(options)


def spelled(name: str) -> str:
    """A parameter's name as one says it."""
    return name.replace("_", " ")


def free_name(random: Random) -> str:
    """A parameter name without a known meaning."""
    return "_".join(values.plain_word(random) for _ in range(random.choice((1, 1, 2))))


def told(text: str, name: str, verb: str, noun: str) -> str:
    """A description for this parameter of this tool."""
    said = spelled(name)
    known = {"spelled": said, "Spelled": said.capitalize(), "verb": verb, "noun": noun, "Noun": noun.capitalize()}
    return text.format(**known, u=UNITS.get(name, ""))


def fit(mention: str, name: str, key: str) -> str:
    """A mention for this parameter."""
    said = spelled(name) if name not in UNITS else name.rpartition("_")[0]
    return mention.replace("{p}", said).replace("{u}", UNITS.get(name, "")).replace("{v}", f"{{{key}}}")


def of_kind(chance: Chance, key: str, verb: str, noun: str) -> Parameter:
    """A parameter of a known kind, under one of its many names."""
    kind = chance.pick(KINDS)
    name = base = chance.pick(kind.names)
    prefix = chance.pick(kind.before).replace("{noun}", noun.replace(" ", "_")) if kind.before else ""
    if prefix and prefix not in name:
        name = f"{prefix}_{name}"
    elif chance.odds(0.06):
        name = f"{chance.pick(words.WORDS)}_{name}"
    mention = chance.phrasing(kind.mentions if chance.odds(0.78) else SPELLED)
    # People shorten what a tool calls customer_email to "email".
    said = base if chance.odds(0.5) else name
    descriptions = tuple(told(text, name, verb, noun) for text in kind.descriptions)
    return Parameter(Slot(key, (name,), descriptions, kind.type), kind.make, fit(mention, said, key), kind.direct)


def choice(chance: Chance, key: str, noun: str) -> Parameter:
    """A parameter that takes one of a few words."""
    if chance.odds(0.75):
        names, options, mentions = chance.pick(CHOICES)
        name, mention = chance.pick(names), chance.phrasing(mentions)
    else:
        name = chance.value(free_name)
        made = {chance.value(values.word): None for _ in range(chance.random.randint(2, 5))}
        options, mention = tuple(made), chance.phrasing(SPELLED)
    descriptions = (f"The {spelled(name)}", f"Which {spelled(name)}", f"{spelled(name).capitalize()} of the {noun}")
    return Parameter(Slot(key, (name,), descriptions, enum=options), one_of(options), fit(mention, name, key))


def switch(chance: Chance, key: str) -> Parameter:
    """A parameter that is true or false: said with on and off, or by naming it with or without a "not"."""
    if chance.odds(0.45):
        return said_by_name(chance, key)
    name = chance.pick(FLAGS) if chance.odds(0.7) else chance.value(free_name)
    descriptions = tuple(told(text, name, "", "") for text in FLAG_DESCRIPTIONS)
    slot = Slot(key, (name,), descriptions, "boolean")
    if chance.odds(0.4):
        words_of = one_of(("on", "off", "yes", "no", "true", "false"))
        return Parameter(slot, words_of, fit(chance.phrasing(SWITCHES), name, key))
    said = spelled(name).removeprefix("include ")
    return Parameter(slot, one_of((f"with {said}", f"without {said}")), f"{{{key}}}")


def said_by_name(chance: Chance, key: str) -> Parameter:
    """A switch that a request turns on, or now and then off, by naming what it does."""
    if chance.odds(0.5):
        said = chance.pick(DEEDS)
        name = said.replace(" ", "_")
        deed, _, thing = said.partition(" ")
        words_of = one_of((f"and {said}", f"and {deed} the {thing}", f"and please {said}", f"but don't {said}"))
    else:
        said = chance.pick(QUALITIES)
        name = chance.pick((said, f"is_{said}", f"only_{said}", f"make_{said}"))
        ones = (f"only the {said} ones", f"only {said} ones") if name.startswith("only") else (f"make it {said}",)
        words_of = one_of((*ones, f"as {said}", f"not {said}"))
    descriptions = tuple(told(text, name, "", "") for text in FLAG_DESCRIPTIONS)
    return Parameter(Slot(key, (name,), descriptions, "boolean"), words_of, f"{{{key}}}")


def free(chance: Chance, key: str, noun: str) -> Parameter:
    """A parameter whose name means nothing in particular and is said in the request."""
    name = chance.value(free_name)
    type_, make = chance.pick(PLAIN_TYPES)
    descriptions = (f"The {spelled(name)}", spelled(name).capitalize(), f"{spelled(name).capitalize()} of the {noun}")
    return Parameter(Slot(key, (name,), descriptions, type_), make, fit(chance.phrasing(SPELLED), name, key))


def parameter(chance: Chance, key: str, verb: str, noun: str) -> Parameter:
    """Any parameter for a tool that does this to that."""
    roll = chance.random.random()
    if roll < 0.66:
        return of_kind(chance, key, verb, noun)
    if roll < 0.78:
        return choice(chance, key, noun)
    if roll < 0.86:
        return switch(chance, key)
    return free(chance, key, noun)
