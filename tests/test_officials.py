"""Offices, names and parties in languages other than English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique import officials, tongues
from communique.parties import Resolver

# Text, then (name, office, party) of each mention in reading order.
CASES = [
    (
        "fr",
        "Le ministre français des Affaires étrangères, Étienne Marchelot, a reçu Mme Lind.",
        [("Étienne Marchelot", "ministre français des Affaires étrangères", "FRA"),
         ("Lind", None, None)],
    ),
    (
        "fr",
        "Ana Duarte, ministre de la Défense du Portugal, et le président sud-coréen Kim Do.",
        [("Ana Duarte", "ministre de la Défense", "PRT"), ("Kim Do", "président", "KOR")],
    ),
    (
        "fr",
        "la ministre d'État sénégalaise Awa Sarr et son homologue malien, Issa Diarra, ont",
        [("Awa Sarr", "ministre d'État", "SEN"), ("Issa Diarra", None, "MLI")],
    ),
    (
        "fr",
        "les ministres de la Défense du Ghana, du Togo et du Bénin. La partie marocaine.",
        [(None, "ministres de la Défense", "GHA"), (None, "ministres de la Défense", "TGO"),
         (None, "ministres de la Défense", "BEN"), (None, None, "MAR")],
    ),
    (
        "fr",
        "Le président Marc Vial a parlé. Vial et M. VIAL sont un. Le porte-parole aussi.",
        [("Marc Vial", "président", None), ("Marc Vial", None, None), ("VIAL", None, None)],
    ),
    (
        "es",
        "La ministra de Exteriores de España, Lucía Arizmendi, y el canciller chileno Luis Mora.",
        [("Lucía Arizmendi", "ministra de Exteriores", "ESP"), ("Luis Mora", "canciller", "CHL")],
    ),
    (
        "es",
        "los cancilleres Ana Rojas y Yadira Him; el presidente Tomás Undurraga Vial. Undurraga.",
        [("Ana Rojas", "cancilleres", None), ("Yadira Him", "cancilleres", None),
         ("Tomás Undurraga Vial", "presidente", None),
         ("Tomás Undurraga Vial", None, None)],
    ),
    (
        "de",
        "Der deutsche Außenminister Karl Beispiel traf seine finnische Kollegin Aino Rauta.",
        [("Karl Beispiel", "Außenminister", "DEU"), ("Aino Rauta", None, "FIN")],
    ),
    (
        "de",
        "Ungarns Präsident Ákos Lend, UN-Generalsekretär Pavel Drn und die Präsidentin der EU.",
        [("Ákos Lend", "Präsident", "HUN"), ("Pavel Drn", "UN-Generalsekretär", "UN"),
         (None, "Präsidentin", "EU")],
    ),
    (
        "ar",
        "التقى وزير الخارجية السعودي سامر العتيقي في الرياض نظيره الأردني مازن الخطابي.",
        [("سامر العتيقي", "وزير الخارجية", "SAU"), ("مازن الخطابي", None, "JOR")],
    ),
    (
        "ar",
        "استقبل الرئيس الفرنسي وزيرة الجيوش الكورية الجنوبية كيم سون. وقال الجانب القطري",
        [(None, "الرئيس", "FRA"), ("كيم سون", "وزيرة الجيوش", "KOR"), (None, None, "QAT")],
    ),
    (
        "hi",
        "भारत के विदेश मंत्री अनिरुद्ध सहाय ने जापानी रक्षा मंत्री हिरोशी काने से मुलाकात की। सहाय गए।",
        [("अनिरुद्ध सहाय", "विदेश मंत्री", "IND"), ("हिरोशी काने", "रक्षा मंत्री", "JPN"),
         ("अनिरुद्ध सहाय", None, None)],
    ),
    (
        "hi",
        "जापान के अर्थव्यवस्था मंत्री ताकुमी ओहारा के बीच। नेपाल सरकार ने कहा।",
        [("ताकुमी ओहारा", "अर्थव्यवस्था मंत्री", "JPN"), (None, None, "NPL")],
    ),
    (
        "zh",
        "外交部长梁思远26日会见意大利外交部长马尔科·贝尔蒂尼。贝尔蒂尼表示，中方同意方案。",
        [("梁思远", "外交部长", None), ("马尔科·贝尔蒂尼", "外交部长", "ITA"),
         ("马尔科·贝尔蒂尼", None, None), (None, None, "CHN")],
    ),
    (
        "zh",
        "新西兰总理奥利维娅·哈特利通电话，菲律宾外交部长雷耶斯出席。外交部發言人林某。",
        [("奥利维娅·哈特利", "总理", "NZL"), ("雷耶斯", "外交部长", "PHL")],
    ),
    (
        "zh",
        "帕勞總統特使蘇珊·雷梅倫格紹訪問",
        [("蘇珊·雷梅倫格紹", "總統特使", "PLW")],
    ),
    (
        "ja",
        "高梨悠介外相はオーストラリアのウェストン外相と会談した。高梨氏は韓国側に述べた。",
        [("高梨悠介", "外相", None), ("ウェストン", "外相", "AUS"), ("高梨悠介", None, None),
         (None, None, "KOR")],
    ),
    (
        "ja",
        "マルコ・ヴィスコンティ・イタリア外務・国際協力大臣と両外相、日本の報道官。北朝鮮の外相。",
        [("マルコ・ヴィスコンティ", "外務・国際協力大臣", "ITA"), (None, "外相", "PRK")],
    ),
    (
        "ja",
        "ハリソン米国務長官とデュラン仏大統領。仏のルグラン外相、石塚首相。3日外相が、滞在中首相も。",
        [("ハリソン", "国務長官", "USA"), ("デュラン", "大統領", "FRA"),
         ("ルグラン", "外相", "FRA"), ("石塚", "首相", None)],
    ),
    (
        "zh",
        "美国务卿布鲁克斯会见俄外长彼得连科。巴基斯坦外长卡里姆同巴总理侯赛因。同意总理的建议。",
        [("布鲁克斯", "国务卿", "USA"), ("彼得连科", "外长", "RUS"), ("卡里姆", "外长", "PAK"),
         ("侯赛因", "总理", "PAK")],
    ),
    (
        "fr",
        ("la délégation koweïtienne, conduite par le ministre Fahd Al-Sabah; la cheffe de la "
        "diplomatie européenne, Katrin Ojala; le ministre des Armées Paul Guérin"),
        [("Fahd Al-Sabah", "ministre", "KWT"), ("Katrin Ojala", "cheffe de la diplomatie", "EU"),
         ("Paul Guérin", "ministre des Armées", "FRA")],
    ),
    (
        "ar",
        "وفد أوغندي يترأسه وزير الدفاع موسى كاتومبا والأمين العام لجامعة الدول العربية فؤاد منصور",
        [("موسى كاتومبا", "وزير الدفاع", "UGA"),
         ("فؤاد منصور", "الأمين العام", "ARAB_LEAGUE")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "expected"), CASES)
def test_who_is_named(language, text, expected):
    """Somebody would be missed, or lose the name, the office or the country beside it."""
    found = officials.find(text, language, Resolver(language=language))
    assert [(m.name, m.office, m.party and m.party.code) for m in found] == expected
    for mention in found:
        assert 0 <= mention.start <= mention.name_start <= mention.name_end <= mention.end
        assert mention.office is None or mention.office in text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Les deux ministres ont signé, selon le porte-parole."),
        ("es", "El alcalde habló con los vecinos del barrio."),
        ("de", "Der Verein gab es bekannt."),
        ("ar", "وقع الوزيران الاتفاق."),
        ("hi", "दोनों मंत्रियों ने चर्चा की।"),
        ("zh", "外长会议在北京举行。"),
        ("ja", "両外相は一致した。外相会談が開かれた。"),
        ("fr", "Le président du club argentin et le président de la région."),
        ("es", "El presidente del club chileno, Juan Mora."),
        ("de", "Der Präsident des spanischen Klubs."),
        ("ar", "رئيس النادي المصري."),
        ("zh", "俱乐部主席李文说。"),
        ("hi", "क्लब के अध्यक्ष ने कहा।"),
    ],
)
def test_nobody_is_made_up(language, text):
    """A verb, a meeting's name or a group of two would be told as a person."""
    assert officials.find(text, language, Resolver(language=language)) == []


PIECES = sorted({word for _, text, _ in CASES for word in text.split()})


@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=25).map(" ".join),
    st.sampled_from(sorted(tongues.LANGUAGES)),
)
def test_any_text_is_read(text, language):
    """Some text would raise, or a mention lie outside of it or within another."""
    found = officials.find(text, language, Resolver(language=language))
    last = 0
    for mention in found:
        assert last <= mention.start < mention.end <= len(text)
        last = mention.end
