# logwatch in a container: docs/railway.md and docs/serve.md say how it is set up, with LOGWATCH_* and RAILWAY_TOKEN.
FROM rust:1.91-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /logwatch
COPY . .
RUN cargo build --release --locked --bin logwatch

FROM debian:bookworm-slim
# The authorities whose certificates are trusted.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin logwatch \
    && install -d -o logwatch -g logwatch /data
COPY --from=build /logwatch/target/release/logwatch /usr/local/bin/logwatch
USER logwatch
WORKDIR /data
# Others reach the page: LOGWATCH_TOKEN is what they have to know, and without it nothing is served.
ENV LOGWATCH_SERVE=0.0.0.0:8787
EXPOSE 8787
# The image has no program that asks for a page, but a shell that can.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8787 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q ok <&3"]
ENTRYPOINT ["logwatch"]
CMD ["watch"]
