/* Fields of nodes. */
#pragma once

#include "base/json.h"
#include "base/strbuf.h"

/* "poM-": type, state, role and maintenance of a host. */
void node_flags(const struct json *host, char out[5]);
/* The message, with its final period replaced by the access mode. */
void node_comment(const struct json *host, struct strbuf *out);
/* "11.22" of "11.22 (Debian 11.22-1)". */
void node_version(const struct json *host, struct strbuf *out);
/* "debian 12 bookworm" */
void node_os(const struct json *host, struct strbuf *out);
/* "1 day 02:03:04" */
void node_uptime(int64_t seconds, struct strbuf *out);
/* An array of texts, or one text, joined by "; ". */
void node_join(const struct json *list, struct strbuf *out);
