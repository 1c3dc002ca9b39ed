#include "pg/lsn.h"

#include "base/mem.h"
#include "fuzz.h"
#include "pg/version.h"

static void try_version(const char *text)
{
	char buf[PG_VERSION_TEXT_SIZE];
	int num, again;

	if (!pg_version_parse(text, &num))
		return;
	FUZZ_CHECK(pg_version_parse(pg_version_format(num, buf), &again) && again == num);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xstrndup((const char *)data, len);
	char buf[LSN_TEXT_SIZE];
	pg_lsn lsn, again;

	if (lsn_parse(text, &lsn))
		FUZZ_CHECK(lsn_parse(lsn_format(lsn, buf), &again) && again == lsn);
	try_version(text);
	free_str(&text);
	return 0;
}
