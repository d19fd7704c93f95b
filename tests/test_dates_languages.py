"""Every form of date that the library knows, in every language that it reads."""

from __future__ import annotations

import datetime as dt

import pytest

from communique.dates import find, resolve

PUBLISHED = dt.date(2024, 11, 22)  # a Friday
LANGUAGES = ("fr", "es", "de", "ar", "hi", "zh", "ja")
# Form, EDTF value, and the words in the order of LANGUAGES; "|" parts several ways to say it.
FORMS = [
    (
        "weekday",
        "2024-11-20",
        "mercredi|mercredi matin|ce mercredi",
        "el miércoles|este miércoles|el miércoles por la tarde",
        "am Mittwoch|am Mittwochabend|Mittwoch",
        "يوم الأربعاء|الأربعاء|مساء الأربعاء",
        "बुधवार को|बुधवार शाम को|बुधवार",
        "周三|星期三|星期三上午|週三",
        "水曜日|水曜|水曜夜",
    ),
    (
        "last weekday",
        "2024-11-20",
        "mercredi dernier",
        "el pasado miércoles|el miércoles pasado",
        "am vergangenen Mittwoch|letzten Mittwoch",
        "الأربعاء الماضي|يوم الأربعاء الماضي",
        "पिछले बुधवार|बीते बुधवार को",
        "本周三",
        "今週水曜日",
    ),
    (
        "next weekday",
        "2024-11-26",
        "mardi prochain",
        "el próximo martes|el martes próximo|el martes que viene",
        "am kommenden Dienstag|nächsten Dienstag",
        "الثلاثاء المقبل|يوم الثلاثاء القادم",
        "अगले मंगलवार को|आगामी मंगलवार",
        "下周二|下星期二|下週二",
        "来週火曜日|次の火曜日|来週の火曜日",
    ),
    (
        "month",
        "2025-03",
        "en mars|au mois de mars",
        "en marzo",
        "im März",
        "في مارس|في آذار/مارس|في شهر مارس",
        "मार्च में",
        "3月|三月",
        "3月|三月",
    ),
    (
        "month and year",
        "2020-02",
        "en février 2020|février 2020",
        "en febrero de 2020|el mes de febrero de 2020",
        "im Februar 2020",
        "في فبراير 2020|في شباط/فبراير 2020|فبراير/شباط 2020",
        "फरवरी 2020 में|फ़रवरी 2020",
        "2020年2月|二〇二〇年二月",
        "2020年2月|令和2年2月",
    ),
    (
        "month and day",
        "2025-05-03",
        "le 3 mai",
        "el 3 de mayo|el día 3 de mayo",
        "am 3. Mai",
        "3 مايو|في الثالث من مايو|يوم 3 أيار/مايو",
        "3 मई को",
        "5月3日|五月三日",
        "5月3日",
    ),
    (
        "first of the month",
        "2025-05-01",
        "le 1er mai|le premier mai",
        "el 1 de mayo|el primero de mayo|1º de mayo",
        "am 1. Mai",
        "في الأول من مايو",
        "1 मई",
        "5月1日|5月1号",
        "5月1日",
    ),
    (
        "full date",
        "2024-11-20",
        "mercredi 20 novembre 2024|le 20 novembre 2024",
        "el miércoles 20 de noviembre de 2024",
        "am Mittwoch, dem 20. November 2024|20.11.2024",
        "الأربعاء 20 نوفمبر 2024|الأربعاء الموافق 20 نوفمبر 2024|٢٠ نوفمبر ٢٠٢٤",
        "बुधवार, 20 नवंबर 2024 को|२० नवंबर २०२४",
        "2024年11月20日|2024年11月20日（周三）|2024年11月20日星期三",
        "2024年11月20日|2024年11月20日（水）|令和6年11月20日",
    ),
    (
        "quarter",
        "2025-04/2025-06",
        "au deuxième trimestre 2025|au 2e trimestre de 2025",
        "en el segundo trimestre de 2025",
        "im zweiten Quartal 2025|im 2. Quartal 2025",
        "في الربع الثاني من عام 2025|الربع الثاني من 2025",
        "2025 की दूसरी तिमाही में",
        "2025年第二季度|2025年二季度",
        "2025年第2四半期|2025年4〜6月期",
    ),
    (
        "relative quarter",
        "2025-01/2025-03",
        "au trimestre prochain",
        "el próximo trimestre",
        "im nächsten Quartal|im kommenden Quartal",
        "الربع المقبل",
        "अगली तिमाही में",
        "下季度|下一季度",
        "次の四半期",
    ),
    (
        "half-year",
        "2025-01/2025-06",
        "au premier semestre 2025",
        "en el primer semestre de 2025",
        "im ersten Halbjahr 2025",
        "النصف الأول من عام 2025",
        "2025 की पहली छमाही में",
        "2025年上半年",
        "2025年上半期|2025年前半",
    ),
    (
        "season",
        "2025-03/2025-05",
        "au printemps 2025",
        "en la primavera de 2025",
        "im Frühjahr 2025|im Frühling 2025",
        "في ربيع 2025|في ربيع عام 2025",
        "2025 के वसंत में",
        "2025年春季|2025年春天",
        "2025年春|来年の春|来春",
    ),
    (
        "last season",
        "2023-09/2023-11",
        "à l'automne dernier",
        "el pasado otoño|el otoño pasado",
        "im vergangenen Herbst",
        "الخريف الماضي",
        "पिछले शरद में",
        "去年秋天|去秋",
        "昨年秋|昨秋",
    ),
    (
        "year",
        "2025",
        "en 2025|en l'année 2025",
        "en 2025|en el año 2025",
        "im Jahr 2025",
        "في عام 2025|عام 2025|سنة 2025",
        "2025 में|वर्ष 2025 में",
        "2025年",
        "2025年",
    ),
    (
        "last year",
        "2023",
        "l'année dernière|l'an dernier",
        "el año pasado|el pasado año",
        "im vergangenen Jahr|voriges Jahr",
        "العام الماضي|السنة الماضية",
        "पिछले साल|पिछले वर्ष",
        "去年",
        "昨年|去年",
    ),
    ("yesterday", "2024-11-21", "hier", "ayer", "gestern", "أمس", "", "昨天|昨日", "昨日"),
    ("today", "2024-11-22", "aujourd'hui", "hoy", "heute", "اليوم", "आज", "今天|今日", "今日|本日"),
    ("tomorrow", "2024-11-23", "demain", "mañana", "morgen", "غدا|غدًا", "", "明天|明日", "明日"),
    (
        "the day after tomorrow",
        "2024-11-24",
        "après-demain",
        "pasado mañana",
        "übermorgen",
        "بعد غد",
        "",
        "后天|後天",
        "明後日",
    ),
    (
        "last month",
        "2024-10",
        "le mois dernier",
        "el mes pasado|el pasado mes",
        "im vergangenen Monat|letzten Monat",
        "الشهر الماضي",
        "पिछले महीने|बीते माह",
        "上月|上个月|上個月",
        "先月",
    ),
    (
        "next month",
        "2024-12",
        "le mois prochain",
        "el próximo mes|el mes que viene",
        "im nächsten Monat|kommenden Monat",
        "الشهر المقبل|الشهر القادم",
        "अगले महीने",
        "下月|下个月",
        "来月",
    ),
    (
        "last week",
        "2024-11-11/2024-11-17",
        "la semaine dernière",
        "la semana pasada|la pasada semana",
        "in der vergangenen Woche|letzte Woche",
        "الأسبوع الماضي",
        "पिछले हफ्ते|बीते सप्ताह",
        "上周|上週|上星期",
        "先週",
    ),
    (
        "next week",
        "2024-11-25/2024-12-01",
        "la semaine prochaine",
        "la próxima semana|la semana que viene",
        "in der kommenden Woche|nächste Woche",
        "الأسبوع المقبل|الأسبوع القادم",
        "अगले सप्ताह|आगामी सप्ताह",
        "下周|下个星期",
        "来週",
    ),
    (
        "day of next week",
        "2024-11-28",
        "jeudi de la semaine prochaine",
        "el jueves de la próxima semana",
        "am Donnerstag der kommenden Woche|Donnerstag nächster Woche",
        "",
        "अगले सप्ताह गुरुवार को",
        "下周四",
        "来週木曜日",
    ),
    (
        "days",
        "2024-11-20/2024-11-22",
        "du 20 au 22 novembre",
        "del 20 al 22 de noviembre|entre el 20 y el 22 de noviembre",
        "vom 20. bis 22. November",
        "من 20 إلى 22 نوفمبر|بين 20 و22 نوفمبر",
        "20 से 22 नवंबर तक|20-22 नवंबर",
        "11月20日至22日|11月20日到22日|11月20日—22日",
        "11月20日から22日|11月20～22日|11月20日から22日まで",
    ),
    (
        "days of two months",
        "2024-11-28/2024-12-02",
        "du 28 novembre au 2 décembre",
        "del 28 de noviembre al 2 de diciembre",
        "vom 28. November bis 2. Dezember|vom 28. November bis zum 2. Dezember",
        "من 28 نوفمبر إلى 2 ديسمبر",
        "28 नवंबर से 2 दिसंबर तक",
        "11月28日至12月2日",
        "11月28日から12月2日まで",
    ),
    (
        "two days",
        "2024-11-20/2024-11-21",
        "les 20 et 21 novembre",
        "el 20 y 21 de noviembre|los días 20 y 21 de noviembre",
        "am 20. und 21. November",
        "يومي 20 و21 نوفمبر",
        "20 और 21 नवंबर",
        "11月20日和21日",
        "11月20日と21日",
    ),
    (
        "months",
        "2025-03/2025-05",
        "de mars à mai 2025|entre mars et mai 2025",
        "de marzo a mayo de 2025",
        "von März bis Mai 2025",
        "من مارس إلى مايو 2025",
        "मार्च से मई 2025 तक",
        "2025年3月至5月|2025年3至5月",
        "2025年3月から5月|2025年3〜5月",
    ),
    (
        "days ago",
        "2024-11-19",
        "il y a trois jours",
        "hace tres días",
        "vor drei Tagen",
        "قبل ثلاثة أيام",
        "तीन दिन पहले",
        "三天前|3天前",
        "3日前",
    ),
    (
        "since a year",
        "2020/..",
        "depuis 2020",
        "desde 2020",
        "seit 2020",
        "منذ 2020|منذ عام 2020",
        "2020 से",
        "2020年以来|自2020年以来",
        "2020年以来|2020年から",
    ),
    (
        "decade",
        "199X",
        "dans les années 1990",
        "en los años 1990|la década de 1990",
        "in den 1990er Jahren|in den 1990er-Jahren",
        "",
        "1990 के दशक में",
        "1990年代",
        "1990年代",
    ),
    (
        "month of another year",
        "2023-11",
        "en novembre de l'année dernière",
        "en noviembre del año pasado",
        "im November vergangenen Jahres|im November 2023",
        "في نوفمبر من العام الماضي",
        "पिछले साल नवंबर में",
        "去年11月",
        "昨年11月",
    ),
]
# What is vague keeps its words and its modifier, and has no exact value.
VAGUE = [
    (
        "early",
        (2025, 1, 12),
        "au début de l'année prochaine|début 2025",
        "a principios del próximo año|a comienzos de 2025",
        "Anfang nächsten Jahres|Anfang des kommenden Jahres|Anfang 2025",
        "مطلع العام المقبل|أوائل عام 2025",
        "अगले साल की शुरुआत में|2025 की शुरुआत में",
        "明年初|明年年初|2025年初",
        "来年初め|来年初頭|2025年初頭",
    ),
    (
        "late",
        (2024, 11, 11),
        "fin novembre|à la fin du mois de novembre",
        "a finales de noviembre",
        "Ende November",
        "أواخر نوفمبر|نهاية شهر نوفمبر",
        "नवंबर के अंत में",
        "11月底|11月下旬",
        "11月末|11月下旬",
    ),
    (
        "mid",
        (2024, 12, 12),
        "à la mi-décembre|mi-décembre",
        "a mediados de diciembre",
        "Mitte Dezember",
        "منتصف ديسمبر",
        "दिसंबर के मध्य में",
        "12月中旬",
        "12月中旬",
    ),
    (
        "late",
        (2024, 1, 12),
        "à la fin de l'année|en fin d'année",
        "a finales de año|a finales del año",
        "Ende des Jahres|zum Jahresende",
        "نهاية العام",
        "साल के अंत में",
        "年底|今年年底",
        "年末|今年末",
    ),
]
CASES = [
    pytest.param(language, words, edtf, id=f"{language}-{form}-{number}")
    for form, edtf, *columns in FORMS
    for language, cell in zip(LANGUAGES, columns, strict=True)
    for number, words in enumerate(filter(None, cell.split("|")))
]


