"""Everyday services as tools: weather, time, mail, money, music and the like."""

from __future__ import annotations

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.everyday import DONE
from tektra_models.starter.corpus.tasks import Slot, Task

PLACE = Slot("city", ("city", "location", "place", "town", "where"), ("Name of the city", "The place", "City"))
ROOMS = ("kitchen", "bedroom", "office", "hall", "garden", "bathroom", "attic", "cellar", "garage", "balcony")

SERVICES: tuple[Task, ...] = (
    Task("weather", ("get_weather", "weather", "current_weather", "weather_lookup", "get_forecast", "fetch_weather"),
         ("Get the current weather for a city", "Returns the weather at a place", "Look up the weather"),
         (PLACE, Slot("unit", ("unit", "units", "scale"), ("Temperature unit",), enum=("celsius", "fahrenheit"), optional=True)), (
             "What's the weather in {city}[ in {unit}]?", "How is the weather in {city}?", "weather {city}", "Is it raining in {city}?",
             "Tell me the weather for {city}[ in {unit}].", "How warm is it in {city}[ in {unit}]?", "what is the temperature in {city}[ in {unit}]",
             "Do I need an umbrella in {city}?", "check the weather in {city}", "Is it cold in {city} today?", "weather report for {city}",
             "How hot is {city} now?", "look up the weather in {city}[, {unit}]"), (
             ("{\"temperature\": {n}, \"sky\": \"cloudy\"}", "It is {n} degrees and cloudy in {city}."), ("{n} degrees, rain", "In {city} it rains at {n} degrees."),
             ("{\"temp\": {n}, \"wind\": {m}}", "In {city} it is {n} degrees with a wind of {m}."), ("sunny, {n}", "It is sunny in {city}, {n} degrees.")),
         {"city": values.place, "unit": lambda random: random.choice(("celsius", "fahrenheit"))}),
    Task("time", ("get_time", "current_time", "world_clock", "time_in", "local_time"),
         ("Get the current time in a city", "Returns the local time of a place", "What time it is somewhere"), (PLACE,), (
             "What time is it in {city}?", "time in {city}", "Tell me the time in {city}.", "how late is it in {city}", "current time in {city}?",
             "What's the local time in {city}?", "what is the clock in {city} showing", "give me the time for {city}", "Is it night in {city}?"), (
             ("{time2}", "It is {time2} in {city}."), ("{\"time\": \"{time2}\"}", "In {city} it is {time2}."), ("{time2} local time", "The local time is {time2}.")),
         {"city": values.place}),
    Task("mail", ("send_email", "email", "send_mail", "mail_send", "compose_email"),
         ("Send an email", "Sends an e-mail to somebody", "Send a mail with subject and text"),
         (Slot("to", ("to", "recipient", "address", "email"), ("Address of the recipient", "To whom")),
          Slot("subject", ("subject", "title"), ("Subject line",)),
          Slot("text", ("body", "text", "message", "content"), ("The text of the mail",), optional=True)), (
             "Send an email to {to} with the subject {subject}[ and the text {text}].", "Mail {to} about {subject}[: {text}]",
             "email {to}, subject {subject}[, body {text}]", "write to {to} with the subject {subject}[ saying {text}]",
             "Send {to} a mail titled {subject}[ with the message {text}].", "send a mail to {to}: subject {subject}[, text {text}]",
             "I want to mail {to}, subject {subject}[, message {text}]", "compose an email to {to} with subject {subject}[ and body {text}]"), (
             ("sent", "The mail to {to} is sent."), ("{\"id\": \"{id2}\"}", "The mail was sent; its id is {id2}."), *DONE),
         {"to": values.email, "subject": values.phrase, "text": values.sentence}),
    Task("message", ("send_message", "message", "send_sms", "text_person", "post_message", "send_chat"),
         ("Send a message to a person", "Sends a text message", "Text somebody"),
         (Slot("to", ("to", "recipient", "person", "contact", "name"), ("Who gets it", "The receiver")),
          Slot("text", ("text", "message", "content", "body"), ("What to say", "The message"))), (
             "Tell {to}: {text}", "Send {to} a message: {text}", "message {to} {text}", "text {to} that says {text}", "Write to {to}: {text}",
             "Send the message {text} to {to}.", "let {to} know: {text}", "send a text to {to} saying {text}", "drop {to} a line: {text}"), (
             ("sent", "The message to {to} is sent."), ("{\"delivered\": true}", "{to} got the message."), *DONE),
         {"to": values.person, "text": values.sentence}),
    Task("reminder", ("set_reminder", "create_reminder", "remind", "add_reminder", "remind_me"),
         ("Set a reminder", "Reminds the user of something at a time", "Create a reminder for later"),
         (Slot("text", ("text", "what", "title", "message", "task"), ("What to remember",)),
          Slot("time", ("time", "at", "when"), ("Time of day",))), (
             "Remind me at {time} to {text}.", "Set a reminder for {time}: {text}", "at {time} remind me of {text}", "remind me about {text} at {time}",
             "I must not forget {text} at {time}", "Create a reminder {text} at {time}", "reminder: {text}, {time}", "ping me at {time} about {text}",
             "make a reminder for {text} at {time}"), (
             ("set", "I will remind you at {time}."), ("{\"id\": {m}}", "The reminder is set, number {m}."), *DONE),
         {"text": values.phrase, "time": values.clock}),
    Task("event", ("create_event", "add_event", "schedule_meeting", "calendar_add", "book_meeting", "new_appointment"),
         ("Add an event to the calendar", "Creates a calendar entry", "Schedule a meeting"),
         (Slot("title", ("title", "name", "summary", "subject"), ("Title of the event",)),
          Slot("date", ("date", "day", "on"), ("The date",)),
          Slot("time", ("time", "start", "start_time"), ("Start time",), optional=True)), (
             "Add {title} to my calendar on {date}[ at {time}].", "Schedule {title} for {date}[ at {time}]", "put {title} in the calendar, {date}[ {time}]",
             "create an event {title} on {date}[ at {time}]", "Plan {title} on {date}[, {time}].", "book {title} for {date}[ at {time}]",
             "new appointment {title} {date}[ {time}]", "I have {title} on {date}[ at {time}], add it", "make an entry {title} on {date}[ at {time}]"), (
             ("ok", "{title} is in your calendar on {date}."), ("{\"event\": \"{id2}\"}", "The event is saved as {id2}."), *DONE),
         {"title": values.phrase, "date": values.date, "time": values.clock}),
    Task("currency", ("convert_currency", "currency_convert", "exchange", "exchange_rate", "money_convert"),
         ("Convert an amount from one currency to another", "Exchange money between currencies", "Convert money"),
         (Slot("amount", ("amount", "value", "sum"), ("How much",), "number"),
          Slot("from", ("from", "from_currency", "source", "base"), ("Currency that you have",)),
          Slot("to", ("to", "to_currency", "target"), ("Currency that you want",))), (
             "Convert {amount} {from} to {to}.", "How much is {amount} {from} in {to}?", "{amount} {from} in {to}", "change {amount} {from} into {to}",
             "what are {amount} {from} worth in {to}", "Exchange {amount} {from} for {to}.", "I have {amount} {from}, how many {to} is that?",
             "give me {amount} {from} as {to}", "{amount} {from} to {to}"), (
             ("{x}", "{amount} {from} are {x} {to}."), ("{\"result\": {x}}", "That is {x} {to}."), ("{\"rate\": {x}}", "The rate is {x}.")),
         {"amount": values.number, "from": values.currency, "to": values.currency}),
    Task("units", ("convert_units", "unit_convert", "convert", "unit_converter", "measure_convert"),
         ("Convert a value between units", "Converts lengths and weights", "Unit conversion"),
         (Slot("amount", ("value", "amount", "number"), ("The value",), "number"),
          Slot("from", ("from_unit", "from", "unit_from", "source"), ("Unit of the value",)),
          Slot("to", ("to_unit", "to", "unit_to", "target"), ("Unit to convert to",))), (
             "Convert {amount} {from} to {to}.", "How many {to} are {amount} {from}?", "{amount} {from} in {to}", "what is {amount} {from} in {to}",
             "change {amount} {from} to {to}", "turn {amount} {from} into {to}", "{amount} {from} are how many {to}?", "express {amount} {from} in {to}"), (
             ("{x}", "{amount} {from} are {x} {to}."), ("{\"value\": {x}}", "That makes {x} {to}.")),
         {"amount": values.number, "from": values.unit, "to": values.unit}),
    Task("translate", ("translate", "translate_text", "translator", "translation"),
         ("Translate text into another language", "Translates a text", "Translation between languages"),
         (Slot("text", ("text", "input", "sentence", "phrase"), ("Text to translate",)),
          Slot("language", ("language", "target_language", "to", "target", "lang"), ("Language to translate to",))), (
             "Translate {text} to {language}.", "How do you say {text} in {language}?", "{text} in {language}", "put {text} into {language}",
             "what is {text} in {language}", "Say {text} in {language}.", "give me the {language} for {text}", "translate to {language}: {text}",
             "I need {text} in {language}"), (
             ("{phrase2}", "In {language}: {phrase2}"), ("{\"text\": \"{phrase2}\"}", "It is \"{phrase2}\" in {language}.")),
         {"text": values.phrase, "language": values.language}),
    Task("search", ("web_search", "search", "search_web", "google", "internet_search", "lookup", "find_online"),
         ("Search the web", "Finds pages on the internet", "Look something up online"),
         (Slot("query", ("query", "q", "text", "search", "terms", "keywords"), ("What to search for", "Search words")),
          Slot("count", ("limit", "max_results", "count", "n", "num_results"), ("How many results",), "integer", optional=True)), (
             "Search the web for {query}[, {count} results].", "Google {query}", "look up {query} online", "search for {query}[ and give me {count} results]",
             "find something about {query} on the internet[, at most {count} results]", "What does the web say about {query}?", "web search: {query}",
             "find pages about {query}[, top {count}]", "do an internet search for {query}[ with {count} hits]"), (
             ("1. {phrase2}\n2. {text}", "I found {phrase2} and {text}"), ("{\"results\": [\"{phrase2}\"]}", "One page was found: {phrase2}."),
             ("no results", "Nothing was found."), ("{text}", "The web says: {text}")), {"query": values.phrase, "count": values.small}),
    Task("fetch", ("fetch_url", "http_get", "download_page", "open_url", "get_page", "curl", "fetch"),
         ("Fetch a web page", "Download the text of a URL", "Make a GET request"),
         (Slot("url", ("url", "address", "link", "uri"), ("The address", "URL to fetch")),), (
             "Fetch {url}.", "Open {url}", "get the page {url}", "download {url}", "What is on {url}?", "Load the page at {url}.", "curl {url}",
             "read the website {url}", "show me {url}", "check the link {url}"), (
             ("{text}", "The page says: {text}"), ("{\"status\": 200, \"title\": \"{phrase2}\"}", "The page is titled \"{phrase2}\"."),
             ("{\"status\": {m}}", "The server answered with status {m}.")), {"url": values.url}),
    Task("music", ("play_music", "play_song", "play", "start_playback", "music_play"),
         ("Play a song", "Plays music", "Start a song"),
         (Slot("song", ("song", "title", "track", "name"), ("Title of the song",)),
          Slot("artist", ("artist", "by", "singer", "band"), ("Who plays it",), optional=True)), (
             "Play {song}[ by {artist}].", "put on {song}[ by {artist}]", "I want to hear {song}[ by {artist}]", "start the song {song}[ by {artist}]",
             "play the track {song}[ from {artist}]", "Let me hear {song}[ by {artist}].", "listen to {song}[ by {artist}]", "music: {song}[ by {artist}]"), (
             ("playing", "{song} is playing."), ("ok", "Now playing {song}."), *DONE), {"song": values.phrase, "artist": values.person}),
    Task("lights", ("set_light", "switch_light", "lights", "turn_light", "light_control"),
         ("Switch a light on or off", "Controls the lights of a room", "Turn lights on and off"),
         (Slot("room", ("room", "where", "place", "zone"), ("Which room",)), Slot("state", ("state", "value", "mode", "power"), ("on or off",), enum=("on", "off"))), (
             "Turn the light in the {room} {state}.", "Switch {state} the {room} lights", "light {state} in the {room}", "lights {state} in the {room}",
             "{room} light {state}", "Please switch the {room} lamp {state}.", "make the {room} light go {state}", "set the light in the {room} to {state}"), (
             ("ok", "The light in the {room} is {state}."), *DONE),
         {"room": lambda random: random.choice(ROOMS) if random.random() < 0.5 else values.word(random), "state": lambda random: random.choice(("on", "off"))}),
    Task("timer", ("set_timer", "start_timer", "timer", "countdown"), ("Start a timer", "Set a countdown in minutes", "Timer"),
         (Slot("minutes", ("minutes", "duration", "length", "mins"), ("Length in minutes",), "integer"),), (
             "Set a timer for {minutes} minutes.", "timer {minutes} minutes", "start a countdown of {minutes} minutes", "wake me in {minutes} minutes",
             "{minutes} minute timer", "Count down {minutes} minutes.", "tell me when {minutes} minutes are over", "start a {minutes} minute timer"), (
             ("started", "The timer runs for {minutes} minutes."), *DONE), {"minutes": values.small}),
    Task("define", ("define_word", "dictionary", "define", "lookup_word", "word_meaning"),
         ("Look up a word in the dictionary", "Define a word", "Returns the meaning of a word"),
         (Slot("word", ("word", "term", "text", "entry"), ("The word",)),), (
             "What does {word} mean?", "Define {word}.", "look up the word {word}", "meaning of {word}", "definition of {word}", "What is the meaning of {word}?",
             "explain the word {word}", "dictionary: {word}", "find the word {word} in the dictionary"), (
             ("{phrase2}", "{word} means: {phrase2}"), ("{\"meaning\": \"{phrase2}\"}", "It means {phrase2}.")), {"word": values.word}),
    Task("stock", ("get_stock_price", "stock_price", "quote", "share_price"), ("Get the price of a stock", "Returns the share price", "Stock quote"),
         (Slot("symbol", ("symbol", "ticker", "stock", "code"), ("Ticker symbol",)),), (
             "What is the price of {symbol}?", "stock price of {symbol}", "How much is {symbol} worth?", "quote {symbol}", "show me the share price of {symbol}",
             "How is {symbol} doing on the market?", "check the stock {symbol}", "price of {symbol} shares"), (
             ("{x}", "{symbol} stands at {x}."), ("{\"price\": {x}}", "The price of {symbol} is {x}.")),
         {"symbol": lambda random: "".join(random.choices("ABCDEFGHIKLMNOPQRSTVWXYZ", k=random.randint(2, 5)))}),
    Task("contact", ("find_contact", "get_contact", "lookup_person", "phone_book", "search_contacts"),
         ("Look up a person's contact data", "Find the phone number of a person", "Search the address book"),
         (Slot("name", ("name", "person", "who", "contact"), ("Name of the person",)),), (
             "What is the phone number of {name}?", "Find the contact {name}", "look up {name} in my contacts", "number of {name}", "How can I reach {name}?",
             "What's {name}'s number?", "give me the contact data of {name}", "search my address book for {name}"), (
             ("{m}", "The number of {name} is {m}."), ("{\"phone\": \"{m}\"}", "{name} can be reached at {m}."), ("not found", "{name} was not found.")),
         {"name": values.person}),
    Task("order", ("get_order", "order_status", "track_order", "check_order", "track_package"),
         ("Get the status of an order", "Tracks an order by its number", "Where an order is"),
         (Slot("order", ("order_id", "id", "number", "order", "tracking_number"), ("Number of the order",)),), (
             "Where is my order {order}?", "track order {order}", "What is the status of order {order}?", "has {order} been shipped", "check on order {order}",
             "Look up order {order}.", "order {order}, where is it", "did order {order} arrive"), (
             ("shipped", "Order {order} is shipped."), ("{\"status\": \"{w}\", \"eta\": \"{day}\"}", "Order {order} is {w} and comes {day}."),
             ("{\"status\": \"{w}\"}", "The status of {order} is {w}.")), {"order": values.identifier}),
    Task("command", ("run_command", "shell", "bash", "execute", "run_shell", "terminal"),
         ("Run a shell command", "Executes a command in the terminal", "Run something in bash"),
         (Slot("command", ("command", "cmd", "line", "script"), ("The command line",)),), (
             "Run {command}.", "execute {command}", "run the command {command}", "in the shell, run {command}", "Execute the command {command}.",
             "do {command} in the terminal", "type {command} in bash", "start {command}"), (
             ("{text}", "It printed: {text}"), ("exit code {n}", "The command ended with exit code {n}."), ("ok", "The command ran.")),
         {"command": lambda random: random.choice((f"ls {values.folder(random)}", f"git {values.word(random)}", f"cat {values.path(random)}",
                                                   f"python {values.file_name(random)}", f"{values.word(random)} --{values.word(random)} {values.small(random)}"))}),
    Task("random", ("random_number", "roll_dice", "rand_int", "pick_number"), ("Draw a random number", "Returns a random integer in a range"),
         (Slot("low", ("min", "low", "from", "start"), ("Smallest number",), "integer"), Slot("high", ("max", "high", "to", "end"), ("Largest number",), "integer")), (
             "Give me a random number between {low} and {high}.", "random number from {low} to {high}", "pick a number between {low} and {high}",
             "draw a number from {low} to {high}", "choose some number, {low} to {high}", "Roll a number between {low} and {high}.", "any number from {low} up to {high}"), (
             ("{n}", "The number is {n}."), ("{\"value\": {n}}", "I drew {n}.")), {"low": values.small, "high": values.integer}),
    Task("note", ("save_note", "create_note", "add_note", "take_note", "remember"), ("Save a note", "Stores a note for later", "Write something down"),
         (Slot("text", ("text", "note", "content", "body"), ("The note",)),), (
             "Note: {text}", "Write down {text}", "make a note that says {text}", "take a note: {text}", "remember {text}", "Save a note {text}",
             "note this for me: {text}", "jot down {text}", "add the note {text}"), (
             ("saved", "The note is saved."), ("{\"id\": \"{id2}\"}", "Saved as note {id2}."), *DONE), {"text": values.sentence}),
    Task("todo", ("add_todo", "add_task", "todo_add", "create_task"), ("Add an item to the to-do list", "Adds a task", "Put something on the list"),
         (Slot("item", ("item", "task", "title", "text"), ("What is to be done",)),
          Slot("priority", ("priority", "level", "importance"), ("How important",), enum=("low", "medium", "high"), optional=True)), (
             "Add {item} to my list[ with {priority} priority].", "put {item} on the to-do list[, {priority} priority]", "new task: {item}[, priority {priority}]",
             "I have to do {item}[, {priority} priority], add it", "todo {item}[ ({priority})]", "Add the task {item}[ with priority {priority}].",
             "make a to-do {item}[ of {priority} priority]", "list: add {item}[, {priority}]"), (
             ("ok", "{item} is on your list."), ("{\"count\": {n}}", "Added; the list now has {n} items."), *DONE),
         {"item": values.phrase, "priority": lambda random: random.choice(("low", "medium", "high"))}),
    Task("distance", ("get_distance", "distance", "route", "directions", "travel_distance"),
         ("Distance between two places", "Find the way from one place to another", "Plan a route"),
         (Slot("from", ("from", "origin", "start", "from_city"), ("Start",)), Slot("to", ("to", "destination", "end", "to_city"), ("Goal",))), (
             "How far is it from {from} to {to}?", "distance from {from} to {to}", "What is the way from {from} to {to}?", "route {from} to {to}",
             "how do I get from {from} to {to}", "Plan a trip from {from} to {to}.", "how many kilometers between {from} and {to}", "directions from {from} to {to}"), (
             ("{m} km", "It is {m} km from {from} to {to}."), ("{\"km\": {m}, \"hours\": {n}}", "It is {m} km and takes {n} hours.")),
         {"from": values.place, "to": values.place}),
    Task("flight", ("search_flights", "find_flight", "book_flight", "flights"), ("Search flights between two cities", "Find a flight on a date"),
         (Slot("from", ("origin", "from", "departure", "from_airport"), ("Where it starts",)), Slot("to", ("destination", "to", "arrival"), ("Where it lands",)),
          Slot("date", ("date", "day", "departure_date"), ("Day of the flight",))), (
             "Find a flight from {from} to {to} on {date}.", "flights {from} to {to} {date}", "I want to fly from {from} to {to} on {date}",
             "book me a flight to {to} from {from} on {date}", "Is there a plane from {from} to {to} on {date}?", "search flights on {date} from {from} to {to}",
             "fly me on {date} from {from} to {to}"), (
             ("{id2}, {time2}", "There is flight {id2} at {time2}."), ("{\"price\": {m}}", "The flight costs {m}."), ("none", "There is no flight.")),
         {"from": values.place, "to": values.place, "date": values.date}),
    Task("sql", ("run_query", "query_database", "sql", "execute_sql", "db_query"), ("Run an SQL query", "Query the database", "Executes SQL"),
         (Slot("query", ("query", "sql", "statement"), ("The SQL",)),), (
             "Run the query {query}", "execute {query} on the database", "ask the database: {query}", "sql: {query}", "query the database with {query}",
             "Run this SQL: {query}", "do the SQL {query}"), (
             ("{n} rows", "The query gave {n} rows."), ("[[{m}]]", "The result is {m}.")),
         {"query": lambda random: random.choice((f"SELECT * FROM {values.word(random)}", f"SELECT {values.word(random)} FROM {values.word(random)} LIMIT {values.small(random)}",
                                                 f"SELECT COUNT(*) FROM {values.word(random)}", f"DELETE FROM {values.word(random)} WHERE id = {values.small(random)}"))}),
)
