"""The kinds of values that studies and the options of plugins are made of, and how a message calls each."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

MOST = 1_000_000_000  # of anything that is counted


def upto(most: int):
    """The type of a whole number from 1 to ``most``."""
    return Annotated[int, Field(gt=0, le=most)]


def above_0(most: float):
    """The type of a number above 0 and up to ``most``."""
    return Annotated[float, Field(gt=0, le=most)]


def from_0(most: float):
    """The type of a number from 0 to ``most``."""
    return Annotated[float, Field(ge=0, le=most)]


Positive = upto(MOST)
Size = upto(100_000)  # of a network's part, of a text in tokens
Count = Annotated[int, Field(ge=0, le=MOST)]
Share = from_0(1)
Cosine = Annotated[float, Field(ge=-1, le=1)]
LearningRate = above_0(100)
Weight = from_0(1_000_000)  # of a term of the objective
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Seeds = Annotated[list[Seed], Field(min_length=1)]


class Strict(BaseModel):
    """A part of a study: an unknown key, and a number that is none, are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Options(Strict):
    """Base of a plugin's options: a field each, with its type and bounds. "3" is no number, and true is none."""

    model_config = ConfigDict(strict=True)


def called(schema: dict[str, Any]) -> str:
    """What a JSON schema lets through, in words: "a whole number from 1 to 100"; "" where it is hard to say."""
    if "anyOf" in schema:
        return " or ".join(filter(None, map(called, schema["anyOf"])))
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "const" in schema:
        return str(schema["const"])
    kind = schema.get("type")
    if kind in ("integer", "number"):
        least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
        most, below = schema.get("maximum"), schema.get("exclusiveMaximum")
        if kind == "integer" and above is not None:
            least, above = above + 1, None
        bounds = [f"from {least:g}" if least is not None else "", f"above {above:g}" if above is not None else ""]
        bounds += [
            f"to {_plain(most)}" if most is not None else "",
            f"and below {below:g}" if below is not None else "",
        ]
        return " ".join(["a whole number" if kind == "integer" else "a number", *filter(None, bounds)])
    if kind == "array":
        each = called(schema.get("items", {}))
        size = f"{schema.get('minItems', 0)} to {schema.get('maxItems', 'any number of')}"
        return f"a list of {size}" + (f", each {each}" if each else "")
    return {"boolean": "true or false", "string": "a text", "null": "null", "object": "a mapping"}.get(kind, "")


def _plain(number: float) -> str:
    return f"{number:g}" if isinstance(number, float) and number != int(number) else str(int(number))
