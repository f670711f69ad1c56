"""The names of months and weekdays in several languages, in lower case and without accents."""

# Twelve a line: English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Polish, Turkish, Russian.
_MONTHS = """
january february march april may june july august september october november december
januar februar marz april mai juni juli august september oktober november dezember
janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro
januari februari maart april mei juni juli augustus september oktober november december
januari februari mars april maj juni juli augusti september oktober november december
stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia
ocak subat mart nisan may\u0131s haziran temmuz agustos eylul ekim kas\u0131m aral\u0131k
\u044f\u043d\u0432\u0430\u0440\u044f \u0444\u0435\u0432\u0440\u0430\u043b\u044f \u043c\u0430\u0440\u0442\u0430 \
\u0430\u043f\u0440\u0435\u043b\u044f \u043c\u0430\u044f \u0438\u044e\u043d\u044f \u0438\u044e\u043b\u044f \
\u0430\u0432\u0433\u0443\u0441\u0442\u0430 \u0441\u0435\u043d\u0442\u044f\u0431\u0440\u044f \
\u043e\u043a\u0442\u044f\u0431\u0440\u044f \u043d\u043e\u044f\u0431\u0440\u044f \
\u0434\u0435\u043a\u0430\u0431\u0440\u044f
"""
_MORE_MONTHS = {"janner": 1, "maerz": 3, "setiembre": 9}
# Monday first: English, German, French, Spanish, Italian, Portuguese, Dutch.
_WEEKDAYS = """
monday tuesday wednesday thursday friday saturday sunday
montag dienstag mittwoch donnerstag freitag samstag sonntag
lundi mardi mercredi jeudi vendredi samedi dimanche
lunes martes miercoles jueves viernes sabado domingo
lunedi martedi mercoledi giovedi venerdi sabato domenica
segunda-feira terca-feira quarta-feira quinta-feira sexta-feira sabado domingo
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
"""


def _numbered(lines: str, first: int) -> dict[str, int]:
    return {name: number for line in lines.strip().splitlines() for number, name in enumerate(line.split(), first)}


_ENGLISH = _MONTHS.strip().splitlines()[0]
# English names alone stand in front of the day, and are shortened.
ENGLISH_MONTHS = {form: n for name, n in _numbered(_ENGLISH, 1).items() for form in (name, name[:3])} | {"sept": 9}
MONTHS = _numbered(_MONTHS, 1) | _MORE_MONTHS | ENGLISH_MONTHS
WEEKDAYS = _numbered(_WEEKDAYS, 0) | {
    form: n
    for name, n in _numbered(_WEEKDAYS.strip().splitlines()[0], 0).items()
    for form in (name[:3], name[:4], name[:5])
}
