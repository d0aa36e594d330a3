"""What crosses a process boundary: the wire format, the queue's messages and names. Imports nothing of ours."""

from .batch import (
    Answer,
    Batch,
    BatchPage,
    BatchStatus,
    CellCounts,
    CellReport,
    Health,
    ProblemResult,
    RunList,
    RunUsage,
    SolutionReport,
    TestReport,
)
from .check import Check
from .chunk import CellDetail, Chunk, ChunkResult, ColumnReport, Columns, Order, Row, RowResult, SourceReport
from .error import MEDIA_TYPE, ProblemDetails, Violation
from .problem import AssertTest, CallTest, Limits, Problem, PytestTest, Request, StdioTest, Test
from .text import SourceText, dump_json, load_json
from .verdict import BatchState, Detail, Isolation, SourceStatus, Verdict

__all__ = [
    "MEDIA_TYPE",
    "Answer",
    "AssertTest",
    "Batch",
    "BatchPage",
    "BatchState",
    "BatchStatus",
    "CallTest",
    "CellCounts",
    "CellDetail",
    "CellReport",
    "Check",
    "Chunk",
    "ChunkResult",
    "ColumnReport",
    "Columns",
    "Detail",
    "Health",
    "Isolation",
    "Limits",
    "Order",
    "Problem",
    "ProblemDetails",
    "ProblemResult",
    "PytestTest",
    "Request",
    "Row",
    "RowResult",
    "RunList",
    "RunUsage",
    "SolutionReport",
    "SourceReport",
    "SourceStatus",
    "SourceText",
    "StdioTest",
    "Test",
    "TestReport",
    "Verdict",
    "Violation",
    "dump_json",
    "load_json",
]
