#include "http/head.h"

#include <string.h>

#include <event2/buffer.h>

#include "../test.h"
#include "base/macros.h"

static const struct {
	const char *in, *out; /* OUT NULL: nothing changes */
	bool complete;
} rows[] = {
	{ "POST / HTTP/1.0\r\nTransfer-Encoding: identity\r\n\r\n{}",
	  "POST / HTTP/1.0\r\nXransfer-Encoding: identity\r\n\r\n{}", true },
	{ "transfer-encoding:identity\r\n\r\n", "Xransfer-encoding:identity\r\n\r\n", true },
	{ "Transfer-Encoding: \tIDENTITY \r\n", "Xransfer-Encoding: \tIDENTITY \r\n", false },
	{ "Transfer-Encoding: identity\n\n", "Xransfer-Encoding: identity\n\n", true },
	{ "Transfer-Encoding: identity", NULL, false }, /* not complete: more may follow */
	{ "Transfer-Encoding: chunked\r\n\r\n", NULL, true },
	{ "Transfer-Encoding: identity, chunked\r\n\r\n", NULL, true },
	{ "Transfer-Encoding: identityx\r\n\r\n", NULL, true },
	{ "X-Transfer-Encoding: identity\r\n\r\n", NULL, true },
	{ "Transfer-Encoding : identity\r\n\r\n", NULL, true },
	{ "A: b\r\n\r\nTransfer-Encoding: identity\r\n", NULL, true }, /* the body */
	{ "", NULL, false },
};

static void renames_identity_and_nothing_else(UNUSED_STATE)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *want = rows[i].out ? rows[i].out : rows[i].in;
		struct evbuffer *b = evbuffer_new();
		char got[256] = "";

		evbuffer_add(b, rows[i].in, strlen(rows[i].in));
		assert_int_equal(head_hide_identity(b), rows[i].complete);
		evbuffer_copyout(b, got, sizeof(got) - 1);
		assert_string_equal(got, want);
		evbuffer_free(b);
	}
}

/* As TLS records cut it: the line stays in the buffer until it is complete. */
static void finds_a_line_that_comes_in_pieces(UNUSED_STATE)
{
	const char *text = rows[0].in;
	struct evbuffer *b = evbuffer_new();
	bool complete = false;
	char got[256] = "";

	for (; *text && !complete; text++) {
		evbuffer_add(b, text, 1);
		complete = head_hide_identity(b);
	}
	assert_true(complete);
	evbuffer_copyout(b, got, sizeof(got) - 1);
	assert_int_equal(strncmp(got, rows[0].out, strlen(got)), 0);
	evbuffer_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renames_identity_and_nothing_else),
		cmocka_unit_test(finds_a_line_that_comes_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
