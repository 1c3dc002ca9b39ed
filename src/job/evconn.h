/* An IPC connection on an event loop: reads when there is something, writes what could not be
 * written at once. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "ipc/ipc.h"

struct event_base;
struct evconn;

struct evconn_ops {
	/* A call or a note; must not free the connection. */
	void (*message)(void *ctx, struct evconn *c, const struct ipc_msg *m);
	/* The connection has ended or sent garbage (WHY); may free it. */
	void (*ended)(void *ctx, struct evconn *c, const struct err *why);
};

/* FD and OPS: owned and borrowed. */
struct evconn *evconn_new(struct event_base *base, int fd, const struct evconn_ops *ops, void *ctx);
/* Closes; requests still waiting are failed first. */
void evconn_free(struct evconn **c);
/* Serve what has arrived, without calling ended(); the error that ends the connection. */
enum err_code evconn_drain(struct evconn *c, struct err *e);

/* As their ipc_ namesakes; what cannot be sent ends the connection soon. */
void evconn_note(struct evconn *c, const char *call, struct json *args);
void evconn_result(struct evconn *c, int64_t id, struct json *result);
void evconn_error(struct evconn *c, int64_t id, const struct err *failure);
enum err_code evconn_request(struct evconn *c, const char *call, struct json *args,
                             ipc_answer_fn fn, void *ctx, struct err *e);
void evconn_forget(struct evconn *c, const void *ctx);
/* The socket, for asking who is at the other end. */
int evconn_fd(const struct evconn *c);
