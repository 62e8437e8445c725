/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON from a file that anybody may have written. What is taken must, written
 * out, be taken again and be written the same way, and in the eyes of
 * `kvmbed caps --diff` the two do not differ.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/caps.h"
#include "json.h"

static char *write_text(const struct json *json, size_t *size)
{
	char *text;
	FILE *f = open_memstream(&text, size);

	FUZZ_CHECK(f && json_write(f, json) == 0);
	fclose(f);
	return text;
}

/* Are all names of all objects different? Else which one counts is nobody's promise. */
static bool names_differ(const struct json *json)
{
	for (const struct json *item = json->first; item; item = item->next) {
		if ((item->key && json_get(json, item->key) != item) || !names_differ(item))
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *json, *again;
	struct json_error error;
	char *text, *text_again;
	size_t length, length_again;
	FILE *nowhere;
	int r = json_read((const char *)data, size, &json, &error);

	FUZZ_CHECK((r == 0) == (json != NULL));
	if (r) {
		FUZZ_CHECK(*error.what && error.line > 0);
		return 0;
	}
	text = write_text(json, &length);
	FUZZ_CHECK(json_read(text, length, &again, &error) == 0);
	text_again = write_text(again, &length_again);
	FUZZ_CHECK(length == length_again && !memcmp(text, text_again, length));
	/* caps_load() lets only objects through. */
	if (size < 2000 && again->kind == JSON_OBJECT && names_differ(again)) {
		nowhere = fopen("/dev/null", "w");
		FUZZ_CHECK(nowhere);
		FUZZ_CHECK(caps_diff(nowhere, again, again) == 0);
		FUZZ_CHECK(caps_diff(nowhere, json, again) == 0);
		fclose(nowhere);
	}
	free(text);
	free(text_again);
	json_free(json);
	json_free(again);
	return 0;
}

void fuzz_seeds(void (*add)(const void *data, size_t size))
{
	static const char *const texts[] = {
		"{\"schema\": 1, \"capabilities\": {\"KVM_CAP_A\": {\"kvm\": 1, \"vm\": null}},"
		" \"registers\": {\"base\": {\"count\": 3, \"names\": {\"X0\": {\"id\": \"0\"},"
		" \"X1\": {}, \"X2\": {}}}}, \"devices\": {\"D\": {\"there\": true}}}",
		"[-1.5e+10, \"\\u00e4\\ud83d\\ude00\\n\", true, false, null, {}, []]",
		"{\"backend\": {\"name\": \"svm\", \"because\": [\"a\", \"b\"], \"kvm\": {\"x\": \"Y\"}},"
		" \"probes\": {\"p\": {\"result\": \"no\", \"detail\": \"d\"}}}",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(texts); i++)
		add(texts[i], strlen(texts[i]));
}
