"""Makers of fresh values. Each takes a random source and gives text; numbers are given as the text of the number."""

from __future__ import annotations

from random import Random

from tektra_models.starter.corpus import words

TOPS = ("com", "org", "net", "io", "dev", "eu", "de")
COMMON = 6000
BILLIONS = ("0.5", "0.6", "1", "1.5", "1.7", "2", "3", "4", "7", "8", "14")


def syllables(random: Random) -> str:
    """A word that no dictionary has."""
    return "".join(random.choices(words.SYLLABLES, k=random.randint(1, 3))) + random.choice(words.ENDINGS)


def word(random: Random) -> str:
    """A word, real or made up."""
    return plain_word(random) if random.random() < 0.8 else syllables(random)


def plain_word(random: Random) -> str:
    """A word of the dictionary, now and then any that is common."""
    if random.random() < 0.7:
        return random.choice(words.WORDS)
    found = random.choice(words.english()[:COMMON])
    return found if len(found) > 2 else random.choice(words.WORDS)


def stem(random: Random) -> str:
    """The first part of a file name."""
    parts = [word(random) for _ in range(random.choice((1, 1, 2, 2, 3)))]
    if random.random() < 0.3:
        parts.append(str(random.choice((random.randint(1, 99), random.randint(2001, 2039)))))
    text = random.choice(("_", "-", "", "_", "-")).join(parts)
    return random.choice((text, text, text, text, text.title(), text.upper()))


def file_name(random: Random) -> str:
    """A file name with an extension."""
    return f"{stem(random)}.{random.choice(words.EXTENSIONS)}"


def folder(random: Random) -> str:
    """A folder, relative or absolute."""
    parts = [
        random.choice(words.FOLDERS) if random.random() < 0.5 else stem(random)
        for _ in range(random.choice((1, 1, 2, 3)))
    ]
    path = random.choice(("", "", "/", "./", "~/", "../")) + "/".join(parts)
    return path + "/" if random.random() < 0.15 else path


def path(random: Random) -> str:
    """A path of a file."""
    name = file_name(random)
    return name if random.random() < 0.45 else f"{folder(random).rstrip('/')}/{name}"


def integer(random: Random) -> str:
    """A whole number of any usual size."""
    top = random.choice((9, 20, 99, 99, 999, 999, 9999, 99999, 9999999))
    return str(random.randint(0 if top < 99 else 10, top))


def small(random: Random) -> str:
    """A small count."""
    return str(random.randint(1, random.choice((9, 30, 100))))


def decimal(random: Random) -> str:
    """A number with a point."""
    return f"{random.randint(0, random.choice((9, 99, 999)))}.{random.randint(1, 99)}".rstrip("0")


def number(random: Random) -> str:
    """A whole or decimal number, now and then negative."""
    text = integer(random) if random.random() < 0.7 else decimal(random)
    return f"-{text}" if random.random() < 0.06 and text != "0" else text


def phrase(random: Random) -> str:
    """A few words, as in a quoted text."""
    text = " ".join(word(random) for _ in range(random.choice((1, 2, 2, 3, 3, 4, 5, 6))))
    if random.random() < 0.35:
        text = text.capitalize()
    return text + random.choice(("", "", "", "", "!", ".", "?")) if random.random() < 0.3 else text


def sentence(random: Random) -> str:
    """A short sentence that somebody might write into a message."""
    starts = (
        "Meeting moved to",
        "Please bring the",
        "Do not forget the",
        "We need more",
        "Call me about the",
        "The report on",
        "Buy",
        "I finished the",
        "Happy birthday,",
        "See you at the",
        "Remember the",
        "Hello",
    )
    text = f"{random.choice(starts)} {word(random)} {random.choice(('', word(random), integer(random)))}".strip()
    return text + random.choice(("", ".", "!"))


def person(random: Random) -> str:
    """A first name, often with a last name."""
    first = random.choice(words.FIRST_NAMES) if random.random() < 0.8 else syllables(random).capitalize()
    last = random.choice(words.LAST_NAMES) if random.random() < 0.8 else syllables(random).capitalize()
    return first if random.random() < 0.4 else f"{first} {last}"


def place(random: Random) -> str:
    """A city, real or made up."""
    return random.choice(words.CITIES) if random.random() < 0.65 else syllables(random).capitalize()


def domain(random: Random) -> str:
    """A host name."""
    return f"{word(random)}{random.choice(('', '-' + word(random)))}.{random.choice(TOPS)}"


def url(random: Random) -> str:
    """A web address."""
    tail = random.choice(("", "/" + word(random), f"/{word(random)}/{integer(random)}", "/" + file_name(random)))
    return f"{random.choice(('https', 'https', 'http'))}://{random.choice(('', 'www.', 'api.'))}{domain(random)}{tail}"


def email(random: Random) -> str:
    """A mail address."""
    name = random.choice(words.FIRST_NAMES).lower() if random.random() < 0.6 else word(random)
    return f"{name}{random.choice(('', '.' + word(random), small(random)))}@{domain(random)}"


