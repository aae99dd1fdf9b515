"""Designs of PubMed records that nobody labelled by hand, for training only.

Three sources, strongest first: a title that names the design (the title is then hidden from the
model, or it would learn nothing else), the indexer's publication types, the indexer's MeSH. A
record gets a set of designs, of which one is right; most records get none and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from monitor.assess.merged import TREATED_COHORT
from monitor.model import Article

#: Titles that name the design, in order of precedence.
_TITLES: tuple[tuple[str, str], ...] = (
    ("retraction_notice", r"^\W*(?:retraction|retracted|withdrawal notice)\b"),
    ("erratum", r"^\W*(?:correction\b|corrigendum|erratum|author correction)"),
    ("comment_letter", r"^\W*(?:commentary|comment on|reply to|response to|letter:|re:)"),
    ("protocol", r"\b(?:study|trial|review) protocol\b|\bprotocol (?:for|of) an?\b"),
    ("scoping_review", r"\bscoping (?:literature )?review\b"),
    ("meta_analysis", r"\bmeta-?analys[ei]s\b"),
    ("systematic_review", r"\bsystematic (?:literature )?review\b"),
    ("guideline_consensus", (r"\bconsensus statement\b|\bguidelines? (?:for|on)\b|\bdelphi\b"
                            r"|\bposition (?:paper|statement)\b|\bexpert consensus\b")),
    ("mendelian_randomization", r"\bmendelian randomi[sz]ation\b"),
    ("genetic_association", r"\bgenome-?wide association\b|\bGWAS\b|\bpolymorphisms?\b"),
    ("non_randomized_controlled_trial", r"\bnon-?randomi[sz]ed\b|\bquasi-experiment"),
    ("randomized_controlled_trial", r"\brandomi[sz]ed\b.*\b(?:trial|study)\b|\bdouble-blind"),
    ("single_arm_trial", r"\bopen-label\b|\bsingle-arm\b|\bphase (?:I|II|1|2)[ab]?\b|\bpre-post\b"),
    ("case_series", r"\bcase series\b"),
    ("case_report", r"\bcase report\b|\ba case of\b|\breport of a case\b|\ba rare case\b"),
    ("measurement_validation", (r"\bpsychometric\b|\brasch\b|\bvalidity and reliability\b"
                               r"|\bvalidation of (?:the|a)\b.*\b(?:scale|version)\b")),
    ("diagnostic_accuracy", r"\bdiagnostic (?:accuracy|performance|value)\b"),
    ("case_control", r"\bcase-control\b"),
    ("qualitative", r"\bqualitative\b|\blived experience|\bfocus group|\binterview study\b"),
    ("survey", r"\b(?:online|web-based|national|questionnaire|cross-sectional) survey\b"),
    ("cross_sectional", r"\bcross-sectional\b"),
    ("cohort", (r"\bcohort\b|\blongitudinal study\b|\bfollow-up study\b|\bretrospective study\b"
               r"|\bprospective study\b|\bretrospective analysis\b")),
    ("in_silico", (r"\bin silico\b|\bmolecular docking\b|\bnetwork pharmacology\b"
                  r"|\bmathematical model|\bmolecular dynamics\b")),
    ("animal", r"\bin (?:mice|rats|zebrafish|pigs|dogs|rabbits)\b|\b(?:mouse|rat) model\b"),
    ("hypothesis", r"\bhypothesis\b"),
    ("narrative_review", (r"\b(?:narrative|literature|critical|comprehensive|mini)[- ]?review\b"
                         r"|: an? (?:brief |short |updated )?(?:review|overview|update)\b"
                         r"|\breview of the literature\b|\b(?:recent|current) advances\b")),
    ("in_vitro", r"\bin vitro\b(?! fertili)"),
)  # fmt: skip
_TITLE_RULES = tuple((design, re.compile(rule, re.IGNORECASE)) for design, rule in _TITLES)

#: Publication types that settle the design, in order of precedence.
_TYPES: tuple[tuple[str, str], ...] = (
    ("Clinical Trial Protocol", "protocol"),
    ("Meta-Analysis", "meta_analysis"),
    ("Systematic Review", "systematic_review"),
    ("Practice Guideline", "guideline_consensus"),
    ("Randomized Controlled Trial", "randomized_controlled_trial"),
    ("Case Reports", "case_report"),
    ("Editorial", "editorial"),
    ("News", "news"),
    ("Review", "narrative_review"),
    ("Validation Study", "measurement_validation"),
)
_HEADINGS: tuple[tuple[str, str], ...] = (
    ("Mendelian Randomization Analysis", "mendelian_randomization"),
    ("Genome-Wide Association Study", "genetic_association"),
    ("Qualitative Research", "qualitative"),
    ("Case-Control Studies", "case_control"),
    ("Cross-Sectional Studies", "cross_sectional"),
    ("Psychometrics", "measurement_validation"),
    ("Cohort Studies", "cohort"),
    ("Prospective Studies", "cohort"),
    ("Longitudinal Studies", "cohort"),
    ("Retrospective Studies", "cohort"),
    ("Follow-Up Studies", "cohort"),
)
_CELLS = frozenset({"In Vitro Techniques", "Cells, Cultured", "Cell Line"})
#: Journals whose papers are of no design of ours.
_FOREIGN = re.compile(
    r"optics|physical review|materials|nanoscale|langmuir|sensors|chemical physics|physics"
    r"|organic letters|inorganic chemistry|angewandte|acs applied|environmental science & tech",
    re.IGNORECASE,
)
_LEAST_LETTERS = 200
#: What neither title nor indexer tells: whether a cohort was one of treated people.
_COHORTS = frozenset({"cohort", TREATED_COHORT})


@dataclass(frozen=True, slots=True)
class Example:
    """A text with the designs of which one is right.

    `acceptable` are designs that a careful reader may also name, `real` is False for an abridged
    abstract. `hidden_title` is one that the model is not shown, for it names the design. The
    `hard` were chosen because an earlier model was unsure of them, or for taking a rare side.
    """

    article: Article
    designs: frozenset[str]
    source: str
    acceptable: frozenset[str] = frozenset()
    real: bool = True
    hidden_title: str = ""
    hard: bool = False

    @property
    def title(self) -> str:
        """The paper's title."""
        return self.hidden_title or self.article.title


