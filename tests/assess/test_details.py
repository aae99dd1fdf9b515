from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.assess.details.definitions import read_definitions
from monitor.assess.details.doses import read_doses
from monitor.assess.details.groups import GroupReader
from monitor.assess.details.numbers import whole_numbers
from monitor.assess.details.registrations import read_registrations
from monitor.assess.details.sample_size import SampleSizeReader
from monitor.assess.text import read_text
from monitor.model import Accession, Article, DesignLabel, DesignSource
from monitor.splitting import tokenize

READER = SampleSizeReader()
_SCRAPS = (
    *("1 2 30 4.5 0.63,95 12,345 ٣ ² one thirty-two hundred % %; ( ) [ = / n N · . , ; : - – \n "
      "patients controls women of and with total included men group").split(" "),
    *(" " * 3),
)  # fmt: skip


def paper(abstract: str, title: str = "A study") -> Article:
    return Article(pmid="1", title=title, abstract=abstract)


def label(design: str) -> DesignLabel:
    return DesignLabel(design, 0.9, DesignSource.TEXT)


def n_of(abstract: str, design: str = "case_control", title: str = "A study") -> int | None:
    article = paper(abstract, title)
    found = READER.read(article, read_text(article), label(design))
    if found is not None:
        assert all(q.holds(article) for q in found.quotes)
    return found.n if found else None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3,925 adults", [3925]),
        ("25 409 adults", [25409]),
        ("4.5 mg", []),
        ("thirty-eight women", [38]),
        ("one hundred and twenty men", [120]),
        ("Twenty five of 30", [25, 30]),
    ],
)
def test_numbers_are_read_as_they_are_written(text: str, numbers: list[int]) -> None:
    assert [n.value for n in whole_numbers(text, tokenize(text))] == numbers


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("Thirty patients and 30 healthy controls were studied.", 60),
        ("We compared 10 ME/CFS (by the ICC), 8 long COVID (WHO), and 10 healthy controls.", 28),
        ("Of the 58 patients referred to us, 50 were included.", 50),
        ("A total of 35 patients were recruited and 26 completed the study.", 26),
        ("Blood was taken of 33 people with long COVID, 33 who recovered, and 34 without it.", 100),
        ("A cohort of 13 people with LC, 6 people who recovered, and 6 controls gave blood.", 25),
        ("Urine of patients (n = 25) and of controls (n = 8) was taken.", 33),
        ("The study included 104 COVID-19 patients and 40 healthy adults.", 144),
        ("We examined 100 patients. Thirty healthy adults were included as a control group.", 130),
        ("Records of 96 thousand patients were analysed.", 96_000),
        ("Of the 234 patients seen, 139 had fatigue.", 234),
        ("Sixty children were included. Symptoms were pain (n = 5) and myalgia (n = 2).", 60),
        ("We included 24 patients with ME/CFS, 25 patients with long COVID and 24 controls.", 73),
        ("Blood came from patients (n = 49) and controls (n = 50).", 99),
        ("A total of 334 participants (173 with ME/CFS and 161 healthy controls) took part.", 334),
        ("We recruited 48 adults (7 male, 41 female).", 48),
        ("Sixty people were screened, and 41 participants were randomised.", 41),
        ("The survey was sent to 2,636 people, with 1,301 participants responding (49%).", 1301),
        ("Data were obtained for 281 patients, and 279 patients were included.", 279),
        ("31 patients (75% females) and 31 matched healthy controls were enrolled.", 62),
        ("Muscle from 15 ME/CFS, 15 LC and 16 healthy controls was stained.", 46),
        ("Thirty patients with infection, 30 with ME/CFS and 30 matched controls were seen.", 90),
        ("Twelve adults aged 18 to 60 years walked for 6 minutes.", 12),
        ("A total of 74 of the 86 children completed the course.", 74),
        ("Thirty-one out of 45 patients sent to us were studied.", 31),
        ("Of 64 patients in rehabilitation, 58 patients (mean age 47 years) were included.", 58),
        ("We saw 121 patients in all, of whom 98 patients were included in the study.", 98),
        ("We enrolled 900 adults. After excluding repeats, 132 adults were included.", 132),
        ("In all, 391 adults completed it, 211 women and 180 men.", 391),
        ("A total of 11 NP people (four men, seven women; aged 44) and 12 HP people came.", 23),
        ("We included 356 patients: 215 COVID-19 and 141 non-COVID-19 patients.", 356),
        ("One thousand five hundred eighty-one adults were surveyed.", 1581),
        ("The sample size was 667.", 667),
        ("A total of 150 consecutive, hospitalized patients were included.", 150),
        ("We compared 40 patients and 19 normal donor (ND) controls.", 59),
        ("We tested 25 children. The control group consisted of 25 pupils.", 50),
        ("A cohort of 157 patients was seen. They were compared with 107 healthy controls.", 264),
        ("Sixty adults were seen at two children's hospitals; 51.9% (n = 41) had pain.", 60),
        (
            "We asked 30 adults about (1) memory, (2) adults living with them, and cluster 3 women.",
            30,
        ),
    ],
)
def test_groups_are_added_up_and_parts_are_not(text: str, n: int) -> None:
    assert n_of("Exertion is hard for the patients. " + text) == n


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("We report a 41-patient cohort.", 41),
        ("Fourteen patients were identified. One patient was examined again.", 14),
        ("Sixty (60) patients were treated.", 60),
    ],
)
def test_one_group_is_enough_where_nothing_is_compared(text: str, n: int) -> None:
    assert n_of("Exertion is hard for the patients. " + text, "cohort") == n


