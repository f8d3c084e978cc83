# Slipway's image: one for `slipway serve`, `slipway worker` and `slipway migrate`.
#
#   docker build --tag slipway .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --volume slipway:/var/lib/slipway --publish 8080:8080 slipway
#
# A release names the base by digest (docs/decisions/0006): --build-arg PYTHON_IMAGE=python:3.13-slim-trixie@sha256:...
ARG PYTHON_IMAGE=python:3.13-slim-trixie

# The wheel, built by the pinned backend.
FROM ${PYTHON_IMAGE} AS wheel
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
COPY requirements/build.txt requirements/build.txt
RUN python -m pip install --require-hashes --no-deps --only-binary :all: --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
RUN python -m hatchling build --target wheel --directory /wheel

# The environment: what is locked, and the wheel. Dependencies come first, so that a change of ours keeps their layer.
FROM ${PYTHON_IMAGE} AS environment
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/slipway
COPY requirements/runtime.txt /tmp/runtime.txt
RUN python -m pip --python /opt/slipway install --require-hashes --no-deps --only-binary :all: --requirement /tmp/runtime.txt
COPY --from=wheel /wheel /wheel
RUN python -m pip --python /opt/slipway install --no-index --no-deps /wheel/*.whl \
    && /opt/slipway/bin/slipway --help > /dev/null

# What runs: no pip, no apt, nothing to write to but the volume.
FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Slipway" \
      org.opencontainers.image.description="Provisions and runs Azure Kubernetes Service clusters for the tools inside a company" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN rm -rf /usr/local/lib/python3.*/site-packages/* /usr/local/lib/python3.*/ensurepip /usr/local/bin/pip* \
        /usr/bin/apt* /usr/lib/apt /var/lib/apt /var/cache/apt \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/slipway
COPY --from=environment /opt/slipway /opt/slipway
ENV PATH=/opt/slipway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/var/lib/slipway \
    SLIPWAY_DATABASE__URL=sqlite:////var/lib/slipway/slipway.sqlite3 \
    SLIPWAY_HTTP__HOST=0.0.0.0 \
    SLIPWAY_HTTP__PORT=8080 \
    SLIPWAY_LOG__FORMAT=json
# Versions 3.7.0 to 3.51.2 can lose a commit when two connections write or checkpoint at once; Slipway's writers take
# turns (docs/decisions/0004). /readyz tells the version too.
RUN python -c "import sqlite3; print('SQLite', sqlite3.sqlite_version)"
WORKDIR /var/lib/slipway
VOLUME /var/lib/slipway
EXPOSE 8080
USER 10001:10001
STOPSIGNAL SIGTERM
# Of `slipway serve`; run the worker with --no-healthcheck, its life is its heartbeat in the database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['SLIPWAY_HTTP__PORT']), timeout=4); c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["slipway"]
CMD ["serve"]
