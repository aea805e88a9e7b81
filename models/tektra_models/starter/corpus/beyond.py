"""What lies beyond a model of this size, and the honest words for it.

The topics are many and their words are filled in freshly, because the model must learn "none of the things I know"
rather than a list of topics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tektra_models.starter.corpus import values, words
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import fill
from tektra_models.starter.corpus.help_facts import PULL_EXAMPLE
from tektra_models.starter.corpus.help_shapes import phrasings

THINGS = words.barred("""
volcanoes|black holes|the moon|dinosaurs|photosynthesis|gravity|the stock market|democracy|the French Revolution
the Roman Empire|quantum physics|evolution|vaccines|the human heart|inflation|blockchain|climate change
the solar system|earthquakes|bees|DNA|magnets|World War II|the Cold War|jazz|impressionism|chess openings|football
the Olympics|cricket|yoga|meditation|coffee|wine|bread|cheese|relativity|electricity|atoms|rainbows|whales|penguins
elephants|dreams|love|happiness|friendship|time travel|ghosts|religion|ethics|machine learning|neural networks
recursion|binary search|sorting|regular expressions|databases|encryption|the internet|Linux|Rust|Python|glaciers
the Big Bang|antibiotics|bacteria|viruses|the brain|the immune system|plate tectonics|tornadoes|the ozone layer
solar panels|nuclear power|wind energy|electric cars|batteries|lasers|robots|satellites|telescopes|spiders|sharks
butterflies|horses|wolves|cats|dogs|birds|mushrooms|roses|forests|deserts|oceans|chocolate|tea|salt|sugar|gold
diamonds|plastic|glass|paper|capitalism|socialism|feminism|human rights|the United Nations|the European Union
the Middle Ages|the Renaissance|the pyramids|the Silk Road|Vikings|samurai|knights|opera|ballet|rock music|poetry
photography|architecture|philosophy|psychology|grammar|statistics|algebra|prime numbers|infinity|probability
artificial intelligence|computers|transistors|operating systems|Docker|Kubernetes|JavaScript|tennis|basketball
marathons|gardening|knitting|camping|marriage|money|sleep|fear|humor|anger
""")

PEOPLE = words.barred("""
Einstein|Napoleon|Marie Curie|Shakespeare|Mozart|Beethoven|Picasso|Cleopatra|Newton|Darwin|Gandhi|Lincoln
Leonardo da Vinci|Galileo|Frida Kahlo|Ada Lovelace|Alan Turing|Aristotle|Plato|Julius Caesar|Queen Victoria|Columbus
Tolstoy|Goethe|Dante|Homer|Nelson Mandela|Stephen Hawking|Nikola Tesla|Thomas Edison|Isaac Asimov|Jane Austen
Charles Dickens|Virginia Woolf|Mark Twain|Ernest Hemingway|Kafka|Bach|Chopin|Elvis Presley|the Beatles|Michael Jackson
Van Gogh|Rembrandt|Michelangelo|Martin Luther King|Winston Churchill|Kennedy|Alexander the Great|Genghis Khan
Joan of Arc|Socrates|Confucius|Buddha|Freud|Kant|Nietzsche|Marx|Florence Nightingale|Grace Hopper|Neil Armstrong
Amelia Earhart|Pelé
""")

DISHES = words.barred("""
pancakes|lasagna|risotto|sushi|chicken soup|an apple pie|tiramisu|paella|ramen|a birthday cake|tacos|hummus|curry
an omelette|bread|pizza dough|goulash|pho|falafel|chili|cookies|mashed potatoes|a salad|pesto|french fries|spaghetti
carbonara|gnocchi|a cheesecake|brownies|muffins|waffles|scrambled eggs|fried rice|a burger|a steak|meatballs|dumplings
burritos|guacamole|tomato soup|lentil soup|roast beef|fish and chips|ratatouille|couscous|kimchi|pad thai|a sandwich
apple sauce
""")

PROGRAMS = words.barred("""
sorts a list|reverses a string|checks for primes|reads a CSV file|downloads a page|counts words|parses JSON
computes Fibonacci numbers|finds duplicates|draws a circle|sends an email|validates a date|merges two dictionaries
flattens a list|builds a web server|plays tic tac toe|converts temperatures|finds the shortest path|removes whitespace
connects to a database|adds two numbers|prints the date|renames files|makes a backup|scrapes a website|plots a chart
rolls a dice|solves a sudoku|checks a password|reads from a socket|copies a folder|resizes images
counts lines in a file|finds the largest number|removes duplicates|shuffles a deck of cards|simulates a bank
calculates the average|translates Morse code|generates passwords
""")

CODE = words.barred("Python|JavaScript|Java|C|C++|Rust|Go|SQL|Bash|HTML|Ruby|PHP|Kotlin|Swift|Haskell|TypeScript")
KINDS = words.barred("""
poem|story|haiku|song|limerick|letter|speech|essay|short story|rap|sonnet|fairy tale|toast|blog post|tweet|ballad
novel|screenplay|monologue|dialogue|cover letter|birthday card|press release|product description|diary entry
love letter|eulogy|fable|riddle|slogan|resume
""")
AILMENTS = words.barred("""
a headache|a cold|back pain|a fever|a sore throat|a rash|stomach pain|insomnia|a cough|high blood pressure|an allergy
a toothache|the flu|a migraine|asthma|a broken arm|nausea|dizziness|knee pain|sunburn|diabetes|stress|anxiety
heartburn|a stiff neck
""")

FOREIGN = words.barred("""
Wie geht es dir?|Was ist die Hauptstadt von Italien?|Wie spät ist es?|Erzähl mir einen Witz.|Kannst du mir helfen?
Wer bist du?|Schreibe ein Gedicht.|Was kostet ein Brot?|¿Cómo estás?|¿Qué hora es?|¿Quién eres?|Cuéntame un chiste.
¿Cuál es la capital de Perú?|¿Puedes ayudarme?|Bonjour, comment ça va ?|Quelle heure est-il ?|Qui es-tu ?
Raconte-moi une histoire.|Où est la gare ?|Come stai?|Qual è la capitale della Francia?|Che ore sono?|Como vai você?
Quem é você?|Hoe gaat het?|Wie ben jij?|Hur mår du?|Jak się masz?|Kto ty jesteś?|Nasılsın?|Sen kimsin?|Как дела?
Кто ты?|Расскажи анекдот|こんにちは|元気ですか|你好|你是谁
今天天气怎么样|안녕하세요|누구세요|مرحبا|كيف حالك؟|नमस्ते|आप कैसे हैं?|Γεια σου
Miten menee?|Hvordan har du det?|Cum te numești?|Mi a neved?
""")


def made_up(random: Random) -> str:
    """A word or two that mean nothing in particular."""
    return values.syllables(random) if random.random() < 0.5 else f"{values.word(random)} {values.word(random)}"


def thing(random: Random) -> str:
    """A subject of conversation."""
    return random.choice(THINGS) if random.random() < 0.6 else values.word(random)


def gibberish(random: Random) -> str:
    """Keys hit at random."""
    letters = "asdfghjklqwertzuiopyxcvbnm"
    return " ".join("".join(random.choices(letters, k=random.randint(2, 9))) for _ in range(random.randint(1, 3)))


def someone(random: Random) -> str:
    """A person that people ask about."""
    return random.choice(PEOPLE) if random.random() < 0.7 else values.person(random)


FILLERS: dict[str, Callable[[Random], str]] = {
    "thing": thing,
    "thing2": thing,
    "person": someone,
    "dish": lambda random: random.choice(DISHES),
    "program": lambda random: random.choice(PROGRAMS),
    "code": lambda random: random.choice(CODE),
    "kind": lambda random: random.choice(KINDS),
    "ailment": lambda random: random.choice(AILMENTS),
    "country": lambda random: random.choice(words.COUNTRIES),
    "city": values.place,
    "language": values.language,
    "phrase": values.phrase,
    "made": made_up,
    "foreign": lambda random: random.choice(FOREIGN),
    "gibberish": gibberish,
    "name": values.person,
    "n": values.small,
    "year": lambda random: str(random.randint(1066, 2030)),
    "word": values.word,
}


@dataclass(frozen=True)
class Topic:
    """One field of questions; `what` names it as the subject of an answer."""

    what: str
    questions: tuple[str, ...]


TOPICS: tuple[Topic, ...] = (
    Topic(
        "geography",
        phrasings("""
