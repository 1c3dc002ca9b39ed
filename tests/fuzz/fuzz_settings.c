/* The daemon's settings: what was accepted can be written and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "daemon/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf errors = STRBUF_INIT, one = STRBUF_INIT, two = STRBUF_INIT;
	char *text = xstrndup((const char *)data, len);
	struct config a, b;
	size_t count;

	config_init(&a);
	config_init(&b);
	count = config_parse(&a, "f", text, &errors);
	FUZZ_CHECK((count > 0) == (errors.len > 0));
	FUZZ_CHECK(a.listen_len > 0 && a.max_jobs > 0 && config_port(&a) > 0);
	config_dump(&a, &one);
	strbuf_reset(&errors);
	FUZZ_CHECK(config_parse(&b, "f", strbuf_cstr(&one), &errors) == 0);
	config_dump(&b, &two);
	FUZZ_CHECK(strcmp(one.data, two.data) == 0);
	strbuf_release(&errors);
	strbuf_release(&one);
	strbuf_release(&two);
	config_release(&a);
	config_release(&b);
	free(text);
	return 0;
}
