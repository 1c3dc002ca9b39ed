#include "pg/conf.h"

#include "base/str.h"
#include "fuzz.h"

static void check_rewrite(const struct conf *c, struct arena *a)
{
	for (size_t i = 0; i < c->count; i++) {
		struct strbuf text = STRBUF_INIT;
		struct conf again = { 0 };
		struct err e = { 0 };

		if (conf_add(&text, c->entries[i].name, c->entries[i].value, &e) == ERR_OK) {
			FUZZ_CHECK(conf_parse(strbuf_cstr(&text), text.len, a, &again, &e) ==
			           ERR_OK);
			FUZZ_CHECK(again.count == 1);
			FUZZ_CHECK(str_eq(again.entries[0].value, c->entries[i].value));
		}
		strbuf_release(&text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new();
	struct conf c = { 0 };
	struct err e = { 0 };

	if (conf_parse((const char *)data, len, a, &c, &e) == ERR_OK)
		check_rewrite(&c, a);
	else
		FUZZ_CHECK(e.text[0] != '\0' && c.entries == NULL);
	arena_free(&a);
	return 0;
}
