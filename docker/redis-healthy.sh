#!/bin/sh
# For the health check: Redis answers, and has read its append-only file to the end.
set -eu
if [ -n "${REDIS_PASSWORD:-}" ]; then REDISCLI_AUTH=$REDIS_PASSWORD; export REDISCLI_AUTH; fi
[ "$(redis-cli ping)" = PONG ]
