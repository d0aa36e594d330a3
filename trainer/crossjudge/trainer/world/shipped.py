"""The base models that come with the package: the easy world's pair, so that nobody has to wait for it."""

from pathlib import Path

from .models import digest_of, read_made
from .settings import Role, WorldSettings

_FOLDER = Path(__file__).parent / "base_models"


def shipped_model(role: Role, settings: WorldSettings) -> Path | None:
    """The folder of the model that these settings make, if it is one of those that ship."""
    folder = _FOLDER / role
    return folder if read_made(folder).get("digest") == digest_of(role, settings) else None
