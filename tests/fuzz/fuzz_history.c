#include "pg/history.h"

#include "fuzz.h"

static void check_fork(const struct history *h)
{
	uint32_t tli;
	pg_lsn lsn;

	FUZZ_CHECK(h->count > 0 && history_contains(h, h->entries[h->count - 1].tli, 1));
	FUZZ_CHECK(history_fork(h, h, &tli, &lsn));
	FUZZ_CHECK(tli == h->entries[h->count - 1].tli && lsn == UINT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new();
	struct history h = { 0 };
	struct err e = { 0 };

	if (history_parse((const char *)data, len, 1000, a, &h, &e) == ERR_OK)
		check_fork(&h);
	else
		FUZZ_CHECK(e.text[0] != '\0' && h.entries == NULL);
	arena_free(&a);
	return 0;
}