def silver(articles: Iterable[Article], unwanted: frozenset[str]) -> Iterator[Example]:
    """Examples from PubMed records; those with an unwanted PMID (labelled by hand) are left out."""
    for article in articles:
        if article.pmid in unwanted or len(article.abstract) < _LEAST_LETTERS:
            continue
        named = next((d for d, rule in _TITLE_RULES if rule.search(article.title)), None)
        if named is not None:
            designs = _COHORTS if named == "cohort" else frozenset({named})
            hidden = replace(article, title="")
            yield Example(hidden, designs, "title", hidden_title=article.title)
            continue
        found = _by_indexer(article)
        if found:
            yield Example(article, found, "indexer")


def _by_indexer(article: Article) -> frozenset[str]:
    types = {t.name for t in article.publication_types}
    headings = {h.name for h in article.mesh}
    for name, design in _TYPES:
        if name in types:
            return frozenset({design})
    if not headings:
        return frozenset({"other"}) if _FOREIGN.search(article.journal.title) else frozenset()
    if "Controlled Clinical Trial" in types:
        return frozenset({"randomized_controlled_trial", "non_randomized_controlled_trial"})
    if "Clinical Trial" in types:
        return frozenset(
            {"randomized_controlled_trial", "non_randomized_controlled_trial", "single_arm_trial"}
        )
    if "Animals" in headings and "Humans" not in headings:
        return frozenset({"in_vitro"} if headings & _CELLS else {"animal"})
    if headings & _CELLS:
        return frozenset({"in_vitro"})
    for name, design in _HEADINGS:
        if name in headings:
            return _COHORTS if design == "cohort" else frozenset({design})
    return frozenset()
