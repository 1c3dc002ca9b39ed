/* The local administrator's door: a socket that only root and our own user may use, with the same
 * JSON frames as between our processes.  Calls: "user.create" (args as from the api, without who)
 * and "status". */
#pragma once

#include "base/json.h"
#include "job/engine.h"

struct control;
struct event_base;

/* Serve on the listening socket FD (owned).  STATUS gives what "status" answers; the caller of it
 * frees the result. */
struct control *control_new(struct event_base *base, int fd, struct job_engine *jobs,
                            struct json *(*status)(void *ctx), void *ctx);
void control_free(struct control **c);
