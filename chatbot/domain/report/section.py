"""The base of all parts of a report: they never change, and hold nothing that is not said here."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]


class Section(BaseModel):
    """A part of a report. Raises ValidationError where a field is missing, unknown or wrong."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_serialization_defaults_required=True
    )
