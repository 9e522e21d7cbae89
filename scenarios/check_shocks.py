"""What the schema cannot see of shocks: names, selections, regimes, and what the figures become."""

from dataclasses import replace

import numpy as np

from scenarios.check_universe import check_common, check_universe
from scenarios.from_history import in_history
from scenarios.loadings import Loadings, key_of
from scenarios.messages import same_letters, same_name, toml_text, unknown_name
from scenarios.moments import Moments
from scenarios.possible import check_possible
from scenarios.resolve import changed, selection
from scenarios.schema_shocks import Change, CorrelationChange, Regime, Shock
from scenarios.schema_universe import Innovation, Universe
from simcore.correlation import check_entries
from simcore.errors import Problem, first_of, some

# no shock may lead beyond what the schema allows an asset
_LIMITS = {
    "expected_return": (
        -10.0,
        "expected returns from -10 to 10 after the change, per year",
        "20 % a year less is written { add = -0.20 }",
    ),
    "volatility": (
        0.0,
        "volatilities from 0 to 10 after the change, per square root of a year",
        "20 % is 0.20, and twice as much { multiply = 2.0 }",
    ),
    "jump": (
        float(np.nextafter(-1.0, 0.0)),
        "jumps above -1, up to 10, after the change",
        "jumps multiply: two of -0.20 are one of -0.36",
    ),
}
_HIGHEST = 10.0


def check_shocks(base: Moments, universe: Universe, shocks: list[Shock], *, sound: bool) -> list[Problem]:
    """Everything wrong with shocks whose keys are right one by one; whether the base's correlation is `sound`."""
    problems = []
    accepted = {key_of(base.correlation)} if sound else set()  # each matrix is checked once
    first: dict[str, int] = {}
    for i, shock in enumerate(shocks):
        earlier = first.setdefault(shock.name, i)
        if shock.name == "base":
            allowed = "a name other than base, which is the case without a shock"
            problems.append(Problem(f"shocks[{i}].name", '"base"', allowed, "rename the shock"))
        elif earlier < i:
            allowed = f"a name no other shock has (shocks[{earlier}].name has it)"
            problems.append(Problem(f"shocks[{i}].name", toml_text(shock.name), allowed, "rename one of the two"))
        found, after = _check_changes(base, universe, shock, f"shocks[{i}].changes")
        sound_before = sound or any(change.regime is not None for change in shock.changes)
        if sound_before and after is not None and key_of(after.correlation) not in accepted:
            names = tuple(asset.name for asset in universe.assets)
            place = f"shocks[{i}].changes ({shock.name})"
            matrix = check_possible(after.correlation, names, place, universe.repair)
            found += matrix
            accepted |= set() if matrix else {key_of(after.correlation)}
        problems += found
    return problems + same_letters((f"shocks[{i}].name", shock.name) for i, shock in enumerate(shocks))


def _check_changes(base: Moments, universe: Universe, shock: Shock, place: str) -> tuple[list[Problem], Moments | None]:
    """What is wrong with the changes of a shock, and, when nothing is, the moments after them."""
    problems, moments, known = [], base, True
    for j, change in enumerate(shock.changes):
        here = f"{place}[{j}]"
        found = _check_change(universe, change, here, shock.name)
        if known and not found:
            found = _check_of_factors(moments, change, here, shock.name)
        if found:
            problems += found
        elif change.regime is not None and change.regime.universe is None:
            known = False  # its file is wrong, which is said elsewhere: nothing can be said of what follows
        elif known:
            before, moments = moments, changed(moments, universe, change)
            problems += _check_figures(universe, before, moments, change, here, shock.name)
    return problems, moments if known and not problems else None


def _check_change(universe: Universe, change: Change, place: str, shock: str) -> list[Problem]:
    if change.regime is not None:
        return _check_regime(universe, change, change.regime, place, shock)
    names = dict.fromkeys(asset.name for asset in universe.assets)
    classes = [asset.class_ for asset in universe.assets if asset.class_ is not None]
    if change.class_ is not None and change.class_ not in classes:
        return [unknown_name(f"{place}.class ({shock})", change.class_, classes, "a class", "give an asset this class")]
    listed = change.assets or []
    first = {name: k for k, name in reversed(list(enumerate(listed)))}
    problems = first_of(
        unknown_name(f"{place}.assets[{k}] ({shock})", name, names, "an asset")
        for k, name in enumerate(listed)
        if name not in names
    )
    problems += [
        Problem(f"{place}.assets[{k}] ({shock})", toml_text(name), "each asset once", "remove it")
        for k, name in enumerate(listed)
        if first[name] < k
    ]
    if problems or change.correlation is None:
        return problems
    return _check_correlation(universe, change, change.correlation, f"{place}.correlation", shock)


