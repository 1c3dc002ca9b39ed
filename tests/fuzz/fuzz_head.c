#include "http/head.h"

#include <event2/buffer.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "fuzz.h"

/* Only the first letter of a line "Transfer-Encoding: identity" may change. */
static void check_bytes(const unsigned char *before, const unsigned char *after, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (before[i] == after[i])
			continue;
		FUZZ_CHECK(after[i] == 'X' && (before[i] == 'T' || before[i] == 't'));
		FUZZ_CHECK(i == 0 || before[i - 1] == '\n');
		FUZZ_CHECK(len - i > 26 &&
		           strncasecmp((const char *)before + i, "transfer-encoding:", 18) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct evbuffer *b = evbuffer_new();
	unsigned char *after = xcalloc(len + 1, 1);
	size_t cut = len ? data[0] % len : 0;

	/* in two pieces, as it may come from the network */
	evbuffer_add(b, data, cut);
	if (!head_hide_identity(b)) {
		evbuffer_add(b, data + cut, len - cut);
		head_hide_identity(b);
	} else {
		evbuffer_add(b, data + cut, len - cut);
	}
	FUZZ_CHECK(evbuffer_get_length(b) == len);
	evbuffer_copyout(b, after, len);
	check_bytes(data, after, len);
	free(after);
	evbuffer_free(b);
	return 0;
}
