#include "pg/hba.h"

#include <string.h>

#include "fuzz.h"

/* Lines make up the file, byte for byte. */
static void check_bytes(const struct hba_file *f, const char *text, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < f->count; i++) {
		FUZZ_CHECK(f->lines[i].raw == text + at && f->lines[i].raw_len > 0);
		at += f->lines[i].raw_len;
	}
	FUZZ_CHECK(at == len);
}

/* A line that was added and taken out again leaves no trace in a file that had no block. */
static void check_block(const char *text, size_t len)
{
	static const char line[] = "host all \"x\" 10.0.0.1/32 md5\n";
	struct strbuf before = STRBUF_INIT, with = STRBUF_INIT, without = STRBUF_INIT;
	struct err e = { 0 };

	if (hba_block_get(text, len, &before, &e) == ERR_OK && before.len == 0 &&
	    hba_block_merge(text, len, line, NULL, &with, &e) == ERR_OK) {
		FUZZ_CHECK(hba_block_get(strbuf_cstr(&with), with.len, &before, &e) == ERR_OK);
		FUZZ_CHECK(strcmp(strbuf_cstr(&before), line) == 0);
		FUZZ_CHECK(hba_block_merge(strbuf_cstr(&with), with.len, NULL, line, &without,
		                           &e) == ERR_OK);
		strbuf_reset(&before);
		FUZZ_CHECK(hba_block_get(strbuf_cstr(&without), without.len, &before, &e) ==
		           ERR_OK);
		FUZZ_CHECK(before.len == 0);
	}
	strbuf_release(&before);
	strbuf_release(&with);
	strbuf_release(&without);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct arena *a = arena_new();
	struct hba_file f = { 0 };
	struct err e = { 0 };

	if (hba_parse(text, len, a, &f, &e) == ERR_OK) {
		check_bytes(&f, text, len);
		check_block(text, len);
	}
	arena_free(&a);
	return 0;
}
