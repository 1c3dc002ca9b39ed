/* Bytes from another process, in two pieces of any length. */
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "fuzz.h"
#include "ipc/ipc.h"

static void on_message(void *ctx, struct ipc_conn *c, const struct ipc_msg *m)
{
	FUZZ_CHECK(m->frame && m->call && m->id >= 0);
	(void)strlen(m->call);
	(void)ipc_post_result(c, m->id, m->args ? json_ref(m->args) : NULL, NULL);
}

static void on_answer(void *ctx, const struct err *failure, const struct json *result)
{
	FUZZ_CHECK(failure->code == ERR_OK || failure->text[0]);
	++*(int *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t first = len > 0 ? data[0] % len : 0;
	struct ipc_conn *c;
	int fds[2], answers = 0;
	enum err_code rc;

	if (len > 65536 || ipc_pair(fds, NULL) != ERR_OK)
		return 0;
	c = ipc_new(fds[0]);
	FUZZ_CHECK(ipc_request(c, "x", NULL, on_answer, &answers, NULL) == ERR_OK);
	FUZZ_CHECK(first == 0 || fd_write_all(fds[1], data, first));
	rc = ipc_serve(c, on_message, NULL, NULL);
	if (rc == ERR_OK) {
		FUZZ_CHECK(len == first || fd_write_all(fds[1], data + first, len - first));
		for (int i = 0; rc == ERR_OK && i < 16; i++)
			rc = ipc_serve(c, on_message, NULL, NULL);
	}
	ipc_free(&c);
	FUZZ_CHECK(answers == 1);
	close(fds[1]);
	return 0;
}
