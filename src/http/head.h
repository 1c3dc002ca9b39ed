/* The one header line of the public clients that the HTTP library refuses. */
#pragma once

#include <stdbool.h>

struct evbuffer;

/* IN starts at the beginning of a header line.  Each complete line "Transfer-Encoding: identity"
 * (it means: not encoded, and s9s sends it with every request) gets a name that means nothing;
 * libevent 2.1.12-8+deb12u1 answers 400 to any value but "chunked".  Nothing else is touched, no
 * byte is added or removed.  True when the empty line at the end of the head is there. */
bool head_hide_identity(struct evbuffer *in);
