"""From a checked document to what the engine takes: cases, a plan, and the resolved scenario with its digest."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from scenarios.check import check
from scenarios.moments import Moments
from scenarios.resolve import correlation_of, moments_in, plan_of, pools_of, positions_of, shocked
from scenarios.schema import Document, Innovation, Universe
from simcore.case import Case, Plan
from simcore.errors import InputError, raise_if_any
from simcore.limits import check_limits
from simcore.market import Market
from simcore.pools import PoolTree


@dataclass(frozen=True, eq=False)
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
    resolved : dict
        The whole scenario with nothing left implicit, as JSON and TOML hold it; itself a valid scenario.
    digest : str
        SHA-256, in hexadecimal, of the canonical JSON of `resolved`.
    """

    file: str
    name: str
    description: str
    currency: str
    cases: tuple[Case, ...]
    plan: Plan
    resolved: dict[str, Any]
    digest: str


def build(document: Document, file: str) -> Scenario:
    """The scenario of a document.

    Raises
    ------
    InputError
        With everything that is wrong.
    """
    raise_if_any(check(document))
    universe = document.universe
    base = moments_in(universe, correlation_of(universe))
    markets = {"base": _market(universe, base, "universe.")}
    for i, shock in enumerate(document.shocks):
        markets[shock.name] = _market(universe, shocked(base, universe, shock), f"shocks[{i}] ({shock.name}): ")
    tree = PoolTree(positions_of(document), pools_of(document))
    cases = tuple(Case(name, market, tree) for name, market in markets.items())
    plan = plan_of(document)
    raise_if_any([problem for case in cases for problem in check_limits(case, plan)])
    resolved = _resolved(document, base, tree)
    return Scenario(
        file=file,
        name=document.name,
        description=document.description,
        currency=document.currency,
        cases=cases,
        plan=plan,
        resolved=resolved,
        digest=_digest(resolved),
    )


def _market(universe: Universe, moments: Moments, place: str) -> Market:
    try:
        return Market.from_moments(
            [asset.name for asset in universe.assets],
            expected_return=moments.expected_return,
            volatility=moments.volatility,
            correlation=moments.correlation,
            compounding="log" if universe.compounding == "log" else "simple",
            dof=universe.innovation.student_t if isinstance(universe.innovation, Innovation) else None,
        )
    except InputError as error:
        raise InputError([replace(problem, place=place + problem.place) for problem in error.problems]) from None


def _resolved(document: Document, base: Moments, tree: PoolTree) -> dict[str, Any]:
    resolved = document.model_dump(by_alias=True, exclude_none=True)
    resolved["universe"]["correlation"] = base.correlation.tolist()
    for asset in resolved["universe"]["assets"]:
        asset.pop("value", None)
    resolved["positions"] = [{"name": p.name, "asset": p.asset, "value": p.value} for p in tree.positions]
    resolved["pools"] = [{"name": pool.name, "members": list(pool.members)} for pool in tree.pools]
    plan = plan_of(document)
    resolved["simulation"] = {
        "paths": plan.paths,
        "steps": plan.steps,
        "horizon_years": plan.horizon,
        "seed": plan.seed,
    }
    resolved["measures"] = {"confidence": list(plan.confidences)}
    return resolved


def _digest(resolved: dict[str, Any]) -> str:
    canonical = json.dumps(resolved, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
