"""`python -m crossjudge.worker.health`: is a worker of this host alive? For the health check of its image."""

import socket
import sys

from redis import RedisError

from crossjudge.contracts import load_json
from crossjudge.contracts.queue import WORKER_INFO, WORKER_SILENT_SECONDS, WORKERS, WorkerInfo

from .patience import connect
from .settings import WorkerSettings


def main() -> None:
    """Ends with status 0 where one is, and says why with status 1 where none is."""
    settings = WorkerSettings()
    try:
        with connect(settings.redis_url) as redis:
            now, _ = redis.time()  # the clock of this machine may be another
            alive = redis.zrangebyscore(WORKERS, now - WORKER_SILENT_SECONDS, "+inf")
            said = redis.hmget(WORKER_INFO, alive) if alive else []
    except RedisError as error:
        sys.exit(f"Redis does not answer: {error}")
    infos = [WorkerInfo.model_validate(load_json(each)) for each in said if each]
    if not any(info.host == socket.gethostname() for info in infos):
        sys.exit(f"no worker of {socket.gethostname()} is alive; alive elsewhere: {len(infos)}")


if __name__ == "__main__":
    main()
