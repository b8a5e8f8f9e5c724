# Thin targets over npm scripts. What they need is installed and built when it is missing or out of date.

PORT ?= 2000
HOST ?= 127.0.0.1
IO ?= events
STRING ?= abc
COMMAND ?= ps

SOURCES := $(shell find server client shared test -name '*.ts' -o -name '*.c' -o -name '*.css' -o -name '*.py' -o -name '*.proto' -o -name '*.html' -o -name '*.svg')
INSTALLED := node_modules/.package-lock.json
BUILT := dist/.built

.PHONY: help install build demo server client cluster tms tmc svr wps lab check wall test test-unit soak bench exercise lint format coverage clean

help:
	@echo 'make install    install the dependencies, build, and print how to put the commands on your PATH'
	@echo 'make build      compile to dist/'
	@echo 'make demo       replay the tutorial in real terminals, then compare four I/O models (FAST=1: no pauses)'
	@echo 'make server     start strsvr and print everything it does (PORT=2000 HOST=127.0.0.1 IO=events)'
	@echo 'make client     start strclnt (HOST=127.0.0.1 PORT=2000)'
	@echo 'make tms        start tms, which sends 10,000 copies of a string (PORT=2000 HOST=127.0.0.1)'
	@echo 'make tmc        start tmc, which sends the string to tms (HOST=127.0.0.1 PORT=2000 STRING=abc)'
	@echo 'make svr        start svr, which runs w or ps for its clients (PORT=8888 HOST=127.0.0.1)'
	@echo 'make wps        start wps, a client of svr (HOST=127.0.0.1 PORT=8888 COMMAND=ps)'
	@echo 'make cluster    start three members of etcd and three servers of one text (PORT=2000; DEMO=1: play a session)'
	@echo 'make lab        compare asynchronous I/O with threads and write results/report.html (under two minutes)'
	@echo 'make test       run all tests but the slow ones, in three minutes'
	@echo 'make test-unit  run the unit tests, in under 10 s'
	@echo 'make soak       run the long tests: load, attacks, crashes, disk faults, mutations; about three hours'
	@echo 'make exercise   list servers with one seeded fault each, to find and fix; N=4 builds the fourth (HINT=1, CHECK=1)'
	@echo 'make check      check any server and say what is wrong (CMD="python3 server.py {port}", or HOST=127.0.0.1 PORT=2000)'
	@echo 'make wall       show who waits for whom, in a browser, with clients that type (IO=blocking PORT=2000 HTTP=127.0.0.1:8080 BOTS=7)'
	@echo 'make bench      compare the speed of strsvr with C, Python and its targets; about 7 minutes (QUICK=1: fewer runs)'
	@echo 'make lint       check style and formatting'
	@echo 'make format     fix style and formatting'
	@echo 'make coverage   run all tests, with the slow ones, check coverage, and write a report'
	@echo 'make clean      delete dist and coverage'

$(INSTALLED): package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(BUILT): $(INSTALLED) tsconfig.json $(SOURCES)
	npm run --silent build
	@touch $@

install: $(BUILT)
	@echo 'Installed and built. To put strsvr, strclnt, strlab, strcheck, strwall, tms, tmc, svr and wps-client on your PATH, type: npm link'

build: $(BUILT)

# Not through npm, which would add lines of its own at Ctrl-C.
demo: $(BUILT)
	@node dist/test/demo/demo.js

server: $(BUILT)
	@node dist/server/strsvr.js $(PORT) --host $(HOST) --io $(IO) --verbose

client: $(BUILT)
	@node dist/client/strclnt.js $(HOST) $(PORT)

tms: $(BUILT)
	@node dist/server/tutorial/tms.js $(PORT) --host $(HOST)

tmc: $(BUILT)
	@node dist/client/tutorial/tmc.js $(HOST) $(PORT) '$(STRING)'

svr wps: PORT = 8888

svr: $(BUILT)
	@node dist/server/tutorial/svr.js $(PORT) --host $(HOST)

wps: $(BUILT)
	@node dist/client/tutorial/wps.js $(HOST) $(PORT) $(COMMAND)

cluster: $(BUILT)
	@node dist/test/demo/cluster.js $(if $(DEMO),--demo,$(PORT))

lab: $(BUILT)
	@node dist/client/lab/strlab.js run all --quick --out results

check: $(BUILT)
	@node dist/client/check/strcheck.js $(if $(CMD),-- $(CMD),$(HOST) $(PORT))

# One person sees the point with bots; HTTP=0.0.0.0:8080 opens the wall to the room.
wall: HTTP ?= 127.0.0.1:8080
wall: BOTS ?= 7
wall: $(BUILT)
	@node dist/client/wall/strwall.js --http $(HTTP) --bots $(BOTS) -- strsvr $(PORT) --io $(IO)

test: $(BUILT)
	@npm run --silent test

test-unit: $(BUILT)
	@npm run --silent test:unit

soak: $(BUILT)
	@node dist/test/soak/soak.js

exercise: $(BUILT)
	@node dist/test/mutations/exercise.js $(N) $(if $(CHECK),check,$(if $(HINT),hint))

bench: $(BUILT)
	@node dist/client/lab/strlab.js bench --out results/bench $(if $(QUICK),--quick)

lint: $(INSTALLED)
	@npm run --silent lint

format: $(INSTALLED)
	@npm run --silent format

coverage: $(BUILT)
	@npm run --silent coverage
	@npx c8 report --reporter html
	@echo 'The report is in coverage/index.html'

clean:
	rm -rf dist coverage