What is the capital of {country}?|Where is {city}?|how many people live in {country}|Which river flows through {city}?
what language do they speak in {country}|How big is {country}?|Tell me about {city}.
What is the highest mountain in {country}?|which countries border {country}|What is {country} known for?
Is {city} in {country}?|What's the population of {city}?|what currency is used in {country}
How far is {city} from {country}?|Name {n} cities in {country}.|capital of {country}?|what should I see in {city}
What is the largest city in {country}?|What is the capital city of {country}?|Tell me the capital of {country}.
name the capital of {country}|Which continent is {country} on?|where does {person} come from
What is the longest river in {country}?|how deep is the ocean|In which country is {city}?
what is the time zone of {city}|Is {country} bigger than {country}?|How do I get from {city} to {city}?
what is {city} famous for|How many countries are there?|describe {country}|What is the climate like in {country}?
Which sea lies near {city}?|what is the flag of {country}|Where is the tallest building?
"""),
    ),
    Topic(
        "history",
        phrasings("""
Who was {person}?|When was {person} born?|What happened in {year}?|Tell me about the history of {country}.
who won the war of {year}|Why is {person} famous?|What did {person} discover?|When did {country} become independent?
who was king in {year}|How did {person} die?|who ruled {country} in {year}|What did {person} write?
Who was president in {year}?|who invented {thing}|When was {thing} invented?|Explain the causes of {thing}.
Who is {person}?|what do you know about {person}|Why did the Roman Empire fall?|when did World War {n} end
Who was the first king of {country}?|Where was {person} born?|summarize the life of {person}|Tell me about {person}.
when was {city} founded|What happened to {person}?|Who came before {person}?|why was {person} important
Explain what happened in {year}.|How old was {person} in {year}?|which year did {person} die
Who fought in the war of {year}?|give me a biography of {person}|Who was the first person on the moon?
when did {person} live|Describe {country} in {year}.
"""),
    ),
    Topic(
        "science",
        phrasings("""
