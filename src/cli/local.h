/* The controller's own door on its machine, for its first user. */
#pragma once

#include "base/err.h"
#include "base/json.h"

#define LOCAL_SOCKET_DEFAULT "/run/pgtandem/control.sock"

/* One call over the control socket; ARGS stolen; *RESULT (may become NULL) is the caller's. */
enum err_code local_call(const char *path, const char *call, struct json *args,
                         struct json **result, struct err *e);
