#include "base/clock.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "fuzz.h"

/* What reads as a time is written as text that reads as the same time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(free_str) char *text = xcalloc(len + 1, 1);
	int64_t ms = 0, again = 1, number = 0;
	char buf[CLOCK_ISO_SIZE];
	bool truth;

	if (len)
		memcpy(text, data, len);
	if (clock_parse(text, &ms)) {
		FUZZ_CHECK(clock_parse(clock_iso(ms, buf), &again));
		FUZZ_CHECK(ms == again);
	}
	if (str_to_i64(text, -1000, 1000, &number, NULL) == ERR_OK)
		FUZZ_CHECK(number >= -1000 && number <= 1000);
	str_to_bool(text, &truth);
	return 0;
}
