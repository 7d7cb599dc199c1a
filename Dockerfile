# syntax=docker/dockerfile:1
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --profile dist --locked && install -d -m 0700 -o 65532 -g 65532 /data

# glibc and its resolver, nothing to run but the proxy.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Limpid" \
      org.opencontainers.image.description="A self-hosted RSS/Atom republishing proxy" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/dist/limpid /limpid
COPY --from=build --chown=65532:65532 /data /data
# Inside a container the readers' door must be open to the outside of it.
ENV LIMPID_SERVER_LISTEN='["0.0.0.0:8080"]' LIMPID_STORE_PATH=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/limpid", "health"]
ENTRYPOINT ["/limpid"]
CMD ["serve"]
