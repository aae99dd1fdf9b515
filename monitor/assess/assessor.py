"""`Article` → `Assessment`: every label of a paper, each with its passage. Pure.

The assessor reads nothing but the article, the catalog and the weights that the package carries, so
the same article always gets the same labels from the same version.
"""

from __future__ import annotations

from collections import defaultdict

from monitor.assess.corrections import correct
from monitor.assess.design import DesignReader
from monitor.assess.design_model import DesignModel, fingerprint, load
from monitor.assess.details.definitions import read_definitions
from monitor.assess.details.direction import read_result
from monitor.assess.details.doses import read_doses
from monitor.assess.details.groups import GroupReader
from monitor.assess.details.registrations import read_registrations
from monitor.assess.details.sample_size import read_sample_size
from monitor.assess.mechanisms import MechanismReader
from monitor.assess.relevance import RelevanceReader
from monitor.assess.text import Text, read_text
from monitor.catalog import Catalog, Correction
from monitor.lexicon import Sieve
from monitor.model import Article, Assessment, Level
from monitor.patterns import Pool

#: Goes up whenever the code of this room would label a paper differently.
RULES_VERSION = "4"


class Assessor:
    """Labels papers. Built once, for loading takes a moment; one serves all threads.

    `version` changes with the rules, the catalog or the weights, and with nothing else.
    """

    def __init__(self, catalog: Catalog, model: DesignModel | None = None) -> None:
        model = load() if model is None else model
        pool = Pool(Sieve)  # every reader's cues are looked for in one pass
        self._relevance = RelevanceReader(catalog, pool)
        self._sieve = RelevanceReader(
            catalog
        )  # with a small trie of its own: most papers stop here
        self._design = DesignReader(catalog, model, pool)
        self._mechanisms = MechanismReader(catalog, pool=pool)
        self._trained_on = model.trained_on
        weights = (model.version, self._mechanisms.rescorer.version)
        self.version = ".".join((RULES_VERSION, catalog.version, *weights))
        self._groups = GroupReader(pool)
        self._corrections: dict[str, list[Correction]] = defaultdict(list)
        for correction in catalog.corrections:
            self._corrections[correction.pmid].append(correction)

    def assess(self, article: Article) -> Assessment:
        """All labels of one revision of a paper, with what a curator overruled."""
        return correct(self.computed(article), self.corrections(article.pmid))

    def corrections(self, pmid: str) -> tuple[Correction, ...]:
        """What a curator overruled in a paper."""
        return tuple(self._corrections.get(pmid, ()))

    def computed(self, article: Article) -> Assessment:
        """All labels as the rules alone give them; what a paper does not state is empty."""
        text = read_text(article)
        relevance = self._relevance.read(article, text)
        design = self._design.read(article, text)
        definitions = read_definitions(article, text, design)
        trials, reviews = read_registrations(article, text)
        groups = self._groups.read(article, text)
        return Assessment(
            pmid=article.pmid,
            assessor=self.version,
            relevance=relevance,
            design=design,
            claims=self._mechanisms.read(article, text, design, relevance),
            sample_size=read_sample_size(article, text, design),
            doses=read_doses(article, text),
            case_definitions=definitions.named,
            pem_required=definitions.pem_required,
            registrations=trials,
            review_registrations=reviews,
            populations=groups.populations,
            comparators=groups.comparators,
            durations=groups.durations,
            outcomes=groups.outcomes,
            result=read_result(article, text, design),
            notes=_notes(article, text),
        )

    def trained_on(self, article: Article) -> bool:
        """Whether the design model had this paper among its examples, going by its title."""
        return fingerprint(article.title) in self._trained_on

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
