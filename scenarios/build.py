"""From a checked document to what the engine takes: cases, a plan, and the resolved scenario with its digest."""

from dataclasses import dataclass
from typing import Any, Literal

from scenarios.bootstrap import law_of
from scenarios.cases import cases_of
from scenarios.cautions import cautions
from scenarios.digest import digest_of
from scenarios.estimation import Estimation, estimation_of
from scenarios.loadings import Loadings, key_of
from scenarios.repairs import Repaired, repairs_of
from scenarios.resolve import changed_by, correlation_of, moments_in, plan_of, pools_of, positions_of, shocked
from scenarios.sample import asked_of
from scenarios.schema import Document
from scenarios.schema_universe import Universe
from simcore.case import Case, Plan
from simcore.errors import show


@dataclass(frozen=True, eq=False, repr=False)
class Scenario:
    """One scenario, ready to be simulated.

    Attributes
    ----------
    file : str
        The path or the bundled name it was loaded from.
    name, description, currency : str
    cases : tuple of simcore.Case
        ``base``, then one for each shock, in the file's order.
    plan : simcore.Plan
    relative_to : {"start", "mean"}
        What losses are measured against: the value at start, or the mean loss.
    resolved : dict
        The whole scenario with nothing left implicit, as JSON and TOML hold it; itself a valid scenario.
    digest : str
        SHA-256, in hexadecimal, of the canonical JSON of `resolved`.
    cautions : tuple of str
        What is allowed and seldom meant, and what was repaired.
    repairs : tuple of scenarios.repairs.Repaired
        The correlation matrices that ``repair = "nearest"`` replaced.
    estimation : scenarios.estimation.Estimation, optional
        How the history is drawn again, where ``measures.estimation_error`` asks for it.
    """

    file: str
    name: str
    description: str
    currency: str
    cases: tuple[Case, ...]
    plan: Plan
    relative_to: Literal["start", "mean"]
    resolved: dict[str, Any]
    digest: str
    cautions: tuple[str, ...]
    repairs: tuple[Repaired, ...] = ()
    estimation: Estimation | None = None

    def __repr__(self) -> str:
        base, plan = self.cases[0], self.plan
        counts = f"{len(base.market.names):,} assets, {len(base.pools.names):,} nodes, {len(self.cases):,} cases"
        return f"Scenario({show(self.name)}: {counts}, {plan.paths:,} paths, seed {plan.seed})"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from scenarios.notebook import scenario_html

        return scenario_html(self)


def build(document: Document, file: str) -> Scenario:
    """The scenario of a document that `check` found nothing wrong with.

    Raises
    ------
    InputError
        When a factor misses its matrix, which `check` has all but ruled out.
    """
    cases = cases_of(document)
    plan = plan_of(document)
    resolved = resolved_of(document)
    return Scenario(
        file=file,
        name=document.name,
        description=document.description,
        currency=document.currency,
        cases=cases,
        plan=plan,
        relative_to=document.measures.relative_to,
        resolved=resolved,
        digest=digest_of(resolved),
        cautions=cautions(document),
        repairs=repairs_of(document),
        estimation=estimation_of(document),
    )


def resolved_of(document: Document) -> dict[str, Any]:
    """A checked document with nothing left implicit; takes no factors."""
    base = moments_in(document.universe, correlation_of(document.universe))
    resolved = document.model_dump(by_alias=True, exclude_none=True)
    resolved["universe"] = _resolved_universe(document.universe)
    for shock, written in zip(resolved["shocks"], document.shocks, strict=True):
        for change, its in zip(shock["changes"], written.changes, strict=True):
            if its.regime is not None and its.regime.universe is not None:
                drawn = law_of(its.regime.universe) is not None  # from rows of its own
                keys = ("compounding",) if drawn else ("compounding", "innovation")
                law = {key: resolved["universe"][key] for key in keys}
                change["regime"] = {"universe": _resolved_universe(its.regime.universe) | law}
        before, after = (by(base, document.universe, written).correlation for by in (changed_by, shocked))
        if not isinstance(after, Loadings) and key_of(after) != key_of(before):
            shock["changes"].append({"correlation": {"matrix": after.tolist()}})  # what was repaired, kept
    resolved["positions"] = [{"name": p.name, "asset": p.asset, "value": p.value} for p in positions_of(document)]
    resolved["pools"] = [{"name": pool.name, "members": list(pool.members)} for pool in pools_of(document)]
    plan = plan_of(document)
    resolved["simulation"] = {
        "paths": plan.paths,
        "steps": plan.steps,
        "horizon_years": plan.horizon,
        "seed": plan.seed,
    }
    if plan.precision != "double":  # a scenario in double keeps the digest that it had before there was a choice
        resolved["simulation"]["precision"] = plan.precision
    if document.simulation.tail_budget is not None:
        resolved["simulation"]["tail_budget"] = plan.tail_budget
    resolved["measures"]["confidence"] = list(plan.confidences)
    if asked := asked_of(document):
        resolved["measures"]["estimation_error"] = asked.model_dump()
    return resolved


def _resolved_universe(universe: Universe) -> dict[str, Any]:
    resolved = universe.model_dump(by_alias=True, exclude_none=True)
    correlation = correlation_of(universe)
    if not isinstance(correlation, Loadings):
        resolved["correlation"] = correlation.tolist()
    for asset in resolved["assets"]:
        asset.pop("value", None)
    return resolved
