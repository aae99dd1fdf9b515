"""The methods page: accuracy in words; what was left out, and why. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from babel.numbers import format_percent

from monitor import wording
from monitor.catalog import Catalog
from monitor.model import Paper
from monitor.publish.views.lines import title
from monitor.publish.views.reliability import SIDES
from monitor.wording import Words, to_say

#: Words for the parts of a number's name in the model cards; other parts keep their name.
_NUMBERS: Final = {
    "side precision": to_say("Of the sides that are shown, this share is right (precision)"),
    "side recall": to_say("Of the sides that papers take, this share is found (recall)"),
    "side F1": to_say("Both together (F1)"),
    "against precision": to_say("Results against or mixed: precision"),
    "against recall": to_say("Results against or mixed: recall"),
    "against F1": to_say("Results against or mixed: F1"),
    "stance exact (both found)": to_say("Same stance as the readers, mentions included"),
    "stance exact (both take a side)": to_say("Same stance as the readers, where both see a side"),
    "readers": to_say("ME/CFS and naltrexone papers, two readers"),
    "readers real": to_say("The same, real abstracts only"),
    "readers and single": to_say("Both of these together"),
    "confusion, readers and single": to_say("ME/CFS, long COVID and naltrexone papers"),
    "confusion, people merged": to_say("Neurology and psychiatry papers, nine groups"),
    "single": to_say("Further papers of the subject, one reader"),
    "single hard": to_say("Papers chosen because they are hard, one reader"),
    "people merged": to_say("Neurology and psychiatry papers, nine groups"),
    "trials": to_say("Randomised trials"),
    "recall": to_say("share that is found (recall)"),
    "precision": to_say("share that is right (precision)"),
    "precision at recall 0.98": to_say("share that is right, when 98% are to be found"),
    "recall at precision 0.90": to_say("share that is found, when 90% are to be right"),
    "trials, trials": to_say("Randomised trials: how many there are"),
    "passage for": to_say("Passage shown for a claim: one that readers chose"),
    "passage for, first": to_say("Passage shown for a claim: the one that readers put first"),
    "passage for, reachable": to_say("Passage for a claim: one of theirs names the mechanism"),
    "passage for, labels": to_say("labels for a claim"),
    "passage against": to_say("Passage shown against a claim: one that readers chose"),
    "passage against, first": to_say("Passage shown against a claim: the one they put first"),
    "passage against, reachable": to_say("Passage against: one of theirs names the mechanism"),
    "passage against, labels": to_say("labels against a claim"),
    "passage named": to_say("Passage shown for a mention: one that readers chose"),
    "passage named, first": to_say("Passage shown for a mention: the one they put first"),
    "passage named, reachable": to_say("Passage for a mention: one of theirs names the mechanism"),
    "passage named, labels": to_say("labels that only mention"),
    "sample size exact": to_say("Sample size exactly that of the readers"),
    "sample size exact, papers": to_say("papers with a sample size"),
    "sample size rightly none": to_say("No sample size where readers found none"),
    "sample size rightly none, papers": to_say("papers without a sample size"),
    "direction exact": to_say("Direction of the main result: that of the readers"),
    "direction, papers": to_say("papers whose direction readers noted"),
    "positive results, precision": to_say("Positive results: right among those told"),
    "positive results, recall": to_say("Positive results: found among those that readers noted"),
    "positive results, F1": to_say("Positive results: both together (F1)"),
    "positive results, papers": to_say("papers with a positive result"),
    "null results, precision": to_say("Null results: right among those told"),
    "null results, recall": to_say("Null results: found among those that readers noted"),
    "null results, F1": to_say("Null results: both together (F1)"),
    "null results, papers": to_say("papers with a null result"),
    "negative results, precision": to_say("Negative results: right among those told"),
    "negative results, recall": to_say("Negative results: found among those that readers noted"),
    "negative results, F1": to_say("Negative results: both together (F1)"),
    "negative results, papers": to_say("papers with a negative result"),
    "mixed results, precision": to_say("Mixed results: right among those told"),
    "mixed results, recall": to_say("Mixed results: found among those that readers noted"),
    "mixed results, F1": to_say("Mixed results: both together (F1)"),
    "mixed results, papers": to_say("papers with a mixed result"),
    "not stated results, precision": to_say("No result stated: right among those told"),
    "not stated results, recall": to_say("No result stated: found among those that readers noted"),
    "not stated results, F1": to_say("No result stated: both together (F1)"),
    "not stated results, papers": to_say("papers without a stated result"),
    "n": to_say("number of papers"),
    "records": to_say("number of papers"),
    "exact": to_say("the very same design"),
    "exact or acceptable": to_say("the same design or an acceptable one"),
    "calibration error": to_say("stated confidence is off by, on average"),
    "macro": to_say("mean F1"),
    "accuracy": to_say("same group"),
    "animal": to_say("F1 of animal studies"),
    "protocol": to_say("F1 of study protocols"),
    "rct": to_say("F1 of randomised trials"),
    "case report": to_say("F1 of case reports"),
    "other intervention": to_say("F1 of other human interventions"),
    "systematic review": to_say("F1 of systematic reviews"),
    "in vitro": to_say("F1 of laboratory studies"),
    "narrative review": to_say("F1 of narrative reviews"),
    "remaining": to_say("F1 of all others"),
}
#: The numbers to know, by the name that the card has for them.
_TOLD: Final = {
    "readers, exact or acceptable": to_say(
        "of papers on ME/CFS and naltrexone get a study design that two readers chose or accept"
    ),
    "single, exact or acceptable": to_say("the same on further papers, by one reader"),
    "trials, recall": to_say("of randomised trials are recognised as such"),
    "trials, precision": to_say("of papers called a randomised trial are one"),
    "side precision": to_say("of the sides that are shown are right"),
    "side recall": to_say("of the sides that papers take are found"),
    "against precision": to_say("of results shown as against or mixed are right"),
    "against recall": to_say("of results against or mixed are found"),
    "passage for": to_say("of passages shown for a claim are ones that readers chose"),
    "passage against": to_say("of passages shown against a claim are ones that readers chose"),
    "sample size exact": to_say("of the sample sizes that papers state are told exactly"),
    "sample size rightly none": to_say("of papers that state no sample size get none"),
    "direction exact": to_say("of main results have the direction that readers noted"),
    "mixed results, precision": to_say("of results told as mixed are mixed for readers"),
    "mixed results, recall": to_say("of results that are mixed for readers are told as mixed"),
}
#: What the groups are called into which the designs of others' labels are merged.
_GROUPS: Final = {
    "animal": to_say("Animal study"),
    "protocol": to_say("Study protocol"),
    "rct": to_say("Randomised trial"),
    "case_report": to_say("Case report"),
    "other_intervention": to_say("Other human intervention"),
    "systematic_review": to_say("Systematic review"),
    "in_vitro": to_say("Laboratory study"),
    "narrative_review": to_say("Narrative review"),
    "remaining": to_say("All others"),
}
_CONFUSION: Final = "confusion, "
#: How the measuring was done, rather than what it found.
_HOW: Final = ("folds", "temperature", "files")
_MEASURED: Final = "cross valid"
#: On which papers, by the first part of a number's name.
_PAPERS: Final = {
    "cross validated on the abridged": to_say("Abridged abstracts"),
    "cross validated on the further": to_say("Further papers"),
    "cross validated on papers whose errors were read": to_say("Papers whose errors were read"),
}


@dataclass(frozen=True, slots=True)
class Confused:
    """A row of a confusion matrix: papers that truly are this, and what else they were taken for.

    `others` are classes with numbers of papers, commonest first; no cell is left out.
    """

    name: str
    papers: int
    right: int
    others: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ModelView:
    """A trained model: numbers measured on papers it did not see, and the rest of its card.

    `told` are the few that a reader should know, in sentences; `measured` holds all; `confused` are
    matrices by the papers that were judged.
    """

    name: str
    told: tuple[tuple[str, str], ...]
    measured: tuple[tuple[str, str], ...]
    card: tuple[tuple[str, str], ...]
    confused: tuple[tuple[str, tuple[Confused, ...]], ...] = ()


def models(
    card: Iterable[Sequence[str]], words: Words, labels: Mapping[str, str] | None = None
) -> tuple[ModelView, ...]:
    """The models of a card of (model, name, value), in its order; `labels` name the classes."""
    measured: dict[str, list[tuple[str, str]]] = {}
    told: dict[str, dict[str, str]] = {}
    others: dict[str, list[tuple[str, str]]] = {}
    confused: dict[str, list[tuple[str, tuple[Confused, ...]]]] = {}
    for model, name, value in card:
        measured.setdefault(model, [])
        others.setdefault(model, [])
        if name.startswith(SIDES):  # shown as a table of their own
            continue
        where, short = name.split(", ", 1) if ", " in name else ("", name)
        if short.startswith(_CONFUSION):
            papers = _in_words(short.replace("_", " "), words)
            rows = tuple(_rows(json.loads(value), labels or {}, words))
            confused.setdefault(model, []).append((papers, rows))
        elif name.startswith(_MEASURED) and not short.endswith(_HOW):
            said = _in_words(short, words)
            if where in _PAPERS:
                said = f"{words.say(_PAPERS[where])}: {said}"
            measured[model].append((said, _share(value, words)))
            told.setdefault(model, {})[short] = _share(value, words)
        else:
            others[model].append((name, value))
    return tuple(
        ModelView(
            words.say(m),
            tuple((words.say(_TOLD[n]), told[m][n]) for n in _TOLD if n in told.get(m, ())),
            tuple(measured[m]),
            tuple(others[m]),
            tuple(confused.get(m, ())),
        )
        for m in measured
    )


def _rows(
    matrix: Mapping[str, Mapping[str, int]], labels: Mapping[str, str], words: Words
) -> Iterator[Confused]:
    """The rows of a matrix, commonest class first."""

    def name(of: str) -> str:
        return labels.get(of) or words.say(_GROUPS.get(of, of.replace("_", " ")))

    for true, told in sorted(matrix.items(), key=lambda row: (-sum(row[1].values()), row[0])):
        wrong = sorted((-n, name(c)) for c, n in told.items() if c != true)
        others = tuple((label, -n) for n, label in wrong)
        yield Confused(name(true), sum(told.values()), told.get(true, 0), others)


def _share(value: str, words: Words) -> str:
    """A share as per cent, a number of papers with its thousands apart."""
    try:
        number = float(value)
    except ValueError:
        return value
    if "." in value and 0 <= number <= 1:
        return format_percent(number, "#,##0.0%", locale=words.locale)
    return words.number(int(number)) if number == int(number) else value


def _in_words(name: str, words: Words) -> str:
    """The name of a number: as a whole where it has words, else part by part."""
    parts = (name,) if name in _NUMBERS else name.split(", ")
    return ": ".join(words.say(_NUMBERS.get(part, part)) for part in parts)


@dataclass(frozen=True, slots=True)
class Excluded:
    """A paper that a search found and a rule left out; `reasons` are (topic, rule in words)."""

    title: str
    url: str
    citation: str
    reasons: tuple[tuple[str, str], ...]


def excluded(papers: Iterable[Paper], catalog: Catalog, words: Words) -> Iterator[Excluded]:
    """Papers that no topic wants, each with the reasons of the topics that found it."""
    titles = {t.id: words.say(t.title) for t in catalog.topics}
    for paper in papers:
        yield Excluded(
            title(paper, words),
            wording.paper_url(paper.article.pmid),
            words.citation(paper.article),
            tuple(
                (titles.get(r.topic, r.topic), words.say(r.reason))
                for r in paper.assessment.relevance
                if r.topic in paper.found_by
            ),
        )