How does {thing} work?|Explain {thing}.|What is {thing}?|What is the speed of light?|why is the sky blue
Explain {thing} to a child.|What is the difference between {thing} and {thing2}?|How hot is the sun?
what causes {thing}|How do birds fly?|Tell me about {thing}.|why do we dream|Why do {thing} exist?
How many bones does a human have?|what are {thing} made of|how old is the universe|What is water made of?
Give me {n} facts about {thing}.|how far away is the moon|Is {thing} dangerous?|what is the meaning of {thing}
Who discovered {thing}?|describe {thing}|How is {thing} related to {thing2}?|Why is {thing} important?
explain how {thing} works|Who came up with {thing}?|how do {thing} work|when were {thing} discovered|What are {thing}?
Define {thing}.|what is the definition of {thing}|Why is the ocean salty?|how many planets are there
How do plants grow?|Explain {thing} in simple words.|Can you explain {thing}?|what happens inside {thing}
Why do cats purr?|How long do {thing} live?|compare {thing} and {thing2}|Summarize what is known about {thing}.
How does a {word} work?|why do leaves turn yellow|At what temperature does water boil?|how heavy is an elephant
What makes {thing} special?|teach me about {thing}
"""),
    ),
    Topic(
        "writing texts",
        phrasings("""
Write a {kind} about {thing}.|Write me a {kind}.|compose a {kind} for {name}|Tell me a story about {thing}.
write a {kind} in the style of {person}|Can you write a {kind} about {thing}?
Make up a {kind} with {thing} and {thing2}.|write an email to {name} about {thing}
Give me a title for a {kind} about {thing}.|I need a {kind} for my wedding|Rewrite this text: {phrase}
make this sound better: {phrase}|write {n} lines about {thing}|Sing a song about {thing}.
Continue this story: {phrase}|Please write a cover letter.|write a {kind}|Summarize this: {phrase}
give me a slogan for {thing}|correct my grammar: {phrase}|Write a short {kind} for {name}|can you tell me a {kind}
Write an essay on {thing}.|draft a {kind} about {thing}|Make a poem about {thing}.|write me a poem
Write a {kind} for {name}'s birthday.|tell me a bedtime story|Come up with a {kind} about {thing}.|compose a poem
Create a {kind} with {n} lines.|summarise this text: {phrase}|Write a summary of {thing}.
can you summarize {thing} for me|Shorten this: {phrase}|Rephrase this sentence: {phrase}|help me write a {kind}
draft an email to {name}|Write a review of {phrase}.|invent a name for my {word}|give me a summary of {phrase}
Proofread this: {phrase}|Write a job application for {name}.|make up a story|turn this into a {kind}: {phrase}
Please write a {kind} about {thing} and {thing2}.|write a thank-you note to {name}|Finish this sentence: {phrase}
I need an essay about {thing}|make this shorter: {phrase}
"""),
    ),
    Topic(
        "programming",
        phrasings("""
