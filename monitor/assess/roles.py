"""What the parts of an abstract are for: background, objective, methods, results, conclusions.

The paper's own labels decide, whether PubMed gives them as sections or they stand in the running
text. Without labels the words of the sentences and their order decide: roles follow one another, so
the best rising sequence is taken. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from monitor.lexicon import NumberedTokens, Words
from monitor.model import Article, SectionCategory

_BACKGROUND = SectionCategory.BACKGROUND
_OBJECTIVE = SectionCategory.OBJECTIVE
_METHODS = SectionCategory.METHODS
_RESULTS = SectionCategory.RESULTS
_CONCLUSIONS = SectionCategory.CONCLUSIONS
_UNASSIGNED = SectionCategory.UNASSIGNED
_ORDER = (_BACKGROUND, _OBJECTIVE, _METHODS, _RESULTS, _CONCLUSIONS)

#: Words of labels, most telling first: "RESULTS AND CONCLUSION" holds results.
_LABEL_WORDS: tuple[tuple[SectionCategory, str], ...] = (
    (_RESULTS, "result finding outcome observation"),
    (
        _METHODS,
        (
            "method material patient subject design setting participant intervention measure "
            "measurement procedure sample data analysi exposure experimental approach search "
            "eligibility case presentation treatment population registration protocol"
        ),
    ),
    (_OBJECTIVE, "objective aim purpose goal hypothese hypothesi question rationale"),
    (
        _CONCLUSIONS,
        (
            "conclusion discussion interpretation implication significance limitation "
            "recommendation summary relevance perspective comment contribution message"
        ),
    ),
    (_BACKGROUND, "background introduction context importance"),
)
_ROLE_OF_LABEL = {w: role for role, words in _LABEL_WORDS for w in words.split()}

_NAMES = (
    r"background(?: and (?:aims?|objectives?|purpose))?|introduction|context|importance|rationale|"
    r"objectives?|aims?(?: and objectives?)?|purpose|goals?|hypothes[ie]s|"
    r"(?:materials?|patients?|subjects?|participants?)(?:,? (?:and|&) methods?)|"
    r"methods?(?: and (?:materials?|analysis|analyses|findings|results|patients|design))?|"
    r"(?:study )?design|setting|participants|patients|subjects|interventions?|"
    r"main outcomes?(?: and measures?| measures?)?|outcome measures?|measurements?|"
    r"case (?:presentation|report|description)|data sources?|study selection|"
    r"results?(?: and (?:discussion|conclusions?))?|findings|main results|"
    r"conclusions?(?: and relevance)?|discussion|interpretation|significance|implications|"
    r"trial registration(?: number)?|clinical trial registration|registration|"
    r"ethics and dissemination|limitations|clinical relevance|keywords?|funding"
)
_INLINE = re.compile(
    r"(?-i:(?=[^\Wa-z_]))(?:"  # a capital letter: quick to tell, so that it is asked first
    rf"(?:(?<=^)|(?<=\n)|(?<=[.!?)]\s)|(?<=[.!?]))((?:{_NAMES}|{_NAMES.upper()}))\s*:\s*"
    r"|(?:(?<=^)|(?<=\n)|(?<=[.!?]\s))(BACKGROUND|INTRODUCTION|OBJECTIVES?|AIMS?|PURPOSE|"
    r"METHODS?|RESULTS?|CONCLUSIONS?|DISCUSSION)\s+(?=[A-Z][a-z]))",
    re.IGNORECASE,
)

_LABELLED = ("BACKGROUND", "INTRODUCTION", "OBJECTIVE", "AIM", "PURPOSE", "METHOD", "RESULT",
             "CONCLUSION", "DISCUSSION")  # fmt: skip
#: With what letters the names above end.
_ENDS = (
    "background", "aim", "aims", "objective", "objectives", "purpose", "introduction", "context",
    "importance", "rationale", "goal", "goals", "hypothesis", "hypotheses", "method", "methods",
    "material", "materials", "analysis", "analyses", "findings", "results", "patients", "design",
    "setting", "participants", "subjects", "intervention", "interventions", "outcome", "outcomes",
    "measure", "measures", "measurement", "measurements", "presentation", "report", "description",
    "source", "sources", "selection", "result", "discussion", "conclusion", "conclusions",
    "relevance", "interpretation", "significance", "implications", "registration", "number",
    "dissemination", "limitations", "keyword", "keywords", "funding",
)  # fmt: skip

#: Votes of single words for a role, in units of log-odds, for abstracts without labels.
_VOTES: dict[str, tuple[int, float]] = {
    word: (_ORDER.index(role), weight)
    for role, weight, words in (
        (
            _OBJECTIVE,
            2.5,
            (
                "aim aimed aims objective objectives purpose goal hypothesised "
                "hypothesized hypothesis sought"
            ),
        ),
        (
            _OBJECTIVE,
            1.0,
            "investigate examine determine evaluate assess explore compare whether here test",
        ),
        (
            _BACKGROUND,
            1.0,
            (
                "known unknown remains remain unclear although despite characterized "
                "characterised debilitating common often recently little however "
                "defined disorder been has"
            ),
        ),
        (
            _METHODS,
            1.6,
            (
                "recruited enrolled randomised randomized randomly allocated assigned "
                "administered underwent collected interviewed measured searched matched "
                "questionnaire questionnaires questionnaire-based completed invited"
            ),
        ),
        (
            _METHODS,
            0.9,
            (
                "using used performed assessed analysed analyzed examined evaluated "
                "received included consecutive aged interviews via data were"
            ),
        ),
        (
            _RESULTS,
            1.6,
            (
                "p ci significantly found showed revealed demonstrated observed odds "
                "mean median sd respectively identified"
            ),
        ),
        (
            _RESULTS,
            0.8,
            (
                "higher lower increased decreased reduced greater compared correlated "
                "difference differences associated significant had"
            ),
        ),
        (
            _CONCLUSIONS,
            2.2,
            (
                "conclude concluded conclusion conclusions suggest suggests suggesting "
                "implications warranted implicate highlight highlights underscore "
                "underscores"
            ),
        ),
        (
            _CONCLUSIONS,
            1.0,
            (
                "may could should future further findings support supports indicate "
                "potential need needed provide understanding therefore"
            ),
        ),
    )
    for word in words.split()
}
_VOTERS = Words(lambda word: word.lower() in _VOTES)
_PLACE_WEIGHT = 2.2
#: Where in an unlabelled abstract a role usually stands (middle of its share of the text).
_PLACE = (0.08, 0.26, 0.42, 0.68, 0.95)

Span = tuple[int, int, SectionCategory]


def role_of_label(label: str, category: SectionCategory) -> SectionCategory:
    """Role of a section: PubMed's category where it gives one, else by the words of the label."""
    if category is not _UNASSIGNED:
        return category
    for word in re.findall(r"[a-z]+", label.lower()):
        role = _ROLE_OF_LABEL.get(word) or _ROLE_OF_LABEL.get(word.removesuffix("s"))
        if role is not None:
            return role
    return _UNASSIGNED


