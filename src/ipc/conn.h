/* Inside of a connection, for the files of this folder only. */
#pragma once

#include "base/strbuf.h"
#include "ipc/ipc.h"

#define IPC_READ_CHUNK 16384
#define IPC_INBOX_MAX  256 /* calls kept while a blocking call waits for its answer */

struct ipc_pending {
	int64_t id;
	ipc_answer_fn fn; /* NULL: forgotten */
	void *ctx;
};

struct ipc_conn {
	int fd;
	int64_t next_id;
	struct strbuf in, out;
	size_t in_pos, out_pos; /* bytes already used at the front */
	struct ipc_pending *pending;
	size_t pending_len, pending_cap;
	struct json **inbox; /* blocking use: frames that came before they were asked for */
	size_t inbox_first, inbox_len;
};

/* Frame a JSON value (stolen) and put it behind what waits. */
enum err_code ipc_queue(struct ipc_conn *c, struct json *frame, struct err *e);
/* Build the envelopes. */
struct json *ipc_envelope_call(int64_t id, const char *call, struct json *args);
/* Code, sentence and hint of an answer into FAILURE. */
void ipc_answer_status(const struct json *frame, struct err *failure);
/* Answer every waiting request with ERR_UNREACHABLE. */
void ipc_fail_pending(struct ipc_conn *c);
