/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device models as Lua values, with no machine around them and no KVM: a script
 * makes accesses on a bus of the model's own, moves its inputs, and sees its
 * outputs. See script.h; docs/scripts.md has the page for people.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "devices/gicv2.h"
#include "devices/ioapic.h"
#include "devices/pic.h"
#include "devices/plic.h"
#include "devices/serial.h"
#include "script/script.h"

#define MODEL "kvmbed.model"

/* More lie between two looks of a script only by mistake. */
#define MOST_MESSAGES 4096
#define MOST_TEXT     65536

struct model {
	const struct model_kind *kind;
	struct bus bus;
	void *device;
	bool *outputs;
	unsigned int nr_inputs, nr_outputs;
	struct {
		uint64_t address;
		uint32_t data;
	} * messages; /* since the script looked last */
	unsigned int nr_messages;
	uint8_t *text; /* what a serial port has sent */
	size_t text_size;
	unsigned int cpu, nr_cpus; /* of a GIC: whose accesses these are, of how many */
};

struct model_kind {
	const char *name;
	/* With nr_inputs, nr_outputs and outputs set; 0 or -errno. @config is a table. */
	int (*create)(lua_State *L, struct model *m, int config);
	void (*destroy)(void *device);
	void (*input)(void *device, unsigned int n, bool level);
};

static struct model *check_model(lua_State *L)
{
	struct model *m = luaL_checkudata(L, 1, MODEL);

	if (!m->device)
		script_error(L, "this %s has been closed", m->kind->name);
	return m;
}

/* ---- what a model is connected to ---- */

static void on_output(void *ctx, unsigned int n, bool level)
{
	struct model *m = ctx;

	m->outputs[n] = level;
}

static int on_message(void *ctx, uint64_t address, uint32_t data, uint32_t devid)
{
	struct model *m = ctx;

	if (m->nr_messages == MOST_MESSAGES)
		return -ENOSPC;
	m->messages[m->nr_messages].address = address;
	m->messages[m->nr_messages++].data = data;
	return 1;
}

static void on_text(void *ctx, const uint8_t *data, size_t len)
{
	struct model *m = ctx;

	if (len > MOST_TEXT - m->text_size)
		len = MOST_TEXT - m->text_size;
	memcpy(m->text + m->text_size, data, len);
	m->text_size += len;
}

/* The table's number @name, or @otherwise; an error outside @least to @most. */
static unsigned int setting(lua_State *L, int config, const char *name, lua_Integer least,
			    lua_Integer most, lua_Integer otherwise)
{
	lua_Integer value = otherwise;
	int whole = 1;

	if (lua_getfield(L, config, name) != LUA_TNIL)
		value = lua_tointegerx(L, -1, &whole);
	lua_pop(L, 1);
	if (!whole || value < least || value > most)
		script_error(L, "%s must be a number from %lld to %lld", name, (long long)least,
			     (long long)most);
	return (unsigned int)value;
}

static int make_outputs(struct model *m, unsigned int nr)
{
	m->outputs = calloc(nr, sizeof(*m->outputs));
	m->nr_outputs = nr;
	return m->outputs ? 0 : -ENOMEM;
}

/* ---- the models ---- */

static int create_plic(lua_State *L, struct model *m, int config)
{
	struct plic_config c = {
		.nr_sources = setting(L, config, "sources", 1, PLIC_MAX_SOURCES, 31),
		.nr_contexts = setting(L, config, "contexts", 1, 64, 2),
		.priority_bits = setting(L, config, "priority_bits", 1, 32, 3),
	};
	uint32_t edge[PLIC_MAX_SOURCES / 32 + 1] = {0};
	struct irq_line lines[64];

	if (lua_getfield(L, config, "edge") == LUA_TTABLE) {
		for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
			lua_Integer source = lua_tointeger(L, -1);

			if (source < 1 || source > c.nr_sources)
				script_error(L, "edge lists sources, from 1 to %d",
					     (int)c.nr_sources);
			edge[source / 32] |= 1u << source % 32;
		}
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	if (make_outputs(m, c.nr_contexts))
		return -ENOMEM;
	for (unsigned int i = 0; i < c.nr_contexts; i++)
		lines[i] = (struct irq_line){on_output, m, i};
	c.outputs = lines;
	c.edge = edge;
	m->nr_inputs = c.nr_sources + 1;
	m->device = plic_create(&c);
	return m->device ? plic_attach(m->device, &m->bus, 0) : -errno;
}

static void destroy_plic(void *device)
{
	plic_destroy(device);
}

/* Where a GIC's two frames are on the model's bus. */
#define GIC_CPU_FRAME 0x10000

static unsigned int accessing_cpu(void *ctx)
{
	return ((struct model *)ctx)->cpu;
}

