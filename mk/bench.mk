# SPDX-License-Identifier: GPL-2.0-or-later
# Figures, as ratios in one run; see docs/benchmarks.md.

BENCH := $(O)/bench
# Everything but the command line.
BENCH_OBJ := $(filter-out $(O)/obj/vmm/cli/%,$(OBJ))
BENCH_BIN := $(patsubst tests/bench/%.c,$(BENCH)/%,$(filter-out tests/bench/ratio.c,$(wildcard tests/bench/*.c)))

$(BENCH_BIN): $(BENCH)/%: $(O)/obj/tests/bench/%.o $(O)/obj/tests/bench/ratio.o $(BENCH_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lm

# The floors of a start and of a script: programs of their own, with nothing of ours in them.
BENCH_FLOORS := $(patsubst tests/bench/$(ARCH)/%.c,$(BENCH)/%,$(wildcard tests/bench/$(ARCH)/*.c))
$(BENCH_FLOORS): $(BENCH)/%: tests/bench/$(ARCH)/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<

bench-build: all $(BENCH_BIN) $(BENCH_FLOORS)

bench: bench-build ## measure: what an exit, a start, the memory and a lab's start cost, as ratios
	$(Q)tests/bench/run

-include $(wildcard $(O)/obj/tests/bench/*.d)

.PHONY: bench bench-build
.SECONDARY: $(O)/obj/tests/bench/ratio.o
