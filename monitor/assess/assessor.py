"""`Article` → `Assessment`: every label of a paper, each with its passage. Pure.

The assessor reads nothing but the article, the catalog and the weights that the package carries, so
the same article always gets the same labels from the same version.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from monitor.assess.corrections import correct
from monitor.assess.design import DesignReader
from monitor.assess.design_model import DesignModel, fingerprint, load
from monitor.assess.details.definitions import read_definitions
from monitor.assess.details.direction import DirectionReader
from monitor.assess.details.doses import read_doses
from monitor.assess.details.groups import GroupReader
from monitor.assess.details.registrations import read_registrations
from monitor.assess.details.sample_size import SampleSizeReader
from monitor.assess.mechanisms import MechanismReader
from monitor.assess.relevance import RelevanceReader
from monitor.assess.rescorer import Rescorer
from monitor.assess.text import Text, read_text, read_texts
from monitor.catalog import Catalog, Correction
from monitor.lexicon import Sieve
from monitor.model import Article, Assessment, Level
from monitor.patterns import Pool

#: Goes up whenever the code of this room would label a paper differently.
RULES_VERSION = "6"
#: Papers read together: their words fit into the memory that is near to the processor.
_TOGETHER = 64


@contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Let nothing look for garbage meanwhile.

    Whatever is made for a block of papers goes with the block; to walk over thousands of small
    objects again and again, and over all that the program holds, took a fifth to a quarter of the
    time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Assessor:
    """Labels papers. Built once, for loading takes a moment; one serves all threads.

    `version` changes with the rules, the catalog or the weights, and with nothing else.
    """

    def __init__(
        self,
        catalog: Catalog,
        model: DesignModel | None = None,
        rescorer: Rescorer | None = None,
    ) -> None:
        model = load() if model is None else model
        pool = Pool(Sieve)  # every reader's cues are looked for in one pass
        self._relevance = RelevanceReader(catalog, pool)
        self._sieve = RelevanceReader(
            catalog
        )  # with a small trie of its own: most papers stop here
        self._design = DesignReader(catalog, model, pool)
        self._mechanisms = MechanismReader(catalog, rescorer, pool)
        self._trained_on = model.trained_on
        self._sample_size = SampleSizeReader()
        self._result = DirectionReader(self._mechanisms.passages)
        claims = (self._mechanisms.rescorer.version, self._mechanisms.quoter.version)
        details = (self._sample_size.ranking.version, self._result.weights.version)
        weights = (model.version, *claims, *details)
        self.version = ".".join((RULES_VERSION, catalog.version, *weights))
        self._groups = GroupReader(pool)
        self._corrections: dict[str, list[Correction]] = defaultdict(list)
        for correction in catalog.corrections:
            self._corrections[correction.pmid].append(correction)

    def assess(self, article: Article) -> Assessment:
        """All labels of one revision of a paper, with what a curator overruled."""
        return self.assess_all([article])[0]

    def assess_all(self, articles: Sequence[Article]) -> list[Assessment]:
        """The same for many papers at once, in half the time; papers do not change each other's."""
        found = self.computed_all(articles)
        return [correct(one, self.corrections(one.pmid)) for one in found]

    def corrections(self, pmid: str) -> tuple[Correction, ...]:
        """What a curator overruled in a paper."""
        return tuple(self._corrections.get(pmid, ()))

    def computed(self, article: Article) -> Assessment:
        """All labels as the rules alone give them; what a paper does not state is empty."""
        return self.computed_all([article])[0]

    def computed_all(self, articles: Sequence[Article]) -> list[Assessment]:
        """The same for many papers at once."""
        found: list[Assessment] = []
        for at in range(0, len(articles), _TOGETHER):
            with _no_garbage_collected():
                found += self._computed(articles[at : at + _TOGETHER])
        return found

    def _computed(self, articles: Sequence[Article]) -> Iterator[Assessment]:
        # One kind of label after another: what finds it stays near at hand for the next paper.
        papers = list(zip(articles, read_texts(articles), strict=True))
        relevance = [self._relevance.read(a, t) for a, t in papers]
        designs = [self._design.read(a, t) for a, t in papers]
        judged = list(zip(articles, (t for _, t in papers), designs, strict=True))
        claims = [
            self._mechanisms.read(a, t, d, r)
            for (a, t, d), r in zip(judged, relevance, strict=True)
        ]
        definitions = [read_definitions(a, t, d) for a, t, d in judged]
        registrations = [read_registrations(a, t) for a, t in papers]
        groups = [self._groups.read(a, t) for a, t in papers]
        sizes = [self._sample_size.read(a, t, d) for a, t, d in judged]
        doses = [read_doses(a, t) for a, t in papers]
        results = [self._result.read(a, t, d) for a, t, d in judged]
        for i, (article, text) in enumerate(papers):
            yield Assessment(
                pmid=article.pmid,
                assessor=self.version,
                relevance=relevance[i],
                design=designs[i],
                claims=claims[i],
                sample_size=sizes[i],
                doses=doses[i],
                case_definitions=definitions[i].named,
                pem_required=definitions[i].pem_required,
                registrations=registrations[i][0],
                review_registrations=registrations[i][1],
                populations=groups[i].populations,
                comparators=groups[i].comparators,
                durations=groups[i].durations,
                outcomes=groups[i].outcomes,
                result=results[i],
                notes=_notes(article, text),
            )

    def trained_on(self, article: Article) -> bool:
        """Whether the design model had this paper among its examples, going by its title."""
        return fingerprint(article.title) in self._trained_on

    def claims_trained_on(self, article: Article) -> bool:
        """The same for claims, passages, sample sizes and directions: they learnt from fewer."""
        return fingerprint(article.title) in self._mechanisms.rescorer.trained_on

    def topics(self, article: Article) -> tuple[str, ...]:
        """Ids of the topics that want a paper; much quicker than all labels."""
        if not self._sieve.may_speak(article):
            return ()
        found = self._relevance.read(article, read_text(article))
        return tuple(r.topic for r in found if r.level is not Level.OFF)


def _notes(article: Article, text: Text) -> tuple[str, ...]:
    """What limits the labels, in sentences for readers."""
    notes = []
    if not text.language_ok:
        language = "another language" if text.language == "unknown" else text.language
        notes.append(f"The abstract is in {language}; judged by title and indexing only.")
    elif not text.abstract:
        notes.append("PubMed holds no abstract; judged by title and indexing only.")
    if article.is_abridged:
        notes.append("The abstract is our own abridgement, not the paper's.")
    return tuple(notes)
