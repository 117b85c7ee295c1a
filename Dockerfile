# Linted in CI, which has no engine to build it.
#
#   docker build -t bai .
#   docker run -d --name bai --restart unless-stopped -p 127.0.0.1:8090:8090 -v bai:/var/lib/bai \
#     -e BAI_WECHAT__PROVIDER=wechat -e BAI_WECHAT__APP_ID=wx… -e BAI_WECHAT__SECRET=… bai
#   docker exec bai bai --help
#
# The sandbox for WeChat runs on a loopback address only, unless told otherwise. To try bai out with it:
#   docker run --rm -p 127.0.0.1:8090:8090 -e BAI_WECHAT__SANDBOX_PUBLIC=true bai
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The caches outlive the build; what is in them is not in the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked \
    && install -D target/dist/bai /image/bai

# The same Debian, so the same glibc; the web's roots are in the binary.
FROM debian:bookworm-slim
RUN useradd --system --uid 65532 --home-dir /var/lib/bai --shell /usr/sbin/nologin bai \
    && install -d -m 700 -o bai -g bai /var/lib/bai
COPY --from=build /image/bai /usr/bin/bai
ENV BAI_SERVER__LISTEN=0.0.0.0:8090 \
    BAI_STORE__PATH=/var/lib/bai/bai.redb
USER 65532:65532
WORKDIR /var/lib/bai
VOLUME /var/lib/bai
EXPOSE 8090
HEALTHCHECK --interval=30s --timeout=10s --start-period=1m CMD ["/usr/bin/bai", "health"]
ENTRYPOINT ["/usr/bin/bai"]
CMD ["serve"]
