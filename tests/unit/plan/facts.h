/* Golden facts for the tests of checks and planners; include after <cmocka.h>. */
#pragma once

#include <stdio.h>

#include "base/fs.h"
#include "base/json.h"

/* tests/golden/plan/NAME.facts.json; the caller frees it. */
static struct json *facts_load(const char *name)
{
	struct strbuf text = STRBUF_INIT;
	struct json *doc = NULL;
	char path[512];

	snprintf(path, sizeof(path), "%s/plan/%s.facts.json", GOLDEN_DIR, name);
	assert_int_equal(fs_read(path, 1 << 20, &text, NULL), ERR_OK);
	assert_int_equal(json_parse(text.data, text.len, &doc, NULL), ERR_OK);
	strbuf_release(&text);
	return doc;
}
