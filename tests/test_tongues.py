"""Tense, acts and titles by rule, in every language that has a lexicon."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique import tongues

LANGUAGES = sorted(tongues.LANGUAGES)
# What happened, and a sentence of it in each language.
ENGAGEMENTS = [
    ("fr", "meeting", "held", "La ministre a rencontré son homologue à Oslo."),
    ("fr", "meeting", "planned", "Il rencontrera son homologue jeudi."),
    ("fr", "meeting", "denied", "Le ministre a démenti avoir rencontré l'ambassadeur."),
    ("fr", "call", "held", "Ils se sont entretenus par téléphone mardi."),
    ("fr", "visit", "planned", "La présidente se rendra à Dakar en juin."),
    ("fr", "visit", "postponed", "La visite du président au Canada a été reportée."),
    ("fr", "visit", "cancelled", "Sa visite officielle a été annulée."),
    ("fr", "visit", "proposed", "Le roi a invité le président à effectuer une visite."),
    ("fr", "summit", "ongoing", "Le sommet de l'Union africaine s'est ouvert lundi."),
    ("es", "meeting", "held", "El canciller se reunió con su homóloga."),
    ("es", "meeting", "planned", "Ambos se reunirán en mayo."),
    ("es", "meeting", "denied", "La cancillería negó que el ministro se hubiera reunido con él."),
    ("es", "call", "held", "Conversó por teléfono con el presidente."),
    ("es", "visit", "planned", "La presidenta viajará a Roma."),
    ("es", "visit", "postponed", "La visita del primer ministro fue aplazada."),
    ("es", "visit", "cancelled", "El presidente canceló su visita oficial."),
    ("es", "summit", "cancelled", "La cumbre ha sido desconvocada."),
    ("es", "visit", "proposed", "Lo invitó a visitar Lima."),
    ("de", "meeting", "held", "Der Minister hat seine Kollegin getroffen."),
    ("de", "meeting", "planned", "Sie wollen sich im Herbst in Rom treffen."),
    ("de", "meeting", "denied", "Er hat den Präsidenten nicht getroffen."),
    ("de", "call", "held", "Der Kanzler hat mit ihm telefoniert."),
    ("de", "visit", "planned", "Die Reise nach Indien ist für März geplant."),
    ("de", "visit", "postponed", "Der Besuch wurde verschoben."),
    ("de", "visit", "cancelled", "Er hat seine Reise nach Georgien abgesagt."),
    ("de", "exercise", "ongoing", "Die Übung hat am Montag begonnen."),
    ("ar", "meeting", "held", "التقى وزير الخارجية نظيره الأردني."),
    ("ar", "meeting", "planned", "سيلتقي الرئيس نظيره غدا."),
    ("ar", "meeting", "denied", "نفت الوزارة أن يكون الوزير قد التقى السفير."),
    ("ar", "call", "held", "تلقى الرئيس اتصالا هاتفيا من نظيره."),
    ("ar", "visit", "planned", "ومن المقرر أن يزور الوزير الكويت."),
    ("ar", "visit", "postponed", "أعلنت الرئاسة تأجيل زيارة الرئيس."),
    ("ar", "visit", "cancelled", "ألغى الرئيس زيارته إلى باريس."),
    ("ar", "summit", "ongoing", "انطلقت اليوم القمة في الدوحة."),
    ("hi", "meeting", "held", "मंत्री ने अपने समकक्ष से मुलाकात की।"),
    ("hi", "meeting", "planned", "वे मंगलवार को मुलाकात करेंगे।"),
    ("hi", "meeting", "denied", "मंत्रालय ने इस मुलाकात से इनकार किया।"),
    ("hi", "call", "held", "उन्होंने प्रधानमंत्री से फोन पर बात की।"),
    ("hi", "visit", "planned", "वे अप्रैल में बर्लिन की यात्रा करेंगे।"),
    ("hi", "visit", "postponed", "प्रधानमंत्री की यात्रा स्थगित कर दी गई है।"),
    ("hi", "visit", "cancelled", "उनका दौरा रद्द कर दिया गया।"),
    ("hi", "exercise", "ongoing", "संयुक्त सैन्य अभ्यास सोमवार को शुरू हुआ।"),
    ("zh", "meeting", "held", "外交部长会见了意大利外长。"),
    ("zh", "meeting", "denied", "发言人否认部长与对方举行会谈。"),
    ("zh", "call", "held", "总理同新西兰总理通电话。"),
    ("zh", "visit", "planned", "总理将于下月访问法国。"),
    ("zh", "visit", "postponed", "原定的国事访问已推迟。"),
    ("zh", "visit", "cancelled", "外长取消了对挪威的访问。"),
    ("zh", "meeting", "held", "外長會見了挪威大使。"),
    ("zh", "exercise", "ongoing", "联合军演今天开始举行。"),
    ("ja", "meeting", "held", "外相は東京で韓国の外相と会談した。"),
    ("ja", "meeting", "planned", "両首脳は5月に会談する予定だ。"),
    ("ja", "meeting", "denied", "外務省は会談したとの報道を否定した。"),
    ("ja", "call", "held", "首相は大統領と電話で会談した。"),
    ("ja", "visit", "planned", "首相は来週、ベトナムを訪問する。"),
    ("ja", "visit", "postponed", "予定していた訪日が延期された。"),
    ("ja", "visit", "cancelled", "大統領は訪米を取りやめた。"),
    ("ja", "exercise", "ongoing", "共同訓練が始まった。"),
]
# Kind and realis of what is done, and a sentence with one instrument.
ACTS = [
    ("fr", "signed", "done", "La Belgique a signé un accord de pêche."),
    ("fr", "signed", "denied", "Le Canada n'a pas signé le traité d'extradition."),
    ("fr", "signed", "planned", "Le protocole sur la santé sera signé en mai."),
    ("fr", "signed", "planned", "Le parlement a autorisé la signature du traité d'amitié."),
    ("fr", "signed", "conditional", "Il pourrait signer l'accord de pêche."),
    ("fr", "requested", "done", "Elle a demandé la conclusion rapide d'un accord de pêche."),
    ("fr", "ratified", "done", "Le Sénat a ratifié la convention fiscale."),
    ("fr", "extended", "done", "Ils ont prorogé l'accord de transit."),
    ("fr", "suspended", "done", "L'accord de transit est suspendu."),
    ("fr", "terminated", "done", "L'Éthiopie a dénoncé le traité de transit."),
    ("fr", "negotiating", "done", "Les négociations sur un accord minier se poursuivent."),
    ("fr", "entered_into_force", "done", "La convention fiscale est entrée en vigueur."),
    ("fr", "initialled", "done", "Ils ont paraphé un accord de pêche."),
    ("es", "signed", "done", "Perú firmó un tratado de comercio."),
    ("es", "signed", "denied", "México no firmará el acuerdo de repatriación."),
    ("es", "signed", "planned", "Firmarán un memorando de entendimiento."),
    ("es", "signed", "planned", "El Gobierno autorizó la firma del tratado de amistad."),
    ("es", "requested", "done", "Chile solicitó la pronta conclusión del convenio pesquero."),
    ("es", "ratified", "done", "El Congreso ratificó el protocolo sobre patentes."),
    ("es", "extended", "done", "El acuerdo de pesca fue prorrogado."),
    ("es", "suspended", "done", "Suspendió el convenio de transporte."),
    ("es", "terminated", "done", "Uruguay denunció el convenio postal."),
    ("es", "negotiating", "done", "Ambos negocian un acuerdo de rescate."),
    ("de", "signed", "done", "Sie haben einen Vertrag über die Fischerei unterzeichnet."),
    ("de", "signed", "denied", "Das Handelsabkommen wurde noch nicht unterzeichnet."),
    ("de", "signed", "planned", "Das Abkommen soll im Mai unterzeichnet werden."),
    ("de", "ratified", "denied", "Ungarn hat das Energieabkommen nicht ratifiziert."),
    ("de", "requested", "done", "Polen hat um ein Abkommen über Munition gebeten."),
    ("de", "extended", "done", "Das Luftverkehrsabkommen wurde verlängert."),
    ("de", "terminated", "done", "Litauen kündigte das Grenzabkommen."),
    ("de", "suspended", "done", "Russland setzte das Fischereiabkommen aus."),
    ("de", "negotiating", "done", "Ein Abkommen über die Küstenwache wird derzeit verhandelt."),
    ("ar", "signed", "done", "وقعت الإمارات والهند اتفاقية الأمن السيبراني."),
    ("ar", "signed", "denied", "لم توقع تونس اتفاق الهجرة."),
    ("ar", "signed", "planned", "سيوقع البلدان مذكرة تفاهم."),
    ("ar", "requested", "done", "دعا الجانب الأردني إلى الإسراع في إبرام اتفاقية النقل البري."),
    ("ar", "ratified", "done", "صادق البرلمان على معاهدة تسليم المطلوبين."),
    ("ar", "extended", "done", "مدد البلدان بروتوكول التعاون الصحي."),
    ("ar", "suspended", "done", "علقت الكويت العمل باتفاقية الصيد."),
    ("ar", "terminated", "done", "ألغى العراق معاهدة الحدود البحرية."),
    ("hi", "signed", "done", "दोनों ने रक्षा सहयोग समझौते पर हस्ताक्षर किए।"),
    ("hi", "signed", "denied", "नेपाल ने सीमा समझौते पर हस्ताक्षर नहीं किए हैं।"),
    ("hi", "signed", "planned", "वे समझौता ज्ञापन पर हस्ताक्षर करेंगे।"),
    ("hi", "requested", "done", "जर्मनी ने निवेश संधि को शीघ्र अंतिम रूप देने का अनुरोध किया।"),
    ("hi", "extended", "done", "उन्होंने वीज़ा संधि की अवधि बढ़ाई।"),
    ("hi", "suspended", "done", "बांग्लादेश ने जल संधि को निलंबित कर दिया।"),
    ("hi", "terminated", "done", "श्रीलंका ने मत्स्य समझौते को रद्द कर दिया।"),
    ("hi", "negotiating", "done", "प्रत्यर्पण संधि पर बातचीत जारी है।"),
    ("zh", "signed", "done", "双方签署了司法协助条约。"),
    ("zh", "signed", "denied", "菲律宾尚未签署海警热线协定。"),
    ("zh", "signed", "planned", "两国将签署渔业合作谅解备忘录。"),
    ("zh", "signed", "conditional", "意大利希望尽早签署文化遗产保护协定。"),
    ("zh", "requested", "done", "泰国请求同中国签订潜艇维修协议。"),
    ("zh", "ratified", "done", "议会批准了引渡条约。"),
    ("zh", "extended", "done", "航空运输协定已延长五年。"),
    ("zh", "suspended", "done", "越南已中止边境贸易协定。"),
    ("zh", "terminated", "done", "印度尼西亚废除了渔业公约。"),
    ("zh", "signed", "done", "雙方簽署物資勞務相互提供協定。"),
    ("ja", "signed", "done", "両国は租税条約に署名した。"),
    ("ja", "signed", "denied", "両国は物品協定に署名していない。"),
    ("ja", "signed", "planned", "覚書に署名する見通し。"),
    ("ja", "requested", "done", "豪側は水素協定の早期締結を求めた。"),
    ("ja", "ratified", "done", "議会は海洋境界条約を批准した。"),
    ("ja", "amended", "done", "両国は航空協定を改正した。"),
    ("ja", "suspended", "done", "ロシアは漁業協定の履行を停止した。"),
    ("ja", "terminated", "done", "政府は査証免除協定を破棄した。"),
    ("ja", "negotiating", "done", "社会保障協定の交渉も続いている。"),
]
TITLES = [
    ("fr", "un accord de coopération en matière de sécurité maritime (ACSM) avec Oslo",
     "accord de coopération en matière de sécurité maritime", "agreement", "ACSM"),
    ("fr", "Le traité de transit de 1998 avec Djibouti", "traité de transit de 1998",
     "treaty", None),
    ("fr", "leur mémorandum d'entente sur l'eau.", "mémorandum d'entente sur l'eau",
     "memorandum", None),
    ("es", "firmó la hoja de ruta sobre energía.", "hoja de ruta sobre energía", "roadmap", None),
    ("es", "el convenio de seguridad social entre ambos", "convenio de seguridad social",
     "agreement", None),
    ("de", "einen Vertrag über die Auslieferung von Straftätern unterzeichnet",
     "Vertrag über die Auslieferung von Straftätern", "treaty", None),
    ("de", "eine Absichtserklärung zur militärischen Ausbildung.",
     "Absichtserklärung zur militärischen Ausbildung", "memorandum", None),
    ("ar", "وقعت باتفاقية الصيد مع إيران", "اتفاقية الصيد", "agreement", None),
    ("ar", "مذكرة تفاهم بشأن الربط الكهربائي.", "مذكرة تفاهم بشأن الربط الكهربائي",
     "memorandum", None),
    ("hi", "दोनों देशों ने द्विपक्षीय निवेश संधि को", "द्विपक्षीय निवेश संधि", "treaty", None),
    ("hi", "खनिजों पर समझौता ज्ञापन पर", "समझौता ज्ञापन", "memorandum", None),
    ("zh", "签署同中国的海警热线协定。", "海警热线协定", "agreement", None),
    ("zh", "退出《2008年渔业公约》。", "2008年渔业公约", "treaty", None),
    ("ja", "防衛装備品の移転に関する覚書に署名", "防衛装備品の移転に関する覚書",
     "memorandum", None),
    ("ja", "フィリピンはロシアとの査証免除協定を", "査証免除協定", "agreement", None),
]  # fmt: skip


@pytest.mark.parametrize(("language", "kind", "status", "sentence"), ENGAGEMENTS)
def test_what_takes_place_and_whether(language, kind, status, sentence):
    """A planned, postponed or denied engagement would be told as held, or as something else."""
    found = tongues.triggers(sentence, language)
    # What no word settles is taken as held.
    assert (kind, status) in [(cue.type, cue.status or "held") for cue in found]


@pytest.mark.parametrize(("language", "kind", "realis", "sentence"), ACTS)
def test_what_was_done_with_an_instrument(language, kind, realis, sentence):
    """An act would be missed, or one only wished, asked for or refused be told as done."""
    (title,) = tongues.titles(sentence, language)
    found = tongues.acts(sentence, (title.start, title.end), language)
    assert (kind, realis) in [(act.kind, act.realis) for act in found]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (language, s)
        for language, kind, realis, s in ACTS
        if realis != "done" or kind == "requested"
    ],
)
def test_the_unconcluded_is_never_told_as_concluded(language, sentence):
    """The worst error there is: an agreement told as signed that is not."""
    (title,) = tongues.titles(sentence, language)
    concluded = {"signed", "exchanged", "ratified", "entered_into_force", "extended"}
    found = tongues.acts(sentence, (title.start, title.end), language)
    assert not [a for a in found if a.kind in concluded and a.realis == "done"]


@pytest.mark.parametrize(("language", "text", "title", "kind", "acronym"), TITLES)
def test_titles_as_written(language, text, title, kind, acronym):
    """A title would be cut short, run into the sentence, or be of the wrong kind."""
    found = tongues.titles(text, language)
    assert [(t.title, t.type, t.acronym) for t in found] == [(title, kind, acronym)]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fr", "Elle a tenu une conférence de presse après le conseil des ministres."),
        ("es", "Dio una rueda de prensa de acuerdo con la ley."),
        ("de", "Der Stürmer hat seinen Arbeitsvertrag verlängert."),
        ("ar", "عقد الوزير مؤتمر صحفي"),
        ("hi", "मंत्री ने प्रेस वार्ता में कहा।"),
        ("zh", "外交部举行记者会。"),
        ("ja", "首相は記者会見で述べた。"),
    ],
)
def test_what_is_none_of_it(language, sentence):
    """A press conference would be an engagement, or a private contract an agreement."""
    assert tongues.triggers(sentence, language) == ()
    assert tongues.titles(sentence, language) == ()


@pytest.mark.parametrize(
    ("language", "sentence", "event", "bare"),
    [
        ("fr", "En marge du Forum de Dakar sur la paix, il l'a rencontré.",
         "Forum de Dakar sur la paix", False),
        ("fr", "En marge du sommet, il l'a rencontré.", "sommet", True),
        ("es", "Se reunieron al margen del Foro de Davos.", "Foro de Davos", False),
        ("de", "Am Rande der Münchner Sicherheitskonferenz traf er sie.",
         "Münchner Sicherheitskonferenz", False),
        ("ar", "التقى الوزير على هامش مؤتمر ميونخ للأمن نظيره.", "مؤتمر ميونخ للأمن", False),
        ("hi", "मंत्री ने जी-20 शिखर सम्मेलन से इतर भेंट की।", "जी-20 शिखर सम्मेलन", False),
        ("zh", "他在慕尼黑安全会议期间会见德国外长。", "慕尼黑安全会议", False),
        ("ja", "外相はG20サミットに合わせて会談した。", "G20サミット", False),
    ],
)  # fmt: skip
def test_beside_which_event(language, sentence, event, bare):
    """A meeting beside an event would be told as that event, or without it."""
    found = tongues.sidelines(sentence, language)
    assert (sentence[found.start : found.end], found.bare) == (event, bare)
    assert all(c.end <= found.start or found.end <= c.start
               for c in tongues.triggers(sentence, language))  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_event_without_the_words_for_it(language):
    """An event that something merely precedes would be where it happened."""
    assert tongues.sidelines("2025", language) is None
    assert tongues.sidelines("訪問の際に会談した。", "ja") is None


def test_a_verb_that_others_follow_has_the_tense_of_the_last():
    """「12日からタイを訪れ、外相と会談する。」 would be told as made."""
    (visit, met) = tongues.triggers("岩倉外相は12日からタイを訪れ、外相と会談する。", "ja")
    assert (visit.type, visit.status) == ("visit", "planned")
    assert met.type == "meeting"
    assert tongues.triggers("外相はタイを訪れ、会談した。", "ja")[0].status == "held"


def test_a_mark_of_the_object_is_no_future():
    """将协定延长 would be told as planned, and 将延长协定 as done."""
    for sentence, realis in [
        ("两国将领事协定延长三年。", "done"),
        ("两国将延长领事协定。", "planned"),
    ]:
        (title,) = tongues.titles(sentence, "zh")
        (act,) = tongues.acts(sentence, (title.start, title.end), "zh")
        assert (act.kind, act.realis) == ("extended", realis)


def test_a_verb_belongs_to_the_nearest_instrument():
    """The fate of one treaty would be told of another in the same sentence."""
    sentence = "Le traité de paix a été ratifié et la convention fiscale suspendue."
    fates = {
        t.title: [a.kind for a in tongues.acts(sentence, (t.start, t.end), "fr")]
        for t in tongues.titles(sentence, "fr")
    }
    assert fates == {"traité de paix": ["ratified"], "convention fiscale": ["suspended"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lexicon_says_where_it_is_from_and_compiles(language):
    """A broken pattern would only be found in a user's article."""
    path = resources.files("communique").joinpath(f"data/lexicon_{language}.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    assert len(data["source"]) > 40
    statuses = {"cancelled", "postponed", "denied", "proposed", "planned", "ongoing"}
    assert data["status"].keys() == statuses
    for status in statuses:
        assert tongues.pattern(language, "status", status)
    assert tongues.verbs(language)
    # A pattern in place of a list of them would be read letter by letter.
    listed = ["triggers", "acts", "held", "background", "reports", "attendance", "both", "joins"]
    listed += ["blocks", "sport", "private", "state_nouns"]
    assert all(isinstance(data[key], list) for key in listed)
    assert isinstance(data.get("event_self", []), list)
    for key in ("sport", "private", "state_nouns", "event_self"):
        assert tongues.pattern(language, key)


@pytest.mark.parametrize(
    ("tag", "known"), [("fr", True), ("zh-TW", True), ("en", False), (None, False), ("ko", False)]
)
def test_which_languages_have_rules(tag, known):
    """A language without a lexicon would be read with that of another, or fail."""
    assert tongues.supports(tag) is known


WORDS = sorted({word for _, _, _, sentence in ENGAGEMENTS + ACTS for word in sentence.split()})


@given(
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), max_size=30).map(" ".join),
    st.sampled_from(LANGUAGES),
)
def test_any_sentence_is_read(sentence, language):
    """Some sentence would raise, or give words that are not in it."""
    for cue in tongues.triggers(sentence, language):
        assert 0 <= cue.start < cue.end <= len(sentence)
    for title in tongues.titles(sentence, language):
        assert sentence[title.start : title.end] == title.title
        for act in tongues.acts(sentence, (title.start, title.end), language):
            assert 0 <= act.start < act.end <= len(sentence)
