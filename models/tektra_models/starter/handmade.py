"""Tool calls written by hand, for real-looking tools that the generator does not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A request, the tools at hand, and the one right call."""

    request: str
    tools: list[dict[str, Any]]
    call: tuple[str, dict[str, Any]]


def tool(
    name: str, description: str, required: dict[str, str], optional: dict[str, str] | None = None
) -> dict[str, Any]:
    """A declaration from "name": "type, description" pairs."""
    properties: dict[str, Any] = {}
    for key, said in {**required, **(optional or {})}.items():
        kind, _, about = said.partition(", ")
        properties[key] = {"type": kind, "description": about} if about else {"type": kind}
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


PODCAST = tool(
    "add_podcast",
    "Subscribe to a podcast feed",
    {"feed_url": "string, Address of the RSS feed"},
    {"folder": "string, Folder for episodes"},
)
BRIGHTNESS = tool("set_screen_brightness", "Set the brightness of the display", {"percent": "integer, From 0 to 100"})
RECIPE = tool(
    "find_recipe",
    "Find a recipe by its main ingredient",
    {"ingredient": "string, Main ingredient"},
    {"max_minutes": "integer, Longest time"},
)
PARKING = tool(
    "reserve_parking",
    "Reserve a parking spot",
    {"license_plate": "string, Plate of the car", "hours": "integer, For how long"},
)
LIBRARY = tool("renew_book", "Renew the loan of a library book", {"isbn": "string, ISBN of the book"})
TRAIN = tool(
    "next_train", "Departure of the next train", {"station": "string, Where to leave from", "to": "string, Where to go"}
)
MEETING = tool(
    "transcribe_audio",
    "Turn an audio file into text",
    {"audio_path": "string, Path of the recording"},
    {"language": "string, Spoken language"},
)
PALETTE = tool("hex_to_rgb", "Convert a hex color to RGB", {"hex": "string, Color such as #aabbcc"})
DOMAIN = tool("whois", "Look up who owns a domain", {"domain": "string, Domain name"})
BRANCH = tool(
    "create_branch",
    "Create a git branch",
    {"branch_name": "string, Name of the new branch"},
    {"base": "string, Branch to start from"},
)
PIXELS = tool(
    "resize_image",
    "Resize an image file",
    {"image": "string, Path of the image", "width": "integer, Pixels", "height": "integer, Pixels"},
)
TIP = tool(
    "split_bill", "Split a restaurant bill", {"total": "number, Sum of the bill", "people": "integer, Number of guests"}
)
PLANT = tool(
    "log_watering",
    "Record that a plant was watered",
    {"plant": "string, Name of the plant", "milliliters": "integer, Amount"},
)
VISA = tool(
    "passport_status", "Status of a passport application", {"application_number": "string, Number on the receipt"}
)
BACKUP = tool(
    "backup_directory",
    "Back up a directory to a remote",
    {"directory": "string, What to back up", "remote": "string, Name of the remote"},
)
WIFI = tool(
    "connect_wifi", "Join a wireless network", {"ssid": "string, Network name", "password": "string, Its password"}
)
KILL = tool("kill_process", "Stop a process by its id", {"pid": "integer, Process id"})
BMI = tool(
    "body_mass_index", "Compute the body mass index", {"height_cm": "number, Height", "weight_kg": "number, Weight"}
)
PRIME = tool("is_prime", "Tell whether a number is prime", {"n": "integer, The number"})
LYRICS = tool(
    "get_lyrics", "Get the lyrics of a song", {"artist": "string, Who sings it", "title": "string, Name of the song"}
)
POLL = tool(
    "open_poll", "Open a poll in a channel", {"channel": "string, Channel name", "question": "string, What is asked"}
)
TABLES = tool("describe_table", "Show the columns of a database table", {"table": "string, Table name"})
HUE = tool("move_camera", "Turn a security camera", {"camera_id": "string, Which camera", "angle": "integer, Degrees"})
ZIP = tool(
    "unzip_archive",
    "Unpack a zip archive",
    {"archive": "string, The zip file", "target_dir": "string, Where to unpack"},
)