def value(words, language, **options):
    """What the words come to on the day of publication."""
    return resolve(words, PUBLISHED, language=language, **options)


@pytest.mark.parametrize(("language", "words", "edtf"), CASES)
def test_a_form_is_read(language, words, edtf):
    """A way to give a date, usual in the language's news, would be missed or read wrongly."""
    assert value(words, language).edtf == edtf


@pytest.mark.parametrize(("language", "words", "edtf"), CASES)
def test_a_form_is_found_in_a_sentence(language, words, edtf):
    """The same date would be overlooked, or cut short, where it stands in running text."""
    text = f"Oslo {words} Oslo" if language not in {"zh", "ja"} else f"在{words}、"
    spans = [text[start:end] for start, end in find(text, language=language)]
    assert [value(span, language).edtf for span in spans] == [edtf]


@pytest.mark.parametrize(
    ("language", "words", "modifier", "bounds"),
    [
        pytest.param(language, words, modifier, bounds, id=f"{language}-{words}")
        for modifier, bounds, *columns in VAGUE
        for language, cell in zip(LANGUAGES, columns, strict=True)
        for words in cell.split("|")
    ],
)
def test_vague_words_are_not_made_exact(language, words, modifier, bounds):
    """The end of November would be told as all of it, or the wrong year be given for it."""
    year, first, last = bounds
    found = value(words, language)
    assert (found.edtf, found.modifier) == (None, modifier)
    assert (found.start, found.end.year, found.end.month) == (dt.date(year, first, 1), year, last)
    text = f"Oslo {words} Oslo" if language not in {"zh", "ja"} else f"在{words}、"
    assert [
        value(text[start:end], language).modifier for start, end in find(text, language=language)
    ] == [modifier]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ar", "أمس الأربعاء"),  # yesterday was a Thursday
        ("es", "ayer miércoles"),
        ("zh", "11月20日（周四）"),
        ("ja", "11月20日（木）"),
        ("de", "am Donnerstag, dem 20. November 2024"),
    ],
)
def test_a_date_that_contradicts_its_weekday_is_not_settled(language, words):
    """One of two contradicting statements would be chosen silently."""
    found = value(words, language)
    assert found.edtf is None
    assert found.basis == "unresolved"


