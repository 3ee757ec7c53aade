# Forwards only: the build is CMake + Ninja, see CMakePresets.json.
.PHONY: help all check check-all bench fmt install
help:      ## this list
	@sed -n 's/^\([a-z-]*\): *## */  make \1	/p' $(MAKEFILE_LIST) | expand -t 20
all:       ## build/release/cuvee
	@scripts/need-packages build && scripts/build release
check:     ## what must pass before a commit
	@./check
check-all: ## sanitizers, oracles, long tests too
	@./check all
bench:     ## benchmark programs, in build/bench
	@scripts/need-packages build && scripts/build bench
fmt:       ## clang-format 14 over all sources
	@git ls-files '*.c' '*.h' | grep -v /gen/ | xargs clang-format-14 -i
install:   ## cmake --install of the release build; DESTDIR and PREFIX count
	@scripts/build release && cmake --install build/release $(if $(PREFIX),--prefix $(PREFIX))
