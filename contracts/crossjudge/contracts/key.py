"""An API key as it stands in Redis: what is known of it but for the key itself, which nobody keeps."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, PositiveInt

from .batch import Answer

TenantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
"""No colon in it: it stands before the run's name in `scope_of`."""

TenantWeight = Annotated[float, Field(ge=0.01, le=100)]


class Quotas(Answer):
    """How much a tenant may ask for with a key; null is as much as the service takes from anybody."""

    cells_in_flight: PositiveInt | None = Field(None, description="cells of its batches that are not judged yet")
    cells_per_minute: PositiveInt | None = Field(None, description="cells that it may post in a minute")
    stored_batches: PositiveInt | None = Field(None, description="batches of it that are kept, final ones among them")
    batch_cells: PositiveInt | None = Field(None, description="cells of one batch")


class StoredKey(Answer):
    """What is kept of a key. One that was revoked stays, so that it can be told from one that never was."""

    id: str
    sha256: str = Field(repr=False, description="of the whole key, in hexadecimal")
    tenant: TenantName
    note: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    weight: TenantWeight = 1.0
    quotas: Quotas = Quotas()
