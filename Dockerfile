# docker build -t wechat-pay .
#
# Try it: the built-in simulator is WeChat, on SQLite in a volume (the shop is http://127.0.0.1:8360/, the phone :8361)
#
#   docker run --rm -p 127.0.0.1:8360:8360 -p 127.0.0.1:8361:8361 -e WECHAT_PAY__SIMULATOR__LISTEN=0.0.0.0:8361 \
#       -e WECHAT_PAY__SIMULATOR__ACCEPT_DATABASE=true wechat-pay
#
# The last word because a container listens where other machines could reach it, and everybody knows the simulator's key. For the console,
# too: -p 127.0.0.1:8363:8363 -e WECHAT_PAY__CONSOLE__LISTEN=0.0.0.0:8363 (as it stands it listens inside the container alone).
#
# Every key of config/default.toml is an environment variable; a profile's file is looked for at /app/config.

FROM docker.io/library/rust:1.95-slim-trixie AS build
WORKDIR /build
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*

# What others wrote changes rarely: built once, kept in a layer of its own.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo '//! Nothing yet.' > src/lib.rs \
    && echo '//! Nothing yet.\nfn main() {}' > src/main.rs \
    && cargo build --release --locked \
    && rm -r src

COPY config config
COPY migrations migrations
COPY src src
# Newer than what was built from nothing.
RUN find src -name '*.rs' -exec touch {} + && cargo build --release --locked

FROM docker.io/library/debian:trixie-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 wechat-pay \
    && useradd --system --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin wechat-pay \
    && install -d /app && install -d -o wechat-pay -g wechat-pay /data
COPY --from=build /build/target/release/wechat-pay /usr/local/bin/wechat-pay

WORKDIR /app
USER 10001:10001
VOLUME /data
ENV WECHAT_PAY__DATABASE__URL=sqlite:///data/deal.db \
    WECHAT_PAY__SERVER__LISTEN=0.0.0.0:8360
EXPOSE 8360

# Ready is: the database can be reached, its schema is right, and it keeps what it acknowledges. bash is Debian's own and speaks TCP.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8360 && printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
# Finishes what is in hand and exits 0 within 10 s.
STOPSIGNAL SIGTERM
ENTRYPOINT ["wechat-pay"]
