"""What parameters with few values may be: the choices among words, and the switches, with how a request says them."""

from __future__ import annotations

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
SWITCHES = ("{p} {v}", "with {p} {v}", "{p} = {v}", "and set {p} to {v}", "with {p} set to {v}", "{p}: {v}")
FLAG_DESCRIPTIONS = ("Whether {spelled}", "Set to true for {spelled}", "{Spelled} or not", "Use {spelled}")
