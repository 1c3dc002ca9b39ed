#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/str.h"
#include "daemon/config.h"

static void has_defaults_without_a_file(void **state)
{
	struct config c;

	config_init(&c);
	assert_int_equal(c.listen_len, 1);
	assert_string_equal(c.listen[0].host, "127.0.0.1");
	assert_string_equal(c.listen[0].port, "9501");
	assert_string_equal(c.data_dir, "/var/lib/pgtandem");
	assert_string_equal(c.api_user, "");
	assert_int_equal(c.max_jobs, 8);
	assert_int_equal(c.log_level, LOG_INFO);
	config_release(&c);
}

static void reads_every_form_of_value(void **state)
{
	static const char text[] =
	        "# comment\n; comment\n\n[server]\r\n"
	        "listen = 10.0.0.1:1, [::1]:9501 , name.example:65535 # three\n"
	        "  api_user=\"some body\"  # comment\n"
	        "[ jobs ]\nmax_jobs=3\n[log]\nlog_level = debug\n"
	        "[paths]\ndata_dir = /srv/with blank#inside\nrun_dir = \"/r # \"";
	struct strbuf errors = STRBUF_INIT;
	struct config c;

	config_init(&c);
	assert_int_equal(config_parse(&c, "f", text, &errors), 0);
	assert_string_equal(strbuf_cstr(&errors), "");
	assert_int_equal(c.listen_len, 3);
	assert_string_equal(c.listen[1].host, "::1");
	assert_string_equal(c.listen[2].host, "name.example");
	assert_string_equal(c.listen[2].port, "65535");
	assert_string_equal(c.api_user, "some body");
	assert_string_equal(c.data_dir, "/srv/with blank#inside");
	assert_string_equal(c.run_dir, "/r # ");
	assert_int_equal(c.max_jobs, 3);
	assert_int_equal(c.log_level, LOG_DEBUG);
	config_release(&c);
}

struct mistake {
	const char *text, *want;
};

