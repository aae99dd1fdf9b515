"""What a paper does not show, computed from its design, size, comparator and people. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from monitor import wording
from monitor.catalog import Catalog
from monitor.model import Paper
from monitor.wording import Words

#: Designs in which people were given something.
TREATMENTS: Final = frozenset(
    "randomized_controlled_trial non_randomized_controlled_trial single_arm_trial".split()
)
#: Designs whose people are patients with the illness that is asked about.
_PATIENTS: Final = TREATMENTS | frozenset(
    "cohort case_control case_report case_series survey cross_sectional qualitative".split()
)
_SMALL: Final = 50
_COUNTED_FROM: Final = 3
_ILLNESS: Final = "ME/CFS"


def not_shown(paper: Paper, catalog: Catalog, words: Words) -> Iterator[str]:
    """Sentences: that it was retracted, then what its design, size and people leave open."""
    labels = paper.assessment
    if paper.article.is_retracted:
        yield words.say("Anything: it was retracted.")
    design = catalog.design.get(labels.design.id)
    if design:
        yield words.say(design.cannot_show)
    if not paper.article.abstract:
        yield words.say(wording.NO_ABSTRACT)
        return
    size = labels.sample_size
    people = design is not None and design.id in _PATIENTS
    if people and size and not size.planned and _COUNTED_FROM <= size.n < _SMALL:
        yield words.say(
            "Whether it holds for others: with %(n)s participants, chance alone can make a "
            "difference or hide one.",
            n=words.number(size.n),
        )
    if labels.design.id in TREATMENTS and not labels.comparators:
        yield words.say(
            "What would have happened without the treatment: the abstract names no comparison."
        )
    if people:
        yield from _people(paper, words)


def _people(paper: Paper, words: Words) -> Iterator[str]:
    labels = paper.assessment
    who = [f.value for f in labels.populations]
    if who and _ILLNESS not in who:
        yield words.say(
            "Anything about people with ME/CFS: those studied had %(illness)s.",
            illness=", ".join(words.say(w) for w in who[:3]),
        )
    elif who and (labels.pem_required is None or not labels.pem_required.value):
        yield words.say(
            "That all who took part had post-exertional malaise: the abstract does not say that "
            "it was required."
        )
