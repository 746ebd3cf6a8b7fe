# SPDX-License-Identifier: GPL-3.0-or-later
#
# The work is done by the Go tool and the scripts in packaging/; every target can
# be run by hand as well. Needed: Debian 12 or newer with Go and make.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
GOFLAGS_BUILD = -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.version=$(VERSION)"
FUZZTIME ?= 3000x

# One static binary for every platform: cgo is off, explicitly. The race
# detector alone needs it.
export CGO_ENABLED = 0

.PHONY: build run test check unit race fuzz e2e bench bench-turn soak bench-dht bench-enrol dht-full churn-dht soak-dht check-systemd check-windows check-exe deps clean

build:
	go build $(GOFLAGS_BUILD) -o bin/jamibox ./cmd/jamibox

# Starts on unprivileged ports with its data in ./data and prints where to go on.
run: build
	@JAMIBOX_SERVER_LISTEN=$${JAMIBOX_SERVER_LISTEN-:8443} JAMIBOX_SERVER_HTTP_LISTEN=$${JAMIBOX_SERVER_HTTP_LISTEN-:8080} \
		bin/jamibox serve --data-dir $${JAMIBOX_DATA_DIR-data}

# All that CI runs.
test: deps check unit race fuzz check-exe e2e

check:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt on the files above"; exit 1; }
	go vet ./...
	go vet -tags e2e ./...
	GOOS=windows GOARCH=amd64 go vet ./...
	GOOS=linux GOARCH=arm64 go vet ./...
	go tool staticcheck ./...
	go mod verify
	packaging/offline.sh

unit:
	go test ./...

race:
	CGO_ENABLED=1 go test -race ./...

# Each fuzz target for a while; longer with FUZZTIME=10m. A count, since Go ends a
# run by time with an error now and then.
fuzz:
	packaging/fuzz.sh $(FUZZTIME)

# Real Jami clients in network namespaces; needs root.
e2e:
	go test -tags e2e -count=1 -timeout 30m ./appliance/e2e/...

bench:
	go test -run '^$$' -bench . -benchtime 3x -timeout 30m ./appliance/bench
	go test -run '^$$' -bench . -benchtime 5x -timeout 10m ./cmd/jamibox
	go test -run '^$$' -bench BenchmarkSearch -benchtime 60x -timeout 20m ./enroll/directory
	go test -run '^$$' -bench Sync -benchtime 1x -timeout 10m ./enroll/directory/sync

# The relay beside coturn in one run; needs root. Ten minutes on a quiet machine,
# twenty at most on a busy one.
bench-turn:
	go run ./turn/bench figures $(BENCHFLAGS)

# The relay under a mixed load; shorter with BENCHFLAGS="-for 2m".
soak:
	go run ./turn/bench soak $(BENCHFLAGS)

# Both engines of the DHT in one run.
bench-dht:
	go run ./dht/bench $(BENCHFLAGS)

# Time from the password to the first message, with either engine of the DHT;
# needs root and real clients.
bench-enrol:
	go test -tags e2e -count=1 -run '^$$' -bench Registration -benchtime 3x -timeout 30m ./appliance/e2e

# The DHT node among real nodes for ten minutes; needs root, and debootstrap for
# a newer OpenDHT than the distribution's. JAMIBOX_NEWER_DHTNODE names more.
dht-full:
	newer=$$(dht/interop/newer.sh $${XDG_CACHE_HOME:-/var/cache}/jamibox-dhtnode) && \
	export JAMIBOX_NEWER_DHTNODE=$$newer$${JAMIBOX_NEWER_DHTNODE:+:$$JAMIBOX_NEWER_DHTNODE} && \
	go test -count=1 -v -timeout 30m ./dht/interop -args -full && go test -count=1 -v ./dht/conformance -args -slow

# Nodes join and leave around the box and, at the same time, around dhtnode; longer
# with BENCHFLAGS="-churn 1h".
churn-dht:
	go test -count=1 -v -timeout 3h -run Churn ./dht/interop -args $(or $(BENCHFLAGS),-churn 2m)

# The DHT node under load and a flood; longer with BENCHFLAGS="-soak 1h".
soak-dht:
	go run ./dht/bench $(or $(BENCHFLAGS),-soak 5m)

# The unit under a real systemd; needs root, debootstrap and systemd-container.
check-systemd:
	packaging/check-systemd.sh

# The Windows program under wine; check-exe without what a busy machine may fail.
check-windows:
	packaging/check-windows.sh
check-exe:
	packaging/check-windows.sh steady

deps:
	packaging/deps.sh test

clean:
	rm -rf bin dist
