/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of devices: through the IOAPIC (82093AA datasheet), the pair of
 * 8259 PICs behind the local APIC's LINT0, or as messages.
 */
#include "x86.h"

#define IOAPIC_BASE    0xfec00000ull
#define IOAPIC_INDEX   0x00
#define IOAPIC_DATA    0x10
#define IOAPIC_VERSION 1
#define REDIR(pin)     (0x10 + 2 * (pin))
#define REDIR_LEVEL    (1 << 15)
#define REDIR_MASKED   (1 << 16)

#define PIC_MASTER  0x20
#define PIC_SLAVE   0xa0
#define PIC_ELCR    0x4d0
#define PIC_EOI	    0x60 /* specific, OCW2 */
#define PIC_CASCADE 2

#define LVT_EXTINT (7 << 8)

struct action {
	irq_handler handler;
	void *arg;
};

static struct action actions[256];
static unsigned int nr_pins;
static bool has_pic, use_pic;
static uint8_t pic_mask[2] = {0xff, 0xff};

static void ioapic_write(unsigned int reg, uint32_t value)
{
	mmio_write32(IOAPIC_BASE + IOAPIC_INDEX, reg);
	mmio_write32(IOAPIC_BASE + IOAPIC_DATA, value);
}

static uint32_t ioapic_read(unsigned int reg)
{
	mmio_write32(IOAPIC_BASE + IOAPIC_INDEX, reg);
	return mmio_read32(IOAPIC_BASE + IOAPIC_DATA);
}

static void pic_set_mask(unsigned int line, bool masked)
{
	unsigned int chip = line / 8;

	if (masked)
		pic_mask[chip] |= 1 << line % 8;
	else
		pic_mask[chip] &= ~(1 << line % 8);
	outb((chip ? PIC_SLAVE : PIC_MASTER) + 1, pic_mask[chip]);
}

/* ICW1 to ICW4 of the 8259A datasheet: vectors, cascade on input 2, 8086 mode. All inputs masked. */
static void pic_init(void)
{
	for (unsigned int chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? PIC_SLAVE : PIC_MASTER;

		outb(port, 0x11);
		outb(port + 1, VECTOR_PIC + 8 * chip);
		outb(port + 1, chip ? PIC_CASCADE : 1 << PIC_CASCADE);
		outb(port + 1, 0x01);
		outb(port + 1, 0xff);
	}
}

void irq_controllers_init(void)
{
	uint32_t version;

	pic_init();
	/* With the mask just written it must read back; nothing there reads all ones, so a second value is tried. */
	outb(PIC_MASTER + 1, 0xfb);
	has_pic = inb(PIC_MASTER + 1) == 0xfb;
	pic_mask[0] = 0xfb; /* the cascade stays open */

	version = ioapic_read(IOAPIC_VERSION);
	if (version != UINT32_MAX)
		nr_pins = (version >> 16 & 0xff) + 1;
	if (nr_pins > 32)
		nr_pins = 32;
	for (unsigned int pin = 0; pin < nr_pins; pin++)
		ioapic_write(REDIR(pin), REDIR_MASKED);
	/* Without a local APIC the PIC's output is the CPU's own interrupt pin. */
	use_pic = !lapic_present() && has_pic;
	machine.irqchip = use_pic ? "pic" : nr_pins && lapic_present() ? "ioapic" : "none";
	machine.can_msi = lapic_present();
}

bool irq_use(const char *name)
{
	if (!strcmp(name, "ioapic")) {
		if (!nr_pins || !lapic_present())
			return false;
		use_pic = false;
		lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
		machine.irqchip = "ioapic";
		return true;
	}
	if (!strcmp(name, "pic") && has_pic) {
		use_pic = true;
		if (lapic_present())
			lapic_write(LAPIC_LVT_LINT0, LVT_EXTINT);
		machine.irqchip = "pic";
		return true;
	}
	return false;
}

bool irq_enable(unsigned int line, enum irq_trigger trigger, unsigned int cpu, irq_handler handler,
		void *arg)
{
	unsigned int vector = (use_pic ? VECTOR_PIC : VECTOR_IOAPIC) + line;
	bool level = trigger == IRQ_LEVEL;

	/* The PIC's output goes to CPU 0 alone. */
	if (line >= (use_pic ? 16 : nr_pins) || cpu >= machine.nr_cpus || (use_pic && cpu))
		return false;
	actions[vector] = (struct action){handler, arg};
	if (use_pic) {
		uint8_t elcr = inb(PIC_ELCR + line / 8) & ~(1 << line % 8);

		outb(PIC_ELCR + line / 8, elcr | level << line % 8);
		pic_set_mask(line, false);
	} else {
		ioapic_write(REDIR(line) + 1, cpus[cpu].hwid << 24);
		ioapic_write(REDIR(line), vector | (level ? REDIR_LEVEL : 0));
	}
	return true;
}

void irq_disable(unsigned int line)
{
	if (line >= (use_pic ? 16 : nr_pins))
		return;
	if (use_pic)
		pic_set_mask(line, true);
	else
		ioapic_write(REDIR(line), REDIR_MASKED);
}

/* SDM volume 3, "Message Signalled Interrupts": fixed delivery, edge, physical destination. */
bool msi_enable(unsigned int cpu, irq_handler handler, void *arg, struct msi *msi)
{
	if (!lapic_present() || cpu >= machine.nr_cpus)
		return false;
	/* Round and round, so that a late message of an old user does not reach the next one. */
	for (unsigned int i = 0; i < NR_MSI; i++) {
		static unsigned int turn;
		unsigned int v = VECTOR_MSI + turn++ % NR_MSI;

		if (actions[v].handler)
			continue;
		actions[v] = (struct action){handler, arg};
		*msi = (struct msi){.address = 0xfee00000 | cpus[cpu].hwid << 12, .data = v};
		return true;
	}
	return false;
}

void msi_disable(const struct msi *msi)
{
	actions[msi->data & 0xff].handler = NULL;
}

void vector_handler(unsigned int vector, irq_handler handler, void *arg)
{
	actions[vector & 0xff] = (struct action){handler, arg};
}

/* A PIC interrupt that is gone by the time it is acknowledged shows as input 7 with nothing in service. */
static bool pic_spurious(unsigned int line)
{
	uint16_t port = line < 8 ? PIC_MASTER : PIC_SLAVE;

	if (line % 8 != 7)
		return false;
	outb(port, 0x0b); /* OCW3: read ISR */
	return !(inb(port) & 0x80);
}

static void pic_interrupt(unsigned int line)
{
	struct action *a = &actions[VECTOR_PIC + line];
	bool spurious = pic_spurious(line);

	if (a->handler && !spurious)
		a->handler(a->arg);
	if (line >= 8) {
		if (!spurious)
			outb(PIC_SLAVE, PIC_EOI | line % 8);
		outb(PIC_MASTER, PIC_EOI | PIC_CASCADE);
	} else if (!spurious) {
		outb(PIC_MASTER, PIC_EOI | line);
	}
}

void irq_dispatch(unsigned int vector)
{
	struct action *a = &actions[vector];

	if (vector == VECTOR_SPURIOUS)
		return;
	if (vector < VECTOR_IOAPIC) {
		pic_interrupt(vector - VECTOR_PIC);
		return;
	}
	if (vector == VECTOR_TIMER)
		timer_interrupt();
	else if (vector == VECTOR_IPI)
		ipi_interrupt();
	else if (a->handler)
		a->handler(a->arg);
	lapic_eoi();
}
