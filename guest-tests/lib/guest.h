/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare-metal guest runtime: what a guest test may use.
 *
 * A guest is one C file with `int main(void)`. The runtime starts it on CPU 0
 * with the MMU on, all RAM and the board's devices mapped one to one, a stack
 * of GUEST_STACK_SIZE bytes, exceptions caught and interrupts off. Everything
 * is integer only: no x87, SSE, NEON or F registers.
 *
 * A guest ends by returning from main(): its status is 0 when at least one
 * report() was made and none failed, otherwise 1. Nothing here waits for ever:
 * what waits takes a limit in nanoseconds and says false when it passed.
 *
 * Functions may be called on any CPU unless they say otherwise. An address is
 * a guest physical address (gpa) unless it is called a virtual one (va).
 *
 * What lib/<arch>/ must provide stands in arch_api.h, and its types and inline
 * functions in lib/<arch>/arch.h.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_MAX_CPUS	 64
#define GUEST_STACK_SIZE 8192
#define GUEST_PAGE_SIZE	 4096ul

#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))
#define __printf(f, a) __attribute__((format(printf, f, a)))

#define NSEC_PER_USEC 1000ul
#define NSEC_PER_MSEC 1000000ul
#define NSEC_PER_SEC  1000000000ul

/* ---- Verdicts -------------------------------------------------------------- */

/* One line, "PASS: text" or "FAIL: text"; a failure makes the guest's status 1. */
void report(bool ok, const char *fmt, ...) __printf(2, 3);
/* "SKIP: text": this part cannot run here, and why. Neither good nor bad. */
void report_skip(const char *fmt, ...) __printf(1, 2);
/*
 * report(), but a failure that @bug explains (NULL: nothing does) is "KNOWN:
 * text: bug" and leaves the guest's status alone. @bug names a fault of the
 * host's kernel that is understood, recognised by its exact symptom, and says
 * where it is and since when it is right. Told as such, never as a pass.
 */
void report_known(bool ok, const char *bug, const char *fmt, ...) __printf(3, 4);
/* "INFO: text", for measured numbers and the like. */
void report_info(const char *fmt, ...) __printf(1, 2);

/* What main()'s return does: prints the summary line and ends the VM with the status. */
void guest_exit(void) __attribute__((noreturn));
/* Ends the VM without a summary, each in its own way (DESIGN: outcome). */
void guest_shutdown(unsigned int code) __attribute__((noreturn)); /* 0 good, 1 to 127 not */
void guest_reset(void) __attribute__((noreturn));
void guest_crash(void) __attribute__((noreturn));
/* Says why, then guest_crash(): for what makes going on pointless. */
void guest_panic(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));

/* ---- Scripts --------------------------------------------------------------- */

/*
 * Hands @value, by @name, to the script that started this guest (vm:boot()),
 * and gives its answer: 0 unless it gave one. Under `kvmbed run` it prints.
 */
uint64_t tell(const char *name, uint64_t value);

/* ---- Text and memory ------------------------------------------------------- */

/* %d %i %u %x %X %o %p %s %c %%, with width, '0', '-', '#', '.', h, hh, l, ll, z. A line is not torn by other CPUs. */
int printf(const char *fmt, ...) __printf(1, 2);
/* Sets the console's device up again, after a guest has written to its registers. */
void console_reset(void);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
/* Decimal or 0x hexadecimal; stops at the first other character. */
uint64_t parse_number(const char *s);

/* ---- The machine ----------------------------------------------------------- */

struct region {
	uint64_t start, size; /* bytes */
};

/* Filled before main(); not changed after. */
struct machine {
	const char *cmdline;   /* "" if none */
	unsigned int nr_cpus;  /* at most GUEST_MAX_CPUS */
	struct region ram[16]; /* sorted, with the image and boot data still in it */
	unsigned int nr_ram;
	uint64_t hole;	  /* 64 KiB at least where the board has nothing, mapped like MMIO */
	uint64_t testdev; /* base of the platform test device (devices/testdev_regs.h), 0 if none */
	unsigned int testdev_lines[4]; /* its interrupt lines, for irq_enable() */
	unsigned int nr_testdev_lines;
	const char *
		irqchip; /* the controller in use: "none", "ioapic", "pic", "gicv2", "gicv3", "plic", "aia" */
	bool can_msi; /* msi_enable() can work */
};
extern struct machine machine;

/*
 * "NAME=VALUE" words of the command line tell a guest its variant. The value
 * of @name is copied, cut to @size (0: not at all), and true returned; a bare NAME gives "".
 */
