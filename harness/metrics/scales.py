"""Words behind a number that multiply it, in several languages; 'billion' is 10^9.

Left out are Spanish 'mil' alone, which is a million in English, and Korean words, which have other meanings too.
"""

_WORDS = {
    12: "dozen",
    10**2: "hundred",
    10**3: "thousand tausend tsd. mille duizend tusen tys. тыс тыс. тысяч тысячи",
    10**4: "万 萬",
    10**5: "lakh lakhs",
    10**6: "million millions mio mio. mln mln. millionen millón millones milione milioni milhão milhões miljoen "
    "miljoner млн млн. миллион миллиона миллионов",
    10**7: "crore crores",
    10**8: "亿 億",
    10**9: "billion billions mrd mrd. mld mld. milliarde milliarden milliard milliards miliardo miliardi miljard "
    "miljarder bilhão bilhões млрд млрд. миллиард миллиарда миллиардов",
    10**12: "trillion",
}
SCALES = {word: value for value, words in _WORDS.items() for word in words.split()}
SCALES |= {"mil millones": 10**9, "mil milhões": 10**9}