static int create_gicv2(lua_State *L, struct model *m, int config)
{
	struct irq_line irq[GICV2_MAX_CPUS], fiq[GICV2_MAX_CPUS];
	const struct gicv2_config c = {
		.nr_cpus = setting(L, config, "cpus", 1, GICV2_MAX_CPUS, 2),
		.nr_irqs = setting(L, config, "irqs", GICV2_MIN_IRQS, GICV2_MAX_IRQS, 64),
		.irq = irq,
		.fiq = fiq,
		.accessor = accessing_cpu,
		.ctx = m,
	};

	if (make_outputs(m, 2 * c.nr_cpus))
		return -ENOMEM;
	for (unsigned int i = 0; i < c.nr_cpus; i++) {
		irq[i] = (struct irq_line){on_output, m, 2 * i};
		fiq[i] = (struct irq_line){on_output, m, 2 * i + 1};
	}
	m->nr_cpus = c.nr_cpus;
	m->nr_inputs = c.nr_irqs;
	m->device = gicv2_create(&c);
	return m->device ? gicv2_attach(m->device, &m->bus, 0, GIC_CPU_FRAME) : -errno;
}

static void destroy_gicv2(void *device)
{
	gicv2_destroy(device);
}

static int create_ioapic(lua_State *L, struct model *m, int config)
{
	const struct ioapic_config c = {
		.msi = {on_message, m},
		.id = (uint8_t)setting(L, config, "id", 0, 15, 0),
	};

	m->messages = calloc(MOST_MESSAGES, sizeof(*m->messages));
	if (!m->messages)
		return -ENOMEM;
	m->nr_inputs = IOAPIC_PINS;
	m->device = ioapic_create(&c);
	return m->device ? ioapic_attach(m->device, &m->bus, 0) : -errno;
}

static void destroy_ioapic(void *device)
{
	ioapic_destroy(device);
}

static int create_pic(lua_State *L, struct model *m, int config)
{
	const struct pic_config c = {.intr = {on_output, m, 0}};

	if (make_outputs(m, 1))
		return -ENOMEM;
	m->nr_inputs = PIC_INPUTS;
	m->device = pic_create(&c);
	return m->device ? pic_attach(m->device, &m->bus) : -errno;
}

static void destroy_pic(void *device)
{
	pic_destroy(device);
}

static int create_serial(lua_State *L, struct model *m, int config)
{
	const struct serial_config c = {
		.reg_shift = setting(L, config, "reg_shift", 0, 3, 0),
		.irq = {on_output, m, 0},
		.output = on_text,
		.ctx = m,
	};

	m->text = malloc(MOST_TEXT);
	if (!m->text || make_outputs(m, 1))
		return -ENOMEM;
	m->device = serial_create(&c);
	return m->device ? serial_attach(m->device, &m->bus, 0) : -errno;
}

static void destroy_serial(void *device)
{
	serial_destroy(device);
}

static const struct model_kind kinds[] = {
	{"plic", create_plic, destroy_plic, plic_set_irq},
	{"ioapic", create_ioapic, destroy_ioapic, ioapic_set_irq},
	{"pic", create_pic, destroy_pic, pic_set_irq},
	{"serial", create_serial, destroy_serial, NULL},
	{"gicv2", create_gicv2, destroy_gicv2, gicv2_set_irq},
};

static const struct model_kind *const plic = &kinds[0], *const ioapic = &kinds[1],
				      *const pic = &kinds[2], *const serial = &kinds[3],
				      *const gicv2 = &kinds[4];

static int close_model(lua_State *L)
{
	struct model *m = luaL_checkudata(L, 1, MODEL);

	if (m->device)
		m->kind->destroy(m->device);
	if (m->kind)
		bus_destroy(&m->bus);
	free(m->outputs);
	free(m->messages);
	free(m->text);
	*m = (struct model){.kind = m->kind};
	return 0;
}

/* model(NAME [, CONFIG]) */
static int new_model(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	struct model *m;
	int r = -ENOENT;

	lua_settop(L, 2);
	if (lua_isnil(L, 2)) {
		lua_newtable(L);
		lua_replace(L, 2);
	}
	luaL_checktype(L, 2, LUA_TTABLE);
	m = lua_newuserdatauv(L, sizeof(*m), 0);
	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i].name, name))
			m->kind = &kinds[i];
	}
	if (!m->kind)
		return script_error(
			L, "there is no model of a %s: plic, ioapic, pic, serial and gicv2 are",
			name);
	bus_init(&m->bus, name);
	luaL_setmetatable(L, MODEL);
	r = m->kind->create(L, m, 2);
	if (r)
		return script_error(L, "cannot make a %s: %s", name, strerror(-r));
	return 1;
}

/* ---- methods ---- */

static struct model *of_kind(lua_State *L, const struct model_kind *kind, const char *method)
{
	struct model *m = check_model(L);

	if (m->kind != kind)
		script_error(L, "%s() is for a %s, not for a %s", method, kind->name,
			     m->kind->name);
	return m;
}

static unsigned int check_size(lua_State *L, int index)
{
	lua_Integer size = luaL_optinteger(L, index, 4);

	if (size < 1 || size > 8)
		script_error(L, "an access has 1 to 8 bytes, not %lld", (long long)size);
	return (unsigned int)size;
}

