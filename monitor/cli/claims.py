"""Commands about the balance: claims and explain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import Context
from monitor.errors import ConfigurationError, RecordError

if TYPE_CHECKING:
    from monitor.assess.explain import Explanation, Firing
    from monitor.catalog import Claim
    from monitor.model import Balance, Bearing, FigureCheck, Paper

_NOTHING = "No paper that we hold bears on it."
_ORDER = ("supports", "mixed", "refutes", "mentions")
_LONGEST_CUE = 60


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(claims)
    app.command()(explain)


def claims(
    context: typer.Context,
    claim: Annotated[str | None, typer.Argument(help="Id of a claim or mechanism.")] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As it stood at the end of a day.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List where every claim and mechanism stands, or show one with its quotes."""
    from monitor.store import ledger

    ctx: Context = context.obj
    titles = {c.id: c.title for c in ctx.catalog.claims}
    titles |= {m.id: m.label for m in ctx.catalog.mechanisms}
    if claim is not None and claim not in titles:
        raise ConfigurationError(f"there is no claim or mechanism {claim!r}; see `monitor claims`.")
    moment = _end_of(as_of.date()) if as_of else None
    balances = ledger.balances_as_of(ctx.store, moment) if moment else ledger.balances(ctx.store)
    if claim is not None:
        shown = _Shown(ctx, claim, titles[claim], balances.get(claim), moment)
        print(json.dumps(shown.json(), ensure_ascii=False) if as_json else "\n".join(shown.lines()))
        return
    for name, title in titles.items():
        balance = balances.get(name)
        status = balance.status.value if balance else "untraced"
        reason = balance.reason if balance else _NOTHING
        if as_json:
            counts = _encoded(balance) if balance else None
            found = {"id": name, "title": title, "status": status, "reason": reason}
            print(json.dumps(found | {"balance": counts}, ensure_ascii=False))
        else:
            print(f"{name}: {status}. {title}\n    {reason}")


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)


def _encoded(value: object) -> Any:
    from monitor.store.codec import encode

    return json.loads(encode(value))