def parts_of(article: Article) -> list[Span]:
    """Stretches of the abstract with their roles, labels left out; in order, not overlapping."""
    text = article.abstract
    if not article.sections:
        return list(_unlabelled(text, 0, len(text)))
    parts: list[Span] = []
    at = 0
    for section in sorted(article.sections, key=lambda s: s.start):
        start, end = max(section.start, at), min(section.end, len(text))
        if end <= start:
            continue
        role = role_of_label(section.label, section.category)
        if role is _UNASSIGNED and not section.label:
            parts.extend(_unlabelled(text, start, end))
        else:
            parts.append((start, end, role))
        at = end
    return parts or list(_unlabelled(text, 0, len(text)))


def _unlabelled(text: str, start: int, end: int) -> Iterator[Span]:
    """Parts of a running text, cut at labels such as "METHODS:" that stand in it."""
    role, at = _UNASSIGNED, start
    if ":" in text or text[start : start + 12].isupper() or " RESULTS " in text:
        labels = _INLINE.finditer(text, start, end) if _may_be_labelled(text) else ()
        for match in labels:
            label = match[1] or match[2]
            if not label[0].isupper() or (match[2] and not match[2].isupper()):
                continue
            if match.start() > at:
                yield at, match.start(), role
            role, at = role_of_label(label, _UNASSIGNED), match.end()
    if end > at:
        yield at, end, role


def _may_be_labelled(text: str) -> bool:
    """Whether a label may stand in a text: far quicker than to look for one."""
    if any(word in text for word in _LABELLED):
        return True
    before = text.lower().split(":")[:-1]
    return any(part.rstrip().endswith(_ENDS) for part in before)


def infer(tokens: NumberedTokens, spans: Sequence[Span]) -> list[SectionCategory]:
    """Roles of sentences: those that have one keep it, the others get the likeliest in order."""
    roles = [role for _, _, role in spans]
    open_ones = [i for i, role in enumerate(roles) if role is _UNASSIGNED]
    if not open_ones or len(open_ones) * 2 <= len(roles):
        return roles
    chosen = _best_rising(_scores(tokens, spans))
    for i in open_ones:
        roles[i] = _ORDER[chosen[i]]
    return roles


def _scores(tokens: NumberedTokens, spans: Sequence[Span]) -> list[list[float]]:
    """For each sentence the score of each role, by its words and its place."""
    scores: list[list[float]] = []
    at, total = 0, max(spans[-1][1], 1)
    starts, ends = tokens.starts, tokens.ends
    voters, words = _VOTERS.places(tokens), tokens.words
    for start, end, _ in spans:
        place = (start + end) / (2 * total)
        row = [-_PLACE_WEIGHT * abs(place - p) for p in _PLACE]
        at = bisect_left(starts, start, at)
        first, at = at, bisect_right(ends, end, at)
        for voter in voters[bisect_left(voters, first) : bisect_left(voters, at)]:
            role, weight = _VOTES[words[voter].lower()]
            row[role] += weight
        scores.append(row)
    return scores


def _best_rising(scores: Sequence[Sequence[float]]) -> list[int]:
    """The sequence of roles that never goes back and has the highest sum."""
    width = len(_ORDER)
    best = list(scores[0])
    came_from: list[list[int]] = []
    for row in scores[1:]:
        steps, following = [], []
        top = 0
        for role in range(width):
            if best[role] > best[top]:
                top = role
            steps.append(top)
            following.append(best[top] + row[role])
        came_from.append(steps)
        best = following
    role = max(range(width), key=lambda r: best[r])
    path = [role]
    for steps in reversed(came_from):
        role = steps[role]
        path.append(role)
    return path[::-1]
