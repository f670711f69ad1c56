"""The names of units and currencies, each with one spelling for all of its forms."""

import re

from harness.metrics.unit_names import UNIT_NAMES

_FORMS = {
    "%": "% percent pct",
    "\u2030": "\u2030",
    "usd": "$ us$ usd dollar dollars",
    "eur": "\u20ac eur euro euros",
    "gbp": "\u00a3 gbp",
    "pound": "pound pounds",  # money or weight
    "jpy": "jpy yen \u5186",
    "cny": "cny rmb yuan \u5143",
    "\u00a5": "\u00a5",  # of Japan or China
    "inr": "\u20b9 inr rs rupee rupees",
    "krw": "\u20a9 krw won",
    "rub": "\u20bd rub rouble roubles ruble rubles",
    "chf": "chf fr sfr franc francs",
    "try": "\u20ba try lira tl",
    "brl": "r$ brl reais",
    "pln": "pln zloty z\u0142",
    "sek": "sek",
    "nok": "nok",
    "dkk": "dkk",
    "kr": "kr",  # of Sweden, Norway or Denmark
    "czk": "czk k\u010d",
    "cad": "cad ca$ c$",
    "aud": "aud au$ a$",
    "mxn": "mxn",
    "cent": "cent cents \u00a2",
    "kg": "kg kgs kilogram kilograms kilo kilos",
    "g": "g gram grams",
    "mg": "mg milligram milligrams",
    "t": "t tonne tonnes ton tons",
    "lb": "lb lbs",
    "fl oz": "floz",
    "oz": "oz ounce ounces",
    "km": "km kilometre kilometres kilometer kilometers",
    "m": "m metre metres meter meters",
    "cm": "cm centimetre centimetres centimeter centimeters",
    "\u03bcm": "\u03bcm um micrometre micrometres micrometer micrometers",
    "mm": "mm millimetre millimetres millimeter millimeters",
    "mile": "mile miles",
    "ft": "ft foot feet",
    "inch": "inch inches",
    "m\u00b2": "sqm",
    "l": "l litre litres liter liters",
    "ml": "ml millilitre millilitres milliliter milliliters",
    "km/h": "km/h kmh kph",
    "mph": "mph mile/h",
    "m/s": "m/s",
    "s": "s sec secs second seconds",
    "ms": "ms millisecond milliseconds",
    "min": "min mins minute minutes",
    "h": "h hr hrs hour hours",
    "day": "day days",
    "week": "week weeks wk wks",
    "month": "month months mo mos",
    "year": "year years yr yrs",
    "\u00b0": "\u00b0 degree degrees",
    "\u00b0c": "\u00b0c",
    "\u00b0f": "\u00b0f",
    "kwh": "kwh",
    "kw": "kw",
    "w": "w watt watts",
    "v": "v volt volts",
    "kb": "kb",
    "mb": "mb",
    "gb": "gb",
    "tb": "tb",
    "kbit": "kbit",
    "mbit": "mbit",
    "gbit": "gbit",
    "tbit": "tbit",
}
UNITS = (
    UNIT_NAMES
    | {form: unit for unit, forms in _FORMS.items() for form in forms.split()}
    | {
        "per cent": "%",
        "fl oz": "fl oz",
        "degrees celsius": "\u00b0c",
        "degrees fahrenheit": "\u00b0f",
    }
)
CURRENCIES = frozenset(
    "usd eur gbp pound jpy cny \u00a5 inr krw rub chf try brl pln sek nok dkk kr czk cad aud mxn cent".split()
)
# Forms that say either of two units.
_EITHER = (
    {"pound", "gbp"},
    {"pound", "lb"},
    {"\u00a5", "jpy"},
    {"\u00a5", "cny"},
    {"kr", "sek"},
    {"kr", "nok"},
    {"kr", "dkk"},
)


def any_of(forms: "set[str] | dict[str, str]") -> str:
    """Return a pattern for any of these texts, the longest first."""
    return "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))


def are_same(left: str, right: str) -> bool:
    """Whether two units may be one."""
    return left == right or {left, right} in _EITHER
