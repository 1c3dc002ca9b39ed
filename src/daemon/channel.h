/* Supervisor <-> child: small JSON messages that can carry descriptors, over a SEQPACKET pair.
 * supervisor -> child:  {"what": "boot", "config": "ini text", "fds": ["listen", "peer"]}
 *                       {"what": "peer", "fds": ["peer"]}    the other child has been restarted
 * child -> supervisor:  {"what": "ready"} */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/json.h"

#define CHANNEL_FDS_MAX  24
#define CHANNEL_TEXT_MAX 65536
#define CHANNEL_CHILD_FD 3 /* where a child finds its end */

struct channel_msg {
	struct json *body;        /* owned */
	int fds[CHANNEL_FDS_MAX]; /* owned until taken; in the order of body.fds */
	size_t fds_len;
};

enum err_code channel_pair(int fds[2], struct err *e);
/* Send WHAT with BODY (stolen; NULL: nothing else) and the named descriptors, which stay ours. */
enum err_code channel_send(int fd, const char *what, struct json *body, const char *const *names,
                           const int *fds, size_t fds_len, struct err *e);
/* Wait for one message; ERR_IO when the other end is closed. */
enum err_code channel_recv(int fd, struct channel_msg *m, struct err *e);
/* The next descriptor of that name, the caller's from now on; -1 when there is none. */
int channel_take_fd(struct channel_msg *m, const char *name);
/* Close what was not taken. */
void channel_msg_release(struct channel_msg *m);