@pytest.mark.parametrize(
    ("language", "words", "edtf"),
    [
        ("ar", "أمس الخميس", "2024-11-21"),
        ("ar", "اليوم الجمعة", "2024-11-22"),
        ("ar", "غدا السبت", "2024-11-23"),
        ("es", "ayer jueves", "2024-11-21"),
        ("fr", "le 15 décembre dernier", "2023-12-15"),
        ("es", "el 9 de julio pasado", "2024-07-09"),
        ("zh", "本周末", "2024-11-23/2024-11-24"),
        ("ja", "先週末", "2024-11-16/2024-11-17"),
        ("ja", "一昨年", "2022"),
        ("ja", "再来週", "2024-12-02/2024-12-08"),
        ("ja", "先々月", "2024-09"),
        ("zh", "本月20日", "2024-11-20"),
        ("zh", "20日", "2024-11-20"),
        ("ja", "20日(水)", "2024-11-20"),
    ],
)
def test_what_one_language_alone_has(language, words, edtf):
    """A form without a twin in the other languages would be read as something else."""
    assert value(words, language).edtf == edtf


@pytest.mark.parametrize(
    ("language", "past", "future"),
    [("hi", "2024-11-21", "2024-11-23")],
)
def test_a_word_for_two_days_follows_the_tense(language, past, future):
    """Hindi कल would be yesterday in what is to come, or tomorrow in what was."""
    assert value("कल", language).edtf is None
    assert value("कल", language, direction="past").edtf == past
    assert value("कल", language, direction="future").edtf == future


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Am Morgen trafen sich die Delegationen."),
        ("de", "Die Kosten stiegen um 2000 Euro."),
        ("ar", "وفي اليوم التالي غادر الوفد"),
        ("ar", "احتفلت المملكة باليوم الوطني"),
        ("ja", "2週間の訪問を終えた"),
        ("zh", "会谈持续了三个月"),
        ("zh", "近日举行会谈"),
        ("es", "por la mañana se reunieron"),
        ("fr", "le premier ministre a été reçu"),
        ("hi", "दो दिन की यात्रा"),
    ],
)
def test_what_is_no_date_is_none(language, text):
    """A duration, a time of day or an ordinal would be told as a date."""
    assert find(text, language=language) == []
