/* Synchronous connections against a real server; run.py starts it and says where it is. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "pg/conn.h"
#include "pg/sqltext.h"

static int port_of(const char *variable)
{
	int64_t port = 0;
	struct err e = { 0 };

	if (str_to_i64(getenv(variable), 1, 65535, &port, &e) != ERR_OK)
		fail_msg("%s: %s", variable, e.text);
	return (int)port;
}

static struct conninfo target(void)
{
	return (struct conninfo){ .host = "127.0.0.1",
		                  .port = port_of("TEST_PORT"),
		                  .user = "boss",
		                  .password = getenv("TEST_PASSWORD") };
}

static struct pg *must_connect(const struct conninfo *c, const struct pg_options *o)
{
	struct pg *pg = NULL;
	struct err e = { 0 };

	if (pg_connect(c, o, &pg, NULL, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return pg;
}

static void check_refusal(struct conninfo c, enum pg_fail want, enum err_code code)
{
	const struct pg_options o = { .connect_timeout_ms = 1500 };
	enum pg_fail why = PG_FAIL_NONE;
	struct pg *pg = NULL;
	struct err e = { 0 };

	assert_int_equal(pg_connect(&c, &o, &pg, &why, &e), code);
	assert_null(pg);
	assert_string_equal(pg_fail_name(why), pg_fail_name(want));
	assert_non_null(strstr(e.text, c.host));
	assert_null(strstr(e.text, "secret"));
}

static void says_why_it_cannot_connect(void **state)
{
	struct conninfo c = target();

	c.password = "wrong secret";
	check_refusal(c, PG_FAIL_AUTH, ERR_DENIED);
	c = target();
	c.user = "nobody there";
	check_refusal(c, PG_FAIL_AUTH, ERR_DENIED);
	c = target();
	c.user = "outcast";
	check_refusal(c, PG_FAIL_NO_HBA, ERR_DENIED);
	c = target();
	c.port = 1;
	check_refusal(c, PG_FAIL_REFUSED, ERR_UNREACHABLE);
	c = target();
	c.host = "no.such.host.invalid";
	check_refusal(c, PG_FAIL_UNRESOLVED, ERR_UNREACHABLE);
	c = target();
	c.dbname = "missing";
	check_refusal(c, PG_FAIL_OTHER, ERR_SQL);
	c = target();
	c.sslmode = "verify-full";
	c.sslrootcert = "/nonexistent";
	check_refusal(c, PG_FAIL_TLS, ERR_UNREACHABLE);
}

static void gives_up_on_a_silent_server(void **state)
{
	struct conninfo c = target();
	int64_t begin = clock_mono_ms();

	c.port = port_of("TEST_SILENT_PORT");
	check_refusal(c, PG_FAIL_TIMEOUT, ERR_TIMEOUT);
	assert_in_range(clock_mono_ms() - begin, 1400, 10000);
}

static void values_travel_beside_the_statement(void **state)
{
	static const char evil[] = "x'; DROP TABLE t; -- \\ \" \xc3\xbc";
	struct conninfo c = target();
	struct pg *pg = must_connect(&c, NULL);
	struct pg_result *r = NULL;
	struct err e = { 0 };

	assert_int_equal(pg_query_row(pg,
	                              "SELECT $1::text AS a, $2::text IS NULL AS b, 7::int8 AS c, "
	                              "'1/2'::pg_lsn AS d",
	                              PARAMS(evil, NULL), &r, &e),
	                 ERR_OK);
	assert_string_equal(pg_result_str(r, 0, pg_result_column(r, "a")), evil);
	assert_true(pg_result_bool(r, 0, 1, false));
	assert_int_equal(pg_result_i64(r, 0, 2, -1), 7);
	assert_int_equal(pg_result_lsn(r, 0, 3), 0x100000002);
	assert_int_equal(pg_result_column(r, "z"), -1);
	assert_true(pg_result_is_null(r, 1, 0));
	pg_result_free(&r);
	pg_free(&pg);
}

static void wants_one_row_where_one_is_expected(void **state)
{
	struct conninfo c = target();
	struct pg *pg = must_connect(&c, NULL);
	struct pg_result *r = NULL;
	struct err e = { 0 };

	assert_int_equal(pg_query_row(pg, "SELECT 1 WHERE false", NO_PARAMS, &r, &e),
	                 ERR_NOT_FOUND);
	assert_int_equal(pg_query_row(pg, "SELECT generate_series(1, 2)", NO_PARAMS, &r, &e),
	                 ERR_SQL);
	assert_null(r);
	pg_free(&pg);
}

static void every_connection_has_a_fixed_search_path(void **state)
{
	struct conninfo c = target();
	struct pg *pg = must_connect(&c, NULL);
	struct pg_result *r = NULL;
	struct err e = { 0 };

	assert_int_equal(pg_query_row(pg, "SHOW search_path", NO_PARAMS, &r, &e), ERR_OK);
	assert_string_equal(pg_result_str(r, 0, 0), "pg_catalog");
	assert_in_range(pg_server_version(pg), 130000, 990000);
	assert_true(pg_uses_tls(pg));
	pg_result_free(&r);
	pg_free(&pg);
}

static void an_error_has_its_sqlstate_and_not_the_statement(void **state)
{
	struct conninfo c = target();
	struct pg *pg = must_connect(&c, NULL);
	struct err e = { 0 };

	assert_int_equal(pg_exec(pg, "ALTER ROLE missing PASSWORD 'secret'", NO_PARAMS, &e),
	                 ERR_SQL);
	assert_string_equal(pg_last_sqlstate(pg), "42704");
	assert_null(strstr(e.text, "secret"));
	assert_int_equal(pg_exec(pg, "SELECT 'secret' FROM WHERE", NO_PARAMS, &e), ERR_SQL);
	assert_string_equal(pg_last_sqlstate(pg), "42601");
	assert_null(strstr(e.text, "secret"));
	/* and the connection still works */
	assert_int_equal(pg_exec(pg, "SELECT 1", NO_PARAMS, &e), ERR_OK);
	pg_free(&pg);
}

