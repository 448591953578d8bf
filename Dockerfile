# syntax=docker/dockerfile:1

# The service in an image without a shell and a package manager. It needs your PostgreSQL (DB_HOST); the binaries of its own are not
# included.

FROM node:24.11.1-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The runtime comes with the last stage; the optional dependencies are the service's own PostgreSQL.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/bun node_modules/.bin

FROM oven/bun:1.4.5-slim AS page
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json tsconfig.json ./
COPY scripts/build-web.ts scripts/
COPY src src
COPY web web
RUN bun --no-env-file scripts/build-web.ts

FROM oven/bun:1.4.5-distroless
WORKDIR /app
# The engine lets its heap grow by the memory of the machine; told that there are 272 MiB it collects in time.
ENV NODE_ENV=production SERVER_HOST=0.0.0.0 BUN_JSC_forceRAMSize=285212672
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY migrations migrations
COPY src src
COPY scripts/orders-in-image orders
COPY --from=page /app/build build
# By number, so that Kubernetes can verify that it is not root; in this image it is the account nonroot.
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["bun", "--no-env-file", "-e", "const answer = await fetch(`http://127.0.0.1:${process.env.SERVER_PORT || 8080}/readyz`); process.exit(answer.ok ? 0 : 1)"]
# No shell between Docker and the service, so that it gets the SIGTERM that stops it gracefully. Commands:
# docker exec … ./orders doctor
ENTRYPOINT ["bun", "--no-env-file"]
CMD ["src/main.ts"]