def _check_of_factors(before: Moments, change: Change, place: str, shock: str) -> list[Problem]:
    """What of a change of correlation cannot be said in loadings, where the case has them by now."""
    written = change.correlation
    if written is None or not isinstance(before.correlation, Loadings):
        return []
    place = f"{place}.correlation"
    remedy = "take a regime with factors of its own, or write the universe with correlation in place of factors"
    if written.toward is None:
        key = "matrix" if written.matrix is not None else "within_class"
        allowed = "{ toward = ..., weight = ... } of all assets, where factors give the correlations"
        return [Problem(f"{place}.{key} ({shock})", "beside factors", allowed, remedy)]
    beside = {"class": change.class_, "assets": change.assets}
    problems = [
        Problem(f"{place} ({shock})", f"of some assets, by {key}", "all assets, where factors give them", remedy)
        for key, value in beside.items()
        if value is not None
    ]
    if written.toward < 0.0:
        allowed = (
            "a number from 0 to 1, where factors give the correlations: one more factor is what all have in common"
        )
        problems.append(Problem(f"{place}.toward ({shock})", toml_text(written.toward), allowed, remedy))
    return problems


def _check_correlation(
    universe: Universe, change: Change, written: CorrelationChange, place: str, shock: str
) -> list[Problem]:
    """A change of correlation whose assets are known."""
    listed = {"class": change.class_, "assets": change.assets}
    if written.matrix is not None:
        names = tuple(asset.name for asset in universe.assets)
        beside = [key for key, value in listed.items() if value is not None]
        allowed = "no class and no assets beside a matrix, which is of all assets"
        wrong = [Problem(f"{place}.matrix ({shock})", f"beside {key}", allowed, f"remove {key}") for key in beside]
        return wrong + check_entries(written.matrix, names, place=f"{place}.matrix")
    if written.within_class is not None:
        of = selection(universe, change)
        allowed = f"a class, since {place} goes by classes"
        remedy = "give the asset a class, or write { toward = ..., weight = ... }"
        lacking = [
            Problem(f"universe.assets[{i}].class ({asset.name})", "(missing)", allowed, remedy)
            for i, asset in enumerate(universe.assets)
            if of[i] and asset.class_ is None
        ]
        if lacking:
            return lacking
    count = int(selection(universe, change).sum())
    if count < 2:
        remedy = "select more, or remove the change: it changes nothing"
        return [Problem(f"{place} ({shock})", f"{count} asset selected", "two assets or more", remedy)]
    if written.toward is None or universe.repair != "none":
        return []
    return check_common(f"{place}.toward ({shock})", written.toward, count, "selected assets")


def _check_regime(universe: Universe, change: Change, regime: Regime, place: str, shock: str) -> list[Problem]:
    allowed = "no class and no assets beside regime, which replaces the figures of all assets"
    selected = {"class": change.class_, "assets": change.assets}
    problems = [
        Problem(f"{place}.{key} ({shock})", toml_text(value), allowed, f"remove {key}")
        for key, value in selected.items()
        if value is not None
    ]
    other = regime.universe
    if other is None:
        return problems
    if regime.start is not None:  # a window of the history, whose figures no key holds
        wrong = in_history(check_universe(other, "universe"), other)
        return problems + [replace(problem, place=f"{place}.regime ({shock})") for problem in wrong]
    if regime.file is None and (wrong := check_universe(other, f"{place}.regime.universe")):
        return problems + wrong
    key = "universe" if regime.file is None else "file"
    here = f"{place}.regime.{key} ({shock})"
    written = "a universe" if regime.file is None else toml_text(regime.file)
    its_names = [asset.name for asset in other.assets]
    known = set(its_names)
    missing = [asset.name for asset in universe.assets if asset.name not in known]
    if missing:
        allowed = "a regime with all assets of universe.assets, by their names"
        same = (same_name(name, its_names) for name in missing[:12])
        remedy = next(filter(None, same), "give the regime these assets, by the names they have here")
        problems.append(Problem(here, f"{written}, which lacks {some(missing)}", allowed, remedy))
    for name in ("compounding", "innovation"):
        its, own = (_without_rows(getattr(one, name)) for one in (other, universe))
        if name in other.model_fields_set and its != own:
            allowed = f"a regime with the {name} of universe.{name}, or without one"
            remedy = f"a regime brings volatilities and correlation only: make its {name} that of the universe"
            problems.append(Problem(here, f"{written}, with another {name}", allowed, remedy))
    return problems


def _without_rows(law: object) -> object:
    """A law less what is each universe's own: the rows of a bootstrap."""
    if isinstance(law, Innovation) and law.bootstrap is not None:
        return law.bootstrap.mean_block
    return law


def _check_figures(
    universe: Universe, before: Moments, after: Moments, change: Change, place: str, shock: str
) -> list[Problem]:
    """The change is to blame for the assets that it selects and that were within the limits before it."""
    problems, selected = [], selection(universe, change)
    for key, (low, allowed, remedy) in _LIMITS.items():
        written = getattr(change, key)
        if written is None:
            continue
        old, new = getattr(before, key), getattr(after, key)
        within, within_before = ((figures >= low) & (figures <= _HIGHEST) for figures in (new, old))
        bad = np.flatnonzero(selected & within_before & ~within)
        if len(bad):
            led = [f"{universe.assets[i].name} {old[i]:.6g} to {new[i]:.6g}" for i in bad]
            value = f"{toml_text(written.model_dump(exclude_none=True))}, which leads {some(led, 5)}"
            problems.append(Problem(f"{place}.{key} ({shock})", value, allowed, remedy))
    return problems
