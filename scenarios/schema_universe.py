"""The table [universe]: the assets and the joint law of their returns."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, PrivateAttr, Tag
from pydantic_core import InitErrorDetails

from scenarios.history import History
from scenarios.schema_history import HistorySource, Sample
from scenarios.tables import Amount, Entry, Name, Table, form_of, key, limits, name_of, number
from simcore.dependence import LARGEST_DOF
from simcore.market import Compounding


class Classes(Table):
    """Correlations by class: every asset has one."""

    within_class: float = number(
        "a number from -1 to 1: of two assets of one class", "write within_class = 0.6", ge=-1, le=1
    )
    between: float = number(
        "a number from -1 to 1: of two assets of different classes", "write between = 0.2", ge=-1, le=1
    )


class BootstrapLaw(Table):
    """Rows of a history, drawn in blocks."""

    mean_block: float = number(
        "mean length of a block in periods, a number from 1 to 2^31", "write mean_block = 5", ge=1, le=2**31
    )
    periods_per_year: float | None = number(
        "rows a year, above 0; that of the history when absent", "leave it out: the history says it", default=None, gt=0
    )
    rows: list[list[float]] | None = key(
        "standardised rows, as resolved scenarios hold them; those of the history when absent",
        "leave it out: the history gives the rows",
        default=None,
    )


class Innovation(Table):
    """An innovation other than the normal."""

    forms = ((("student_t",), ("bootstrap",)),)
    student_t: Annotated[float, limits("number", exclusiveMinimum=2, maximum=LARGEST_DOF)] | None = key(
        "degrees of freedom: a number above 2, up to 1e6", "write innovation = { student_t = 4 }", default=None
    )
    bootstrap: BootstrapLaw | None = key(
        "a table with mean_block", "write innovation = { bootstrap = { mean_block = 5 } }", default=None
    )


class Asset(Table):
    """One risky thing with a return."""

    name: Name = name_of("name")
    class_: Name | None = name_of("class", alias="class", default=None)
    expected_return: float = number(
        "a number from -10 to 10, per year", "10 % a year is written expected_return = 0.10", ge=-10, le=10
    )
    volatility: float = number(
        "a number from 0 to 10, per square root of a year", "20 % is written volatility = 0.20", ge=0, le=10
    )
    value: Amount | None = key("a number from -1e100 to 1e100, in the currency", "write value = 100_000", default=None)


Correlation = Annotated[
    Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False), Tag("<number>")]
    | Annotated[list[list[Entry]], Tag("<list>")]
    | Annotated[Classes, Tag("<table>")],
    Discriminator(form_of),
]


class Universe(Table):
    """The assets and the joint law of their returns: figures, or the history that they are estimated from.

    A history is read once, when the document is loaded: `estimated` holds the figures, and `past` what they come from.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["correlation", "assets"]},
                {"required": ["factors", "assets"]},
                {"required": ["history"]},
            ]
        }
    )
    forms = ((("correlation",), ("factors",), ("history",)), (("assets",), ("history",)))
    correlation: Correlation = key(
        "one number from -1 to 1, a full matrix of them (a row per asset), or { within_class = ..., between = ... }",
        "write, for example, correlation = 0.3: no dependence is assumed",
        default=None,
        validate_default=False,
    )
    factors: list[list[Entry]] | None = key(
        "in place of correlation: for each asset a list of its loadings, numbers from -1 to 1, as many as there are "
        "factors; their squares sum to at most 1",
        "write, for example, factors = [[0.8, 0.1], [0.7, 0.0]] for two assets and two factors",
        default=None,
    )
    repair: Literal["none", "nearest"] = key(
        '"none": correlations that no returns can have are refused, or "nearest": they are repaired, and it is told',
        'write repair = "none" or repair = "nearest"',
        default="none",
    )
    compounding: Compounding = key('"log" or "simple"', 'write compounding = "log"', default="log")
    innovation: Annotated[
        Annotated[str, Field(pattern="^normal$"), Tag("<text>")] | Annotated[Innovation, Tag("<table>")],
        Discriminator(form_of),
    ] = key(
        '"normal", { student_t = degrees of freedom } or { bootstrap = { mean_block = periods } }',
        'write innovation = "normal" or innovation = { student_t = 4 }',
        default="normal",
    )
    assets: list[Asset] = key(
        "at least one table [[universe.assets]]",
        "write [[universe.assets]] for each asset, with name, expected_return and volatility",
        default=None,
        validate_default=False,
        min_length=1,
    )
    history: HistorySource | None = key(
        "a table: past returns or prices, in place of correlation and assets",
        "write [universe.history] with file, kind and periods_per_year",
        default=None,
    )
    sample: Sample | None = key(
        "a table: the returns that the figures come from, as resolved scenarios hold them for estimation_error",
        "leave it out: history gives it",
        default=None,
    )
    _past: History | None = PrivateAttr(default=None)
    _source: HistorySource | None = PrivateAttr(default=None)

    @property
    def past(self) -> History | None:
        """The rows that the figures are estimated from, where they are."""
        return self._past

    @property
    def source(self) -> HistorySource | None:
        """How the figures were estimated, where they were."""
        return self._source

    def estimated(
        self, assets: list[Asset], correlation: list[list[float]], past: History, source: HistorySource
    ) -> "Universe":
        """This universe with the figures in place of its history."""
        figures = self.model_copy(update={"assets": assets, "correlation": correlation, "history": None})
        figures._past, figures._source = past, source
        return figures

    @classmethod
    def wrong_forms(cls, data: Mapping[str, Any]) -> list[InitErrorDetails]:
        """Without a history, each key that is missing is told by itself."""
        if data.get("history") is not None or {"correlation", "factors"} <= data.keys():
            return super().wrong_forms(data)
        missing = [key for key in ("correlation", "assets") if key not in data]
        missing = missing if "factors" not in data else missing[1:]
        return [InitErrorDetails(type="missing", loc=(key,), input=data) for key in missing]
