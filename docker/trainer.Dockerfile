# The trainer: contracts/, client/ and trainer/, with torch. Built from the repository's root:
#   docker build -f docker/trainer.Dockerfile -t crossjudge-trainer .
# torch comes with CUDA's libraries out of its wheels, so that of NVIDIA the host needs the driver and its container
# toolkit and nothing else. Without a GPU: --build-arg TORCH=cpu, some gigabytes less. TORCH=none leaves torch out, for
# the commands that only talk to a service.
FROM python:3.11-slim-bookworm AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
RUN pip install --no-cache-dir --disable-pip-version-check "uv>=0.10"
WORKDIR /app
ARG TORCH=cuda
ARG TORCH_VERSION=2.13.0
ARG TORCH_CPU_INDEX=https://download.pytorch.org/whl/cpu
COPY pyproject.toml uv.lock ./
# The exact versions of uv.lock, which holds no torch: for a CPU it comes from another index, without CUDA's packages.
# Asked for from /, or the settings in pyproject.toml would keep uv from it.
RUN set -eu; uv venv -q .venv; \
    uv export -q --locked --no-default-groups --extra trainer --no-emit-project --no-hashes -o locked.txt; \
    uv pip install -q -r locked.txt; \
    export VIRTUAL_ENV=/app/.venv; cd /; \
    case "$TORCH" in \
      cuda) uv pip install -q "torch==$TORCH_VERSION" ;; \
      cpu) uv pip install -q --index-url "$TORCH_CPU_INDEX" "torch==$TORCH_VERSION" ;; \
      none) ;; \
      *) echo "TORCH is cuda, cpu or none, not $TORCH" >&2; exit 1 ;; \
    esac
COPY README.md LICENSE ./
COPY contracts contracts
COPY client client
COPY trainer trainer
COPY examples/problems.jsonl examples/problems.jsonl
RUN uv pip install -q --no-deps .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10003 --no-create-home --home-dir /runs --shell /usr/sbin/nologin crossjudge \
    && install -d -o crossjudge /runs
COPY --from=build /app/.venv /app/.venv
COPY recipes /recipes
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HF_HOME=/runs/.cache TRITON_CACHE_DIR=/tmp/triton
USER 10003:10003
WORKDIR /runs
VOLUME /runs
ENTRYPOINT ["crossjudge"]
CMD ["--help"]