def date(random: Random) -> str:
    """A date as 2027-03-14."""
    return f"{random.randint(2019, 2034)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"


def clock(random: Random) -> str:
    """A time of day as 14:05."""
    return f"{random.randint(0, 23):02}:{random.choice((0, 0, 15, 30, 45, random.randint(0, 59))):02}"


def identifier(random: Random) -> str:
    """A short code, such as an order number."""
    letters = "".join(random.choices("ABCDEFGHKLMNPRSTUVWXYZ", k=random.randint(1, 3)))
    hexes = "".join(random.choices("0123456789abcdef", k=random.choice((6, 8))))
    return random.choice(
        (
            f"{letters}-{random.randint(10, 99999)}",
            f"{letters}{random.randint(10, 9999)}",
            hexes,
            f"{word(random)}-{small(random)}",
            str(random.randint(1000, 999999)),
        )
    )


def repository(random: Random) -> str:
    """A model repository on a hub."""
    owner = random.choice(("Qwen", "bartowski", "unsloth", "ggml-org", "TheBloke", word(random), stem(random)))
    name = random.choice(("Qwen2.5", "Qwen3", "Llama-3.2", "gemma-2", "Phi-3", "SmolLM2", "Mistral", stem(random)))
    return f"{owner}/{name}-{random.choice(BILLIONS)}B{random.choice(('', '-Instruct'))}-GGUF"


def model_name(random: Random) -> str:
    """A name of a local model."""
    family = random.choice(
        ("qwen2.5", "qwen3", "llama", "gemma", "phi", "smollm", "mistral", word(random), word(random))
    )
    return random.choice(
        (
            f"{family}-{small(random)}b",
            f"{family}-{random.choice(('0.5b', '1.5b', '8b', 'mini'))}",
            family,
            f"{family}-q{random.choice('4568')}",
        )
    )


def gguf_path(random: Random) -> str:
    """A path of a model file."""
    return f"{random.choice(('', '~/', './', '/data/', folder(random).rstrip('/') + '/'))}{model_name(random)}.gguf"


def color(random: Random) -> str:
    """A colour."""
    return random.choice(words.COLORS)


def currency(random: Random) -> str:
    """A currency code."""
    return random.choice(words.CURRENCIES)


def unit(random: Random) -> str:
    """A unit of measure."""
    return random.choice(words.UNITS)


def language(random: Random) -> str:
    """A language."""
    return random.choice(words.LANGUAGES)


def country(random: Random) -> str:
    """A country."""
    return random.choice(words.COUNTRIES)


def weekday(random: Random) -> str:
    """A day of the week."""
    return random.choice(words.WEEKDAYS)


def day(random: Random) -> str:
    """A day as people say it."""
    return random.choice(
        (*words.WEEKDAYS, "today", "tomorrow", f"{random.randint(1, 28)} {random.choice(words.MONTHS)}")
    )


STATEMENTS = (
    "SELECT * FROM {table}",
    "SELECT {column} FROM {table} LIMIT {n}",
    "SELECT COUNT(*) FROM {table}",
    "SELECT {column} FROM {table} WHERE id = {n}",
    "DELETE FROM {table} WHERE {column} = {n}",
)


def statement(random: Random) -> str:
    """A line of SQL."""
    form = random.choice(STATEMENTS)
    return form.format(table=word(random), column=word(random), n=small(random))


def listed(random: Random) -> str:
    """Several values, as a list that `tasks.typed` can split."""
    make = random.choice((word, word, person, identifier, file_name))
    return ", ".join({make(random): None for _ in range(random.randint(2, 3))})


def amount(random: Random) -> str:
    """A sum of money."""
    return decimal(random) if random.random() < 0.5 else integer(random)


def host(random: Random) -> str:
    """A host name or an address."""
    if random.random() < 0.7:
        return domain(random)
    return ".".join(str(random.randint(1, 254)) for _ in range(4))


def handle(random: Random) -> str:
    """A name as computers have them: web-01, user_service, main."""
    parts = [word(random) for _ in range(random.choice((1, 1, 2)))]
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
            f"{word(random)[: random.randint(2, 4)]}_{digits}",
            f"{letters}{digits}",
            f"{letters[0]}-{digits}",
            f"{letters}{random.randint(10, 99)} {random.randint(1000, 9999)} {random.randint(1000, 9999)}",
        )
    )


def moment(random: Random) -> str:
    """A day with a time, as people write it."""
    when = random.choice((date, date, day))(random)
    return random.choice((f"{when} {clock(random)}", f"{when} {clock(random)}", f"{clock(random)} {when}"))


def period(random: Random) -> str:
    """A span of time as people write it."""
    return random.choice(("today", "yesterday", "last week", "this month", "last month", "this year", "Q1", "Q3"))


def phone(random: Random) -> str:
    """A telephone number."""
    return f"+{random.randint(1, 99)}{random.randint(100, 999)}{random.randint(1000, 9999999)}"
