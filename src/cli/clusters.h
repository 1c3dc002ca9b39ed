/* Fetching clusters with their hosts, as clusters, nodes and replication links are shown. */
#pragma once

#include "cli/cli.h"

/* All clusters, or the one of --cluster-id or --cluster-name: an array, caller frees.  With
 * --print-json the reply is printed and the array is empty.  WITH_SHEET: with measurements. */
enum err_code clusters_get(struct cli *c, bool with_sheet, struct json **out, struct err *e);
/* Is NAME among the plain words, or are there none? */
bool clusters_wanted(const struct cli *c, const char *name);
/* Cluster and host states in their colours. */
enum tint clusters_state_tint(const char *state);
enum tint clusters_host_tint(const char *hoststatus);
/* "Online" of "CmonHostOnline". */
const char *clusters_host_status(const struct json *host);
/* "HOST:PORT" */
const char *clusters_place(const char *host, int64_t port, char *buf, size_t size);
/* "Total: N", unless in batch mode. */
void clusters_total(const struct cli *c, size_t count, const char *what, struct strbuf *out);
