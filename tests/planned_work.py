"""What a service plans for a batch, read back as a worker reads it."""

from dataclasses import dataclass

from crossjudge.contracts import Batch, Chunk, Columns, Order, load_json
from crossjudge.service.pace import Pace
from crossjudge.service.settings import ServiceSettings
from crossjudge.service.split import Plan, split


def columns_of(plan: Plan) -> dict[int, Columns]:
    return {index: Columns.model_validate(load_json(columns)) for index, columns in plan.columns.items()}


def chunks_of(plan: Plan) -> list[Chunk]:
    return [Chunk.model_validate(load_json(chunk)) for chunk in plan.chunks]


@dataclass(frozen=True)
class Work:
    """All that the workers are given of one batch."""

    order: Order
    columns: dict[int, Columns]
    chunks: list[Chunk]


def work_of(batch: Batch, settings: ServiceSettings, pace: Pace | None = None) -> Work:
    """The work that a batch is."""
    plan = split(batch, settings, pace)
    return Work(plan.order, columns_of(plan), chunks_of(plan))
