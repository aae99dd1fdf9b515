"""What pages say, computed from papers: no rendering, no store."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from importlib import resources
from pathlib import Path

import pytest

from monitor.assess.assessor import Assessor
from monitor.assess.card import model_card
from monitor.assess.details import definitions as read
from monitor.catalog import Catalog, ClaimKind
from monitor.ledger.status import Tally, balance
from monitor.model import (
    Article,
    Bearing,
    ClaimStatus,
    Direction,
    FieldName,
    Link,
    Paper,
    PublicationType,
    Quote,
    Stance,
)
from monitor.publish import charts
from monitor.publish.views import definitions, lists, search
from monitor.publish.views.claims import SHOWN, claim_head, claim_view
from monitor.publish.views.lines import DoseRange, Line, line
from monitor.publish.views.maps import gap_map
from monitor.publish.views.methods import Confused, models
from monitor.publish.views.moves import YearMove, by_year, would_move
from monitor.publish.views.papers import PaperView, paper_view
from monitor.publish.views.passages import FactView, Segment, marked, shown_once
from monitor.publish.views.reliability import reliabilities, reliability_for
from monitor.publish.views.start import start
from monitor.publish.views.trials import registered, trials
from monitor.wording import Words
from tests.conftest import NOW

WORDS = Words()
RCT = "randomized_controlled_trial"


def paper(article: Article, assessor: Assessor) -> Paper:
    return Paper(article, assessor.assess(article), NOW, ("ldn",), seed=False, gone=False)


@pytest.fixture(scope="module")
def papers(sample: list[Article], assessor: Assessor) -> list[Paper]:
    return [paper(a, assessor) for a in sample]


@pytest.fixture(scope="module")
def lines(papers: list[Paper], catalog: Catalog) -> list[Line]:
    return [line(p, catalog, WORDS) for p in papers]


View = Callable[..., PaperView]


@pytest.fixture
def view(papers: list[Paper], assessor: Assessor, catalog: Catalog) -> View:
    def make(
        pmid: str, *, held: Sequence[str] = (), show: bool = True, **changes: object
    ) -> PaperView:
        found = next(p for p in papers if p.article.pmid == pmid)
        if changes:
            found = paper(replace(found.article, **changes), assessor)  # type: ignore[arg-type]
        return paper_view(found, (), catalog, WORDS, held=held, show_abstract=show)

    return make


# --- A paper


def test_the_marked_text_is_the_text_with_every_quote_in_it(view: View) -> None:
    shown = view("34326841")
    assert "".join(s.text for s in shown.text) == shown.article.abstract
    assert "".join(s.text for s in shown.title) == shown.article.title
    named = {name for s in shown.text for name in s.facts}
    assert {"Participants", "Naltrexone dose", "Study design"} <= named


def test_a_whole_abstract_is_not_shown_unless_it_may_be(view: View) -> None:
    assert view("34326841", show=False).text == ()


def test_overlapping_passages_keep_both_labels() -> None:
    text = "Ten patients took 4.5 mg."
    first = FactView("n", "10", (Quote(FieldName.ABSTRACT, 0, 12, text[:12]),))
    second = FactView("who", "patients", (Quote(FieldName.ABSTRACT, 4, 17, text[4:17]),))
    assert marked(text, FieldName.ABSTRACT, (first, second)) == (
        Segment("Ten ", ("n",)),
        Segment("patients", ("n", "who")),
        Segment(" took", ("who",)),
        Segment(" 4.5 mg."),
    )


def test_a_passage_is_shown_once_and_named_after_that() -> None:
    quote = Quote(FieldName.ABSTRACT, 0, 3, "Ten")
    title = Quote(FieldName.TITLE, 0, 5, "Title")
    facts = [
        FactView("n", "10", (quote,)),
        FactView("who", "x", (quote,)),
        FactView("z", "y", (title,)),
    ]
    first, second, third = shown_once(facts, "Title")
    assert first.quotes == (quote,)
    assert (second.quotes, second.as_for) == ((), "n")
    assert (third.quotes, third.whole_title) == ((), True)


def test_what_a_paper_does_not_show_follows_from_design_size_and_people(
    view: View, catalog: Catalog
) -> None:
    shown = view("34326841")
    design = catalog.design[shown.line.design]
    assert shown.not_shown[0] == design.cannot_show
    assert any("with 18 participants" in s for s in shown.not_shown)
    assert any("post-exertional malaise" in s for s in shown.not_shown)
    without = view("34326841", abstract="")
    assert without.not_shown[-1] == "No abstract, so no conclusion."


def test_badges_say_what_they_mean_and_a_retraction_comes_first(view: View) -> None:
    shown = view("34326841", publication_types=(PublicationType("Retracted Publication"),))
    assert shown.badges[0].label == "Retracted"
    assert shown.badges[0].alarm
    assert all(b.means and b.anchor for b in shown.badges)
    assert shown.summary == "This paper was retracted. It supports nothing."


def test_links_lead_to_record_registry_and_versions(view: View) -> None:
    links = (
        Link("CommentIn", "111", "J. 2020"),
        Link("UpdateOf", "222", "medRxiv"),
        Link("Cites", "333"),
        Link("ErratumIn", None, "J. 2021", ""),
    )
    shown = view("34326841", held=("222",), links=links, pmcid="PMC12")
    addresses = dict(shown.links)
    assert addresses["PubMed"] == "https://pubmed.ncbi.nlm.nih.gov/34326841/"
    assert addresses["PMC"].endswith("/PMC12/")
    assert [(r.what, r.file, r.url) for r in shown.related] == [
        ("Correction of it", "", ""),
        ("Earlier version, or the preprint of it", "222", "https://pubmed.ncbi.nlm.nih.gov/222/"),
        ("Comment on it", "", "https://pubmed.ncbi.nlm.nih.gov/111/"),
    ]


def test_the_citation_is_there_in_three_formats(view: View) -> None:
    cite = dict(view("34326841").cite)
    assert list(cite) == ["BibTeX", "RIS", "CSL-JSON"]
    assert json.loads(cite["CSL-JSON"])["PMID"] == "34326841"


# --- A claim


def bearing(pmid: str, stance: Stance = Stance.SUPPORTS, **values: object) -> Bearing:
    made = Bearing(pmid, stance, RCT, 2, group=pmid, n=100, created=date(2020, 1, 1))
    return replace(made, **values)  # type: ignore[arg-type]


def moved_by(found: Sequence[Bearing], lines: list[Line]) -> list[str]:
    """What would move a claim with these bearings."""
    known = {b.pmid: a_line(lines, b.pmid) for b in found}
    scale = Tally("c")
    by_year(found, scale)
    said = list(would_move(balance("c", found), found, known, scale, WORDS))
    assert scale.balance() == balance("c", found), "the scale is left as it was"
    return said


def a_line(lines: list[Line], pmid: str) -> Line:
    return replace(lines[0], pmid=pmid, file=pmid, title=f"Paper {pmid}")


def test_what_would_change_a_claim_is_what_the_rules_say(lines: list[Line]) -> None:
    three = [bearing(str(n)) for n in range(3)]
    assert balance("c", three).status is ClaimStatus.SUPPORTED
    said = moved_by(three, lines)
    trial = "1 randomised trial against it, with 100 people and by a new group, "
    assert said == [
        trial + "would make it: contested.",
        "If “Paper 0” were retracted, it would become: thin.",
    ]
    against = bearing("new", Stance.REFUTES)
    assert balance("c", [*three, against]).status is ClaimStatus.CONTESTED
    assert balance("c", three[1:]).status is ClaimStatus.THIN


def test_a_claim_that_nothing_moves_says_so(lines: list[Line]) -> None:
    many = [bearing(str(n), Stance.REFUTES if n % 2 else Stance.SUPPORTS) for n in range(60)]
    said = moved_by(many, lines)
    sentence = "Not even 9 randomised trials on one side, each with 100 people and by a new group, "
    assert said == [sentence + "would change it."]


def test_years_hold_what_stood_then(lines: list[Line]) -> None:
    found = [
        bearing("1"),
        bearing("2", created=date(2021, 5, 1)),
        bearing("3", created=date(2021, 6, 1)),
        bearing("4", Stance.REFUTES, created=date(2023, 1, 1)),
        bearing("5", created=date(2022, 1, 1), reviewed=True),
        bearing("6", created=date(2022, 1, 1), withdrawn=True),
    ]
    moves = by_year(found, Tally("c"))
    assert moves == (
        YearMove(2020, 1, 0, 0, ClaimStatus.THIN),
        YearMove(2021, 2, 0, 0, ClaimStatus.SUPPORTED),
        YearMove(2023, 0, 1, 0, ClaimStatus.CONTESTED),
    )
    chart = charts.timeline(moves)
    assert chart is not None
    assert [(s.status, s.start, s.end) for s in chart.spans] == [
        (ClaimStatus.THIN, 2020, 2020),
        (ClaimStatus.SUPPORTED, 2021, 2022),
        (ClaimStatus.CONTESTED, 2023, 2023),
    ]
    assert charts.timeline(()) is None


def test_a_claim_shows_the_strongest_and_counts_the_rest(
    lines: list[Line], catalog: Catalog
) -> None:
    found = [bearing(f"{n:02}", tier=4, n=n) for n in range(20)]
    found += [bearing("best"), bearing("review", reviewed=True), bearing("gone", withdrawn=True)]
    known = {b.pmid: a_line(lines, b.pmid) for b in found}
    about = catalog.mechanisms[0]
    shown = claim_view(
        about, claim_head(about, None, WORDS), found, (), (), known, catalog, Tally, WORDS
    )
    (side,) = shown.sides
    assert (side.own, side.reviews, side.withdrawn, side.total) == (21, 1, 1, 23)
    assert len(side.shown) == SHOWN
    assert [x.line.pmid for x in side.shown[:2]] == ["best", "19"]


def test_a_claim_about_uses_tells_designs_illness_by_illness(
    lines: list[Line], catalog: Catalog
) -> None:
    about = next(c for c in catalog.claims if c.kind is ClaimKind.USES)
    found = [bearing("1"), bearing("2"), bearing("3", withdrawn=True)]
    known = {b.pmid: a_line(lines, b.pmid) for b in found}
    known["1"] = replace(known["1"], populations=("ME/CFS", "pain"), design_label="Trial", tier=2)
    known["2"] = replace(known["2"], populations=("ME/CFS",), design_label="Survey", tier=4)
    shown = claim_view(
        about, claim_head(about, None, WORDS), found, (), (), known, catalog, Tally, WORDS
    )
    assert shown.uses == (
        ("ME/CFS", (("Trial", 1), ("Survey", 1))),
        ("pain", (("Trial", 1),)),
    )


def test_labels_of_years_are_not_cut_at_the_edges() -> None:
    bars = charts.years([*range(1990, 2026)])
    assert min(b.middle for b in bars) >= 17
    assert max(b.middle for b in bars) <= charts.WIDTH - 17


def test_history_keeps_changes_of_status_only(lines: list[Line], catalog: Catalog) -> None:
    one, three = [bearing("0")], [bearing(str(n)) for n in range(3)]
    known = {b.pmid: a_line(lines, b.pmid) for b in three}
    thin = balance("c", one)
    days = [datetime(2026, 3, d, tzinfo=NOW.tzinfo) for d in (1, 2, 3)]
    history = [
        (days[0], "0", thin),
        (days[1], "1", replace(thin, supports=2)),
        (days[2], "2", balance("c", three)),
    ]
    about = catalog.mechanisms[0]
    shown = claim_view(
        about,
        claim_head(about, balance("c", three), WORDS),
        three,
        history,
        (),
        known,
        catalog,
        Tally,
        WORDS,
    )
    assert [(m.at.day, m.status, m.title) for m in shown.history] == [
        (3, ClaimStatus.SUPPORTED, "Paper 2"),
        (1, ClaimStatus.THIN, "Paper 0"),
    ]


# --- Map, lists, trials, start, search


def test_every_cell_of_the_map_leads_to_a_list_with_its_papers(
    lines: list[Line], catalog: Catalog
) -> None:
    known = {x: a_line(lines, x) for x in "1234"}
    found = {
        "nk_cell": [bearing("1"), bearing("2", Stance.REFUTES), bearing("3", Stance.MENTIONS)],
        "sleep": [bearing("4", Stance.MIXED, design="cohort"), bearing("1", withdrawn=True)],
    }
    shown = gap_map(found, known, catalog, WORDS)
    cells = {(m.id, c.label): c for m, row in shown.rows for c in row if c.total}
    trial = cells["nk_cell", "Randomised controlled trial"]
    assert (trial.supports, trial.refutes, trial.mixed) == (1, 1, 0)
    assert trial.spoken == "supports: 1, speaks against: 1"
    files = {v.file: v for v in lists.cell_lists(shown, known, catalog, WORDS)}
    assert set(files) == {c.file for c in cells.values()}
    assert {x.pmid for x in files[trial.file].lines} == {"1", "2"}


def test_every_paper_stands_in_the_lists_of_all_it_is(lines: list[Line], catalog: Catalog) -> None:
    found = lists.facets(lines, catalog, WORDS)
    assert [f.id for f in found] == [
        "topic", "design", "mechanism", "stance", "population", "dose", "year",
    ]  # fmt: skip
    by_file = {v.file: v for f in found for v in f.lists}
    wanted = [x for x in lines if x.topics]
    assert sum(len(v.lines) for f in found if f.id == "design" for v in f.lists) == len(lines)
    dosed = next(x for x in wanted if x.pmid == "34326841")
    assert dosed in by_file["dose-4-5-to-6-mg"].lines
    assert dosed in by_file["mechanism-calcium-trpm3"].lines
    assert dosed in by_file["people-me-cfs"].lines
    assert all(v.lines for v in by_file.values())


@pytest.mark.parametrize(
    ("most", "per_kg", "file"),
    [
        (0.5, False, "under-1-mg"), (1, False, "1-to-3-mg"), (3, False, "3-to-4-5-mg"),
        (4.5, False, "4-5-mg"), (6, False, "4-5-to-6-mg"), (50, False, "above-6-mg"),
        (0.1, True, "by-weight"),
    ],
)  # fmt: skip
def test_a_dose_has_one_band(
    most: float, per_kg: bool, file: str, lines: list[Line], catalog: Catalog
) -> None:
    one = replace(lines[0], doses=(DoseRange(most, most, per_kg, low=None),))
    found = lists.facets([one], catalog, WORDS)
    assert [v.file for f in found if f.id == "dose" for v in f.lists] == [f"dose-{file}"]


def test_the_dose_chart_holds_each_study_at_its_place(lines: list[Line]) -> None:
    base = replace(lines[0], retracted=False, gone=False, design=RCT)
    dose = DoseRange(4.5, 4.5, per_kg=False, low=True)
    small = replace(base, pmid="1", n=10, doses=(dose,))
    large = replace(base, pmid="2", n=1000, doses=(replace(dose, least=1.0),), design="cohort")
    high = replace(base, pmid="3", n=10, doses=(DoseRange(50, 50, per_kg=False, low=False),))
    twin = replace(small, pmid="4")
    chart = charts.doses([small, large, high, twin, replace(small, pmid="5", retracted=True)])
    points = {p.line.pmid: p for p in chart.points}
    assert set(points) == {"1", "2", "4"}
    assert points["2"].y < points["1"].y
    assert points["2"].x0 < points["2"].x1 == points["1"].x1
    assert (points["1"].x1, points["1"].y) == (points["4"].x1, points["4"].y)
    assert abs(points["1"].x - points["4"].x) >= 14
    assert (points["1"].shape, points["2"].shape) == ("square", "circle")


def test_registered_trials_without_a_report_come_first(lines: list[Line], catalog: Catalog) -> None:
    plan = replace(lines[0], pmid="1", design="protocol", registrations=("NCT05430152",))
    report = replace(lines[0], pmid="2", design=RCT, registrations=("2022-000281-18",))
    first, second = registered([report, plan], catalog, WORDS)
    assert (first.number, len(first.plans), first.reports) == ("NCT05430152", 1, ())
    assert first.url == "https://clinicaltrials.gov/study/NCT05430152"
    assert (second.plans, len(second.reports)) == ((), 1)


def test_the_page_of_trials_is_about_the_drug(lines: list[Line], catalog: Catalog) -> None:
    ours = replace(
        lines[0], pmid="1", core=("ldn",), registrations=("NCT05430152",), retracted=False
    )
    other = replace(ours, pmid="2", core=("me-cfs",), registrations=("NCT00715117",))
    shown = trials([ours, other], catalog, WORDS)
    assert [r.number for r in shown.registered] == ["NCT05430152"]


def direct(lines: list[Line], *results: Direction) -> list[Line]:
    base = replace(
        lines[0], retracted=False, gone=False, design=RCT, core=("ldn",), topics=("ldn", "me-cfs")
    )
    return [replace(base, pmid=str(i), result=r) for i, r in enumerate(results)]


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ((), ClaimStatus.UNTRACED),
        ((Direction.NOT_STATED,), ClaimStatus.UNTRACED),
        ((Direction.POSITIVE,), ClaimStatus.THIN),
        ((Direction.POSITIVE,) * 4, ClaimStatus.SUPPORTED),
        ((Direction.NULL, Direction.NEGATIVE, Direction.NULL), ClaimStatus.CONTRADICTED),
        ((Direction.POSITIVE, Direction.NULL, Direction.MIXED), ClaimStatus.CONTESTED),
    ],
)
def test_whether_it_helps_is_told_by_randomised_trials_only(
    results: tuple[Direction, ...], status: ClaimStatus, lines: list[Line], catalog: Catalog
) -> None:
    series = [replace(x, design="case_series", pmid="s") for x in direct(lines, Direction.POSITIVE)]
    shown = start((), [*direct(lines, *results), *series], catalog, WORDS)
    point = next(p for _, points in shown.groups for p in points if p.page == "trials.html")
    assert point.status is status
    assert shown.papers == len(results) + 1


def test_what_is_known_is_named_even_when_nothing_is(lines: list[Line], catalog: Catalog) -> None:
    shown = start((), [], catalog, WORDS)
    assert [(heading, len(points)) for heading, points in shown.groups] == [
        ("What is known", 0), ("What is not known", 1),
    ]  # fmt: skip


def test_the_index_of_the_search_holds_titles_authors_quotes_and_labels(
    lines: list[Line], catalog: Catalog
) -> None:
    evil = replace(lines[0], title="</script>\u2028 x", quotes=("a passage",), authors=("Núñez",))
    text = search.script([evil, *lines], catalog, WORDS)
    assert "</script>" not in text
    assert "\u2028" not in text
    index = json.loads(text.removeprefix("window.EVIDENCE_INDEX=").removesuffix(";\n"))
    first = index["papers"][0]
    assert first[1] == "</script>\u2028 x"
    assert (first[9], first[10]) == ("Núñez", "a passage")
    assert index["designs"][first[4]] == evil.design_label
    assert len(index["papers"]) == len(lines) + 1


def test_accuracy_is_told_in_words_and_what_is_new_keeps_its_name() -> None:
    card = (
        ("Study design", "trained", "2026-11-24"),
        ("Study design", "cross validation, folds", "5"),
        ("Study design", "cross validation, readers, exact", "0.77"),
        ("Mechanism claims", "cross validated, side F1", "0.81"),
        ("Mechanism claims", "cross validated, something new", "0.5"),
        ("Mechanism claims", "cross validated on the further, side F1", "0.7"),
    )
    design, claims = models(card, WORDS)
    assert design.measured == (
        ("ME/CFS and naltrexone papers, two readers: the very same design", "77.0%"),
    )
    assert design.card == (("trained", "2026-11-24"), ("cross validation, folds", "5"))
    assert claims.measured == (
        ("Both together (F1)", "81.0%"),
        ("something new", "50.0%"),
        ("Further papers: Both together (F1)", "70.0%"),
    )


def test_how_often_sides_are_right_is_told_by_mechanism(catalog: Catalog) -> None:
    card = (
        ("Mechanism claims", "sides, nk_cell", "[16, 20, 19]"),
        ("Mechanism claims", "sides, immune_dysfunction", "[4, 9, 8]"),
        ("Mechanism claims", "cross validated, side F1", "0.81"),
    )
    known = reliabilities(card)
    nk = next(m for m in catalog.mechanisms if m.id == "nk_cell")
    shown = reliability_for(nk, known)
    assert shown is not None
    assert (shown.right, shown.told, shown.missed, shown.enough) == (16, 20, 3, True)
    claim = next(c for c in catalog.claims if c.id == "cause-immune")
    both = reliability_for(claim, known)
    assert both is not None
    assert both.told == sum(known[m].told for m in claim.mechanisms if m in known)
    unknown = next(m for m in catalog.mechanisms if m.id == "sleep")
    few = reliability_for(unknown, known)
    assert few is not None
    assert not few.enough
    assert reliability_for(unknown, {}) is None
    assert reliability_for(next(c for c in catalog.claims if c.kind == "dose"), known) is None
    (model,) = models(card, WORDS)
    assert model.card == ()


def test_a_confusion_matrix_shows_every_cell_commonest_first() -> None:
    matrix = {"cohort": {"cohort": 5, "survey": 1, "rct": 3}, "rct": {"rct": 12}}
    line = ("Study design", "cross validation, confusion, readers_and_single", json.dumps(matrix))
    (design,) = models([line], WORDS, {"cohort": "Cohort study"})
    assert design.confused == (
        (
            "ME/CFS, long COVID and naltrexone papers",
            (
                Confused("Randomised trial", 12, 12, ()),
                Confused("Cohort study", 9, 5, (("Randomised trial", 3), ("survey", 1))),
            ),
        ),
    )
    assert design.measured == design.card == ()


def test_a_matrix_in_a_card_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    matrix = {"rct": {"rct": 2, "cohort": 1}}
    card = {"cross_validation": {"folds": 5, "confusion": {"people_merged": matrix}}}
    (weights / "design.json").write_text(json.dumps(card))
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    folds, line = model_card()
    assert folds == ("Study design", "cross validation, folds", "5")
    assert line[1] == "cross validation, confusion, people_merged"
    assert json.loads(line[2]) == matrix


def test_the_card_that_is_shipped_has_numbers_for_all_models() -> None:
    shown = models(model_card(), WORDS)
    assert [m.name for m in shown] == [
        "Study design",
        "Mechanism claims",
        "Passages of claims",
        "Sample size",
        "Direction of the main result",
    ]
    assert all(m.told and m.measured and m.card for m in shown)


def test_a_case_definition_has_its_name_and_says_what_it_requires() -> None:
    for value, required, _ in read._NAMES:
        assert definitions.name(value, WORDS) != value
        means = definitions.means(value, WORDS)
        assert ("It requires" in means, "It does not" in means) == (
            required is True,
            required is False,
        )
    assert "does not require" in definitions.means("fukuda", WORDS)
    assert definitions.name("something new", WORDS) == "something new"


def test_a_paper_in_another_language_says_so(papers: list[Paper], catalog: Catalog) -> None:
    def tongue(*languages: str) -> str:
        article = replace(papers[0].article, languages=languages)
        return paper_view(replace(papers[0], article=article), (), catalog, WORDS).tongue

    assert tongue("spa") == "Spanish"
    assert tongue("ger", "fre") == "German, French"
    assert tongue("eng", "spa") == tongue("und") == tongue() == ""


def test_what_an_abstract_does_not_state_is_named_in_one_line(
    papers: list[Paper], catalog: Catalog
) -> None:
    view = next(
        v
        for v in (paper_view(p, (), catalog, WORDS) for p in papers)
        if v.article.abstract and v.unstated
    )
    assert {f.name for f in view.stated} | set(view.unstated) == {f.name for f in view.facts}
    bare = replace(view.paper, article=replace(view.article, abstract=""))
    assert paper_view(bare, (), catalog, WORDS).unstated == ()
