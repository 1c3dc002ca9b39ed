/* JSON frames between our own processes: api <-> engine <-> runner, over a stream socketpair.
 * A frame is 4 bytes of length (big endian) and one JSON object; doc/architecture.md has the
 * calls.  One connection is used either evented (nothing here blocks; the caller has the event
 * loop) or blocking (the runner).  Everything sent and received has a declared ceiling. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

#define IPC_FRAME_MAX   (4u << 20)  /* bytes of one frame's JSON */
#define IPC_QUEUE_MAX   (16u << 20) /* bytes waiting to be written */
#define IPC_PENDING_MAX 1024        /* requests waiting for their answers */

struct ipc_conn;

/* A frame as received. */
struct ipc_msg {
	struct json *frame; /* owned; NULL: there is none */
	int64_t id;         /* 0: a note */
	const char *call;   /* name of a call or note; NULL: an answer */
	struct json *args;  /* borrowed from FRAME; NULL when there are none */
};

/* Make a connected pair of close-on-exec sockets. */
enum err_code ipc_pair(int fds[2], struct err *e);
/* A connection over FD, which it owns from now on. */
struct ipc_conn *ipc_new(int fd);
/* Close and free; requests still waiting are failed first (ERR_UNREACHABLE). */
void ipc_free(struct ipc_conn **c);
int ipc_fd(const struct ipc_conn *c);
void ipc_msg_release(struct ipc_msg *m);

/* ---- evented use: nothing blocks ---- */

/* Take what the socket has.  ERR_IO at the end of the stream, ERR_PARSE or ERR_LIMIT for what is
 * no frame; the connection is then of no more use. */
enum err_code ipc_read(struct ipc_conn *c, struct err *e);
/* The next complete frame into M (release it); m->frame is NULL when there is none yet. */
enum err_code ipc_next(struct ipc_conn *c, struct ipc_msg *m, struct err *e);
/* Is something queued that the socket has not taken? */
bool ipc_wants_write(const struct ipc_conn *c);
/* Write as much of the queue as the socket takes. */
enum err_code ipc_write(struct ipc_conn *c, struct err *e);

/* Queue and try to write; ERR_LIMIT when frame or queue would pass its ceiling.
 * ARGS and RESULT (both may be NULL) are stolen also on failure. */
enum err_code ipc_post_note(struct ipc_conn *c, const char *call, struct json *args, struct err *e);
enum err_code ipc_post_result(struct ipc_conn *c, int64_t id, struct json *result, struct err *e);
/* Answer with FAILURE's code, sentence and hint. */
enum err_code ipc_post_error(struct ipc_conn *c, int64_t id, const struct err *failure,
                             struct json *result, struct err *e);

/* Called once with the answer: FAILURE->code is ERR_OK or what went wrong; RESULT is borrowed
 * and may be NULL. */
typedef void (*ipc_answer_fn)(void *ctx, const struct err *failure, const struct json *result);
/* Queue a call; FN gets the answer out of ipc_serve() or ipc_free().  Not called on failure. */
enum err_code ipc_request(struct ipc_conn *c, const char *call, struct json *args, ipc_answer_fn fn,
                          void *ctx, struct err *e);
/* The requests of CTX have nobody waiting any more: their answers are dropped. */
void ipc_forget(struct ipc_conn *c, const void *ctx);

/* Called with each call and note. */
typedef void (*ipc_handler_fn)(void *ctx, struct ipc_conn *c, const struct ipc_msg *m);
/* ipc_read(), then answers to their requests and everything else to FN; an error when the
 * connection has ended.  FN must not free the connection. */
enum err_code ipc_serve(struct ipc_conn *c, ipc_handler_fn fn, void *ctx, struct err *e);

/* ---- blocking use; signals do not disturb it ---- */

/* Send CALL with ARGS (stolen, may be NULL), wait for its answer.  *RESULT (may be NULL) is the
 * caller's reference; it may become NULL.  Fails with the answer's code and sentence. */
enum err_code ipc_call(struct ipc_conn *c, const char *call, struct json *args,
                       struct json **result, struct err *e);
/* Send a note; ARGS stolen. */
enum err_code ipc_note(struct ipc_conn *c, const char *call, struct json *args, struct err *e);
/* Wait for the next call or note (also those that came in during an ipc_call()) at most
 * TIMEOUT_MS (-1: for ever), else ERR_TIMEOUT. */
enum err_code ipc_recv(struct ipc_conn *c, struct ipc_msg *m, int64_t timeout_ms, struct err *e);

/* ---- inner, shared with tests ---- */

/* One frame's bytes for JSON value J, appended to nothing: the caller frees *OUT. */
enum err_code ipc_frame_bytes(const struct json *j, char **out, size_t *len, struct err *e);
