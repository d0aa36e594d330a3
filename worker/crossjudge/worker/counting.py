"""What a chunk adds to the statistics: summed up here, and added in the step that hands the chunk's result in.

`ADD_TO_STATISTICS` is a function of Lua for that step's script, so that a result that does not count adds nothing. The
sums of a chunk are a handful of numbers, whatever its cells: a score of commands of a microsecond each.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from crossjudge.contracts import Chunk, ChunkResult, Columns, Row, Verdict
from crossjudge.contracts.stats import (
    BUCKET_SECONDS,
    BUCKETS_KEPT_SECONDS,
    COUNTED_RUNS,
    MOST_RUNS_COUNTED,
    OTHER_RUNS,
    RUN_COUNTED_SECONDS,
    TOTALS,
    StatsField,
    TotalsField,
    bucket_field,
    bucket_key,
    cells_field,
    run_stats_key,
    tenant_of,
)

# `said` is what `Sums.as_json` writes. Keys are put together here, since Redis' clock names the bucket.
ADD_TO_STATISTICS = f"""
local function add_to_statistics(said, at)
  local sums = cjson.decode(said)
  redis.call('ZREMRANGEBYSCORE', '{COUNTED_RUNS}', '-inf', string.format('%.0f', at - {RUN_COUNTED_SECONDS}))
  local scope = sums.scope
  local has_place = redis.call('ZSCORE', '{COUNTED_RUNS}', scope)
  if not has_place and redis.call('ZCARD', '{COUNTED_RUNS}') >= {MOST_RUNS_COUNTED} then scope = '{OTHER_RUNS}'
  else redis.call('ZADD', '{COUNTED_RUNS}', string.format('%.0f', at), scope) end
  local start = string.format('%d', math.floor(at / {BUCKET_SECONDS}) * {BUCKET_SECONDS})
  local run, bucket = '{run_stats_key("")}' .. scope, '{bucket_key("", 0)[:-2]}' .. sums.tenant .. ':' .. start
  for field, by in pairs(sums.run) do
    redis.call('HINCRBY', run, field, by)
    redis.call('HINCRBY', bucket, scope .. '{bucket_field("", "")}' .. field, by)
  end
  if scope ~= '{OTHER_RUNS}' then redis.call('EXPIRE', run, {RUN_COUNTED_SECONDS}) end
  redis.call('EXPIRE', bucket, {BUCKETS_KEPT_SECONDS})
  if sums.failed > 0 then redis.call('HINCRBY', '{TOTALS}', '{TotalsField.FAILED}', sums.failed) end
end
"""


def sums(
    scope: str, columns: Mapping[int, Columns], chunk: Chunk, result: ChunkResult, *, cached: int, failed: int
) -> str:
    """What `add_to_statistics` reads: the counts of one chunk. Cells that were not asked for count as nothing."""
    counts = _by_kind_and_verdict(columns, chunk, result)
    counts |= {
        StatsField.EXECUTED: result.executed,
        StatsField.CACHED: cached,
        StatsField.CPU_MS: max(0, round(result.cpu_seconds * 1000)),
        StatsField.WALL_MS: max(0, round(result.wall_seconds * 1000)),
    }
    run = {field: count for field, count in counts.items() if count}
    return json.dumps({"scope": scope, "tenant": tenant_of(scope), "run": run, "failed": min(failed, 1)})


def _by_kind_and_verdict(columns: Mapping[int, Columns], chunk: Chunk, result: ChunkResult) -> dict[str, int]:
    counted: Counter[tuple[str, str]] = Counter()
    for part, judged in zip(chunk.parts, result.parts, strict=True):
        kinds = [test.kind for test in columns[part.problem].tests]
        for row, said in zip(part.rows, judged.rows, strict=True):
            counted.update(_of_row(row, kinds, said.verdicts))
    return {
        cells_field(kind, verdict): count for (kind, verdict), count in counted.items() if verdict != Verdict.SKIPPED
    }


def _of_row(row: Row, kinds: Sequence[str], verdicts: str) -> Counter[tuple[str, str]]:
    if row.counts is None:
        return Counter(zip(kinds, verdicts, strict=True))
    counted: Counter[tuple[str, str]] = Counter()
    wanted = range(len(kinds)) if row.columns is None else row.columns
    for index, count in zip(wanted, row.counts, strict=True):
        counted[kinds[index], verdicts[index]] += count
    return counted
