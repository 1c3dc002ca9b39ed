/* Requests made of options by their targets. */
#pragma once

#include "cli/cli.h"

#define PATH_JOBS     "/v2/jobs/"
#define PATH_CLUSTERS "/v2/clusters/"

/* {"operation": OPERATION, "class_name": ...}; caller frees. */
struct json *request_new(const char *operation);
/* Put VALUE (stolen) at "a.b.c", making the objects on the way. */
void request_set(struct json *root, const char *path, struct json *value);
/* Put every given option of the command at its targets. */
void request_fill(struct json *root, const struct cli_args *a);
/* The createJobInstance request of the command; caller frees. */
enum err_code request_job(const struct cli_args *a, struct json **out, struct err *e);
/* The command's own operation with its fixed members and options; caller frees. */
enum err_code request_plain(const struct cli_args *a, struct json **out, struct err *e);