class _Shown:
    """One claim: where it stands or stood, its papers, groups, figures, notes and history.

    As of a day, papers that we first saw later are left out; the labels of the others are today's.
    """

    def __init__(
        self,
        ctx: Context,
        claim: str,
        title: str,
        balance: Balance | None,
        moment: datetime | None,
    ) -> None:
        from monitor.store import ledger, papers

        self._ctx, self._id, self._title = ctx, claim, title
        self._balance, self._moment = balance, moment
        bearings = ledger.bearings(ctx.store, [claim]).get(claim, [])
        self._papers = {
            p.article.pmid: p for p in papers.some(ctx.store, [b.pmid for b in bearings])
        }
        self._bearings = [b for b in bearings if self._was_there(b.pmid)]
        self._history = [
            (at, cause, then)
            for at, cause, then in ledger.history(ctx.store, claim)
            if moment is None or at <= moment
        ]
        self._claim: Claim | None = next((c for c in ctx.catalog.claims if c.id == claim), None)

    def _was_there(self, pmid: str) -> bool:
        paper = self._papers.get(pmid)
        return self._moment is None or (paper is not None and paper.first_seen <= self._moment)

    def json(self) -> dict[str, Any]:
        """Everything, for machines."""
        return {
            "id": self._id,
            "title": self._title,
            "as_of": self._moment.date().isoformat() if self._moment else None,
            "balance": _encoded(self._balance) if self._balance else None,
            "bearings": [_encoded(b) for b in self._bearings],
            "groups": self._groups(),
            "figures": [_encoded(f) for f in self._figures()],
            "notes": [
                {"date": n.date.isoformat(), "text": n.text}
                for n in (self._claim.notes if self._claim else ())
            ],
            "history": [
                {
                    "at": at.isoformat(),
                    "cause": cause,
                    "status": then.status.value,
                    "reason": then.reason,
                }
                for at, cause, then in self._history
            ],
        }

    def lines(self) -> Iterator[str]:
        """The same to read."""
        balance = self._balance
        day = f" on {self._moment:%d %B %Y}" if self._moment else ""
        yield self._title
        if self._claim:
            yield self._claim.says
        yield ""
        yield f"Balance{day}: {balance.status.value if balance else 'untraced'}."
        yield balance.reason if balance else _NOTHING
        yield from self._sides()
        for note in self._claim.notes if self._claim else ():
            yield f"Curator's note of {note.date:%d %B %Y}: {note.text}"
        yield from self._figure_lines()
        yield from self._group_lines()
        for stance in _ORDER:
            yield from self._paper_lines([b for b in self._bearings if b.stance.value == stance])
        yield from self._history_lines()

    def _sides(self) -> Iterator[str]:
        balance = self._balance
        if balance is None:
            return
        designs = {d.id: d.label for d in self._ctx.catalog.designs}
        for side, best, groups, people in (
            ("In favour", balance.best_for, balance.groups_for, balance.participants_for),
            (
                "Against it",
                balance.best_against,
                balance.groups_against,
                balance.participants_against,
            ),
        ):
            if best:
                stated = _many(people, "participant") if people else "no participants"
                yield (
                    f"{side}: {_many(groups, 'independent group')}; the strongest design is "
                    f"{_inside(designs.get(best, best))}; {stated} stated."
                )
        if balance.reviews or balance.mentions:
            yield (
                f"Counted apart: {_many(balance.reviews, 'review')} with a side, "
                f"{_many(balance.mentions, 'mention')} without one."
            )

    def _figures(self) -> list[FigureCheck]:
        from monitor.ledger.stage import check_figures
        from monitor.store import papers

        if self._claim is None or not self._claim.figures:
            return []
        held: list[Paper] = [
            p
            for p in papers.wanted(self._ctx.store)
            if self._moment is None or p.first_seen <= self._moment
        ]
        return check_figures(self._claim, held)

    def _figure_lines(self) -> Iterator[str]:
        for figure in self._figures():
            yield f"\nThe figure {figure.figure}: {figure.verdict} in the abstracts we hold."
            for pmid, quote in figure.found[:5]:
                yield f'    {pmid}: "{quote.text}"'

    def _groups(self) -> list[dict[str, Any]]:
        """Groups with their papers, and why each paper after the first belongs to it."""
        from monitor.ledger.groups import explain as explain_links
        from monitor.ledger.groups import signature

        members: dict[str, list[str]] = {}
        for b in self._bearings:
            if b.group:
                members.setdefault(b.group, []).append(b.pmid)
        found = []
        for name, pmids in members.items():
            signatures = {p: signature(self._papers[p].article) for p in pmids if p in self._papers}
            why = [explain_links(signatures, pmids[0], p) for p in pmids[1:]]
            said = list(dict.fromkeys(step for chain in why for step in chain))
            found.append({"name": name, "papers": pmids, "why": said})
        return found

    def _group_lines(self) -> Iterator[str]:
        groups = self._groups()
        if groups:
            yield f"\n{_many(len(groups), 'independent group')} with data of their own:"
        for group in groups:
            yield f"  {group['name']}: {', '.join(group['papers'])}"
            yield from (f"      {step}" for step in group["why"])

    def _paper_lines(self, bearings: Sequence[Bearing]) -> Iterator[str]:
        designs = {d.id: d.label for d in self._ctx.catalog.designs}
        for b in bearings:
            paper = self._papers.get(b.pmid)
            gone = " Withdrawn or retracted: it counts for nothing." if b.withdrawn else ""
            kind = " as a review" if b.reviewed else ""
            size = f", n {b.n:,}" if b.n else ""
            design = designs.get(b.design, b.design)
            yield f"\n{b.stance.value}{kind}: {b.pmid}, {design}{size}.{gone}"
            if paper:
                yield f"    {paper.article.title}"
            yield from (f'    "{quote.text}"' for quote in b.quotes[:2])

    def _history_lines(self) -> Iterator[str]:
        if self._history:
            yield "\nHistory, with the paper that caused each change:"
        before = ""
        for at, cause, then in self._history:
            turn = "" if then.status.value == before else f" {then.status.value}:"
            before = then.status.value
            yield f"  {at:%Y-%m-%d} {cause or '(changed rules)'}{turn} {then.reason}"


