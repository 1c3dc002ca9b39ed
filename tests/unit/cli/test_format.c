#include "cli/format.h"

#include <locale.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "cli/table.h"

static bool field(void *ctx, char letter, struct strbuf *out)
{
	if (letter == 'N')
		strbuf_adds(out, "na\xc3\xafve");
	else if (letter == 'E')
		strbuf_adds(out, "\033[2J<em style='x'>a</em>&lt;b");
	else
		return false;
	return true;
}

static void fills_formats_in(UNUSED_STATE)
{
	static const struct {
		const char *format, *want;
	} rows[] = {
		{ "%N|%7N|%-7N|%2N", "na\xc3\xafve|  na\xc3\xafve|na\xc3\xafve  |na\xc3\xafve" },
		{ "100%%", "100%" },
		{ "%", "%" },
		{ "%-", "%-" },
		{ "%12", "%12" },
		{ "%Q%N", "%Qna\xc3\xafve" },
		{ "a\\nb\\tc\\\\d\\q\\", "a\nb\tc\\d\\q\\" },
		{ "${a.b} #{a.n} ${none}.", "text 5 ." },
		{ "${a.b", "${a.b" },
		{ "$ #", "$ #" },
		{ "%E", " [2Ja<b" },
	};
	static const char object_text[] = "{\"a\":{\"b\":\"text\",\"n\":5}}";
	CLEANUP(json_free) struct json *object = NULL;
	struct screen screen = { .utf8 = true };

	setlocale(LC_CTYPE, "C.UTF-8");
	assert_int_equal(json_parse(object_text, strlen(object_text), &object, NULL), ERR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

		format_print(&screen, rows[i].format, field, NULL, object, &out);
		assert_string_equal(strbuf_cstr(&out), rows[i].want);
	}
}

static void counts_columns_not_bytes(UNUSED_STATE)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct screen screen = { .utf8 = true };

	assert_int_equal(screen_width("na\xc3\xafve"), 5);
	assert_int_equal(screen_width("\xe6\xbc\xa2\xe5\xad\x97"), 4);
	assert_int_equal(screen_width("\033[31mred\033[0m"), 3);
	screen_cut(&screen, "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", 5, &out);
	assert_string_equal(strbuf_cstr(&out), "\xe6\xbc\xa2\xe5\xad\x97\xe2\x80\xa6");
}

static void aligns_columns(UNUSED_STATE)
{
	static const struct table_column columns[] = { { "ID", true },
		                                       { "NAME", false },
		                                       { "C", false } };
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct screen screen = { .utf8 = true };
	CLEANUP(table_free) struct table *t = table_new(&screen, columns, ARRAY_SIZE(columns));

	table_int(t, TINT_NONE, 7);
	table_cell(t, TINT_RED, "\xe6\xbc\xa2");
	table_cell(t, TINT_NONE, "x\ny");
	table_int(t, TINT_NONE, 1000);
	table_cell(t, TINT_NONE, "longer");
	table_cell(t, TINT_NONE, NULL);
	assert_int_equal(table_rows(t), 2);
	table_print(t, &out);
	assert_string_equal(strbuf_cstr(&out), "  ID NAME   C\n   7 \xe6\xbc\xa2     x y\n"
	                                       "1000 longer \n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_formats_in),
		cmocka_unit_test(counts_columns_not_bytes),
		cmocka_unit_test(aligns_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
