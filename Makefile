# make demo and make test are all a newcomer needs, on Debian 12 or Ubuntu 24.04.
# Each installs what is missing and does nothing where it is there.

SHELL := /bin/bash
export PATH := $(CURDIR)/.cache/go/bin:$(PATH)
ifdef METRICSLAM_DATA
export METRICSLAM_DATA := $(abspath $(METRICSLAM_DATA))
endif

# One set of flags for builds and tests, so that they share the build cache.
export GOFLAGS ?= -trimpath -buildvcs=false
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# The packages that need no cgo.
CORE := geom optimize slam tracking mapfile mapping marker photometric calibration rolling multiview fusion texture export bag eval join fleet tiles storage

.PHONY: dist dist-check demo test fuzz fleet-test setup packages go onnxruntime three build race bench lint clean

demo: build
	@scripts/demo.sh

test: build
	@scripts/formats.sh
	@scripts/mlserver.sh
	@scripts/chromium.sh
	@scripts/versitygw.sh
	go test -timeout 15m ./...
	@scripts/fuzz.sh 2s

# Hours of it: make fuzz FUZZTIME=1h is for each of the fuzz tests.
FUZZTIME ?= 10m
fuzz: setup
	@scripts/fuzz.sh $(FUZZTIME)

# Many recordings through a real Slurm on this machine; needs root (docs/fleet.md).
fleet-test: build
	@scripts/fleet_test.sh

setup: packages go onnxruntime three

packages:
	@scripts/packages.sh

go: packages
	@scripts/go.sh

onnxruntime: packages
	@scripts/onnxruntime.sh

three: packages
	@scripts/three.sh

build: setup
	go build -ldflags '-X main.version=$(VERSION)' -o bin/metricslam ./cmd/metricslam
	go build -ldflags '-s -w' -o bin/metricslam-storage ./cmd/metricslam-storage

# An archive and a Debian package for machines without compiler, Go or Python.
dist: setup
	@scripts/dist.sh $(VERSION)

# Tries both in bare Debian 12 and 13; as root.
dist-check: dist
	@scripts/dist_check.sh bookworm trixie

# The toolchain of scripts/go.sh has no race detector; this needs a full one.
race: setup
	go test -race -timeout 20m $(CORE:%=./%/...) ./pipeline/...

# Against the times of this machine that are kept in .cache/bench, or keeps these.
bench: build
	@scripts/bench.sh

lint: setup
	@files=$$(gofmt -l $$(go list -f '{{.Dir}}' ./...)); test -z "$$files" || { echo "not formatted:"; echo "$$files"; exit 1; }
	go vet ./...
	CGO_ENABLED=0 go vet $(CORE:%=./%/...)
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	@! command -v shellcheck >/dev/null || shellcheck scripts/*.sh .ci/run

# Keeps .cache, which holds what was downloaded.
clean:
	rm -rf bin results

include training/train.mk
