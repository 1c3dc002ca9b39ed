/* The hosts of a job and their ssh connections. */
#pragma once

#include "plan/run.h"

/* Remember a host: how to reach it (ssh_*) and, later, its instance.  Returns its row of
 * context.hosts (borrowed).  NAME is what the user called it. */
struct json *hosts_add(struct run *r, const char *name, const struct ssh_target *target);
struct json *hosts_row(const struct run *r, const char *name);
/* Connect to every host that is not connected yet, side by side. */
enum err_code hosts_open(struct run *r, struct err *e);
/* The host's connection, made when it was not there; NULL for a host nobody added. */
struct ssh *hosts_ssh(struct run *r, const char *name);
void hosts_close(struct run *r);

/* Fill SCRIPT and FAMILY-independent parts of a call to HOST. */
void hosts_call(struct run *r, struct script_call *call, const char *host, const char *script);
