"""What all tables of the file share: keys that say what they allow, names and amounts, and forms to choose from."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from simcore.border import NAME, is_name
from simcore.pools import LARGEST_VALUE

Forms = tuple[tuple[str, ...], ...]  # each of one or more keys; an empty one: none of them need be written

_FORMS = {int: "<number>", float: "<number>", str: "<text>", list: "<list>", dict: "<table>"}
TAGS = frozenset(_FORMS.values())  # of the members of a union; pydantic puts them into its places

_UNPRINTED = r"\u0000-\u001f\u007f-\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
_NAMES = {"type": "string", "pattern": rf"^ *[^ {_UNPRINTED}][^{_UNPRINTED}]*$"}  # is_name, as far as a pattern can be


def form_of(value: object) -> str | None:
    """The member of a union that is meant, so that one mistake gives one message; a bool is no number."""
    return "<table>" if isinstance(value, BaseModel) else _FORMS.get(type(value))


def key(allowed: str, remedy: str, **rules: Any) -> Any:
    """A key that says what is allowed, and what to write."""
    return Field(description=allowed, json_schema_extra={"remedy": remedy}, **rules)


def number(allowed: str, remedy: str, **rules: Any) -> Any:
    """A key whose value is a finite number."""
    return key(allowed, remedy, allow_inf_nan=False, **rules)


def name_of(what: str, **rules: Any) -> Any:
    """The key `what`, whose value is a `Name`."""
    return key(NAME, f'write {what} = "..."', **rules)


def limits(kind: str, **rules: float) -> WithJsonSchema:
    """Limits of a "number" or "integer" that an editor is told; what checks them has words of its own for users."""
    return WithJsonSchema({"type": kind, **rules})


def _name(value: str) -> str:
    if not is_name(value):
        raise PydanticCustomError("name", NAME)
    return value


Name = Annotated[str, AfterValidator(_name), WithJsonSchema(_NAMES)]
Amount = Annotated[float, limits("number", minimum=-LARGEST_VALUE, maximum=LARGEST_VALUE)]  # in the currency
Entry = Annotated[float, limits("number", minimum=-1, maximum=1)]  # of a correlation matrix


class Table(BaseModel):
    """A table of the file: its keys and no others, nothing converted.

    `forms` are those of which exactly one is written, or at most one where an empty one is among them.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, validate_default=True)
    forms: ClassVar[tuple[Forms, ...]] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _one_of_each(cls, data: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """By the keys that are written, whether their values are right or wrong: each error is told in one pass."""
        errors = cls.wrong_forms(data) if isinstance(data, Mapping) else []
        if not errors:
            return read(data)
        try:
            read(data)
        except ValidationError as error:
            errors = [*map(_again, error.errors(include_url=False)), *errors]
        raise ValidationError.from_exception_data(cls.__name__, errors)

    @classmethod
    def wrong_forms(cls, data: Mapping[str, Any]) -> list[InitErrorDetails]:
        """What keeps the keys of `data` from being one of each of the forms."""
        wrong = [_wrong(forms, data) for forms in cls.forms]
        return [InitErrorDetails(type=error, loc=(), input=data) for error in wrong if error]


def _again(found: ErrorDetails) -> InitErrorDetails:
    """The error that was `found`, to be raised once more beside others."""
    error = PydanticCustomError(found["type"], found["msg"], found.get("ctx"))  # pyright: ignore[reportArgumentType]
    return InitErrorDetails(type=error, loc=found["loc"], input=found["input"])


def _wrong(forms: Forms, data: Mapping[str, Any]) -> PydanticCustomError | None:
    """What keeps the keys of `data` from being one of `forms`; ``lacking``: the keys of which one would mend it."""
    keys = [key for form in forms for key in form]
    written = tuple(key for key in keys if data.get(key) is not None)
    if written in forms:
        return None
    begun = next((form for form in forms if written and set(written) < set(form)), ())
    lacking = [key for key in begun if key not in written]
    choices = " | ".join(" with ".join(form) for form in forms if form)
    context = {
        "value": " and ".join(written),
        "lacking": lacking or ([] if written else keys),
        "allowed": f"{'at most' if () in forms else 'exactly'} one of {choices}",
        "remedy": f"write {' and '.join(lacking)} beside it" if lacking else "write one of them, and no other",
    }
    return PydanticCustomError("form", "{allowed}", context)
