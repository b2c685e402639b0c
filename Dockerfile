# The package as `npm pack` makes it, without a shell of ours around it: an init, git and bubblewrap beside Node.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /source
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm pack --pack-destination /package

FROM node:24.21.0-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends bubblewrap ca-certificates git tini \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /package/autopack-*.tgz /package/autopack.tgz
RUN npm install --global --no-audit --no-fund /package/autopack.tgz && rm -rf /package /root/.npm \
  && install --directory --owner node --group node --mode 1777 /state
ENV AUTOPACK_HOME=/state
USER node
ENTRYPOINT ["tini", "--", "autopack"]
CMD ["--help"]
