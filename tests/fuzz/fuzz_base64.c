#include "base/base64.h"

#include <string.h>

#include "base/mem.h"
#include "fuzz.h"

/* A text that is accepted is the only one for its bytes; any bytes come back. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(free_str) char *text = xcalloc(len + 1, 1);
	struct strbuf bytes = STRBUF_INIT, again = STRBUF_INIT;
	struct err e = { 0 };

	if (len)
		memcpy(text, data, len);
	if (base64_decode(text, &bytes, &e) == ERR_OK) {
		base64_encode(bytes.data ? bytes.data : "", bytes.len, &again);
		FUZZ_CHECK(strcmp(strbuf_cstr(&again), text) == 0);
	} else {
		FUZZ_CHECK(bytes.len == 0 && e.text[0]);
	}
	strbuf_reset(&bytes);
	strbuf_reset(&again);
	base64_encode(data, len, &again);
	FUZZ_CHECK(base64_decode(strbuf_cstr(&again), &bytes, &e) == ERR_OK);
	FUZZ_CHECK(bytes.len == len && (len == 0 || memcmp(bytes.data, data, len) == 0));
	strbuf_release(&bytes);
	strbuf_release(&again);
	return 0;
}
