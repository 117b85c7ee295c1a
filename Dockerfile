# Linted in CI, which has no engine to build it. compose.yaml runs it.
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
    deploy/dist/compile \
    && install -D target/package/bai /image/bai \
    && install -d -m 700 /image/folders/var/lib/bai \
    && install -d -m 1777 /image/folders/tmp

# The binary and nothing else: it needs no library, no shell and no list of users, and has the web's roots in it.
FROM scratch
COPY --from=build /image/bai /usr/bin/bai
# The database's folder, and one for commands that make a scratch copy, such as an import.
COPY --from=build --chown=65532:65532 /image/folders /
ENV BAI_SERVER__LISTEN=0.0.0.0:8090 \
    BAI_STORE__PATH=/var/lib/bai/bai.redb \
    PATH=/usr/bin
USER 65532:65532
WORKDIR /var/lib/bai
VOLUME /var/lib/bai
EXPOSE 8090
HEALTHCHECK --interval=30s --timeout=10s --start-period=1m CMD ["/usr/bin/bai", "health"]
ENTRYPOINT ["/usr/bin/bai"]
CMD ["serve"]
