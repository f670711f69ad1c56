"""The words of units in languages other than English, in lower case; 'heure|s' is 'heure' and 'heures'.

German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Norwegian, Polish, Russian, Chinese, Japanese and
Korean. What may be another word or another unit is left out: French 'an' and 'livre', Danish 'time', Spanish 'mil',
Italian 'mila' and 'ore', German 'Grad' and 'Tag', Russian '\u0433', Chinese \u5206, Korean \ubd84 and \uc77c.
"""

_FORMS = {
    "%": "prozent procent prosent pourcent|s porciento percento процент|а|ов|ы パーセント 퍼센트",
    "usd": "dólar|es dollaro dollari dolar|y|ów доллар|а|ов|ы 美元 ドル 米ドル 달러",
    "eur": "евро 欧元 歐元 ユーロ 유로",
    "gbp": "英镑 英鎊",
    "pound": "pfund ポンド 파운드",
    "jpy": "日元",
    "cny": "人民币 人民幣 元人民币 위안",
    "krw": "원",
    "rub": "руб рубл|ь|я|ей|и",
    "chf": "franken",
    "pln": "złot|y|e|ych",
    "kr": "kronor krona kroner krone",
    "kg": "kilogramm kilogramme|s kilogramo|s quilograma|s quilo|s chilogramm|o|i chil|o|i kilogram|y|ów "
    "кг килограмм|а|ов|ы 公斤 千克 キログラム 킬로그램",
    "g": "gramm gramme|s gramo|s grama|s grammo grammi gram|y|ów гр грамм|а|ов|ы 克 グラム 그램",
    "mg": "milligramm milligramme|s miligramo|s miligrama|s milligrammo milligrammi miligram|y|ów "
    "мг миллиграмм|а|ов|ы 毫克 ミリグラム 밀리그램",
    "t": "tonnen tonelada|s tonnellat|a|e ton|a|y т тонн|а|ы 吨 噸 公吨 トン 톤",
    "carat": "carat|s karat 克拉 カラット 캐럿",  # so that it is no gram
    "km": "kilometern kilomètre|s kilómetro|s quilómetro|s quilômetro|s chilometr|o|i kilometr|y|ów "
    "км километр|а|ов|ы 公里 千米 キロメートル 킬로미터",
    "m": "metern mètre|s metr|i|os|y|ów м метр|а|ов|ы 米 メートル 미터",
    "m\u00b2": "quadratmeter|n 平方米 平方メートル",
    "cm": "zentimeter|n centimètre|s centímetro|s centimetr|o|i centymetr|y|ów "
    "см сантиметр|а|ов|ы 厘米 公分 センチ センチメートル 센티미터",
    "mm": "millimetern millimètre|s milímetro|s millimetr|o|i milimetr|y|ów "
    "мм миллиметр|а|ов|ы 毫米 ミリメートル 밀리미터",
    "mile": "meile|n milla|s milha|s miglio miglia mili мил|я|и|ь 英里 マイル 마일",
    "l": "litern litr|o|i|os|y|ów л литр|а|ов|ы 升 公升 リットル 리터",
    "ml": "millilitern mililitro|s millilitr|o|i mililitr|y|ów мл миллилитр|а|ов|ы 毫升 ミリリットル 밀리리터",
    "s": "sekunde|n seconde|n|s segundo|s secondo secondi sekund|a|y|er сек секунд|а|ы|у 秒 秒钟 秒間 초",
    "ms": "millisekunde|n milliseconde|n|s milisegundo|s millisecond|o|i мс миллисекунд|а|ы 毫秒 ミリ秒 밀리초",
    "min": "minuten minuto minuti minutos minuut minut|a|y|er|ter мин минут|а|ы|у 分钟 分鐘 分間",
    "h": "stunde|n std heure|s hora|s ora uur uren timm|e|ar godzin|a|y ч час|а|ов|ы 小时 小時 个小时 個小時 時間 시간",
    "day": "tage tagen jour|s journée|s día|s dia|s giorn|o|i dag|e|en|ar|er dzień dni день дня дней 天 日間",
    "week": "woche|n semaine|s semana|s settiman|a|e weken veck|a|or uger tydzień tygodni|e недел|я|и|ь|ю "
    "周 週 星期 个星期 週間 주일",
    "month": "monat|e|en mois mes mês meses mes|e|i maand|en månad|er måned|er miesiąc|e miesięcy "
    "мес месяц|а|ев|ы 个月 個月 か月 ヶ月 カ月 ケ月 ヵ月 개월",
    "year": "jahr|e|en ans année|s año|s ano|s ann|o|i jaar jaren år rok lata lat год|а|ы лет 年 年間 周年 周岁 년",
    "\u00b0": "degré|s grado|s gradi grau|s graden graad stopień stopni|e градус|а|ов|ы",
    "\u00b0c": "摄氏度 攝氏度",
    "kwh": "квтч",
    "kw": "квт 千瓦 キロワット 킬로와트",
    "w": "вт ватт 瓦 ワット 와트",
    "v": "вольт 伏 伏特 ボルト 볼트",
}
_SEVERAL_WORDS = {
    "%": ("pour cent", "por ciento", "por cento", "per cento"),
    "\u00b0c": (
        "grad celsius", "degrés celsius", "grados celsius", "gradi celsius", "graus celsius", "градусов цельсия",
        "градуса цельсия",
    ),
}  # fmt: skip


def _spelt_out(form: str) -> list[str]:
    stem, *endings = form.split("|")
    return [stem, *(stem + ending for ending in endings)]


UNIT_NAMES = {name: unit for unit, forms in _FORMS.items() for form in forms.split() for name in _spelt_out(form)} | {
    name: unit for unit, names in _SEVERAL_WORDS.items() for name in names
}
