#!/bin/sh
# redis-server, told on standard input what it needs: a password among its arguments could be read by everybody. What is
# given as arguments counts more.
set -eu
case ${REDIS_PASSWORD:-} in
*[!A-Za-z0-9_.~-]*) echo "REDIS_PASSWORD may hold letters, digits and _ . ~ - only: it stands in URLs too" >&2; exit 1 ;;
esac
# In the current folder, /data. Every write goes to the append-only file, and memory that runs out is an error, not a purge.
exec redis-server - "$@" <<EOF
appendonly yes
save ""
maxmemory ${REDIS_MEMORY:-0}
maxmemory-policy noeviction
protected-mode no
requirepass "${REDIS_PASSWORD:-}"
EOF
