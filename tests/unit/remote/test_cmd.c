#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/proc.h"
#include "remote/cmd.h"

static const char *const nasty[] = {
	"plain", "two words", "it's", "'", "''", "\"", "$HOME", "`id`", "$(id)", "a\\b", "\\", "!x",
	"*",     ";rm -rf x", "&",    "|", ">",  "~",  "é😀",    "-n",   "",      "#",    "\t",
};

/* The shell itself is the judge of the quoting. */
static void the_shell_gets_each_value_as_it_was(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nasty); i++) {
		struct cmd c = CMD_INIT;
		const char *line = NULL;
		const char *argv[] = { "sh", "-c", NULL, NULL };
		struct proc_run p = { .argv = argv };

		cmd_word(&c, "printf");
		cmd_word(&c, "%s");
		cmd_arg(&c, nasty[i]);
		assert_int_equal(cmd_line(&c, &line, NULL), ERR_OK);
		argv[2] = line;
		assert_int_equal(proc_run_one(&p, NULL), ERR_OK);
		assert_string_equal(strbuf_cstr(&p.out), nasty[i]);
		proc_run_release(&p);
		cmd_release(&c);
	}
}

static void assignments_keep_line_breaks(void **state)
{
	static const char value[] = "a\n'b'\n$c `d` \\e";
	struct strbuf script = STRBUF_INIT;
	const char *argv[] = { "sh", "-s", NULL };
	struct proc_run p = { .argv = argv };

	cmd_assignment(&script, "s_x", value);
	strbuf_adds(&script, "printf %s \"$s_x\"\n");
	p.input = strbuf_cstr(&script);
	p.input_len = script.len;
	assert_int_equal(proc_run_one(&p, NULL), ERR_OK);
	assert_string_equal(strbuf_cstr(&p.out), value);
	proc_run_release(&p);
	strbuf_release(&script);
}

static void refuses_options_in_operand_position(void **state)
{
	struct cmd c = CMD_INIT;
	struct err e = { 0 };
	const char *line;

	cmd_word(&c, "rm");
	cmd_operand(&c, "-rf");
	assert_int_equal(cmd_line(&c, &line, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "-rf"));
	cmd_release(&c);
}

static void refuses_line_breaks_in_words(void **state)
{
	struct cmd c = CMD_INIT;
	struct err e = { 0 };
	const char *line;

	cmd_word(&c, "echo");
	cmd_pair(&c, "name", "a\nb");
	assert_int_equal(cmd_line(&c, &line, &e), ERR_INVALID);
	cmd_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shell_gets_each_value_as_it_was),
		cmocka_unit_test(assignments_keep_line_breaks),
		cmocka_unit_test(refuses_options_in_operand_position),
		cmocka_unit_test(refuses_line_breaks_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
