#include "pg/conninfo.h"

#include "base/mem.h"
#include "base/str.h"
#include "fuzz.h"

/* What can be written is read back as it was. */
static void check_round_trip(const struct conninfo *c, struct arena *a)
{
	struct strbuf text = STRBUF_INIT;
	struct conninfo again = { 0 };
	struct err e = { 0 };

	if (conninfo_text(c, &text, &e) == ERR_OK) {
		FUZZ_CHECK(conninfo_parse(strbuf_cstr(&text), a, &again, &e) == ERR_OK);
		FUZZ_CHECK(str_eq(c->host, again.host) && str_eq(c->user, again.user));
		FUZZ_CHECK(str_eq(c->options, again.options) && c->port == again.port);
		FUZZ_CHECK(again.password == NULL);
	}
	strbuf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xstrndup((const char *)data, len);
	struct arena *a = arena_new();
	struct conninfo c = { 0 };
	struct err e = { 0 };

	if (conninfo_parse(text, a, &c, &e) == ERR_OK)
		check_round_trip(&c, a);
	else
		FUZZ_CHECK(e.text[0] != '\0' && c.host == NULL);
	arena_free(&a);
	free_str(&text);
	return 0;
}