bool option(const char *name, char *value, size_t size);
/* The value of @name is @value. */
bool option_is(const char *name, const char *value);
/* The value of @name as a number, or @fallback. */
uint64_t option_number(const char *name, uint64_t fallback);

/* ---- Access of exactly one instruction ------------------------------------- */

uint8_t mmio_read8(uint64_t va);
uint16_t mmio_read16(uint64_t va);
uint32_t mmio_read32(uint64_t va);
uint64_t mmio_read64(uint64_t va);
void mmio_write8(uint64_t va, uint8_t value);
void mmio_write16(uint64_t va, uint16_t value);
void mmio_write32(uint64_t va, uint32_t value);
void mmio_write64(uint64_t va, uint64_t value);
/* The same by size in bytes: 1, 2, 4, 8. */
uint64_t mmio_read(uint64_t va, unsigned int size);
void mmio_write(uint64_t va, uint64_t value, unsigned int size);

/* ---- Page tables ----------------------------------------------------------- */

#define MAP_WRITE  1u
#define MAP_EXEC   2u
#define MAP_DEVICE 4u /* not cached */

/*
 * Maps one page of GUEST_PAGE_SIZE in the page tables that all CPUs share, or
 * takes it away; the calling CPU's TLB is right afterwards, others need
 * tlb_flush_page(). Large pages of the boot map are split as needed. False
 * when the pool of page tables is empty or @va is not an address of this MMU.
 */
bool map_page(uint64_t va, uint64_t pa, unsigned int flags);
bool unmap_page(uint64_t va);
void tlb_flush_page(uint64_t va); /* this CPU's only */
/* One-to-one map of a range, outwards to whole pages; MAP_WRITE | MAP_DEVICE for devices. */
bool map_range(uint64_t pa, uint64_t size, unsigned int flags);
/* A zeroed page of RAM inside the image (its address is va and gpa), or NULL when the pool is empty. Never freed. */
void *page_alloc(void);

/* ---- Exceptions ------------------------------------------------------------ */

struct regs; /* lib/<arch>/arch.h: what the entry code saved */

enum exception_kind {
	EXC_OTHER,
	EXC_ILLEGAL, /* undefined or illegal instruction, trapped register: #UD; EC 0, 0x18; cause 2 */
	EXC_PAGE, /* no or wrong translation: #PF; translation, permission or access flag fault; cause 12, 13, 15 */
	EXC_ACCESS, /* refused after translation: #GP; external abort; cause 1, 5, 7 */
	EXC_ALIGN,  /* misaligned: #AC; alignment fault; cause 4, 6, 0 */
	EXC_BREAK,  /* #BP; brk; ebreak */
	EXC_DEBUG,  /* #DB; single step, watchpoint, hardware breakpoint */
	EXC_DIVIDE, /* #DE; only x86 has it */
	EXC_CALL,   /* a call into the hypervisor that came back as an exception */
	EXC_NR,
};

struct exception {
	enum exception_kind kind;
	bool write, fetch; /* EXC_PAGE, EXC_ACCESS: what was tried, where the architecture says */
	unsigned int
		vector; /* the architecture's own number: x86 vector, arm64 ESR.EC, riscv scause */
	uint64_t code;	/* x86 error code, arm64 ESR, riscv 0 */
	uint64_t addr;	/* EXC_PAGE, EXC_ACCESS, EXC_ALIGN: CR2, FAR, stval */
	uint64_t pc;	/* of the instruction */
};

const char *exception_name(enum exception_kind kind);

/*
 * Runs fn(arg). True if an exception ended it; @e (may be NULL) says which.
 * False if it returned, and @e is left alone. Nests; this CPU only. The
 * interrupt flag is as before afterwards.
 */
bool expect_exception(void (*fn)(void *arg), void *arg, struct exception *e);

/*
 * A handler that returns true resumes at regs_pc(regs), which it may change
 * with regs_set_pc(); false goes on as if there were no handler. Asked before
 * expect_exception(). NULL takes it away; returns the one before. All CPUs.
 */
typedef bool (*exception_handler)(const struct exception *e, struct regs *regs);
exception_handler on_exception(enum exception_kind kind, exception_handler handler);

/* ---- Interrupts ------------------------------------------------------------ */

/* This CPU's. irq_save() turns them off and says how they were, for irq_restore(). Inline in arch.h. */
static inline void irq_on(void);
static inline void irq_off(void);
static inline bool irq_save(void);
static inline void irq_restore(bool on);

typedef void (*irq_handler)(void *arg);

/*
 * @line is the board's own number: x86 GSI, arm64 INTID, riscv PLIC or APLIC
 * source. Delivered to @cpu. The handler runs with interrupts off and must
 * make a level-triggered device lower its line, or be called again; the end of
 * interrupt is signalled after it. False: no such line, or no controller.
 */
