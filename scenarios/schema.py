"""The scenario file, schema 1, as pydantic models: which keys there are, their types and their limits.

A key's description says what is allowed, its remedy what to write: the messages are made of them.
What one key cannot show alone (names that refer to others, matrices, trees) is checked in `check`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from simcore.border import NAME

_FORMS = {int: "<number>", float: "<number>", str: "<text>", list: "<list>", dict: "<table>"}
TAGS = frozenset(_FORMS.values())  # of the members of a union; pydantic puts them into its places


_PRINTABLE = r"^\s*[^\s\p{C}][^\p{C}\p{Zl}\p{Zp}]*$"  # not blank, and nothing that a terminal would act on


def _form(value: object) -> str | None:
    """The member of a union that is meant, so that one mistake gives one message; a bool is no number."""
    return "<table>" if isinstance(value, BaseModel) else _FORMS.get(type(value))


def _key(allowed: str, remedy: str, **rules: Any) -> Any:
    return Field(description=allowed, json_schema_extra={"remedy": remedy}, **rules)


def _number(allowed: str, remedy: str, **rules: Any) -> Any:
    return _key(allowed, remedy, allow_inf_nan=False, **rules)


def _name(key: str, **rules: Any) -> Any:
    return _key(NAME, f'write {key} = "..."', pattern=_PRINTABLE, **rules)


def _one_form(*forms: tuple[str, ...]) -> Any:
    """A check that the keys written of a table are exactly one of `forms`, each of which is one or more keys.

    It hangs on the last key, and not on the table, so that it speaks up beside errors of other keys.
    """
    keys = [key for form in forms for key in form]
    choices = " | ".join(" with ".join(form) for form in forms if form).replace("class_", "class")

    def check(value: object, info: ValidationInfo) -> object:
        read = {**info.data, keys[-1]: value}
        if any(key not in read for key in keys):  # one that failed has its own message
            return value
        written = tuple(key for key in keys if read[key] is not None)
        if written not in forms:
            context = {
                "keys": ",".join(keys),
                "value": " and ".join(written).replace("class_", "class"),
                "allowed": f"{'at most' if () in forms else 'exactly'} one of {choices}",
            }
            raise PydanticCustomError("form", "{allowed}", context)
        return value

    return field_validator(keys[-1])(check)


class Table(BaseModel):
    """A table of the file: its keys and no others, nothing converted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, validate_default=True)


class Classes(Table):
    """Correlations by class: every asset has one."""

    within_class: float = _number("a number from -1 to 1", "write within_class = 0.6", ge=-1, le=1)
    between: float = _number("a number from -1 to 1", "write between = 0.2", ge=-1, le=1)


class Innovation(Table):
    """An innovation other than the normal."""

    student_t: float = _key("degrees of freedom: a number above 2", "write innovation = { student_t = 4 }")


class Asset(Table):
    """One risky thing with a return."""

    name: str = _name("name")
    class_: str | None = _name("class", alias="class", default=None)
    expected_return: float = _number(
        "a number from -10 to 10, per year", "10 % a year is written expected_return = 0.10", ge=-10, le=10
    )
    volatility: float = _number(
        "a number from 0 to 10, per square root of a year", "20 % is written volatility = 0.20", ge=0, le=10
    )
    value: float | None = _key("a number, in the currency", "write value = 100_000", default=None)


Correlation = Annotated[
    Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False), Tag("<number>")]
    | Annotated[list[list[float]], Tag("<list>")]
    | Annotated[Classes, Tag("<table>")],
    Discriminator(_form),
]


class Universe(Table):
    """The assets and the joint law of their returns."""

    correlation: Correlation = _key(
        "one number from -1 to 1, a full matrix of them (a row per asset), or { within_class = ..., between = ... }",
        "write, for example, correlation = 0.3: no dependence is assumed",
    )
    compounding: Annotated[str, Field(pattern="^(log|simple)$")] = _key(
        '"log" or "simple"', 'write compounding = "log"', default="log"
    )
    innovation: Annotated[
        Annotated[str, Field(pattern="^normal$"), Tag("<text>")] | Annotated[Innovation, Tag("<table>")],
        Discriminator(_form),
    ] = _key('"normal" or { student_t = degrees of freedom }', 'write innovation = "normal"', default="normal")
    assets: list[Asset] = _key(
        "at least one table [[universe.assets]]",
        "write [[universe.assets]] for each asset, with name, expected_return and volatility",
        min_length=1,
    )


class Position(Table):
    """An amount of exposure to an asset."""

    name: str = _name("name")
    asset: str = _name("asset")
    value: float = _key("a number, in the currency", "write value = 100_000")


class Pool(Table):
    """Positions and other pools put together."""

    name: str = _name("name")
    members: list[str] = _key("a list of names of positions and pools", 'write members = ["...", "..."]')


class ExpectedReturnChange(Table):
    """What becomes of the expected returns."""

    multiply: float | None = _number("a number", "write { multiply = 0.5 }", default=None)
    add: float | None = _number(
        "a number from -10 to 10, per year", "20 % a year less is written { add = -0.20 }", default=None, ge=-10, le=10
    )
    set: float | None = _number(
        "a number from -10 to 10, per year", "5 % a year is written { set = 0.05 }", default=None, ge=-10, le=10
    )
    _one = _one_form(("multiply",), ("add",), ("set",))