static void statements_have_a_limit(void **state)
{
	const struct pg_options o = { .statement_timeout_ms = 300, .read_only = true };
	struct conninfo c = target();
	struct pg *pg = must_connect(&c, &o);
	struct err e = { 0 };

	assert_int_equal(pg_exec(pg, "SELECT pg_sleep(20)", NO_PARAMS, &e), ERR_SQL);
	assert_string_equal(pg_last_sqlstate(pg), "57014");
	assert_int_equal(pg_exec(pg, "CREATE TABLE x ()", NO_PARAMS, &e), ERR_SQL);
	assert_string_equal(pg_last_sqlstate(pg), "25006");
	pg_free(&pg);
}

static volatile sig_atomic_t cancelled;

static void on_alarm(int sig)
{
	cancelled = 1;
}

static void a_raised_flag_ends_a_statement_on_both_sides(void **state)
{
	const struct pg_options o = { .cancel = &cancelled };
	const struct sigaction action = { .sa_handler = on_alarm };
	struct conninfo c = target();
	struct pg *pg = must_connect(&c, &o), *other = must_connect(&c, NULL);
	struct pg_result *r = NULL;
	struct err e = { 0 };

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	(void)alarm(1);
	assert_int_equal(pg_exec(pg, "SELECT pg_sleep(20)", NO_PARAMS, &e), ERR_CANCELLED);
	pg_free(&pg);
	clock_sleep_ms(300);
	assert_int_equal(pg_query_row(other,
	                              "SELECT count(*) FROM pg_stat_activity "
	                              "WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'",
	                              NO_PARAMS, &r, &e),
	                 ERR_OK);
	assert_int_equal(pg_result_i64(r, 0, 0, -1), 0);
	pg_result_free(&r);
	pg_free(&other);
}

static void a_server_that_goes_away_is_noticed(void **state)
{
	struct conninfo c = target();
	struct pg *pg = must_connect(&c, NULL);
	struct err e = { 0 };

	assert_int_not_equal(
	        pg_exec(pg, "SELECT pg_terminate_backend(pg_backend_pid())", NO_PARAMS, &e),
	        ERR_OK);
	assert_int_equal(pg_last_fail(pg), PG_FAIL_CLOSED);
	assert_int_equal(pg_exec(pg, "SELECT 1", NO_PARAMS, &e), ERR_UNREACHABLE);
	pg_free(&pg);
}

static void a_verifier_made_here_logs_in(void **state)
{
	static const char password[] = "p'\\ \xc3\xbc \"x\"";
	struct conninfo c = target();
	struct pg *pg = must_connect(&c, NULL), *as = NULL;
	struct strbuf sql = STRBUF_INIT;
	struct err e = { 0 };
	char *verifier = NULL;

	assert_int_equal(pg_scram_verifier(pg, "it's \"me\"", password, &verifier, &e), ERR_OK);
	assert_null(strstr(verifier, password));
	strbuf_adds(&sql, "CREATE ROLE ");
	sql_ident(&sql, "it's \"me\"");
	strbuf_adds(&sql, " LOGIN PASSWORD ");
	sql_literal(&sql, verifier);
	if (pg_exec(pg, strbuf_cstr(&sql), NO_PARAMS, &e) != ERR_OK)
		fail_msg("%s", e.text);
	c.user = "it's \"me\"";
	c.password = password;
	as = must_connect(&c, NULL);
	pg_free(&as);
	pg_free(&pg);
	strbuf_release(&sql);
	free_secret(&verifier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_why_it_cannot_connect),
		cmocka_unit_test(gives_up_on_a_silent_server),
		cmocka_unit_test(values_travel_beside_the_statement),
		cmocka_unit_test(wants_one_row_where_one_is_expected),
		cmocka_unit_test(every_connection_has_a_fixed_search_path),
		cmocka_unit_test(an_error_has_its_sqlstate_and_not_the_statement),
		cmocka_unit_test(statements_have_a_limit),
		cmocka_unit_test(a_raised_flag_ends_a_statement_on_both_sides),
		cmocka_unit_test(a_server_that_goes_away_is_noticed),
		cmocka_unit_test(a_verifier_made_here_logs_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
