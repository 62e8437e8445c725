/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted text on the console: the subset of printf that guest.h lists. */
#include "arch_api.h"
#include "script.h"

struct out {
	char *buf;
	size_t size, len; /* len may pass size, as snprintf's result does */
};

struct spec {
	bool left, zero, alt;
	unsigned int width;
	int precision;	   /* -1: none given */
	unsigned int size; /* of an integer, in bytes */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_padded(struct out *o, const struct spec *s, const char *prefix, const char *text,
		       size_t len)
{
	size_t used = strlen(prefix) + len;
	size_t fill = s->width > used ? s->width - used : 0;

	if (!s->left && !s->zero)
		for (; fill; fill--)
			put(o, ' ');
	for (; *prefix; prefix++)
		put(o, *prefix);
	if (!s->left)
		for (; fill; fill--)
			put(o, '0');
	while (len--)
		put(o, *text++);
	for (; fill; fill--)
		put(o, ' ');
}

static void put_number(struct out *o, const struct spec *s, uint64_t value, unsigned int base,
		       bool negative, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	size_t at = sizeof(text);

	do {
		text[--at] = digits[value % base];
		value /= base;
	} while (value);
	put_padded(o, s,
		   negative		    ? "-"
		   : (s->alt && base == 16) ? "0x"
					    : "",
		   text + at, sizeof(text) - at);
}

static void put_signed(struct out *o, const struct spec *s, int64_t value)
{
	put_number(o, s, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0, false);
}

/* Reads flags, width, precision and length; returns the conversion character's place. */
static const char *parse_spec(const char *f, struct spec *s, va_list *ap)
{
	*s = (struct spec){.precision = -1, .size = sizeof(int)};
	for (;; f++) {
		if (*f == '-')
			s->left = true;
		else if (*f == '0')
			s->zero = true;
		else if (*f == '#')
			s->alt = true;
		else
			break;
	}
	if (*f == '*') {
		s->width = va_arg(*ap, unsigned int);
		f++;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		s->width = s->width * 10 + (*f - '0');
	if (*f == '.') {
		s->precision = 0;
		for (f++; *f >= '0' && *f <= '9'; f++)
			s->precision = s->precision * 10 + (*f - '0');
	}
	for (;; f++) {
		if (*f == 'l' || *f == 'z')
			s->size = sizeof(long);
		else if (*f == 'h')
			s->size /= 2;
		else
			return f;
	}
}

/* Arguments narrower than an int come as one; "h" and "hh" cut them again. */
static uint64_t fetch(const struct spec *s, bool is_signed, va_list *ap)
{
	uint64_t value =
		s->size == sizeof(long) ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int);
	unsigned int unused = 64 - 8 * s->size;

	value <<= unused;
	return is_signed ? (uint64_t)((int64_t)value >> unused) : value >> unused;
}

static void put_string(struct out *o, struct spec *s, const char *text)
{
	size_t len;

	if (!text)
		text = "(null)";
	len = strlen(text);
	if (s->precision >= 0 && len > (size_t)s->precision)
		len = s->precision;
	s->zero = false;
	put_padded(o, s, "", text, len);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = {.buf = buf, .size = size};
	struct spec s;
	va_list ap;
	char c;

	va_copy(ap, args);
	for (const char *f = fmt; *f; f++) {
		if (*f != '%') {
			put(&o, *f);
			continue;
		}
		f = parse_spec(f + 1, &s, &ap);
		switch (*f) {
		case 'd':
		case 'i':
			put_signed(&o, &s, fetch(&s, true, &ap));
			break;
		case 'u':
			put_number(&o, &s, fetch(&s, false, &ap), 10, false, false);
			break;
		case 'o':
			put_number(&o, &s, fetch(&s, false, &ap), 8, false, false);
			break;
		case 'x':
		case 'X':
			put_number(&o, &s, fetch(&s, false, &ap), 16, false, *f == 'X');
			break;
		case 'p':
			s.alt = true;
			put_number(&o, &s, (uintptr_t)va_arg(ap, void *), 16, false, false);
			break;
		case 's':
			put_string(&o, &s, va_arg(ap, const char *));
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			s.zero = false;
			put_padded(&o, &s, "", &c, 1);
			break;
		case '\0': /* a lone % at the end */
			f--;
			break;
		default:
			put(&o, *f);
		}
	}
	va_end(ap);
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}

void console_write(const char *text)
{
	if (script_boot()) {
		script_text(text);
		return;
	}
	for (; *text; text++) {
		if (*text == '\n')
			console_putc('\r');
		console_putc(*text);
	}
}

/* Held only around console_write(), with interrupts off, so that a handler may print too. */
static struct spinlock console_lock;

static void console_line(const char *text)
{
	bool on = irq_save();

	spin_lock(&console_lock);
	console_write(text);
	spin_unlock(&console_lock);
	irq_restore(on);
}

int printf(const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_line(text);
	return len;
}

/* ---- Verdicts: one line each, through the same buffer ---------------------- */

static unsigned int passed, failed, skipped, known;

static void verdict(const char *word, const char *why, const char *fmt, va_list ap)
{
	char text[384];
	int len = snprintf(text, sizeof(text), "%s: ", word);

	/* One byte is kept for the newline, whatever is cut. */
	vsnprintf(text + len, sizeof(text) - 1 - len, fmt, ap);
	len = (int)strlen(text);
	if (why)
		snprintf(text + len, sizeof(text) - 1 - len, ": %s", why);
	len = (int)strlen(text);
	text[len] = '\n';
	text[len + 1] = '\0';
	console_line(text);
}

void report(bool ok, const char *fmt, ...)
{
	va_list ap;

	atomic_add(ok ? &passed : &failed, 1);
	va_start(ap, fmt);
	verdict(ok ? "PASS" : "FAIL", NULL, fmt, ap);
	va_end(ap);
}

void report_known(bool ok, const char *bug, const char *fmt, ...)
{
	bool is_known = !ok && bug;
	va_list ap;

	atomic_add(ok ? &passed : is_known ? &known : &failed, 1);
	va_start(ap, fmt);
	verdict(ok ? "PASS" : is_known ? "KNOWN" : "FAIL", is_known ? bug : NULL, fmt, ap);
	va_end(ap);
}

void report_skip(const char *fmt, ...)
{
	va_list ap;

	atomic_add(&skipped, 1);
	va_start(ap, fmt);
	verdict("SKIP", NULL, fmt, ap);
	va_end(ap);
}

void report_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verdict("INFO", NULL, fmt, ap);
	va_end(ap);
}

void guest_exit(void)
{
	irq_off();
	/* What a script makes of the rest is its own business. */
	if (!passed && !failed && !skipped && !known && !script_boot())
		report(false, "the guest reported nothing");
	printf("SUMMARY: %u passed, %u failed, %u skipped, %u known\n", passed, failed, skipped,
	       known);
	guest_shutdown(failed ? 1 : 0);
}

void guest_panic(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	irq_off();
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_write("PANIC: ");
	console_write(text);
	console_write("\n");
	guest_crash();
}
