"""The birth of an organisation: one call, whole or not at all."""

import re
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from stdnum.exceptions import ValidationError
from stdnum.in_ import gstin as gst_number

from vantage.features.identity import store
from vantage.kernel.errors import FieldError, Invalid
from vantage.platform.database import Database
from vantage.platform.http.auth import Principal

_PINCODE = re.compile(r"^[1-9][0-9]{5}$")


class NewOrganization(BaseModel):
    """What onboarding asks. Only the name is needed; the rest is for invoices and can follow."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    name: str = Field(min_length=1, max_length=120, examples=["Shree Developers"])
    first_project: str = Field(default="", max_length=160, examples=["Palm Grove"])
    company_name: str = Field(default="", max_length=200)
    gstin: str = Field(default="", max_length=20, examples=["29AAGCB7383J1Z4"])
    address_line_1: str = Field(default="", max_length=200)
    address_line_2: str = Field(default="", max_length=200)
    city: str = Field(default="", max_length=100)
    state: str = Field(default="", max_length=100)
    pincode: str = Field(default="", max_length=10)


async def found_organization(database: Database, principal: Principal, new: NewOrganization) -> UUID:
    """Make it with the asking person as owner; its id. Raises Invalid, AlreadyMember."""
    details = new.model_dump(exclude={"name", "first_project"})
    details["gstin"] = checked_gstin(new.gstin)
    details["pincode"] = checked_pincode(new.pincode)
    async with database.write(principal.actor()) as tx:
        return await store.create_organization(tx, new.name, new.first_project or None, details)


def checked_gstin(text: str) -> str:
    """The GSTIN in its usual form, empty for none. Raises Invalid when the check digit or shape is wrong."""
    if not text.strip():
        return ""
    try:
        return str(gst_number.validate(text))
    except ValidationError as error:
        sentence = "This GSTIN is not valid: 15 characters, the last of which is a check digit."
        raise Invalid(sentence, fields=[FieldError("gstin", sentence, "gstin")]) from error


def checked_pincode(text: str) -> str:
    """Six digits, empty for none. Raises Invalid."""
    digits = text.replace(" ", "")
    if digits and not _PINCODE.match(digits):
        sentence = "A PIN code has six digits and does not begin with 0."
        raise Invalid(sentence, fields=[FieldError("pincode", sentence, "pincode")])
    return digits