Write a {code} function that {program}.|write {code} code that {program}|How do I write a loop in {code}?
What is the difference between {code} and {code}?|Fix this code: {phrase}|how do I install {code}
Can you write a program that {program}?|Explain {thing} in {code}.|write a script that {program}
Debug my {code} program.|Is {code} better than {code}?|What does this error mean: {phrase}?|give me a {code} example
How do I {word} in {code}?|I need a {code} class for {thing}|how does git work|Teach me {code}.
Convert this {code} to {code}.|Write code that {program}.|write a {code} script that {program}
Show me {code} code that {program}.|How do I sort a list in {code}?|explain this {code} code
What is a {code} function?|Why does my {code} code fail?|write a function in {code}|code a program that {program}
Help me with my {code} homework.|how do I read a file in {code}|What is {code} good for?|Can you code in {code}?
give me code for {thing}|Write a regular expression for {word}.|How do I learn {code}?
write an SQL query that counts {word}s|make a website about {thing}|Find the bug in this: {phrase}
implement {thing} in {code}|What is an API in programming?|Optimize my {code} function.|how do I center a div
Write unit tests in {code}.
"""),
    ),
    Topic(
        "translating",
        phrasings("""
Translate '{phrase}' to {language}.|How do you say {word} in {language}?|what does {made} mean in {language}
Translate this into {language}: {phrase}|say hello in {language}|How do I say thank you in {language}?
What is the {language} word for {word}?|can you speak {language}|translate {word} to {language}
Do you speak {language}?|Teach me some {language}.|what is '{phrase}' in {language}|Translate {word} into {language}.
what is {word} in {language}|Please translate: {phrase}|How would you say '{phrase}' in {language}?
translate the word {word} to {language}|What does '{made}' mean?|give me the {language} translation of {phrase}
Write '{phrase}' in {language}.|how do you spell {word} in {language}|Is {made} a {language} word?
count to {n} in {language}|Translate my letter to {language}.|how do I pronounce {word}|Answer me in {language}.
say '{phrase}' in {language}|What is {language} for {word}?|translation of {word} please
Put this into {language}: {phrase}
"""),
    ),
    Topic(
        "cooking",
        phrasings("""
How do I cook {dish}?|Give me a recipe for {dish}.|what can I make with {thing} and {thing2}
How long do I bake {dish}?|What goes well with {dish}?|recipe for {dish}|how many calories are in {dish}
What should I eat tonight?|Is {dish} healthy?|how do you make {dish}|I want to cook {dish}|What is in {dish}?
What is the recipe for {dish}?|tell me how to cook {dish}|Which ingredients do I need for {dish}?|recipe with {thing}
Give me an easy recipe.|how much salt goes into {dish}|Can I freeze {dish}?|cook {dish} for {n} people
What should I cook for {name}?|dinner ideas?|How do I bake {dish}?|best recipe for {dish}
At what temperature do I bake {dish}?|what wine goes with {dish}|Suggest a vegetarian recipe.|is {dish} vegan
How do I make {dish} without eggs?|what is a good breakfast
"""),
    ),
    Topic(
        "medical advice",
        phrasings("""
I have {ailment}, what should I do?|What helps against {ailment}?|is {ailment} dangerous|What causes {ailment}?
Which medicine is good for {ailment}?|My child has {ailment}.|how can I sleep better|Do I need a doctor for {ailment}?
how do I lose weight|What are the symptoms of {ailment}?|should I take aspirin|How many hours should I sleep?
What can I do about {ailment}?|how do I get rid of {ailment}|Is {ailment} a sign of something bad?|my {word} hurts
Should I see a doctor?|what does {ailment} mean|How much water should I drink?|Which vitamins do I need?
can I take two pills for {ailment}|What is a healthy diet?|How do I stop smoking?|why do I have {ailment}
I feel sick, what should I do?|how do I treat {ailment}|Is coffee bad for me?|what exercise is good for my back
How long does {ailment} last?|am I ill
"""),
    ),
    Topic(
        "opinions and advice",
        phrasings("""