@pytest.mark.parametrize("share", ["0.63,95%", "1.2.3%", "٣%", "²%", "12,5%", "9" * 40 + "%"])
def test_a_share_that_is_no_number_does_no_harm(share: str) -> None:
    text = f"We studied 40 patients; 12 of them ({share}) were men and 28 (70%) women."
    assert n_of(text, "cohort") == 40


@given(st.lists(st.sampled_from(_SCRAPS), max_size=40).map("".join))
@settings(max_examples=200, deadline=None)
def test_no_heap_of_numbers_is_too_wild(text: str) -> None:
    for design in ("cohort", "systematic_review", "case_report"):
        found = n_of("Patients. " + text, design)
        assert found is None or found > 0


def test_the_numbers_that_may_be_the_sample_size_are_explained() -> None:
    article = paper(
        "We compared 30 patients with ME/CFS and 28 healthy controls. Twelve patients were women."
    )
    first, *others = READER.explain(article, read_text(article), label("case_control"), 4)
    assert (first.n, first.how) == (58, "sum")
    assert first.weighed
    assert all(quote.holds(article) for quote in first.passages)
    assert first.probability > max(other.probability for other in others)


@pytest.mark.parametrize(
    "text",
    [
        "The illness affects 2 million people worldwide.",
        "Three alleles were more frequent in the patients.",
        "Visits were made in 2019 and 2020 by the patients.",
        "The patients walked for 6 minutes.",
    ],
)
def test_no_number_of_people_is_no_sample_size(text: str) -> None:
    assert n_of(text) is None


def test_a_narrative_review_has_no_sample_of_its_own() -> None:
    assert n_of("In one study 40 patients were treated.", "narrative_review") is None


def test_patients_without_the_number_of_their_controls_are_no_total() -> None:
    told = "Muscle was taken from eleven patients. It was compared with that of healthy controls."
    assert n_of(told) is None
    assert n_of(told, design="cohort") == 11


def test_a_case_told_without_an_age_is_one_person() -> None:
    assert n_of("The patient was admitted with low mood.", design="case_report") == 1
    assert n_of("We discuss low mood.", design="case_report") is None


def test_a_case_report_is_about_one_person() -> None:
    assert n_of("We report the case of a 36-year-old man with fatigue.", "case_report") == 1


def test_a_review_counts_the_people_of_its_studies() -> None:
    text = "Forty-seven trials involving 4,028 participants were included."
    assert n_of(text, "meta_analysis") == 4028


def test_a_protocols_number_is_planned() -> None:
    article = paper("We will recruit 120 adults with the illness.")
    found = READER.read(article, read_text(article), label("protocol"))
    assert found is not None
    assert (found.n, found.planned) == (120, True)


