#include "model/wire.h"

#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "model/job.h"

void wire_set_time(struct json *j, const char *key, int64_t wall_ms)
{
	char buf[CLOCK_ISO_SIZE];

	if (wall_ms != 0)
		json_set_str(j, key, clock_iso(wall_ms, buf));
}

static void escape(const char *text, struct strbuf *out)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			strbuf_adds(out, "&amp;");
			break;
		case '<':
			strbuf_adds(out, "&lt;");
			break;
		case '>':
			strbuf_adds(out, "&gt;");
			break;
		default:
			strbuf_addc(out, *text);
		}
	}
}

void wire_set_text(struct json *j, const char *key, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf b = STRBUF_INIT;

	escape(str_or(text, ""), &b);
	json_set_str(j, key, strbuf_cstr(&b));
}

const char *wire_escape(struct arena *a, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf b = STRBUF_INIT;

	escape(str_or(text, ""), &b);
	return arena_strdup(a, strbuf_cstr(&b));
}

void wire_set_parsed(struct json *j, const char *key, const char *text)
{
	struct json *value = NULL;

	if (!str_empty(text) && json_parse(text, strlen(text), &value, NULL) == ERR_OK)
		json_set(j, key, value);
}

void wire_set_strings(struct json *j, const char *key, const char *const *items, size_t n)
{
	struct json *list = json_array_new();

	for (size_t i = 0; i < n; i++)
		json_append_str(list, items[i]);
	json_set(j, key, list);
}