What do you think about {thing}?|Should I learn {code} or {code}?|what should I do today
Which is better, {thing} or {thing2}?|Recommend me a book.|Recommend a film about {thing}.|What is the best {word}?
what should I name my {word}|Give me advice about {thing}.|Do you like {thing}?|what is your favourite {word}
How do I become rich?|Is {thing} good or bad?|what gift should I buy for {name}|Should I buy a {word}?
plan a trip to {city}|How can I be happy?|Suggest {n} ideas for {thing}.|What is the meaning of life?
who will win the election|Does God exist?|how do I make friends|Help me decide between {thing} and {thing2}.
what music do you like|Which {word} should I buy?|what would you do about {thing}|Is it worth learning {code}?
Give me a tip for {thing}.|how do I learn {thing}|What is your opinion on {thing}?|Who is the best football player?
which film should I watch|Should I quit my job?|how do I ask {name} for a date|What should I wear?
recommend a restaurant in {city}|Suggest a name for my cat.|where should I go on holiday
What should I do this weekend?|give me {n} tips for {thing}|How do I get better at {thing}?|which book should I read
Can you recommend music?|what is more useful, {thing} or {thing2}|Plan my week.|how can I sleep less
What do people think of {thing}?|help me prepare for an interview|How do I train my dog?|what career suits me
Should I marry {name}?|is it a good idea to buy {thing}
"""),
    ),
    Topic(
        "law and money",
        phrasings("""
How do taxes work in {country}?|Should I invest in {thing}?|can my landlord do that|How much does a {word} cost?
What is the minimum wage in {country}?|how do I start a company|Is it legal to {word} in {country}?
What is a mortgage?|how do I write a contract|What stocks should I buy?|do I need a visa for {country}
Explain interest rates.|How much money does {person} have?|what is the price of {thing}|How do I save money?
can I be fired for {thing}|How high are taxes in {country}?|what is bitcoin worth|Should I buy a house?
how do I get a loan|Is it allowed to park in {city}?|what does a lawyer cost
How do I open a bank account in {country}?|write a will for me|What is the exchange rate of the euro?
who owns {phrase}|How do pensions work?|what insurance do I need|Can I sue {name}?|explain the law about {thing}
"""),
    ),
    Topic(
        "news",
        phrasings("""
What is in the news?|Who is the president of {country}?|what happened today|Who won the game yesterday?
What is the weather like?|how is the stock market doing|What's new in {city}?|When is the next election in {country}?
what time is it|What day is it today?|who won the world cup in {year}|Will it rain tomorrow?|Tell me the latest news.
what's the weather in {city}|How is the weather today?|who is the prime minister of {country}|What is the date today?
is it going to snow in {city}|Who won the election in {country}?|what are the headlines
When does the next train leave?|what is on TV tonight|How did {phrase} end yesterday?|who scored in the last match
What is the temperature in {city}?|any news about {thing}|What's trending today?|is there traffic in {city}
What is today's date?|current time in {city}
"""),
    ),
    Topic(
        "culture",
        phrasings("""
Who wrote {thing}?|Who painted the Mona Lisa?|what is the best film of {year}|Who sings {phrase}?
What is {made} about?|Who plays in {phrase}?|how many books did {person} write|When was {phrase} released?
Name {n} songs by {name}.|Explain the ending of {phrase}.|who is the author of {phrase}|What are the rules of {word}?
Who is the author of {thing}?|when did {person} paint this|Summarize the book {phrase}.|who directed {phrase}
What genre is {phrase}?|name a famous painting|Which instrument did {person} play?|what are the lyrics of {phrase}
Who composed {phrase}?|how many films did {name} make|What is the plot of {phrase}?|quote something by {person}
Who won the Oscar in {year}?|how do I play {word}|Explain the rules of chess.|what band sang {phrase}
How tall is {person}?|list {n} books by {person}
"""),
    ),
    Topic(
        "puzzles and reasoning",
        phrasings("""
