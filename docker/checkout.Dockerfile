# The demo's service with its auto-profiler. The context is the root of the repository: it imports autoprofiler/.
FROM golang:1.26 AS build
WORKDIR /src
COPY autoprofiler autoprofiler
COPY demo/service demo/service
RUN CGO_ENABLED=0 go build -C demo/service -trimpath -o /service .

FROM scratch
COPY --from=build /service /service
ENTRYPOINT ["/service"]
