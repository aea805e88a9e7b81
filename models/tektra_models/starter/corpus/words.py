"""Word lists from which values are made. Real words keep the values natural; syllables make them endless."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

LETTERS = re.compile(r"[^\W\d_]+")
ENGLISH_PATH = Path(__file__).with_name("english.txt")


@lru_cache(maxsize=1)
def english() -> tuple[str, ...]:
    """Common English words in lower case, the commonest first."""
    return tuple(ENGLISH_PATH.read_text(encoding="ascii").split())


def letters(text: str) -> list[str]:
    """The words in a text, in lower case: what stands between anything but letters."""
    return [word.lower() for word in LETTERS.findall(text)]


def spaced(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


def barred(text: str) -> list[str]:
    """The entries of a text with a bar or a new line between them."""
    return text.strip().replace("\n", "|").split("|")


WORDS = spaced("""
account action address agenda album alert almond amber anchor angle apple april archive area arrow article atlas attic
autumn award badge bakery ball bamboo band bank barn basket battery beach beacon bean bear bell bench berry bicycle
bill bird blanket blossom blue board boat bone book border bottle bottom branch brave bread breakfast breeze brick
bridge bright brother brown brush budget buffer build bundle butter button cabin cable cactus calendar camera camp
canal candle canvas captain carbon card cargo carpet castle cedar cell center chain chair chalk change channel chapter
chart cheese cherry chess chest chicken choice circle city class clay client clock cloud clover coast code coffee coin
cold color comet company compass concert config contract copper coral corner cotton council country course cousin
crane cream credit creek cricket crown crystal cup curtain custom daily dance dark data dawn deal december deck deep
deer delta demo desert design desk detail diary digital dinner doctor dog dolphin door double draft dragon dream drive
drum dust eagle early earth east echo edge editor egg eight ember empty energy engine error estate evening event
example expense export fabric factory falcon family farm fast father feather fern festival field figure film final
finger finish fire first fish flag flame flight floor flower flute focus fog folder forest fork form fountain fox
frame fresh friday friend frog frost fruit future galaxy garage garden garlic gate gentle ghost giant ginger glass
globe gold grape graph grass gravel gray green grid group guest guide guitar hall hammer harbor hawk header health
heart heavy hidden hill history holiday home honey hotel hour house hunter ice idea image import inbox index ink input
insect invoice iron island item ivory jacket january jar jasmine jazz job journal journey july june jungle kernel key
kitchen kite knife label lake lamp language large laser later lemon lesson letter level library light lily limit linen
lion list little lobby local log london long lotus lucky lunch machine magnet mail main manual maple map marble march
margin market mask master match matrix meadow measure medal meeting melon member memory menu metal method middle milk
mill mint mirror mobile model modern monday money monitor month moon morning mother motor mountain mouse museum music
narrow nature needle nest network night noble noise noon north note notebook november number oak oasis object ocean
october office oil old olive onion online opera orange orbit orchid order organ original otter output oven owl oxygen
package page paint palace panel paper parade parent park parrot party pasta patch path patient pattern peach pearl
pebble pencil pepper phone photo piano picnic pine pipe pirate pixel pizza planet plant plastic plate player plum
pocket poem point polar pond pool portal post potato powder power present press price prime print prism private
profile profit project proof public pulse pumpkin purple puzzle quarter queen quick quiet quiz rabbit radar radio rain
ranch random rapid raven reader record red region release remote repair report request rescue reset result review
ribbon rice ring river road robin robot rocket roof room root rose round route royal ruby rule runner saddle safe sail
salad salmon salt sample sand satin saturday sauce scale scene school science score screen script sea season second
secret section seed segment senior september series server session shadow shape shark sheet shelf shell ship shirt
shop short signal silent silver simple sister sketch sky small smoke snow soap soft solar solid song source south
space spare spark spice spider spirit spoon sport spring square stage star state station steel stone storage storm
story strategy straw street string studio style sugar summary summer sun sunday supply surface swan sweet swift switch
symbol system table tablet target task tax tea team temple tender tennis tent test text theme thunder thursday ticket
tiger timber time title toast today tomato tool topic torch total tower town toy trace track trade traffic train
travel tree trial tribe truck trumpet tuesday tulip tunnel turtle twin umbrella uncle update upper urban user valley
value van vector velvet vendor venue version video village violet violin visit voice volcano wagon wall walnut water
wave wealth weather web wedding wednesday weekly west whale wheat wheel white wild willow wind window wine winter wire
wolf wonder wood wool word work world yellow yoga young zebra zero zone
""")

SYLLABLES = spaced("""
ba be bi bo bu ca ce co cra da de di do dra du el en er fa fe fi fo fra ga ge gi go gra ha he hi ho in is jo ka ke ki
ko kra la le li lo lu ma me mi mo mu na ne ni no nu o on or pa pe pi po pra qua ra re ri ro ru sa se shi sho si so sta
ste sto su ta te ti to tra tri tu u ul un va ve vi vo wa we wi xa ya yo za ze zi zo
""")

ENDINGS = spaced("b ck d dle ff g k l ld lm lt m n nd ng nk nt p r rd rk rm rn rt s sh ss st t th v x z") + [""] * 24

FIRST_NAMES = spaced("""
Ada Ahmed Aiko Alan Alice Amara Amina Ana Anders Andrea Anna Anton Aria Ben Bella Boris Bruno Carla Carlos Chen Chloe
Clara Daniel David Diego Dora Elena Eli Elif Emil Emma Eric Eva Farah Felix Fiona Frida Gabriel George Grace Hana
Hannah Hassan Hugo Ida Ines Ingrid Isaac Ivan Jack Jamal James Jana Jonas Julia Kai Karim Kate Kenji Lara Layla Lea
Leo Lena Liam Lina Lucas Lucia Luis Maja Marco Maria Mark Marta Max Maya Mia Miguel Mila Mina Nadia Nina Noah Nora
Oliver Olga Omar Oscar Paul Paula Pedro Petra Priya Rafael Raj Rita Robert Rosa Ruth Sam Samir Sara Sofia Stefan Tariq
Tessa Theo Thomas Tom Uma Vera Victor Wei Yara Yuki Yusuf Zara Zoe
""")

LAST_NAMES = spaced("""
Abbas Adler Baker Becker Bell Berg Brown Campos Carter Castro Clark Cohen Costa Cruz Dahl Diaz Dubois Evans Ferrari
Fischer Fuentes Garcia Gray Haas Hall Hansen Hill Horvat Ibrahim Ito Jansen Jones Kaya Keller Khan Kim Klein Kovacs
Kumar Lang Larsen Lee Lopez Martin Meyer Mori Moreau Nguyen Novak Olsen Ortiz Park Patel Perez Petrov Quinn Reed Rossi
Sato Schmidt Shah Silva Singh Smith Stone Suzuki Tanaka Torres Vargas Vogel Wagner Walker Wang Weber White Wong Wood
Wright Young Zhang
""")

CITIES = barred("""
Accra|Athens|Bangkok|Barcelona|Berlin|Bern|Bogota|Boston|Brussels|Budapest|Cairo|Cape Town|Chicago|Copenhagen|Dakar
Delhi|Denver|Dublin|Geneva|Hamburg|Hanoi|Helsinki|Istanbul|Jakarta|Kyoto|Lagos|Lima|Lisbon|London|Lyon|Madrid|Manila
Melbourne|Mexico City|Milan|Montreal|Mumbai|Munich|Nairobi|Naples|New York|Osaka|Oslo|Ottawa|Paris|Perth|Porto|Prague
Quito|Rome|San Francisco|Santiago|Seattle|Seoul|Seville|Shanghai|Singapore|Sofia|Stockholm|Sydney|Taipei|Tokyo|Toronto
Turin|Vienna|Vilnius|Warsaw|Zagreb|Zurich
""")

EXTENSIONS = spaced(
    "txt md csv json yaml toml log py js html css xml pdf png jpg svg zip sh c rs go ini cfg docx xlsx sql "
    "tex bak wav mp3"
)

FOLDERS = spaced(
    "src docs data notes logs tmp home etc var backup photos music projects work reports config scripts tests build "
    "assets downloads Documents Desktop images lib public server client archive drafts letters taxes"
)

LANGUAGES = spaced(
    "French German Spanish Italian Portuguese Dutch Polish Turkish Arabic Japanese Korean Chinese Hindi Swedish Greek "
    "Finnish Danish Czech Russian Hebrew Swahili"
)

COUNTRIES = spaced(
    "France Germany Spain Italy Portugal Poland Turkey Egypt Kenya Nigeria Brazil Argentina Chile Peru Mexico Canada "
    "Australia Japan China India Vietnam Thailand Norway Sweden Finland Greece Hungary Ireland Iceland Morocco Mongolia"
)

COLORS = spaced("red green blue yellow orange purple black white pink brown gray teal navy gold silver")
CURRENCIES = spaced("EUR USD GBP JPY CHF SEK NOK PLN CAD AUD INR CNY BRL MXN KRW")
UNITS = spaced("meters feet miles kilometers grams kilograms pounds ounces liters gallons inches centimeters yards")
WEEKDAYS = spaced("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTHS = spaced("January February March April May June July August September October November December")
