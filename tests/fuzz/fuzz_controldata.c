#include "pg/controldata.h"

#include "base/mem.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xstrndup((const char *)data, len);
	struct controldata c = { 0 };
	struct err e = { 0 };

	if (controldata_parse(text, &c, &e) == ERR_OK)
		FUZZ_CHECK(c.system_identifier != 0 && control_state_text(c.state) != NULL);
	else
		FUZZ_CHECK(e.text[0] != '\0' && c.system_identifier == 0);
	free_str(&text);
	return 0;
}