class VolatilityChange(Table):
    """What becomes of the volatilities."""

    multiply: float | None = _number("a number from 0", "write { multiply = 1.5 }", default=None, ge=0)
    add: float | None = _number(
        "a number from -10 to 10, per square root of a year",
        "10 % is written { add = 0.1 }",
        default=None,
        ge=-10,
        le=10,
    )
    set: float | None = _number(
        "a number from 0 to 10, per square root of a year", "40 % is written { set = 0.40 }", default=None, ge=0, le=10
    )
    _one = _one_form(("multiply",), ("add",), ("set",))


class CorrelationChange(Table):
    """R becomes (1 - weight) R + weight times the target of all pairs."""

    toward: float = _number("a number from -1 to 1", "write toward = 1.0", ge=-1, le=1)
    weight: float = _number("a number from 0 to 1", "write weight = 0.5", ge=0, le=1)


class Regime(Table):
    """Volatilities and correlation of another universe.

    A file is read once: the resolved scenario holds its universe in the file's place.
    """

    file: str | None = _key(
        "the path of a regime file (schema, name, description, [universe]), beginning in the folder of this file",
        'write regime = { file = "..." }',
        default=None,
    )
    universe: Universe | None = _key(
        "a universe, as resolved scenarios hold it in place of a file; its expected returns, classes and values "
        "change nothing",
        'write regime = { file = "..." }',
        default=None,
    )
    _one = _one_form(("file",), ("universe",))


class Change(Table):
    """One operation, for all assets or those selected by class or by name."""

    expected_return: ExpectedReturnChange | None = _key(
        "{ multiply = ... } or { add = ... } or { set = ... }", "write expected_return = { add = -0.20 }", default=None
    )
    volatility: VolatilityChange | None = _key(
        "{ multiply = ... } or { add = ... } or { set = ... }", "write volatility = { multiply = 1.5 }", default=None
    )
    correlation: CorrelationChange | None = _key(
        "{ toward = ..., weight = ... }", "write correlation = { toward = 1.0, weight = 0.5 }", default=None
    )
    regime: Regime | None = _key(
        "{ file = ... }: volatilities and correlation become those of another universe, expected returns stay",
        'write regime = { file = "..." }',
        default=None,
    )
    class_: str | None = _name("class", alias="class", default=None)
    assets: list[str] | None = _key(
        "a list of names of assets, not empty", 'write assets = ["..."], or leave it out', default=None, min_length=1
    )
    _operation = _one_form(("expected_return",), ("volatility",), ("correlation",), ("regime",))
    _selection = _one_form((), ("class_",), ("assets",))


class Shock(Table):
    """A named list of changes to the base case."""

    name: str = _name("name")
    changes: list[Change] = _key(
        "at least one change", "write changes = [{ volatility = { multiply = 1.5 } }]", min_length=1
    )


class Simulation(Table):
    """How to simulate."""

    paths: int = _key("a whole number above 0", "write paths = 1_000_000")
    steps: int = _key("a whole number above 0", "write steps = 1", default=1)
    horizon_years: float | None = _number(
        "years, above 0", "write horizon_years = 0.25 for three months", default=None, gt=0
    )
    horizon_days: float | None = _number("days, above 0", "write horizon_days = 21", default=None, gt=0)
    days_per_year: float | None = _number("days, above 0", "write days_per_year = 252", default=None, gt=0)
    seed: int = _key("a whole number from 0", "write seed = 42")
    _horizon = _one_form(("horizon_years",), ("horizon_days", "days_per_year"))


class Measures(Table):
    """What is measured."""

    confidence: Annotated[
        Annotated[float, Tag("<number>")] | Annotated[list[float], Tag("<list>")], Discriminator(_form)
    ] = _key("numbers between 0.5 and 1", "write confidence = [0.95, 0.99]")
    relative_to: Literal["start", "mean"] = _key(
        '"start" or "mean": losses against the value at start, or against the mean loss',
        'write relative_to = "start"',
        default="start",
    )


_SCHEMA = _key("1", "write schema = 1: the only form of the file so far", alias="schema", ge=1, le=1)
_DESCRIPTION = _key("text", 'write description = "..."', default="")
_UNIVERSE = _key("a table", "write [universe] with correlation and [[universe.assets]]")


class RegimeFile(Table):
    """A regime's own file: a universe and what it is called."""

    schema_: int = _SCHEMA
    name: str = _name("name")
    description: str = _DESCRIPTION
    universe: Universe = _UNIVERSE


class Document(Table):
    """The whole file."""

    schema_: int = _SCHEMA
    extends: str | None = _key(
        "the path of another scenario, beginning in the folder of this file, or a bundled name",
        'write extends = "other.toml": a file that says only in what it differs from the other',
        default=None,
    )
    name: str = _name("name")
    description: str = _DESCRIPTION
    currency: str = _name("currency")
    universe: Universe = _UNIVERSE
    positions: list[Position] = _key("tables [[positions]]", "write [[positions]] for each position", default=[])
    pools: list[Pool] = _key("tables [[pools]]", "write [[pools]] for each pool", default=[])
    shocks: list[Shock] = _key("tables [[shocks]]", "write [[shocks]] for each shock", default=[])
    simulation: Simulation = _key("a table", "write [simulation] with paths, seed and horizon_years")
    measures: Measures = _key("a table", "write [measures] with confidence")