static void names_each_mistake(void **state)
{
	static const struct mistake rows[] = {
		{ "[serve]\n", "f:1: there is no section [serve]\n" },
		{ "\n[server\n", "f:2: a section is written [name]\n" },
		{ "[log] x\n", "f:1: a section is written [name]\n" },
		{ "[log]\nlevel = 3\n", "f:2: there is no setting \"level\"\n" },
		{ "max_jobs = 3\n", "f:1: \"max_jobs\" belongs in section [jobs]\n" },
		{ "[jobs]\nmax_jobs\n", "f:2: neither [section] nor key = value\n" },
		{ "[jobs]\nmax_jobs=1\nmax_jobs=2\n",
		  "f:3: \"max_jobs\" was already set in line 2\n" },
		{ "[paths]\ndata_dir = var\n",
		  "f:2: \"data_dir\": \"var\" is not an absolute path\n" },
		{ "[paths]\ndata_dir =\n", "f:2: \"data_dir\": must not be empty\n" },
		{ "[paths]\ndata_dir = \"/x\n", "f:2: \"data_dir\": closing quote is missing\n" },
		{ "[paths]\ndata_dir = \"/x\" y\n",
		  "f:2: \"data_dir\": closing quote is missing\n" },
		{ "[server]\nlisten = 127.0.0.1\n",
		  "f:2: \"listen\": \"127.0.0.1\" is not ADDRESS:PORT\n" },
		{ "[server]\nlisten = ::1:9501\n",
		  "f:2: \"listen\": \"::1:9501\": put an IPv6 address in brackets\n" },
		{ "[server]\nlisten = [::1:9501\n",
		  "f:2: \"listen\": \"[::1:9501\" lacks a closing bracket\n" },
		{ "[server]\nlisten = a/b:1\n",
		  "f:2: \"listen\": \"a/b:1\" has characters that no address has\n" },
		{ "[server]\nlisten =\n", "f:2: \"listen\": no address given\n" },
		{ "[log]\nlog_level = loud\n",
		  "f:2: \"log_level\": \"loud\" is not error, warning, info or debug\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strbuf errors = STRBUF_INIT;
		struct config c;

		config_init(&c);
		assert_int_equal(config_parse(&c, "f", rows[i].text, &errors), 1);
		assert_string_equal(strbuf_cstr(&errors), rows[i].want);
		strbuf_release(&errors);
		config_release(&c);
	}
}

static void refuses_numbers_out_of_range(void **state)
{
	static const char *const rows[] = { "[jobs]\nmax_jobs = 0\n",
		                            "[jobs]\nmax_jobs = 257\n",
		                            "[jobs]\nmax_jobs = 8x\n",
		                            "[jobs]\nmax_jobs =\n",
		                            "[server]\nlisten = a:0\n",
		                            "[server]\nlisten = a:70000\n",
		                            "[monitor]\nmonitor_interval_ms = 1\n" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strbuf errors = STRBUF_INIT;
		struct config c;

		config_init(&c);
		assert_int_equal(config_parse(&c, "f", rows[i], &errors), 1);
		assert_true(str_starts(errors.data, "f:2: \""));
		assert_int_equal(c.max_jobs, 8);
		assert_int_equal(c.listen_len, 1);
		strbuf_release(&errors);
		config_release(&c);
	}
}

static void reports_all_mistakes_together(void **state)
{
	struct strbuf errors = STRBUF_INIT;
	struct config c;

	config_init(&c);
	assert_int_equal(config_parse(&c, "f", "x\n[y]\n[jobs]\nmax_jobs=0\nz=1", &errors), 4);
	assert_non_null(strstr(errors.data, "f:1: "));
	assert_non_null(strstr(errors.data, "f:2: "));
	assert_non_null(strstr(errors.data, "f:4: "));
	assert_non_null(strstr(errors.data, "f:5: "));
	assert_int_equal(config_set(&c, "tls_cert", "/c.pem", NULL), ERR_OK);
	assert_int_equal(config_check(&c, "f", &errors), 1);
	assert_int_equal(config_set(&c, "tls_key", "/k.pem", NULL), ERR_OK);
	assert_int_equal(config_check(&c, "f", &errors), 0);
	strbuf_release(&errors);
	config_release(&c);
}

static void survives_a_very_long_line(void **state)
{
	struct strbuf errors = STRBUF_INIT, text = STRBUF_INIT;
	struct config c;

	strbuf_adds(&text, "[paths]\ndata_dir = /");
	for (int i = 0; i < 100000; i++)
		strbuf_addc(&text, 'x');
	config_init(&c);
	assert_int_equal(config_parse(&c, "f", text.data, &errors), 1);
	assert_string_equal(errors.data, "f:2: line is too long\n");
	strbuf_release(&text);
	strbuf_release(&errors);
	config_release(&c);
}

static void reads_back_what_it_wrote(void **state)
{
	struct strbuf errors = STRBUF_INIT, one = STRBUF_INIT, two = STRBUF_INIT;
	struct config a, b;

	config_init(&a);
	assert_int_equal(config_set(&a, "listen", "[::1]:1,1.2.3.4:5", NULL), ERR_OK);
	assert_int_equal(config_set(&a, "data_dir", "/a # b", NULL), ERR_OK);
	assert_int_equal(config_set(&a, "log_level", "debug", NULL), ERR_OK);
	assert_int_equal(config_set(&a, "max_jobs", "99", NULL), ERR_OK);
	assert_int_equal(config_set(&a, "nothing", "99", NULL), ERR_NOT_FOUND);
	config_dump(&a, &one);
	config_init(&b);
	assert_int_equal(config_parse(&b, "f", one.data, &errors), 0);
	config_dump(&b, &two);
	assert_string_equal(one.data, two.data);
	strbuf_release(&one);
	strbuf_release(&two);
	config_release(&a);
	config_release(&b);
}

/* The packaged file shows every setting with its default: taking the # away changes nothing. */
static void packaged_file_shows_the_defaults(void **state)
{
	struct strbuf file = STRBUF_INIT, text = STRBUF_INIT, errors = STRBUF_INIT;
	struct strbuf want = STRBUF_INIT, got = STRBUF_INIT;
	struct config c;
	size_t settings = 0, expected = 0;

	assert_int_equal(fs_read(PACKAGING_DIR "/pgtandemd.conf", 1 << 20, &file, NULL), ERR_OK);
	for (const char *s = file.data; s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL) {
		bool setting = s[0] == '#' && s[1] != ' ';

		settings += setting;
		strbuf_addf(&text, "%.*s\n", (int)strcspn(s + setting, "\n"), s + setting);
	}
	config_init(&c);
	config_dump(&c, &want);
	for (const char *s = want.data; (s = strstr(s, " = ")); s++)
		expected++;
	assert_int_equal(settings, expected);
	assert_int_equal(config_parse(&c, "f", text.data, &errors), 0);
	config_dump(&c, &got);
	assert_string_equal(want.data, got.data);
	config_release(&c);
	strbuf_release(&file);
	strbuf_release(&text);
	strbuf_release(&want);
	strbuf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults_without_a_file),
		cmocka_unit_test(reads_every_form_of_value),
		cmocka_unit_test(names_each_mistake),
		cmocka_unit_test(refuses_numbers_out_of_range),
		cmocka_unit_test(reports_all_mistakes_together),
		cmocka_unit_test(survives_a_very_long_line),
		cmocka_unit_test(reads_back_what_it_wrote),
		cmocka_unit_test(packaged_file_shows_the_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
