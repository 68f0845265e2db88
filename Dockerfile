# syntax=docker/dockerfile:1
# One image for `writ migrate` and `writ serve`; configured by the environment (`writ config check --help` lists it).

FROM rust:1.95-bookworm AS build
WORKDIR /src
# The toolchain that the image brings: rust-toolchain.toml would fetch rustfmt and clippy, which nobody needs here.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY . .
# The queries' descriptions are checked in: no database is needed to build.
ENV SQLX_OFFLINE=true
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package server --bin writ \
    && cp target/release/writ /usr/local/bin/writ

FROM debian:bookworm-slim
# Certificate authorities, for databases and documents behind TLS.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin writ
COPY --from=build /usr/local/bin/writ /usr/local/bin/writ
COPY LICENSE /usr/share/doc/writ/LICENSE
USER 10001:10001
# Inside a container, loopback is nobody's: listen on every interface and publish what should be reachable.
ENV WRIT_LISTEN=0.0.0.0:9000 \
    WRIT_ADMIN_LISTEN=0.0.0.0:9001
EXPOSE 9000 9001
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["writ", "healthcheck"]
# `writ` drains on SIGTERM, which is what `docker stop` sends.
STOPSIGNAL SIGTERM
ENTRYPOINT ["writ"]
CMD ["serve"]
