# syntax=docker/dockerfile:1
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --profile dist --locked && deploy/image/rootfs target/dist/limpid /image

# The program and the libraries it is linked with; nothing else to run.
FROM scratch
COPY --from=build /image/ /
COPY --from=build --chown=65532:65532 /image/data /data
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Limpid" \
      org.opencontainers.image.description="A self-hosted RSS/Atom republishing proxy" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Inside a container the readers' door must be open to the outside of it.
# Without these glibc's heap holds more for each feed than it must: docs/performance.md.
ENV MALLOC_MMAP_THRESHOLD_=65536 MALLOC_ARENA_MAX=4
ENV LIMPID_SERVER_LISTEN='["0.0.0.0:8080"]' LIMPID_STORE_PATH=/data HOME=/data
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/limpid", "health"]
ENTRYPOINT ["/limpid"]
CMD ["serve"]