@pytest.mark.parametrize(
    ("text", "doses"),
    [
        ("Patients took naltrexone 4.5 mg nightly.", [(None, 4.5, False, True)]),
        ("Low-dose naltrexone (3.0-4.5 mg/day) was given.", [(3.0, 4.5, False, True)]),
        ("Doses of naltrexone ranged from 4 to 12 mg.", [(4.0, 12.0, False, False)]),
        ("Children had naltrexone 0.1 mg/kg.", [(None, 0.1, True, True)]),
        ("Naltrexone 50 mg was given once.", [(None, 50.0, False, False)]),
        ("Naltrexone was added to pregabalin 300 mg daily.", []),
        ("Patients took morphine 10 mg.", []),
        ("Naltrexone 500 µg was given.", [(None, 0.5, False, True)]),
    ],
)
def test_doses_belong_to_naltrexone_and_are_in_mg(
    text: str, doses: list[tuple[float | None, float, bool, bool]]
) -> None:
    article = paper(text)
    found = read_doses(article, read_text(article))
    assert [(d.mg_min, d.mg, d.per_kg, d.low) for d in found] == doses
    assert all(q.holds(article) for d in found for q in d.quotes)


def test_titration_is_noticed() -> None:
    article = paper("Naltrexone was titrated to 4.5 mg over four weeks.")
    assert [d.titrated for d in read_doses(article, read_text(article))] == [True]


@pytest.mark.parametrize(
    ("text", "names", "pem"),
    [
        ("Patients met the Canadian Consensus Criteria.", ["ccc"], True),
        ("Patients met the International Consensus Criteria (ICC).", ["icc"], True),
        ("The Institute of Medicine (IOM) 2015 criteria were used.", ["iom"], True),
        ("All of them fulfilled the Fukuda criteria.", ["fukuda"], False),
        ("We used the CDC criteria of 1994 for the patients.", ["fukuda"], False),
        ("The Oxford criteria were applied.", ["oxford"], False),
        ("Cases met the Fukuda or Canadian criteria.", ["ccc", "fukuda"], False),
        ("Cases met both the Fukuda and the Canadian criteria.", ["ccc", "fukuda"], True),
        ("Inclusion criteria were age and post-exertional malaise was required.", [], True),
        ("Reliability was good (ICC = 0.9).", [], None),
        ("Nothing was said of definitions.", [], None),
    ],
)
def test_case_definitions_tell_whether_malaise_was_required(
    text: str, names: list[str], *, pem: bool | None
) -> None:
    article = paper("We aimed to see why. " + text)
    found = read_definitions(article, read_text(article), label("case_control"))
    assert sorted(f.value for f in found.named) == names
    assert (found.pem_required.value if found.pem_required else None) is pem


def test_a_review_of_criteria_required_nothing_of_anybody() -> None:
    article = paper("The Canadian Consensus Criteria are discussed in this paper.")
    found = read_definitions(article, read_text(article), label("narrative_review"))
    assert [f.value for f in found.named] == ["ccc"]
    assert found.pem_required is None


def test_registrations_of_trials_and_reviews_are_kept_apart() -> None:
    article = Article(
        pmid="1",
        title="A study",
        abstract=(
            "Registered as NCT01234567, ISRCTN12345678, ACTRN12619000123456, UMIN000012345, "
            "ChiCTR2100012345 and EudraCT 2019-001234-56; the review as CRD42020123456."
        ),
        accessions=(
            Accession("ClinicalTrials.gov", "NCT01234567"),
            Accession("ClinicalTrials.gov", "NCT07654321"),
            Accession("GENBANK", "AB123456"),
        ),
    )
    trials, reviews = read_registrations(article, read_text(article))
    assert {f.value for f in trials} == {
        "NCT01234567",
        "ISRCTN12345678",
        "ACTRN12619000123456",
        "UMIN000012345",
        "ChiCTR2100012345",
        "2019-001234-56",
        "NCT07654321",
    }
    assert [f.value for f in reviews] == ["CRD42020123456"]
    assert [f.quotes for f in trials if f.value == "NCT07654321"] == [()]


def test_people_comparison_time_and_measures_are_named() -> None:
    article = paper(
        "METHODS: Women with fibromyalgia received the drug or placebo for 12 weeks. The primary "
        "outcome was the Fibromyalgia Impact Questionnaire. They had been ill for 5 years."
    )
    found = GroupReader().read(article, read_text(article))
    assert [f.value for f in found.populations] == ["fibromyalgia"]
    assert [f.value for f in found.comparators] == ["placebo"]
    assert [f.value for f in found.durations] == ["12 weeks"]
    assert [f.value for f in found.outcomes] == [
        "primary outcome",
        "Fibromyalgia Impact Questionnaire",
    ]
