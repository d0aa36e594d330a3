# Redis as this project needs it: nothing accepted is lost, nothing runs as root, and its password, where there is one, is
# in no list of processes. Built from the repository's root:
#   docker build -f docker/redis.Dockerfile -t crossjudge-redis .
FROM redis:7-bookworm
RUN mkdir -p /data && chown redis:redis /data
COPY --chmod=0555 docker/redis-start.sh docker/redis-healthy.sh /usr/local/bin/
USER redis
WORKDIR /data
VOLUME /data
EXPOSE 6379
ENTRYPOINT ["redis-start.sh"]