If a train leaves {city} at {n} and drives {n} hours, when does it arrive?|Solve this riddle: {phrase}
prove that {thing} exist|What comes next: {n}, {n}, {n}?
I have {n} apples and eat one every day, how long do they last?|Solve the equation x + {n} = {n}.
how many {word}s fit into a {word}|What is the derivative of x^{n}?|play a game with me|Let's play chess.
Ask me a riddle.|{name} is older than {name}, who is younger?|What is the square root of {n}?|solve x^2 = {n}
Explain calculus.|is {n} a prime number|How many letters are in {word}?|which is heavier, {thing} or {thing2}
Spell {word} backwards.|what rhymes with {word}|If all {word}s are {word}s, is {name} a {word}?
count the vowels in {made}|What is the next prime after {n}?|what is {n} factorial|How many days are in {n} years?
make an anagram of {word}|Think step by step: who is taller, {name} or {name}?|what is the opposite of {word}
Prove the Pythagorean theorem.|give me a sudoku
"""),
    ),
    Topic("other languages", ("{foreign}",) * 6),
    Topic(
        "your own affairs",
        phrasings("""
Where did I put my keys?|what is on my calendar|Read my emails.|what is my password|How much money is on my account?
When is my next appointment?|call {name}|Send a message to {name}.|what is my phone number|book a table in {city}
Order a pizza.|remind me to call {name}|Set an alarm for {n} o'clock.|what did I eat yesterday|Who called me today?
turn on the light|Play some music.|when is my birthday|Buy me a ticket to {city}.|where is my phone
What is my address?|open my photos|Do I have new mail?|how old am I|What is {name}'s phone number?
write to {name} for me|Book a flight to {country}.|where does {name} live|Add milk to my shopping list.|what is my name
Wake me at {n}.|pay my bills|Which meetings do I have today?|find my car|Is {name} at home?|turn off the TV
"""),
    ),
    Topic(
        "that",
        phrasings("""
{gibberish}|{made}|{phrase}|{word}|{phrase}?|{made}?|blah|{word} {n}|why|hmm|what about {word}|{gibberish} {word}
tell me more|{thing}|I like {thing}.|My name is {name}.|I live in {city}.|I am {n} years old.|yesterday I saw a {word}
the {word} is {made}|my {word} is broken|I'm bored|guess what|{n}
"""),
    ),
)

SMALL = (
    "I am only the small built-in model",
    "I'm just Tektra's small built-in model",
    "I am a very small model",
    "I'm only a tiny built-in model",
    "I am the small model that comes with Tektra",
)
BEYOND = (
    "{What} is beyond me",
    "{What} is more than I can do",
    "I do not know enough for {what}",
    "I can't help well with {what}",
    "I would only guess about {what}",
    "{What} is out of my reach",
)
BEYOND_ANY = (
    "That is beyond me",
    "I can't answer that",
    "I don't know",
    "That is more than I know",
    "I would only be guessing",
    "I am too small for that",
    "Sorry, that is out of my reach",
    "I do not know about that",
)
REMEDY = (
    "`tektra models pull REPO` brings a larger one",
    "a larger one comes with `tektra models pull REPO`",
    f"get a larger one with `{PULL_EXAMPLE}`",
    f"`{PULL_EXAMPLE}` gets a larger one",
    "use `tektra models pull REPO` to get a larger one",
    f"a larger one, such as `{PULL_EXAMPLE}`, can do more",
)
OFFER = (
    "I can explain Tektra's commands.",
    "Ask me about Tektra and its commands instead.",
    "What I know is how Tektra is used.",
    "I can help with Tektra's commands, or call tools that I am given.",
    "I know Tektra's commands and can call tools.",
)


def upper_first(text: str) -> str:
    """The text as the start of a sentence."""
    return text[:1].upper() + text[1:]


def honest_words(chance: Chance, what: str | None = None) -> str:
    """One of many honest answers: beyond me, small, the command for more, and perhaps what I can do."""
    if what and what != "that" and chance.odds(0.15):
        start = chance.pick(BEYOND).replace("{What}", upper_first(what)).replace("{what}", what)
    else:
        start = chance.pick(BEYOND_ANY)
    small, remedy = chance.pick(SMALL), chance.pick(REMEDY)
    text = chance.pick(
        (
            f"{start}: {small[0]}{small[1:]}. {upper_first(remedy)}.",
            f"{start}. {small}; {remedy}.",
            f"{start}; {small}. {upper_first(remedy)}.",
        )
    )
    return f"{text} {chance.pick(OFFER)}" if chance.odds(0.4) else text


def question(chance: Chance) -> tuple[Topic, str]:
    """Something that the model cannot answer, and its field."""
    topic = chance.random.choices(TOPICS, weights=[len(topic.questions) for topic in TOPICS])[0]
    return topic, fill(chance, chance.phrasing(topic.questions), FILLERS)