def handmade() -> list[Case]:
    """All cases."""
    rows: list[tuple[str, list[dict[str, Any]], str, dict[str, Any]]] = [
        (
            "Subscribe to https://feeds.radiolab.org/main.xml",
            [PODCAST, LYRICS],
            "add_podcast",
            {"feed_url": "https://feeds.radiolab.org/main.xml"},
        ),
        ("Set the screen brightness to 35 percent", [BRIGHTNESS, HUE, WIFI], "set_screen_brightness", {"percent": 35}),
        ("I have a lot of zucchini, find me a recipe", [RECIPE, PLANT], "find_recipe", {"ingredient": "zucchini"}),
        (
            "Reserve parking for HH-TK 904 for 3 hours",
            [PARKING, TRAIN, LIBRARY],
            "reserve_parking",
            {"license_plate": "HH-TK 904", "hours": 3},
        ),
        ("Please renew the book 978-0131103627", [LIBRARY, VISA], "renew_book", {"isbn": "978-0131103627"}),
        (
            "When does the next train leave from Altona to Bremen?",
            [TRAIN, PARKING],
            "next_train",
            {"station": "Altona", "to": "Bremen"},
        ),
        (
            "Transcribe recordings/standup-monday.m4a",
            [MEETING, PIXELS, ZIP],
            "transcribe_audio",
            {"audio_path": "recordings/standup-monday.m4a"},
        ),
        ("convert #ff8800 to rgb", [PALETTE], "hex_to_rgb", {"hex": "#ff8800"}),
        ("Who owns the domain nordwind.example?", [DOMAIN, WIFI, TABLES], "whois", {"domain": "nordwind.example"}),
        (
            "Create a git branch named fix-login-loop",
            [BRANCH, KILL, TABLES],
            "create_branch",
            {"branch_name": "fix-login-loop"},
        ),
        (
            "create a branch hotfix/7 based on release",
            [BRANCH],
            "create_branch",
            {"branch_name": "hotfix/7", "base": "release"},
        ),
        (
            "Resize banner.png to width 1200 and height 300",
            [PIXELS, ZIP, PALETTE],
            "resize_image",
            {"image": "banner.png", "width": 1200, "height": 300},
        ),
        ("Split a bill of 86.40 among 4 people", [TIP, BMI], "split_bill", {"total": 86.4, "people": 4}),
        (
            "I watered the monstera with 250 ml",
            [PLANT, RECIPE],
            "log_watering",
            {"plant": "monstera", "milliliters": 250},
        ),
        (
            "What is the status of my passport application PA-20981?",
            [VISA, LIBRARY],
            "passport_status",
            {"application_number": "PA-20981"},
        ),
        (
            "Back up the directory /srv/photos to the remote offsite",
            [BACKUP, ZIP, KILL],
            "backup_directory",
            {"directory": "/srv/photos", "remote": "offsite"},
        ),
        (
            "Connect to the wifi Horizon with the password blue42moon",
            [WIFI, BRIGHTNESS],
            "connect_wifi",
            {"ssid": "Horizon", "password": "blue42moon"},
        ),
        ("kill process 48213", [KILL, BRANCH, BACKUP], "kill_process", {"pid": 48213}),
        (
            "Compute the body mass index for height 182 and weight 77.5",
            [BMI, PRIME],
            "body_mass_index",
            {"height_cm": 182, "weight_kg": 77.5},
        ),
        ("Is 7919 prime?", [PRIME, TIP], "is_prime", {"n": 7919}),
        (
            'Get the lyrics of "Paper Moon" by Ella Hart',
            [LYRICS, PODCAST],
            "get_lyrics",
            {"artist": "Ella Hart", "title": "Paper Moon"},
        ),
        (
            'Open a poll in the channel lunch with the question "Pizza or soup?"',
            [POLL, TABLES],
            "open_poll",
            {"channel": "lunch", "question": "Pizza or soup?"},
        ),
        (
            "Show me the columns of the table customers_2024",
            [TABLES, BRANCH, DOMAIN],
            "describe_table",
            {"table": "customers_2024"},
        ),
        (
            "Turn camera back-door to 45 degrees",
            [HUE, BRIGHTNESS, PARKING],
            "move_camera",
            {"camera_id": "back-door", "angle": 45},
        ),
        (
            "Unpack backups/site.zip into /var/www",
            [ZIP, BACKUP, PIXELS],
            "unzip_archive",
            {"archive": "backups/site.zip", "target_dir": "/var/www"},
        ),
        (
            "find a recipe with lentils that takes at most 30 minutes",
            [RECIPE, TIP, TRAIN],
            "find_recipe",
            {"ingredient": "lentils", "max_minutes": 30},
        ),
        (
            "transcribe the German recording interview_02.wav",
            [MEETING, LYRICS],
            "transcribe_audio",
            {"audio_path": "interview_02.wav", "language": "German"},
        ),
        ("dim the display to 10", [BRIGHTNESS, PIXELS], "set_screen_brightness", {"percent": 10}),
        ("stop the process with id 991", [KILL, MEETING], "kill_process", {"pid": 991}),
        ("is 221 a prime number", [PRIME, PALETTE, BMI], "is_prime", {"n": 221}),
    ]
    return [Case(request, tools, (name, arguments)) for request, tools, name, arguments in rows]
