#include "base/json.h"

#include <string.h>

#include "base/mem.h"
#include "fuzz.h"

/* What was accepted can be written, read again, and written as the same text. */
static void check_round_trip(const struct json *j)
{
	CLEANUP(json_free) struct json *again = NULL;
	struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	struct err e = { 0 };

	json_dump(j, &first);
	FUZZ_CHECK(json_parse(strbuf_cstr(&first), first.len, &again, &e) == ERR_OK);
	json_dump(again, &second);
	FUZZ_CHECK(strcmp(strbuf_cstr(&first), strbuf_cstr(&second)) == 0);
	json_free(&again);
	strbuf_reset(&second);
	json_dump_pretty(j, &second);
	FUZZ_CHECK(json_parse(strbuf_cstr(&second), second.len, &again, &e) == ERR_OK);
	strbuf_release(&first);
	strbuf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(json_free) struct json *j = NULL;
	struct err e = { 0 };

	if (json_parse((const char *)data, len, &j, &e) != ERR_OK) {
		FUZZ_CHECK(!j && e.text[0]);
		return 0;
	}
	check_round_trip(j);
	return 0;
}
