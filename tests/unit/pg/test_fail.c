#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "pg/fail.h"

#define TO "connection to server at \"10.0.0.1\", port 5432 failed: "

static void tells_failures_apart(void **state)
{
	static const struct {
		const char *text, *sqlstate, *sentence;
		enum pg_fail fail;
	} rows[] = {
		{ TO "FATAL:  28P01: password authentication failed for user \"x\"\n"
		     "LOCATION:  auth_failed, auth.c:335\n",
		  "28P01", "password authentication failed for user \"x\"", PG_FAIL_AUTH },
		{ TO "FATAL:  28000: no pg_hba.conf entry for host \"1.2.3.4\", SSL encryption\n"
		     "LOCATION:  x, y.c:1\n" TO
		     "FATAL:  28000: no pg_hba.conf entry for host \"1.2.3.4\", no encryption\n"
		     "LOCATION:  x, y.c:1\n",
		  "28000", "no pg_hba.conf entry for host \"1.2.3.4\", no encryption",
		  PG_FAIL_NO_HBA },
		{ TO "FATAL:  28000: role \"x\" is not permitted to log in\nLOCATION:  x, y.c:1\n",
		  "28000", "role \"x\" is not permitted to log in", PG_FAIL_AUTH },
		{ TO "FATAL:  57P03: das Datenbanksystem startet\nLOCATION:  x, y.c:1\n", "57P03",
		  "das Datenbanksystem startet", PG_FAIL_STARTING },
		{ TO "FATAL:  53300: sorry, too many clients already\nLOCATION:  x, y.c:1\n",
		  "53300", "sorry, too many clients already", PG_FAIL_FULL },
		{ TO "Connection refused\n\tIs the server running on that host and accepting "
		     "TCP/IP connections?\n",
		  "", "Connection refused", PG_FAIL_REFUSED },
		{ TO "No route to host\n\tIs the server running?\n", "", "No route to host",
		  PG_FAIL_ROUTE },
		{ TO "Connection timed out\n", "", "Connection timed out", PG_FAIL_TIMEOUT },
		{ "could not translate host name \"x\" to address: Name or service not known\n", "",
		  "could not translate host name \"x\" to address: Name or service not known",
		  PG_FAIL_UNRESOLVED },
		{ TO "server does not support SSL, but SSL was required\n", "",
		  "server does not support SSL, but SSL was required", PG_FAIL_TLS },
		{ "server closed the connection unexpectedly\n\tThis probably means...\n", "",
		  "server closed the connection unexpectedly", PG_FAIL_CLOSED },
		{ "FATAL:  57P01: terminating connection due to administrator command\n", "57P01",
		  "terminating connection due to administrator command", PG_FAIL_CLOSED },
		{ TO "FATAL:  3D000: database \"x\" does not exist\n", "3D000",
		  "database \"x\" does not exist", PG_FAIL_OTHER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char sqlstate[PG_SQLSTATE_SIZE], sentence[256];

		pg_fail_sqlstate(rows[i].text, sqlstate);
		assert_string_equal(sqlstate, rows[i].sqlstate);
		pg_fail_sentence(rows[i].text, sentence, sizeof(sentence));
		assert_string_equal(sentence, rows[i].sentence);
		assert_string_equal(pg_fail_name(pg_fail_of(sqlstate, rows[i].text)),
		                    pg_fail_name(rows[i].fail));
	}
}

static void every_failure_has_name_text_and_code(void **state)
{
	for (int f = PG_FAIL_NONE; f <= PG_FAIL_OTHER; f++) {
		assert_non_null(pg_fail_name((enum pg_fail)f));
		assert_non_null(pg_fail_text((enum pg_fail)f));
		assert_int_equal(pg_fail_code((enum pg_fail)f) == ERR_OK, f == PG_FAIL_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_failures_apart),
		cmocka_unit_test(every_failure_has_name_text_and_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
