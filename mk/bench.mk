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

# The floor of a start: a program of its own, with nothing of ours in it.
$(BENCH)/bare: tests/bench/$(ARCH)/bare.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<

bench-build: all $(BENCH_BIN) $(if $(wildcard tests/bench/$(ARCH)/bare.c),$(BENCH)/bare)

bench: bench-build ## measure: what an exit, a start, the memory and a lab's start cost, as ratios
	$(Q)tests/bench/run

-include $(wildcard $(O)/obj/tests/bench/*.d)

.PHONY: bench bench-build
.SECONDARY: $(O)/obj/tests/bench/ratio.o