def _inside(label: str) -> str:
    from monitor.wording import inline

    return inline(label)


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def explain(
    context: typer.Context,
    pmid: str,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show every label of a stored paper, and which rules made it or were held back."""
    from monitor.assess.answer import answer
    from monitor.assess.explain import Explainer
    from monitor.assess.text import read_text
    from monitor.store import articles

    ctx: Context = context.obj
    article = articles.articles(ctx.store, [pmid]).get(pmid)
    if article is None:
        raise RecordError(f"{pmid}: the store does not hold this paper.")
    labels = ctx.assessor.assess(article)
    explanation = Explainer(ctx.catalog).explain(article, read_text(article), labels.design)
    if as_json:
        found = answer(labels) | {"explanation": _encoded(explanation)}
        print(json.dumps(found, ensure_ascii=False))
        return
    print(json.dumps(answer(labels), ensure_ascii=False, indent=2))
    for relevance in labels.relevance:
        print(f"\nrelevance {relevance.topic}: {relevance.level.value}. {relevance.reason}")
    for correction in ctx.assessor.corrections(pmid):
        print(
            f"\n{correction.field} was set to {correction.value} by a curator on "
            f"{correction.date:%d %B %Y}: {correction.reason}"
        )
    print("\n".join(_explained(explanation)))


def _explained(explanation: Explanation) -> Iterator[str]:
    yield "\nMechanisms, and what moved each most (log-odds):"
    for v in explanation.verdicts:
        stance = v.stance.value if v.stance else "left out, named in passing"
        against = f", against {v.against:.2f}" if v.against else ""
        yield f"  {v.mechanism}: {stance} (side {v.probability:.2f}{against}). {v.reason}".rstrip()
        for what, weighed in (
            ("of taking a side", v.weighed),
            ("of a side against", v.weighed_against),
            ("of one only in part", v.weighed_mixed),
        ):
            if weighed:
                moved = ", ".join(f"{name} {weight:+.2f}" for name, weight in weighed)
                yield f"      {what}: {moved}"
    if len(explanation.sample_sizes) > 1:
        yield "\nSample size, the likeliest numbers, and what moved each most (log-odds):"
        for size in explanation.sample_sizes:
            moved = ", ".join(f"{name} {weight:+.2f}" for name, weight in size.weighed)
            where = " … ".join(f'"{quote.text}"' for quote in size.passages)
            told = "none is told" if size.n is None else f"{size.n} by {where}"
            yield f"  {size.probability:.2f}: {told}"
            yield f"      {moved}"
    if explanation.directions:
        yield "\nDirection of the main result, and what moved each most (log-odds):"
        for found in explanation.directions:
            moved = ", ".join(f"{name} {weight:+.2f}" for name, weight in found.weighed)
            yield f"  {found.probability:.2f}: {found.direction.value}"
            yield f"      {moved}"
    for title, firings in (
        ("Rules of mechanisms that fired", explanation.fired),
        ("Held back by a trap", explanation.held_back),
        ("Rules of study designs that fired", explanation.designs),
        ("Held back by a trap, or by what else the sentence says", explanation.designs_held_back),
    ):
        yield f"\n{title}:" + ("" if firings else " none.")
        yield from _by_passage(firings)


def _by_passage(firings: Sequence[Firing]) -> Iterator[str]:
    """Rules under the sentence that they stand in."""
    passages: dict[tuple[str, int], list[Firing]] = {}
    for firing in firings:
        passages.setdefault((firing.passage.field.value, firing.passage.start), []).append(firing)
    for found in passages.values():
        passage = found[0].passage
        yield f'  {passage.field.value}: "{passage.text}"'
        for firing in found:
            held = f", held back by [{_short(firing.held_back_by)}]" if firing.held_back_by else ""
            yield f'      {firing.rule} "{firing.words.text}" by [{_short(firing.cue)}]{held}'


def _short(cue: str) -> str:
    return cue if len(cue) <= _LONGEST_CUE else cue[:_LONGEST_CUE].rsplit("|", 1)[0] + "|…"
