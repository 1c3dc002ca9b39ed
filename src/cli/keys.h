/* Key pairs of users: ~/.pgtandem/USER.key and USER.pub. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"

/* A user name that may become the name of a file. */
bool key_name_is_safe(const char *user);
/* The public key of USER into PEM: the one on disk, a new one when there is none and GENERATE;
 * PEM stays empty otherwise. */
enum err_code key_for(const char *home, const char *user, bool generate, struct strbuf *pem,
                      struct err *e);