/* read(OFFSET [, SIZE]): the value, and whether a device answered all of it. */
static int model_read(lua_State *L)
{
	struct model *m = check_model(L);
	uint64_t value;
	bool claimed =
		bus_read(&m->bus, (uint64_t)luaL_checkinteger(L, 2), check_size(L, 3), &value);

	lua_pushinteger(L, (lua_Integer)value);
	lua_pushboolean(L, claimed);
	return 2;
}

/* write(OFFSET, VALUE [, SIZE]): whether a device took it. */
static int model_write(lua_State *L)
{
	struct model *m = check_model(L);

	lua_pushboolean(L, bus_write(&m->bus, (uint64_t)luaL_checkinteger(L, 2), check_size(L, 4),
				     (uint64_t)luaL_checkinteger(L, 3)));
	return 1;
}

/* input(N, LEVEL) */
static int model_input(lua_State *L)
{
	struct model *m = check_model(L);
	lua_Integer n = luaL_checkinteger(L, 2);

	if (!m->kind->input || n < 0 || n >= m->nr_inputs)
		return script_error(L, "this %s has no input %lld", m->kind->name, (long long)n);
	luaL_checktype(L, 3, LUA_TBOOLEAN);
	if (m->kind == gicv2 && n < GICV2_FIRST_SPI)
		n = GICV2_PPI(m->cpu, n);
	m->kind->input(m->device, (unsigned int)n, lua_toboolean(L, 3));
	return 0;
}

/* cpu(N): accesses to a GIC, and private inputs, are that CPU's from now on. */
static int model_cpu(lua_State *L)
{
	struct model *m = of_kind(L, gicv2, "cpu");
	lua_Integer n = luaL_checkinteger(L, 2);

	if (n < 0 || n >= m->nr_cpus)
		return script_error(L, "this gicv2 has no CPU %lld", (long long)n);
	m->cpu = (unsigned int)n;
	return 0;
}

/* output([N]): its level. */
static int model_output(lua_State *L)
{
	struct model *m = check_model(L);
	lua_Integer n = luaL_optinteger(L, 2, 0);

	if (n < 0 || n >= m->nr_outputs)
		return script_error(L, "this %s has no output %lld", m->kind->name, (long long)n);
	lua_pushboolean(L, m->outputs[n]);
	return 1;
}

/* messages(): what an I/O APIC has sent since the last look, {address =, data =} each. */
static int model_messages(lua_State *L)
{
	struct model *m = of_kind(L, ioapic, "messages");

	lua_createtable(L, (int)m->nr_messages, 0);
	for (unsigned int i = 0; i < m->nr_messages; i++) {
		lua_createtable(L, 0, 2);
		lua_pushinteger(L, (lua_Integer)m->messages[i].address);
		lua_setfield(L, -2, "address");
		lua_pushinteger(L, m->messages[i].data);
		lua_setfield(L, -2, "data");
		lua_seti(L, -2, i + 1);
	}
	m->nr_messages = 0;
	return 1;
}

/* eoi(VECTOR) */
static int model_eoi(lua_State *L)
{
	struct model *m = of_kind(L, ioapic, "eoi");

	ioapic_eoi(m->device, (uint8_t)luaL_checkinteger(L, 2));
	return 0;
}

/* acknowledge(): the vector that a PIC gives to the processor. */
static int model_acknowledge(lua_State *L)
{
	struct model *m = of_kind(L, pic, "acknowledge");

	lua_pushinteger(L, pic_acknowledge(m->device));
	return 1;
}

/* receive(BYTES): how many a serial port took. */
static int model_receive(lua_State *L)
{
	struct model *m = of_kind(L, serial, "receive");
	size_t size;
	const char *text = luaL_checklstring(L, 2, &size);

	lua_pushinteger(L, (lua_Integer)serial_receive(m->device, (const uint8_t *)text, size));
	return 1;
}

/* sent(): what a serial port has sent since the last look. */
static int model_sent(lua_State *L)
{
	struct model *m = of_kind(L, serial, "sent");

	lua_pushlstring(L, (const char *)m->text, m->text_size);
	m->text_size = 0;
	return 1;
}

/* odd_accesses(): how many a PLIC or a GIC has answered in a way that the specification leaves open. */
static int model_odd_accesses(lua_State *L)
{
	struct model *m = check_model(L);

	if (m->kind == gicv2)
		lua_pushinteger(L, gicv2_odd_accesses(m->device));
	else
		lua_pushinteger(L, plic_odd_accesses(of_kind(L, plic, "odd_accesses")->device));
	return 1;
}

void script_open_models(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{"read", model_read},
		{"write", model_write},
		{"input", model_input},
		{"cpu", model_cpu},
		{"output", model_output},
		{"messages", model_messages},
		{"eoi", model_eoi},
		{"acknowledge", model_acknowledge},
		{"receive", model_receive},
		{"sent", model_sent},
		{"odd_accesses", model_odd_accesses},
		{"close", close_model},
		{NULL, NULL},
	};

	luaL_newmetatable(L, MODEL);
	lua_pushcfunction(L, close_model);
	lua_setfield(L, -2, "__gc");
	lua_pushcfunction(L, close_model);
	lua_setfield(L, -2, "__close");
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
	lua_pushcfunction(L, new_model);
	lua_setfield(L, -2, "model");
}
