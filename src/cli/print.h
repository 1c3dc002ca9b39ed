/* Sheets of single objects, and answers in one line. */
#pragma once

#include "cli/cli.h"

void print_cluster_sheet(const struct screen *s, const struct json *cluster, struct strbuf *out);
void print_node_sheet(const struct screen *s, const struct json *cluster, const struct json *host,
                      struct strbuf *out);
/* Jobs of an array, the last one first. */
void print_job_sheets(const struct screen *s, const struct json *jobs, struct strbuf *out);
/* The controller's messages, or DONE when it has none; nothing in batch or JSON mode. */
void print_done(const struct cli *c, const struct json *reply, const char *done);
/* "rwxrwx---" of "user::rwx,group::rwx,other::---". */
void print_acl(const char *acl, struct strbuf *out);