enum irq_trigger {
	IRQ_EDGE,
	IRQ_LEVEL,
};
bool irq_enable(unsigned int line, enum irq_trigger trigger, unsigned int cpu, irq_handler handler,
		void *arg);
void irq_disable(unsigned int line);
/*
 * Chooses one of several controllers of the board, before any irq_enable():
 * "ioapic" or "pic" on x86. False if it is not there. machine.irqchip follows.
 */
bool irq_use(const char *name);

/* A message that, written by a device, runs @handler on @cpu. False when the board takes none. */
struct msi {
	uint64_t address;
	uint32_t data;
	uint32_t devid; /* what the test device must send with it (its own requester id) */
};
bool msi_enable(unsigned int cpu, irq_handler handler, void *arg, struct msi *msi);
/* Takes the message's handler away; it may be sent afterwards, and is dropped. */
void msi_disable(const struct msi *msi);

/* ---- Time ------------------------------------------------------------------ */

/* Nanoseconds since some start; never goes back on one CPU. Right to about 1 %. */
uint64_t clock_ns(void);
void delay(uint64_t ns); /* spins; interrupts are not touched */

/*
 * This CPU's one-shot timer: @handler runs once as an interrupt, @ns from now
 * at the earliest. Starting it again moves it. timer_stop() is true if it had
 * not fired. False from timer_start(): this machine has no timer interrupt.
 */
bool timer_start(uint64_t ns, irq_handler handler, void *arg);
bool timer_stop(void);
/* Timer interrupts of this CPU that came while no timer ran: one can, if it fired while timer_stop() was called. */
unsigned int timer_strays(void);

/*
 * Waits until cond(arg), at most @ns. wait_until() spins with interrupts on;
 * idle_until() sleeps in the architecture's wait instruction, checks @cond
 * with interrupts off so that no wake-up is lost, and uses this CPU's timer
 * for the limit unless that is already running (then that must wake it).
 * Both return cond's last value and leave the interrupt flag as it was.
 */
bool wait_until(bool (*cond)(void *arg), void *arg, uint64_t ns);
bool idle_until(bool (*cond)(void *arg), void *arg, uint64_t ns);
/* The usual condition: *counter, as seen by another CPU or an interrupt, has reached @value. */
bool wait_count(const unsigned int *counter, unsigned int value, uint64_t ns);
bool idle_count(const unsigned int *counter, unsigned int value, uint64_t ns);

/* ---- CPUs ------------------------------------------------------------------ */

unsigned int cpu_id(void); /* 0 is the one that main() runs on */

/*
 * Runs fn(arg) on @cpu (not 0), which is started first if it is not up, with
 * interrupts on. Called on CPU 0. False: no such CPU, it is still busy, or it
 * did not come up within 5 s. cpu_wait(): fn has returned.
 */
bool cpu_start(unsigned int cpu, void (*fn)(void *arg), void *arg);
bool cpu_wait(unsigned int cpu, uint64_t ns);

/*
 * Inter-processor interrupts, numbered 0 to IPI_NR - 1; a CPU may send one to
 * itself. Equal ones that were sent before the first is handled may merge.
 */
#define IPI_NR 8
void ipi_handler(unsigned int n, irq_handler handler, void *arg); /* all CPUs; NULL to ignore */
void ipi_send(unsigned int cpu, unsigned int n);

struct spinlock {
	unsigned int locked;
};
void spin_lock(struct spinlock *lock); /* interrupts are not touched */
void spin_unlock(struct spinlock *lock);

/* Sequentially consistent; a counter is an unsigned int. */
static inline unsigned int atomic_add(unsigned int *p, unsigned int n) /* the new value */
{
	return __atomic_add_fetch(p, n, __ATOMIC_SEQ_CST);
}

static inline unsigned int atomic_get(const unsigned int *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static inline void atomic_set(unsigned int *p, unsigned int value)
{
	__atomic_store_n(p, value, __ATOMIC_SEQ_CST);
}

static inline bool atomic_cas(unsigned int *p, unsigned int from, unsigned int to)
{
	return __atomic_compare_exchange_n(p, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Per-CPU data: static PER_CPU(unsigned int, hits);  *this_cpu(hits) += 1;  *of_cpu(hits, 2) */
#define PER_CPU(type, name) \
	struct {            \
		type value; \
	} __attribute__((aligned(64))) name[GUEST_MAX_CPUS]
#define of_cpu(name, cpu) (&(name)[cpu].value)
#define this_cpu(name)	  of_cpu(name, cpu_id())

int main(void);

#include "arch.h"

#endif
